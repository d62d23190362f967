/* SPDX-License-Identifier: ISC */
/*
 * cred: tokens from the cache, from a token endpoint of our own on loopback,
 * and from none.
 */
#include "cred_aid.h"

START_TEST(cached_token)
{
	struct cred *c;

	store("old", &profile, sys_now(), sys_now() + HOUR);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "old");
	ck_assert(cred_was_cached(c));
	ck_assert(!log_has("token"));
	cred_free(c);
}
END_TEST

START_TEST(cache_of_no_use)
{
	static const struct {
		const char *label;
		int64_t obtained, expires; /* from now, ms */
		const char *client_id, *scope;
	} cases[] = {
		{ "too little left", -HOUR, 299 * 1000, "id", "mail" },
		{ "expired", -2 * HOUR, -HOUR, "id", "mail" },
		{ "from the future", HOUR, 2 * HOUR, "id", "mail" },
		{ "of another client", 0, HOUR, "other", "mail" },
		{ "of another scope", 0, HOUR, "id", "mail more" },
	};
	struct profile asked;
	struct cred *c;
	size_t i;

	start_endpoint(200, "{\"access_token\":\"new\",\"expires_in\":#}");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		asked = profile;
		asked.oauth.client_id = cases[i].client_id;
		asked.oauth.scope = cases[i].scope;
		store("old", &asked, sys_now() + cases[i].obtained,
		    sys_now() + cases[i].expires);
		c = fill(PROFILE_AUTH_OAUTH, NULL);
		expect_secret(c, "new");
		ck_assert_msg(!cred_was_cached(c), "%s", cases[i].label);
		cred_free(c);
	}
}
END_TEST

START_TEST(new_token_is_kept)
{
	struct cred *c;

	start_endpoint(200, ANSWER);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	ck_assert(!cred_was_cached(c));
	cred_free(c);
	ck_assert(log_has("profile=noreply"));
	ck_assert(log_has("result=obtained"));
	ck_assert(log_has("life=1h"));
	ck_assert(!log_has("new-1"));
	ck_assert(!log_has("Hush"));

	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	ck_assert(cred_was_cached(c));
	cred_free(c);
}
END_TEST

/* Twenty that were refused with one token ask for one new token. */
START_TEST(refused_token)
{
	struct secret refused;
	struct cred *c;

	start_endpoint(200, ANSWER);
	secret_init(&refused);
	secret_add_str(&refused, "old");
	store("old", &profile, sys_now(), sys_now() + HOUR);
	c = fill(PROFILE_AUTH_OAUTH, &refused);
	expect_secret(c, "new-1");
	ck_assert(!cred_was_cached(c));
	cred_free(c);
	c = fill(PROFILE_AUTH_OAUTH, &refused);
	expect_secret(c, "new-1");
	cred_free(c);
	secret_set(&refused, "new-1", 5);
	c = fill(PROFILE_AUTH_OAUTH, &refused);
	expect_secret(c, "new-2");
	cred_free(c);
	secret_clear(&refused);
}
END_TEST

/* Two ask at the same time: who gets the lock second finds a token. */
START_TEST(one_request_for_two)
{
	struct cred *a, *b;
	int called = 0;

	start_endpoint(200, ANSWER);
	a = cred_fill(loop, &profile, PROFILE_AUTH_OAUTH, NULL, count, &called);
	b = cred_fill(loop, &profile, PROFILE_AUTH_OAUTH, NULL, count, &called);
	loop_run(loop);
	ck_assert_int_eq(called, 2);
	expect_secret(a, "new-1");
	expect_secret(b, "new-1");
	cred_free(a);
	cred_free(b);
}
END_TEST

START_TEST(token_that_cannot_be_kept)
{
	struct cred *c;

	start_endpoint(200, ANSWER);
	write_file(tokens, "", 0, 0600); /* where the directory should be */
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	cred_free(c);
	ck_assert(log_has("no lock"));
	ck_assert(!log_has("new-1"));
}
END_TEST

START_TEST(no_endpoint)
{
	struct cred *c = fill(PROFILE_AUTH_OAUTH, NULL);

	expect_failure(c, OUTCOME_CLASS_L, "http://127.0.0.1:1/nobody: ");
	ck_assert_int_eq(cred_outcome(c)->stage, OUTCOME_AT_TOKEN);
	ck_assert_int_eq(cred_outcome(c)->code, 0);
	cred_free(c);
	ck_assert(log_has("result=failed"));
	ck_assert(log_has("class=L"));
}
END_TEST

START_TEST(refused_client)
{
	struct cred *c;

	start_endpoint(401, "{\"error\":\"invalid_client\","
			    "\"error_description\":\"try # failed\"}");
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "invalid_client: try 1 failed");
	ck_assert_int_eq(cred_outcome(c)->code, 401);
	ck_assert(!cred_outcome(c)->ours);
	cred_free(c);
}
END_TEST

/* An endpoint that repeats the request in its refusal. */
START_TEST(echoed_secret)
{
	struct cred *c;

	start_endpoint(401, "{\"error\":\"invalid_client\","
			    "\"error_description\":\"#: Hush is wrong\"}");
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "invalid_client: ");
	ck_assert(!log_has("Hush"));
	cred_free(c);
}
END_TEST

START_TEST(wrong_url)
{
	struct cred *c;

	start_endpoint(404, "number #");
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_failure(c, OUTCOME_CLASS_C, url);
	expect_failure(c, OUTCOME_CLASS_C, "check token_url");
	cred_free(c);
}
END_TEST

START_TEST(client_secret_file)
{
	char path[PATH_ROOM + 16];
	struct cred *c;

	start_endpoint(200, ANSWER);
	snprintf(path, sizeof(path), "%s/secret", dir);
	profile.client_secret.form = PROFILE_FILE;
	profile.client_secret.text = path;
	write_file(path, "Hush\n", 5, 0644);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_failure(c, OUTCOME_CLASS_C, path);
	ck_assert_int_eq(cred_outcome(c)->stage, OUTCOME_AT_TOKEN);
	cred_free(c);

	ck_assert_int_eq(chmod(path, 0600), 0);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	cred_free(c);
}
END_TEST

/* Whoever gives up leaves a token for the next. */
START_TEST(freed_early)
{
	struct cred *c;
	int called = 0;

	start_endpoint(200, ANSWER);
	c = cred_fill(loop, &profile, PROFILE_AUTH_OAUTH, NULL, count, &called);
	cred_free(c);
	loop_run(loop);
	ck_assert_int_eq(called, 0);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	cred_free(c);

	profile.password.form = PROFILE_PLAIN;
	secret_add_str(&profile.password.plain, "Hush");
	c = cred_fill(
	    loop, &profile, PROFILE_AUTH_PASSWORD, NULL, count, &called);
	cred_free(c);
	cred_free(NULL);
	loop_run(loop);
	ck_assert_int_eq(called, 0);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, cached_token);
	tcase_add_test(tc, cache_of_no_use);
	tcase_add_test(tc, new_token_is_kept);
	tcase_add_test(tc, refused_token);
	tcase_add_test(tc, one_request_for_two);
	tcase_add_test(tc, token_that_cannot_be_kept);
	tcase_add_test(tc, no_endpoint);
	tcase_add_test(tc, refused_client);
	tcase_add_test(tc, echoed_secret);
	tcase_add_test(tc, wrong_url);
	tcase_add_test(tc, client_secret_file);
	tcase_add_test(tc, freed_early);
}

int
main(void)
{
	return unit_main("cred", add);
}
