/* SPDX-License-Identifier: ISC */
/* outcome: what became of a recipient, and whose trouble it is. */
#include "mail/outcome.h"

#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/text.h"

const char *
outcome_kind_name(enum outcome_kind k)
{
	static const char *const names[] = {
		[OUTCOME_OPEN] = "open",
		[OUTCOME_DELIVERED] = "delivered",
		[OUTCOME_LATER] = "later",
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_UNCLEAR] = "unclear",
	};

	return names[k];
}

const char *
outcome_class_name(enum outcome_class c)
{
	static const char *const names[] = {
		[OUTCOME_CLASS_NONE] = "-",
		[OUTCOME_CLASS_F] = "F",
		[OUTCOME_CLASS_L] = "L",
		[OUTCOME_CLASS_T] = "T",
		[OUTCOME_CLASS_P] = "P",
		[OUTCOME_CLASS_C] = "C",
		[OUTCOME_CLASS_M] = "M",
	};

	return names[c];
}

const char *
outcome_stage_name(enum outcome_stage s)
{
	static const char *const names[] = {
		[OUTCOME_AT_TOKEN] = "TOKEN",
		[OUTCOME_AT_CONNECT] = "CONNECT",
		[OUTCOME_AT_TLS] = "TLS",
		[OUTCOME_AT_GREETING] = "GREETING",
		[OUTCOME_AT_EHLO] = "EHLO",
		[OUTCOME_AT_AUTH] = "AUTH",
		[OUTCOME_AT_MAIL] = "MAIL",
		[OUTCOME_AT_RCPT] = "RCPT",
		[OUTCOME_AT_DATA] = "DATA",
		[OUTCOME_AT_BODY] = "BODY",
		[OUTCOME_AT_FINAL] = "FINAL",
	};

	return names[s];
}

/* Digits of a part of an enhanced status: one to three; 0 if there are none. */
static size_t
outcome_digits(const char *s)
{
	size_t n = 0;

	while (n < 3 && text_is_digit(s[n]))
		n++;
	return n;
}

void
outcome_enhanced(const char *text, char out[12])
{
	size_t n = 1, part, digits;

	out[0] = '\0';
	if (*text != '2' && *text != '4' && *text != '5')
		return;
	for (part = 0; part < 2; part++) {
		digits = text[n] == '.' ? outcome_digits(text + n + 1) : 0;
		if (digits == 0)
			return;
		n += 1 + digits;
	}
	if (text[n] == '.' ||
	    text_is_alnum(text[n])) /* an address, a version */
		return;
	memcpy(out, text, n);
	out[n] = '\0';
}

void
outcome_set(struct outcome *o, enum outcome_kind kind, enum outcome_class class,
    enum outcome_stage stage, int code, const char *text)
{
	struct buf b;

	buf_init(&b, OUTCOME_TEXT_MAX - 1);
	if (text != NULL)
		text_add_safe(&b, text, strlen(text), OUTCOME_TEXT_MAX - 1);
	*o = (struct outcome){ .kind = kind,
		.class = class,
		.stage = stage,
		.code = code,
		.ours = code == 0 };
	memcpy(o->text, b.data, b.len);
	if (!o->ours)
		outcome_enhanced(o->text, o->enhanced);
	buf_clear(&b);
}

/*
 * Limits of the account, which servers word as if the message were bad:
 * 5.4.5 (daily quota), 5.2.250 to 5.2.259 (submission quotas).
 */
static bool
outcome_is_quota(const char *enhanced)
{
	if (strcmp(enhanced, "5.4.5") == 0)
		return true;
	return text_starts(enhanced, "5.2.25") && text_is_digit(enhanced[6]);
}

/* Does the reply move the session on at this stage? */
static bool
outcome_is_good(enum outcome_stage stage, int code)
{
	switch (stage) {
	case OUTCOME_AT_AUTH:
		return code == 235 || code == 334;
	case OUTCOME_AT_DATA:
		return code == 354;
	case OUTCOME_AT_BODY: /* no reply can be good that early */
		return false;
	default:
		return code >= 200 && code < 300;
	}
}

/*
 * An HTTP answer that brought no token. A 2xx is a portal's or a proxy's page;
 * so may be a 403 without a word. 3xx, 404, 405 and 410 say that the URL is
 * wrong; redirects are not followed.
 */
static enum outcome_class
outcome_class_token(int status, const char *word)
{
	switch (status) {
	case 403:
		return word[0] != '\0' ? OUTCOME_CLASS_C : OUTCOME_CLASS_L;
	case 408:
	case 425:
	case 429:
		return OUTCOME_CLASS_L;
	default:
		return status >= 300 && status < 500 ? OUTCOME_CLASS_C
						     : OUTCOME_CLASS_L;
	}
}

/*
 * 5xx to AUTH: 535 refuses the credentials, as does 501 5.5.127 (a token too
 * near its end); all else refuses this way to log in.
 */
static enum outcome_class
outcome_class_auth(int code, const char *enhanced)
{
	if (code == 535 || (code == 501 && strcmp(enhanced, "5.5.127") == 0))
		return OUTCOME_CLASS_F;
	return OUTCOME_CLASS_C;
}

/* 5xx to MAIL: mostly a matter of the account, which may not send as this. */
static enum outcome_class
outcome_class_mail(int code, const char *enhanced)
{
	if (code == 552 || code == 501 || code == 555)
		return OUTCOME_CLASS_M;
	if (strcmp(enhanced, "5.3.4") == 0 || text_starts(enhanced, "5.6."))
		return OUTCOME_CLASS_M;
	return OUTCOME_CLASS_C;
}

static enum outcome_class
outcome_class_5xx(enum outcome_stage stage, int code, const char *enhanced)
{
	switch (stage) {
	case OUTCOME_AT_TOKEN:
	case OUTCOME_AT_CONNECT:
	case OUTCOME_AT_GREETING:
	case OUTCOME_AT_EHLO:
		return OUTCOME_CLASS_L;
	case OUTCOME_AT_TLS: /* never go on in clear */
		return OUTCOME_CLASS_C;
	case OUTCOME_AT_AUTH:
		return outcome_class_auth(code, enhanced);
	default:
		break;
	}
	if (code == 530) /* not logged in */
		return OUTCOME_CLASS_C;
	if (outcome_is_quota(enhanced))
		return OUTCOME_CLASS_L;
	if (stage == OUTCOME_AT_MAIL)
		return outcome_class_mail(code, enhanced);
	/* Many servers hold checks of client and sender back until RCPT. */
	if (stage == OUTCOME_AT_RCPT && text_starts(enhanced, "5.7."))
		return OUTCOME_CLASS_C;
	return OUTCOME_CLASS_M;
}

/* What is no verdict (a reply of the wrong kind) is L: the link is at fault. */
enum outcome_class
outcome_class_of(enum outcome_stage stage, int code, const char *word)
{
	if (word == NULL)
		word = "";
	if (stage == OUTCOME_AT_TOKEN)
		return outcome_class_token(code, word);
	if (outcome_is_good(stage, code))
		return OUTCOME_CLASS_NONE;
	if (code >= 500 && code < 600)
		return outcome_class_5xx(stage, code, word);
	if (code >= 400 && code < 500 && stage >= OUTCOME_AT_RCPT)
		return OUTCOME_CLASS_T;
	return OUTCOME_CLASS_L;
}

/* The code for what is not delivered, by class. */
static int
outcome_exit_class(const struct outcome *o)
{
	switch (o->class) {
	case OUTCOME_CLASS_NONE:
		return o->kind == OUTCOME_REFUSED ? EX_UNAVAILABLE
						  : EX_TEMPFAIL;
	case OUTCOME_CLASS_P:
		return EX_NOPERM;
	case OUTCOME_CLASS_C:
		return EX_CONFIG;
	case OUTCOME_CLASS_M:
		if (o->stage == OUTCOME_AT_RCPT)
			return EX_NOUSER;
		return o->ours ? EX_DATAERR : EX_UNAVAILABLE;
	case OUTCOME_CLASS_F:
	case OUTCOME_CLASS_L:
	case OUTCOME_CLASS_T:
		break;
	}
	return EX_TEMPFAIL;
}

int
outcome_exit_one(const struct outcome *o)
{
	if (o->kind == OUTCOME_DELIVERED)
		return EX_OK;
	if (o->kind == OUTCOME_UNCLEAR || o->kind == OUTCOME_OPEN)
		return EX_TEMPFAIL;
	return outcome_exit_class(o);
}

int
outcome_exit(const struct outcome *v, size_t n)
{
	static const int gravest[] = { EX_NOUSER, EX_DATAERR, EX_UNAVAILABLE,
		EX_CONFIG, EX_NOPERM, EX_TEMPFAIL };
	size_t i, j;

	for (j = 0; j < sizeof(gravest) / sizeof(gravest[0]); j++) {
		for (i = 0; i < n; i++) {
			if (outcome_exit_one(&v[i]) == gravest[j])
				return gravest[j];
		}
	}
	return EX_OK;
}
