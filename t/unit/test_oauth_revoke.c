/* SPDX-License-Identifier: ISC */
/* oauth_revoke: what counts as revoked. */
#include "oauth_aid.h"

static struct oauth_trouble trouble;

static bool
ask(const char *answer)
{
	static const struct oauth_proof proof;
	struct oauth_client c = { .client_id = "id",
		.client_auth = OAUTH_AUTH_NONE };
	struct secret refresh;
	bool ok;

	secret_init(&refresh);
	secret_add_str(&refresh, "1//R/0");
	start_endpoint(&answer, 1);
	c.revoke_url = url;
	ok = oauth_revoke(&c, &proof, &refresh, 5000, &trouble);
	end_endpoint();
	ck_assert_str_eq(form(),
	    "token=1%2F%2FR%2F0&token_type_hint=refresh_token&client_id=id");
	secret_clear(&refresh);
	return ok;
}

START_TEST(revoked)
{
	ck_assert(ask(HTTP("200", "", "")));
	ck_assert(ask(HTTP("200", "", "{}")));
	ck_assert(ask(HTTP("204", "", "")));
	ck_assert(ask(HTTP("200", "", "thank you")));
	/* RFC 7009 2.2 against Google: it is not there any more */
	ck_assert(ask(HTTP("400", "", "{\"error\":\"invalid_token\"}")));
}
END_TEST

START_TEST(not_revoked)
{
	static const struct {
		const char *answer;
		int class;
		const char *said;
	} cases[] = {
		{ HTTP("400", "", "{\"error\":\"unsupported_token_type\"}"),
		    OUTCOME_CLASS_C, "unsupported_token_type" },
		{ HTTP("401", "", "{\"error\":\"invalid_client\"}"),
		    OUTCOME_CLASS_C, "invalid_client" },
		{ HTTP("200", "", "{\"error\":\"invalid_client\"}"),
		    OUTCOME_CLASS_C, "invalid_client" },
		{ HTTP("503", "Retry-After: 7\r\n", ""), OUTCOME_CLASS_L,
		    "HTTP 503" },
		{ HTTP("404", "", ""), OUTCOME_CLASS_C,
		    "this is not a revocation endpoint: check revoke_url" },
		{ HTTP("307", "Location: https://evil.example/\r\n", ""),
		    OUTCOME_CLASS_C, "redirects are not followed" },
		{ HTTP("400", "",
		      "{\"error\":\"invalid_request\","
		      "\"error_description\":\"1//R/0 is no token\"}"),
		    OUTCOME_CLASS_C, "the rest is not shown" },
		{ "", OUTCOME_CLASS_L, "" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert(!ask(cases[i].answer));
		ck_assert_msg(
		    strstr(trouble.outcome.text, cases[i].said) != NULL,
		    "%zu: %s", i, trouble.outcome.text);
		ck_assert_msg((int)trouble.outcome.class == cases[i].class,
		    "%zu: class %s", i,
		    outcome_class_name(trouble.outcome.class));
		ck_assert_ptr_null(strstr(trouble.outcome.text, "R/0"));
		ck_assert_int_eq(trouble.retry_after, i == 3 ? 7000 : -1);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, NULL, end_endpoint);
	tcase_add_test(tc, revoked);
	tcase_add_test(tc, not_revoked);
}

int
main(void)
{
	return unit_main("oauth_revoke", add);
}
