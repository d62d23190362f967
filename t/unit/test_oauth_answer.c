/* SPDX-License-Identifier: ISC */
/* oauth_answer: answers of token endpoints, good and bad. */
#include "gate/oauth.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "unit.h"

#define NOW	INT64_C(1767225600000)
#define LIFE(s) ((int64_t)(s)*1000)

/* Answers with a usable token "abc". */
static const struct {
	const char *label, *body;
	int64_t life;
} good[] = {
	{ "plain",
	    "{\"access_token\":\"abc\",\"token_type\":\"Bearer\","
	    "\"expires_in\":3599}",
	    3599 },
	{ "type in capitals",
	    "{\"access_token\":\"abc\",\"token_type\":\"BEARER\","
	    "\"expires_in\":60}",
	    60 },
	{ "type absent", "{\"access_token\":\"abc\",\"expires_in\":60}", 60 },
	{ "type null",
	    "{\"access_token\":\"abc\",\"token_type\":null,"
	    "\"expires_in\":60}",
	    60 },
	{ "life as a string",
	    "{\"access_token\":\"abc\",\"expires_in\":\"90\"}", 90 },
	{ "life as a fraction",
	    "{\"access_token\":\"abc\",\"expires_in\":90.9}", 90 },
	{ "life with an exponent",
	    "{\"access_token\":\"abc\",\"expires_in\":3.6e3}", 3600 },
	{ "life missing", "{\"access_token\":\"abc\"}", OAUTH_DEFAULT_LIFE },
	{ "life null", "{\"access_token\":\"abc\",\"expires_in\":null}",
	    OAUTH_DEFAULT_LIFE },
	{ "life of another kind",
	    "{\"access_token\":\"abc\",\"expires_in\":[60]}",
	    OAUTH_DEFAULT_LIFE },
	{ "life of a size that no number has",
	    "{\"access_token\":\"abc\",\"expires_in\":1e400}", OAUTH_MAX_LIFE },
	{ "life in words", "{\"access_token\":\"abc\",\"expires_in\":\"soon\"}",
	    OAUTH_DEFAULT_LIFE },
	{ "life zero", "{\"access_token\":\"abc\",\"expires_in\":0}", 0 },
	{ "life negative", "{\"access_token\":\"abc\",\"expires_in\":-5}", 0 },
	{ "life huge",
	    "{\"access_token\":\"abc\",\"expires_in\":9223372036854775807}",
	    OAUTH_MAX_LIFE },
	{ "life beyond 64 bits",
	    "{\"access_token\":\"abc\",\"expires_in\":99999999999999999999999}",
	    OAUTH_MAX_LIFE },
	{ "life huge as a string",
	    "{\"access_token\":\"abc\","
	    "\"expires_in\":\"99999999999999999999999\"}",
	    OAUTH_MAX_LIFE },
	{ "life beyond 64 bits, negative",
	    "{\"access_token\":\"abc\",\"expires_in\":-99999999999999999999}",
	    0 },
	{ "more members, blanks, byte order mark",
	    "\357\273\277 { \"scope\" : \"a b\" , \"ext\":{\"x\":[1,2]},\r\n"
	    "\"refresh_token\":\"r\",\"access_token\" : \"abc\" }\r\n",
	    OAUTH_DEFAULT_LIFE },
	{ "a token beside an empty error",
	    "{\"access_token\":\"abc\",\"error\":\"\"}", OAUTH_DEFAULT_LIFE },
};

START_TEST(good_answers)
{
	struct oauth_token t;
	struct outcome o;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(&o, 0, sizeof(o));
		oauth_token_init(&t);
		ck_assert_msg(oauth_read_answer(200, good[i].body,
				  strlen(good[i].body), NOW, &t, &o),
		    "%s: %s", good[i].label, o.text);
		ck_assert_str_eq(secret_reveal(&t.access), "abc");
		ck_assert_int_eq(t.obtained, NOW);
		ck_assert_msg(t.expires - NOW == LIFE(good[i].life),
		    "%s: lives %lld", good[i].label,
		    (long long)(t.expires - NOW));
		oauth_token_clear(&t);
	}
}
END_TEST

enum { C = OUTCOME_CLASS_C, L = OUTCOME_CLASS_L, P = OUTCOME_CLASS_P };

/* Answers without a usable token. */
static const struct {
	const char *label;
	int status;
	const char *body;
	int class;
	bool ours;
	const char *text; /* whole if not ours, else a part */
} bad[] = {
	/* an error word in its ordinary place */
	{ "wrong secret", 401,
	    "{\"error\":\"invalid_client\","
	    "\"error_description\":\"client authentication failed\"}",
	    C, false, "invalid_client: client authentication failed" },
	{ "wrong secret with 400", 400, "{\"error\":\"invalid_client\"}", C,
	    false, "invalid_client" },
	{ "description of more lines", 400,
	    "{\"error\":\"invalid_client\",\"error_description\":"
	    "\"AADSTS7000215: Invalid secret.\\r\\nTrace ID: 1\\r\\n\"}",
	    C, false,
	    "invalid_client: AADSTS7000215: Invalid secret. Trace ID: 1" },
	{ "description with controls", 400,
	    "{\"error\":\"invalid_scope\","
	    "\"error_description\":\"\\u001b[31mred\"}",
	    C, false, "invalid_scope: [31mred" },
	{ "description in UTF-8", 400,
	    "{\"error\":\"invalid_scope\","
	    "\"error_description\":\"ung\303\274ltig\"}",
	    C, false, "invalid_scope: ung\303\274ltig" },
	{ "description empty", 400,
	    "{\"error\":\"invalid_scope\",\"error_description\":\"\"}", C,
	    false, "invalid_scope" },
	{ "description of another kind", 400,
	    "{\"error\":\"invalid_scope\",\"error_description\":[1]}", C, false,
	    "invalid_scope" },
	{ "scope", 400, "{\"error\":\"invalid_scope\"}", C, false,
	    "invalid_scope" },
	{ "client may not", 400, "{\"error\":\"unauthorized_client\"}", C,
	    false, "unauthorized_client" },
	{ "client may not, 403", 403, "{\"error\":\"unauthorized_client\"}", C,
	    false, "unauthorized_client" },
	{ "grant", 400, "{\"error\":\"invalid_grant\"}", C, false,
	    "invalid_grant" },
	{ "grant type", 400, "{\"error\":\"unsupported_grant_type\"}", C, false,
	    "unsupported_grant_type" },
	{ "request", 400, "{\"error\":\"invalid_request\"}", C, false,
	    "invalid_request" },
	{ "target", 400, "{\"error\":\"invalid_target\"}", C, false,
	    "invalid_target" },
	{ "denied", 403, "{\"error\":\"access_denied\"}", P, false,
	    "access_denied" },
	{ "declined", 400, "{\"error\":\"authorization_declined\"}", P, false,
	    "authorization_declined" },
	{ "too late", 400, "{\"error\":\"expired_token\"}", P, false,
	    "expired_token" },
	{ "still awaited, 428", 428, "{\"error\":\"authorization_pending\"}", L,
	    false, "authorization_pending" },
	{ "asked too fast, 403", 403, "{\"error\":\"slow_down\"}", L, false,
	    "slow_down" },
	{ "a person must log in", 400, "{\"error\":\"interaction_required\"}",
	    P, false, "interaction_required" },
	{ "a person must consent", 400, "{\"error\":\"consent_required\"}", P,
	    false, "consent_required" },
	{ "unknown word, 400", 400, "{\"error\":\"quota\"}", C, false,
	    "quota" },
	{ "unknown word, 401", 401, "{\"error\":\"quota\"}", C, false,
	    "quota" },
	{ "unknown word, 403", 403, "{\"error\":\"quota\"}", C, false,
	    "quota" },
	/* for later, wherever it is written */
	{ "unavailable on 400", 400, "{\"error\":\"temporarily_unavailable\"}",
	    L, false, "temporarily_unavailable" },
	{ "server error on 400", 400,
	    "{\"error\":\"server_error\",\"error_description\":\"x\"}", L,
	    false, "server_error: x" },
	{ "server error on 401", 401, "{\"error\":\"server_error\"}", L, false,
	    "server_error" },
	{ "unavailable on 200", 200, "{\"error\":\"temporarily_unavailable\"}",
	    L, false, "temporarily_unavailable" },
	{ "500 with HTML", 500, "<html><h1>Internal error</h1>", L, true,
	    "HTTP 500: the answer begins: <html><h1>Internal error</h1>" },
	{ "502 with nothing", 502, "", L, true,
	    "HTTP 502: the answer is empty" },
	{ "503 with a word of ours to mend", 503,
	    "{\"error\":\"invalid_client\"}", L, false, "invalid_client" },
	{ "504", 504, "upstream timed out", L, true, "upstream timed out" },
	{ "408", 408, "", L, true, "HTTP 408" },
	{ "425", 425, "", L, true, "HTTP 425" },
	{ "429", 429, "slow down, please", L, true, "slow down, please" },
	{ "429 with a word", 429, "{\"error\":\"too_many\"}", L, false,
	    "too_many" },
	/* the wrong place */
	{ "301", 301, "", C, true, "redirects are not followed" },
	{ "302 with HTML", 302, "<a href=x>", C, true, "check token_url" },
	{ "307", 307, "", C, true, "HTTP 307" },
	{ "308 with a token", 308, "{\"access_token\":\"abc\"}", C, true,
	    "redirects are not followed" },
	{ "404", 404, "Not Found", C, true,
	    "HTTP 404: this is not a token endpoint: check token_url" },
	{ "404 with a word", 404, "{\"error\":\"Realm does not exist\"}", C,
	    true, "check token_url" },
	{ "405", 405, "", C, true, "check token_url" },
	{ "410", 410, "", C, true, "check token_url" },
	/* no JSON, no word */
	{ "403 with HTML", 403, "<html>blocked", L, true, "<html>blocked" },
	{ "403 without a word", 403, "{\"message\": \"no\"}", L, true,
	    "HTTP 403" },
	{ "400 with HTML", 400, "<html>bad request", C, true, "HTTP 400" },
	{ "401 with nothing", 401, "", C, true, "HTTP 401" },
	{ "400, the word is empty", 400, "{\"error\":\"\"}", C, true,
	    "HTTP 400" },
	{ "400, the word is an object", 400,
	    "{\"error\": {\"message\":\"no\"}}", C, true, "HTTP 400" },
	{ "418", 418, "I am a teapot", C, true, "I am a teapot" },
	/* success without a token */
	{ "HTML", 200, "<html><title>Log in to the hotel</title>", L, true,
	    "not a JSON object; the answer begins: <html><title>Log in to the "
	    "hotel</title>" },
	{ "HTML of lines", 200, "\n<html>\n\t<body>\n", L, true,
	    "begins: <html> <body>" },
	{ "nothing", 200, "", L, true, "the answer is empty" },
	{ "blanks", 200, " \r\n", L, true, "the answer is empty" },
	{ "204", 204, "", L, true, "HTTP 204" },
	{ "a list", 200, "[]", L, true, "not a JSON object" },
	{ "no token", 200, "{\"token_type\": \"Bearer\"}", L, true,
	    "no access_token" },
	{ "empty token", 200, "{\"access_token\":\"\"}", L, true,
	    "access_token is not a string, or empty" },
	{ "token null", 200, "{\"access_token\":null}", L, true,
	    "access_token is not a string" },
	{ "token a number", 200, "{\"access_token\":5}", L, true,
	    "access_token is not a string" },
	{ "error on 200", 200, "{\"error\":\"invalid_client\"}", C, false,
	    "invalid_client" },
	{ "unknown error on 200", 200, "{\"error\":\"bad_code\"}", L, false,
	    "bad_code" },
	/* a token that must not be used; its octets say "secret" */
	{ "CR LF in it", 200, "{\"access_token\":\"secret\\r\\nX\"}", L, true,
	    "access_token holds octets" },
	{ "blank in it", 200, "{\"access_token\":\"a secret\"}", L, true,
	    "access_token holds octets" },
	{ "0x01 in it", 200, "{\"access_token\":\"secret\\u0001\"}", L, true,
	    "access_token holds octets" },
	{ "DEL in it", 200, "{\"access_token\":\"secret\\u007f\"}", L, true,
	    "access_token holds octets" },
	{ "8-bit in it", 200, "{\"access_token\":\"secret\303\244\"}", L, true,
	    "access_token holds octets" },
	{ "NUL in it", 200, "{\"access_token\":\"secret\\u0000\"}", L, true,
	    "not a JSON object" },
	{ "type mac", 200,
	    "{\"access_token\":\"secret\",\"token_type\":\"mac\"}", C, true,
	    "token_type is \"mac\"" },
	{ "type DPoP", 200,
	    "{\"access_token\":\"secret\",\"token_type\":\"DPoP\"}", C, true,
	    "token_type is \"DPoP\"" },
	{ "type empty", 200,
	    "{\"access_token\":\"secret\",\"token_type\":\"\"}", C, true,
	    "token_type is \"\"" },
	/* a token where none is looked for must not be shown either */
	{ "cut short", 200, "{\"access_token\": \"secret", L, true,
	    "not a JSON object" },
	{ "a form", 200, "access_token=secret&scope=a b", L, true,
	    "octets that are not shown" },
	{ "the token alone", 200, "eyJsecret", L, true,
	    "9 octets that are not shown" },
	{ "another key", 200, "{\"id_token\": \"secret\"}", L, true,
	    "no access_token" },
};

static void
check_bad(size_t i)
{
	struct oauth_token t;
	struct outcome o;

	memset(&o, 0, sizeof(o));
	oauth_token_init(&t);
	ck_assert_msg(!oauth_read_answer(bad[i].status, bad[i].body,
			  strlen(bad[i].body), NOW, &t, &o),
	    "%s", bad[i].label);
	ck_assert_uint_eq(secret_len(&t.access), 0);
	ck_assert_msg((int)o.class == bad[i].class, "%s: class %s: %s",
	    bad[i].label, outcome_class_name(o.class), o.text);
	ck_assert_int_eq(o.kind, OUTCOME_LATER);
	ck_assert_int_eq(o.stage, OUTCOME_AT_TOKEN);
	ck_assert_int_eq(o.code, bad[i].status);
	ck_assert_msg(o.ours == bad[i].ours, "%s: whose text", bad[i].label);
	ck_assert_msg(bad[i].ours ? strstr(o.text, bad[i].text) != NULL
				  : strcmp(o.text, bad[i].text) == 0,
	    "%s: %s", bad[i].label, o.text);
	ck_assert_msg(strstr(o.text, "secret") == NULL ||
			  strstr(bad[i].body, "Invalid secret") != NULL,
	    "%s: %s", bad[i].label, o.text);
	oauth_token_clear(&t);
}

START_TEST(bad_answers)
{
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_bad(i);
}
END_TEST

/* A JSON answer whose member has n letters. */
static size_t
write_long(char *body, const char *before, size_t n)
{
	size_t k = strlen(before);

	memcpy(body, before, k);
	memset(body + k, 'x', n);
	memcpy(body + k + n, "\"}", 3);
	return k + n + 2;
}

START_TEST(long_answers)
{
	static char body[2 * OAUTH_MAX_ANSWER];
	struct oauth_token t;
	struct outcome o;
	size_t n;

	oauth_token_init(&t);
	n = write_long(body, "{\"access_token\":\"", OAUTH_MAX_TOKEN);
	ck_assert(oauth_read_answer(200, body, n, NOW, &t, &o));
	ck_assert_uint_eq(secret_len(&t.access), OAUTH_MAX_TOKEN);
	oauth_token_clear(&t);

	n = write_long(body, "{\"access_token\":\"", OAUTH_MAX_TOKEN + 1);
	ck_assert(!oauth_read_answer(200, body, n, NOW, &t, &o));
	ck_assert_int_eq(o.class, OUTCOME_CLASS_L);
	ck_assert_ptr_nonnull(strstr(o.text, "too long"));
	ck_assert_ptr_null(strstr(o.text, "xxx"));

	/* Longer than an answer may be, though the token is good. */
	n = write_long(
	    body, "{\"access_token\":\"abc\",\"pad\":\"", OAUTH_MAX_ANSWER);
	ck_assert(!oauth_read_answer(200, body, n, NOW, &t, &o));
	ck_assert_int_eq(o.class, OUTCOME_CLASS_L);

	n = write_long(body,
	    "{\"error\":\"invalid_scope\",\"error_description\":\"", 4000);
	ck_assert(!oauth_read_answer(400, body, n, NOW, &t, &o));
	ck_assert(strncmp(o.text, "invalid_scope: xxx", 18) == 0);
	ck_assert_uint_gt(strlen(o.text), 300);
	ck_assert_uint_lt(strlen(o.text), OUTCOME_TEXT_MAX);

	n = write_long(body, "<html> <b>", 4000);
	ck_assert(!oauth_read_answer(200, body, n, NOW, &t, &o));
	ck_assert_ptr_nonnull(strstr(o.text, "<html> <b>xxx"));
	ck_assert_uint_lt(strlen(o.text), 200);
	oauth_token_clear(&t);
}
END_TEST

/* The refresh token of an answer. */
START_TEST(refresh_tokens)
{
	static const struct {
		const char *label, *member, *want;
	} cases[] = {
		{ "one", "\"refresh_token\":\"1//0g-r.t_~\"", "1//0g-r.t_~" },
		{ "a blank is allowed", "\"refresh_token\":\"a b\"", "a b" },
		{ "none", "\"scope\":\"x\"", "" },
		{ "empty", "\"refresh_token\":\"\"", "" },
		{ "null", "\"refresh_token\":null", "" },
		{ "a number", "\"refresh_token\":5", "" },
		{ "a line end", "\"refresh_token\":\"a\\nb\"", "" },
		{ "DEL", "\"refresh_token\":\"a\\u007f\"", "" },
	};
	static char body[2 * OAUTH_MAX_TOKEN];
	struct oauth_token t;
	struct outcome o;
	char text[256];
	size_t i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "{\"access_token\":\"abc\",%s}",
		    cases[i].member);
		oauth_token_init(&t);
		ck_assert(
		    oauth_read_answer(200, text, strlen(text), NOW, &t, &o));
		ck_assert_msg(
		    strcmp(secret_reveal(&t.refresh), cases[i].want) == 0, "%s",
		    cases[i].label);
		oauth_token_clear(&t);
	}
	oauth_token_init(&t);
	n = write_long(body, "{\"access_token\":\"abc\",\"refresh_token\":\"",
	    OAUTH_MAX_TOKEN);
	ck_assert(oauth_read_answer(200, body, n, NOW, &t, &o));
	ck_assert_uint_eq(secret_len(&t.refresh), OAUTH_MAX_TOKEN);
	oauth_token_clear(&t);
	n = write_long(body, "{\"access_token\":\"abc\",\"refresh_token\":\"",
	    OAUTH_MAX_TOKEN + 1);
	ck_assert(oauth_read_answer(200, body, n, NOW, &t, &o));
	ck_assert_uint_eq(secret_len(&t.refresh), 0);
	oauth_token_clear(&t);
}
END_TEST

/* What else an answer tells. */
START_TEST(other_members)
{
	static const struct {
		const char *label, *members;
		bool assumed;
		int64_t refresh_life;
		const char *scope;
	} cases[] = {
		{ "nothing", "", true, 0, "" },
		{ "life", ",\"expires_in\":\"60\"", false, 0, "" },
		{ "null", ",\"expires_in\":null", true, 0, "" },
		{ "in words", ",\"expires_in\":\"soon\"", true, 0, "" },
		{ "Entra's", ",\"refresh_token_expires_in\":86400", true, 86400,
		    "" },
		{ "Keycloak's", ",\"refresh_expires_in\":\"1800\"", true, 1800,
		    "" },
		{ "without end", ",\"refresh_expires_in\":0", true, 0, "" },
		{ "negative", ",\"refresh_expires_in\":-1", true, 0, "" },
		{ "huge", ",\"refresh_expires_in\":9223372036854775807", true,
		    INT64_C(10) * 366 * 86400, "" },
		{ "scope", ",\"scope\":\"https://m.example/ offline\"", true, 0,
		    "https://m.example/ offline" },
		{ "scope with controls", ",\"scope\":\" a\\n\\u001b[1mb \"",
		    true, 0, "a [1mb" },
		{ "scopes", ",\"scope\":[\"a\",\"b\"]", true, 0, "a b" },
		{ "no scopes", ",\"scope\":[1]", true, 0, "" },
		{ "no scope", ",\"scope\":{\"a\":1}", true, 0, "" },
	};
	struct oauth_token t;
	struct outcome o;
	char body[256];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		oauth_token_init(&t);
		snprintf(body, sizeof(body), "{\"access_token\":\"abc\"%s}",
		    cases[i].members);
		ck_assert(
		    oauth_read_answer(200, body, strlen(body), NOW, &t, &o));
		ck_assert_msg(t.life_assumed == cases[i].assumed, "%s: assumed",
		    cases[i].label);
		ck_assert_msg(t.refresh_expires ==
				  (cases[i].refresh_life == 0
					  ? 0
					  : NOW + LIFE(cases[i].refresh_life)),
		    "%s: consent until %lld", cases[i].label,
		    (long long)t.refresh_expires);
		ck_assert_msg(strcmp(t.scope, cases[i].scope) == 0,
		    "%s: scope \"%s\"", cases[i].label, t.scope);
		oauth_token_clear(&t);
		ck_assert(t.scope[0] == '\0' && t.refresh_expires == 0 &&
			  !t.life_assumed);
	}
}
END_TEST

START_TEST(long_scope)
{
	static char body[2048];
	struct oauth_token t;
	struct outcome o;
	size_t n =
	    write_long(body, "{\"access_token\":\"abc\",\"scope\":\"", 1500);

	oauth_token_init(&t);
	ck_assert(oauth_read_answer(200, body, n, NOW, &t, &o));
	ck_assert_uint_ge(strlen(t.scope), 500);
	ck_assert_uint_lt(strlen(t.scope), sizeof(t.scope));
	oauth_token_clear(&t);
}
END_TEST

/* Who signed in. The header is {"alg":"none"}; nothing is verified. */
START_TEST(logins)
{
	static const char deep[] = "{\"email\":\"a@b.example\",\"x\":"
				   "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]"
				   "]]]]]]]]]]]]]]]]]]]]]]]]]]}";
	static const struct {
		const char *claims, *login;
	} cases[] = {
		{ "{\"email\":\"anna@example.org\",\"upn\":\"x@y.example\"}",
		    "anna@example.org" },
		{ "{\"email\":\"\",\"preferred_username\":\"b@x.example\"}",
		    "b@x.example" },
		{ "{\"preferred_username\":\"anna\",\"upn\":\"u@x.example\"}",
		    "u@x.example" },
		{ "{\"email\":[\"a@b.example\"],\"sub\":\"c@d.example\"}", "" },
		{ "{\"email\":\"Anna <anna@example.org>\"}", "" },
		{ "{\"email\":\"a@b.example, c@d.example\"}", "" },
		{ "{\"email\":\"anna@example.org (x)\"}", "" },
		{ "{\"email\":\" anna@example.org\"}", "" },
		{ "{\"email\":\"anna@exam\\u001bple.org\"}", "" },
		{ "{\"email\":\"anna\\r\\n@example.org\"}", "" },
		{ "{\"email\":\"\\u202eanna@example.org\"}", "" },
		{ "{\"email\":\"<>\"}", "" },
		{ "{\"email\":\"@\"}", "" },
		{ "{\"email\":\"a@b\\u0000\"}", "" },
		{ deep, "" },
		{ "[\"email\"]", "" },
		{ "", "" },
	};
	struct oauth_token t;
	struct outcome o;
	struct buf body;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		oauth_token_init(&t);
		buf_init(&body, 4096);
		buf_add_str(&body, "{\"access_token\":\"abc\",\"id_token\":"
				   "\"eyJhbGciOiJub25lIn0.");
		text_add_base64url(
		    &body, cases[i].claims, strlen(cases[i].claims));
		buf_add_str(&body, ".\"}");
		ck_assert(
		    oauth_read_answer(200, body.data, body.len, NOW, &t, &o));
		ck_assert_msg(strcmp(t.login, cases[i].login) == 0,
		    "%s: login \"%s\"", cases[i].claims, t.login);
		buf_clear(&body);
		oauth_token_clear(&t);
		ck_assert_str_eq(t.login, "");
	}
}
END_TEST

/* What is no id_token does no harm. */
START_TEST(no_logins)
{
	static const char *const tokens[] = { "null", "5", "{}", "\"\"",
		"\".\"", "\"..\"", "\"a.b.c\"", "\"eyJhbGciOiJub25lIn0\"",
		"\"eyJhbGciOiJub25lIn0.\"", "\"eyJhbGciOiJub25lIn0.e30.\"",
		"\"eyJhbGciOiJub25lIn0.!.\"", "\"\\n.\\u0001.\\ufffd\"" };
	struct oauth_token t;
	struct outcome o;
	char body[256];
	size_t i;

	for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		oauth_token_init(&t);
		snprintf(body, sizeof(body),
		    "{\"access_token\":\"abc\",\"id_token\":%s}", tokens[i]);
		ck_assert_msg(
		    oauth_read_answer(200, body, strlen(body), NOW, &t, &o),
		    "%s: %s", tokens[i], o.text);
		ck_assert_str_eq(t.login, "");
		oauth_token_clear(&t);
	}
}
END_TEST

/* What narrows an error down. */
static const struct {
	const char *label, *body, *error, *detail;
} details[] = {
	{ "Entra's number",
	    "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082:"
	    " "
	    "The refresh token has expired\",\"error_codes\":[700082],"
	    "\"suberror\":\"bad_token\"}",
	    "invalid_grant", "700082" },
	{ "a number later in the text",
	    "{\"error\":\"invalid_grant\",\"error_description\":\"see "
	    "AADSTS50173.\"}",
	    "invalid_grant", "50173" },
	{ "no number",
	    "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS: "
	    "x\",\"suberror\":\"consent_required\"}",
	    "invalid_grant", "consent_required" },
	{ "a number without end",
	    "{\"error\":\"x\",\"error_description\":"
	    "\"AADSTS111111111122222222223333333333\"}",
	    "x", "" },
	{ "Google's subtype",
	    "{\"error\":\"invalid_grant\",\"error_subtype\":\"invalid_rapt\"}",
	    "invalid_grant", "invalid_rapt" },
	{ "controls", "{\"error\":\"a\\nb\",\"suberror\":\"c\\u0001d\"}", "a?b",
	    "c?d" },
	{ "too long",
	    "{\"error\":\"0123456789012345678901234567890123456789012345678901"
	    "\",\"suberror\":\"012345678901234567890123456789\"}",
	    "01234567890123456789012345678901234567890123...",
	    "01234567890123456789..." },
	{ "other types", "{\"error\":\"x\",\"suberror\":[1]}", "x", "" },
	{ "no word", "{\"error_subtype\":\"invalid_rapt\"}", "", "" },
};

START_TEST(error_and_detail)
{
	struct oauth_token t;
	struct outcome o;
	size_t i;

	oauth_token_init(&t);
	for (i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
		ck_assert(!oauth_read_answer(400, details[i].body,
		    strlen(details[i].body), NOW, &t, &o));
		ck_assert_msg(strcmp(o.error, details[i].error) == 0,
		    "%s: error \"%s\"", details[i].label, o.error);
		ck_assert_msg(strcmp(o.detail, details[i].detail) == 0,
		    "%s: detail \"%s\"", details[i].label, o.detail);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, good_answers);
	tcase_add_test(tc, bad_answers);
	tcase_add_test(tc, long_answers);
	tcase_add_test(tc, refresh_tokens);
	tcase_add_test(tc, other_members);
	tcase_add_test(tc, long_scope);
	tcase_add_test(tc, logins);
	tcase_add_test(tc, no_logins);
	tcase_add_test(tc, error_and_detail);
}

int
main(void)
{
	return unit_main("oauth_answer", add);
}
