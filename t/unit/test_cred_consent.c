/* SPDX-License-Identifier: ISC */
/*
 * cred: consents: what a login brings takes the place of the old grant whole or
 * not at all, wins over a configured token until that changes, is kept alive,
 * and what is learnt where a provider ends it.
 */
#include "cred_aid.h"

#include "base/mem.h"

#define DAY (24 * (int64_t)HOUR)

static struct oauth_token got;
static struct err e;

static void
begin(void)
{
	set_up();
	memset(&got, 0, sizeof(got));
	oauth_token_init(&got);
	memset(&e, 0, sizeof(e));
	profile.oauth.grant = OAUTH_REFRESH_TOKEN;
	profile.grants[0] = PROFILE_GRANT_DEVICE_CODE;
	profile.n_grants = 1;
}

static void
end(void)
{
	oauth_token_clear(&got);
	tear_down();
}

/* What a login brings. */
static void
bring(const char *access, const char *refresh)
{
	secret_set(&got.access, access, strlen(access));
	secret_set(&got.refresh, refresh, strlen(refresh));
	got.obtained = sys_now();
	got.expires = got.obtained + HOUR;
	snprintf(got.scope, sizeof(got.scope), "mail offline_access");
	snprintf(got.login, sizeof(got.login), "anna@example.com");
}

static void
consent(const char *access, const char *refresh)
{
	bring(access, refresh);
	ck_assert_msg(
	    cred_consent_store(&profile, &got, &e) == 0, "%s", e.text);
}

static void
fill_expect(const char *want)
{
	struct cred *c = fill(PROFILE_AUTH_OAUTH, NULL);

	expect_secret(c, want);
	cred_free(c);
}

START_TEST(no_consent_yet)
{
	struct cred_status s;
	struct cred *c;
	struct buf b;

	/* It is known before the first message is. */
	cred_look(&profile, &s);
	ck_assert_int_eq(s.state, CRED_NEEDS_LOGIN);
	ck_assert_str_eq(s.why.error, "no_consent");
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_failure(c, OUTCOME_CLASS_P, "no consent yet");
	ck_assert_str_eq(cred_outcome(c)->error, "no_consent");
	buf_init(&b, 1024);
	profile.kind = PROFILE_MAILBOX;
	profile.user = (char *)"anna@example.com";
	profile_add_advice(&b, cred_outcome(c), &profile);
	ck_assert_msg(
	    strstr(b.data, "osmtp login noreply") != NULL, "%s", b.data);
	buf_clear(&b);
	cred_free(c);
	expect_status(CRED_NEEDS_LOGIN, OUTCOME_CLASS_P);
}
END_TEST

START_TEST(stored_and_used)
{
	struct cred_status s;
	struct cred *c;

	c = fill(PROFILE_AUTH_OAUTH, NULL);
	cred_free(c);
	expect_status(CRED_NEEDS_LOGIN, OUTCOME_CLASS_P);
	ck_assert_int_eq(cred_consent_check(&profile, &e), 0);
	start_rotating();
	profile.refresh_token.form = PROFILE_NO_SECRET;
	consent("first", "R0");
	/* The caller's own stays as it is. */
	ck_assert_str_eq(secret_reveal(&got.refresh), "R0");
	cred_look(&profile, &s);
	ck_assert_int_eq(s.state, CRED_OK);
	ck_assert(s.refreshable);
	ck_assert_str_eq(s.scope, "mail offline_access");
	ck_assert_str_eq(s.login, "anna@example.com");
	ck_assert_int_gt(s.consent, sys_now() - HOUR);
	ck_assert_int_eq(s.refreshed, s.consent);
	fill_expect("first");
	expect_requests(0);
	let_expire();
	fill_expect("new-1");
	expect_refresh("R1");
	/* It is none for another client. */
	profile.oauth.client_id = "other";
	cred_look(&profile, &s);
	ck_assert_int_eq(s.state, CRED_NEEDS_LOGIN);
	profile.oauth.client_id = "id";
	cred_look(&profile, &s);
	ck_assert_int_eq(s.state, CRED_OK);
	ck_assert_str_eq(s.scope, "mail offline_access");
	ck_assert_str_eq(s.login, "anna@example.com");
	ck_assert_int_gt(s.consent, 0);
	ck_assert_int_ge(s.refreshed, s.consent);
	ck_assert(log_has("consent"));
	ck_assert(!log_has("R0"));
}
END_TEST

/* Until the configured one changes. */
START_TEST(wins_over_the_seed)
{
	start_rotating();
	secret_set(&profile.refresh_token.plain, "R9", 2);
	consent("first", "R0");
	let_expire();
	fill_expect("new-1");
	expect_refresh("R1");
	let_expire();
	fill_expect("new-2");
	secret_set(&profile.refresh_token.plain, "R2", 2);
	let_expire();
	faults->swaps = false;
	fill_expect("new-3");
	expect_refresh("R3");
}
END_TEST

/* A seed that can't be read at the time of the login does not win later. */
START_TEST(wins_over_an_unreadable_seed)
{
	char path[PATH_ROOM + 16];

	start_rotating();
	snprintf(path, sizeof(path), "%s/seed", dir);
	profile.refresh_token.form = PROFILE_FILE;
	profile.refresh_token.text = path;
	consent("first", "R0");
	let_expire();
	fill_expect("new-1");
	write_file(path, "R9\n", 3, 0600);
	let_expire();
	fill_expect("new-2");
	expect_refresh("R2");
	/* Now it is known, and another is another. */
	write_file(path, "R2\n", 3, 0600);
	let_expire();
	fill_expect("new-3");
	expect_refresh("R3");
}
END_TEST

/* One step: whatever fails, one grant is there, whole. */
START_TEST(old_grant_stays)
{
	int k, failed = 0;

	for (k = 0; k < 8; k++) {
		consent("old", "R0");
		bring("new", "R1");
		memset(&e, 0, sizeof(e));
		faults->fsyncs = k;
		if (cred_consent_store(&profile, &got, &e) == 0) {
			expect_refresh("R1");
		} else {
			failed++;
			ck_assert(e.code == EX_CANTCREAT || e.code == EX_IOERR);
			expect_refresh("R0");
		}
		faults->fsyncs = -1;
	}
	ck_assert_int_ge(failed, 1); /* no room for it */
	consent("old", "R0");
	bring("new", "R1");
	faults->renames = 0;
	faults->fails = 1; /* it is tried once more */
	ck_assert_int_eq(cred_consent_store(&profile, &got, &e), 0);
	expect_refresh("R1");
	bring("newer", "R2");
	faults->renames = 0;
	faults->fails = 2;
	ck_assert_int_ne(cred_consent_store(&profile, &got, &e), 0);
	expect_refresh("R1");
	fill_expect("new");
}
END_TEST

/* A signal while it is written waits until it is. */
START_TEST(signals_wait)
{
	int k, status;
	pid_t pid;

	for (k = 0; k < 4; k++) {
		consent("old", "R0");
		bring("new", "R1");
		fflush(NULL);
		pid = fork();
		if (pid == 0) {
			signal(SIGTERM, SIG_DFL);
			faults->signal = SIGTERM;
			faults->steps = k;
			cred_consent_store(&profile, &got, &e);
			_exit(1);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		faults->steps = -1;
		ck_assert(WIFSIGNALED(status));
		ck_assert_int_eq(WTERMSIG(status), SIGTERM);
		expect_refresh("R1");
	}
}
END_TEST

/* Whenever it is killed, one of the two is there, whole. */
START_TEST(killed_at_any_step)
{
	struct cred_record r;
	bool killed = true, before, after, seen_old = false, seen_new = false;
	int k, status;
	pid_t pid;

	for (k = 0; killed; k++) {
		ck_assert_int_lt(k, 50);
		consent("old", "R0");
		bring("new", "R1");
		fflush(NULL);
		pid = fork();
		if (pid == 0) {
			faults->steps = k;
			cred_consent_store(&profile, &got, &e);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		faults->steps = -1;
		killed = WIFSIGNALED(status);
		ck_assert(load(&r));
		before = strcmp(secret_reveal(&r.token.refresh), "R0") == 0 &&
			 strcmp(secret_reveal(&r.token.access), "old") == 0;
		after = strcmp(secret_reveal(&r.token.refresh), "R1") == 0 &&
			strcmp(secret_reveal(&r.token.access), "new") == 0;
		ck_assert(before != after);
		ck_assert(killed || after);
		seen_old = seen_old || (killed && before);
		seen_new = seen_new || (killed && after);
		cred_record_clear(&r);
	}
	ck_assert(seen_old && seen_new);
}
END_TEST

START_TEST(no_place_for_it)
{
	char path[PATH_ROOM + 16];

	snprintf(path, sizeof(path), "%s/file", dir);
	write_file(path, "x", 1, 0600);
	home.state = path;
	ck_assert_int_eq(cred_consent_check(&profile, &e), EX_CANTCREAT);
	ck_assert_msg(strstr(e.text, path) != NULL, "%s", e.text);
	bring("new", "R1");
	ck_assert_int_eq(cred_consent_store(&profile, &got, &e), EX_CANTCREAT);
	home.state = dir;
	consent("new", "R1");
	faults->fsyncs = 0;
	ck_assert_int_eq(cred_consent_check(&profile, &e), EX_IOERR);
	ck_assert_int_eq(cred_consent_check(&profile, &e), 0);
}
END_TEST

/* What is damaged is cured by a login. */
START_TEST(damaged_before)
{
	char path[2 * PATH_ROOM];

	consent("old", "R0");
	snprintf(path, sizeof(path), "%s/noreply.blob", tokens);
	write_file(path, "osmtp-vault 2\nrubbish\n", 22, 0600);
	ck_assert_int_eq(cred_consent_check(&profile, &e), 0);
	consent("new", "R1");
	expect_refresh("R1");
	ck_assert(log_has("not read"));
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(cred_consent_check(&profile, &e), EX_NOPERM);
}
END_TEST

/* What is to be revoked, while nobody else can turn it in. */
static void
end_it(void *ctx, const struct secret *refresh, const struct err *why)
{
	const char **expected = ctx;
	const struct vault v = { tokens, NULL };
	int fd;

	if (*expected == NULL) {
		ck_assert_ptr_null(refresh);
		ck_assert_int_eq(why->code, EX_NOINPUT);
	} else {
		ck_assert_str_eq(secret_reveal(refresh), *expected);
	}
	ck_assert_int_eq(
	    vault_lock(&v, profile.name, sys_mono(), &fd, NULL), EX_TEMPFAIL);
	*expected = "ended";
}

START_TEST(read_and_forget)
{
	const char *ends = "R0";
	struct secret s;

	secret_init(&s);
	ck_assert_int_eq(cred_consent_read(&profile, &s, &e), EX_NOINPUT);
	consent("old", "R0");
	ck_assert_int_eq(cred_consent_read(&profile, &s, &e), 0);
	ck_assert_str_eq(secret_reveal(&s), "R0");
	profile.oauth.client_id = "other";
	ck_assert_int_eq(cred_consent_read(&profile, &s, &e), EX_NOINPUT);
	profile.oauth.client_id = "id";
	ck_assert_int_eq(cred_consent_forget(&profile, end_it, &ends, &e), 0);
	ck_assert_str_eq(ends, "ended");
	ck_assert_int_eq(cred_consent_read(&profile, &s, &e), EX_NOINPUT);
	ends = NULL;
	ck_assert_int_eq(cred_consent_forget(&profile, end_it, &ends, &e), 0);
	ck_assert_str_eq(ends, "ended");
	ck_assert_int_eq(cred_consent_forget(&profile, NULL, NULL, &e), 0);
	secret_clear(&s);
}
END_TEST

START_TEST(one_login_at_a_time)
{
	int fd, other;

	ck_assert_int_eq(cred_login_lock(&profile, &fd, &e), 0);
	ck_assert_int_eq(cred_login_lock(&profile, &other, &e), EX_TEMPFAIL);
	ck_assert_msg(strstr(e.text, "another login") != NULL, "%s", e.text);
	/* It does not keep anybody from the token. */
	consent("old", "R0");
	fill_expect("old");
	close(fd);
	ck_assert_int_eq(cred_login_lock(&profile, &fd, &e), 0);
	close(fd);
}
END_TEST

/* ---- kept alive */

static bool
is_idle_after(int64_t age, int64_t server, unsigned days)
{
	struct preset preset = { .idle_days = days };
	struct cred_status s = { .refreshable = true };
	int64_t now = 1000 * DAY;

	profile.preset = days > 0 ? &preset : NULL;
	s.consent = now - 400 * DAY;
	s.refreshed = now - age;
	if (server > 0)
		s.refresh_expires = s.refreshed + server;
	return cred_is_idle(&profile, &s, now);
}

START_TEST(idle)
{
	struct cred_status s = { .refreshable = true };

	ck_assert(!is_idle_after(7 * DAY - 1, 0, 0));
	ck_assert(is_idle_after(7 * DAY, 0, 0));
	ck_assert(!is_idle_after(6 * DAY, 0, 90));
	ck_assert(!is_idle_after(2 * DAY, 0, 12));
	ck_assert(is_idle_after(3 * DAY, 0, 12));
	ck_assert(!is_idle_after(DAY - 1, 4 * DAY, 90));
	ck_assert(is_idle_after(DAY, 4 * DAY, 90));
	ck_assert(is_idle_after(-1, 0, 0)); /* the clock was set back */

	/* An end that no use puts off is no limit of idleness. */
	s.refreshed = 100 * DAY;
	s.refresh_expires = 104 * DAY;
	profile.preset = NULL;
	ck_assert(cred_is_idle(&profile, &s, 102 * DAY));
	s.refresh_fixed = true;
	ck_assert(!cred_is_idle(&profile, &s, 102 * DAY));
	/* A seed that was never used. */
	s = (struct cred_status){ .refreshable = true };
	ck_assert(cred_is_idle(&profile, &s, 102 * DAY));
	s.refreshable = false;
	ck_assert(!cred_is_idle(&profile, &s, 102 * DAY));
	s.refreshable = true;
	profile.oauth.grant = OAUTH_CLIENT_CREDENTIALS;
	ck_assert(!cred_is_idle(&profile, &s, 102 * DAY));
}
END_TEST

static void
let_rest(int64_t age)
{
	struct cred_record r;

	ck_assert(load(&r));
	r.consent -= age;
	r.refreshed = sys_now() - age;
	save(&r);
	cred_record_clear(&r);
}

static void
keep_alive(bool good)
{
	int called = 0;
	struct cred *c = cred_keep_alive(loop, &profile, count, &called);

	loop_run(loop);
	ck_assert_int_eq(called, 1);
	ck_assert_int_eq(cred_secret(c) != NULL, good);
	cred_free(c);
}

START_TEST(kept_alive)
{
	struct cred_status s;

	start_rotating();
	profile.refresh_token.form = PROFILE_NO_SECRET;
	consent("first", "R0");
	/* It is used just then: nothing to do. */
	keep_alive(true);
	expect_requests(0);
	/* A good token in the cache is no reason not to. */
	let_rest(8 * DAY);
	keep_alive(true);
	expect_requests(1);
	expect_refresh("R1");
	cred_look(&profile, &s);
	ck_assert_int_gt(s.refreshed, sys_now() - HOUR);
	ck_assert_int_lt(s.consent, sys_now() - 7 * DAY);
	keep_alive(true);
	expect_requests(1);
	fill_expect("new-1");
}
END_TEST

/* An account that must wait is not asked for. */
START_TEST(kept_alive_in_trouble)
{
	start_rotating();
	profile.refresh_token.form = PROFILE_NO_SECRET;
	consent("first", "R5");
	let_rest(8 * DAY);
	keep_alive(false);
	expect_requests(1);
	expect_refresh("R5");
	keep_alive(false);
	expect_requests(1);
	/* The token that is there still does its work. */
	fill_expect("first");
}
END_TEST

/* ---- learnt */

START_TEST(lives)
{
	static const int64_t days[] = { 7, 30, 7, 8 };
	struct cred_status s;
	struct cred *c;
	size_t i;

	start_rotating();
	profile.refresh_token.form = PROFILE_NO_SECRET;
	for (i = 0; i < 4; i++) {
		consent("first", "R5");
		let_rest(days[i] * DAY);
		let_expire();
		c = fill(PROFILE_AUTH_OAUTH, NULL);
		expect_failure(c, OUTCOME_CLASS_P, "invalid_grant");
		cred_free(c);
		home.stamp++; /* once more: it counts once */
		c = fill(PROFILE_AUTH_OAUTH, NULL);
		cred_free(c);
	}
	expect_requests(8);
	cred_look(&profile, &s);
	ck_assert_int_eq((s.lives[0] + HOUR) / DAY, 8);
	ck_assert_int_eq((s.lives[1] + HOUR) / DAY, 7);
	ck_assert_int_eq((s.lives[2] + HOUR) / DAY, 30);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, no_consent_yet);
	tcase_add_test(tc, stored_and_used);
	tcase_add_test(tc, wins_over_the_seed);
	tcase_add_test(tc, wins_over_an_unreadable_seed);
	tcase_add_test(tc, old_grant_stays);
	tcase_add_test(tc, signals_wait);
	tcase_add_test(tc, killed_at_any_step);
	tcase_add_test(tc, no_place_for_it);
	tcase_add_test(tc, damaged_before);
	tcase_add_test(tc, read_and_forget);
	tcase_add_test(tc, one_login_at_a_time);
	tcase_add_test(tc, idle);
	tcase_add_test(tc, kept_alive);
	tcase_add_test(tc, kept_alive_in_trouble);
	tcase_add_test(tc, lives);
}

int
main(void)
{
	return unit_main("cred_consent", add);
}
