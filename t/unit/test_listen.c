/* SPDX-License-Identifier: ISC */
/* Test gate/listen: what a browser gets, and what all others can't do to it. */

#include "gate/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "aid.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/sys.h"

enum { GUARD = 20 * 1000 }; /* ms; a loop that waits so long has failed */

/* What a test looks at: the listener, its visitor, and what was answered. */
struct scene {
	struct loop *l;
	struct listen *s;
	struct loop_timer guard, nap;
	bool stuck;
	struct buf asked; /* queries, each with LF */
	struct listen_page page;
	struct buf got; /* of the client that is read */
};

static struct scene scene;

static struct listen_page
on_get(void *ctx, const char *query)
{
	ck_assert_ptr_eq(ctx, &scene);
	buf_add_str(&scene.asked, query);
	buf_add_char(&scene.asked, '\n');
	return scene.page;
}

static void
open_scene(void)
{
	memset(&scene, 0, sizeof(scene));
	scene.l = loop_new();
	buf_init(&scene.asked, SIZE_MAX);
	buf_init(&scene.got, SIZE_MAX);
	scene.page = (struct listen_page){ 200, "Signed in", "Close this." };
	ck_assert_int_eq(listen_open(scene.l, "127.0.0.1", 0, "/cb", on_get,
			     &scene, &scene.s, NULL),
	    0);
}

static void
close_scene(void)
{
	listen_close(scene.s);
	/* Nothing is left in the loop: this returns. */
	loop_run(scene.l);
	loop_free(scene.l);
	buf_clear(&scene.asked);
	buf_clear(&scene.got);
}

/* ---- clients */

static int
connect_to(int family, unsigned port)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(family, SOCK_STREAM, 0);
	int rc;

	ck_assert_int_ge(fd, 0);
	if (family == AF_INET)
		rc = connect(fd, (struct sockaddr *)&four, sizeof(four));
	else
		rc = connect(fd, (struct sockaddr *)&six, sizeof(six));
	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}

static int
client(void)
{
	int fd = connect_to(AF_INET, listen_port(scene.s));

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(
	    send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void
on_stuck(void *ctx)
{
	(void)ctx;
	scene.stuck = true;
	loop_stop(scene.l);
}

static void
on_nap_over(void *ctx)
{
	(void)ctx;
	loop_stop(scene.l);
}

/* Let the listener look at its descriptors so many times, without waiting. */
static void
turns(int n)
{
	for (; n > 0; n--) {
		loop_timer_start(scene.l, &scene.nap, 0, on_nap_over, NULL);
		loop_run(scene.l);
	}
}

static void
on_answer(void *ctx, int fd, unsigned events)
{
	char piece[4096];
	ssize_t n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);

	(void)ctx;
	(void)events;
	if (n > 0) {
		buf_add(&scene.got, piece, (size_t)n);
		return;
	}
	if (n == -1 && errno == EAGAIN)
		return;
	loop_watch(scene.l, fd, 0, NULL, NULL);
	loop_stop(scene.l);
}

/* All that the client gets until the end; it is closed then. */
static const char *
hear(int fd)
{
	buf_reset(&scene.got);
	loop_watch(scene.l, fd, LOOP_READ, on_answer, NULL);
	loop_timer_start(
	    scene.l, &scene.guard, sys_mono() + GUARD, on_stuck, NULL);
	loop_run(scene.l);
	loop_timer_stop(scene.l, &scene.guard);
	ck_assert(!scene.stuck);
	close(fd);
	return scene.got.data;
}

static const char *
ask(const char *request)
{
	int fd = client();

	say(fd, request);
	return hear(fd);
}

static void
has(const char *text, const char *part)
{
	ck_assert_msg(
	    strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

static void
starts(const char *text, const char *front)
{
	ck_assert_msg(strncmp(text, front, strlen(front)) == 0,
	    "not \"%s\":\n%s", front, text);
}

#define REST "\r\nHost: 127.0.0.1\r\n\r\n"

/* ---- what a browser gets */

START_TEST(a_get_is_answered)
{
	const char *got = ask("GET /cb?code=a%20b&state=c HTTP/1.1" REST);
	const char *body;
	char length[64];

	starts(got, "HTTP/1.1 200 OK\r\n");
	has(got, "\r\nContent-Type: text/html; charset=utf-8\r\n");
	has(got, "\r\nCache-Control: no-store\r\n");
	has(got, "\r\nContent-Security-Policy: default-src 'none'\r\n");
	has(got, "\r\nReferrer-Policy: no-referrer\r\n");
	has(got, "\r\nConnection: close\r\n");
	body = strstr(got, "\r\n\r\n");
	ck_assert_ptr_nonnull(body);
	snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n",
	    strlen(body + 4));
	has(got, length);
	has(body, "<title>Signed in</title>");
	has(body, "<h1>Signed in</h1>\n<p>Close this.</p>");
	ck_assert_str_eq(scene.asked.data, "code=a%20b&state=c\n");
}
END_TEST

START_TEST(without_a_query)
{
	starts(ask("GET /cb HTTP/1.0\n\n"), "HTTP/1.1 200 OK\r\n");
	starts(ask("GET /cb? HTTP/1.1" REST), "HTTP/1.1 200 OK\r\n");
	starts(ask("GET /cb?a?b HTTP/1.1" REST), "HTTP/1.1 200 OK\r\n");
	ck_assert_str_eq(scene.asked.data, "\n\na?b\n");
}
END_TEST

START_TEST(a_page_is_escaped)
{
	const char *got;

	scene.page =
	    (struct listen_page){ 400, "<b>&\"'", "</p><script>x</script>" };
	got = ask("GET /cb HTTP/1.1" REST);
	starts(got, "HTTP/1.1 400 Bad Request\r\n");
	has(got, "<h1>&lt;b&gt;&amp;&quot;&#39;</h1>");
	has(got, "<p>&lt;/p&gt;&lt;script&gt;x&lt;/script&gt;</p>");
	ck_assert_ptr_null(strstr(got, "<script"));
}
END_TEST

START_TEST(what_came_is_not_repeated)
{
	const char *got = ask("GET /cb?code=SESAME HTTP/1.1" REST);

	ck_assert_ptr_null(strstr(got, "SESAME"));
	got = ask("GET /SESAME?SESAME HTTP/1.1" REST);
	ck_assert_ptr_null(strstr(got, "SESAME"));
}
END_TEST

/* ---- what is no redirect */

START_TEST(all_else_is_refused)
{
	static const struct {
		const char *request;
		const char *status;
	} rows[] = {
		{ "GET / HTTP/1.1" REST, "404 Not Found" },
		{ "GET /favicon.ico HTTP/1.1" REST, "404 Not Found" },
		{ "GET /cb/ HTTP/1.1" REST, "404 Not Found" },
		{ "GET /CB HTTP/1.1" REST, "404 Not Found" },
		{ "GET /%63b HTTP/1.1" REST, "404 Not Found" },
		{ "GET http://127.0.0.1/cb HTTP/1.1" REST, "404 Not Found" },
		{ "GET * HTTP/1.1" REST, "404 Not Found" },
		{ "POST / HTTP/1.1" REST, "404 Not Found" },
		{ "POST /cb HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
		    "405 Method Not Allowed" },
		{ "HEAD /cb HTTP/1.1" REST, "405 Method Not Allowed" },
		{ "get /cb HTTP/1.1" REST, "405 Method Not Allowed" },
		{ "GET /cb" REST, "400 Bad Request" },
		{ "GET /cb HTTP/2.0" REST, "400 Bad Request" },
		{ "GET /cb x HTTP/1.1" REST, "400 Bad Request" },
		{ "GET /cb?a\tb HTTP/1.1" REST, "400 Bad Request" },
		{ "GET /cb?\033[2J HTTP/1.1" REST, "400 Bad Request" },
		{ "GET" REST, "400 Bad Request" },
		{ "\n\n", "400 Bad Request" },
		{ "\r\n\r\n", "400 Bad Request" },
		{ "\026\003\001 TLS \n\n", "400 Bad Request" },
	};
	const char *got;
	char line[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = ask(rows[i].request);
		snprintf(line, sizeof(line), "HTTP/1.1 %s\r\n", rows[i].status);
		starts(got, line);
		has(got, "\r\nCache-Control: no-store\r\n");
	}
	ck_assert_str_eq(scene.asked.data, "");
}
END_TEST

START_TEST(a_head_gets_no_body)
{
	const char *got = ask("HEAD / HTTP/1.1" REST);

	starts(got, "HTTP/1.1 404 Not Found\r\n");
	ck_assert_str_eq(strstr(got, "\r\n\r\n"), "\r\n\r\n");
	got = ask("HEAD /cb HTTP/1.1" REST);
	has(got, "\r\nAllow: GET\r\n");
	ck_assert_str_eq(strstr(got, "\r\n\r\n"), "\r\n\r\n");
}
END_TEST

START_TEST(a_nul_is_no_request)
{
	static const char request[] = "GET /cb?a\0b HTTP/1.1" REST;
	int fd = client();

	ck_assert_int_eq(send(fd, request, sizeof(request) - 1, 0),
	    (ssize_t)sizeof(request) - 1);
	starts(hear(fd), "HTTP/1.1 400 ");
	ck_assert_str_eq(scene.asked.data, "");
}
END_TEST

/* A long query, as codes with much in them have it, and cookies of others. */
START_TEST(long_heads_are_taken_and_huge_ones_not)
{
	char *filler = mem_new(50001, 1), *request;
	const char *got;

	memset(filler, 'c', 50000);
	request = mem_printf("GET /cb?%s HTTP/1.1" REST, filler);
	starts(ask(request), "HTTP/1.1 200 ");
	ck_assert_uint_eq(scene.asked.len, 50001);
	free(request);
	request =
	    mem_printf("GET /cb HTTP/1.1\r\nCookie: %s\r\nCookie: %s" REST,
		filler, filler);
	got = ask(request);
	starts(got, "HTTP/1.1 431 ");
	has(got, "</html>\n");
	ck_assert_uint_eq(scene.asked.len, 50001);
	free(request);
	free(filler);
}
END_TEST

/* ---- clients that keep others waiting, if they could */

START_TEST(piece_by_piece)
{
	int fd = client();

	say(fd, "GE");
	turns(3);
	say(fd, "T /cb?x HTTP/1.1\r");
	turns(3);
	say(fd, "\nHost: y\r\n\r");
	turns(3);
	ck_assert_str_eq(scene.asked.data, "");
	say(fd, "\n");
	starts(hear(fd), "HTTP/1.1 200 ");
	ck_assert_str_eq(scene.asked.data, "x\n");
}
END_TEST

START_TEST(silent_ones_do_not_keep_others)
{
	enum { SILENT = 200 };
	int fds[SILENT];

	for (int i = 0; i < SILENT; i++) {
		fds[i] = client();
		if (i % 3 == 1)
			say(fds[i], "GET /cb?no");
		turns(1);
	}
	starts(ask("GET /cb?yes HTTP/1.1" REST), "HTTP/1.1 200 ");
	ck_assert_str_eq(scene.asked.data, "yes\n");
	for (int i = 0; i < SILENT; i++)
		close(fds[i]);
}
END_TEST

START_TEST(a_silent_one_is_let_go)
{
	int64_t began = sys_mono();
	int fd = client();

	say(fd, "GET /cb HTTP/1.1\r\n");
	ck_assert_str_eq(hear(fd), "");
	ck_assert_int_ge(sys_mono() - began, 4000);
	ck_assert(listen_is_idle(scene.s));
}
END_TEST

/* One that never stops sending gets its answer, and is let go. */
START_TEST(an_endless_one_is_let_go)
{
	static char junk[4096];
	int fd = client();

	memset(junk, 'j', sizeof(junk));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (int64_t end = sys_mono() + GUARD; sys_mono() < end;) {
		ssize_t n = send(fd, junk, sizeof(junk), MSG_NOSIGNAL);

		if (n == -1 && errno != EAGAIN)
			break;
		turns(1);
	}
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	close(fd);
	starts(ask("GET /cb HTTP/1.1" REST), "HTTP/1.1 200 ");
}
END_TEST

START_TEST(those_that_hang_up_are_forgotten)
{
	const struct linger reset = { 1, 0 };
	int fd;

	for (int i = 0; i < 100; i++) {
		fd = client();
		if (i % 2 == 0)
			say(fd, "GET /cb HTTP/1.1" REST);
		if (i % 4 < 2)
			setsockopt(
			    fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
		turns(1);
	}
	starts(ask("GET /cb?last HTTP/1.1" REST), "HTTP/1.1 200 ");
	turns(3);
	ck_assert(listen_is_idle(scene.s));
}
END_TEST

/* It is idle when the page is there, not before. */
START_TEST(idle_once_the_page_is_there)
{
	int fd = client();

	ck_assert(listen_is_idle(scene.s));
	say(fd, "GET /cb HTTP/1.1" REST);
	turns(5);
	ck_assert_str_eq(scene.asked.data, "\n");
	ck_assert(!listen_is_idle(scene.s));
	has(hear(fd), "</html>\n");
	turns(5);
	ck_assert(listen_is_idle(scene.s));
}
END_TEST

START_TEST(without_descriptors_it_comes_back)
{
	struct rlimit old, none;
	int fd = client();

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = (rlim_t)fd + 1;
	say(fd, "GET /cb?later HTTP/1.1" REST);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	turns(5);
	ck_assert_str_eq(scene.asked.data, "");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	starts(hear(fd), "HTTP/1.1 200 ");
}
END_TEST

/* ---- addresses and ports */

static struct listen *
try_open(const char *host, unsigned port, int want, struct err *e)
{
	struct listen *s;

	ck_assert_int_eq(
	    listen_open(scene.l, host, port, "/cb", on_get, &scene, &s, e),
	    want);
	return s;
}

static bool
answers(int family, unsigned port)
{
	int fd = connect_to(family, port);

	if (fd == -1)
		return false;
	say(fd, "GET /cb?here HTTP/1.1" REST);
	starts(hear(fd), "HTTP/1.1 200 ");
	return true;
}

static bool
has_six(void)
{
	struct listen *s;
	bool six =
	    listen_open(scene.l, "::1", 0, "/", on_get, &scene, &s, NULL) == 0;

	listen_close(s);
	return six;
}

START_TEST(addresses_of_a_host)
{
	struct listen *s = try_open("127.0.0.1", 0, 0, NULL);

	ck_assert(answers(AF_INET, listen_port(s)));
	ck_assert(!answers(AF_INET6, listen_port(s)));
	listen_close(s);
	s = try_open("localhost", 0, 0, NULL);
	ck_assert(answers(AF_INET, listen_port(s)));
	ck_assert_int_eq(answers(AF_INET6, listen_port(s)), has_six());
	listen_close(s);
	if (has_six()) {
		s = try_open("::1", 0, 0, NULL);
		ck_assert(answers(AF_INET6, listen_port(s)));
		ck_assert(!answers(AF_INET, listen_port(s)));
		listen_close(s);
	}
	try_open("example.org", 0, EX_CONFIG, NULL);
	try_open("0.0.0.0", 0, EX_CONFIG, NULL);
	listen_close(NULL);
}
END_TEST

START_TEST(a_port_that_is_told)
{
	struct err e = ERR_NONE;
	unsigned port = listen_port(scene.s);
	char words[64];

	ck_assert_ptr_null(try_open("127.0.0.1", port, EX_UNAVAILABLE, &e));
	snprintf(
	    words, sizeof(words), "127.0.0.1:%u: the port is in use", port);
	has(e.text, words);
	/* One of two is taken: then none of both. */
	ck_assert_ptr_null(try_open("localhost", port, EX_UNAVAILABLE, &e));
	ck_assert(!answers(AF_INET6, port));
	/* After use it is free again, TIME_WAIT or not. */
	starts(ask("GET /cb HTTP/1.1" REST), "HTTP/1.1 200 ");
	listen_close(scene.s);
	scene.s = try_open("127.0.0.1", port, 0, &e);
	ck_assert_uint_eq(listen_port(scene.s), port);
	starts(ask("GET /cb HTTP/1.1" REST), "HTTP/1.1 200 ");
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, open_scene, close_scene);
	tcase_add_test(tc, a_get_is_answered);
	tcase_add_test(tc, without_a_query);
	tcase_add_test(tc, a_page_is_escaped);
	tcase_add_test(tc, what_came_is_not_repeated);
	tcase_add_test(tc, all_else_is_refused);
	tcase_add_test(tc, a_head_gets_no_body);
	tcase_add_test(tc, a_nul_is_no_request);
	tcase_add_test(tc, long_heads_are_taken_and_huge_ones_not);
	tcase_add_test(tc, piece_by_piece);
	tcase_add_test(tc, silent_ones_do_not_keep_others);
	tcase_add_test(tc, a_silent_one_is_let_go);
	tcase_add_test(tc, an_endless_one_is_let_go);
	tcase_add_test(tc, those_that_hang_up_are_forgotten);
	tcase_add_test(tc, idle_once_the_page_is_there);
	tcase_add_test(tc, without_descriptors_it_comes_back);
	tcase_add_test(tc, addresses_of_a_host);
	tcase_add_test(tc, a_port_that_is_told);
}

int
main(void)
{
	return unit_main("listen", add);
}
