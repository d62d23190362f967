/* SPDX-License-Identifier: ISC */
/* smtp_send: one message: envelope, body, verdict; or its envelope alone. */
/*
 * The envelope is a list of commands, MAIL, RCPT.., DATA, of which `sent` went
 * into the buffer and `answered` have a reply. With PIPELINING sent runs
 * ahead; without it, it waits for each answer. Replies are matched by count.
 * Where an envelope is only verified there is no DATA, and RSET ends it.
 *
 * A recipient that the server accepted keeps kind OPEN until the final reply,
 * as do all that are not of this transaction: only rcpt_of counts.
 */
#include "gate/smtp_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum {
	PACE_MS = 5 * 60 * 1000, /* a body must move so much .. */
	PACE_OCTETS = 300 * 1024 /* .. in that time */
};

/* ---- the envelope */

/* RFC 3461 4.3, 4.4: only what was said. */
static void
add_wish(struct buf *b, const struct dsn_wish *w)
{
	if (w->ret != DSN_RET_UNSAID)
		buf_add_fmt(b, " RET=%s", dsn_ret_name(w->ret));
	if (w->envid != NULL)
		buf_add_fmt(b, " ENVID=%s", w->envid);
}

static void
add_mail(struct smtp *s)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_add_fmt(&b, "MAIL FROM:<%s>", s->tx.v->sender);
	if (s->offer.has_size && !s->tx.verify)
		buf_add_fmt(
		    &b, " SIZE=%llu", (unsigned long long)s->tx.v->size);
	if (s->tx.v->eight_bit && s->offer.eight_bit)
		buf_add_str(&b, " BODY=8BITMIME");
	if (s->tx.v->utf8 && s->offer.utf8)
		buf_add_str(&b, " SMTPUTF8");
	if (s->offer.dsn)
		add_wish(&b, &s->tx.v->dsn);
	smtp_add_command(s, b.data);
	buf_clear(&b);
}

/* Recipient i, with RFC 3461 4.1, 4.2. */
static void
add_rcpt(struct smtp *s, size_t i)
{
	const struct dsn_rcpt *w = envelope_wish(s->tx.v, i);
	struct buf b;

	buf_init(&b, 8192);
	buf_add_fmt(&b, "RCPT TO:<%s>", s->tx.v->rcpts[i]);
	if (s->offer.dsn && w->notify != 0) {
		buf_add_str(&b, " NOTIFY=");
		dsn_add_notify(&b, w->notify);
	}
	if (s->offer.dsn && w->orcpt != NULL)
		buf_add_fmt(&b, " ORCPT=%s", w->orcpt);
	smtp_add_command(s, b.data);
	buf_clear(&b);
}

/* Is command i DATA? */
static bool
is_data(const struct smtp_transfer *t, size_t i)
{
	return i == t->n_rcpts + 1;
}

static void
add_next_command(struct smtp *s)
{
	if (s->tx.sent == 0) {
		add_mail(s);
	} else if (is_data(&s->tx, s->tx.sent)) {
		smtp_add_command(s, "DATA");
	} else {
		add_rcpt(s, s->tx.rcpt_of[s->tx.sent - 1]);
	}
	s->tx.sent++;
}

/* Is there sense in the next command, and may it go now? */
static bool
may_send_next(const struct smtp *s)
{
	if (s->tx.sent == s->tx.commands)
		return false;
	if (s->offer.pipelining)
		return secret_len(&s->out) < SMTP_GROUP;
	if (s->tx.sent != s->tx.answered)
		return false;
	return !s->tx.mail_refused &&
	       !(is_data(&s->tx, s->tx.sent) && s->tx.accepted == 0);
}

static bool
reply_is_in_place(int code, bool to_data)
{
	if (code >= 400)
		return true;
	return to_data ? code == 354 : code / 100 == 2;
}

/* Set the outcome of all that the server has not refused yet. */
static void
settle_open(struct smtp *s, enum outcome_stage stage)
{
	size_t i;

	for (i = 0; i < s->tx.n_rcpts; i++) {
		size_t rcpt = s->tx.rcpt_of[i];
		struct outcome *o = &s->tx.result[rcpt];

		if (o->kind != OUTCOME_OPEN)
			continue;
		smtp_set_by_reply(s, o, stage);
		o->relayed =
		    o->kind == OUTCOME_DELIVERED && !s->offer.dsn &&
		    dsn_wants_success(envelope_wish(s->tx.v, rcpt)->notify);
	}
}

/* May those who were refused so come in another transaction? Exim says 552 (to
 * RCPT) where others say 452 (RFC 5321 4.5.3.1.10). */
static bool
is_too_many(int code)
{
	return code == 452 || code == 552;
}

static void
take_mail_reply(struct smtp *s)
{
	s->tx.mail_refused = s->reply.code >= 400;
	if (s->tx.mail_refused)
		settle_open(s, OUTCOME_AT_MAIL);
	if (s->tx.verify)
		smtp_set_by_reply(s, &s->outcome, OUTCOME_AT_MAIL);
}

static void
take_rcpt_reply(struct smtp *s, struct outcome *o)
{
	bool ok = s->reply.code < 400;

	if (s->tx.mail_refused)
		return; /* means nothing (RFC 2920 3.1) */
	if (ok && !s->tx.verify) {
		o->code = s->reply.code;
		o->stage = OUTCOME_AT_RCPT;
	} else {
		smtp_set_by_reply(s, o, OUTCOME_AT_RCPT);
	}
	if (ok)
		s->tx.accepted++;
	else
		s->tx.put_off |=
		    is_too_many(s->reply.code) && s->tx.accepted > 0;
}

static void
take_envelope_reply(struct smtp *s)
{
	size_t i = s->tx.answered;

	if (i == 0) {
		take_mail_reply(s);
	} else if (!is_data(&s->tx, i)) {
		take_rcpt_reply(s, &s->tx.result[s->tx.rcpt_of[i - 1]]);
	} else if (s->reply.code >= 400 && s->tx.accepted > 0) {
		settle_open(s, OUTCOME_AT_DATA);
		s->tx.accepted = 0;
	}
}

/* All commands that will be sent have their answer. */
static void
end_envelope(struct smtp *s)
{
	bool data_open =
	    s->tx.answered == s->tx.commands && s->reply.code == 354;

	if (data_open && s->tx.accepted > 0) {
		smtp_give_time(s, s->target->timeouts.data);
		s->tx.pace_due = s->now + PACE_MS;
		s->tx.pace_octets = 0;
		smtp_set_state(s, SMTP_ST_BODY);
		return;
	}
	smtp_give_time(s, s->target->timeouts.reply);
	if (data_open) {
		/* Nobody is left, yet the server wants a text (RFC 2920). */
		smtp_add_command(s, ".");
		smtp_set_state(s, SMTP_ST_VOID);
	} else if (s->tx.last || s->tx.mail_refused) {
		/* Whoever ends the session now says QUIT; and where MAIL was
		 * refused nothing has begun. */
		s->tx.v = NULL;
		smtp_set_state(s, SMTP_ST_IDLE);
	} else {
		smtp_add_command(s, "RSET");
		smtp_set_state(s, SMTP_ST_RSET);
	}
}

bool
smtp_do_envelope(struct smtp *s)
{
	while (may_send_next(s))
		add_next_command(s);
	smtp_push(s);
	if (!smtp_pull(s))
		return false;
	if (s->tx.answered == s->tx.sent) {
		smtp_lose(s, "the server replied before it was asked", true);
		return true;
	}
	if (s->reply.code == 421) {
		smtp_fail_by_reply(s, smtp_stage(s));
		return true;
	}
	if (!reply_is_in_place(
		s->reply.code, is_data(&s->tx, s->tx.answered))) {
		smtp_lose(
		    s, "the server's reply does not fit the command", true);
		return true;
	}
	take_envelope_reply(s);
	s->tx.answered++;
	smtp_give_time(
	    s, is_data(&s->tx, s->tx.answered)
		   ? smtp_least(s->target->timeouts.reply, SMTP_AUTH_MS)
		   : s->target->timeouts.reply);
	if (s->tx.answered == s->tx.sent && !may_send_next(s))
		end_envelope(s);
	reply_reset(&s->reply);
	return true;
}

/* ---- the body */

/* Stuff dots (RFC 5321 4.5.2) while appending n octets to the chunk. */
static void
stuff(struct smtp *s, const char *p, size_t n)
{
	struct smtp_transfer *t = &s->tx;
	char *to = s->chunk + s->chunk_n;
	size_t i;

	for (i = 0; i < n; i++) {
		if (t->line_start && p[i] == '.')
			*to++ = '.';
		*to++ = p[i];
		t->line_start = p[i] == '\n' && t->last_cr;
		t->last_cr = p[i] == '\r';
	}
	s->chunk_n = (size_t)(to - s->chunk);
}

static void
add_to_chunk(struct smtp *s, const char *command)
{
	size_t n = strlen(command);

	smtp_trace_line(s, true, command);
	memcpy(s->chunk + s->chunk_n, command, n);
	memcpy(s->chunk + s->chunk_n + n, "\r\n", 2);
	s->chunk_n += n + 2;
}

/* The end goes with the last piece, so that a short message is one write. */
static void
end_body(struct smtp *s)
{
	struct smtp_transfer *t = &s->tx;

	t->body_done = true;
	if (!t->line_start)
		stuff(s, "\r\n", 2);
	add_to_chunk(s, ".");
	t->dot_end = s->chunk_n;
	if (t->last && s->offer.pipelining && !t->put_off) {
		add_to_chunk(s, "QUIT");
		t->quit_sent = true;
	}
}

/* The next chunk of body. */
static void
fill_chunk(struct smtp *s)
{
	char piece[SMTP_CHUNK / 2];
	ssize_t n = 1;

	s->chunk_at = s->chunk_n = 0;
	while (n > 0 && s->chunk_n < SMTP_CHUNK) {
		n = s->tx.body.read(s->tx.body.ctx, piece, sizeof(piece));
		if (n > 0)
			stuff(s, piece, (size_t)n);
	}
	if (n == 0)
		end_body(s);
	else if (n < 0)
		smtp_fail(s, OUTCOME_LATER, OUTCOME_CLASS_T, OUTCOME_AT_BODY, 0,
		    "the message could not be read; nothing was delivered");
}

/* From here on the message may be delivered, whatever happens to the link;
 * what is left in the chunk is QUIT alone. */
static bool
dot_is_out(const struct smtp_transfer *t, size_t chunk_at)
{
	return t->body_done && chunk_at >= t->dot_end;
}

bool
smtp_do_body(struct smtp *s)
{
	if (smtp_pull(s)) {
		/* A refusal in mid-body is a verdict; else it is a breach. */
		if (s->reply.code >= 400)
			smtp_fail_by_reply(s, OUTCOME_AT_BODY);
		else
			smtp_lose(
			    s, "the server replied before it was asked", true);
		return true;
	}
	if (s->state != SMTP_ST_BODY || s->write_broken)
		return false; /* lost, or about to be by the next read */
	if (s->now >= s->tx.pace_due) {
		if (s->tx.pace_octets < PACE_OCTETS) {
			smtp_lose(s, "the server takes the message too slowly",
			    false);
			return true;
		}
		s->tx.pace_due = s->now + PACE_MS;
		s->tx.pace_octets = 0;
	}
	if (!smtp_push(s) && !dot_is_out(&s->tx, s->chunk_at))
		return false;
	if (dot_is_out(&s->tx, s->chunk_at)) {
		smtp_give_time(s, s->target->timeouts.final);
		smtp_set_state(s, SMTP_ST_FINAL);
	} else if (!s->write_broken) {
		fill_chunk(s);
	}
	return true;
}

bool
smtp_do_final(struct smtp *s)
{
	smtp_push(s);
	if (!smtp_pull(s))
		return false;
	if (s->reply.code < 400 && s->reply.code / 100 != 2) {
		smtp_lose(
		    s, "the server's reply does not fit the command", true);
		return true;
	}
	settle_open(s, OUTCOME_AT_FINAL);
	s->tx.v = NULL;
	smtp_set_state(s, s->tx.quit_sent || s->reply.code == 421
			      ? SMTP_ST_CLOSED
			      : SMTP_ST_IDLE);
	reply_reset(&s->reply);
	return true;
}

/* After RSET or the lone dot: whatever is answered, the verdicts stand. */
bool
smtp_do_leave(struct smtp *s)
{
	smtp_push(s);
	if (s->tx.last) {
		s->tx.v = NULL;
		smtp_set_state(s, SMTP_ST_IDLE);
		smtp_quit(s);
		return true;
	}
	if (!smtp_pull(s))
		return s->state == SMTP_ST_CLOSED;
	s->tx.v = NULL;
	smtp_set_state(
	    s, s->reply.code / 100 == 2 ||
		       (s->state == SMTP_ST_VOID && s->reply.code != 421)
		   ? SMTP_ST_IDLE
		   : SMTP_ST_CLOSED);
	reply_reset(&s->reply);
	return true;
}

static bool
is_ascii(const char *s)
{
	return text_is_ascii(s, strlen(s));
}

/* Why what is beyond ASCII in that address, or with "" in the header, can't be
 * sent. */
static char *
utf8_reason(const char *address)
{
	return mem_printf("%s%s is not ASCII and the server does not offer "
			  "SMTPUTF8: an address in ASCII, or another server, "
			  "is needed",
	    *address != '\0' ? "the address " : "an address in the header",
	    address);
}

/* Whoever can't get it from a server without SMTPUTF8, while others can. */
static void
refuse_utf8_rcpts(struct smtp_transfer *t)
{
	char *why;
	size_t i;

	for (i = 0; i < t->v->n_rcpts; i++) {
		if (t->result[i].kind != OUTCOME_OPEN ||
		    is_ascii(t->v->rcpts[i]))
			continue;
		why = utf8_reason(t->v->rcpts[i]);
		outcome_set(&t->result[i], OUTCOME_REFUSED, OUTCOME_CLASS_M,
		    OUTCOME_AT_RCPT, 0, why);
		free(why);
	}
}

/* What the server can't take is refused before MAIL, for all alike. Whoever
 * offers SMTPUTF8 takes 8-bit text with it (RFC 6531 3.1). */
static char *
unfit(const struct smtp *s)
{
	const struct envelope *v = s->tx.v;

	if (s->offer.size > 0 && v->size > s->offer.size)
		return mem_printf("the message is larger than the server takes "
				  "(SIZE): %llu octets, at most %llu",
		    (unsigned long long)v->size,
		    (unsigned long long)s->offer.size);
	if (envelope_is_utf8_for_all(v) && !s->offer.utf8)
		return utf8_reason(is_ascii(v->sender) ? "" : v->sender);
	if (v->eight_bit && !s->offer.eight_bit && !(v->utf8 && s->offer.utf8))
		return mem_dup("the message has 8-bit text and the server "
			       "does not offer 8BITMIME");
	return NULL;
}

/* Whom this transaction is for. */
static void
pick_rcpts(struct smtp_transfer *t, size_t max)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < t->v->n_rcpts && n < max; i++)
		n += t->result[i].kind == OUTCOME_OPEN;
	t->rcpt_of = mem_new(n, sizeof(*t->rcpt_of));
	for (i = 0; t->n_rcpts < n; i++) {
		if (t->result[i].kind == OUTCOME_OPEN)
			t->rcpt_of[t->n_rcpts++] = i;
	}
}

/* The transaction in s->tx has been filled in, but for whom it is for. */
static void
begin(struct smtp *s, size_t max_rcpts, int64_t now)
{
	char *why;

	s->now = now;
	if (s->tx.v->utf8 && !s->offer.utf8 &&
	    !envelope_is_utf8_for_all(s->tx.v))
		refuse_utf8_rcpts(&s->tx);
	pick_rcpts(&s->tx, max_rcpts);
	s->tx.commands = s->tx.n_rcpts + (s->tx.verify ? 1 : 2);
	s->chunk_at = s->chunk_n = 0;
	if (s->tx.n_rcpts == 0 && !s->tx.verify) {
		s->tx.v = NULL;
		return; /* still idle: there is nobody left */
	}
	smtp_set_state(s, SMTP_ST_ENVELOPE);
	if (!smtp_input_is_quiet(s))
		return;
	why = unfit(s);
	if (why != NULL) {
		smtp_fail(s, OUTCOME_REFUSED, OUTCOME_CLASS_M, OUTCOME_AT_MAIL,
		    0, why);
		free(why);
		smtp_set_state(s, SMTP_ST_IDLE);
		return;
	}
	smtp_give_time(s, s->target->timeouts.reply);
	smtp_step(s, now);
}

void
smtp_send(struct smtp *s, const struct smtp_order *o, struct outcome *out,
    int64_t now)
{
	err_bug_if(s->state != SMTP_ST_IDLE);
	free(s->tx.rcpt_of);
	s->tx = (struct smtp_transfer){ .v = o->envelope,
		.body = o->body,
		.result = out,
		.last = o->last,
		.line_start = true };
	begin(s, o->max_rcpts, now);
}

void
smtp_verify(
    struct smtp *s, const struct envelope *v, struct outcome *out, int64_t now)
{
	err_bug_if(s->state != SMTP_ST_IDLE);
	free(s->tx.rcpt_of);
	s->tx = (struct smtp_transfer){ .v = v, .result = out, .verify = true };
	memset(&s->outcome, 0, sizeof(s->outcome));
	begin(s, v->n_rcpts, now);
}
