/* SPDX-License-Identifier: ISC */
/*
 * Test base/sys. The source itself is part of this program: what reads a
 * system file takes its path, and can so be given files of our own.
 */
#include "base/sys.c"

#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "aid.h"

START_TEST(clocks_go_forward)
{
	int64_t wall = sys_now(), mono = sys_mono();

	/* Later than 2020, and in milliseconds. */
	ck_assert_int_gt(wall, INT64_C(1577836800000));
	ck_assert_int_lt(wall, INT64_C(10000000000000));
	ck_assert_int_le(wall / 1000 - time(NULL), 1);
	while (sys_mono() == mono)
		continue;
	ck_assert_int_gt(sys_mono(), mono);
	ck_assert_int_le(sys_mono() - mono, 10000);
}
END_TEST

START_TEST(random_fills_all)
{
	unsigned char a[5000] = { 0 }, b[5000] = { 0 };
	size_t i, zeroes = 0;

	sys_random(a, sizeof(a) - 1);
	sys_random(b, sizeof(b) - 1);
	ck_assert_mem_ne(a, b, sizeof(a));
	for (i = 0; i < sizeof(a) - 1; i++)
		zeroes += a[i] == 0;
	/* About 20 of them are zero; 200 would be a hole. */
	ck_assert_uint_lt(zeroes, 200);
	ck_assert_int_eq(a[sizeof(a) - 1], 0);
	sys_random(NULL, 0);
}
END_TEST

static const struct {
	const char *label;
	const char *hosts;
	const char *full; /* of "mx"; NULL: not completed */
} host_cases[] = {
	{ "canonical", "192.0.2.1 mx.example.com mx\n", "mx.example.com" },
	{ "the other way round", "192.0.2.1\tmx\tmx.example.com\n",
	    "mx.example.com" },
	{ "behind others",
	    "# mx.example.org mx\n127.0.0.1 localhost\n\n"
	    "  2001:db8::1 www.example.com mx.example.com mx # mx.x\n",
	    "mx.example.com" },
	{ "any case", "192.0.2.1 MX.Example.com MX\n", "MX.Example.com" },
	{ "no line end", "192.0.2.1 mx.example.com mx", "mx.example.com" },
	{ "the first counts",
	    "192.0.2.1 mx.example.com mx\n192.0.2.2 mx.example.net mx\n",
	    "mx.example.com" },
	{ "loopback's name is not ours",
	    "127.0.0.1 localhost.localdomain localhost mx\n", NULL },
	{ "short name not listed", "192.0.2.1 mx.example.com\n", NULL },
	{ "another's", "192.0.2.1 mx2.example.com mx2 mx\n", NULL },
	{ "only short", "192.0.2.1 mx\n", NULL },
	{ "dot, and nothing", "192.0.2.1 mx. mx\n", NULL },
	{ "commented out", "192.0.2.1 mx #mx.example.com\n", NULL },
	{ "glued comment", "192.0.2.1 mx.example.com mx#c\n",
	    "mx.example.com" },
	{ "address is no name", "mx.example.com mx\n", NULL },
	{ "empty", "", NULL },
};

START_TEST(host_is_completed)
{
	const char *path = aid_path("hosts");
	const char *full = host_cases[_i].full;
	struct buf b;
	bool ok;

	buf_init(&b, 256);
	aid_write(path, host_cases[_i].hosts);
	ok = sys_complete_name(&b, path, "mx");
	ck_assert_msg(ok == (full != NULL), "%s", host_cases[_i].label);
	ck_assert_msg(strcmp(b.data, full != NULL ? full : "") == 0, "%s: %s",
	    host_cases[_i].label, b.data);
	ck_assert(!sys_complete_name(&b, aid_path("none"), "mx"));
	buf_clear(&b);
}
END_TEST

START_TEST(hostname_is_never_empty)
{
	char host[256];
	struct buf b;

	buf_init(&b, 512);
	sys_hostname(&b);
	ck_assert_uint_gt(b.len, 0);
	ck_assert_ptr_null(strpbrk(b.data, " \t\r\n"));
	if (gethostname(host, sizeof(host)) == 0 && host[0] != '\0')
		ck_assert_int_eq(strncmp(b.data, host, strlen(host)), 0);
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *content;
	const char *line; /* NULL: none */
} line_cases[] = {
	{ "example.com\n", "example.com" },
	{ "example.com", "example.com" },
	{ "  example.com \t\r\nexample.net\n", "example.com" },
	{ "\nexample.net\n", NULL },
	{ " \n", NULL },
	{ "", NULL },
};

START_TEST(mailname_is_the_first_line)
{
	const char *path = aid_path("mailname");
	const char *line = line_cases[_i].line;
	struct buf b;

	buf_init(&b, 256);
	aid_write(path, line_cases[_i].content);
	ck_assert(sys_read_line(&b, path) == (line != NULL));
	ck_assert_str_eq(b.data, line != NULL ? line : "");
	ck_assert(!sys_read_line(&b, aid_path("none")));
	buf_reset(&b);
	ck_assert(sys_mailname(&b) == (b.len > 0));
	buf_clear(&b);
}
END_TEST

START_TEST(places_are_configured)
{
	ck_assert_str_eq(sys_confdir(), OSMTP_SYSCONFDIR);
	/* There or not: a path, not nothing. */
	ck_assert_int_eq(sys_ca_file()[0], '/');
	ck_assert_str_eq(sys_statedir(), OSMTP_STATEDIR);
}
END_TEST

static const struct {
	const char *gecos;
	const char *login;
	const char *name;
} gecos_cases[] = {
	{ "", "jo", "" },
	{ "Jo Doe", "jo", "Jo Doe" },
	{ "Jo Doe,Room 1,555", "jo", "Jo Doe" },
	{ ",Room 1", "jo", "" },
	{ "& Doe", "jo", "Jo Doe" },
	{ "Dr &&", "jo", "Dr JoJo" },
	{ "& the admin", "_x", "_x the admin" },
	{ "&", "", "" },
};

START_TEST(gecos_is_expanded)
{
	char *name =
	    sys_expand_gecos(gecos_cases[_i].gecos, gecos_cases[_i].login);

	ck_assert_str_eq(name, gecos_cases[_i].name);
	free(name);
}
END_TEST

START_TEST(root_is_known)
{
	const struct passwd *pw;
	const struct group *gr;
	struct sys_user u;

	sys_user_load(&u, 0);
	pw = getpwuid(0);
	ck_assert(u.known == (pw != NULL));
	ck_assert_uint_eq(u.uid, 0);
	if (pw != NULL) {
		ck_assert_str_eq(u.login, pw->pw_name);
		ck_assert_pstr_eq(u.home, pw->pw_dir);
		gr = getgrgid(pw->pw_gid);
		if (gr != NULL)
			ck_assert_str_eq(u.groups.v[0], gr->gr_name);
	}
	sys_user_clear(&u);
	ck_assert_ptr_null(u.login);
}
END_TEST

START_TEST(unknown_has_a_stand_in)
{
	uid_t uid = 4000000000u;
	char login[32];
	struct sys_user u;

	while (getpwuid(uid) != NULL)
		uid--;
	snprintf(login, sizeof(login), "uid%u", (unsigned)uid);
	sys_user_load(&u, uid);
	ck_assert(!u.known);
	ck_assert_uint_eq(u.uid, uid);
	ck_assert_str_eq(u.login, login);
	ck_assert_str_eq(u.gecos, "");
	ck_assert_ptr_null(u.home);
	ck_assert_uint_eq(u.groups.n, 0);
	sys_user_clear(&u);
}
END_TEST

static const struct {
	const char *defs;
	uint64_t min;
} uid_min_cases[] = {
	{ "", 1000 },
	{ "UID_MIN 500\n", 500 },
	{ "# UID_MIN 1\n\tUID_MIN\t\t  2000 # say\nUID_MAX 3000\n", 2000 },
	{ "SYS_UID_MIN 100\n", 1000 },
	{ "UID_MIN\n", 1000 },
	{ "UID_MIN x\n", 1000 },
	{ "UID_MIN 10\nUID_MIN 20\n", 20 },
};

START_TEST(uid_min_is_read)
{
	const char *path = aid_path("defs");

	aid_write(path, uid_min_cases[_i].defs);
	ck_assert_uint_eq(sys_uid_min(path), uid_min_cases[_i].min);
	ck_assert_uint_eq(sys_uid_min(aid_path("none")), 1000);
}
END_TEST

START_TEST(root_and_people_are_not_system)
{
	ck_assert(!sys_is_system_uid(0));
	ck_assert(sys_is_system_uid(1));
	ck_assert(!sys_is_system_uid((uid_t)sys_uid_min("/etc/login.defs")));
}
END_TEST

static bool
is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(1, 3);
}

static void
fix_all(void)
{
	close(0);
	close(1);
	close(2);
	if (!sys_fix_std() || !is_null(0) || !is_null(1) || !is_null(2))
		_exit(1);
	if (open("/", O_RDONLY) <= 2 || sys_fix_std())
		_exit(2);
}

static void
fix_err_only(void)
{
	int in = open("/", O_RDONLY);

	dup2(in, 0);
	close(2);
	if (sys_fix_std() || !is_null(2) || is_null(0))
		_exit(1);
}

START_TEST(std_is_fixed)
{
	char said[64];

	ck_assert_int_eq(aid_child(fix_all, said, sizeof(said)), 0);
	ck_assert_int_eq(aid_child(fix_err_only, said, sizeof(said)), 0);
}
END_TEST

/* Wait for the end of a non-blocking descriptor's data. */
static const char *
drain_patiently(int fd, char *text, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t got;

	do {
		ck_assert_int_ge(poll(&p, 1, 20000), 1);
		got = read(fd, text + len, size - 1 - len);
		ck_assert(got >= 0 || errno == EAGAIN);
		len += got > 0 ? (size_t)got : 0;
	} while (got != 0);
	text[len] = '\0';
	return text;
}

static void
speak(int fd, void *ctx)
{
	sigset_t mask;
	size_t i;

	/* What has begun is ended, whatever they send. */
	for (i = 0; i < SYS_CHILD_IGNORES; i++)
		raise(sys_child_ignores[i]);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	dprintf(fd, "%s,%d,%d", (const char *)ctx, sigismember(&mask, SIGTERM),
	    sigismember(&mask, SIGUSR1));
}

START_TEST(child_speaks_and_ends)
{
	char word[] = "word", text[64];
	struct err e = ERR_NONE;
	sigset_t usr1, mask;
	int fd = -1;
	pid_t pid;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	ck_assert_int_eq(sys_child(speak, word, true, &pid, &fd, &e), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert_str_eq(drain_patiently(fd, text, sizeof(text)), "word,0,1");
	close(fd);
	sys_reap(pid);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), -1);
	/* We ourselves can be stopped as before. */
	sigprocmask(SIG_UNBLOCK, &usr1, &mask);
	ck_assert(sigismember(&mask, SIGUSR1));
	ck_assert(!sigismember(&mask, SIGTERM));
}
END_TEST

START_TEST(no_descriptors_no_child)
{
	struct rlimit old, tight;
	struct err e = ERR_NONE;
	int fd = -1, rc;
	pid_t pid = -1;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
	rc = sys_child(speak, NULL, true, &pid, &fd, &e);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_int_eq(rc, EX_OSERR);
	ck_assert_int_eq(e.code, EX_OSERR);
	ck_assert_ptr_nonnull(strstr(e.text, strerror(EMFILE)));
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(pid, -1);
}
END_TEST

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, aid_make_dir, aid_remove_dir);
	tcase_add_test(tc, clocks_go_forward);
	tcase_add_test(tc, random_fills_all);
	tcase_add_loop_test(tc, host_is_completed, 0, COUNT(host_cases));
	tcase_add_test(tc, hostname_is_never_empty);
	tcase_add_loop_test(
	    tc, mailname_is_the_first_line, 0, COUNT(line_cases));
	tcase_add_test(tc, places_are_configured);
	tcase_add_loop_test(tc, gecos_is_expanded, 0, COUNT(gecos_cases));
	tcase_add_test(tc, root_is_known);
	tcase_add_test(tc, unknown_has_a_stand_in);
	tcase_add_loop_test(tc, uid_min_is_read, 0, COUNT(uid_min_cases));
	tcase_add_test(tc, root_and_people_are_not_system);
	tcase_add_test(tc, std_is_fixed);
	tcase_add_test(tc, child_speaks_and_ends);
	tcase_add_test(tc, no_descriptors_no_child);
}

int
main(void)
{
	return unit_main("sys", add);
}
