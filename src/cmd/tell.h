/* SPDX-License-Identifier: ISC */
/*
 * tell: what became of a message, told to whoever sent it: lines on standard
 * error, what to do about each different reason, or one line of JSON. The same
 * words for a message that was just tried and for one in the queue.
 *
 * Must not know: how a message is sent or kept.
 */
#ifndef CMD_TELL_H
#define CMD_TELL_H

#include "cmd/cmd.h"
#include "core/profile.h"
#include "mail/envelope.h"
#include "mail/outcome.h"

#include <stdbool.h>
#include <stddef.h>

struct json;

/* Borrowed. */
struct tell {
	const struct cmd_call *call;
	const struct profile *profile; /* or NULL: it is not there any more */
	const struct envelope *envelope;
	const struct outcome *result;  /* one for each recipient */
	const char *server;	       /* "host:port", or "" */
	const struct outcome *trouble; /* of ways to authenticate */
	size_t n_trouble;
	struct buf *into; /* tell_lines() go here, or NULL: standard error */
};

/* "550 words (STAGE, server)", as it is shown everywhere. */
void tell_add_words(struct buf *b, const struct outcome *o, const char *server);

/*
 * On standard error, or into t->into, as far as its maximum allows, in whole
 * lines that end with LF: a line for each recipient, a line on each way to
 * authenticate if there were several, and once for each reason what to do.
 */
void tell_lines(const struct tell *t);

/* On standard error: what o means, and what to do about it. */
void tell_advice(
    const struct cmd_call *c, const struct outcome *o, const struct profile *p);

/* On standard error, if that is a terminal: what of p's account will end soon,
 * and what to do; one line. The same for each account of the set. */
void tell_ahead(const struct cmd_call *c, const struct profile *p);
void tell_all_ahead(const struct cmd_call *c, const struct profile_set *set);

/* "2026-11-24 17:05:00", by the local clock; ms since 1970. */
void tell_add_time(struct buf *b, int64_t ms);

/* Foreign text, line by line, on standard output: what is no text in it is
 * replaced, but for the line ends. */
void tell_print_text(const char *p, size_t n);

/* All of it as an object: "id", "from", "profile", "server", "recipients". */
struct json *tell_json(const struct tell *t);

/* Members "result" .. "remedy" of an outcome into j. */
void tell_set_outcome(
    struct json *j, const struct outcome *o, const struct profile *p);

/* Print j as one line on standard output and free it. */
void tell_print(struct json *j);

#endif
