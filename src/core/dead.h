/* SPDX-License-Identifier: ISC */
/*
 * dead: dead.letter, the place for a message that could not be taken. In the
 * home directory of the password database (never of the environment), mbox
 * form, 0600, never through a link.
 *
 * Must not know: why the message was not taken.
 */
#ifndef CORE_DEAD_H
#define CORE_DEAD_H

#include "base/err.h"
#include "base/stream.h"
#include "base/sys.h"

#include <stddef.h>

/* What to keep. */
struct dead_letter {
	const char *sender;	  /* for the separator line; "" is null */
	const char *const *rcpts; /* X-Undelivered-To: */
	size_t n_rcpts;
	struct stream_source *text; /* the message, CRLF or LF */
	uint64_t max;		    /* octets of it that are kept at most */
	int64_t now;		    /* sys_now() */
};

/*
 * Append it to dead.letter of u; *path is the file's name (freed by the
 * caller) on success. Other writers are waited for, 10 s. What could be written
 * of a message that does not fit is taken back. EX_CANTCREAT, EX_IOERR,
 * EX_TEMPFAIL for the lock, EX_DATAERR beyond max, or EX_NOINPUT if the text
 * could not be read.
 */
int dead_save(const struct sys_user *u, const struct dead_letter *d,
    char **path, struct err *e);

#endif
