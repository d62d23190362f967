/* SPDX-License-Identifier: ISC */
/* send_answer: replies of -bs, by what became of a message. */
/*
 * A reply of the fives makes the client give the message up, with these words
 * for a person; one of the fours makes him try again. So what can be mended
 * here, as the configuration, is a four.
 */
#include "cmd/send_part.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { LINES_MAX = 32 * 1024 /* octets of the fate of recipients */ };

static void
answer(
    const struct send_job *j, int code, const char *enhanced, const char *text)
{
	struct send_reply *r = j->reply;

	r->code = code;
	snprintf(r->enhanced, sizeof(r->enhanced), "%s", enhanced);
	buf_reset(&r->text);
	buf_add_str(&r->text, text);
}

static bool
is_too_large(const struct message *m)
{
	return m->how.max_size > 0 && m->facts.size > m->how.max_size;
}

/* EX_NOPERM says that a sender may not, until a profile was found for him;
 * then it is about our files. EX_DATAERR is about addresses between the two. */
void
send_answer_error(const struct send_job *j, const struct err *e)
{
	bool chosen = j->admission.choice.profile != NULL;
	bool admitted = j->admission.profile != NULL;

	if (e->code == EX_NOPERM && !chosen)
		answer(j, 550, "5.7.1", e->text);
	else if (e->code == EX_NOUSER)
		answer(j, 550, "5.1.1", e->text);
	else if (e->code == EX_DATAERR && is_too_large(&j->request.message))
		answer(j, 552, "5.3.4", e->text);
	else if (e->code == EX_DATAERR && chosen && !admitted)
		answer(j, 553, "5.1.3", e->text);
	else if (e->code == EX_DATAERR)
		answer(j, 550, "5.6.0", e->text);
	else if (e->code == EX_CONFIG)
		answer(j, 451, "4.3.5", e->text);
	else if (e->code == EX_CANTCREAT || e->code == EX_IOERR ||
		 e->code == EX_TEMPFAIL)
		answer(j, 452, "4.3.1", e->text);
	else
		answer(j, 451, "4.3.0", e->text);
}

/* Some have it, and others not: a client who tries again sends it to all, so he
 * must not. */
static bool
is_partly_done(const struct tell *t)
{
	size_t i, n = t->envelope->n_rcpts, done = 0;

	for (i = 0; i < n; i++)
		done += t->result[i].kind == OUTCOME_DELIVERED;
	return done > 0 && done < n;
}

/* The code and status for exit code `exit`, the gravest of all outcomes. */
static void
choose_code(const struct tell *t, int exit, struct send_reply *r)
{
	const struct outcome *o = t->result;
	bool later =
	    exit == EX_TEMPFAIL || exit == EX_CONFIG || exit == EX_NOPERM;
	char class = later ? '4' : '5';

	while (outcome_exit_one(o) != exit)
		o++;
	r->code = later ? 451 : exit == EX_NOUSER ? 550 : 554;
	if (o->enhanced[0] == class)
		snprintf(r->enhanced, sizeof(r->enhanced), "%s", o->enhanced);
	else
		snprintf(r->enhanced, sizeof(r->enhanced), "%c.0.0", class);
}

void
send_answer_outcomes(const struct send_job *j, const struct tell *t)
{
	int exit = outcome_exit(t->result, t->envelope->n_rcpts);
	struct tell lines = *t;
	struct send_reply *r = j->reply;

	if (exit == EX_OK) {
		answer(j, 250, "2.0.0", "delivered as ");
		buf_add_str(&r->text, t->envelope->id);
		return;
	}
	answer(j, 554, "5.3.0", "");
	if (is_partly_done(t))
		buf_add_str(&r->text,
		    "some recipients have it, do not send it to these again\n");
	else
		choose_code(t, exit, r);
	lines.into = &r->text;
	r->text.max = LINES_MAX;
	tell_lines(&lines);
}
