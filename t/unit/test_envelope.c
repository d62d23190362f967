/* SPDX-License-Identifier: ISC */
/* Sender, recipients, IDs. */
#include "mail/envelope.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "unit.h"

static int
add_text(struct envelope *v, const char *text, struct err *e)
{
	struct addr a = { 0 };
	int code;

	ck_assert_int_eq(addr_parse(text, true, &a, e), 0);
	code = envelope_add_rcpt(v, &a, e);
	addr_clear(&a);
	return code;
}

static int
set_text(struct envelope *v, const char *text, struct err *e)
{
	struct addr a = { 0 };
	int code;

	ck_assert_int_eq(addr_parse(text, true, &a, e), 0);
	code = envelope_set_sender(v, &a, e);
	addr_clear(&a);
	return code;
}

START_TEST(ids_fit)
{
	char a[ENVELOPE_ID_LENGTH + 1], b[ENVELOPE_ID_LENGTH + 1];

	envelope_make_id(a, 1700000000000);
	envelope_make_id(b, 1700000000000);
	ck_assert_uint_eq(strlen(a), ENVELOPE_ID_LENGTH);
	ck_assert_uint_eq(
	    strspn(a, "0123456789abcdefghjkmnpqrstvwxyz"), ENVELOPE_ID_LENGTH);
	ck_assert_int_eq(strncmp(a, b, 9), 0);
	ck_assert_str_ne(a, b);
	ck_assert_int_eq(strncmp(a, "1hf7yat00", 9), 0);
	envelope_make_id(b, 1700000000001);
	ck_assert_int_lt(strcmp(a, b), 0); /* they sort by time */
}
END_TEST

/* All seven random digits are random, and use the whole alphabet. */
START_TEST(ids_are_random)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	bool seen[ENVELOPE_ID_LENGTH][32] = { 0 };
	char id[ENVELOPE_ID_LENGTH + 1];
	int i, j;

	for (i = 0; i < 2000; i++) {
		envelope_make_id(id, 0);
		for (j = 9; j < ENVELOPE_ID_LENGTH; j++)
			seen[j][strchr(digits, id[j]) - digits] = true;
	}
	for (i = 9; i < ENVELOPE_ID_LENGTH; i++) {
		for (j = 0; j < 32; j++)
			ck_assert(seen[i][j]);
	}
}
END_TEST

START_TEST(keeps_each_once)
{
	struct envelope v = { 0 };
	struct err e = ERR_NONE;

	ck_assert_int_eq(add_text(&v, "a@Example.com", &e), 0);
	ck_assert_int_eq(add_text(&v, "Ann <a@example.COM>", &e), 0);
	ck_assert_int_eq(add_text(&v, "A@example.com", &e), 0);
	ck_assert_int_eq(add_text(&v, "\"a\"@example.com", &e), 0);
	ck_assert_int_eq(add_text(&v, "\"a b\"@example.com", &e), 0);
	ck_assert_int_eq(add_text(&v, "aa@example.com", &e), 0);
	ck_assert_int_eq(add_text(&v, "a@example.co", &e), 0);
	ck_assert_uint_eq(v.n_rcpts, 5);
	ck_assert_str_eq(v.rcpts[0], "a@Example.com");
	ck_assert_str_eq(v.rcpts[1], "A@example.com");
	ck_assert_str_eq(v.rcpts[2], "\"a b\"@example.com");
	ck_assert_str_eq(v.rcpts[4], "a@example.co");
	ck_assert(!v.utf8);
	envelope_clear(&v);
	ck_assert_ptr_null(v.rcpts);
	ck_assert_uint_eq(v.n_rcpts, 0);
}
END_TEST

START_TEST(refuses_incomplete)
{
	struct envelope v = { 0 };
	struct err e = ERR_NONE;

	ck_assert_int_eq(add_text(&v, "root", &e), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "root"));
	ck_assert_int_eq(add_text(&v, "<>", &e), EX_DATAERR);
	ck_assert_int_eq(set_text(&v, "root", &e), EX_DATAERR);
	ck_assert_uint_eq(v.n_rcpts, 0);
	ck_assert_ptr_null(v.sender);
	envelope_clear(&v);
}
END_TEST

/* What no parser of ours made is stopped here. */
START_TEST(refuses_what_breaks_smtp)
{
	static const char *const locals[] = { "a b", "a\r\nRSET\r\n", "a>",
		"a\t", "\"a" };
	struct envelope v = { 0 };
	struct err e;
	struct addr a = { 0 };
	size_t i;
	char local[32], domain[] = "example.com";

	for (i = 0; i < sizeof(locals) / sizeof(locals[0]); i++) {
		snprintf(local, sizeof(local), "%s", locals[i]);
		a.local = local;
		a.domain = domain;
		e = (struct err)ERR_NONE;
		ck_assert_int_eq(envelope_add_rcpt(&v, &a, &e), EX_DATAERR);
		ck_assert_int_eq(envelope_set_sender(&v, &a, &e), EX_DATAERR);
		ck_assert_int_eq(e.code, EX_DATAERR);
		ck_assert_ptr_null(strpbrk(e.text, "\r\n"));
	}
	ck_assert_uint_eq(v.n_rcpts, 0);
	ck_assert_ptr_null(v.sender);
	envelope_clear(&v);
}
END_TEST

START_TEST(sets_the_sender)
{
	struct envelope v = { 0 };
	struct err e = ERR_NONE;

	ck_assert_int_eq(set_text(&v, "Ann <a@example.com>", &e), 0);
	ck_assert_str_eq(v.sender, "a@example.com");
	ck_assert_int_eq(set_text(&v, "root", &e), EX_DATAERR);
	ck_assert_str_eq(v.sender, "a@example.com");
	ck_assert_int_eq(set_text(&v, "<>", &e), 0);
	ck_assert_str_eq(v.sender, "");
	envelope_clear(&v);
}
END_TEST

START_TEST(knows_smtputf8)
{
	struct envelope v = { 0 };
	struct err e = ERR_NONE;

	ck_assert_int_eq(add_text(&v, "J\xc3\xb6rg <j@example.com>", &e), 0);
	ck_assert(!v.utf8);
	ck_assert_int_eq(set_text(&v, "j\xc3\xb6rg@example.com", &e), 0);
	ck_assert(v.utf8);
	ck_assert_int_eq(set_text(&v, "j@example.com", &e), 0);
	ck_assert(!v.utf8);
	ck_assert_int_eq(add_text(&v,
			     "j@b\xc3\xbc"
			     "cher.example",
			     &e),
	    0);
	ck_assert(!v.utf8); /* a domain never does */
	ck_assert_int_eq(add_text(&v, "j\xc3\xb6rg@example.com", &e), 0);
	ck_assert(v.utf8);
	ck_assert_int_eq(set_text(&v, "<>", &e), 0);
	ck_assert(v.utf8);
	ck_assert(!envelope_is_utf8_for_all(&v)); /* for one of them */
	ck_assert_int_eq(set_text(&v, "j\xc3\xb6rg@example.com", &e), 0);
	ck_assert(envelope_is_utf8_for_all(&v));
	envelope_clear(&v);
	v.utf8_head = true;
	ck_assert_int_eq(set_text(&v, "<>", &e), 0);
	ck_assert(v.utf8 && envelope_is_utf8_for_all(&v));
	envelope_clear(&v);
}
END_TEST

#define BUECHER     \
	"b\xc3\xbc" \
	"cher.example"

START_TEST(puts_domains_into_labels)
{
	struct envelope v = { 0 };
	struct err e = ERR_NONE;

	ck_assert_int_eq(set_text(&v, "me@" BUECHER, &e), 0);
	ck_assert_str_eq(v.sender, "me@xn--bcher-kva.example");
	ck_assert_int_eq(add_text(&v, "j@" BUECHER, &e), 0);
	ck_assert_int_eq(add_text(&v, "j@XN--BCHER-KVA.example", &e), 0);
	ck_assert_int_eq(add_text(&v,
			     "j@B\xc3\x9c"
			     "CHER.Example",
			     &e),
	    0);
	ck_assert_int_eq(add_text(&v, "J\xc3\xb6rg@" BUECHER, &e), 0);
	ck_assert_uint_eq(v.n_rcpts, 2);
	ck_assert_str_eq(v.rcpts[0], "j@xn--bcher-kva.example");
	ck_assert_str_eq(v.rcpts[1], "J\xc3\xb6rg@xn--bcher-kva.example");
	ck_assert(v.utf8);
	ck_assert_int_eq(e.code, 0);
	/* a full width at sign, angle brackets: none that could become one */
	ck_assert_int_eq(add_text(&v,
			     "j@a\xef\xbc\xa0"
			     "b",
			     &e),
	    EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "has no ASCII form"));
	ck_assert_int_eq(set_text(&v,
			     "j@a\xef\xbc\x9e"
			     "b",
			     &e),
	    EX_DATAERR);
	ck_assert_uint_eq(v.n_rcpts, 2);
	ck_assert_str_eq(v.sender, "me@xn--bcher-kva.example");
	envelope_clear(&v);
}
END_TEST

START_TEST(takes_many)
{
	struct envelope v = { 0 };
	struct err e = ERR_NONE;
	char text[64];
	clock_t begun = clock();
	int round, i;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < ENVELOPE_MAX_RCPTS; i++) {
			snprintf(text, sizeof(text), "u%d@example.com", i);
			ck_assert_int_eq(add_text(&v, text, &e), 0);
		}
		ck_assert_uint_eq(v.n_rcpts, ENVELOPE_MAX_RCPTS);
	}
	ck_assert_int_eq(add_text(&v, "one@example.com", &e), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "50000"));
	ck_assert_uint_eq(v.n_rcpts, ENVELOPE_MAX_RCPTS);
	ck_assert_str_eq(v.rcpts[49999], "u49999@example.com");
	ck_assert(clock() - begun < 8 * CLOCKS_PER_SEC);
	envelope_clear(&v);
}
END_TEST

/* What an envelope gave comes back as it was; and is no way round its checks.
 */
START_TEST(restores)
{
	static const char *const bad[] = { "", "root", "@example.com", "a@",
		"a b@example.com", "a@example.com\nrcpt b@example.com",
		"a@example.com\r", "<a@example.com>", "a@exa\tmple.com" };
	struct envelope v = { 0 };
	struct err e = ERR_NONE;
	size_t i;

	ck_assert_int_eq(envelope_restore_sender(&v, "a@example.com", &e), 0);
	ck_assert_int_eq(
	    envelope_restore_rcpt(&v, "\"a b\"@example.com", &e), 0);
	ck_assert_int_eq(envelope_restore_rcpt(&v, "x@example.com", &e), 0);
	ck_assert(!v.utf8);
	ck_assert_int_eq(
	    envelope_restore_rcpt(&v, "j\xc3\xb6rg@example.com", &e), 0);
	ck_assert(v.utf8);
	ck_assert_int_eq(e.code, 0);
	ck_assert_int_eq(
	    envelope_restore_rcpt(&v, "x@EXAMPLE.com", &e), EX_DATAERR);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(
		    envelope_restore_rcpt(&v, bad[i], &e) == EX_DATAERR, "%s",
		    bad[i]);
		ck_assert_msg(i == 0 || envelope_restore_sender(
					    &v, bad[i], &e) == EX_DATAERR,
		    "%s", bad[i]);
	}
	ck_assert_uint_eq(v.n_rcpts, 3);
	ck_assert_str_eq(v.rcpts[0], "\"a b\"@example.com");
	ck_assert_str_eq(v.sender, "a@example.com");
	ck_assert_int_eq(envelope_restore_sender(&v, "", &e), 0);
	ck_assert_str_eq(v.sender, "");
	envelope_clear(&v);
}
END_TEST

/* Nothing is kept where nothing is said; of one named twice both count. */
START_TEST(keeps_wishes)
{
	struct dsn_rcpt never = { .notify = DSN_NEVER };
	struct dsn_rcpt both = { DSN_SUCCESS | DSN_FAILURE,
		(char *)(void *)"rfc822;bob@example.org" };
	struct dsn_rcpt nothing = { 0 };
	struct envelope v = { 0 };
	struct err e = ERR_NONE;
	struct addr a = { 0 };
	char text[64];
	int i;

	ck_assert_int_eq(addr_parse("bob@example.org", true, &a, &e), 0);
	ck_assert_int_eq(add_text(&v, "ann@example.org", &e), 0);
	ck_assert_uint_eq(envelope_wish(&v, 0)->notify, 0);
	envelope_set_wish(&v, 0, &nothing);
	ck_assert_ptr_null(v.rcpt_dsn);
	ck_assert_int_eq(envelope_add_rcpt_dsn(&v, &a, &both, &e), 0);
	ck_assert_int_eq(envelope_add_rcpt_dsn(&v, &a, &never, &e), 0);
	ck_assert_int_eq(envelope_add_rcpt(&v, &a, &e), 0);
	ck_assert_uint_eq(v.n_rcpts, 2);
	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "r%d@example.org", i);
		ck_assert_int_eq(add_text(&v, text, &e), 0);
	}
	envelope_set_wish(&v, 101, &never);
	ck_assert_uint_eq(envelope_wish(&v, 0)->notify, 0);
	ck_assert_uint_eq(envelope_wish(&v, 1)->notify, both.notify);
	ck_assert_str_eq(envelope_wish(&v, 1)->orcpt, both.orcpt);
	ck_assert_ptr_ne(envelope_wish(&v, 1)->orcpt, both.orcpt);
	for (i = 2; i < 101; i++)
		ck_assert_uint_eq(envelope_wish(&v, (size_t)i)->notify, 0);
	ck_assert_int_eq(envelope_add_rcpt_dsn(&v, &a, &nothing, &e), 0);
	ck_assert_uint_eq(
	    envelope_wish(&v, 1)->notify, both.notify | DSN_DELAY);
	ck_assert_uint_eq(envelope_wish(&v, 101)->notify, DSN_NEVER);
	envelope_set_wish(&v, 1, &nothing);
	ck_assert_ptr_null(envelope_wish(&v, 1)->orcpt);
	addr_clear(&a);
	envelope_clear(&v);
	ck_assert_ptr_null(v.rcpt_dsn);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, ids_fit);
	tcase_add_test(tc, ids_are_random);
	tcase_add_test(tc, keeps_each_once);
	tcase_add_test(tc, refuses_incomplete);
	tcase_add_test(tc, refuses_what_breaks_smtp);
	tcase_add_test(tc, sets_the_sender);
	tcase_add_test(tc, knows_smtputf8);
	tcase_add_test(tc, puts_domains_into_labels);
	tcase_add_test(tc, takes_many);
	tcase_add_test(tc, restores);
	tcase_add_test(tc, keeps_wishes);
}

int
main(void)
{
	return unit_main("envelope", add);
}
