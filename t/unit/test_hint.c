/* SPDX-License-Identifier: ISC */
/*
 * Every known refusal, with its text as it came over the wire
 * (t/data/refusals.tsv): the class, the explanation, who can mend it, and a
 * step that exists.
 */
#include "mail/hint.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "hint_aid.h"
#include "unit.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const struct hint_names names = { .profile = "noreply",
	.mailbox = true,
	.user = "u@example.com",
	.host = "mail.example.com",
	.path = "/etc/osmtp/osmtp.conf",
	.line = 12 };

/* Whatever is told to do can be done. */
static void
check_step(const char *id, const struct outcome *o)
{
	static const char *const commands[] = { "osmtp seal --set noreply.",
		"osmtp token noreply", "osmtp profiles", "osmtp queue retry",
		"osmtp check noreply", "osmtp rotate noreply",
		"osmtp explain u@example.com", "osmtp sends long tokens",
		"osmtp waits as long as", "osmtp.conf" };
	struct buf b;
	const char *p;
	int i;

	buf_init(&b, 4096);
	hint_add_remedy(&b, o, &names);
	ck_assert_msg(b.len > 0, "%s: no remedy", id);
	ck_assert_msg(
	    strstr(b.data, "NAME") == NULL && strchr(b.data, '<') == NULL,
	    "%s: not filled in: %s", id, b.data);
	for (p = b.data; (p = strstr(p, "osmtp")) != NULL; p++) {
		if (text_starts(p, "osmtp/osmtp.conf"))
			continue;
		for (i = 0; i < N(commands); i++) {
			if (text_starts(p, commands[i]))
				break;
		}
		ck_assert_msg(
		    i < N(commands), "%s: no such command: %s", id, b.data);
	}
	buf_clear(&b);
}

START_TEST(each_is_known)
{
	const struct refusal *r = &refusals[_i];
	struct outcome o = outcome_of(r, hint_provider(r->host));
	const struct hint *h = hint_find(&o);
	struct buf b;

	ck_assert_msg(h != NULL, "%s: nothing fits", r->id);
	ck_assert_msg(strcmp(h->id, r->id) == 0, "%s: got %s", r->id, h->id);
	hint_classify(&o);
	ck_assert_msg(strcmp(outcome_class_name(o.class), r->class) == 0,
	    "%s: got class %s", r->id, outcome_class_name(o.class));
	ck_assert_str_eq(h->who, r->who);
	ck_assert_int_eq(o.kind,
	    o.class == OUTCOME_CLASS_M ? OUTCOME_REFUSED : OUTCOME_LATER);
	buf_init(&b, 4096);
	hint_add_meaning(&b, &o);
	ck_assert_msg(b.len > 0 && b.data[b.len - 1] == '.', "%s: meaning: %s",
	    r->id, b.data);
	buf_clear(&b);
	check_step(r->id, &o);
}
END_TEST

/*
 * A relay in front, or a host name that nobody knows: no mail is returned for
 * what is the account's trouble, and a row of a hosted service is found by its
 * words only.
 */
START_TEST(none_is_lost_behind_a_relay)
{
	const struct refusal *r = &refusals[_i];
	struct outcome o = outcome_of(r, "");
	const struct hint *h = hint_find(&o);

	hint_classify(&o);
	if (strcmp(r->class, "M") != 0 && o.stage <= OUTCOME_AT_MAIL)
		ck_assert_msg(
		    o.class != OUTCOME_CLASS_M, "%s: returned", r->id);
	if (h != NULL && strcmp(h->id, r->id) == 0)
		ck_assert_str_eq(outcome_class_name(o.class), r->class);
	if (hint_provider(r->host)[0] == '\0')
		ck_assert_msg(h != NULL && strcmp(h->id, r->id) == 0,
		    "%s: software has no provider", r->id);
	check_step(r->id, &o);
}
END_TEST

/* A text is never all that a class rests on where a code decides. */
START_TEST(each_row_has_its_text)
{
	FILE *f = fopen(place("../etc/refusals.tsv"), "r");
	char line[LINE_LEN];
	int i, rows = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] == '#' || line[0] == '\n' ||
		    text_starts(line, "host\t") ||
		    text_starts(line, "software\t"))
			continue;
		line[strcspn(line, "\t")] = '\0';
		for (i = 0; i < n_refusals; i++) {
			if (strcmp(refusals[i].id, line) == 0)
				break;
		}
		ck_assert_msg(i < n_refusals, "%s: has no text", line);
		rows++;
	}
	fclose(f);
	ck_assert_int_eq(rows, n_refusals);
}
END_TEST

/* ---- by code, whatever the words */

static const struct {
	enum outcome_stage stage;
	int code;
	const char *error, *host, *text, *want;
} cases[] = {
#define TOKEN OUTCOME_AT_TOKEN, 400
	/* no answer; by our own words alone it stays as it was set */
	{ OUTCOME_AT_TOKEN, 408, "", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 425, "", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 429, "", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 429, "invalid_client", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 500, "", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 503, "", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 503, "invalid_grant", "", "x", "L" },
	{ TOKEN, "temporarily_unavailable", "", "x", "L" },
	{ TOKEN, "server_error", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 404, "server_error", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 200, "", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 302, "", "", "x", "C" },
	{ OUTCOME_AT_TOKEN, 404, "", "", "x", "C" },
	{ OUTCOME_AT_TOKEN, 404, "invalid_grant", "", "x", "C" },
	{ OUTCOME_AT_TOKEN, 405, "", "", "x", "C" },
	{ OUTCOME_AT_TOKEN, 410, "", "", "x", "C" },
	{ TOKEN, "invalid_grant", "", "x", "P" },
	{ TOKEN, "invalid_client", "", "x", "C" },
	{ OUTCOME_AT_TOKEN, 401, "invalid_client", "", "x", "C" },
	{ TOKEN, "unauthorized_client", "", "x", "C" },
	{ OUTCOME_AT_TOKEN, 403, "unauthorized_client", "", "x", "C" },
	{ TOKEN, "invalid_scope", "", "x", "C" },
	{ TOKEN, "invalid_request", "", "x", "C" },
	{ TOKEN, "unsupported_grant_type", "", "x", "C" },
	{ TOKEN, "invalid_target", "", "x", "C" },
	{ TOKEN, "invalid_resource", "", "x", "C" },
	{ TOKEN, "interaction_required", "", "x", "P" },
	{ TOKEN, "login_required", "", "x", "P" },
	{ TOKEN, "consent_required", "", "x", "P" },
	{ OUTCOME_AT_TOKEN, 403, "", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 403, "moon_phase", "", "x", "C" },
	{ OUTCOME_AT_TOKEN, 400, "", "", "x", "C" },
	{ TOKEN, "moon_phase", "", "x", "C" },
	{ OUTCOME_AT_TOKEN, 401, "moon_phase", "", "x", "C" },
	{ TOKEN, "authorization_pending", "", "x", "L" },
	{ OUTCOME_AT_TOKEN, 428, "authorization_pending", "", "x", "L" },
	{ TOKEN, "slow_down", "", "x", "L" },
	{ TOKEN, "access_denied", "", "x", "P" },
	{ TOKEN, "authorization_declined", "", "x", "P" },
	{ TOKEN, "expired_token", "", "x", "P" },
	{ TOKEN, "bad_verification_code", "", "x", "P" },
	{ OUTCOME_AT_GREETING, 421, "", "", "4.7.0 busy", "L" },
	{ OUTCOME_AT_GREETING, 450, "", "", "busy", "L" },
	{ OUTCOME_AT_GREETING, 554, "", "", "no", "L" },
	{ OUTCOME_AT_EHLO, 250, "", "", "AUTH CRAM-MD5", "C" },
	{ OUTCOME_AT_AUTH, 535, "400", "", "x", "F" },
	{ OUTCOME_AT_AUTH, 535, "401", "", "x", "F" },
	{ OUTCOME_AT_AUTH, 535, "401", "smtp.gmail.com", "5.7.8 x", "F" },
	{ OUTCOME_AT_AUTH, 535, "invalid_token", "", "x", "F" },
	{ OUTCOME_AT_AUTH, 535, "insufficient_scope", "", "5.7.8 x", "C" },
	/* more is known by the word than by who says it */
	{ OUTCOME_AT_AUTH, 535, "insufficient_scope", "smtp.gmail.com",
	    "5.7.8 x", "C" },
	{ OUTCOME_AT_AUTH, 535, "invalid_request", "", "5.7.8 x", "C" },
	{ OUTCOME_AT_AUTH, 535, "moon_phase", "", "5.7.8 x", "F" },
	{ OUTCOME_AT_AUTH, 535, "", "", "5.7.3 no", "F" },
	{ OUTCOME_AT_AUTH, 535, "", "", "5.7.8 no", "F" },
	{ OUTCOME_AT_AUTH, 535, "", "", "no", "F" },
	{ OUTCOME_AT_AUTH, 535, "", "smtp.office365.com", "5.7.139 no", "C" },
	{ OUTCOME_AT_AUTH, 501, "", "", "5.5.127 expires soon", "F" },
	{ OUTCOME_AT_AUTH, 501, "", "", "5.5.124 bad", "C" },
	{ OUTCOME_AT_AUTH, 500, "", "", "5.5.2 too long", "C" },
	{ OUTCOME_AT_AUTH, 500, "", "", "5.5.6 too long", "C" },
	{ OUTCOME_AT_AUTH, 501, "", "", "5.5.2 syntax", "C" },
	{ OUTCOME_AT_AUTH, 555, "", "", "5.5.2 syntax", "C" },
	{ OUTCOME_AT_AUTH, 421, "", "", "4.7.0 busy", "L" },
	{ OUTCOME_AT_AUTH, 432, "", "", "4.3.2 busy", "L" },
	{ OUTCOME_AT_AUTH, 435, "", "", "busy", "L" },
	{ OUTCOME_AT_AUTH, 450, "", "", "4.7.1 busy", "L" },
	{ OUTCOME_AT_AUTH, 451, "", "", "busy", "L" },
	{ OUTCOME_AT_AUTH, 454, "", "", "4.7.0 busy", "L" },
	{ OUTCOME_AT_AUTH, 455, "", "", "busy", "L" },
	{ OUTCOME_AT_AUTH, 504, "", "", "5.5.4 what", "C" },
	{ OUTCOME_AT_AUTH, 534, "", "", "5.7.9 weak", "C" },
	{ OUTCOME_AT_AUTH, 534, "", "smtp.gmail.com", "5.7.9 no", "P" },
	{ OUTCOME_AT_AUTH, 534, "", "smtp.gmail.com", "5.7.14 no", "P" },
	{ OUTCOME_AT_AUTH, 538, "", "", "5.7.11 clear", "C" },
	{ OUTCOME_AT_AUTH, 523, "", "", "5.7.10 clear", "C" },
	{ OUTCOME_AT_AUTH, 525, "", "", "5.7.13 disabled", "C" },
	{ OUTCOME_AT_AUTH, 530, "", "", "no", "C" },
	{ OUTCOME_AT_AUTH, 550, "", "", "no", "C" },
	{ OUTCOME_AT_AUTH, 554, "", "", "no", "C" },
	{ OUTCOME_AT_MAIL, 530, "", "", "5.7.0 no", "C" },
	{ OUTCOME_AT_MAIL, 530, "", "", "5.7.57 no", "C" },
	{ OUTCOME_AT_AUTH, 550, "", "smtp.office365.com", "5.7.30 no", "C" },
	{ OUTCOME_AT_MAIL, 550, "", "smtp.office365.com", "5.7.30 no", "C" },
	{ OUTCOME_AT_FINAL, 550, "", "smtp.office365.com", "5.7.30 no", "C" },
	{ OUTCOME_AT_FINAL, 550, "", "smtp.gmail.com", "5.7.30 no", "M" },
	{ OUTCOME_AT_MAIL, 550, "", "smtp.office365.com", "5.7.60 no", "C" },
	{ OUTCOME_AT_FINAL, 550, "", "smtp.office365.com", "5.7.60 no", "C" },
	{ OUTCOME_AT_FINAL, 554, "", "", "5.2.0 x.SendAsDenied.y", "C" },
	{ OUTCOME_AT_BODY, 554, "", "", "5.2.0 x.SendAsDenied.y", "C" },
	{ OUTCOME_AT_FINAL, 550, "", "", "5.2.251 throttled", "L" },
	{ OUTCOME_AT_FINAL, 550, "", "", "5.2.252 throttled", "L" },
	{ OUTCOME_AT_FINAL, 550, "", "", "5.2.255 throttled", "L" },
	{ OUTCOME_AT_FINAL, 554, "", "smtp.office365.com", "5.2.252 x", "C" },
	{ OUTCOME_AT_MAIL, 550, "", "", "5.4.5 limit", "L" },
	{ OUTCOME_AT_RCPT, 550, "", "", "5.4.5 limit", "L" },
	{ OUTCOME_AT_DATA, 550, "", "", "5.4.5 limit", "L" },
	{ OUTCOME_AT_RCPT, 452, "", "", "4.5.3 too many", "T" },
	{ OUTCOME_AT_FINAL, 432, "", "", "4.3.2 STOREDRV.Deliver; x", "T" },
	{ OUTCOME_AT_FINAL, 554, "", "smtp.office365.com", "5.2.2 full", "P" },
	{ OUTCOME_AT_FINAL, 430, "", "smtp.office365.com", "4.2.0 x", "L" },
	{ OUTCOME_AT_FINAL, 550, "", "smtp.office365.com", "5.1.8 no", "C" },
	{ OUTCOME_AT_FINAL, 550, "", "smtp.office365.com", "5.7.501 no", "C" },
	{ OUTCOME_AT_FINAL, 550, "", "smtp.office365.com", "5.7.708 no", "C" },
	{ OUTCOME_AT_RCPT, 550, "", "", "5.1.1 no", "M" },
	{ OUTCOME_AT_RCPT, 550, "", "", "5.1.10 no", "M" },
	{ OUTCOME_AT_RCPT, 553, "", "", "bad name", "M" },
	{ OUTCOME_AT_RCPT, 550, "", "", "5.7.1 no", "C" },
	{ OUTCOME_AT_RCPT, 554, "", "smtp.sendgrid.net", "5.7.1 no", "C" },
	{ OUTCOME_AT_RCPT, 550, "", "smtp.office365.com", "5.7.124 no", "M" },
	{ OUTCOME_AT_MAIL, 552, "", "", "5.3.4 large", "M" },
	{ OUTCOME_AT_FINAL, 552, "", "", "5.3.4 large", "M" },
	{ OUTCOME_AT_FINAL, 554, "", "", "5.6.0 bad", "M" },
	{ OUTCOME_AT_FINAL, 554, "", "", "5.7.1 content", "M" },
#undef TOKEN
};

/* oauth.md 2.11 in the order of its lines, with what was corrected since. */
START_TEST(codes_decide)
{
	struct outcome o;
	const char *got;

	outcome_set(&o, OUTCOME_LATER, OUTCOME_CLASS_NONE, cases[_i].stage,
	    cases[_i].code, cases[_i].text);
	copy(o.error, sizeof(o.error), cases[_i].error);
	copy(o.provider, sizeof(o.provider), hint_provider(cases[_i].host));
	hint_classify(&o);
	got = outcome_class_name(o.class);
	ck_assert_msg(strcmp(got, cases[_i].want) == 0, "%s %d %s %s: got %s",
	    outcome_stage_name(cases[_i].stage), cases[_i].code,
	    cases[_i].error, cases[_i].text, got);
	check_step(cases[_i].text, &o);
}
END_TEST

/* ---- what is left alone */

static struct outcome
made(enum outcome_stage stage, int code, const char *text)
{
	struct outcome o;

	outcome_set(&o, OUTCOME_LATER, OUTCOME_CLASS_NONE, stage, code, text);
	return o;
}

START_TEST(leaves_what_is_settled)
{
	struct outcome o = made(OUTCOME_AT_FINAL, 250, "2.0.0 ok");

	o.kind = OUTCOME_DELIVERED;
	hint_classify(&o);
	ck_assert_int_eq(o.kind, OUTCOME_DELIVERED);
	ck_assert_int_eq(o.class, OUTCOME_CLASS_NONE);

	o = made(OUTCOME_AT_FINAL, 0, "lost");
	o.kind = OUTCOME_UNCLEAR;
	o.class = OUTCOME_CLASS_T;
	hint_classify(&o);
	ck_assert_int_eq(o.kind, OUTCOME_UNCLEAR);
	ck_assert_int_eq(o.class, OUTCOME_CLASS_T);

	o = made(OUTCOME_AT_MAIL, 0, "the message is larger than SIZE");
	o.kind = OUTCOME_REFUSED;
	o.class = OUTCOME_CLASS_M;
	hint_classify(&o);
	ck_assert_int_eq(o.kind, OUTCOME_REFUSED);
	ck_assert_int_eq(o.class, OUTCOME_CLASS_M);

	/* token_type that is no Bearer: our words, with a status */
	o = made(OUTCOME_AT_TOKEN, 200, "token_type is \"mac\"");
	o.ours = true;
	o.class = OUTCOME_CLASS_C;
	hint_classify(&o);
	ck_assert_int_eq(o.class, OUTCOME_CLASS_C);
}
END_TEST

/* Two services, one code, both texts, two classes: the code alone decides. */
START_TEST(equals_that_disagree_decide_nothing)
{
	struct outcome o = made(OUTCOME_AT_FINAL, 554,
	    "Reject due to policy restrictions; Email address is not verified");

	ck_assert_ptr_null(hint_find(&o));
	hint_classify(&o);
	ck_assert_int_eq(o.class, OUTCOME_CLASS_M);
	copy(o.provider, sizeof(o.provider), "gmx");
	ck_assert_str_eq(hint_find(&o)->id, "gmx-554");
	copy(o.provider, sizeof(o.provider), "ses");
	ck_assert_str_eq(hint_find(&o)->id, "ses-554");
	copy(o.provider, sizeof(o.provider), "google");
	ck_assert_ptr_null(hint_find(&o));
	/* It is known whose server it is: another's words mean nothing. */
	o = made(OUTCOME_AT_FINAL, 554, "Email address is not verified");
	ck_assert_str_eq(hint_find(&o)->id, "ses-554");
	copy(o.provider, sizeof(o.provider), "google");
	ck_assert_ptr_null(hint_find(&o));
}
END_TEST

START_TEST(narrower_is_better)
{
	struct outcome o = made(OUTCOME_AT_AUTH, 535, "5.7.8 no");

	ck_assert_str_eq(hint_find(&o)->id, "dv-535");
	o = made(OUTCOME_AT_AUTH, 535, "5.7.9 no");
	ck_assert_str_eq(hint_find(&o)->id, "smtp-535");
}
END_TEST

/* A reply that is good in its place, and no delivery: the link's fault. */
START_TEST(good_and_no_use)
{
	struct outcome o = made(OUTCOME_AT_MAIL, 250, "2.1.0 ok");

	hint_classify(&o);
	ck_assert_int_eq(o.class, OUTCOME_CLASS_L);
	ck_assert_int_eq(o.kind, OUTCOME_LATER);
}
END_TEST

START_TEST(providers_by_host)
{
	static const struct {
		const char *host, *want;
	} v[] = {
		{ "smtp.office365.com", "microsoft" },
		{ "SMTP.Office365.COM", "microsoft" },
		{ "x.smtp.office365.com", "" },
		{ "example-com.mail.protection.outlook.com", "microsoft" },
		{ ".mail.protection.outlook.com", "" },
		{ "smtp.gmail.com", "google" },
		{ "oauth2.googleapis.com", "google" },
		{ "login.microsoftonline.com", "entra" },
		{ "smtp.zoho.eu", "zoho" },
		{ "smtp.zoho.", "" },
		{ "email-smtp.us-east-1.amazonaws.com", "ses" },
		{ "email-smtp.amazonaws.com", "" },
		{ "email-smtp..amazonaws.com", "" },
		{ "smtp.mail.yahoo.com", "yahoo" },
		{ "in-v3.mailjet.com", "mailjet" },
		{ "localhost", "" },
		{ "mail.example.com", "" },
		{ "", "" },
		{ NULL, "" },
	};
	int i;

	for (i = 0; i < N(v); i++) {
		ck_assert_msg(strcmp(hint_provider(v[i].host), v[i].want) == 0,
		    "%s: got %s", v[i].host, hint_provider(v[i].host));
	}
}
END_TEST

/* ---- what is told */

/* The advice on o, meaning and remedy, in a static buffer. */
static const char *
told(const struct outcome *o, const struct hint_names *n)
{
	static char text[4096];
	struct buf b;

	buf_init(&b, sizeof(text) - 1);
	hint_add_meaning(&b, o);
	buf_add_char(&b, '|');
	hint_add_remedy(&b, o, n);
	memcpy(text, b.data, b.len + 1);
	buf_clear(&b);
	return text;
}

START_TEST(general_advice)
{
#define CONF " (/etc/osmtp/osmtp.conf:12)"
	static const struct {
		enum outcome_kind kind;
		enum outcome_class class;
		enum outcome_stage stage;
		int code;
		const char *want;
	} v[] = {
		{ OUTCOME_DELIVERED, OUTCOME_CLASS_NONE, OUTCOME_AT_FINAL, 250,
		    "|" },
		{ OUTCOME_UNCLEAR, OUTCOME_CLASS_T, OUTCOME_AT_FINAL, 0,
		    "|look whether it has arrived before it is sent again" },
		{ OUTCOME_LATER, OUTCOME_CLASS_NONE, OUTCOME_AT_FINAL, 0, "|" },
		{ OUTCOME_LATER, OUTCOME_CLASS_L, OUTCOME_AT_MAIL, 451,
		    "|try again later" },
		{ OUTCOME_LATER, OUTCOME_CLASS_T, OUTCOME_AT_FINAL, 451,
		    "|try again later" },
		{ OUTCOME_LATER, OUTCOME_CLASS_P, OUTCOME_AT_AUTH, 0,
		    "|let whoever sends read it, or send as a user who may" },
		{ OUTCOME_LATER, OUTCOME_CLASS_P, OUTCOME_AT_AUTH, 533,
		    "|get a valid password or consent for u@example.com and "
		    "put it into profiles.noreply (osmtp seal --set "
		    "noreply.password)" CONF },
		{ OUTCOME_LATER, OUTCOME_CLASS_P, OUTCOME_AT_TOKEN, 400,
		    "|get a new consent and set "
		    "profiles.noreply.oauth.refresh_token (osmtp seal --set "
		    "noreply.oauth.refresh_token)" CONF },
		{ OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_TOKEN, 400,
		    "|correct client_id, client_secret, token_url or scope in "
		    "profiles.noreply.oauth" CONF },
		{ OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_TOKEN, 0,
		    "|correct that in profiles.noreply.oauth" CONF },
		{ OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_GREETING, 555,
		    "|correct server in profiles.noreply" CONF },
		{ OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_TLS, 501,
		    "|ask the server's administrator for a valid certificate, "
		    "or name its CA in profiles.noreply.tls.ca_file" CONF },
		{ OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_AUTH, 533,
		    "|correct user, auth, sasl or the secret in "
		    "profiles.noreply, or have this way of login allowed at "
		    "the server" CONF },
		{ OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_MAIL, 550,
		    "|have profile noreply allowed to send as this sender at "
		    "the server, or correct address in profiles.noreply" CONF },
		{ OUTCOME_REFUSED, OUTCOME_CLASS_M, OUTCOME_AT_RCPT, 550,
		    "|check the recipient's address" },
		{ OUTCOME_REFUSED, OUTCOME_CLASS_M, OUTCOME_AT_FINAL, 554,
		    "|change the message: the server will not take it as it "
		    "is" },
	};
	struct outcome o;
	int i;

	for (i = 0; i < N(v); i++) {
		o = made(v[i].stage, v[i].code, "nobody knows these words");
		o.kind = v[i].kind;
		o.class = v[i].class;
		ck_assert_str_eq(told(&o, &names), v[i].want);
	}
}
END_TEST

/* What others know of an outcome counts for more than the row. */
START_TEST(tells_what_still_holds)
{
	struct outcome o = made(
	    OUTCOME_AT_RCPT, 554, "5.7.1 <b@example.org>: Relay access denied");
	struct hint_names system = names;

	hint_classify(&o);
	ck_assert_str_eq(told(&o, &names),
	    "No login took place (or it does not count), so the server does "
	    "not forward; the recipient is not the fault.|set auth = "
	    "[\"password\"] or [\"oauth\"] in profiles.noreply, then osmtp "
	    "check noreply" CONF);
	o.class = OUTCOME_CLASS_M; /* the others were taken */
	o.kind = OUTCOME_REFUSED;
	ck_assert_str_eq(told(&o, &names), "|check the recipient's address");

	o = made(OUTCOME_AT_AUTH, 535, "5.7.8 Authentication failed.");
	hint_classify(&o);
	ck_assert_int_eq(o.class, OUTCOME_CLASS_F);
	o.class = OUTCOME_CLASS_P;
	ck_assert(text_starts(told(&o, &names),
	    "Token or password is refused.|osmtp check noreply; then osmtp "
	    "seal --set noreply.password"));
	o.class = OUTCOME_CLASS_C;
	system.mailbox = false;
	ck_assert(text_starts(told(&o, &system),
	    "Token or password is refused.|correct user, auth, sasl"));

	/* An administrator's step helps a system profile, too. */
	o = made(OUTCOME_AT_AUTH, 535, "5.7.3 Authentication unsuccessful");
	o.class = OUTCOME_CLASS_C;
	ck_assert(strstr(told(&o, &system),
		      "Set-CASMailbox u@example.com -Smtp") != NULL);

	/* 421 in a message is this message's, but says the same. */
	o = made(OUTCOME_AT_RCPT, 421, "4.3.0 Temporary System Problem. x");
	o.class = OUTCOME_CLASS_T;
	ck_assert(text_starts(told(&o, &names), "Usually too many"));
}
END_TEST

START_TEST(stands_in)
{
	struct hint_names nobody = {
		.profile = "NAME", .user = "", .host = "", .path = NULL
	};
	struct outcome o = made(
	    OUTCOME_AT_TOKEN, 401, "temporarily_unavailable: AADSTS90033: x");

	copy(o.error, sizeof(o.error), "temporarily_unavailable");
	copy(o.detail, sizeof(o.detail), "90033");
	copy(o.provider, sizeof(o.provider), "entra");
	hint_classify(&o);
	ck_assert_str_eq(told(&o, &names),
	    "Microsoft has trouble of its own.|try again later; osmtp profiles "
	    "shows the next attempt");
	o = made(OUTCOME_AT_TOKEN, 401, "invalid_client: AADSTS700024: x");
	copy(o.error, sizeof(o.error), "invalid_client");
	copy(o.detail, sizeof(o.detail), "700024");
	copy(o.provider, sizeof(o.provider), "entra");
	hint_classify(&o);
	ck_assert(
	    strstr(told(&o, &names),
		"timedatectl set-ntp true, then osmtp check noreply") != NULL);
	o = made(OUTCOME_AT_CONNECT, 0, "Could not resolve host: x");
	hint_classify(&o);
	ck_assert_int_eq(o.class, OUTCOME_CLASS_L);
	ck_assert(strstr(told(&o, &nobody),
		      "resolvectl query HOST, then correct server in "
		      "profiles.NAME") != NULL);
}
END_TEST

START_TEST(a_login_is_advised_where_there_is_one)
{
	struct hint_names n = { .profile = "anna",
		.mailbox = true,
		.login = true,
		.user = "u@example.com",
		.host = "h" };
	struct outcome o;

	outcome_set(
	    &o, OUTCOME_LATER, OUTCOME_CLASS_P, OUTCOME_AT_TOKEN, 400, "no");
	ck_assert_str_eq(told(&o, &n), "|osmtp login anna");
	snprintf(o.error, sizeof(o.error), "invalid_grant");
	snprintf(o.detail, sizeof(o.detail), "50173");
	snprintf(o.provider, sizeof(o.provider), "entra");
	ck_assert_ptr_nonnull(strstr(told(&o, &n), "|osmtp login anna"));
	n.login = false;
	ck_assert_ptr_nonnull(
	    strstr(told(&o, &n), "set profiles.anna.oauth.refresh_token"));
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, each_is_known, 0, n_refusals);
	tcase_add_loop_test(tc, none_is_lost_behind_a_relay, 0, n_refusals);
	tcase_add_test(tc, each_row_has_its_text);
	tcase_add_loop_test(tc, codes_decide, 0, N(cases));
	tcase_add_test(tc, leaves_what_is_settled);
	tcase_add_test(tc, equals_that_disagree_decide_nothing);
	tcase_add_test(tc, narrower_is_better);
	tcase_add_test(tc, good_and_no_use);
	tcase_add_test(tc, providers_by_host);
	tcase_add_test(tc, general_advice);
	tcase_add_test(tc, a_login_is_advised_where_there_is_one);
	tcase_add_test(tc, tells_what_still_holds);
	tcase_add_test(tc, stands_in);
}

int
main(void)
{
	read_refusals();
	return unit_main("hint", add);
}
