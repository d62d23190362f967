/* SPDX-License-Identifier: ISC */
/* Classes, exit codes, and what a reply says. */
#include "mail/outcome.h"

#include <string.h>
#include <sysexits.h>

#include "unit.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const struct {
	enum outcome_stage stage;
	int code;
	const char *word; /* enhanced status, or error word */
	const char *want;
} classes[] = {
	{ OUTCOME_AT_TOKEN, 0, "", "L" },
	{ OUTCOME_AT_TOKEN, 200, "", "L" }, /* no token in it */
	{ OUTCOME_AT_TOKEN, 302, "", "C" },
	{ OUTCOME_AT_TOKEN, 400, "", "C" },
	{ OUTCOME_AT_TOKEN, 400, "moon_phase", "C" },
	{ OUTCOME_AT_TOKEN, 401, "moon_phase", "C" },
	{ OUTCOME_AT_TOKEN, 403, "", "L" },
	{ OUTCOME_AT_TOKEN, 403, NULL, "L" },
	{ OUTCOME_AT_TOKEN, 403, "moon_phase", "C" },
	{ OUTCOME_AT_TOKEN, 404, "", "C" },
	{ OUTCOME_AT_TOKEN, 405, "", "C" },
	{ OUTCOME_AT_TOKEN, 408, "", "L" },
	{ OUTCOME_AT_TOKEN, 410, "", "C" },
	{ OUTCOME_AT_TOKEN, 425, "", "L" },
	{ OUTCOME_AT_TOKEN, 429, "moon_phase", "L" },
	{ OUTCOME_AT_TOKEN, 500, "", "L" },
	{ OUTCOME_AT_TOKEN, 503, "moon_phase", "L" },
	{ OUTCOME_AT_CONNECT, 421, "", "L" },
	{ OUTCOME_AT_CONNECT, 554, "", "L" },
	{ OUTCOME_AT_GREETING, 220, "", "-" },
	{ OUTCOME_AT_GREETING, 421, "4.7.0", "L" },
	{ OUTCOME_AT_GREETING, 554, "", "L" },
	{ OUTCOME_AT_GREETING, 354, "", "L" },
	{ OUTCOME_AT_EHLO, 250, "", "-" },
	{ OUTCOME_AT_EHLO, 451, "", "L" },
	{ OUTCOME_AT_EHLO, 501, "5.5.4", "L" },
	{ OUTCOME_AT_EHLO, 550, "", "L" },
	{ OUTCOME_AT_TLS, 220, "", "-" },
	{ OUTCOME_AT_TLS, 454, "", "L" },
	{ OUTCOME_AT_TLS, 502, "", "C" },
	{ OUTCOME_AT_AUTH, 235, "2.7.0", "-" },
	{ OUTCOME_AT_AUTH, 334, "", "-" },
	{ OUTCOME_AT_AUTH, 250, "", "L" },
	{ OUTCOME_AT_AUTH, 432, "4.7.12", "L" },
	{ OUTCOME_AT_AUTH, 454, "4.7.0", "L" },
	{ OUTCOME_AT_AUTH, 535, "5.7.8", "F" },
	{ OUTCOME_AT_AUTH, 501, "5.5.127", "F" },
	{ OUTCOME_AT_AUTH, 500, "5.5.2", "C" },
	{ OUTCOME_AT_AUTH, 501, "5.5.124", "C" },
	{ OUTCOME_AT_AUTH, 503, "5.5.1", "C" },
	{ OUTCOME_AT_AUTH, 504, "5.5.4", "C" },
	{ OUTCOME_AT_AUTH, 534, "5.7.9", "C" },
	{ OUTCOME_AT_AUTH, 535, "", "F" },
	{ OUTCOME_AT_AUTH, 538, "5.7.11", "C" },
	{ OUTCOME_AT_AUTH, 550, "5.7.1", "C" },
	{ OUTCOME_AT_AUTH, 554, "", "C" },
	{ OUTCOME_AT_MAIL, 250, "2.1.0", "-" },
	{ OUTCOME_AT_MAIL, 354, "", "L" },
	{ OUTCOME_AT_MAIL, 421, "4.7.0", "L" },
	{ OUTCOME_AT_MAIL, 452, "4.3.1", "L" },
	{ OUTCOME_AT_MAIL, 501, "5.1.7", "M" },
	{ OUTCOME_AT_MAIL, 530, "5.7.57", "C" },
	{ OUTCOME_AT_MAIL, 550, "", "C" },
	{ OUTCOME_AT_MAIL, 550, "5.4.5", "L" },
	{ OUTCOME_AT_MAIL, 550, "5.2.252", "L" },
	{ OUTCOME_AT_MAIL, 550, "5.2.25", "C" },
	{ OUTCOME_AT_MAIL, 550, "5.4.50", "C" },
	{ OUTCOME_AT_MAIL, 552, "5.3.4", "M" },
	{ OUTCOME_AT_MAIL, 552, "", "M" },
	{ OUTCOME_AT_MAIL, 554, "5.3.4", "M" },
	{ OUTCOME_AT_MAIL, 550, "5.6.7", "M" },
	{ OUTCOME_AT_MAIL, 553, "5.7.1", "C" },
	{ OUTCOME_AT_MAIL, 555, "5.5.4", "M" },
	{ OUTCOME_AT_RCPT, 250, "2.1.5", "-" },
	{ OUTCOME_AT_RCPT, 251, "", "-" },
	{ OUTCOME_AT_RCPT, 354, "", "L" },
	{ OUTCOME_AT_RCPT, 450, "4.2.1", "T" },
	{ OUTCOME_AT_RCPT, 452, "4.5.3", "T" },
	{ OUTCOME_AT_RCPT, 530, "", "C" },
	{ OUTCOME_AT_RCPT, 550, "5.1.1", "M" },
	{ OUTCOME_AT_RCPT, 550, "5.4.5", "L" },
	{ OUTCOME_AT_RCPT, 550, "5.7.1", "C" },
	{ OUTCOME_AT_RCPT, 550, "5.70.1", "M" },
	{ OUTCOME_AT_RCPT, 553, "", "M" },
	{ OUTCOME_AT_DATA, 354, "", "-" },
	{ OUTCOME_AT_DATA, 250, "", "L" },
	{ OUTCOME_AT_DATA, 334, "", "L" },
	{ OUTCOME_AT_DATA, 451, "", "T" },
	{ OUTCOME_AT_DATA, 554, "5.5.1", "M" },
	{ OUTCOME_AT_DATA, 550, "5.4.5", "L" },
	{ OUTCOME_AT_BODY, 250, "", "L" },
	{ OUTCOME_AT_BODY, 452, "", "T" },
	{ OUTCOME_AT_BODY, 552, "", "M" },
	{ OUTCOME_AT_FINAL, 250, "2.0.0", "-" },
	{ OUTCOME_AT_FINAL, 354, "", "L" },
	{ OUTCOME_AT_FINAL, 451, "4.0.0", "T" },
	{ OUTCOME_AT_FINAL, 530, "", "C" },
	{ OUTCOME_AT_FINAL, 554, "5.7.1", "M" },
	{ OUTCOME_AT_FINAL, 550, "5.4.5", "L" },
	{ OUTCOME_AT_FINAL, 550, "5.2.259", "L" },
	{ OUTCOME_AT_FINAL, 550, NULL, "M" },
	{ OUTCOME_AT_FINAL, 0, "", "L" },
	{ OUTCOME_AT_FINAL, 600, "", "L" },
};

START_TEST(classes_follow)
{
	const char *got = outcome_class_name(outcome_class_of(
	    classes[_i].stage, classes[_i].code, classes[_i].word));

	ck_assert_msg(strcmp(got, classes[_i].want) == 0, "%s %d %s: got %s",
	    outcome_stage_name(classes[_i].stage), classes[_i].code,
	    classes[_i].word, got);
}
END_TEST

/* Nothing before MAIL ever returns mail, whatever the reply. */
START_TEST(nothing_returns_early)
{
	int stage, code;
	enum outcome_class class;

	for (stage = OUTCOME_AT_TOKEN; stage < OUTCOME_AT_MAIL; stage++) {
		for (code = 0; code < 1000; code++) {
			class = outcome_class_of(
			    (enum outcome_stage)stage, code, "5.6.0");
			ck_assert_int_ne(class, OUTCOME_CLASS_M);
			ck_assert_int_ne(class, OUTCOME_CLASS_T);
		}
	}
}
END_TEST

static const struct {
	const char *label;
	struct outcome o;
	int want;
} exits[] = {
	{ "delivered", { .kind = OUTCOME_DELIVERED, .code = 250 }, 0 },
	{ "open", { .kind = OUTCOME_OPEN }, EX_TEMPFAIL },
	{ "unclear",
	    { .kind = OUTCOME_UNCLEAR,
		.class = OUTCOME_CLASS_M,
		.stage = OUTCOME_AT_FINAL },
	    EX_TEMPFAIL },
	{ "F", { .kind = OUTCOME_LATER, .class = OUTCOME_CLASS_F },
	    EX_TEMPFAIL },
	{ "L", { .kind = OUTCOME_LATER, .class = OUTCOME_CLASS_L },
	    EX_TEMPFAIL },
	{ "T", { .kind = OUTCOME_LATER, .class = OUTCOME_CLASS_T },
	    EX_TEMPFAIL },
	{ "P", { .kind = OUTCOME_LATER, .class = OUTCOME_CLASS_P }, EX_NOPERM },
	{ "C", { .kind = OUTCOME_LATER, .class = OUTCOME_CLASS_C }, EX_CONFIG },
	{ "later without a class", { .kind = OUTCOME_LATER }, EX_TEMPFAIL },
	{ "refused without a class", { .kind = OUTCOME_REFUSED },
	    EX_UNAVAILABLE },
	{ "recipient refused",
	    { .kind = OUTCOME_REFUSED,
		.class = OUTCOME_CLASS_M,
		.stage = OUTCOME_AT_RCPT,
		.code = 550 },
	    EX_NOUSER },
	{ "MAIL refused",
	    { .kind = OUTCOME_REFUSED,
		.class = OUTCOME_CLASS_M,
		.stage = OUTCOME_AT_MAIL,
		.code = 552 },
	    EX_UNAVAILABLE },
	{ "unfit at MAIL",
	    { .kind = OUTCOME_REFUSED,
		.class = OUTCOME_CLASS_M,
		.stage = OUTCOME_AT_MAIL,
		.ours = true },
	    EX_DATAERR },
	{ "unfit at BODY",
	    { .kind = OUTCOME_REFUSED,
		.class = OUTCOME_CLASS_M,
		.stage = OUTCOME_AT_BODY,
		.ours = true },
	    EX_DATAERR },
	{ "text refused",
	    { .kind = OUTCOME_REFUSED,
		.class = OUTCOME_CLASS_M,
		.stage = OUTCOME_AT_FINAL,
		.code = 554 },
	    EX_UNAVAILABLE },
};

START_TEST(exit_codes_of_one)
{
	ck_assert_msg(outcome_exit_one(&exits[_i].o) == exits[_i].want,
	    "%s: got %d", exits[_i].label, outcome_exit_one(&exits[_i].o));
}
END_TEST

START_TEST(gravest_wins)
{
	/* in order of gravity */
	static const char *const labels[] = { "recipient refused",
		"unfit at BODY", "text refused", "C", "P", "T", "delivered" };
	struct outcome v[N(labels)];
	int codes[N(labels)];
	int i, j;

	for (i = 0; i < N(labels); i++) {
		for (j = 0; strcmp(exits[j].label, labels[i]) != 0;)
			j++;
		v[i] = exits[j].o;
		codes[i] = exits[j].want;
	}
	for (i = 0; i < N(labels); i++) {
		ck_assert_int_eq(
		    outcome_exit(v + i, (size_t)(N(labels) - i)), codes[i]);
		for (j = i + 1; j < N(labels); j++) {
			struct outcome pair[2] = { v[j], v[i] };

			ck_assert_int_eq(outcome_exit(pair, 2), codes[i]);
		}
	}
	ck_assert_int_eq(outcome_exit(NULL, 0), 0);
}
END_TEST

START_TEST(reads_enhanced)
{
	static const struct {
		const char *text, *want;
	} v[] = {
		{ "5.1.1 no such user", "5.1.1" },
		{ "2.0.0", "2.0.0" },
		{ "4.7.500 busy", "4.7.500" },
		{ "5.123.123 x", "5.123.123" },
		{ "5.7.1: x", "5.7.1" },
		{ "", "" },
		{ "no such user", "" },
		{ "3.1.1 x", "" },
		{ "5", "" },
		{ "5.1", "" },
		{ "5.1.", "" },
		{ "5..1 x", "" },
		{ "5.1.1.1 x", "" },
		{ "5.1.1234 x", "" },
		{ "5.1234.1 x", "" },
		{ "5.1.1a", "" },
		{ "55.1.1 x", "" },
		{ " 5.1.1 x", "" },
	};
	char got[12];
	int i;

	for (i = 0; i < N(v); i++) {
		memset(got, 'x', sizeof(got));
		outcome_enhanced(v[i].text, got);
		ck_assert_msg(
		    strcmp(got, v[i].want) == 0, "%s: got %s", v[i].text, got);
	}
}
END_TEST

START_TEST(sets_all)
{
	struct outcome o;
	char longer[3 * OUTCOME_TEXT_MAX];

	memset(&o, 0xff, sizeof(o));
	outcome_set(&o, OUTCOME_REFUSED, OUTCOME_CLASS_M, OUTCOME_AT_RCPT, 550,
	    "5.1.1 no\r\n\033[31m such user");
	ck_assert_int_eq(o.kind, OUTCOME_REFUSED);
	ck_assert_int_eq(o.class, OUTCOME_CLASS_M);
	ck_assert_int_eq(o.stage, OUTCOME_AT_RCPT);
	ck_assert_int_eq(o.code, 550);
	ck_assert_str_eq(o.enhanced, "5.1.1");
	ck_assert_str_eq(o.text, "5.1.1 no???[31m such user");
	ck_assert(!o.ours);

	outcome_set(&o, OUTCOME_LATER, OUTCOME_CLASS_L, OUTCOME_AT_CONNECT, 0,
	    "5.1.1 is no answer");
	ck_assert(o.ours);
	ck_assert_str_eq(o.enhanced, "");
	outcome_set(
	    &o, OUTCOME_OPEN, OUTCOME_CLASS_NONE, OUTCOME_AT_TLS, 0, NULL);
	ck_assert_str_eq(o.text, "");

	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	outcome_set(
	    &o, OUTCOME_LATER, OUTCOME_CLASS_T, OUTCOME_AT_FINAL, 451, longer);
	ck_assert_uint_eq(strlen(o.text), OUTCOME_TEXT_MAX - 1);
	ck_assert_str_eq(o.text + OUTCOME_TEXT_MAX - 5, "x...");
}
END_TEST

START_TEST(names_all)
{
	ck_assert_str_eq(outcome_kind_name(OUTCOME_OPEN), "open");
	ck_assert_str_eq(outcome_kind_name(OUTCOME_DELIVERED), "delivered");
	ck_assert_str_eq(outcome_kind_name(OUTCOME_LATER), "later");
	ck_assert_str_eq(outcome_kind_name(OUTCOME_REFUSED), "refused");
	ck_assert_str_eq(outcome_kind_name(OUTCOME_UNCLEAR), "unclear");
	ck_assert_str_eq(outcome_class_name(OUTCOME_CLASS_NONE), "-");
	ck_assert_str_eq(outcome_class_name(OUTCOME_CLASS_P), "P");
	ck_assert_str_eq(outcome_stage_name(OUTCOME_AT_TOKEN), "TOKEN");
	ck_assert_str_eq(outcome_stage_name(OUTCOME_AT_FINAL), "FINAL");
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, classes_follow, 0, N(classes));
	tcase_add_test(tc, nothing_returns_early);
	tcase_add_loop_test(tc, exit_codes_of_one, 0, N(exits));
	tcase_add_test(tc, gravest_wins);
	tcase_add_test(tc, reads_enhanced);
	tcase_add_test(tc, sets_all);
	tcase_add_test(tc, names_all);
}

int
main(void)
{
	return unit_main("outcome", add);
}
