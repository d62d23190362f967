/* SPDX-License-Identifier: ISC */
/* oauth_device: device codes that come, and waiting for consent. */
#include "oauth_aid.h"

enum {
	C = OUTCOME_CLASS_C,
	L = OUTCOME_CLASS_L,
	P = OUTCOME_CLASS_P,
	S = 1000
};

#define CODE "\"device_code\":\"secret\",\"user_code\":\"ABCD-EFGH\","
#define URI  "\"verification_uri\":\"https://x.example/d\""

static const struct {
	const char *label, *body, *uri, *complete;
	int64_t life, interval;
} good[] = {
	{ "RFC 8628",
	    "{" CODE URI ",\"verification_uri_complete\":"
	    "\"https://x.example/d?c=ABCD-EFGH\",\"expires_in\":1800,"
	    "\"interval\":7}",
	    "https://x.example/d", "https://x.example/d?c=ABCD-EFGH", 1800, 7 },
	{ "Google",
	    "{" CODE "\"verification_url\":\"https://g.example/device\","
	    "\"expires_in\":1800,\"interval\":5}",
	    "https://g.example/device", "", 1800, 5 },
	{ "both names", "{" CODE URI ",\"verification_url\":\"https://y/\"}",
	    "https://x.example/d", "", 600, 5 },
	{ "a byte order mark, strings",
	    "\357\273\277{" CODE URI
	    ",\"expires_in\":\"90\",\"interval\":\"3\"}",
	    "https://x.example/d", "", 90, 3 },
	{ "nothing that need not be", "{" CODE URI "}", "https://x.example/d",
	    "", 600, 5 },
	{ "null", "{" CODE URI ",\"expires_in\":null,\"interval\":null}",
	    "https://x.example/d", "", 600, 5 },
	{ "negative", "{" CODE URI ",\"expires_in\":-1,\"interval\":-1}",
	    "https://x.example/d", "", 600, 5 },
	{ "no interval at all", "{" CODE URI ",\"interval\":0}",
	    "https://x.example/d", "", 600, 1 },
	{ "a fraction", "{" CODE URI ",\"interval\":2.9}",
	    "https://x.example/d", "", 600, 2 },
	{ "huge", "{" CODE URI ",\"expires_in\":1e400,\"interval\":1e400}",
	    "https://x.example/d", "", 86400, 300 },
	{ "loopback",
	    "{" CODE "\"verification_uri\":\"http://127.0.0.1:80/d\"}",
	    "http://127.0.0.1:80/d", "", 600, 5 },
	{ "complete is no https",
	    "{" CODE URI
	    ",\"verification_uri_complete\":\"http://x.example/\"}",
	    "https://x.example/d", "", 600, 5 },
	{ "complete is of another kind",
	    "{" CODE URI ",\"verification_uri_complete\":[1]}",
	    "https://x.example/d", "", 600, 5 },
	{ "complete with a line end",
	    "{" CODE URI
	    ",\"verification_uri_complete\":\"https://x.example/\\n\"}",
	    "https://x.example/d", "", 600, 5 },
};

START_TEST(good_codes)
{
	struct oauth_device d;
	struct outcome o;
	size_t i;

	oauth_device_init(&d);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(oauth_device_read(200, good[i].body,
				  strlen(good[i].body), &d, &o),
		    "%s: %s", good[i].label, o.text);
		ck_assert_str_eq(secret_reveal(&d.device_code), "secret");
		ck_assert_str_eq(d.user_code, "ABCD-EFGH");
		ck_assert_str_eq(d.uri, good[i].uri);
		ck_assert_str_eq(d.uri_complete, good[i].complete);
		ck_assert_msg(d.life == good[i].life * S, "%s: life %lld",
		    good[i].label, (long long)d.life);
		ck_assert_msg(d.interval == good[i].interval * S,
		    "%s: interval %lld", good[i].label, (long long)d.interval);
	}
	oauth_device_clear(&d);
	ck_assert_uint_eq(secret_len(&d.device_code), 0);
	ck_assert_str_eq(d.user_code, "");
}
END_TEST

#define A64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct {
	const char *label;
	int status;
	const char *body;
	int class;
	const char *text; /* a part */
} bad[] = {
	{ "no user code", 200, "{\"device_code\":\"secret\"," URI "}", C,
	    "no user_code" },
	{ "user code empty", 200,
	    "{\"device_code\":\"secret\",\"user_code\":\"\"," URI "}", C,
	    "no user_code" },
	{ "a code of blanks", 200,
	    "{\"device_code\":\"secret\",\"user_code\":\"  \"," URI "}", C,
	    "no user_code" },
	{ "user code with an escape", 200,
	    "{\"device_code\":\"secret\",\"user_code\":\"A\\u001b[2J\"," URI
	    "}",
	    C, "no user_code" },
	{ "user code not ASCII", 200,
	    "{\"device_code\":\"secret\",\"user_code\":\"\303\204\"," URI "}",
	    C, "no user_code" },
	{ "user code too long", 200,
	    "{\"device_code\":\"secret\",\"user_code\":\"" A64 "\"," URI "}", C,
	    "no user_code" },
	{ "no URI", 200, "{" CODE "\"x\":1}", C, "no verification_uri" },
	{ "http", 200, "{" CODE "\"verification_uri\":\"http://x.example\"}", C,
	    "no verification_uri" },
	{ "script", 200, "{" CODE "\"verification_uri\":\"javascript:1\"}", C,
	    "no verification_uri" },
	{ "no host", 200, "{" CODE "\"verification_uri\":\"https:///d\"}", C,
	    "no verification_uri" },
	{ "a user in the URI", 200,
	    "{" CODE "\"verification_uri\":\"https://good.example@evil/\"}", C,
	    "no verification_uri" },
	{ "a blank in the URI", 200,
	    "{" CODE "\"verification_uri\":\"https://x.example/ y\"}", C,
	    "no verification_uri" },
	{ "loopback's like", 200,
	    "{" CODE "\"verification_uri\":\"http://localhost.evil/\"}", C,
	    "no verification_uri" },
	{ "a long URI", 200,
	    "{" CODE "\"verification_uri\":\"https://x.example/" A64 A64 A64 A64
		A64 A64 A64 A64 "\"}",
	    C, "no verification_uri" },
	{ "no time", 200, "{" CODE URI ",\"expires_in\":0}", C, "no time" },
	{ "no device code", 200, "{\"user_code\":\"A\"," URI "}", C,
	    "no device_code" },
	{ "device code a number", 200, "{\"device_code\":5," URI "}", C,
	    "device_code is not a string" },
	{ "a portal", 200, "<html><title>Hotel</title>", L,
	    "not a JSON object" },
	{ "cut short", 200, "{\"device_code\": \"secret\", \"user", L,
	    "octets that are not shown" },
	{ "deep", 200,
	    "{" CODE URI
	    ",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]"
	    "]]]]]]]]}",
	    L, "not a JSON object" },
	{ "an error on 200", 200,
	    "{\"error\":\"invalid_scope\",\"error_description\":\"no\"}", C,
	    "invalid_scope: no" },
	{ "Google's scope", 400,
	    "{\"error\":\"invalid_scope\",\"error_description\":"
	    "\"Invalid device flow scope: https://mail.google.com/\"}",
	    C, "Invalid device flow scope" },
	{ "not for this client", 401, "{\"error\":\"unauthorized_client\"}", C,
	    "unauthorized_client" },
	{ "elsewhere", 404, "<html>", C,
	    "this is not a device authorization endpoint: check device_url" },
	{ "moved", 302, "", C, "redirects are not followed: check device_url" },
	{ "busy", 503, "", L, "HTTP 503" },
	{ "a code on 400", 400, "{" CODE URI "}", C, "HTTP 400" },
};

START_TEST(bad_codes)
{
	struct oauth_device d;
	struct outcome o;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		oauth_device_init(&d);
		ck_assert_msg(!oauth_device_read(bad[i].status, bad[i].body,
				  strlen(bad[i].body), &d, &o),
		    "%s", bad[i].label);
		ck_assert_msg(strstr(o.text, bad[i].text) != NULL, "%s: %s",
		    bad[i].label, o.text);
		ck_assert_msg(strstr(o.text, "secret") == NULL, "%s: %s",
		    bad[i].label, o.text);
		ck_assert_msg((int)o.class == bad[i].class, "%s: class %s",
		    bad[i].label, outcome_class_name(o.class));
		ck_assert_uint_eq(secret_len(&d.device_code), 0);
		ck_assert_str_eq(d.user_code, "");
		ck_assert_str_eq(d.uri, "");
		oauth_device_clear(&d);
	}
}
END_TEST

/* ---- requests */

static struct oauth_client client;
static struct oauth_device device;
static struct oauth_token token;
static struct oauth_trouble trouble;
static struct secret client_secret;
static const struct oauth_proof proof = { .client_secret = &client_secret };

static void
begin(void)
{
	memset(&client, 0, sizeof(client));
	client.client_id = "id";
	client.client_auth = OAUTH_AUTH_NONE;
	client.scope = "mail offline";
	secret_init(&client_secret);
	secret_add_str(&client_secret, "hush");
	oauth_device_init(&device);
	oauth_token_init(&token);
}

static void
end(void)
{
	end_endpoint();
	oauth_device_clear(&device);
	oauth_token_clear(&token);
	secret_clear(&client_secret);
}

static bool
start(const char *answer)
{
	bool ok;

	start_endpoint(&answer, 1);
	client.device_url = client.token_url = url;
	ok = oauth_device_begin(&client, &proof, 5000, &device, &trouble);
	end_endpoint();
	return ok;
}

static enum oauth_poll
poll_once(const char *answer)
{
	enum oauth_poll p;

	start_endpoint(&answer, 1);
	client.token_url = url;
	p = oauth_device_poll(
	    &client, &proof, &device, 5000, sys_now(), &token, &trouble);
	end_endpoint();
	return p;
}

START_TEST(what_is_sent)
{
	static const char answer[] = HTTP("200", "", "{" CODE URI "}");

	ck_assert(start(answer));
	ck_assert_str_eq(form(), "scope=mail%20offline&client_id=id");
	client.client_auth = OAUTH_AUTH_POST;
	client.audience = "aud";
	ck_assert(start(answer));
	ck_assert_str_eq(form(),
	    "scope=mail%20offline&audience=aud&client_id=id&"
	    "client_secret=hush");
	ck_assert_int_eq(poll_once(HTTP("200", "",
			     "{\"access_token\":\"abc\","
			     "\"refresh_token\":\"R\",\"scope\":\"mail\"}")),
	    OAUTH_POLL_TOKEN);
	ck_assert_str_eq(form(),
	    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
	    "device_code&device_code=secret&audience=aud&client_id=id&"
	    "client_secret=hush");
	ck_assert_str_eq(secret_reveal(&token.access), "abc");
	ck_assert_str_eq(secret_reveal(&token.refresh), "R");
	ck_assert_str_eq(token.scope, "mail");
}
END_TEST

START_TEST(refused_at_once)
{
	ck_assert(!start(HTTP("400", "", "{\"error\":\"invalid_client\"}")));
	ck_assert_int_eq(trouble.outcome.class, OUTCOME_CLASS_C);
	ck_assert(!start(HTTP("429", "Retry-After: 30\r\n", "")));
	ck_assert_int_eq(trouble.outcome.class, OUTCOME_CLASS_L);
	ck_assert_int_eq(trouble.retry_after, 30 * S);
	/* What it got it says again. */
	client.client_auth = OAUTH_AUTH_POST;
	ck_assert(!start(HTTP("400", "",
	    "{\"error\":\"invalid_client\",\"error_description\":\"hush\"}")));
	ck_assert_ptr_null(strstr(trouble.outcome.text, "hush"));
}
END_TEST

#define ERROR(word) "{\"error\":\"" word "\"}"

/* Polls one after the other; the interval stays as it has become. */
START_TEST(waiting)
{
	static const struct {
		const char *answer;
		int64_t interval;
		bool shown;
	} steps[] = {
		{ HTTP("400", "", ERROR("authorization_pending")), 5, false },
		{ HTTP("428", "", ERROR("authorization_pending")), 5, false },
		{ HTTP("200", "", ERROR("authorization_pending")), 5, false },
		{ HTTP("403", "", ERROR("slow_down")), 10, false },
		{ HTTP("400", "", ERROR("slow_down")), 15, false },
		{ HTTP("400", "", ERROR("authorization_pending")), 15, false },
		{ HTTP("503", "", ""), 30, true },
		{ "", 60, true },
		{ HTTP("429", "", "busy, sorry"), 60, true },
		{ HTTP("400", "", ERROR("temporarily_unavailable")), 60, true },
		{ HTTP("400", "", ERROR("slow_down")), 65, false },
		{ HTTP("500", "", ""), 65, true },
	};
	size_t i;

	ck_assert(start(HTTP("200", "", "{" CODE URI "}")));
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ck_assert_msg(poll_once(steps[i].answer) == OAUTH_POLL_PENDING,
		    "step %zu: %s", i, trouble.outcome.text);
		ck_assert_msg(device.interval == steps[i].interval * S,
		    "step %zu: interval %lld", i, (long long)device.interval);
		ck_assert_msg(
		    (trouble.outcome.text[0] != '\0') == steps[i].shown,
		    "step %zu: %s", i, trouble.outcome.text);
		ck_assert_uint_eq(secret_len(&token.access), 0);
	}
	ck_assert_int_eq(poll_once(HTTP("429", "Retry-After: 90\r\n", "")),
	    OAUTH_POLL_PENDING);
	ck_assert_int_eq(trouble.retry_after, 90 * S);
	client.token_url = "http://127.0.0.1:1/nobody";
	ck_assert_int_eq(oauth_device_poll(&client, &proof, &device, 5000, 0,
			     &token, &trouble),
	    OAUTH_POLL_PENDING);
}
END_TEST

START_TEST(ends)
{
	static const struct {
		const char *answer;
		int class;
		const char *error;
	} cases[] = {
		{ HTTP("400", "", ERROR("access_denied")), P, "access_denied" },
		{ HTTP("403", "", ERROR("access_denied")), P, "access_denied" },
		{ HTTP("400", "", ERROR("authorization_declined")), P,
		    "authorization_declined" },
		{ HTTP("400", "", ERROR("expired_token")), P, "expired_token" },
		{ HTTP("400", "", ERROR("bad_verification_code")), P,
		    "bad_verification_code" },
		{ HTTP("400", "", ERROR("invalid_grant")), P, "invalid_grant" },
		{ HTTP("401", "", ERROR("invalid_client")), C,
		    "invalid_client" },
		{ HTTP("400", "", ERROR("unsupported_grant_type")), C,
		    "unsupported_grant_type" },
		{ HTTP("404", "", ""), C, "" },
		{ HTTP("400", "",
		      "{\"error\":\"expired_token\","
		      "\"error_description\":\"secret has expired\"}"),
		    P, "expired_token" },
	};
	size_t i;

	ck_assert(start(HTTP("200", "", "{" CODE URI "}")));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(poll_once(cases[i].answer), OAUTH_POLL_FAILED);
		ck_assert_msg((int)trouble.outcome.class == cases[i].class,
		    "case %zu: class %s", i,
		    outcome_class_name(trouble.outcome.class));
		ck_assert_str_eq(trouble.outcome.error, cases[i].error);
		ck_assert_str_ne(trouble.outcome.text, "");
		ck_assert_ptr_null(strstr(trouble.outcome.text, "secret"));
	}
	ck_assert_int_eq(device.interval, 5 * S);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, good_codes);
	tcase_add_test(tc, bad_codes);
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, what_is_sent);
	tcase_add_test(tc, refused_at_once);
	tcase_add_test(tc, waiting);
	tcase_add_test(tc, ends);
}

int
main(void)
{
	return unit_main("oauth_device", add);
}
