/* SPDX-License-Identifier: ISC */
/* smtp_auth: AUTH (RFC 4954). */
#include "gate/smtp_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { LINE_MAX_SASL = 512 }; /* AUTH with an initial response, 4 */

/* ---- authentication */

/* Add "[AUTH MECH ]base64" and show it without its secret. */
static void
add_sasl_line(struct smtp *s, const char *prefix, const struct secret *octets)
{
	struct buf b;
	char *shown = mem_printf("%s***", prefix);

	smtp_trace_line(s, true, shown);
	free(shown);
	secret_add_str(&s->out, prefix);
	buf_init(&b, 64 * 1024);
	text_add_base64(&b, secret_reveal(octets), secret_len(octets));
	if (b.len > 0) {
		smtp_hide(s, b.data, b.len);
		secret_add(&s->out, b.data, b.len);
		buf_wipe(b.data, b.len);
	} else if (*prefix) {
		secret_add_str(&s->out, "="); /* empty, RFC 4954 4 */
	}
	buf_clear(&b);
	secret_add_str(&s->out, "\r\n");
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
	struct err e = ERR_NONE;

	secret_init(&response);
	if (s->initial_due) {
		sasl_initial(&s->sasl, &response);
		s->initial_due = false;
		add_sasl_line(s, "", &response);
	} else if (s->cancelled) {
		smtp_lose(
		    s, "the server asks on after AUTH was cancelled", true);
	} else if (sasl_answer(&s->sasl, challenge, &response, &e) == 0) {
		add_sasl_line(s, "", &response);
	} else {
		s->cancelled = true;
		smtp_add_command(s, "*");
	}
	secret_clear(&response);
}

static void
auth_refused(struct smtp *s)
{
	struct outcome *o = &s->outcome;
	struct buf b;

	smtp_set_by_reply(s, o, OUTCOME_AT_AUTH);
	if (s->sasl.refusal[0] != '\0') {
		buf_init(&b, sizeof(o->text) - 1);
		buf_add_str(&b, o->text);
		buf_add_fmt(&b, " (challenge: %s)", s->sasl.refusal);
		memcpy(o->text, b.data, b.len + 1);
		buf_clear(&b);
	}
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
		outcome_set(&s->outcome, OUTCOME_DELIVERED, OUTCOME_CLASS_NONE,
		    OUTCOME_AT_AUTH, 235, smtp_reply_text(s));
		smtp_set_state(s, SMTP_ST_IDLE);
	} else if (s->reply.code == 421) {
		smtp_fail_by_reply(s, OUTCOME_AT_AUTH);
	} else if (s->reply.code >= 400) {
		auth_refused(s);
	} else {
		smtp_lose(s,
		    "the server answered AUTH with a reply out of place", true);
	}
	reply_reset(&s->reply);
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
	sasl_begin(&s->sasl, m, id);
	smtp_hide(s, secret_reveal(id->secret), secret_len(id->secret));
	start_auth(s);
	smtp_step(s, now);
}
