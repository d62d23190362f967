/* SPDX-License-Identifier: ISC */
/* oauth_meta: documents, good and bad, and where they are looked for. */
#include "oauth_aid.h"

#include "base/mem.h"

#define I	 "https://as.example/r"
#define ISSUER	 "\"issuer\":\"" I "\""
#define TOKEN	 "\"token_endpoint\":\"https://as.example/token\""
#define DEEP(in) "[[[[[[[[[[[[[[[[[[[[[[" in "]]]]]]]]]]]]]]]]]]]]]]"

static struct oauth_meta meta;
static struct oauth_trouble trouble;
static struct secret text;

static void
begin(void)
{
	memset(&meta, 0, sizeof(meta));
	secret_init(&text);
}

static void
end(void)
{
	end_endpoint();
	oauth_meta_clear(&meta);
	secret_clear(&text);
}

static int
take(const char *body, struct err *e)
{
	oauth_meta_clear(&meta);
	return oauth_meta_read(I, body, strlen(body), &meta, e);
}

START_TEST(all_of_it)
{
	struct err e = ERR_NONE;

	ck_assert_msg(
	    take("\357\273\277{" ISSUER "," TOKEN ","
		 "\"authorization_endpoint\":\"https://as.example/auth?x=1\","
		 "\"device_authorization_endpoint\":\"HTTPS://as.example/d\","
		 "\"revocation_endpoint\":\"http://[::1]:80/revoke\","
		 "\"authorization_response_iss_parameter_supported\":true,"
		 "\"code_challenge_methods_supported\":[\"plain\",\"S256\"],"
		 "\"jwks_uri\":\"ftp://not/ours\",\"x\":[{\"y\":null}]}",
		&e) == 0,
	    "%s", e.text);
	ck_assert_str_eq(meta.issuer, I);
	ck_assert_str_eq(meta.token_url, "https://as.example/token");
	ck_assert_str_eq(meta.authorize_url, "https://as.example/auth?x=1");
	ck_assert_str_eq(meta.device_url, "HTTPS://as.example/d");
	ck_assert_str_eq(meta.revoke_url, "http://[::1]:80/revoke");
	ck_assert(meta.iss_in_answer);
	ck_assert(!meta.no_pkce);
	oauth_meta_clear(&meta);
	ck_assert_ptr_null(meta.issuer);
}
END_TEST

START_TEST(little_of_it)
{
	struct err e = ERR_NONE;

	ck_assert_int_eq(
	    take("{" ISSUER ",\"revocation_endpoint\":null,"
		 "\"authorization_endpoint\":\"\",\"token_endpoint\":5,"
		 "\"authorization_response_iss_parameter_supported\":\"true\"}",
		&e),
	    0);
	ck_assert_ptr_null(meta.token_url);
	ck_assert_ptr_null(meta.authorize_url);
	ck_assert_ptr_null(meta.device_url);
	ck_assert_ptr_null(meta.revoke_url);
	ck_assert(!meta.iss_in_answer);
	ck_assert(!meta.no_pkce);
	ck_assert_int_eq(take("{" ISSUER ",\"code_challenge_methods_"
			      "supported\":[\"plain\"]}",
			     &e),
	    0);
	ck_assert(meta.no_pkce);
	ck_assert_int_eq(take("{" ISSUER ",\"code_challenge_methods_"
			      "supported\":[]}",
			     &e),
	    0);
	ck_assert(!meta.no_pkce);
}
END_TEST

static const struct {
	const char *label, *body, *said;
} bad[] = {
	{ "no issuer", "{" TOKEN "}", "issuer: it is missing" },
	{ "issuer a number", "{\"issuer\":1," TOKEN "}", "it is missing" },
	{ "another issuer", "{\"issuer\":\"https://evil.example\"," TOKEN "}",
	    "it is \"https://evil.example\", not exactly " I },
	{ "a slash more", "{\"issuer\":\"" I "/\"," TOKEN "}", "not exactly" },
	{ "a template",
	    "{\"issuer\":\"https://as.example/{tenantid}\"," TOKEN "}",
	    "{tenantid}" },
	{ "issuer with controls", "{\"issuer\":\"\\u001b[2J\"}",
	    "it is \"?[2J\"" },
	{ "http", "{" ISSUER ",\"token_endpoint\":\"http://as.example/t\"}",
	    "token_endpoint: \"http://as.example/t\" is not" },
	{ "http to loopback's like",
	    "{" ISSUER
	    ",\"token_endpoint\":\"http://127.0.0.1.evil.example/t\"}",
	    "is not an https URL" },
	{ "no URL", "{" ISSUER ",\"revocation_endpoint\":\"/revoke\"}",
	    "revocation_endpoint" },
	{ "a file", "{" ISSUER ",\"token_endpoint\":\"file:///etc/passwd\"}",
	    "is not an https URL" },
	{ "a user in it", "{" ISSUER ",\"token_endpoint\":\"https://a:b@c/\"}",
	    "is not an https URL" },
	{ "a fragment",
	    "{" ISSUER ",\"authorization_endpoint\":\"https://a/#b\"}",
	    "authorization_endpoint" },
	{ "a line end",
	    "{" ISSUER ",\"device_authorization_endpoint\":\"https://a/\\n\"}",
	    "device_authorization_endpoint: \"https://a/?\"" },
	{ "not ASCII", "{" ISSUER ",\"token_endpoint\":\"https://\303\244/\"}",
	    "is not an https URL" },
	{ "no object", "[]", "not an object" },
	{ "nothing", "", "json" },
	{ "HTML", "<html>", "json" },
	{ "cut short", "{" ISSUER, "json" },
	{ "deep", "{" ISSUER ",\"x\":" DEEP(DEEP("1")) "}", "deeper" },
	{ "NUL", "{" ISSUER ",\"token_endpoint\":\"https://a/\\u0000\"}",
	    "NUL" },
};

START_TEST(bad_documents)
{
	struct err e = ERR_NONE;

	ck_assert_msg(take(bad[_i].body, &e) == EX_DATAERR, "%s: %s",
	    bad[_i].label, e.text);
	ck_assert_msg(strstr(e.text, bad[_i].said) != NULL, "%s: %s",
	    bad[_i].label, e.text);
	ck_assert_ptr_null(meta.issuer);
	ck_assert_ptr_null(meta.token_url);
	ck_assert_ptr_null(meta.authorize_url);
	ck_assert_int_eq(take(bad[_i].body, NULL), EX_DATAERR);
}
END_TEST

START_TEST(long_document)
{
	static char body[OAUTH_MAX_ANSWER + 100];
	struct err e = ERR_NONE;

	memset(body, ' ', sizeof(body) - 1);
	memcpy(body, "{" ISSUER "}", strlen("{" ISSUER "}"));
	ck_assert_int_eq(
	    oauth_meta_read(I, body, OAUTH_MAX_ANSWER, &meta, &e), 0);
	ck_assert_int_eq(take(body, &e), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "too long"));
}
END_TEST

/* ---- where it is looked for */

#define DOCUMENT \
	HTTP("200", "", "{\"issuer\":\"$%s\",\"token_endpoint\":\"$/t\"}")

/* Fetch the metadata of the issuer with that path. */
static bool
fetch(const char *path, const char *const *answers, size_t n)
{
	char *issuer;
	bool ok;

	oauth_meta_clear(&meta);
	secret_clear(&text);
	start_endpoint(answers, n);
	issuer = mem_printf("%s%s", base, path);
	ok = oauth_meta_fetch(issuer, NULL, NULL, 5000, &text, &meta, &trouble);
	free(issuer);
	end_endpoint();
	return ok;
}

START_TEST(places)
{
	static const struct {
		const char *path, *first, *second;
	} cases[] = {
		{ "", "/.well-known/oauth-authorization-server",
		    "/.well-known/openid-configuration" },
		{ "/", "/.well-known/oauth-authorization-server",
		    "/.well-known/openid-configuration" },
		{ "/realms/x",
		    "/.well-known/oauth-authorization-server/realms/x",
		    "/realms/x/.well-known/openid-configuration" },
		{ "/o/", "/.well-known/oauth-authorization-server/o",
		    "/o/.well-known/openid-configuration" },
	};
	const char *answers[2];
	char *line;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *good = mem_printf(DOCUMENT, cases[i].path);

		answers[0] = good;
		ck_assert_msg(fetch(cases[i].path, answers, 1), "%s",
		    trouble.outcome.text);
		line = mem_printf("GET %s HTTP/1.1\r\n", cases[i].first);
		ck_assert_msg(text_starts(asked, line), "%s", asked);
		free(line);
		ck_assert_ptr_null(strstr(asked, "Content-Type"));
		ck_assert_ptr_null(strstr(asked, "Content-Length"));
		ck_assert_ptr_nonnull(
		    strstr(asked, "Accept: application/json\r\n"));
		ck_assert_str_eq(form(), "");

		answers[0] = HTTP("404", "", "<html>no");
		answers[1] = good;
		ck_assert_msg(fetch(cases[i].path, answers, 2), "%s",
		    trouble.outcome.text);
		line = mem_printf("GET %s HTTP/1.1\r\n", cases[i].second);
		ck_assert_msg(strstr(asked, line) != NULL, "%s", asked);
		free(line);
		line = mem_printf("%s/t", base);
		ck_assert_str_eq(meta.token_url, line);
		free(line);
		ck_assert_ptr_nonnull(
		    strstr(secret_reveal(&text), "token_endpoint"));
		free(good);
	}
}
END_TEST

/* One place or the other. */
START_TEST(either)
{
	static const char *const firsts[] = { HTTP("400", "", "{}"),
		HTTP("301", "Location: https://evil.example/\r\n", ""),
		HTTP("200", "", "<html>welcome"), HTTP("200", "", ""),
		HTTP("200", "", "{\"status\":\"ok\"}"), HTTP("500", "", ""),
		HTTP("403", "", "") };
	char *good = mem_printf(DOCUMENT, "/r");
	const char *answers[2];
	size_t i;

	answers[1] = good;
	for (i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		answers[0] = firsts[i];
		ck_assert_msg(fetch("/r", answers, 2), "%zu: %s", i,
		    trouble.outcome.text);
	}
	free(good);
}
END_TEST

/* Where it is at neither, or not to be trusted. */
START_TEST(none)
{
	static const struct {
		const char *first, *second; /* NULL: must not be asked */
		int class;
		const char *said;
	} cases[] = {
		{ HTTP("404", "", ""), HTTP("404", "", ""), OUTCOME_CLASS_C,
		    "/r/.well-known/openid-configuration: HTTP 404: there is "
		    "no metadata: check issuer" },
		{ HTTP("404", "", ""), HTTP("302", "Location: /x\r\n", ""),
		    OUTCOME_CLASS_C,
		    "redirects are not followed: check issuer; it leads to "
		    "/x" },
		{ HTTP("503", "Retry-After: 7\r\n", ""), HTTP("404", "", ""),
		    OUTCOME_CLASS_L, "HTTP 503" },
		{ HTTP("404", "", ""), HTTP("503", "Retry-After: 7\r\n", ""),
		    OUTCOME_CLASS_L, "HTTP 503" },
		{ HTTP("200", "", "<html>hotel"),
		    HTTP("200", "", "<html>hotel"), OUTCOME_CLASS_L,
		    "not a JSON object" },
		{ HTTP("200", "", "{\"a\":1}"), HTTP("200", "", "{\"a\":1}"),
		    OUTCOME_CLASS_L, "no issuer" },
		{ HTTP("200", "",
		      "{\"issuer\":\"$/s\",\"token_endpoint\":\"$/t\"}"),
		    NULL, OUTCOME_CLASS_C, "/s\", not exactly" },
		{ HTTP("200", "",
		      "{\"issuer\":\"$/r\",\"token_endpoint\":\"http://a/\"}"),
		    NULL, OUTCOME_CLASS_C, "token_endpoint" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", NULL,
		    OUTCOME_CLASS_L, "" },
	};
	const char *answers[2];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answers[0] = cases[i].first;
		answers[1] = cases[i].second;
		ck_assert(!fetch("/r", answers, cases[i].second ? 2 : 1));
		ck_assert_msg(
		    strstr(trouble.outcome.text, cases[i].said) != NULL,
		    "%zu: %s", i, trouble.outcome.text);
		ck_assert_msg((int)trouble.outcome.class == cases[i].class,
		    "%zu: class %s", i,
		    outcome_class_name(trouble.outcome.class));
		ck_assert_ptr_null(meta.issuer);
		ck_assert_uint_eq(secret_len(&text), 0);
		ck_assert_msg((strstr(asked, "openid") != NULL) ==
				  (cases[i].second != NULL),
		    "%zu: %s", i, asked);
	}
}
END_TEST

START_TEST(no_issuers)
{
	static const char *const cases[] = { "", "as.example",
		"http://as.example", "https://", "https://a/?b", "https://a#b",
		"https://a b/", "https://u@a/" };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert(!oauth_meta_fetch(
		    cases[i], NULL, NULL, 5000, &text, &meta, &trouble));
		ck_assert_int_eq(trouble.outcome.class, OUTCOME_CLASS_C);
		ck_assert_int_eq(trouble.outcome.code, 0);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, all_of_it);
	tcase_add_test(tc, little_of_it);
	tcase_add_loop_test(
	    tc, bad_documents, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, long_document);
	tcase_add_test(tc, places);
	tcase_add_test(tc, either);
	tcase_add_test(tc, none);
	tcase_add_test(tc, no_issuers);
}

int
main(void)
{
	return unit_main("oauth_meta", add);
}
