/* SPDX-License-Identifier: ISC */
/*
 * err: a failure as a value.
 *
 * The text is composed aside and made safe as a whole, since any argument may
 * be foreign, and may be the text of the same err.
 */

#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/*
 * Long enough that what does not fit here does not fit into an err either:
 * making safe turns at most three octets (one character) into one.
 */
enum { ERR_RAW_MAX = 4 * ERR_TEXT_MAX };

/* Store the formatted text, with ": " and tail behind it unless NULL. */
static void __attribute__((format(printf, 3, 0)))
err_compose(struct err *e, const char *tail, const char *fmt, va_list ap)
{
	char head[ERR_RAW_MAX];
	struct buf raw, safe;
	int saved = errno;

	if (vsnprintf(head, sizeof(head), fmt, ap) < 0)
		head[0] = '\0';
	buf_init(&raw, 2 * ERR_RAW_MAX);
	buf_add_str(&raw, head);
	if (tail != NULL)
		buf_add_fmt(&raw, ": %s", tail);
	buf_init(&safe, ERR_TEXT_MAX - 1);
	text_add_safe(&safe, raw.data, raw.len, ERR_TEXT_MAX - 1);
	memcpy(e->text, safe.data, safe.len + 1);
	buf_clear(&safe);
	buf_clear(&raw);
	errno = saved;
}

int
err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return code;
	va_start(ap, fmt);
	err_compose(e, NULL, fmt, ap);
	va_end(ap);
	e->code = code;
	return code;
}

int
err_set_errno(struct err *e, int code, int errnum, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return code;
	va_start(ap, fmt);
	err_compose(e, strerror(errnum), fmt, ap);
	va_end(ap);
	e->code = code;
	return code;
}

int
err_wrap(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return EX_SOFTWARE;
	va_start(ap, fmt);
	err_compose(e, e->text, fmt, ap);
	va_end(ap);
	return e->code;
}

void
err_bug(const char *file, int line, const char *cond)
{
	fprintf(stderr, "osmtp: bug: %s:%d: %s\n", file, line, cond);
	abort();
}
