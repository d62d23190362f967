/* SPDX-License-Identifier: ISC */
/* test_conf_files: which files count, and what comes from which. */
#include "core/conf.h"

#include "conf_aid.h"

START_TEST(owner_and_mode)
{
	struct conf_source s = source("x.conf", GIVEN);
	char uid[64];

	put("x.conf", "hunter2 = 1; " MORE, 0);
	for (unsigned mode = 0602; mode <= 0620; mode += 016) {
		ck_assert_int_eq(chmod(s.path, mode), 0);
		ck_assert_int_eq(
		    conf_load_files(&c, &s, 1, &me, &e), EX_CONFIG);
		ck_assert_ptr_nonnull(strstr(e.text, "must not be writable"));
		ck_assert_ptr_nonnull(
		    strstr(e.text, mode == 0602 ? "0602" : "0620"));
	}
	ck_assert_int_eq(chmod(s.path, 0644), 0);
	s.owners[0] = geteuid() + 1;
	s.owners[1] = geteuid() + 2;
	ck_assert_int_eq(conf_load_files(&c, &s, 1, &me, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, s.path));
	snprintf(uid, sizeof(uid), "owner is uid %u, mode 0644, and we are uid",
	    (unsigned)geteuid());
	ck_assert_ptr_nonnull(strstr(e.text, uid));
	ck_assert_ptr_null(strstr(e.text, "hunter2"));
	s.owners[1] = geteuid();
	ck_assert_int_eq(conf_load_files(&c, &s, 1, &me, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "hunter2: unknown key"));
	conf_source_clear(&s);
}
END_TEST

START_TEST(files_that_are_absent)
{
	struct conf_source v[] = { source("own.conf", 0),
		source("system.conf", SYSTEM) };
	struct conf_source given = source("given.conf", GIVEN);

	ck_assert_int_eq(conf_load_files(&c, v, 2, &me, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(
	    strstr(e.text, "system.conf: there is no configuration"));
	put("own.conf", P(GOOD), 0);
	ck_assert_int_eq(conf_load_files(&c, v, 2, &me, &e), 0);
	ck_assert_uint_eq(c.n_homes, 1);
	conf_clear(&c);
	ck_assert_int_eq(conf_load_files(&c, &given, 1, &me, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "given.conf"));
	conf_source_clear(&v[0]);
	conf_source_clear(&v[1]);
	conf_source_clear(&given);
}
END_TEST

#define TWO(a, b) "profiles = { " a " = {" GOOD "}; " b " = {" GOOD "}; };\n"

START_TEST(two_files_in_one_choice)
{
	ck_assert_int_eq(load_both(TWO("mine", "both"), TWO("both", "sys")), 0);
	ck_assert_uint_eq(c.set.n, 4);
	ck_assert_str_eq(c.set.v[0].name, "mine");
	ck_assert_str_eq(c.set.v[1].name, "both");
	ck_assert_str_eq(c.set.v[2].name, "both");
	ck_assert_str_eq(c.set.v[3].name, "sys");
	ck_assert_ptr_eq(profile("both"), &c.set.v[1]);
	ck_assert(!c.set.v[1].home->is_system);
	ck_assert(c.set.v[2].home->is_system);
	ck_assert_str_eq(c.set.v[0].home->state, "/state/of/user");
	ck_assert_str_eq(c.set.v[3].home->state, "/state/of/system");
	ck_assert_str_eq(c.set.v[0].home->spool, "/state/of/user/spool");
	ck_assert_str_eq(c.set.v[3].home->spool, "/spool/of/system");
}
END_TEST

START_TEST(system_wins_over_own)
{
	ck_assert_int_eq(
	    load_both("domain = \"own.test\"; hostname = \"own.test\";"
		      "admin = \"own@own.test\"; unaliased = \"reject\";"
		      "unmatched = \"reject\"; local_names = \"own\";"
		      "received = true;"
		      "queue = { max_message = \"1M\"; };" P(GOOD),
		"domain = \"sys.test\"; hostname = \"sys.test\";"
		"admin = \"sys@sys.test\"; unaliased = \"domain\";"
		"unmatched = \"q\"; local_names = \"sys\";"
		"received = false;"
		"queue = { max_message = \"2M\"; };" TWO("q", "r")),
	    0);
	ck_assert_str_eq(c.domain, "sys.test");
	ck_assert_str_eq(c.hostname, "sys.test");
	ck_assert_str_eq(c.admin.local, "sys");
	ck_assert_int_eq(c.unaliased, CONF_UNALIASED_DOMAIN);
	ck_assert(!c.received);
	ck_assert_ptr_eq(c.set.for_unmatched, profile("q"));
	ck_assert_uint_eq(c.set.local_names.n, 1);
	ck_assert_str_eq(c.set.local_names.v[0], "sys");
	/* These are never mixed. */
	ck_assert_uint_eq(profile("p")->home->queue.max_message, 1 << 20);
	ck_assert_uint_eq(profile("q")->home->queue.max_message, 2 << 20);
}
END_TEST

START_TEST(own_where_system_is_silent)
{
	ck_assert_int_eq(
	    load_both("domain = \"own.test\"; hostname = \"own.test\";"
		      "admin = \"own@own.test\"; unaliased = \"admin\";"
		      "unmatched = \"p\"; local_names = \"own\"; "
		      "received = false; default = "
		      "\"p\";" P(GOOD),
		TWO("q", "r")),
	    0);
	ck_assert_str_eq(c.domain, "own.test");
	ck_assert_str_eq(c.hostname, "own.test");
	ck_assert_str_eq(profile("q")->servers[0].wire.hello, "own.test");
	ck_assert_str_eq(c.admin.local, "own");
	ck_assert_int_eq(c.unaliased, CONF_UNALIASED_ADMIN);
	ck_assert(!c.received);
	ck_assert_ptr_eq(c.set.for_unmatched, profile("p"));
	ck_assert_ptr_eq(c.set.for_local, profile("p"));
	ck_assert_str_eq(c.set.local_names.v[0], "own");
}
END_TEST

START_TEST(default_that_nobody_set)
{
	/* The only one of the system's file, though the user's has one. */
	ck_assert_int_eq(
	    load_both(P(GOOD), "profiles = { q = {" GOOD "}; };"), 0);
	ck_assert_ptr_eq(c.set.for_local, profile("q"));
	ck_assert_ptr_eq(c.set.for_unmatched, profile("q"));
	/* Two there: none, and not the user's. */
	ck_assert_int_eq(load_both(P(GOOD), TWO("q", "r")), 0);
	ck_assert_ptr_null(c.set.for_local);
	/* Mailboxes do not count. */
	must_load("profiles = { q = {" BOX ADDRESS SERVER OPEN
		  "users = \"*\"; }; r = {" GOOD "}; };",
	    SYSTEM);
	ck_assert_ptr_eq(c.set.for_local, profile("r"));
	must_load(P(GOOD), 0);
	ck_assert_ptr_eq(c.set.for_local, profile("p"));
}
END_TEST

START_TEST(references_between_files)
{
	/* The user's file may name the system's profiles. */
	ck_assert_int_eq(
	    load_both(
		"default = \"r\"; unmatched = \"q\";" P(GOOD), TWO("q", "r")),
	    0);
	ck_assert_ptr_eq(c.set.for_local, profile("r"));
	ck_assert_ptr_eq(c.set.for_unmatched, profile("q"));
	/* The other way round would make the system's depend on a user. */
	ck_assert_int_eq(
	    load_both(P(GOOD), "\ndefault = \"p\";\n" TWO("q", "r")),
	    EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "system.conf:2: default: \"p\""));
	/* A name that both have means one's own. */
	ck_assert_int_eq(
	    load_both(TWO("both", "x"), "default = \"both\";" TWO("both", "y")),
	    0);
	ck_assert_ptr_eq(c.set.for_local, &c.set.v[2]);
	/* A fault is told though the system's key wins. */
	ck_assert_int_eq(load_both("default = \"none\";" P(GOOD),
			     "default = \"q\";" TWO("q", "r")),
	    EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "own.conf:1: default: \"none\""));
}
END_TEST

START_TEST(fault_in_ones_own_file)
{
	static const char *const own[] = { "x = 1;\n" P(GOOD), P(WHO),
		"default = \"none\";\n" P(GOOD), "domain = ;" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		/* Never the system's profiles instead. */
		me.uid = 1000;
		ck_assert_int_eq(load_both(own[i], TWO("q", "r")), EX_CONFIG);
		ck_assert_ptr_nonnull(strstr(e.text, "own.conf:1: "));
		/* But for root. */
		me.uid = 0;
		ck_assert_msg(
		    load_both(own[i], TWO("q", "r")) == 0, "%s", e.text);
		ck_assert_uint_eq(c.set.n, 2);
		ck_assert_uint_eq(c.n_homes, 1);
		ck_assert(c.set.v[0].home->is_system);
		/* A fault of the system's file is one for everybody. */
		ck_assert_int_eq(load_both(P(GOOD), own[i]), EX_CONFIG);
		ck_assert_ptr_nonnull(strstr(e.text, "system.conf:1: "));
	}
}
END_TEST

START_TEST(fault_in_the_only_file)
{
	struct conf_source v[] = { source("own.conf", 0),
		source("system.conf", SYSTEM) };

	me.uid = 0;
	put("own.conf", "x = 1;\n" P(GOOD), 0);
	ck_assert_int_eq(conf_load_files(&c, v, 2, &me, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "own.conf:1: x: unknown key"));
	conf_source_clear(&v[0]);
	conf_source_clear(&v[1]);
}
END_TEST

/* A request whose own file would give itself away by an unknown key. */
static struct conf_request
request(void)
{
	struct conf_request q = {
		.user = &me, .euid = geteuid(), .home = aid_dir
	};

	mkdir(aid_path(".config"), 0700);
	mkdir(aid_path(".config/osmtp"), 0700);
	put(".config/osmtp/osmtp.conf", "by_home = 1;", 0);
	mkdir(aid_path("xdg"), 0700);
	mkdir(aid_path("xdg/osmtp"), 0700);
	put("xdg/osmtp/osmtp.conf", "by_xdg = 1;", 0);
	return q;
}

/* Which file was looked at shows in the complaint. */
static bool
complains(const struct conf_request *q, const char *says)
{
	bool yes;

	memset(&e, 0, sizeof(e));
	conf_load(&c, q, &e);
	yes = strstr(e.text, says) != NULL;
	conf_clear(&c);
	return yes;
}

START_TEST(own_file_is_found)
{
	struct conf_request q = request();
	struct conf_request at_xdg = q;

	ck_assert(complains(&q, ".config/osmtp/osmtp.conf:1: by_home"));
	at_xdg.xdg_config = aid_path("xdg");
	ck_assert(complains(&at_xdg, "xdg/osmtp/osmtp.conf:1: by_xdg"));
	at_xdg.xdg_config = "relative";
	ck_assert(complains(&at_xdg, "by_home"));
}
END_TEST

START_TEST(own_file_is_not_looked_for)
{
	struct conf_request q = request(), other = q;

	/* Directories of somebody else give no orders. */
	other.euid = geteuid() + 1;
	other.xdg_config = aid_path("xdg");
	ck_assert(!complains(&other, "by_"));
	/* System users have none. */
	me.uid = 33;
	ck_assert(!complains(&q, "by_"));
	me.uid = 1000;
	ck_assert(complains(&q, "by_home"));
	q.home = NULL;
	ck_assert(!complains(&q, "by_"));
	q.home = "/nonexistent";
	ck_assert(!complains(&q, "by_"));
	q.home = aid_dir;
	ck_assert_int_eq(unlink(aid_path(".config/osmtp/osmtp.conf")), 0);
	ck_assert(!complains(&q, aid_dir));
}
END_TEST

START_TEST(own_file_that_is_unreadable)
{
	struct conf_request q = request();

	if (geteuid() == 0)
		return; /* Nothing is unreadable for root. */
	ck_assert_int_eq(chmod(aid_path(".config/osmtp/osmtp.conf"), 0), 0);
	ck_assert(complains(&q, ".config/osmtp/osmtp.conf"));
	ck_assert_int_eq(chmod(aid_path(".config"), 0), 0);
	ck_assert(!complains(&q, aid_path(".config")));
	ck_assert_int_eq(chmod(aid_path(".config"), 0700), 0);
}
END_TEST

START_TEST(given_file)
{
	struct conf_request q = request();

	put("given.conf", "state = \"~/s\";\n" P(GOOD), 0);
	q.file = aid_path("given.conf");
	ck_assert_int_eq(conf_load(&c, &q, &e), 0);
	ck_assert_uint_eq(c.n_homes, 1);
	ck_assert_str_eq(c.homes[0].state, aid_path("s"));
	ck_assert(!c.homes[0].runner);
	conf_clear(&c);
	/* On the sendmail face it must be root's. */
	q.sendmail_face = true;
	if (geteuid() != 0) {
		ck_assert_int_eq(conf_load(&c, &q, &e), EX_CONFIG);
		ck_assert_ptr_nonnull(
		    strstr(e.text, "must belong to uid 0 (root): owner"));
	}
	q.sendmail_face = false;
	q.file = aid_path("none.conf");
	ck_assert_int_eq(conf_load(&c, &q, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "none.conf"));
}
END_TEST

START_TEST(state_of_a_user)
{
	struct conf_request q = request();

	put("given.conf", P(GOOD), 0);
	q.file = aid_path("given.conf");
	ck_assert_int_eq(conf_load(&c, &q, &e), 0);
	ck_assert_str_eq(c.homes[0].state, aid_path(".local/state/osmtp"));
	ck_assert_str_eq(
	    c.homes[0].spool, aid_path(".local/state/osmtp/spool"));
	conf_clear(&c);
	q.xdg_state = aid_path("not-yet");
	ck_assert_int_eq(conf_load(&c, &q, &e), 0);
	ck_assert_str_eq(c.homes[0].state, aid_path("not-yet/osmtp"));
	conf_clear(&c);
	/* Neither: the home of the password database. */
	q.xdg_state = q.home = NULL;
	mem_replace(&me.home, mem_dup("/by/passwd"));
	ck_assert_int_eq(conf_load(&c, &q, &e), 0);
	ck_assert_str_eq(c.homes[0].state, "/by/passwd/.local/state/osmtp");
}
END_TEST

/* Is there "key = " in the text? */
static bool
sets(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = text; (p = strstr(p, key)) != NULL; p += n)
		if ((p == text || strchr(" \n", p[-1]) != NULL) &&
		    p[n + strspn(p + n, " ")] == '=')
			return true;
	return false;
}

/* osmtp.conf.sample is good as it stands, and has every key. */
START_TEST(sample_has_the_keys)
{
	static char text[32 * 1024];
	const char *t = getenv("T"), *g, *k;
	char *path =
	    mem_printf("%s%s", t ? t : "t", "/../etc/osmtp.conf.sample");

	aid_read(path, text, sizeof(text));
	ck_assert_msg(load(text, SYSTEM | READABLE) == 0, "%s", e.text);
	for (size_t i = 0; conf_key(i, &g, &k); i++)
		ck_assert_msg(sets(text, k), "not in the sample: %s %s", g, k);
	free(path);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, owner_and_mode);
	tcase_add_test(tc, files_that_are_absent);
	tcase_add_test(tc, two_files_in_one_choice);
	tcase_add_test(tc, system_wins_over_own);
	tcase_add_test(tc, own_where_system_is_silent);
	tcase_add_test(tc, default_that_nobody_set);
	tcase_add_test(tc, references_between_files);
	tcase_add_test(tc, fault_in_ones_own_file);
	tcase_add_test(tc, fault_in_the_only_file);
	tcase_add_test(tc, own_file_is_found);
	tcase_add_test(tc, own_file_is_not_looked_for);
	tcase_add_test(tc, own_file_that_is_unreadable);
	tcase_add_test(tc, given_file);
	tcase_add_test(tc, state_of_a_user);
	tcase_add_test(tc, sample_has_the_keys);
}

int
main(void)
{
	return unit_main("conf_files", add);
}
