/* SPDX-License-Identifier: ISC */
/* oauth_code: authorization requests, and what comes back. */
#include "oauth_aid.h"

#include "base/mem.h"
#include "base/text.h"
#include "gate/crypt.h"

#define ISSUER "https://as.example/r"

static struct oauth_client client;
static struct oauth_code q;
static struct secret code;

static void
begin(void)
{
	memset(&client, 0, sizeof(client));
	client.client_id = "id of mine";
	client.client_auth = OAUTH_AUTH_NONE;
	client.authorize_url = "https://as.example/auth";
	client.scope = "mail openid";
	secret_init(&code);
	memset(&q, 0, sizeof(q));
	secret_init(&q.verifier);
}

static void
end(void)
{
	end_endpoint();
	oauth_code_clear(&q);
	secret_clear(&code);
}

/* The value of a parameter of the URL, as it stands there. To be freed. */
static char *
parameter(const char *name)
{
	char *mark = mem_printf("&%s=", name);
	const char *at = strstr(q.url, mark);

	ck_assert_msg(at != NULL, "%s: %s", name, q.url);
	at += strlen(mark);
	free(mark);
	return mem_dup_n(at, strcspn(at, "&"));
}

static void
check_parameter(const char *name, const char *want)
{
	char *got = parameter(name);

	ck_assert_str_eq(got, want);
	free(got);
}

START_TEST(request)
{
	unsigned char hash[CRYPT_SHA256];
	struct crypt_octets text;
	struct buf challenge;
	const char *v;

	client.audience = "a&b";
	client.resource = "urn:r";
	oauth_code_begin(&client, "http://127.0.0.1:80/cb", "prompt=consent&x",
	    "a+b@example.org", NULL, &q);
	ck_assert(text_starts(q.url,
	    "https://as.example/auth?response_type=code&client_id=id%20of%20"
	    "mine&redirect_uri=http%3A%2F%2F127.0.0.1%3A80%2Fcb&scope=mail%20"
	    "openid&state="));
	check_parameter("state", q.state);
	check_parameter("code_challenge_method", "S256");
	check_parameter("login_hint", "a%2Bb%40example.org");
	check_parameter("audience", "a%26b");
	check_parameter("resource", "urn%3Ar");
	check_parameter("prompt", "consent");
	ck_assert_ptr_nonnull(strstr(q.url, "&prompt=consent&x"));
	ck_assert_str_eq(q.redirect_uri, "http://127.0.0.1:80/cb");

	/* RFC 7636 4.1, 4.2; at least 128 bits of state */
	v = secret_reveal(&q.verifier);
	ck_assert_uint_ge(strlen(v), 43);
	ck_assert_uint_le(strlen(v), 128);
	ck_assert_uint_ge(strlen(q.state), 22);
	ck_assert_ptr_null(strstr(q.url, v));
	text.p = v;
	text.n = strlen(v);
	crypt_sha256(text, hash);
	buf_init(&challenge, 64);
	text_add_base64url(&challenge, hash, sizeof(hash));
	check_parameter("code_challenge", challenge.data);
	buf_clear(&challenge);
}
END_TEST

START_TEST(no_two_are_alike)
{
	char *state, *verifier;

	oauth_code_begin(&client, "http://localhost/", NULL, NULL, NULL, &q);
	state = mem_dup(q.state);
	verifier = mem_dup(secret_reveal(&q.verifier));
	ck_assert_ptr_null(strstr(q.url, "login_hint"));
	oauth_code_clear(&q);
	ck_assert_ptr_null(q.url);
	client.authorize_url = "https://as.example/auth?p=1";
	client.scope = NULL;
	oauth_code_begin(&client, "http://localhost/", "", "", NULL, &q);
	ck_assert_str_ne(state, q.state);
	ck_assert_str_ne(verifier, secret_reveal(&q.verifier));
	ck_assert(text_starts(
	    q.url, "https://as.example/auth?p=1&response_type=code&"));
	ck_assert_ptr_null(strstr(q.url, "scope"));
	ck_assert_ptr_null(strstr(q.url, "login_hint"));
	free(state);
	free(verifier);
}
END_TEST

/* OpenID Connect Core 11; but what is configured has the last word, and what is
 * not OpenID has its own ways. */
START_TEST(asks_for_consent)
{
	static const struct {
		const char *scope, *extra;
		bool prompts;
	} table[] = {
		{ "openid offline_access mail", NULL, true },
		{ " mail  offline_access openid", "x=y", true },
		{ "openid offline_access", "prompt=login", false },
		{ "openid mail", NULL, false },
		{ "mail offline_access", NULL, false },
		{ "openid.x offline_access", NULL, false },
		{ "xopenid offline_access_x openid ", NULL, false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		client.scope = table[i].scope;
		oauth_code_begin(&client, "http://localhost/", table[i].extra,
		    NULL, NULL, &q);
		ck_assert_msg((strstr(q.url, "&prompt=consent") != NULL) ==
				  table[i].prompts,
		    "%s: %s", table[i].scope, q.url);
		oauth_code_clear(&q);
	}
}
END_TEST

/* ---- what comes back */

enum { QUERY = 0, PASTED = 1, KNOWN = 2, MUST = 4 };

#define AT   "http://127.0.0.1:80/cb?"
#define OK   0
#define DATA EX_DATAERR
#define NO   EX_NOPERM

/* $ stands for the state. */
static const struct {
	const char *label;
	int how;
	const char *text;
	int want;
	const char *said; /* the code, or a part of the complaint */
} answers[] = {
	{ "a query", QUERY, "code=abc&state=$", OK, "abc" },
	{ "other order, other members", QUERY,
	    "state=$&session_state=1&scope=a%20b&code=abc&authuser=0", OK,
	    "abc" },
	{ "encoded", QUERY, "code=4%2F0A%2d_%2B%3d&state=$", OK, "4/0A-_+=" },
	{ "a plus is a blank", QUERY, "code=a+b&state=$", OK, "a b" },
	{ "values with equal signs", QUERY, "code=ab==&state=$", OK, "ab==" },
	{ "empty pairs", QUERY, "&&code=abc&&state=$&=&", OK, "abc" },
	{ "unknown twice", QUERY, "x=1&x=2&code=abc&state=$", OK, "abc" },
	{ "unknown ill encoded", QUERY, "x=%zz&code=abc&state=$", OK, "abc" },
	{ "an empty error", QUERY, "code=abc&state=$&error=", OK, "abc" },
	{ "a URL", PASTED, AT "code=abc&state=$", OK, "abc" },
	{ "a URL, not pasted", QUERY, AT "code=abc&state=$", OK, "abc" },
	{ "another scheme", PASTED, "org.example.app:/cb?code=abc&state=$", OK,
	    "abc" },
	{ "around it", PASTED, " \t<\"" AT "code=abc&state=$\">'\r\n", OK,
	    "abc" },
	{ "a fragment behind it", PASTED, AT "code=abc&state=$#_=_", OK,
	    "abc" },
	{ "in the fragment", PASTED, "https://x/cb#code=abc&state=$", OK,
	    "abc" },
	{ "in the fragment, mark before", PASTED,
	    "https://x/cb?#code=abc&state=$", OK, "abc" },
	{ "the query counts", PASTED, AT "code=abc&state=$#code=evil&state=$",
	    OK, "abc" },
	{ "a query, pasted", PASTED, "state=$&code=abc", OK, "abc" },
	{ "a query with its mark", PASTED, "?code=abc&state=$", OK, "abc" },
	{ "the code alone", PASTED, "4/0A-_.~+x==\n", OK, "4/0A-_.~+x==" },
	{ "the code alone, encoded", PASTED, "4%2F0Ab", OK, "4/0Ab" },
	{ "the code alone with a sign", PASTED, "abc&def", OK, "abc&def" },
	/* foreign */
	{ "no state", QUERY, "code=abc", DATA, "state: it is missing" },
	{ "no state, pasted", PASTED, AT "code=abc", DATA,
	    "state: it is missing" },
	{ "state empty", QUERY, "code=abc&state=", DATA,
	    "state: it is missing" },
	{ "another state", QUERY, "code=abc&state=x$", DATA,
	    "belongs to another" },
	{ "more state", QUERY, "code=abc&state=$x", DATA,
	    "belongs to another" },
	{ "state of that length", QUERY,
	    "code=abc&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", DATA,
	    "belongs to another" },
	{ "state with a NUL", QUERY, "code=abc&state=$%00", DATA,
	    "state: not well encoded" },
	{ "an error without state", QUERY, "error=access_denied", DATA,
	    "state: it is missing" },
	{ "an error with another", QUERY, "error=access_denied&state=x", DATA,
	    "belongs to another" },
	{ "no code", QUERY, "state=$", DATA, "code: it is missing" },
	{ "code empty", QUERY, "state=$&code=", DATA, "code: it is missing" },
	{ "code without equal sign", QUERY, "state=$&code", DATA,
	    "code: it is missing" },
	{ "case counts", QUERY, "state=$&Code=abc", DATA,
	    "code: it is missing" },
	{ "names are not decoded", QUERY, "state=$&c%6fde=abc", DATA,
	    "code: it is missing" },
	{ "a bare code to the listener", QUERY, "abc", DATA,
	    "state: it is missing" },
	{ "nothing", QUERY, "", DATA, "it is empty" },
	{ "nothing pasted", PASTED, "\r\n", DATA, "it is empty" },
	{ "a URL without a query", PASTED, "http://127.0.0.1:80/cb", DATA,
	    "state: it is missing" },
	{ "twice", QUERY, "code=abc&state=$&code=abc", DATA,
	    "code: it is there twice" },
	{ "state twice", QUERY, "code=abc&state=$&state=$", DATA,
	    "state: it is there twice" },
	{ "iss twice", KNOWN, "code=abc&state=$&iss=&iss=", DATA,
	    "iss: it is there twice" },
	{ "twice, once empty", QUERY, "code=&state=$&code=abc", DATA,
	    "code: it is there twice" },
	{ "an error beside it", QUERY, "code=abc&state=$&error=x", DATA,
	    "an error beside" },
	{ "cut in an octet", QUERY, "state=$&code=abc%2", DATA,
	    "code: not well encoded" },
	{ "no octet", QUERY, "state=$&code=a%2gc", DATA,
	    "code: not well encoded" },
	{ "NUL", QUERY, "state=$&code=a%00c", DATA, "code: not well encoded" },
	{ "a control", QUERY, "state=$&code=a%0d%0ac", DATA, "holds octets" },
	{ "8-bit", QUERY, "state=$&code=a%c3%a4", DATA, "holds octets" },
	{ "bare with 8-bit", PASTED, "a\303\244", DATA, "holds octets" },
	{ "bare, ill encoded", PASTED, "a%", DATA, "code: not well encoded" },
	{ "a blank in it", PASTED, AT "code=a bc&state=$", DATA, "a blank" },
	{ "words", PASTED, "I do not know", DATA, "a blank" },
	{ "a line end in it", PASTED, AT "code=abc&\nstate=$", DATA,
	    "line end" },
	{ "DEL", PASTED, "ab\177c", DATA, "a blank" },
	{ "the request itself", PASTED,
	    "https://as.example/auth?response_type=code&state=$&"
	    "code_challenge=x",
	    DATA, "to be opened" },
	/* the issuer */
	{ "iss, nobody knows of whom", QUERY, "code=abc&state=$&iss=x", OK,
	    "abc" },
	{ "iss, known", KNOWN,
	    "code=abc&state=$&iss=https%3A%2F%2Fas.example%2Fr", OK, "abc" },
	{ "no iss, known", KNOWN, "code=abc&state=$", OK, "abc" },
	{ "foreign iss, known", KNOWN,
	    "code=abc&state=$&iss=https://evil.example", DATA,
	    "the answer is of \"https://evil.example\", not of " ISSUER },
	{ "empty iss, known", KNOWN, "code=abc&state=$&iss=", DATA,
	    "the answer is of \"\"" },
	{ "iss that must be", MUST, "code=abc&state=$&iss=" ISSUER, OK, "abc" },
	{ "iss that must be, pasted", MUST | PASTED,
	    AT "code=abc&state=$&iss=" ISSUER, OK, "abc" },
	{ "iss is missing", MUST, "code=abc&state=$", DATA,
	    "iss: it is missing" },
	{ "iss with a slash", MUST, "code=abc&state=$&iss=" ISSUER "/", DATA,
	    "the answer is of" },
	{ "an error of another", MUST,
	    "error=access_denied&state=$&iss=https://evil.example", DATA,
	    "the answer is of" },
	{ "foreign iss with controls", KNOWN, "code=abc&state=$&iss=%1b[2Jx",
	    DATA, "the answer is of \"?[2Jx\"" },
	/* the server says no */
	{ "denied", QUERY, "error=access_denied&state=$", NO,
	    "authorization: access_denied" },
	{ "denied, with words", PASTED,
	    AT "error=access_denied&error_description=The+user%20said%0d%0ano&"
	       "state=$",
	    NO, "authorization: access_denied: The user said no" },
	{ "denied, in the fragment", PASTED,
	    "https://x/#error=access_denied&state=$", NO, "access_denied" },
	{ "busy", QUERY, "error=temporarily_unavailable&state=$", NO,
	    "temporarily_unavailable" },
	{ "words that would act", QUERY,
	    "error=%1b]0;x%07&error_description=%1b[2J&state=$", NO,
	    "authorization: ]0;x: [2J" },
	{ "denied, iss", MUST, "error=access_denied&state=$&iss=" ISSUER, NO,
	    "access_denied" },
};

/* The text with the state in it. To be freed. */
static char *
fill(const char *text)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (; *text != '\0'; text++) {
		if (*text == '$')
			buf_add_str(&b, q.state);
		else
			buf_add_char(&b, *text);
	}
	return buf_take(&b);
}

START_TEST(what_comes_back)
{
	int how = answers[_i].how, rc;
	struct err e = ERR_NONE;
	char *text;

	if (how & KNOWN)
		client.issuer = ISSUER;
	oauth_code_begin(&client, "http://127.0.0.1:80/cb", NULL, NULL,
	    how & MUST ? ISSUER : NULL, &q);
	text = fill(answers[_i].text);
	secret_add_str(&code, "old");
	rc = oauth_code_read(&q, text, how & PASTED, &code, &e);
	ck_assert_msg(rc == answers[_i].want && rc == e.code, "%s: %d: %s",
	    answers[_i].label, rc, e.text);
	if (rc == 0) {
		ck_assert_msg(
		    strcmp(secret_reveal(&code), answers[_i].said) == 0,
		    "%s: %s", answers[_i].label, secret_reveal(&code));
	} else {
		ck_assert_uint_eq(secret_len(&code), 0);
		ck_assert_msg(strstr(e.text, answers[_i].said) != NULL,
		    "%s: %s", answers[_i].label, e.text);
		ck_assert_msg(strstr(e.text, "abc") == NULL, "%s: %s",
		    answers[_i].label, e.text);
		ck_assert_msg(strstr(e.text, q.state) == NULL, "%s: %s",
		    answers[_i].label, e.text);
	}
	free(text);
}
END_TEST

START_TEST(long_answers)
{
	static char text[128 * 1024];
	struct err e = ERR_NONE;

	oauth_code_begin(&client, "http://localhost/", NULL, NULL, NULL, &q);
	memset(text, 'x', 10000);
	ck_assert_int_eq(oauth_code_read(&q, text, true, &code, &e), 0);
	ck_assert_uint_eq(secret_len(&code), 10000);
	memset(text, 'x', sizeof(text) - 1);
	ck_assert_int_eq(
	    oauth_code_read(&q, text, true, &code, &e), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "too long"));
	ck_assert_int_eq(
	    oauth_code_read(&q, text, true, &code, NULL), EX_DATAERR);
}
END_TEST

/* ---- redeeming */

static struct oauth_trouble trouble;
static struct oauth_token token;

static bool
redeem(const char *answer)
{
	static const struct oauth_proof proof;
	bool ok;

	start_endpoint(&answer, 1);
	client.token_url = url;
	oauth_token_init(&token);
	ok = oauth_code_redeem(
	    &client, &proof, &q, &code, 5000, sys_now(), &token, &trouble);
	end_endpoint();
	return ok;
}

START_TEST(redeemed)
{
	char *want;

	oauth_code_begin(&client, "http://localhost:1/", NULL, NULL, NULL, &q);
	secret_add_str(&code, "4/0 A");
	ck_assert(redeem(HTTP(
	    "200", "", "{\"access_token\":\"abc\",\"refresh_token\":\"R\"}")));
	ck_assert_str_eq(secret_reveal(&token.refresh), "R");
	oauth_token_clear(&token);
	want = mem_printf("grant_type=authorization_code&code=4%%2F0%%20A&"
			  "redirect_uri=http%%3A%%2F%%2Flocalhost%%3A1%%2F&"
			  "code_verifier=%s&client_id=id%%20of%%20mine",
	    secret_reveal(&q.verifier));
	ck_assert_str_eq(form(), want);
	free(want);
}
END_TEST

START_TEST(not_redeemed)
{
	char *answer;

	oauth_code_begin(&client, "http://localhost:1/", NULL, NULL, NULL, &q);
	secret_add_str(&code, "4/0A-code");
	ck_assert(!redeem(HTTP("400", "", "{\"error\":\"invalid_grant\"}")));
	ck_assert_int_eq(trouble.outcome.class, OUTCOME_CLASS_P);
	ck_assert(!redeem(HTTP("401", "", "{\"error\":\"invalid_client\"}")));
	ck_assert_int_eq(trouble.outcome.class, OUTCOME_CLASS_C);
	ck_assert(!redeem(HTTP("400", "",
	    "{\"error\":\"invalid_grant\","
	    "\"error_description\":\"4\\/0A-code is spent\"}")));
	ck_assert_ptr_null(strstr(trouble.outcome.text, "0A-code"));
	ck_assert_str_eq(trouble.outcome.error, "invalid_grant");
	answer = mem_printf(HTTP("400", "",
				"{\"error\":\"invalid_grant\","
				"\"error_description\":\"not %s\"}"),
	    secret_reveal(&q.verifier));
	ck_assert(!redeem(answer));
	ck_assert_ptr_null(
	    strstr(trouble.outcome.text, secret_reveal(&q.verifier)));
	free(answer);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, request);
	tcase_add_test(tc, no_two_are_alike);
	tcase_add_test(tc, asks_for_consent);
	tcase_add_loop_test(tc, what_comes_back, 0,
	    (int)(sizeof(answers) / sizeof(answers[0])));
	tcase_add_test(tc, long_answers);
	tcase_add_test(tc, redeemed);
	tcase_add_test(tc, not_redeemed);
}

int
main(void)
{
	return unit_main("oauth_code", add);
}
