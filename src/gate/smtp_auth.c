/* SPDX-License-Identifier: ISC */
/*
 * smtp_auth: AUTH (RFC 4954).
 *
 * A challenge that sasl cannot answer is answered by "*", and the server's
 * reply to that, 501 as a rule, is no verdict on the password: why we broke off
 * is what counts. A server that does not hold to SCRAM, or that says yes and
 * has not proved that it knows the password, is left: another mechanism would
 * only hand the password to it.
 */
#include "gate/smtp_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { LINE_MAX_SASL = 512 }; /* AUTH with an initial response, 4 */

/* ---- authentication */

/* A line's worth of base64 at a time, so that no copy is left behind. */
static void
encode(struct secret *out, const struct secret *octets)
{
	enum { PIECE = 45 };
	const char *p = secret_reveal(octets);
	size_t n, left = secret_len(octets);
	struct buf b;

	buf_init(&b, PIECE / 3 * 4);
	for (; left > 0; p += n, left -= n) {
		n = left < PIECE ? left : PIECE;
		buf_reset(&b);
		text_add_base64(&b, p, n);
		secret_add(out, b.data, b.len);
		buf_wipe(b.data, b.len);
	}
	buf_clear(&b);
}

/* Add "[AUTH MECH ]base64" and show it without its secret. */
static void
add_sasl_line(struct smtp *s, const char *prefix, const struct secret *octets)
{
	struct secret encoded;
	char *shown = mem_printf("%s***", prefix);

	smtp_trace_line(s, true, shown);
	free(shown);
	secret_init(&encoded);
	encode(&encoded, octets);
	smtp_hide(s, secret_reveal(&encoded), secret_len(&encoded));
	secret_add_str(&s->out, prefix);
	secret_add(&s->out, secret_reveal(&encoded), secret_len(&encoded));
	/* An initial response that is empty, as EXTERNAL's. */
	if (*prefix && secret_len(&encoded) == 0)
		secret_add_str(&s->out, "=");
	secret_add_str(&s->out, "\r\n");
	secret_clear(&encoded);
}

static void
start_auth(struct smtp *s)
{
	const char *name = sasl_name(s->sasl.mech);
	char *prefix = mem_printf("AUTH %s ", name);
	struct secret first;
	size_t encoded;

	secret_init(&first);
	s->initial_due = sasl_initial(&s->sasl, &first);
	encoded = (secret_len(&first) + 2) / 3 * 4;
	if (s->initial_due && strlen(prefix) + encoded + 2 <= LINE_MAX_SASL) {
		add_sasl_line(s, prefix, &first);
		s->initial_due = false;
	} else {
		prefix[strlen(prefix) - 1] = '\0';
		smtp_add_command(s, prefix);
	}
	secret_clear(&first);
	free(prefix);
}

static void
answer_challenge(struct smtp *s)
{
	const char *challenge = smtp_reply_text(s);
	struct secret response;

	secret_init(&response);
	if (s->initial_due) {
		sasl_initial(&s->sasl, &response);
		s->initial_due = false;
		add_sasl_line(s, "", &response);
	} else if (s->cancelled) {
		smtp_lose(
		    s, "the server asks on after AUTH was cancelled", true);
	} else if (sasl_answer(&s->sasl, challenge, &response, &s->fault) ==
		   0) {
		add_sasl_line(s, "", &response);
	} else {
		s->cancelled = true;
		smtp_add_command(s, "*");
	}
	secret_clear(&response);
}

/* " (label: more)" goes behind the reply's text. */
static void
add_to_text(struct outcome *o, const char *label, const char *more)
{
	struct buf b;

	buf_init(&b, sizeof(o->text) - 1);
	buf_add_str(&b, o->text);
	buf_add_fmt(&b, " (%s%s)", label, more);
	memcpy(o->text, b.data, b.len + 1);
	buf_clear(&b);
}

static void
auth_refused(struct smtp *s)
{
	struct outcome *o = &s->outcome;

	if (s->cancelled && s->sasl.mech == SASL_SCRAM_SHA_256) {
		smtp_fail(s, OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_AUTH, 0,
		    s->fault.text);
		return;
	}
	smtp_set_by_reply(s, o, OUTCOME_AT_AUTH);
	if (s->sasl.refusal[0] != '\0')
		add_to_text(o, "challenge: ", s->sasl.refusal);
	else if (s->cancelled)
		add_to_text(o, "", s->fault.text);
	memcpy(o->error, s->sasl.status, sizeof(o->error));
	smtp_set_state(s, SMTP_ST_IDLE);
}

static void
auth_granted(struct smtp *s)
{
	if (!sasl_is_complete(&s->sasl)) {
		smtp_fail(s, OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_AUTH, 0,
		    "authentication: SCRAM-SHA-256: the server says yes, but "
		    "did not prove that it knows the password");
		return;
	}
	outcome_set(&s->outcome, OUTCOME_DELIVERED, OUTCOME_CLASS_NONE,
	    OUTCOME_AT_AUTH, 235, smtp_reply_text(s));
	smtp_set_state(s, SMTP_ST_IDLE);
}

bool
smtp_do_auth(struct smtp *s)
{
	bool sent = smtp_push(s);

	if (!smtp_pull(s))
		return false;
	smtp_give_time(s, smtp_least(s->target->timeouts.reply, SMTP_AUTH_MS));
	if (!sent) {
		smtp_lose(s, "the server replied before it was asked", true);
	} else if (s->reply.code == 334) {
		answer_challenge(s);
	} else if (s->reply.code == 235) {
		auth_granted(s);
	} else if (s->reply.code == 421) {
		smtp_fail_by_reply(s, OUTCOME_AT_AUTH);
	} else if (s->reply.code >= 400) {
		auth_refused(s);
	} else {
		smtp_lose(s,
		    "the server answered AUTH with a reply out of place", true);
	}
	reply_reset(&s->reply);
	if (s->state != SMTP_ST_AUTH)
		sasl_end(&s->sasl);
	return true;
}

void
smtp_auth(struct smtp *s, enum sasl_mech m, const struct sasl_identity *id,
    int64_t now)
{
	err_bug_if(s->state != SMTP_ST_IDLE);
	s->now = now;
	memset(&s->outcome, 0, sizeof(s->outcome));
	smtp_set_state(s, SMTP_ST_AUTH);
	if (!smtp_input_is_quiet(s))
		return;
	smtp_give_time(s, smtp_least(s->target->timeouts.reply, SMTP_AUTH_MS));
	s->cancelled = false;
	sasl_end(&s->sasl);
	sasl_begin(&s->sasl, m, id);
	if (sasl_proof(m) != SASL_CERTIFICATE)
		smtp_hide(s, secret_reveal(id->secret), secret_len(id->secret));
	start_auth(s);
	smtp_step(s, now);
}
