/* SPDX-License-Identifier: ISC */
/*
 * cred: tokens that a command gives: the token and its life, what is no token,
 * whose trouble a failure is, and that it runs once for all who ask.
 */
#include "cred_aid.h"

static void
begin(void)
{
	set_up();
	profile.grants[0] = PROFILE_GRANT_COMMAND;
	profile.n_grants = 1;
	profile.oauth.client_id = NULL;
	profile.oauth.token_url = NULL;
	profile.client_secret.form = PROFILE_NO_SECRET;
}

static void
end(void)
{
	text_list_clear(&profile.token_command);
	tear_down();
}

/* The shell is the command; its script sees the test's directory as $0. */
static void
command(const char *script)
{
	text_list_clear(&profile.token_command);
	text_list_add(&profile.token_command, "/bin/sh");
	text_list_add(&profile.token_command, "-c");
	text_list_add(&profile.token_command, script);
	text_list_add(&profile.token_command, dir);
}

static const struct {
	const char *script, *token; /* NULL: it fails */
	int life;		    /* s; or the class */
	const char *part;
} cases[] = {
	{ "echo ey.a-b; echo 600", "ey.a-b", 600, NULL },
	{ "printf 'abc\\r\\n900\\r\\n'", "abc", 900, NULL },
	{ "printf abc", "abc", 3600, NULL },
	{ "echo abc; echo", "abc", 3600, NULL },
	{ "echo abc; echo 700; echo much more", "abc", 700, NULL },
	{ "echo abc; echo 99999999999", "abc", 30 * 86400, NULL },
	{ "echo abc >&1; echo never mind >&2", "abc", 3600, NULL },
	{ "head -c 16384 /dev/zero | tr '\\0' x", "", 3600, NULL },
	{ "head -c 16385 /dev/zero | tr '\\0' x", NULL, OUTCOME_CLASS_C,
	    "too long" },
	{ "head -c 99999 /dev/zero | tr '\\0' x", NULL, OUTCOME_CLASS_C,
	    "too long" },
	{ "echo abc; echo soon", NULL, OUTCOME_CLASS_C, "line 2" },
	{ "echo abc; echo -5", NULL, OUTCOME_CLASS_C, "line 2" },
	{ "echo abc; echo 3600s", NULL, OUTCOME_CLASS_C, "line 2" },
	{ ":", NULL, OUTCOME_CLASS_C, "it is empty" },
	{ "echo; echo abc", NULL, OUTCOME_CLASS_C, "it is empty" },
	{ "echo Bearer abc", NULL, OUTCOME_CLASS_C, "octets that no token" },
	{ "printf 'a\\001b'", NULL, OUTCOME_CLASS_C, "octets that no token" },
	{ "printf 'a\\000b\\n'", NULL, OUTCOME_CLASS_C,
	    "octets that no token" },
	{ "echo abc; echo try later >&2; exit 1", NULL, OUTCOME_CLASS_L,
	    "exit status 1: try later" },
	{ "exit 75", NULL, OUTCOME_CLASS_L, "exit status 75" },
	{ "echo log in first >&2; exit 77", NULL, OUTCOME_CLASS_P,
	    "exit status 77: log in first" },
	{ "exit 78", NULL, OUTCOME_CLASS_C, "exit status 78" },
	{ "exec /nowhere/at-all", NULL, OUTCOME_CLASS_C, "exit status 127" },
	{ "kill -9 $$", NULL, OUTCOME_CLASS_L, "signal 9" },
	{ "echo sesame; echo sesame is bad >&2; exit 1", NULL, OUTCOME_CLASS_L,
	    "is not shown" },
	/* of which only a part is left in what is remembered */
	{ "t=$(printf 'sesame%02000d' 0)sesame; echo $t; echo $t >&2; exit 1",
	    NULL, OUTCOME_CLASS_L, "is not shown" },
	{ "echo sesame-of-20-octets; echo esame-of-20-octet? >&2; exit 1", NULL,
	    OUTCOME_CLASS_L, "is not shown" },
};

START_TEST(what_it_says)
{
	struct cred *c;
	int64_t life;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		command(cases[i].script);
		home.stamp++; /* no pause after the one before */
		c = fill(PROFILE_AUTH_OAUTH, NULL);
		if (cases[i].token == NULL) {
			expect_failure(c, (enum outcome_class)cases[i].life,
			    cases[i].part);
			ck_assert_ptr_nonnull(strstr(cred_outcome(c)->text,
			    "profiles.noreply.oauth.token_command: "));
			ck_assert_ptr_null(
			    strstr(cred_outcome(c)->text, "sesame"));
		} else if (cases[i].token[0] != '\0') {
			expect_secret(c, cases[i].token);
			life = cred_expires(c) - sys_now();
			ck_assert_int_le(life, (int64_t)cases[i].life * 1000);
			ck_assert_int_gt(
			    life, ((int64_t)cases[i].life - 20) * 1000);
		} else {
			ck_assert_ptr_nonnull(cred_secret(c));
			ck_assert_uint_eq(
			    secret_len(cred_secret(c)), OAUTH_MAX_TOKEN);
		}
		cred_free(c);
	}
	ck_assert(!log_has("sesame"));
}
END_TEST

START_TEST(takes_too_long)
{
	struct cred *c;

	command("sleep 30");
	profile.token_timeout = 100;
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_failure(c, OUTCOME_CLASS_L, "timeouts.token");
	cred_free(c);
}
END_TEST

static int
runs(void)
{
	char path[PATH_ROOM + 16];
	struct stat st;

	snprintf(path, sizeof(path), "%s/runs", dir);
	return stat(path, &st) == 0 ? (int)st.st_size : 0;
}

/* The token is kept; one that a server refused brings another. */
START_TEST(once_for_all)
{
	struct cred *c, *many[5];
	struct secret refused;
	int called = 0;
	size_t i;

	command("printf x >>\"$0/runs\"; echo t-$(wc -c <\"$0/runs\"); "
		"echo 3600");
	for (i = 0; i < 5; i++)
		many[i] = cred_fill(
		    loop, &profile, PROFILE_AUTH_OAUTH, NULL, count, &called);
	loop_run(loop);
	ck_assert_int_eq(called, 5);
	for (i = 0; i < 5; i++) {
		expect_secret(many[i], "t-1");
		cred_free(many[i]);
	}
	ck_assert_int_eq(runs(), 1);
	secret_init(&refused);
	secret_add_str(&refused, "t-1");
	c = fill(PROFILE_AUTH_OAUTH, &refused);
	expect_secret(c, "t-2");
	ck_assert(!cred_was_cached(c));
	cred_free(c);
	secret_clear(&refused);
	ck_assert_int_eq(runs(), 2);
}
END_TEST

/* It goes without a cache where there can be none. */
START_TEST(without_a_cache)
{
	char path[PATH_ROOM + 16];
	struct cred *c;

	snprintf(path, sizeof(path), "%s/file", dir);
	write_file(path, "x", 1, 0600);
	home.state = path;
	command("echo abc");
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "abc");
	cred_free(c);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, what_it_says);
	tcase_add_test(tc, takes_too_long);
	tcase_add_test(tc, once_for_all);
	tcase_add_test(tc, without_a_cache);
}

int
main(void)
{
	return unit_main("cred_command", add);
}
