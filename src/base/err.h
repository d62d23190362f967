/* SPDX-License-Identifier: ISC */
/*
 * err: a failure as a value. The caller owns a struct err; a function that
 * can fail takes it last, leaves it alone on success, and on failure returns
 * a sysexits code after writing that code and one line of text into it. The
 * text reads "what: object: reason", lower case, without a full stop. Foreign
 * words in it have gone through text_safe() (err_set() sees to that).
 *
 * Must not know: mail, files, logging.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <sysexits.h>

#define ERR_TEXT_MAX 1024

struct err {
	int code; /* 0 or a sysexits code */
	char text[ERR_TEXT_MAX];
};

#define ERR_NONE      \
	{             \
		0, "" \
	}

/*
 * Set code and text; control characters in the result become '?'. A text that
 * is too long ends in "...". Returns code, so that a failing function can say
 * "return err_set(e, EX_CONFIG, ...)". e may be NULL: then only code returns.
 */
int err_set(struct err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set(), with ": " and the words for errnum (errno.h) behind. */
int err_set_errno(struct err *e, int code, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Put "fmt: " before the text that is there. Returns e->code; EX_SOFTWARE if e
 * is NULL, so keep the code where e may be.
 */
int err_wrap(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* May the same act succeed later, unchanged (EX_TEMPFAIL)? */
#define err_is_soft(e) ((e)->code == EX_TEMPFAIL)

/*
 * A broken promise of our own code: says file and line on standard error and
 * aborts. The one place below cmd that writes there, since nothing can be
 * trusted any more.
 */
#define err_bug_if(cond)                                    \
	do {                                                \
		if (cond)                                   \
			err_bug(__FILE__, __LINE__, #cond); \
	} while (0)
void err_bug(const char *file, int line, const char *cond)
    __attribute__((noreturn));

#endif
