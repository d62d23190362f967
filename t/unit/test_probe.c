/* SPDX-License-Identifier: ISC */
/*
 * probe: how far it comes, and what is said of the step that fails; what it
 * sends, and that it never sends a message. TLS and its certificates are the
 * flow tests'.
 */
#include "core/probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit.h"

enum { TALK_MAX = 8192 };

static struct profile profile;
static struct profile_home home;
static struct secret password;
static pid_t server;
static char *talk;  /* what the client has said; shared with the server */
static int over[2]; /* an octet comes for each connection that is over */

/* What the server answers to commands that begin so; before the defaults. */
struct line {
	const char *command, *reply;
};

static const struct line defaults[] = {
	{ "greeting", "220 test.example ESMTP" },
	{ "EHLO", "250-test.example\r\n250-AUTH PLAIN XOAUTH2\r\n"
		  "250-SIZE 1000\r\n250 PIPELINING" },
	{ "AUTH PLAIN", "235 2.7.0 welcome" },
	{ "AUTH XOAUTH2", "235 2.7.0 welcome" },
	{ "MAIL", "250 2.1.0 sender fine" },
	{ "RCPT", "250 2.1.5 recipient fine" },
	{ "RSET", "250 ok" },
	{ "QUIT", "221 bye" },
	{ "", "502 what?" },
};

static const char *
reply_to(const struct line *script, const char *command)
{
	for (; script != NULL && script->command != NULL; script++)
		if (strncmp(
			command, script->command, strlen(script->command)) == 0)
			return script->reply;
	for (script = defaults;; script++)
		if (strncmp(
			command, script->command, strlen(script->command)) == 0)
			return script->reply;
}

/* A reply "close" ends the connection, "hang" lets it wait. */
static bool
say(int c, const char *reply)
{
	if (strcmp(reply, "close") == 0)
		return false;
	if (strcmp(reply, "hang") == 0)
		pause();
	dprintf(c, "%s\r\n", reply);
	return true;
}

/* text has room for TALK_MAX octets. */
static void
add_to(char *text, const char *more)
{
	size_t n = strlen(text);

	snprintf(text + n, TALK_MAX - n, "%s", more);
}

static void
serve_one(int c, const struct line *script)
{
	FILE *in = fdopen(c, "r");
	char command[1024];

	bool open = say(c, reply_to(script, "greeting"));

	while (open && fgets(command, sizeof(command), in) != NULL) {
		add_to(talk, command);
		open = say(c, reply_to(script, command));
	}
	fclose(in);
	open = write(over[1], "", 1) == 1;
}

/* A server on loopback that the profile names. script ends with {NULL}. */
static void
start(const struct line *script)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int c;

	ck_assert_int_eq(pipe(over), 0);
	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(s, 8), 0);
	ck_assert_int_eq(getsockname(s, (struct sockaddr *)&a, &n), 0);
	profile.servers[0].wire.port = ntohs(a.sin_port);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server == 0) {
		while ((c = accept(s, NULL, NULL)) >= 0)
			serve_one(c, script);
		_exit(0);
	}
	close(s);
}

static void
set_up(void)
{
	struct smtp_target *t = &profile.servers[0];

	talk = mmap(NULL, TALK_MAX, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(talk, MAP_FAILED);
	memset(&profile, 0, sizeof(profile));
	profile.name = (char *)"noreply";
	profile.home = &home;
	profile.user = (char *)"noreply@example.com";
	profile.n_servers = 1;
	t->wire.host = "127.0.0.1";
	t->wire.tls = WIRE_CLEAR;
	t->wire.hello = "client.example";
	t->timeouts =
	    (struct smtp_timeouts){ 5000, 5000, 5000, 5000, 5000, 5000 };
	ck_assert_int_eq(
	    addr_parse("noreply@example.com", false, &profile.address, NULL),
	    0);
	secret_init(&password);
	secret_add_str(&password, "open sesame");
}

static void
tear_down(void)
{
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
		server = 0;
	}
	addr_clear(&profile.address);
	secret_clear(&password);
	munmap(talk, TALK_MAX);
}

static void
look(enum probe_step until, struct probe *out)
{
	struct probe_order q = { .profile = &profile,
		.until = until,
		.way = PROFILE_AUTH_PASSWORD,
		.secret = &password,
		.rcpt = "bob@example.com" };

	probe_run(&q, out);
}

/* What the client has said, once it has gone. */
static const char *
said(void)
{
	char c;

	ck_assert_int_eq(read(over[0], &c, 1), 1);
	return talk;
}

static void
expect_failure(const struct probe *p, enum probe_step reached,
    enum probe_step failed, enum outcome_class class, const char *words)
{
	ck_assert(!p->ok);
	ck_assert_int_eq(p->reached, reached);
	ck_assert_int_eq(p->failed, failed);
	ck_assert_int_eq(p->outcome.class, class);
	ck_assert_msg(strstr(p->outcome.text, words) != NULL, "\"%s\" in: %s",
	    words, p->outcome.text);
}

START_TEST(all_well)
{
	struct probe p;

	start(NULL);
	look(PROBE_RCPT, &p);
	ck_assert_msg(p.ok, "%s", p.outcome.text);
	ck_assert_int_eq(p.reached, PROBE_RCPT);
	ck_assert_str_eq(p.names, "127.0.0.1");
	ck_assert_str_eq(p.address, "127.0.0.1");
	ck_assert_ptr_nonnull(strstr(p.server, "127.0.0.1:"));
	ck_assert(p.offer.auth[SASL_PLAIN] && p.offer.pipelining);
	ck_assert_int_eq(p.mech, SASL_PLAIN);
	ck_assert(!p.has_chain);
	ck_assert_str_eq(p.outcome.text, "2.1.5 recipient fine");
	/* No DATA, no size of a message that there is not. */
	ck_assert_str_eq(strstr(said(), "MAIL"),
	    "MAIL FROM:<noreply@example.com>\r\nRCPT TO:<bob@example.com>\r\n"
	    "RSET\r\nQUIT\r\n");
	ck_assert_ptr_null(strstr(talk, "DATA"));
}
END_TEST

/* What is said to the server where no more is asked for. */
static const struct {
	enum probe_step until;
	const char *last; /* command; NULL: none at all */
	const char *never;
} parts[] = {
	{ PROBE_NAMES, NULL, "" },
	{ PROBE_EHLO, "EHLO client.example\r\nQUIT\r\n", "AUTH" },
	{ PROBE_AUTH, "QUIT\r\n", "MAIL" },
	{ PROBE_MAIL, "MAIL FROM:<noreply@example.com>\r\nRSET\r\nQUIT\r\n",
	    "RCPT" },
};

START_TEST(no_further)
{
	size_t len;
	struct probe p;

	start(NULL);
	look(parts[_i].until, &p);
	ck_assert_msg(p.ok, "%s", p.outcome.text);
	ck_assert_int_eq(p.reached, parts[_i].until);
	if (parts[_i].last == NULL) {
		ck_assert_str_eq(talk, "");
		return;
	}
	said();
	len = strlen(parts[_i].last);
	ck_assert_msg(strlen(talk) >= len && strcmp(talk + strlen(talk) - len,
						 parts[_i].last) == 0,
	    "%s", talk);
	ck_assert_ptr_null(strstr(talk, parts[_i].never));
}
END_TEST

START_TEST(connected_only)
{
	static const struct line script[] = { { "greeting", "hang" },
		{ NULL, NULL } };
	struct probe p;

	start(script);
	look(PROBE_CONNECT, &p);
	ck_assert_msg(p.ok, "%s", p.outcome.text);
	ck_assert_int_eq(p.reached, PROBE_CONNECT);
	ck_assert_str_eq(p.address, "127.0.0.1");
}
END_TEST

/* One command goes wrong. */
static const struct {
	struct line script[3];
	enum probe_step reached, failed;
	enum outcome_class class;
	const char *words;
} wrong[] = {
	{ { { "greeting", "421 4.3.2 not now" } }, PROBE_TLS, PROBE_EHLO,
	    OUTCOME_CLASS_L, "not now" },
	{ { { "greeting", "close" } }, PROBE_TLS, PROBE_EHLO, OUTCOME_CLASS_L,
	    "" },
	{ { { "EHLO", "550 go away" }, { "HELO", "550 go away" } }, PROBE_TLS,
	    PROBE_EHLO, OUTCOME_CLASS_L, "go away" },
	{ { { "EHLO", "250 test.example" } }, PROBE_EHLO, PROBE_AUTH,
	    OUTCOME_CLASS_C, "no AUTH at all" },
	{ { { "EHLO", "250-test.example\r\n250 AUTH XOAUTH2" } }, PROBE_EHLO,
	    PROBE_AUTH, OUTCOME_CLASS_C, "it offers: XOAUTH2" },
	{ { { "AUTH", "535 5.7.8 no such thing" } }, PROBE_EHLO, PROBE_AUTH,
	    OUTCOME_CLASS_F, "no such thing" },
	{ { { "AUTH", "454 4.7.0 later" } }, PROBE_EHLO, PROBE_AUTH,
	    OUTCOME_CLASS_L, "later" },
	{ { { "AUTH", "close" } }, PROBE_EHLO, PROBE_AUTH, OUTCOME_CLASS_L,
	    "closed" },
	{ { { "MAIL", "550 5.7.1 not as this" } }, PROBE_AUTH, PROBE_MAIL,
	    OUTCOME_CLASS_C, "not as this" },
	{ { { "MAIL", "354 go ahead" } }, PROBE_AUTH, PROBE_MAIL,
	    OUTCOME_CLASS_L, "does not fit" },
	{ { { "MAIL", "close" } }, PROBE_AUTH, PROBE_MAIL, OUTCOME_CLASS_L,
	    "closed" },
	{ { { "RCPT", "550 5.1.1 nobody" } }, PROBE_MAIL, PROBE_RCPT,
	    OUTCOME_CLASS_M, "nobody" },
	{ { { "RCPT", "354 go ahead" } }, PROBE_MAIL, PROBE_RCPT,
	    OUTCOME_CLASS_L, "does not fit" },
	{ { { "RCPT", "close" } }, PROBE_MAIL, PROBE_RCPT, OUTCOME_CLASS_T,
	    "closed" },
};

START_TEST(one_wrong)
{
	struct probe p;

	start(wrong[_i].script);
	look(PROBE_RCPT, &p);
	expect_failure(&p, wrong[_i].reached, wrong[_i].failed, wrong[_i].class,
	    wrong[_i].words);
	ck_assert_ptr_null(strstr(said(), "DATA"));
}
END_TEST

/* Whatever becomes of RSET, the verdicts stand. */
START_TEST(reset_fails)
{
	static const struct line script[] = { { "RSET", "close" },
		{ NULL, NULL } };
	struct probe p;

	start(script);
	look(PROBE_RCPT, &p);
	ck_assert_msg(p.ok, "%s", p.outcome.text);
	ck_assert_int_eq(p.reached, PROBE_RCPT);
}
END_TEST

START_TEST(one_by_one)
{
	static const struct line script[] = {
		{ "EHLO", "250-test.example\r\n250 AUTH PLAIN" },
		{ "MAIL", "553 5.7.1 no" }, { NULL, NULL }
	};
	struct probe p;

	start(script);
	look(PROBE_RCPT, &p);
	expect_failure(&p, PROBE_AUTH, PROBE_MAIL, OUTCOME_CLASS_C, "5.7.1 no");
	ck_assert_ptr_null(strstr(said(), "RCPT"));
}
END_TEST

START_TEST(no_auth_wanted)
{
	struct probe_order q = { .profile = &profile,
		.until = PROBE_RCPT,
		.way = PROFILE_AUTH_NONE,
		.rcpt = "bob@example.com" };
	struct probe p;

	start(NULL);
	probe_run(&q, &p);
	ck_assert_msg(p.ok, "%s", p.outcome.text);
	ck_assert_ptr_null(strstr(said(), "AUTH"));
}
END_TEST

START_TEST(starttls_missing)
{
	struct probe p;

	start(NULL);
	profile.servers[0].wire.tls = WIRE_STARTTLS;
	look(PROBE_RCPT, &p);
	expect_failure(
	    &p, PROBE_CONNECT, PROBE_TLS, OUTCOME_CLASS_C, "STARTTLS");
	ck_assert_ptr_null(strstr(said(), "AUTH"));
}
END_TEST

START_TEST(nobody_there)
{
	struct probe p;

	start(NULL);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	server = 0;
	look(PROBE_RCPT, &p);
	expect_failure(
	    &p, PROBE_NAMES, PROBE_CONNECT, OUTCOME_CLASS_L, "onnect");
	ck_assert_str_eq(p.address, "");
}
END_TEST

START_TEST(silent)
{
	static const struct line script[] = { { "greeting", "hang" },
		{ NULL, NULL } };
	struct probe p;

	start(script);
	profile.servers[0].timeouts.greeting = 200;
	look(PROBE_RCPT, &p);
	expect_failure(
	    &p, PROBE_TLS, PROBE_EHLO, OUTCOME_CLASS_L, "within 200ms");
	ck_assert_int_ge(p.took[PROBE_EHLO], 190);
}
END_TEST

START_TEST(names)
{
	struct probe p;

	profile.servers[0].wire.host = "localhost";
	look(PROBE_NAMES, &p);
	ck_assert_msg(p.ok, "%s", p.outcome.text);
	ck_assert_ptr_nonnull(strstr(p.names, "127.0.0.1"));

	/* RFC 2606: there is no such name, whoever is asked, and if anybody. */
	profile.servers[0].wire.host = "smtp.example.invalid";
	look(PROBE_RCPT, &p);
	ck_assert(!p.ok);
	ck_assert_int_eq(p.failed, PROBE_NAMES);
	ck_assert_msg(strstr(p.outcome.text, "smtp.example.invalid: ") != NULL,
	    "%s", p.outcome.text);
	ck_assert_int_eq(p.outcome.stage, OUTCOME_AT_CONNECT);
}
END_TEST

/* An address that could not stand in a command, or is none. */
START_TEST(bad_rcpt)
{
	static const char *const bad[] = { "", "bob", "a@b>\r\nDATA", "<>" };
	struct probe_order q = { .profile = &profile,
		.until = PROBE_RCPT,
		.way = PROFILE_AUTH_PASSWORD,
		.secret = &password };
	struct probe p;

	start(NULL);
	q.rcpt = bad[_i];
	probe_run(&q, &p);
	ck_assert(!p.ok);
	ck_assert_ptr_null(strstr(said(), "MAIL"));
}
END_TEST

static void
keep_trace(void *ctx, bool sent, const char *line)
{
	char *text = ctx;

	(void)sent;
	add_to(text, line);
}

/* What is shown of the dialogue has no secret in it. */
START_TEST(trace)
{
	char text[TALK_MAX] = "";
	struct probe_order q = { .profile = &profile,
		.until = PROBE_RCPT,
		.way = PROFILE_AUTH_PASSWORD,
		.secret = &password,
		.rcpt = "bob@example.com",
		.trace = keep_trace,
		.trace_ctx = text };
	struct probe p;

	start(NULL);
	probe_run(&q, &p);
	ck_assert_ptr_nonnull(strstr(text, "AUTH PLAIN ***"));
	ck_assert_ptr_nonnull(strstr(text, "RSET"));
	ck_assert_ptr_null(strstr(text, "sesame"));
}
END_TEST

START_TEST(step_names)
{
	ck_assert_str_eq(probe_step_name(PROBE_NAMES), "DNS");
	ck_assert_str_eq(probe_step_name(PROBE_RCPT), "RCPT");
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, all_well);
	tcase_add_loop_test(
	    tc, no_further, 0, sizeof(parts) / sizeof(parts[0]));
	tcase_add_test(tc, connected_only);
	tcase_add_loop_test(tc, one_wrong, 0, sizeof(wrong) / sizeof(wrong[0]));
	tcase_add_test(tc, reset_fails);
	tcase_add_test(tc, one_by_one);
	tcase_add_test(tc, no_auth_wanted);
	tcase_add_test(tc, starttls_missing);
	tcase_add_test(tc, nobody_there);
	tcase_add_test(tc, silent);
	tcase_add_test(tc, names);
	tcase_add_loop_test(tc, bad_rcpt, 0, 4);
	tcase_add_test(tc, trace);
	tcase_add_test(tc, step_names);
}

int
main(void)
{
	return unit_main("probe", add);
}
