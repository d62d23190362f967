/* SPDX-License-Identifier: ISC */
/*
 * cred: refresh tokens, most of them of one use: what is asked and stored in
 * which order, where a disk is full, an answer is lost, a process dies, many
 * ask at once; and when the endpoint is left in peace.
 */
#include "cred_aid.h"

/* Let the time come at which the endpoint may be asked again. */
static void
let_wait_end(void)
{
	struct cred_record r;

	ck_assert(load(&r));
	ck_assert_int_gt(r.not_before, sys_now());
	r.not_before = sys_now();
	save(&r);
	cred_record_clear(&r);
}

static void
fill_expect(const char *want)
{
	struct cred *c = fill(PROFILE_AUTH_OAUTH, NULL);

	expect_secret(c, want);
	cred_free(c);
}

static void
fill_fails(enum outcome_class class, const char *part)
{
	struct cred *c = fill(PROFILE_AUTH_OAUTH, NULL);

	expect_failure(c, class, part);
	ck_assert_int_eq(cred_outcome(c)->stage, OUTCOME_AT_TOKEN);
	ck_assert_ptr_null(strstr(cred_outcome(c)->text, "R0"));
	cred_free(c);
}

START_TEST(rotation)
{
	struct cred_status s;
	struct cred *c;

	start_rotating();
	cred_look(&profile, &s);
	ck_assert_int_eq(s.state, CRED_NONE);
	ck_assert(s.refreshable);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	ck_assert_int_gt(cred_expires(c), sys_now() + HOUR - 60 * 1000);
	cred_free(c);
	expect_refresh("R1");
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	ck_assert(cred_was_cached(c));
	ck_assert_int_gt(cred_expires(c), sys_now() + HOUR - 60 * 1000);
	cred_free(c);
	expect_requests(1);

	let_expire();
	fill_expect("new-2");
	expect_refresh("R2");
	expect_requests(2);
	expect_status(CRED_OK, OUTCOME_CLASS_NONE);
	ck_assert(!log_has("R1"));
	ck_assert(!log_has("state="));
}
END_TEST

/* An endpoint that gives no new one: the old one is good again. */
START_TEST(no_rotation)
{
	start_endpoint(200, ANSWER);
	profile.oauth.grant = OAUTH_REFRESH_TOKEN;
	profile.refresh_token.form = PROFILE_PLAIN;
	secret_add_str(&profile.refresh_token.plain, "R0");
	fill_expect("new-1");
	expect_refresh("R0");
	let_expire();
	fill_expect("new-2");
	expect_refresh("R0");
}
END_TEST

/* The stored one wins until another is configured; what is stored stays where
 * that one is not taken. */
START_TEST(another_seed)
{
	start_rotating();
	fill_expect("new-1");
	let_expire();
	secret_set(&profile.refresh_token.plain, "R9", 2);
	fill_fails(OUTCOME_CLASS_P, "invalid_grant");
	expect_refresh("R1");
	expect_status(CRED_NEEDS_LOGIN, OUTCOME_CLASS_P);
}
END_TEST

/* A seed that was removed once it had done its work. */
START_TEST(seed_that_is_gone)
{
	start_rotating();
	fill_expect("new-1");
	let_expire();
	profile.refresh_token.form = PROFILE_FILE;
	profile.refresh_token.text = (char *)"/nowhere/seed";
	fill_expect("new-2");
	ck_assert(log_has("/nowhere/seed"));
	let_expire();
	profile.refresh_token.form = PROFILE_NO_SECRET;
	fill_expect("new-3");
	expect_refresh("R3");
}
END_TEST

START_TEST(no_refresh_token)
{
	start_rotating();
	profile.refresh_token.form = PROFILE_NO_SECRET;
	fill_fails(OUTCOME_CLASS_P, "no refresh token");
	expect_status(CRED_NEEDS_LOGIN, OUTCOME_CLASS_P);
	/* That of another client is none, and stays. */
	store_refresh("R0");
	profile.oauth.client_id = "other";
	fill_fails(OUTCOME_CLASS_P, "no refresh token");
	expect_requests(0);
	expect_refresh("R0");
	/* Another scope is no reason. */
	profile.oauth.client_id = "id";
	profile.oauth.scope = "more";
	fill_expect("new-1");
}
END_TEST

/* A failure ends the requests until something changes, but not the token. */
START_TEST(needs_login)
{
	start_rotating();
	store_refresh("R5");
	profile.refresh_token.form = PROFILE_NO_SECRET;
	fill_fails(OUTCOME_CLASS_P, "invalid_grant");
	expect_requests(1);
	expect_status(CRED_NEEDS_LOGIN, OUTCOME_CLASS_P);
	ck_assert(log_has("state=needs_login"));
	ck_assert_int_eq(truncate(log_path, 0), 0);
	fill_fails(OUTCOME_CLASS_P, "invalid_grant");
	expect_requests(1);
	home.stamp++;
	fill_fails(OUTCOME_CLASS_P, "invalid_grant");
	expect_requests(2);
	let_wait_end();
	fill_fails(OUTCOME_CLASS_P, "invalid_grant");
	expect_requests(3);
	expect_refresh("R5");
	ck_assert(!log_has("state="));
}
END_TEST

/* So does a change of the secret's file. */
START_TEST(secret_file_changes)
{
	char path[PATH_ROOM + 16];

	start_endpoint(401, "{\"error\":\"invalid_client\"}");
	snprintf(path, sizeof(path), "%s/secret", dir);
	profile.client_secret.form = PROFILE_FILE;
	profile.client_secret.text = path;
	write_file(path, "Hush-1\n", 7, 0600);
	fill_fails(OUTCOME_CLASS_C, "invalid_client");
	fill_fails(OUTCOME_CLASS_C, "invalid_client");
	expect_requests(1);
	expect_status(CRED_MISCONFIGURED, OUTCOME_CLASS_C);
	write_file(path, "Hush-22\n", 8, 0600);
	fill_fails(OUTCOME_CLASS_C, "invalid_client");
	expect_requests(2);
	/* What can't be read is seen anew each time. */
	ck_assert_int_eq(chmod(path, 0644), 0);
	fill_fails(OUTCOME_CLASS_C, "others may read it");
	ck_assert_int_eq(chmod(path, 0600), 0);
	fill_fails(OUTCOME_CLASS_C, "invalid_client");
	expect_requests(3);
}
END_TEST

START_TEST(trouble_ends)
{
	fill_fails(OUTCOME_CLASS_L, "nobody");
	expect_status(CRED_DEGRADED, OUTCOME_CLASS_L);
	ck_assert(log_has("state=degraded"));
	start_endpoint(200, ANSWER);
	fill_fails(OUTCOME_CLASS_L, "nobody");
	expect_requests(0);
	let_wait_end();
	fill_expect("new-1");
	expect_status(CRED_OK, OUTCOME_CLASS_NONE);
	ck_assert(log_has("state=ok"));
}
END_TEST

/* Whatever answers so is no token endpoint. */
START_TEST(three_answers_that_are_none)
{
	start_endpoint(200, "<html>number #");
	fill_fails(OUTCOME_CLASS_L, "<html>number 1");
	let_wait_end();
	fill_fails(OUTCOME_CLASS_L, "<html>number 2");
	let_wait_end();
	fill_fails(OUTCOME_CLASS_C, "<html>number 3");
	expect_status(CRED_MISCONFIGURED, OUTCOME_CLASS_C);
}
END_TEST

/* ---- the disk */

START_TEST(disk_full_before_the_request)
{
	start_rotating();
	store_refresh("R0");
	faults->fsyncs = 0;
	fill_fails(OUTCOME_CLASS_L, strerror(ENOSPC));
	expect_requests(0);
	ck_assert(log_has("no room for a new refresh token"));
	expect_refresh("R0");
	fill_expect("new-1");
	expect_refresh("R1");
}
END_TEST

/* Nothing is lost where the request can be made again. */
START_TEST(disk_full_without_rotation)
{
	start_endpoint(200, ANSWER);
	store("old", &profile, 0, 0);
	faults->fsyncs = 0;
	fill_expect("new-1");
	ck_assert(log_has("no room"));
	fill_expect("new-1");
}
END_TEST

/* Wait until the log has that. */
static void
await_log(const char *part)
{
	int64_t due = sys_mono() + 20000;

	while (!log_has(part)) {
		ck_assert_msg(sys_mono() < due, "not logged: %s", part);
		poll(NULL, 0, 20);
	}
}

START_TEST(token_that_is_stored_late)
{
	int64_t begun;

	start_rotating();
	store_refresh("R0");
	faults->renames = 0;
	faults->fails = 1;
	begun = sys_mono();
	fill_expect("new-1");
	ck_assert_int_lt(sys_mono() - begun, 900);
	ck_assert(log_has("new refresh token could not be stored"));
	expect_refresh("R0");
	/* The lock is held meanwhile: nobody redeems R0 again. */
	fill_expect("new-1");
	expect_requests(1);
	expect_refresh("R1");
	await_log("stored after all");
}
END_TEST

/* The state of a run that was killed at step k, and of the next. */
static bool
killed_at(int k)
{
	struct cred *c;
	bool whole;

	faults->requests = 0;
	faults->steps = k;
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	whole = cred_secret(c) != NULL;
	ck_assert_msg(whole || strstr(cred_outcome(c)->text,
				   "ended without an answer") != NULL,
	    "step %d: %s", k, cred_outcome(c)->text);
	cred_free(c);
	faults->steps = -1;
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	if (cred_secret(c) != NULL) {
		expect_requests(1);
		expect_secret(c, "new-1");
		expect_refresh("R1");
	} else {
		expect_requests(2);
		expect_failure(c, OUTCOME_CLASS_P, "invalid_grant");
		expect_status(CRED_NEEDS_LOGIN, OUTCOME_CLASS_P);
	}
	cred_free(c);
	return !whole;
}

/* At each sync and each rename: the new token is on the disk, or a login is
 * needed and known to be; a token that is there is never used twice in vain. */
START_TEST(killed_at_any_step)
{
	char state[PATH_ROOM + 16];
	int k = 0;
	bool killed;

	do {
		ck_assert_int_lt(k, 100);
		snprintf(state, sizeof(state), "%s/%d", dir, k);
		home.state = state;
		start_rotating();
		killed = killed_at(k++);
		kill(endpoint, SIGKILL);
		waitpid(endpoint, NULL, 0);
		endpoint = 0;
	} while (killed);
	ck_assert_int_gt(k, 6);
}
END_TEST

/* ---- answers that are lost */

START_TEST(lost_answer_is_asked_for_again)
{
	start_endpoint(200, ANSWER);
	profile.oauth.grant = OAUTH_REFRESH_TOKEN;
	store_refresh("R0");
	faults->lost = 1;
	fill_expect("new-2");
	expect_requests(2);
}
END_TEST

START_TEST(lost_answer_of_a_rotation)
{
	start_rotating();
	faults->lost = 1;
	fill_fails(OUTCOME_CLASS_P, "invalid_grant");
	expect_requests(2);
	expect_status(CRED_NEEDS_LOGIN, OUTCOME_CLASS_P);
}
END_TEST

START_TEST(lost_answers)
{
	start_rotating();
	store_refresh("R0");
	faults->lost = 2;
	fill_fails(OUTCOME_CLASS_L, url);
	expect_requests(2);
	expect_refresh("R0");
	expect_status(CRED_DEGRADED, OUTCOME_CLASS_L);
}
END_TEST

/* Without a danger it is not asked twice. */
START_TEST(lost_answer_without_rotation)
{
	start_endpoint(200, ANSWER);
	faults->lost = 1;
	fill_fails(OUTCOME_CLASS_L, url);
	expect_requests(1);
}
END_TEST

/* ---- others */

/* Somebody puts another token into the cache while ours is refused. */
START_TEST(another_token_in_the_cache)
{
	start_rotating();
	profile.refresh_token.form = PROFILE_NO_SECRET;
	store_refresh("R7");
	faults->swaps = true;
	fill_expect("new-2");
	expect_requests(2);
	expect_refresh("R1");
}
END_TEST

START_TEST(no_lock_no_redeeming)
{
	start_rotating();
	write_file(tokens, "", 0, 0600); /* where the directory should be */
	fill_fails(OUTCOME_CLASS_L, tokens);
	expect_requests(0);
	ck_assert(log_has("no lock"));
}
END_TEST

/* What can't be read may hold the only token that is good. */
START_TEST(record_that_cannot_be_read)
{
	char path[PATH_ROOM + 32];

	start_rotating();
	store_refresh("R0");
	snprintf(path, sizeof(path), "%s/noreply.blob", tokens);
	write_file(path, "osmtp-vault 9\nx\n", 16, 0600);
	fill_fails(OUTCOME_CLASS_C, path);
	fill_fails(OUTCOME_CLASS_C, "stored refresh token: ");
	expect_requests(0);
	snprintf(path, sizeof(path), "%s/seal.key", dir);
	store_refresh("R0");
	ck_assert_int_eq(unlink(path), 0);
	fill_fails(OUTCOME_CLASS_C, "stored refresh token: ");
	expect_requests(0);
	/* The other grant gets a new one, and a new key. */
	profile.oauth.grant = OAUTH_CLIENT_CREDENTIALS;
	fill_fails(OUTCOME_CLASS_C, "invalid_grant");
	expect_requests(1);
}
END_TEST

START_TEST(account_of_another_profile)
{
	struct profile other = profile;
	struct cred *c;
	int called = 0;

	start_rotating();
	other.name = (char *)"other";
	other.credentials = &profile;
	other.has_oauth = false;
	c = cred_fill(loop, &other, PROFILE_AUTH_OAUTH, NULL, count, &called);
	loop_run(loop);
	expect_secret(c, "new-1");
	cred_free(c);
	fill_expect("new-1");
	expect_requests(1);
}
END_TEST

/* ---- many at once */

/* Each in a process of its own; all must get one. */
static void
fill_many(const struct secret *refused)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < MANY; i++) {
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			struct loop *l = loop_new();
			int called = 0;
			struct cred *c = cred_fill(l, &profile,
			    PROFILE_AUTH_OAUTH, refused, count, &called);

			loop_run(l);
			_exit(cred_secret(c) == NULL ||
			      strcmp(secret_reveal(cred_secret(c)), "new-1") !=
				  0);
		}
	}
	for (i = 0; i < MANY; i++) {
		while ((pid = wait(&status)) == endpoint || pid == -1)
			ck_assert_int_ne(pid, endpoint);
		ck_assert_int_eq(status, 0);
	}
}

START_TEST(many_at_once)
{
	start_endpoint(200, ANSWER);
	fill_many(NULL);
	expect_requests(1);
}
END_TEST

START_TEST(many_at_once_with_rotation)
{
	start_rotating();
	fill_many(NULL);
	expect_requests(1);
	expect_refresh("R1");
}
END_TEST

/* All hold the same token, which a server has refused. */
START_TEST(many_that_were_refused)
{
	struct secret refused;

	start_endpoint(200, ANSWER);
	store("old", &profile, sys_now(), sys_now() + HOUR);
	secret_init(&refused);
	secret_add_str(&refused, "old");
	fill_many(&refused);
	expect_requests(1);
	secret_clear(&refused);
}
END_TEST

/* That it was refused is remembered where no other can be had. */
START_TEST(refused_and_no_other)
{
	struct secret refused;
	struct cred *c;

	secret_init(&refused);
	secret_add_str(&refused, "old");
	store("old", &profile, sys_now(), sys_now() + HOUR);
	c = fill(PROFILE_AUTH_OAUTH, &refused);
	expect_failure(c, OUTCOME_CLASS_L, "nobody");
	cred_free(c);
	fill_fails(OUTCOME_CLASS_L, "nobody");
	secret_clear(&refused);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, rotation);
	tcase_add_test(tc, no_rotation);
	tcase_add_test(tc, another_seed);
	tcase_add_test(tc, seed_that_is_gone);
	tcase_add_test(tc, no_refresh_token);
	tcase_add_test(tc, needs_login);
	tcase_add_test(tc, secret_file_changes);
	tcase_add_test(tc, trouble_ends);
	tcase_add_test(tc, three_answers_that_are_none);
	tcase_add_test(tc, disk_full_before_the_request);
	tcase_add_test(tc, disk_full_without_rotation);
	tcase_add_test(tc, token_that_is_stored_late);
	tcase_add_test(tc, killed_at_any_step);
	tcase_add_test(tc, lost_answer_is_asked_for_again);
	tcase_add_test(tc, lost_answer_of_a_rotation);
	tcase_add_test(tc, lost_answers);
	tcase_add_test(tc, lost_answer_without_rotation);
	tcase_add_test(tc, another_token_in_the_cache);
	tcase_add_test(tc, no_lock_no_redeeming);
	tcase_add_test(tc, record_that_cannot_be_read);
	tcase_add_test(tc, account_of_another_profile);
	tcase_add_test(tc, many_at_once);
	tcase_add_test(tc, many_at_once_with_rotation);
	tcase_add_test(tc, many_that_were_refused);
	tcase_add_test(tc, refused_and_no_other);
}

int
main(void)
{
	return unit_main("cred_token", add);
}
