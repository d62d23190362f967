/* SPDX-License-Identifier: ISC */
/* http: forms, Basic, and what of an answer's header counts. What is posted is
 * looked at by the flow tests. */
#include "gate/http.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "unit.h"

static void
expect(const char *label, const struct secret *got, const char *want)
{
	ck_assert_msg(secret_len(got) == strlen(want) &&
			  strcmp(secret_reveal(got), want) == 0,
	    "%s: %s", label, secret_reveal(got));
}

static const struct {
	const char *label, *key, *value, *want;
} pairs[] = {
	{ "plain", "grant_type", "client_credentials",
	    "grant_type=client_credentials" },
	{ "unreserved stay", "k", "aZ09-._~", "k=aZ09-._~" },
	{ "separators", "k", "a&b=c+d;e", "k=a%26b%3Dc%2Bd%3Be" },
	{ "a URL", "scope", "https://outlook.example/.default",
	    "scope=https%3A%2F%2Foutlook.example%2F.default" },
	{ "blank and percent", "k", "100 %", "k=100%20%25" },
	{ "controls", "k", "\r\n\t\1", "k=%0D%0A%09%01" },
	{ "8-bit", "k", "\303\244\377", "k=%C3%A4%FF" },
	{ "empty", "k", "", "k=" },
	{ "the key too", "a b", "c", "a%20b=c" },
};

START_TEST(form)
{
	struct secret f, value;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		secret_init(&f);
		http_form_add(&f, pairs[i].key, pairs[i].value);
		expect(pairs[i].label, &f, pairs[i].want);
		secret_clear(&f);
		secret_init(&value);
		secret_add_str(&value, pairs[i].value);
		http_form_add_secret(&f, pairs[i].key, &value);
		expect(pairs[i].label, &f, pairs[i].want);
		secret_clear(&value);
		secret_clear(&f);
	}
}
END_TEST

START_TEST(form_of_many)
{
	struct secret f, value;

	secret_init(&f);
	secret_init(&value);
	secret_set(&value, "a\0b~", 4);
	http_form_add(&f, "x", "1");
	http_form_add_secret(&f, "y", &value);
	http_form_add(&f, "z", "");
	expect("many", &f, "x=1&y=a%00b~&z=");
	secret_clear(&value);
	secret_clear(&f);
}
END_TEST

/* Long values are encoded in pieces: none may be lost at the seams. */
START_TEST(form_of_any_length)
{
	char value[400], want[3 * sizeof(value) + 3];
	struct secret f;
	size_t n, i;

	for (n = 0; n < sizeof(value); n++) {
		memset(value, '&', n);
		value[n] = '\0';
		memcpy(want, "k=", 3);
		for (i = 0; i < n; i++)
			memcpy(want + 2 + 3 * i, "%26", 4);
		secret_init(&f);
		http_form_add(&f, "k", value);
		expect("length", &f, want);
		secret_clear(&f);
	}
}
END_TEST

static const struct {
	const char *label, *id, *password;
	bool raw;
	const char *want;
} basics[] = {
	{ "RFC 7617", "Aladdin", "open sesame", true,
	    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
	{ "encoded", "Aladdin", "open sesame", false,
	    "Basic QWxhZGRpbjpvcGVuJTIwc2VzYW1l" },
	{ "same if nothing needs it", "id", "pw", false, "Basic aWQ6cHc=" },
	{ "a colon in the id", "a:b", "c~", false, "Basic YSUzQWI6Y34=" },
	{ "a colon in the id, raw", "a:b", "c~", true, "Basic YTpiOmN+" },
	{ "empty", "", "", true, "Basic Og==" },
};

START_TEST(basic)
{
	struct secret out, password;
	size_t i;

	for (i = 0; i < sizeof(basics) / sizeof(basics[0]); i++) {
		secret_init(&out);
		secret_init(&password);
		secret_add_str(&password, basics[i].password);
		http_basic(&out, basics[i].id, &password, basics[i].raw);
		expect(basics[i].label, &out, basics[i].want);
		secret_clear(&password);
		secret_clear(&out);
	}
}
END_TEST

/* 2 * 48 octets with the colon: padding only at the very end. */
START_TEST(basic_of_pieces)
{
	struct secret out, password;
	char letters[95];
	const char *got;

	memset(letters, 'A', sizeof(letters));
	secret_init(&out);
	secret_init(&password);
	secret_set(&password, letters, sizeof(letters));
	http_basic(&out, "A", &password, true);
	got = secret_reveal(&out);
	ck_assert_uint_eq(secret_len(&out), strlen("Basic ") + 132);
	ck_assert_str_eq(got + strlen("Basic ") + 128, "QQ==");
	ck_assert_ptr_eq(strchr(got, '='), got + strlen("Basic ") + 130);
	secret_clear(&password);
	secret_clear(&out);
}
END_TEST

/* Give each of the next n callers that header, and a body of two octets. */
static unsigned
answer_with(const char *const *headers, size_t n, pid_t *pid)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int at = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(at, (struct sockaddr *)&a, len), 0);
	ck_assert_int_eq(listen(at, 8), 0);
	ck_assert_int_eq(getsockname(at, (struct sockaddr *)&a, &len), 0);
	*pid = fork();
	ck_assert_int_ge(*pid, 0);
	for (size_t i = 0; *pid == 0 && i < n; i++) {
		int fd = accept(at, NULL, NULL);
		char request[2048];

		alarm(20);
		if (read(fd, request, sizeof(request)) > 0)
			dprintf(fd,
			    "HTTP/1.1 429 Slow down\r\n%s"
			    "Content-Length: 2\r\nConnection: close\r\n\r\n{}",
			    headers[i]);
		close(fd);
	}
	if (*pid == 0)
		_exit(0);
	close(at);
	return ntohs(a.sin_port);
}

#define DATE	"Date: Tue, 24 Nov 2026 10:00:00 GMT\r\n"
#define DATE_MS (INT64_C(1795514400) * 1000)
#define HOUR	(INT64_C(3600) * 1000)

static const struct {
	const char *label, *header;
	int64_t date, retry_after;
} answers[] = {
	{ "neither", "", -1, -1 },
	{ "seconds", DATE "Retry-After: 120\r\n", DATE_MS, 120000 },
	{ "at once", "Retry-After: 0\r\n", -1, 0 },
	{ "a date counts from Date",
	    DATE "Retry-After: Tue, 24 Nov 2026 10:02:30 GMT\r\n", DATE_MS,
	    150000 },
	{ "a date that has passed",
	    DATE "Retry-After: Tue, 24 Nov 2026 09:59:59 GMT\r\n", DATE_MS, 0 },
	{ "a date far away",
	    DATE "Retry-After: Wed, 24 Nov 2027 10:00:00 GMT\r\n", DATE_MS,
	    6 * HOUR },
	{ "many seconds", "Retry-After: 99999\r\n", -1, 6 * HOUR },
	{ "too many seconds", "Retry-After: 99999999999999999999999\r\n", -1,
	    6 * HOUR },
	{ "not a number", "Retry-After: 12x\r\n", -1, -1 },
	{ "negative", "Retry-After: -5\r\n", -1, -1 },
	{ "no date", DATE "Retry-After: soon\r\n", DATE_MS, -1 },
	{ "no Date", "Date: soon\r\nRetry-After: 7\r\n", -1, 7000 },
	{ "empty", "Retry-After:\r\n", -1, -1 },
};

START_TEST(time_to_wait)
{
	enum { N = sizeof(answers) / sizeof(answers[0]) };
	const char *headers[N];
	struct wire_response r;
	struct wire_failure f;
	struct secret body;
	char *url;
	pid_t pid;
	size_t i;

	for (i = 0; i < N; i++)
		headers[i] = answers[i].header;
	url = mem_printf(
	    "http://127.0.0.1:%u/token", answer_with(headers, N, &pid));
	secret_init(&body);
	http_form_add(&body, "k", "v");
	for (i = 0; i < N; i++) {
		ck_assert_msg(http_post_form(url, &body, NULL, NULL, NULL, 5000,
				  1000, &r, &f),
		    "%s: %s", answers[i].label, f.text);
		ck_assert_int_eq(r.status, 429);
		ck_assert_msg(r.date == answers[i].date, "%s: date %lld",
		    answers[i].label, (long long)r.date);
		ck_assert_msg(r.retry_after == answers[i].retry_after,
		    "%s: %lld", answers[i].label, (long long)r.retry_after);
		wire_response_clear(&r);
	}
	secret_clear(&body);
	waitpid(pid, NULL, 0);
	/* Nobody is there any more: nothing was said, nothing is known. */
	secret_init(&body);
	ck_assert(
	    !http_post_form(url, &body, NULL, NULL, NULL, 5000, 1000, &r, &f));
	ck_assert_int_eq(r.retry_after, -1);
	ck_assert_int_eq(r.date, -1);
	ck_assert_int_eq(f.stage, WIRE_CONNECTING);
	wire_response_clear(&r);
	free(url);
}
END_TEST

/* An answer that fails behind a request that went out is told apart: what was
 * asked for may have been done. */
START_TEST(answer_cut_short)
{
	static const char *const headers[] = { "Content-Length: 99\r\n" };
	struct wire_response r;
	struct wire_failure f;
	struct secret body;
	char *url;
	pid_t pid;

	url = mem_printf("http://127.0.0.1:%u/", answer_with(headers, 1, &pid));
	secret_init(&body);
	http_form_add(&body, "k", "v");
	ck_assert(
	    !http_post_form(url, &body, NULL, NULL, NULL, 5000, 1, &r, &f));
	ck_assert_int_eq(f.stage, WIRE_UP);
	wire_response_clear(&r);
	secret_clear(&body);
	waitpid(pid, NULL, 0);
	free(url);
}
END_TEST

/* Plain http goes to this machine alone, whatever a URL looks like. */
START_TEST(loopback)
{
	static const char *const good[] = { "http://localhost",
		"HTTP://LocalHost/", "http://127.0.0.1:8080/x",
		"http://[::1]:1", "http://localhost:" };
	static const char *const bad[] = { "https://localhost/",
		"http://localhost.example.com/", "http://127.0.0.1.example/",
		"http://localhost:1@example.com/", "http://localhost:x@example",
		"http://localhost@example.com/", "http://[::1]x",
		"http://localhost:80\\@example.com/", "http:///", "" };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(wire_is_loopback_http(good[i]), "%s", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!wire_is_loopback_http(bad[i]), "%s", bad[i]);
}
END_TEST

/* What no URL of https is, is the configuration's fault; and so is a file of
 * CAs that has no end: it is not waited for. */
START_TEST(never_asked)
{
	static const struct {
		const char *url, *ca_file, *part;
	} cases[] = {
		{ "http://example.test/", NULL, "not a URL of https" },
		{ "file:///etc/passwd", NULL, "not a URL of https" },
		{ "https://127.0.0.1:99999/", NULL, "not a URL of https" },
		{ "https://127.0.0.1:1/", "/dev/zero", "not a regular file" },
		{ "https://127.0.0.1:1/", "/", "not a regular file" },
	};
	struct wire_response r;
	struct wire_failure f;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert(!http_get(
		    cases[i].url, cases[i].ca_file, NULL, 5000, 100, &r, &f));
		ck_assert(f.local);
		ck_assert_msg(
		    strstr(f.text, cases[i].part) != NULL, "%s", f.text);
		wire_response_clear(&r);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, loopback);
	tcase_add_test(tc, never_asked);
	tcase_add_test(tc, form);
	tcase_add_test(tc, form_of_many);
	tcase_add_test(tc, form_of_any_length);
	tcase_add_test(tc, basic);
	tcase_add_test(tc, basic_of_pieces);
	tcase_add_test(tc, time_to_wait);
	tcase_add_test(tc, answer_cut_short);
}

int
main(void)
{
	return unit_main("http", add);
}
