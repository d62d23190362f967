/* SPDX-License-Identifier: ISC */
/* The form of settle.log. */
#include "gate/spool.h"

#include <stdio.h>
#include <string.h>

#include "gate/spool_part.h"
#include "unit.h"

#define ID_A "1hf7yat00aaaaa01"
#define ID_B "1hf7yat00aaaab02"

static struct spool_want
make_want(const char *id, unsigned to, const char *state)
{
	struct spool_want w = { .to = to, .written = { 1700000000, 42 } };

	snprintf(w.id, sizeof(w.id), "%s", id);
	buf_init(&w.state, 100000);
	buf_add_str(&w.state, state);
	return w;
}

static size_t
add_record(struct buf *b, const char *id, unsigned to, const char *state,
    uint32_t *chain)
{
	struct spool_want w = make_want(id, to, state);
	size_t begin = b->len;

	spool_record_add_to(b, &w, chain);
	spool_want_clear(&w);
	return b->len - begin;
}

START_TEST(records_come_back)
{
	char head[SPOOL_LOG_HEAD];
	uint32_t chain, again;
	struct spool_want w;
	struct buf b;
	size_t len[2], i;

	spool_record_make_head(head, 0x1234, &chain);
	ck_assert_int_eq(spool_record_check_head(head, &again, NULL), 0);
	ck_assert_uint_eq(chain, again);
	buf_init(&b, 100000);
	len[0] = add_record(&b, "R" ID_A, SPOOL_FAILED, "a\nb\n", &chain);
	len[1] = add_record(&b, ID_B, SPOOL_GONE, "", &chain);
	w = (struct spool_want){ 0 };
	ck_assert_uint_eq(
	    spool_record_parse(b.data, b.len, &again, &w), len[0]);
	ck_assert_str_eq(w.id, "R" ID_A);
	ck_assert_uint_eq(w.to, SPOOL_FAILED);
	ck_assert_str_eq(w.state.data, "a\nb\n");
	ck_assert_int_eq(w.written.tv_sec, 1700000000);
	ck_assert_int_eq(w.written.tv_nsec, 42);
	spool_want_clear(&w);
	ck_assert_uint_eq(
	    spool_record_parse(b.data + len[0], len[1], &again, &w), len[1]);
	ck_assert_uint_eq(w.to, SPOOL_GONE);
	ck_assert_uint_eq(w.state.len, 0);
	ck_assert_uint_eq(chain, again);
	spool_want_clear(&w);
	/* Altered or cut it is none, nor behind another beginning. */
	for (i = 0; i < len[0]; i++) {
		spool_record_make_head(head, 0x1234, &again);
		ck_assert_uint_eq(spool_record_parse(b.data, i, &again, &w), 0);
		b.data[i] ^= 1;
		ck_assert_uint_eq(
		    spool_record_parse(b.data, b.len, &again, &w), 0);
		b.data[i] ^= 1;
	}
	spool_record_make_head(head, 0x1235, &again);
	ck_assert_uint_eq(spool_record_parse(b.data, b.len, &again, &w), 0);
	buf_clear(&b);
}
END_TEST

START_TEST(heads_are_looked_at)
{
	char head[SPOOL_LOG_HEAD];
	uint32_t chain;
	size_t i;

	spool_record_make_head(head, 0, &chain);
	for (i = 0; i < sizeof(head); i++) {
		head[i] ^= 64;
		ck_assert_int_eq(
		    spool_record_check_head(head, &chain, NULL), EX_DATAERR);
		head[i] ^= 64;
	}
	head[strlen("osmtp-settle ")] = '2';
	ck_assert_int_eq(
	    spool_record_check_head(head, &chain, NULL), EX_CONFIG);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, records_come_back);
	tcase_add_test(tc, heads_are_looked_at);
}

int
main(void)
{
	return unit_main("spool_record", add);
}
