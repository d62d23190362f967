/* SPDX-License-Identifier: ISC */
/* smtp_link: how a session ends, writes and reads. */
#include "gate/smtp_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define UNASKED "the server sent a reply that nothing asked for"

void
smtp_set_state(struct smtp *s, enum smtp_state state)
{
	s->state = state;
}

int64_t
smtp_least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
smtp_give_time(struct smtp *s, int64_t ms)
{
	s->patience = ms;
	s->due = s->now + ms;
}

/* ---- endings */

void
smtp_fail(struct smtp *s, enum outcome_kind kind, enum outcome_class class,
    enum outcome_stage stage, int code, const char *text)
{
	size_t i;

	if (s->tx.v == NULL ||
	    (s->tx.verify && s->outcome.kind == OUTCOME_OPEN))
		outcome_set(&s->outcome, kind, class, stage, code, text);
	for (i = 0; s->tx.v != NULL && i < s->tx.n_rcpts; i++) {
		struct outcome *o = &s->tx.result[s->tx.rcpt_of[i]];

		if (o->kind == OUTCOME_OPEN)
			outcome_set(o, kind, class, stage, code, text);
	}
	s->tx.v = NULL;
	smtp_set_state(s, SMTP_ST_CLOSED);
}

enum outcome_stage
smtp_stage(const struct smtp *s)
{
	switch (s->state) {
	case SMTP_ST_AUTH:
		return OUTCOME_AT_AUTH;
	case SMTP_ST_BODY:
		return OUTCOME_AT_BODY;
	case SMTP_ST_FINAL:
		return OUTCOME_AT_FINAL;
	case SMTP_ST_ENVELOPE:
		if (s->tx.answered == 0)
			return OUTCOME_AT_MAIL;
		return s->tx.answered <= s->tx.n_rcpts ? OUTCOME_AT_RCPT
						       : OUTCOME_AT_DATA;
	default:
		return OUTCOME_AT_EHLO;
	}
}

/*
 * The link is no good any more, by a loss, a breach or a deadline. Before
 * MAIL's reply that is the account's trouble, behind it this message's; once
 * the final dot is out nobody knows.
 */
void
smtp_lose(struct smtp *s, const char *text, bool breach)
{
	enum outcome_stage stage = smtp_stage(s);

	if (stage == OUTCOME_AT_FINAL)
		smtp_fail(s, OUTCOME_UNCLEAR, OUTCOME_CLASS_T, stage, 0, text);
	else if (!breach && s->tx.v != NULL && stage > OUTCOME_AT_MAIL)
		smtp_fail(s, OUTCOME_LATER, OUTCOME_CLASS_T, stage, 0, text);
	else
		smtp_fail(s, OUTCOME_LATER, OUTCOME_CLASS_L, stage, 0, text);
}

static enum outcome_kind kind_of(enum outcome_class class)
{
	if (class == OUTCOME_CLASS_NONE)
		return OUTCOME_DELIVERED;
	return class == OUTCOME_CLASS_M ? OUTCOME_REFUSED : OUTCOME_LATER;
}

void
smtp_set_by_reply(struct smtp *s, struct outcome *o, enum outcome_stage stage)
{
	const char *text = smtp_reply_text(s);
	enum outcome_class class;
	char enhanced[12];

	outcome_enhanced(text, enhanced);
	class = outcome_class_of(stage, s->reply.code, enhanced);
	outcome_set(o, kind_of(class), class, stage, s->reply.code, text);
}

void
smtp_fail_by_reply(struct smtp *s, enum outcome_stage stage)
{
	struct outcome o;

	memset(&o, 0, sizeof(o));
	smtp_set_by_reply(s, &o, stage);
	smtp_fail(s, o.kind, o.class, stage, o.code, o.text);
}

const char *
smtp_reply_text(const struct smtp *s)
{
	return s->reply.text.len > 0 ? s->reply.text.data : "";
}

/* ---- writing and reading */

void
smtp_trace_line(struct smtp *s, bool sent, const char *line)
{
	if (s->trace != NULL)
		s->trace(s->trace_ctx, sent, line);
}

void
smtp_add_command(struct smtp *s, const char *line)
{
	smtp_trace_line(s, true, line);
	secret_add_str(&s->out, line);
	secret_add_str(&s->out, "\r\n");
}

bool
smtp_is_sent(const struct smtp *s)
{
	return s->out_at == secret_len(&s->out) && s->chunk_at == s->chunk_n;
}

/* Write p[*at..n) as far as it goes. False: not all of it went. */
static bool
push_octets(struct smtp *s, const char *p, size_t n, size_t *at)
{
	ssize_t put;

	while (*at < n) {
		put = wire_write(s->link, p + *at, n - *at);
		/* The server may have said why it breaks off: read on. */
		s->write_broken = put == WIRE_BROKEN;
		if (put < 0)
			return false;
		*at += (size_t)put;
		s->tx.pace_octets += (size_t)put;
		if (s->state == SMTP_ST_BODY)
			smtp_give_time(s, s->target->timeouts.data);
	}
	return true;
}

bool
smtp_push(struct smtp *s)
{
	if (s->write_broken)
		return true;
	if (push_octets(
		s, secret_reveal(&s->out), secret_len(&s->out), &s->out_at)) {
		secret_clear(&s->out);
		s->out_at = 0;
		push_octets(s, s->chunk, s->chunk_n, &s->chunk_at);
	}
	return s->write_broken || smtp_is_sent(s);
}

/*
 * Take the next reply. True if s->reply is whole. Else either there is more
 * to wait for, or the session has been lost, and its state tells.
 */
enum { HIDE_LEAST = 4 }; /* octets; shorter ones stand in any text */

void
smtp_hide(struct smtp *s, const char *p, size_t n)
{
	if (n >= HIDE_LEAST)
		secret_set(&s->hidden[s->n_hidden++ % SMTP_HIDDEN], p, n);
}

/* The reply goes to people and into logs: it may not repeat a secret. */
static void
keep_secrets(struct smtp *s)
{
	const struct buf *text = &s->reply.text;
	size_t i;

	for (i = 0; i < SMTP_HIDDEN && text->len > 0; i++) {
		const struct secret *h = &s->hidden[i];

		if (secret_len(h) == 0 ||
		    memmem(text->data, text->len, secret_reveal(h),
			secret_len(h)) == NULL)
			continue;
		buf_wipe(s->reply.text.data, s->reply.text.len);
		buf_reset(&s->reply.text);
		buf_add_str(&s->reply.text,
		    "(not shown: it repeats the password or token)");
		return;
	}
}

bool
smtp_pull(struct smtp *s)
{
	enum reply_state got;
	size_t used;
	ssize_t n;

	for (;;) {
		if (s->in_at == s->in_n) {
			n = wire_read(s->link, s->in, sizeof(s->in));
			if (n == WIRE_AGAIN)
				return false;
			if (n <= 0) {
				smtp_lose(s, "the server closed the connection",
				    false);
				return false;
			}
			s->in_at = 0;
			s->in_n = (size_t)n;
		}
		got = reply_take(
		    &s->reply, s->in + s->in_at, s->in_n - s->in_at, &used);
		s->in_at += used;
		if (got == REPLY_DONE)
			break;
		if (got == REPLY_BAD) {
			smtp_lose(
			    s, "what the server sent is no SMTP reply", true);
			return false;
		}
	}
	keep_secrets(s);
	if (s->trace != NULL) {
		char *line =
		    mem_printf("%d %s", s->reply.code, smtp_reply_text(s));
		smtp_trace_line(s, false, line);
		free(line);
	}
	return true;
}

/* Nothing may have come that was not asked for: true if so. */
bool
smtp_input_is_quiet(struct smtp *s)
{
	reply_reset(&s->reply);
	if (!smtp_pull(s)) {
		if (s->state != SMTP_ST_CLOSED && reply_has_begun(&s->reply))
			smtp_lose(s, UNASKED, true);
		return s->state != SMTP_ST_CLOSED;
	}
	if (s->reply.code == 421)
		smtp_fail_by_reply(s, smtp_stage(s));
	else
		smtp_lose(s, UNASKED, true);
	return false;
}
