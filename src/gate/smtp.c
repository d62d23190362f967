/* SPDX-License-Identifier: ISC */
/* smtp: one session with a submission server. */
/*
 * CONNECT -> IDLE; AUTH -> IDLE; ENVELOPE -> BODY -> FINAL -> IDLE; RSET and
 * VOID (the lone dot that ends a DATA nobody wanted) lead back to IDLE; every
 * state may lead to CLOSED. smtp_set_state() is the only setter, and each
 * state has one function that goes on as far as it can.
 */
#include "gate/smtp_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* ---- connecting */

static void
add_mechanisms(struct smtp_offer *o, const char *words)
{
	struct buf b;
	enum sasl_mech m;
	char word[32];
	size_t n;

	o->has_auth = true;
	buf_init(&b, sizeof(o->auth_words) - 1);
	text_add_safe(&b, words, strlen(words), sizeof(o->auth_words) - 4);
	if (b.data != NULL)
		memcpy(o->auth_words, b.data, b.len + 1);
	buf_clear(&b);
	while (*words) {
		words += strspn(words, " \t");
		n = strcspn(words, " \t");
		if (n > 0 && n < sizeof(word)) {
			memcpy(word, words, n);
			word[n] = '\0';
			if (sasl_find(word, &m))
				o->auth[m] = true;
		}
		words += n;
	}
}

static void
add_keyword(struct smtp_offer *o, const char *line)
{
	if (text_case_eq(line, "PIPELINING"))
		o->pipelining = true;
	else if (text_case_eq(line, "8BITMIME"))
		o->eight_bit = true;
	else if (text_case_eq(line, "SMTPUTF8"))
		o->utf8 = true;
	else if (text_case_eq(line, "DSN"))
		o->dsn = true;
	else if (text_case_eq_n(line, "SIZE", 4) &&
		 (line[4] == '\0' || line[4] == ' ')) {
		o->has_size = true;
		if (line[4] == ' ' &&
		    !text_parse_uint(line + 5, UINT64_MAX, &o->size))
			o->size = 0;
	} else if (text_case_eq_n(line, "AUTH ", 5))
		add_mechanisms(o, line + 5);
	else if (text_case_eq_n(line, "AUTH=", 5) && !o->has_auth)
		add_mechanisms(o, line + 5); /* before RFC 2554 */
}

static void
read_offer(struct smtp *s)
{
	const char *p = strchr(wire_hello_lines(s->link), '\n');
	const char *end;
	char *line;

	while (p != NULL && *++p != '\0') {
		end = strchr(p, '\n');
		line = mem_dup_n(p, end ? (size_t)(end - p) : strlen(p));
		add_keyword(&s->offer, line);
		free(line);
		p = end;
	}
}

static enum outcome_stage
stage_of_wire(enum wire_stage stage)
{
	switch (stage) {
	case WIRE_CONNECTING:
		return OUTCOME_AT_CONNECT;
	case WIRE_SECURING:
		return OUTCOME_AT_TLS;
	case WIRE_GREETING:
		return OUTCOME_AT_GREETING;
	default:
		return OUTCOME_AT_EHLO;
	}
}

static void
connect_failed(struct smtp *s)
{
	const struct wire_failure *f = wire_failure(s->link);
	enum outcome_stage stage = stage_of_wire(f->stage);
	enum outcome_class class = OUTCOME_CLASS_L;

	if (f->certificate || f->local)
		stage = OUTCOME_AT_TLS;
	if (f->certificate || f->local || (f->no_tls && f->code / 100 != 4))
		class = OUTCOME_CLASS_C;
	else if (f->code != 0)
		class = outcome_class_of(stage, f->code, "");
	smtp_fail(s, OUTCOME_LATER, class, stage, f->code,
	    f->no_tls && f->code == 0
		? "the server does not offer STARTTLS, which is required"
		: f->text);
}

/*
 * libcurl says HELO after whatever refusal of EHLO. That is right where EHLO
 * is not known (RFC 5321 3.2); else the server did not want us.
 */
static void
greeted(struct smtp *s)
{
	const char *words;
	int code = wire_hello_refusal(s->link, &words);

	if (code != 0 && code != 500 && code != 502) {
		smtp_fail(s, OUTCOME_LATER, OUTCOME_CLASS_L, OUTCOME_AT_EHLO,
		    code, words);
		return;
	}
	read_offer(s);
	smtp_set_state(s, SMTP_ST_IDLE);
}

static bool
do_connect(struct smtp *s)
{
	const struct smtp_timeouts *t = &s->target->timeouts;
	enum wire_stage stage = wire_stage(s->link);

	if (stage == s->wire_stage)
		return false;
	s->wire_stage = stage;
	switch (stage) {
	case WIRE_UP:
		greeted(s);
		break;
	case WIRE_FAILED:
		connect_failed(s);
		break;
	case WIRE_SECURING:
		smtp_give_time(s, t->tls);
		break;
	case WIRE_GREETING:
		smtp_give_time(s, t->greeting);
		break;
	case WIRE_HELLO:
		smtp_give_time(s, t->reply);
		break;
	case WIRE_CONNECTING:
		smtp_give_time(s, t->connect);
		break;
	}
	return true;
}

/* ---- the interface */

static bool
do_nothing(struct smtp *s)
{
	(void)s;
	return false;
}

static bool (*const states[])(struct smtp *s) = {
	[SMTP_ST_CONNECT] = do_connect,
	[SMTP_ST_IDLE] = do_nothing,
	[SMTP_ST_AUTH] = smtp_do_auth,
	[SMTP_ST_ENVELOPE] = smtp_do_envelope,
	[SMTP_ST_BODY] = smtp_do_body,
	[SMTP_ST_FINAL] = smtp_do_final,
	[SMTP_ST_VOID] = smtp_do_leave,
	[SMTP_ST_RSET] = smtp_do_leave,
	[SMTP_ST_CLOSED] = do_nothing,
};

int
smtp_open(struct wire *w, const struct smtp_target *t, int64_t now,
    void (*wake)(void *ctx), void *ctx, struct smtp **out, struct err *e)
{
	struct smtp *s = mem_new(1, sizeof(*s));
	size_t i;
	int r;

	s->target = t;
	s->now = now;
	smtp_give_time(s, t->timeouts.connect);
	s->wire_stage = WIRE_CONNECTING;
	/* Filled to SMTP_CHUNK, and then half as much, all dots, and the end.
	 */
	s->chunk = mem_new(2 * SMTP_CHUNK + 64, 1);
	secret_init(&s->out);
	for (i = 0; i < SMTP_HIDDEN; i++)
		secret_init(&s->hidden[i]);
	reply_init(&s->reply);
	r = wire_open(w, &t->wire, wake, ctx, &s->link, e);
	if (r != 0) {
		smtp_free(s);
		return r;
	}
	*out = s;
	return 0;
}

void
smtp_free(struct smtp *s)
{
	size_t i;

	if (s == NULL)
		return;
	wire_close(s->link);
	sasl_end(&s->sasl);
	secret_clear(&s->out);
	for (i = 0; i < SMTP_HIDDEN; i++)
		secret_clear(&s->hidden[i]);
	reply_clear(&s->reply);
	free(s->tx.rcpt_of);
	free(s->chunk);
	free(s);
}

void
smtp_trace(struct smtp *s, smtp_trace_fn *fn, void *ctx)
{
	s->trace = fn;
	s->trace_ctx = ctx;
}

/* The deadline of the stage has passed. */
static void
run_late(struct smtp *s)
{
	struct buf b;

	buf_init(&b, 128);
	buf_add_str(&b, "no answer within ");
	text_add_duration(&b, s->patience);
	if (s->state == SMTP_ST_CONNECT)
		smtp_fail(s, OUTCOME_LATER, OUTCOME_CLASS_L,
		    stage_of_wire(s->wire_stage), 0, b.data);
	else
		smtp_lose(s, b.data, false);
	buf_clear(&b);
}

void
smtp_step(struct smtp *s, int64_t now)
{
	s->now = now;
	while (states[s->state](s))
		;
	if (smtp_phase(s) == SMTP_BUSY && now >= s->due)
		run_late(s);
}

enum smtp_phase
smtp_phase(const struct smtp *s)
{
	if (s->state == SMTP_ST_IDLE)
		return SMTP_IDLE;
	return s->state == SMTP_ST_CLOSED ? SMTP_CLOSED : SMTP_BUSY;
}

void
smtp_waits(const struct smtp *s, struct smtp_wait *w)
{
	w->fd = s->state == SMTP_ST_CONNECT ? -1 : wire_fd(s->link);
	w->events = LOOP_READ;
	if (!smtp_is_sent(s) && !s->write_broken)
		w->events |= LOOP_WRITE;
	w->due = s->due;
	if (s->state == SMTP_ST_BODY)
		w->due = smtp_least(w->due, s->tx.pace_due);
}

const struct smtp_offer *
smtp_offer(const struct smtp *s)
{
	return &s->offer;
}

const struct outcome *
smtp_outcome(const struct smtp *s)
{
	return &s->outcome;
}

struct wire_link *
smtp_link(const struct smtp *s)
{
	return s->link;
}

bool
smtp_is_in_data(const struct smtp *s)
{
	return s->state == SMTP_ST_BODY || s->state == SMTP_ST_FINAL;
}

void
smtp_quit(struct smtp *s)
{
	if (s->state == SMTP_ST_IDLE && !s->write_broken) {
		smtp_add_command(s, "QUIT");
		smtp_push(s);
	}
	smtp_set_state(s, SMTP_ST_CLOSED);
}
