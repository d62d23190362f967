/* SPDX-License-Identifier: ISC */
/* sasl: responses, octet by octet, and challenges in and out of place. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "gate/sasl.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

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
	ck_assert(!sasl_find("SCRAM-SHA-1", &m));
	ck_assert(!sasl_find("SCRAM-SHA-256-PLUS", &m));
	ck_assert(!sasl_find("", &m));
	ck_assert(!sasl_find("PLAINX", &m));
	ck_assert_int_eq(m, SASL_LOGIN);
	ck_assert_int_eq(sasl_proof(SASL_XOAUTH2), SASL_TOKEN);
	ck_assert_int_eq(sasl_proof(SASL_OAUTHBEARER), SASL_TOKEN);
	ck_assert_int_eq(sasl_proof(SASL_SCRAM_SHA_256), SASL_PASSWORD);
	ck_assert_int_eq(sasl_proof(SASL_PLAIN), SASL_PASSWORD);
	ck_assert_int_eq(sasl_proof(SASL_LOGIN), SASL_PASSWORD);
	ck_assert_int_eq(sasl_proof(SASL_CRAM_MD5), SASL_PASSWORD);
	ck_assert_int_eq(sasl_proof(SASL_EXTERNAL), SASL_CERTIFICATE);
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
	{ "external names nobody", "anna", SASL_EXTERNAL, WANT("") },
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
	sasl_begin(&s, SASL_CRAM_MD5, &who);
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
	ck_assert_str_eq(s.status, "401");
	ck_assert_int_eq(sasl_answer(&s, "e30=", &out, &e), EX_PROTOCOL);
	secret_clear(&out);

	ck_assert_int_eq(challenge(&s, SASL_OAUTHBEARER, json, &out, &e), 0);
	EXPECT("oauthbearer", &out, "\1");
	ck_assert_str_eq(s.refusal, json);
	secret_clear(&out);

	/* A new exchange forgets the old one's refusal. */
	sasl_begin(&s, SASL_XOAUTH2, &who);
	ck_assert_str_eq(s.refusal, "");
	ck_assert_str_eq(s.status, "");
}
END_TEST

static const struct {
	const char *said, *status;
} statuses[] = {
	{ "{\"status\":\"invalid_token\"}", "invalid_token" },
	{ "{\"scope\":\"x\",\"status\":\"insufficient_scope\"}",
	    "insufficient_scope" },
	{ "{\"status\":\"400\"}", "400" },
	{ "{\"status\":400}", "400" },
	{ "{\"status\":400.5}", "400" },
	{ "{\"status\":-1}", "-1" },
	{ "{\"status\":\"\"}", "" },
	{ "{\"status\":\"two words\"}", "" },
	{ "{\"status\":\"401\\r\\n\"}", "" },
	{ "{\"status\":\"\303\251\"}", "" },
	{ "{\"status\":true}", "" },
	{ "{\"status\":[\"401\"]}", "" },
	{ "{\"error\":\"401\"}", "" },
	{ "{\"status\":\"401\"", "" },
	{ "401", "" },
	{ "{\"status\":\"s3cr3t\"}", "" },
	{ "{\"status\":"
	  "\"12345678901234567890123456789012345678901234567\"}",
	    "12345678901234567890123456789012345678901234567" },
	{ "{\"status\":"
	  "\"123456789012345678901234567890123456789012345678\"}",
	    "" },
};

START_TEST(status)
{
	struct err e = ERR_NONE;
	struct secret out;
	struct sasl s;

	ck_assert_int_eq(
	    challenge(&s, SASL_OAUTHBEARER, statuses[_i].said, &out, &e), 0);
	ck_assert_msg(strcmp(s.status, statuses[_i].status) == 0, "%s: '%s'",
	    statuses[_i].said, s.status);
	ck_assert_str_ne(s.refusal, "");
	secret_clear(&out);
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
		{ "external, after all is said", SASL_EXTERNAL, true, "" },
		{ "external, before", SASL_EXTERNAL, false, "" },
		{ "cram-md5, empty", SASL_CRAM_MD5, false, "" },
		{ "cram-md5, not base64", SASL_CRAM_MD5, false, "<1@x>" },
		{ "scram, nothing said yet", SASL_SCRAM_SHA_256, false, "" },
		{ "scram, not base64", SASL_SCRAM_SHA_256, true, "r=" },
		{ "scram, empty", SASL_SCRAM_SHA_256, true, "" },
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
		sasl_end(&s);
	}
}
END_TEST

/* RFC 2195 section 2. */
START_TEST(cram_md5)
{
	static const char said[] =
	    "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+";
	struct err e = ERR_NONE;
	struct secret out;
	struct sasl s;

	secret_set(&key, "tanstaaftanstaaf", 16);
	who.user = "tim";
	secret_init(&out);
	sasl_begin(&s, SASL_CRAM_MD5, &who);
	ck_assert_int_eq(sasl_answer(&s, said, &out, &e), 0);
	EXPECT("cram-md5", &out, "tim b913a602c7eda7a495b4e6e7334d3890");
	ck_assert(sasl_is_complete(&s));
	secret_clear(&out);
	ck_assert_int_eq(sasl_answer(&s, said, &out, &e), EX_PROTOCOL);
	ck_assert_uint_eq(secret_len(&out), 0);
	sasl_end(&s);
}
END_TEST

/* ---- SCRAM-SHA-256; the numbers are those of RFC 7677 section 3 */

#define OURS   "rOprNGfwEbeRWgbNEkqO"
#define THEIRS "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define FIRST  "r=" OURS THEIRS ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
#define PROVEN "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static struct sasl scram;
static struct secret scram_out;
static struct err scram_e;

/* What is said, as a challenge. */
static int
scram_say(const char *said)
{
	struct buf b;
	int rc;

	secret_clear(&scram_out);
	buf_init(&b, 1 << 20);
	text_add_base64(&b, said, strlen(said));
	rc = sasl_answer(&scram, b.data, &scram_out, &scram_e);
	buf_clear(&b);
	return rc;
}

/* Begin as the RFC's client, which had another random number. */
static void
scram_begin(void)
{
	memset(&scram_e, 0, sizeof(scram_e));
	secret_set(&key, "pencil", 6);
	who.user = "user";
	sasl_begin(&scram, SASL_SCRAM_SHA_256, &who);
	secret_init(&scram_out);
	ck_assert(sasl_initial(&scram, &scram_out));
	secret_clear(&scram.kept);
	secret_add_str(&scram.kept, "n=user,r=" OURS);
	ck_assert(!sasl_is_complete(&scram));
}

static void
scram_end(void)
{
	secret_clear(&scram_out);
	sasl_end(&scram);
}

START_TEST(scram_of_the_rfc)
{
	scram_begin();
	ck_assert_int_eq(scram_say(FIRST), 0);
	EXPECT("proof", &scram_out,
	    "c=biws,r=" OURS THEIRS
	    ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
	ck_assert(!sasl_is_complete(&scram));
	ck_assert_int_eq(scram_say(PROVEN), 0);
	EXPECT("end", &scram_out, "");
	ck_assert(sasl_is_complete(&scram));
	ck_assert_int_eq(scram_say(PROVEN), EX_PROTOCOL);
	scram_end();
}
END_TEST

/* Extensions may follow; the server signs them. */
START_TEST(scram_extensions)
{
	scram_begin();
	ck_assert_int_eq(scram_say(FIRST ",x=y,z"), 0);
	ck_assert_ptr_nonnull(strstr(secret_reveal(&scram_out), THEIRS ",p="));
	ck_assert_ptr_null(
	    strstr(secret_reveal(&scram_out), "p=dHzbZapWIk4jUhN"));
	scram_end();
}
END_TEST

/* Each session has a nonce of its own; names are escaped. */
START_TEST(scram_initial)
{
	static const char want[] = "n,,n=a=2Cr=3Dx=3D=2C,r=";
	char nonce[2][64];
	struct secret out;
	struct sasl s;
	int i;

	who.user = "a,r=x=,";
	for (i = 0; i < 2; i++) {
		secret_init(&out);
		sasl_begin(&s, SASL_SCRAM_SHA_256, &who);
		ck_assert(sasl_initial(&s, &out));
		ck_assert(text_starts(secret_reveal(&out), want));
		snprintf(nonce[i], sizeof(nonce[i]), "%s",
		    secret_reveal(&out) + strlen(want));
		ck_assert_uint_ge(strlen(nonce[i]), 20);
		ck_assert_ptr_null(strchr(nonce[i], ','));
		secret_clear(&out);
		sasl_end(&s);
	}
	ck_assert_str_ne(nonce[0], nonce[1]);
}
END_TEST

#define SALT ",s=W22ZaJ0SNY7soEsUEjb6gQ=="

static const struct {
	const char *label, *said, *part;
} bad_firsts[] = {
	{ "not our nonce", "r=xOprNGfwEbeRWgbNEkqO" THEIRS SALT ",i=4096",
	    "nonce" },
	{ "no nonce of theirs", "r=" OURS SALT ",i=4096", "nonce" },
	{ "a part of our nonce", "r=rOprNGf" SALT ",i=4096", "nonce" },
	{ "an empty nonce", "r=" SALT ",i=4096", "nonce" },
	{ "too few rounds", "r=" OURS THEIRS SALT ",i=4095", "4096" },
	{ "one round", "r=" OURS THEIRS SALT ",i=1", "4096" },
	{ "no round", "r=" OURS THEIRS SALT ",i=0", "4096" },
	{ "too many rounds", "r=" OURS THEIRS SALT ",i=1000001", "1000000" },
	{ "far too many", "r=" OURS THEIRS SALT ",i=99999999999999999999",
	    "1000000" },
	{ "rounds below zero", "r=" OURS THEIRS SALT ",i=-4096", "1000000" },
	{ "rounds in words", "r=" OURS THEIRS SALT ",i=many", "1000000" },
	{ "empty rounds", "r=" OURS THEIRS SALT ",i=", "1000000" },
	{ "no rounds", "r=" OURS THEIRS SALT, "not one of SCRAM" },
	{ "no salt", "r=" OURS THEIRS ",i=4096", "not one of SCRAM" },
	{ "an empty salt", "r=" OURS THEIRS ",s=,i=4096", "not one of SCRAM" },
	{ "a salt in clear", "r=" OURS THEIRS ",s=?,i=4096",
	    "not one of SCRAM" },
	{ "another order",
	    "s=W22ZaJ0SNY7soEsUEjb6gQ==,r=" OURS THEIRS ",i=4096",
	    "not one of SCRAM" },
	{ "an extension that must be known", "m=x," FIRST, "extension" },
	{ "the proof at once", PROVEN, "not one of SCRAM" },
	{ "one letter", "r", "not one of SCRAM" },
	{ "commas", ",,,", "not one of SCRAM" },
};

START_TEST(scram_bad_first)
{
	scram_begin();
	ck_assert_msg(scram_say(bad_firsts[_i].said) == EX_PROTOCOL, "%s",
	    bad_firsts[_i].label);
	ck_assert_uint_eq(secret_len(&scram_out), 0);
	ck_assert_msg(strstr(scram_e.text, bad_firsts[_i].part) != NULL,
	    "%s: %s", bad_firsts[_i].label, scram_e.text);
	ck_assert(!sasl_is_complete(&scram));
	scram_end();
}
END_TEST

static const char *const bad_proofs[] = {
	"",
	"v",
	"v=",
	"v=?",
	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=", /* the last bits */
	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==", /* cut */
	"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	"V=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	"x=y,v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
	FIRST,
};

START_TEST(scram_bad_proof)
{
	scram_begin();
	ck_assert_int_eq(scram_say(FIRST), 0);
	ck_assert_msg(
	    scram_say(bad_proofs[_i]) == EX_PROTOCOL, "%s", bad_proofs[_i]);
	ck_assert_ptr_nonnull(strstr(scram_e.text, "did not prove"));
	ck_assert(!sasl_is_complete(&scram));
	scram_end();
}
END_TEST

START_TEST(scram_error)
{
	scram_begin();
	ck_assert_int_eq(scram_say(FIRST), 0);
	ck_assert_int_eq(scram_say("e=invalid-proof,x=y"), 0);
	EXPECT("an answer all the same", &scram_out, "");
	ck_assert_str_eq(scram.status, "invalid-proof");
	ck_assert_str_eq(scram.refusal, "invalid-proof");
	ck_assert(!sasl_is_complete(&scram));
	ck_assert_int_eq(scram_say(PROVEN), EX_PROTOCOL);
	scram_end();

	scram_begin();
	ck_assert_int_eq(scram_say(FIRST), 0);
	ck_assert_int_eq(scram_say("e=no \33[m pencil"), 0);
	ck_assert_str_eq(scram.status, "");
	ck_assert_ptr_null(strstr(scram.refusal, "pencil"));
	scram_end();
}
END_TEST

/* What was never begun, and what is ended twice. */
START_TEST(end)
{
	static const struct sasl nothing;
	struct sasl s = nothing;

	sasl_end(&s);
	scram_begin();
	ck_assert_int_eq(scram_say(FIRST), 0);
	sasl_end(&scram);
	ck_assert_mem_eq(&scram, &nothing, sizeof(scram));
	scram_end();
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
	tcase_add_loop_test(tc, status, 0, COUNT(statuses));
	tcase_add_test(tc, cram_md5);
	tcase_add_test(tc, scram_of_the_rfc);
	tcase_add_test(tc, scram_extensions);
	tcase_add_test(tc, scram_initial);
	tcase_add_loop_test(tc, scram_bad_first, 0, COUNT(bad_firsts));
	tcase_add_loop_test(tc, scram_bad_proof, 0, COUNT(bad_proofs));
	tcase_add_test(tc, scram_error);
	tcase_add_test(tc, end);
}

int
main(void)
{
	return unit_main("sasl", add);
}
