/* SPDX-License-Identifier: ISC */
/* sasl: responses, octet by octet, and challenges in and out of place. */
#include "unit.h"

#include <string.h>

#include "base/text.h"
#include "gate/sasl.h"

static struct secret key;
static struct sasl_identity who;

/* An identity; the secret is known to the checks below. */
static void
set_up(void)
{
	secret_init(&key);
	secret_add_str(&key, "s3cr3t");
	who.user = "anna@example.org";
	who.secret = &key;
	who.host = "smtp.example.org";
	who.port = 587;
}

static void
tear_down(void)
{
	secret_clear(&key);
}

static void
expect(const char *label, const struct secret *got, const char *want, size_t n)
{
	ck_assert_msg(
	    secret_len(got) == n && memcmp(secret_reveal(got), want, n) == 0,
	    "%s: %zu octets: %s", label, secret_len(got), secret_reveal(got));
}

#define EXPECT(label, got, want) expect(label, got, want, sizeof(want) - 1)

START_TEST(names)
{
	enum sasl_mech m;
	int i;

	for (i = 0; i < SASL_MECHS; i++) {
		ck_assert(sasl_find(sasl_name((enum sasl_mech)i), &m));
		ck_assert_int_eq(m, i);
	}
	ck_assert(sasl_find("xoauth2", &m) && m == SASL_XOAUTH2);
	m = SASL_LOGIN;
	ck_assert(!sasl_find("CRAM-MD5", &m));
	ck_assert(!sasl_find("", &m));
	ck_assert(!sasl_find("PLAINX", &m));
	ck_assert_int_eq(m, SASL_LOGIN);
	ck_assert(sasl_takes_token(SASL_XOAUTH2));
	ck_assert(sasl_takes_token(SASL_OAUTHBEARER));
	ck_assert(!sasl_takes_token(SASL_PLAIN));
	ck_assert(!sasl_takes_token(SASL_LOGIN));
}
END_TEST

/* String literals split where an escape would swallow what follows. */
static const struct {
	const char *label, *user;
	enum sasl_mech mech;
	const char *want;
	size_t n;
} initials[] = {
#define WANT(s) s, sizeof(s) - 1
	{ "xoauth2", "anna@example.org", SASL_XOAUTH2,
	    WANT("user=anna@example.org\1auth=Bearer s3cr3t\1\1") },
	{ "xoauth2 escapes nothing", "a=b,c@example.org", SASL_XOAUTH2,
	    WANT("user=a=b,c@example.org\1auth=Bearer s3cr3t\1\1") },
	{ "oauthbearer", "anna@example.org", SASL_OAUTHBEARER,
	    WANT("n,a=anna@example.org,\1host=smtp.example.org\1port=587\1"
		 "auth=Bearer s3cr3t\1\1") },
	{ "oauthbearer escapes", "a=b,c@example.org", SASL_OAUTHBEARER,
	    WANT("n,a=a=3Db=2Cc@example.org,\1host=smtp.example.org\1port=587"
		 "\1auth=Bearer s3cr3t\1\1") },
	{ "plain", "anna", SASL_PLAIN, WANT("\0anna\0s3cr3t") },
	{ "plain, UTF-8", "ann\303\244", SASL_PLAIN,
	    WANT("\0ann\303\244\0s3cr3t") },
#undef WANT
};

START_TEST(initial)
{
	struct secret out;
	struct sasl s;
	size_t i;

	for (i = 0; i < sizeof(initials) / sizeof(initials[0]); i++) {
		who.user = initials[i].user;
		secret_init(&out);
		sasl_begin(&s, initials[i].mech, &who);
		ck_assert(sasl_initial(&s, &out));
		expect(
		    initials[i].label, &out, initials[i].want, initials[i].n);
		secret_clear(&out);
	}
	secret_init(&out);
	sasl_begin(&s, SASL_LOGIN, &who);
	ck_assert(!sasl_initial(&s, &out));
	ck_assert_uint_eq(secret_len(&out), 0);
}
END_TEST

/* A password may hold any octet but NUL. */
START_TEST(odd_password)
{
	struct secret out;
	struct sasl s;

	secret_set(&key, "\1 \377,=\r\n", 7);
	who.user = "u";
	secret_init(&out);
	sasl_begin(&s, SASL_PLAIN, &who);
	ck_assert(sasl_initial(&s, &out));
	EXPECT("odd", &out, "\0u\0\1 \377,=\r\n");
	secret_clear(&out);
}
END_TEST

START_TEST(login)
{
	static const char *const prompts[][2] = {
		{ "VXNlcm5hbWU6", "UGFzc3dvcmQ6" },
		{ "", "" },
		{ "not base64!", "?" },
	};
	struct err e = ERR_NONE;
	struct secret out;
	struct sasl s;
	size_t i;

	for (i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++) {
		sasl_begin(&s, SASL_LOGIN, &who);
		secret_init(&out);
		ck_assert_int_eq(sasl_answer(&s, prompts[i][0], &out, &e), 0);
		EXPECT("user", &out, "anna@example.org");
		secret_clear(&out);
		ck_assert_int_eq(sasl_answer(&s, prompts[i][1], &out, &e), 0);
		EXPECT("password", &out, "s3cr3t");
		secret_clear(&out);
		ck_assert_int_eq(sasl_answer(&s, "", &out, &e), EX_PROTOCOL);
		ck_assert_uint_eq(secret_len(&out), 0);
	}
}
END_TEST

static int
challenge(struct sasl *s, enum sasl_mech m, const char *said,
    struct secret *out, struct err *e)
{
	struct buf b;
	int rc;

	sasl_begin(s, m, &who);
	secret_init(out);
	ck_assert(sasl_initial(s, out));
	secret_clear(out);
	buf_init(&b, 1 << 20);
	text_add_base64(&b, said, strlen(said));
	rc = sasl_answer(s, b.data, out, e);
	buf_clear(&b);
	return rc;
}

START_TEST(error_challenge)
{
	static const char json[] =
	    "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}";
	struct err e = ERR_NONE;
	struct secret out;
	struct sasl s;

	ck_assert_int_eq(challenge(&s, SASL_XOAUTH2, json, &out, &e), 0);
	EXPECT("xoauth2", &out, "");
	ck_assert_str_eq(s.refusal, json);
	ck_assert_int_eq(sasl_answer(&s, "e30=", &out, &e), EX_PROTOCOL);
	secret_clear(&out);

	ck_assert_int_eq(challenge(&s, SASL_OAUTHBEARER, json, &out, &e), 0);
	EXPECT("oauthbearer", &out, "\1");
	ck_assert_str_eq(s.refusal, json);
	secret_clear(&out);

	/* A new exchange forgets the old one's refusal. */
	sasl_begin(&s, SASL_XOAUTH2, &who);
	ck_assert_str_eq(s.refusal, "");
}
END_TEST

START_TEST(refusal_is_safe)
{
	char longest[9000];
	struct err e = ERR_NONE;
	struct secret out;
	struct sasl s;
	size_t i;

	ck_assert_int_eq(
	    challenge(&s, SASL_XOAUTH2, "no\r\nway\33[1m", &out, &e), 0);
	for (i = 0; s.refusal[i] != '\0'; i++)
		ck_assert(s.refusal[i] >= ' ' && s.refusal[i] != 0x7f);
	ck_assert_ptr_nonnull(strstr(s.refusal, "way"));
	secret_clear(&out);

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(challenge(&s, SASL_XOAUTH2, longest, &out, &e), 0);
	ck_assert_uint_gt(strlen(s.refusal), 100);
	ck_assert_uint_lt(strlen(s.refusal), sizeof(s.refusal));
	secret_clear(&out);

	ck_assert_int_eq(
	    challenge(&s, SASL_XOAUTH2, "{\"bad\":\"s3cr3t\"}", &out, &e), 0);
	ck_assert_ptr_null(strstr(s.refusal, "s3cr3t"));
	ck_assert_str_ne(s.refusal, "");
	secret_clear(&out);
}
END_TEST

START_TEST(out_of_place)
{
	static const struct {
		const char *label;
		enum sasl_mech mech;
		bool begun;
		const char *challenge;
	} cases[] = {
		{ "plain, after all is said", SASL_PLAIN, true, "" },
		{ "plain, before", SASL_PLAIN, false, "" },
		{ "xoauth2, nothing said yet", SASL_XOAUTH2, false, "e30=" },
		{ "xoauth2, empty", SASL_XOAUTH2, true, "" },
		{ "xoauth2, not base64", SASL_XOAUTH2, true, "{}" },
		{ "oauthbearer, cut", SASL_OAUTHBEARER, true, "e30" },
		{ "oauthbearer, empty", SASL_OAUTHBEARER, true, "" },
	};
	struct secret out;
	struct sasl s;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		e.code = 0;
		sasl_begin(&s, cases[i].mech, &who);
		secret_init(&out);
		if (cases[i].begun)
			sasl_initial(&s, &out);
		secret_clear(&out);
		ck_assert_msg(sasl_answer(&s, cases[i].challenge, &out, &e) ==
				  EX_PROTOCOL,
		    "%s", cases[i].label);
		ck_assert_int_eq(e.code, EX_PROTOCOL);
		ck_assert_ptr_nonnull(strstr(e.text, sasl_name(s.mech)));
		ck_assert_uint_eq(secret_len(&out), 0);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, names);
	tcase_add_test(tc, initial);
	tcase_add_test(tc, odd_password);
	tcase_add_test(tc, login);
	tcase_add_test(tc, error_challenge);
	tcase_add_test(tc, refusal_is_safe);
	tcase_add_test(tc, out_of_place);
}

int
main(void)
{
	return unit_main("sasl", add);
}
