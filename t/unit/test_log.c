/* SPDX-License-Identifier: ISC */
/*
 * Test base/log. syslog(3) is our own here, so that nothing leaves the test;
 * the fortified name is there for builds that call it.
 */
#undef _FORTIFY_SOURCE

#include "base/log.h"

#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <syslog.h>

#include "aid.h"
#include "base/json.h"

static struct {
	int facility;
	int priority;
	int count;
	char text[8192];
} sys_log;

void
openlog(const char *ident, int option, int facility)
{
	ck_assert_str_eq(ident, "osmtp");
	ck_assert_int_eq(option, LOG_PID);
	sys_log.facility = facility;
}

void
vsyslog(int priority, const char *fmt, va_list ap)
{
	sys_log.priority = priority;
	sys_log.count++;
	vsnprintf(sys_log.text, sizeof(sys_log.text), fmt, ap);
}

void
syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsyslog(priority, fmt, ap);
	va_end(ap);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)flag;
	va_start(ap, fmt);
	vsyslog(priority, fmt, ap);
	va_end(ap);
}

static void
open_log(const char *to, enum log_level level, bool json)
{
	const struct log_settings s = { to, level, json, "mail" };
	struct err e = ERR_NONE;

	ck_assert_msg(log_open(&s, &e) == 0, "%s", e.text);
}

static void
set_up(void)
{
	aid_make_dir();
	memset(&sys_log, 0, sizeof(sys_log));
	open_log("syslog", LOG_LEVEL_INFO, false);
}

static void
tear_down(void)
{
	open_log("syslog", LOG_LEVEL_INFO, false);
	aid_remove_dir();
}

static bool
matches(const char *text, const char *pattern)
{
	regex_t re;
	int rc;

	ck_assert_int_eq(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	rc = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return rc == 0;
}

#define TIME                              \
	"20[0-9]{2}-[01][0-9]-[0-3][0-9]" \
	"T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z"

START_TEST(line_in_a_file)
{
	const char *path = aid_path("log");
	struct stat st;
	char text[4096];

	open_log(path, LOG_LEVEL_INFO, false);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	errno = EDOM;
	log_event(LOG_LEVEL_INFO, "AB12", "delivery", "to", "a@example.com",
	    "from", NULL, "text", "two words", NULL);
	ck_assert_int_eq(errno, EDOM);
	log_event(LOG_LEVEL_ERROR, NULL, "token", NULL);
	aid_read(path, text, sizeof(text));
	ck_assert_msg(
	    matches(text,
		"^" TIME " info id=AB12 event=delivery to=a@example\\.com "
		"text=\"two words\"\n" TIME " error event=token\n$"),
	    "%s", text);
	ck_assert_int_eq(sys_log.count, 0);
}
END_TEST

START_TEST(file_is_appended_to)
{
	const char *path = aid_path("log");
	char text[4096];

	aid_write(path, "before\n");
	open_log(path, LOG_LEVEL_INFO, false);
	log_event(LOG_LEVEL_INFO, NULL, "one", NULL);
	open_log(path, LOG_LEVEL_INFO, false);
	log_event(LOG_LEVEL_INFO, NULL, "two", NULL);
	aid_read(path, text, sizeof(text));
	ck_assert_msg(
	    matches(text, "^before\n[^\n]* event=one\n[^\n]* event=two\n$"),
	    "%s", text);
}
END_TEST

static const struct {
	const char *value;
	const char *shown;
} value_cases[] = {
	{ "plain", "plain" },
	{ "", "\"\"" },
	{ "a b", "\"a b\"" },
	{ "a=b", "\"a=b\"" },
	{ "it's", "\"it's\"" },
	{ "say \"x\"", "\"say \\\"x\\\"\"" },
	{ "a\\b", "a\\b" },
	{ "a\\b c", "\"a\\\\b c\"" },
	{ "a\\", "a\\" },
	{ "a\nid=forged", "\"a?id=forged\"" },
	{ "a\tb", "a?b" },
	{ "M\xc3\xbcnster", "M\xc3\xbcnster" },
	{ "\xff", "?" },
	{ "100% %s %n", "\"100% %s %n\"" },
};

START_TEST(values_are_quoted)
{
	char expected[256];

	log_event(LOG_LEVEL_WARN, "I", "e", "k", value_cases[_i].value, NULL);
	snprintf(expected, sizeof(expected), "warn id=I event=e k=%s",
	    value_cases[_i].shown);
	ck_assert_str_eq(sys_log.text, expected);
}
END_TEST

START_TEST(syslog_has_level_and_facility)
{
	const struct log_settings s = { "syslog", LOG_LEVEL_DEBUG, false,
		"local3" };
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO,
		LOG_DEBUG };
	enum log_level level;

	ck_assert_int_eq(log_open(&s, NULL), 0);
	ck_assert_int_eq(sys_log.facility, 0);
	for (level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
		log_event(level, NULL, "e", NULL);
		ck_assert_int_eq(sys_log.priority, priorities[level]);
	}
	ck_assert_str_eq(sys_log.text, "debug event=e");
	ck_assert_int_eq(sys_log.facility, LOG_LOCAL3);
	ck_assert_int_eq(sys_log.count, 4);
}
END_TEST

START_TEST(level_is_a_limit)
{
	open_log("syslog", LOG_LEVEL_WARN, false);
	log_event(LOG_LEVEL_INFO, NULL, "e", NULL);
	log_event(LOG_LEVEL_DEBUG, NULL, "e", NULL);
	ck_assert_int_eq(sys_log.count, 0);
	log_event(LOG_LEVEL_WARN, NULL, "e", NULL);
	log_event(LOG_LEVEL_ERROR, NULL, "e", NULL);
	ck_assert_int_eq(sys_log.count, 2);
}
END_TEST

START_TEST(label_is_in_each)
{
	const char *long_label =
	    "0123456789012345678901234567890123456789012345678901234567890123X";

	log_set_label("a\nb\x7f c");
	log_event(LOG_LEVEL_INFO, "ID", "word", "key", "value", NULL);
	ck_assert_str_eq(
	    sys_log.text, "info id=ID event=word label=\"ab c\" key=value");
	log_set_label(long_label);
	log_event(LOG_LEVEL_INFO, NULL, "word", NULL);
	ck_assert_ptr_nonnull(strstr(sys_log.text, "0123"));
	ck_assert_ptr_null(strchr(sys_log.text, 'X'));
	log_set_label("");
	log_event(LOG_LEVEL_INFO, NULL, "word", NULL);
	ck_assert_str_eq(sys_log.text, "info event=word");
	log_set_label("x");
	log_set_label(NULL);
	log_event(LOG_LEVEL_INFO, NULL, "word", NULL);
	ck_assert_str_eq(sys_log.text, "info event=word");
}
END_TEST

START_TEST(json_is_json)
{
	const char *path = aid_path("log");
	char text[4096];
	struct json *j;
	struct err e = ERR_NONE;

	open_log(path, LOG_LEVEL_INFO, true);
	log_event(LOG_LEVEL_INFO, "AB12", "delivery", "text", "say \"x\"\n\\",
	    "none", NULL, "bad", "\xff", NULL);
	aid_read(path, text, sizeof(text));
	ck_assert_msg(
	    matches(text, "^\\{\"time\":\"" TIME "\",\"level\":\"info\","
			  "\"id\":\"AB12\",\"event\":\"delivery\",\"text\":"
			  "[^\n]*,\"bad\":\"\\?\"\\}\n$"),
	    "%s", text);
	ck_assert_int_eq(json_parse(text, strlen(text), &j, &e), 0);
	ck_assert_str_eq(json_get_string(j, "text"), "say \"x\"?\\");
	ck_assert(!json_has(j, "none"));
	json_free(j);

	open_log("syslog", LOG_LEVEL_INFO, true);
	log_event(LOG_LEVEL_INFO, NULL, "e", NULL);
	ck_assert_str_eq(sys_log.text, "{\"level\":\"info\",\"event\":\"e\"}");
}
END_TEST

/* However much there is to say, a line is whole, and says where it is cut. */
START_TEST(line_is_bounded)
{
	static char much[20000];
	const char *path = aid_path("log");
	char text[8192];
	bool json = _i == 1;

	memset(much, '"', sizeof(much) - 1);
	open_log(path, LOG_LEVEL_INFO, json);
	log_event(LOG_LEVEL_INFO, "ID", "one", "k", much, NULL);
	aid_read(path, text, sizeof(text));
	ck_assert_uint_gt(strlen(text), 2000);
	ck_assert_ptr_nonnull(strstr(text, "\\\"..."));

	open_log(path, LOG_LEVEL_INFO, json);
	ck_assert_int_eq(truncate(path, 0), 0);
	log_event(LOG_LEVEL_INFO, "ID", "many", "a", much, "b", much, "c", much,
	    "d", much, "e", much, "f", much, "g", much, "h", much, "end", "z",
	    NULL);
	aid_read(path, text, sizeof(text));
	ck_assert_uint_gt(strlen(text), 1000);
	ck_assert_uint_le(strlen(text), 4096);
	ck_assert_ptr_nonnull(
	    strstr(text, json ? ",\"end\":\"z\"}\n" : "..\" end=z\n"));
}
END_TEST

static const char *
make_link(void)
{
	aid_write(aid_path("target"), "");
	ck_assert_int_eq(symlink("target", aid_path("link")), 0);
	return aid_path("link");
}

static const char *
make_hard_link(void)
{
	aid_write(aid_path("target"), "");
	ck_assert_int_eq(link(aid_path("target"), aid_path("second")), 0);
	return aid_path("second");
}

static const char *
make_fifo(void)
{
	ck_assert_int_eq(mkfifo(aid_path("fifo"), 0600), 0);
	return aid_path("fifo");
}

/* A FIFO that somebody reads does open; that is no file either. */
static const char *
make_read_fifo(void)
{
	const char *path = make_fifo();

	ck_assert_int_ge(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), 0);
	return path;
}

static const char *
make_dir(void)
{
	return aid_dir;
}

static const char *
make_nothing(void)
{
	return aid_path("none/log");
}

/* Only root can give a file away; others find another fault. */
static const char *
make_foreign(void)
{
	aid_write(aid_path("foreign"), "");
	if (geteuid() != 0)
		return make_dir();
	ck_assert_int_eq(chown(aid_path("foreign"), 65534, -1), 0);
	return aid_path("foreign");
}

static const struct {
	const char *label;
	const char *(*make)(void);
} refused_cases[] = {
	{ "symbolic link", make_link },
	{ "hard link", make_hard_link },
	{ "FIFO", make_fifo },
	{ "FIFO with a reader", make_read_fifo },
	{ "directory", make_dir },
	{ "no directory", make_nothing },
	{ "another's file", make_foreign },
};

START_TEST(odd_files_are_refused)
{
	struct err e = ERR_NONE;
	struct log_settings s = { refused_cases[_i].make(), LOG_LEVEL_DEBUG,
		false, "user" };

	ck_assert_msg(
	    log_open(&s, &e) == EX_CANTCREAT, "%s", refused_cases[_i].label);
	ck_assert_int_eq(e.code, EX_CANTCREAT);
	ck_assert_ptr_nonnull(strstr(e.text, s.to));
	/* Nothing is lost: syslog has it. */
	log_event(LOG_LEVEL_DEBUG, NULL, "e", NULL);
	ck_assert_str_eq(sys_log.text, "debug event=e");
	ck_assert_int_eq(sys_log.facility, LOG_USER);
}
END_TEST

enum { UNHARMED = 7 }; /* exit status */

static int child_stderr;

/*
 * In a child, log to child_stderr. SIGPIPE would kill it, and must neither
 * come nor be held back afterwards.
 */
static void
log_much(void)
{
	sigset_t mask, pending;
	int i;

	dup2(child_stderr, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	alarm(20);
	open_log("stderr", LOG_LEVEL_INFO, false);
	for (i = 0; i < 3000; i++)
		log_event(LOG_LEVEL_INFO, "ID", "e", "k", "v", NULL);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigpending(&pending);
	if (!sigismember(&mask, SIGPIPE) && !sigismember(&pending, SIGPIPE))
		_exit(UNHARMED);
}

static void
log_much_to(int fd)
{
	char said[64];
	int status;

	child_stderr = fd;
	status = aid_child(log_much, said, sizeof(said));
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), UNHARMED);
}

START_TEST(stderr_gets_lines)
{
	const char *path = aid_path("stderr");
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	char text[300];

	log_much_to(fd);
	close(fd);
	aid_read(path, text, sizeof(text));
	ck_assert_msg(
	    matches(text, "^" TIME " info id=ID event=e k=v\n"), "%s", text);
}
END_TEST

START_TEST(gone_reader_does_not_kill)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	log_much_to(fds[1]);
	close(fds[1]);
}
END_TEST

START_TEST(idle_reader_does_not_hold)
{
	char text[128];
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	log_much_to(fds[1]);
	ck_assert_int_gt(read(fds[0], text, sizeof(text)), 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* A SIGPIPE that was there before is not ours to take. */
static void
log_with_pending(void)
{
	sigset_t broken, pending;
	int fds[2];

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigprocmask(SIG_BLOCK, &broken, NULL);
	raise(SIGPIPE);
	if (pipe(fds) == -1)
		return;
	dup2(fds[1], STDERR_FILENO);
	close(fds[0]);
	open_log("stderr", LOG_LEVEL_INFO, false);
	log_event(LOG_LEVEL_INFO, NULL, "e", NULL);
	sigpending(&pending);
	if (sigismember(&pending, SIGPIPE))
		_exit(UNHARMED);
}

static void
log_nowhere(void)
{
	close(STDERR_FILENO);
	open_log("stderr", LOG_LEVEL_INFO, false);
	errno = EDOM;
	log_event(LOG_LEVEL_INFO, NULL, "e", NULL);
	if (errno == EDOM)
		_exit(UNHARMED);
}

START_TEST(signal_and_errno_stay)
{
	char said[64];
	int status = aid_child(log_with_pending, said, sizeof(said));

	ck_assert_int_eq(WEXITSTATUS(status), UNHARMED);
	status = aid_child(log_nowhere, said, sizeof(said));
	ck_assert_int_eq(WEXITSTATUS(status), UNHARMED);
}
END_TEST

START_TEST(facilities_have_names)
{
	ck_assert(log_is_facility("mail"));
	ck_assert(log_is_facility("user"));
	ck_assert(log_is_facility("daemon"));
	ck_assert(log_is_facility("local0"));
	ck_assert(log_is_facility("local7"));
	ck_assert(!log_is_facility("local8"));
	ck_assert(!log_is_facility("Mail"));
	ck_assert(!log_is_facility("kern"));
	ck_assert(!log_is_facility(""));
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, line_in_a_file);
	tcase_add_test(tc, file_is_appended_to);
	tcase_add_loop_test(tc, values_are_quoted, 0,
	    sizeof(value_cases) / sizeof(value_cases[0]));
	tcase_add_test(tc, syslog_has_level_and_facility);
	tcase_add_test(tc, level_is_a_limit);
	tcase_add_test(tc, label_is_in_each);
	tcase_add_test(tc, json_is_json);
	tcase_add_loop_test(tc, line_is_bounded, 0, 2);
	tcase_add_loop_test(tc, odd_files_are_refused, 0,
	    sizeof(refused_cases) / sizeof(refused_cases[0]));
	tcase_add_test(tc, stderr_gets_lines);
	tcase_add_test(tc, gone_reader_does_not_kill);
	tcase_add_test(tc, idle_reader_does_not_hold);
	tcase_add_test(tc, signal_and_errno_stay);
	tcase_add_test(tc, facilities_have_names);
}

int
main(void)
{
	return unit_main("log", add);
}
