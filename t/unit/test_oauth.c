/* SPDX-License-Identifier: ISC */
/* oauth: requests to an endpoint on loopback, and what they get. */
#include "oauth_aid.h"

#include <time.h>

#define NOW INT64_C(1767225600000)

static struct oauth_client client;
static struct secret client_secret, refresh_token, client_assertion, assertion;
static const struct oauth_proof proof = { &client_secret, &refresh_token,
	&client_assertion, &assertion };

static void
begin(void)
{
	secret_init(&client_secret);
	secret_init(&refresh_token);
	secret_init(&client_assertion);
	secret_init(&assertion);
	memset(&client, 0, sizeof(client));
	client.client_id = "id of mine";
	client.client_auth = OAUTH_AUTH_POST;
	client.token_url = "http://127.0.0.1:1/nobody";
	secret_add_str(&client_secret, "Hush & more");
	secret_add_str(&refresh_token, "R0/+");
	secret_add_str(&client_assertion, "eyJ9.eyJj.c1");
	secret_add_str(&assertion, "eyJ9.eyJh.a1");
}

static void
end(void)
{
	end_endpoint();
	secret_clear(&client_secret);
	secret_clear(&refresh_token);
	secret_clear(&client_assertion);
	secret_clear(&assertion);
}

/* Ask; what was asked is in asked then. */
static bool
ask(const char *answer, struct oauth_token *t, struct oauth_trouble *f)
{
	bool ok;

	oauth_token_init(t);
	start_endpoint(&answer, 1);
	client.token_url = url;
	ok = oauth_request(&client, &proof, 5000, sys_now(), t, f);
	end_endpoint();
	return ok;
}

START_TEST(what_is_sent)
{
	static const struct {
		enum oauth_grant grant;
		enum oauth_client_auth auth;
		const char *scope, *form, *basic;
	} cases[] = {
		{ OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_POST, "a b",
		    "grant_type=client_credentials&scope=a%20b&client_id=id%20"
		    "of%20mine&client_secret=Hush%20%26%20more",
		    NULL },
		{ OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_BASIC, NULL,
		    "grant_type=client_credentials",
		    "Authorization: Basic "
		    "aWQlMjBvZiUyMG1pbmU6SHVzaCUyMCUyNiUyMG1vcmU=" },
		{ OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_BASIC_RAW, "",
		    "grant_type=client_credentials",
		    "Authorization: Basic aWQgb2YgbWluZTpIdXNoICYgbW9yZQ==" },
		{ OAUTH_REFRESH_TOKEN, OAUTH_AUTH_POST, NULL,
		    "grant_type=refresh_token&refresh_token=R0%2F%2B&client_id="
		    "id%20of%20mine&client_secret=Hush%20%26%20more",
		    NULL },
		{ OAUTH_REFRESH_TOKEN, OAUTH_AUTH_NONE, "s",
		    "grant_type=refresh_token&refresh_token=R0%2F%2B&scope=s&"
		    "client_id=id%20of%20mine",
		    NULL },
		{ OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_JWT, "s",
		    "grant_type=client_credentials&scope=s&"
		    "client_id=id%20of%20mine&client_assertion_type="
		    "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
		    "jwt-bearer&client_assertion=eyJ9.eyJj.c1",
		    NULL },
		{ OAUTH_REFRESH_TOKEN, OAUTH_AUTH_JWT, NULL,
		    "grant_type=refresh_token&refresh_token=R0%2F%2B&"
		    "client_id=id%20of%20mine&client_assertion_type="
		    "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
		    "jwt-bearer&client_assertion=eyJ9.eyJj.c1",
		    NULL },
		{ OAUTH_JWT_BEARER, OAUTH_AUTH_NONE, "s",
		    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
		    "jwt-bearer&assertion=eyJ9.eyJh.a1&scope=s&"
		    "client_id=id%20of%20mine",
		    NULL },
	};
	struct oauth_trouble f;
	struct oauth_token t;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		client.grant = cases[i].grant;
		client.client_auth = cases[i].auth;
		client.scope = cases[i].scope;
		ck_assert_msg(ask(HTTP("200", "",
				      "{\"access_token\":\"abc\","
				      "\"refresh_token\":\"R1\"}"),
				  &t, &f),
		    "%s", f.outcome.text);
		ck_assert_str_eq(form(), cases[i].form);
		if (cases[i].basic != NULL)
			ck_assert_ptr_nonnull(strstr(asked, cases[i].basic));
		else
			ck_assert_ptr_null(strstr(asked, "Authorization"));
		ck_assert_str_eq(secret_reveal(&t.access), "abc");
		ck_assert_str_eq(secret_reveal(&t.refresh), "R1");
		oauth_token_clear(&t);
	}
}
END_TEST

/* A service account: no client, no secret; and what some services want. */
START_TEST(what_else_is_sent)
{
	static char *more[] = { (char *)"login hint", (char *)"a&b",
		(char *)"x", (char *)"" };
	struct oauth_trouble f;
	struct oauth_token t;

	client.grant = OAUTH_JWT_BEARER;
	client.client_auth = OAUTH_AUTH_NONE;
	client.client_id = NULL;
	ck_assert(ask(HTTP("200", "", "{\"access_token\":\"abc\"}"), &t, &f));
	oauth_token_clear(&t);
	ck_assert_str_eq(form(),
	    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
	    "jwt-bearer&assertion=eyJ9.eyJh.a1");
	client.client_auth = OAUTH_AUTH_JWT;
	client.grant = OAUTH_CLIENT_CREDENTIALS;
	client.audience = "https://api";
	client.resource = "urn:r";
	client.parameters = more;
	client.n_parameters = 2;
	ck_assert(ask(HTTP("200", "", "{\"access_token\":\"abc\"}"), &t, &f));
	oauth_token_clear(&t);
	ck_assert_str_eq(form(),
	    "grant_type=client_credentials&audience=https%3A%2F%2Fapi&"
	    "resource=urn%3Ar&client_assertion_type="
	    "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"
	    "client_assertion=eyJ9.eyJj.c1&login%20hint=a%26b&x=");
}
END_TEST

/* An empty secret is none: public clients must not send one. */
START_TEST(no_empty_secret)
{
	struct oauth_trouble f;
	struct oauth_token t;

	secret_clear(&client_secret);
	ck_assert(ask(HTTP("200", "", "{\"access_token\":\"abc\"}"), &t, &f));
	oauth_token_clear(&t);
	ck_assert_str_eq(
	    form(), "grant_type=client_credentials&client_id=id%20of%20mine");
}
END_TEST

#define REFUSED "{\"error\":\"invalid_grant\"}"

/* Who is asked for mends it: a person's consent has ended, or else the
 * configuration is wrong. */
START_TEST(class_by_grant)
{
	struct oauth_trouble f;
	struct oauth_token t;

	ck_assert(!ask(HTTP("400", "", REFUSED), &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_C);
	ck_assert(
	    !ask(HTTP("400", "", "{\"error\":\"access_denied\"}"), &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_C);
	client.grant = OAUTH_JWT_BEARER;
	ck_assert(!ask(HTTP("400", "", REFUSED), &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_C);
	client.grant = OAUTH_REFRESH_TOKEN;
	ck_assert(
	    !ask(HTTP("400", "", "{\"error\":\"access_denied\"}"), &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_P);
	ck_assert(!ask(HTTP("400", "", REFUSED), &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_P);
	ck_assert_str_eq(f.outcome.error, "invalid_grant");
	ck_assert_int_eq(f.outcome.code, 400);
	ck_assert(!f.unanswered);
	ck_assert(
	    !ask(HTTP("400", "", "{\"error\":\"invalid_client\"}"), &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_C);
	ck_assert(!ask(HTTP("400", "", ""), &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_P);
	client.grant = OAUTH_CLIENT_CREDENTIALS;
	ck_assert(!ask(HTTP("400", "", ""), &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_C);
	client.grant = OAUTH_REFRESH_TOKEN;
	ck_assert(!ask(HTTP("503", "", REFUSED), &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_L);
}
END_TEST

START_TEST(when_to_come_again)
{
	struct oauth_trouble f;
	struct oauth_token t;

	ck_assert(!ask(HTTP("429", "Retry-After: 90\r\n", ""), &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_L);
	ck_assert_int_eq(f.retry_after, 90 * 1000);
	ck_assert(!ask(HTTP("429", "", ""), &t, &f));
	ck_assert_int_eq(f.retry_after, -1);
}
END_TEST

/* The clock is named where it may be the reason, and only there. */
START_TEST(clocks)
{
	static const char old[] = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
	const int64_t then = INT64_C(784111777000);
	char text[512], date[64];
	struct oauth_trouble f;
	struct oauth_token t;
	time_t now = time(NULL);
	struct tm tm;

	snprintf(text, sizeof(text), HTTP("400", "%s", REFUSED), old);
	ck_assert(!ask(text, &t, &f));
	ck_assert_int_ge(f.clock_off, sys_now() - then - 5000);
	/* A clock may be set back a little meanwhile. */
	ck_assert_int_le(f.clock_off, sys_now() - then + 1000);
	snprintf(text, sizeof(text),
	    HTTP("400", "%s", "{\"error\":\"invalid_scope\"}"), old);
	ck_assert(!ask(text, &t, &f));
	ck_assert_int_eq(f.clock_off, 0);
	now -= 4 * 60;
	strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
	    gmtime_r(&now, &tm));
	snprintf(text, sizeof(text), HTTP("400", "%s", REFUSED), date);
	ck_assert(!ask(text, &t, &f));
	ck_assert_int_eq(f.clock_off, 0);
	ck_assert(!ask(HTTP("400", "", REFUSED), &t, &f));
	ck_assert_int_eq(f.clock_off, 0);
}
END_TEST

/* A request that went out may have been granted, whatever came back. */
START_TEST(answers_that_are_none)
{
	static const char *const answers[] = { "",
		"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
		"HTTP/1.1 200 OK\r\nContent-Le" };
	struct oauth_trouble f;
	struct oauth_token t;
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		ck_assert(!ask(answers[i], &t, &f));
		ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_L);
		ck_assert_int_eq(f.outcome.code, i < 2 ? 0 : 200);
		ck_assert(f.outcome.ours);
		ck_assert_msg(f.unanswered, "answer %zu", i);
		ck_assert_ptr_nonnull(strstr(f.outcome.text, url));
	}
	client.token_url = "http://127.0.0.1:1/nobody";
	ck_assert(!oauth_request(&client, &proof, 5000, NOW, &t, &f));
	ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_L);
	ck_assert(!f.unanswered);
}
END_TEST

#define LONG                                        \
	"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJp" \
	"c3MiOiJpZCJ9.c2lnbmF0dXJlLW9mLWEtY2VydGFpbi1sZW5ndGg"

/* What an endpoint repeats of what it got is not shown. */
START_TEST(what_is_withheld)
{
	static const struct {
		enum oauth_client_auth auth;
		const char *said, *shown;
	} cases[] = {
		{ OAUTH_AUTH_POST, "Hush & more", "invalid_client" },
		{ OAUTH_AUTH_POST, "Hush%20%26%20more", "invalid_client" },
		{ OAUTH_AUTH_POST, "R0/+ is spent", "invalid_client" },
		{ OAUTH_AUTH_POST, "refresh_token=R0%2F%2B", "invalid_client" },
		{ OAUTH_AUTH_BASIC_RAW,
		    "aWQgb2YgbWluZTpIdXNoICYgbW9yZQ==", "invalid_client" },
		{ OAUTH_AUTH_JWT, "eyJ9.eyJj.c1", "invalid_client" },
		{ OAUTH_AUTH_JWT, "for eyJ9.eyJh.a1", "invalid_client" },
	};
	struct oauth_trouble f;
	struct oauth_token t;
	char text[512];
	size_t i;

	client.grant = OAUTH_REFRESH_TOKEN;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		client.client_auth = cases[i].auth;
		snprintf(text, sizeof(text),
		    HTTP("401", "",
			"{\"error\":\"invalid_client\",\"suberror\":\"x\","
			"\"error_description\":\"%s\"}"),
		    cases[i].said);
		ck_assert(!ask(text, &t, &f));
		ck_assert_ptr_null(strstr(f.outcome.text, cases[i].said));
		ck_assert_ptr_nonnull(
		    strstr(f.outcome.text, "invalid_client: the rest is not"));
		ck_assert_str_eq(f.outcome.error, "invalid_client");
		ck_assert_str_eq(f.outcome.detail, "");
		ck_assert_int_eq(f.outcome.class, OUTCOME_CLASS_C);
	}
	/* A long one need not be whole to be too much. */
	secret_set(&client_assertion, LONG, sizeof(LONG) - 1);
	for (i = 0; i < 2; i++) {
		snprintf(text, sizeof(text),
		    HTTP("401", "",
			"{\"error\":\"invalid_client\","
			"\"error_description\":\"of \\u00e4 %.32s\"}"),
		    i == 0 ? LONG : LONG + sizeof(LONG) - 33);
		ck_assert(!ask(text, &t, &f));
		ck_assert_ptr_nonnull(
		    strstr(f.outcome.text, "invalid_client: the rest is not"));
	}
	/* A word that is the secret itself. */
	ck_assert(!ask(HTTP("401", "", "{\"error\":\"R0/+\"}"), &t, &f));
	ck_assert_ptr_null(strstr(f.outcome.text, "R0/+"));
	ck_assert_str_eq(f.outcome.error, "");
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, what_is_sent);
	tcase_add_test(tc, what_else_is_sent);
	tcase_add_test(tc, no_empty_secret);
	tcase_add_test(tc, class_by_grant);
	tcase_add_test(tc, when_to_come_again);
	tcase_add_test(tc, clocks);
	tcase_add_test(tc, answers_that_are_none);
	tcase_add_test(tc, what_is_withheld);
}

int
main(void)
{
	return unit_main("oauth", add);
}
