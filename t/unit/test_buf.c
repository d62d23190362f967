/* SPDX-License-Identifier: ISC */
/* Test base/mem and base/buf: nothing cut, nothing overrun, secrets wiped. */

#include "base/buf.h"
#include "base/mem.h"

#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include "aid.h"

/* Under the address sanitizer too, an impossible request shall return. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

START_TEST(mem_copies)
{
	char *s = mem_dup("text");

	ck_assert_str_eq(s, "text");
	mem_replace(&s, mem_dup_n("other", 2));
	ck_assert_str_eq(s, "ot");
	mem_replace(&s, mem_printf("%s-%d", "n", 7));
	ck_assert_str_eq(s, "n-7");
	mem_replace(&s, mem_dup(NULL));
	ck_assert_ptr_null(s);
	s = mem_dup_n(NULL, 0);
	ck_assert_str_eq(s, "");
	free(s);
}
END_TEST

START_TEST(mem_zeroes_and_grows)
{
	int *v = mem_new(4, sizeof(*v));
	void *nothing = mem_new(0, 8);

	ck_assert_int_eq(v[0] | v[1] | v[2] | v[3], 0);
	v[3] = 9;
	v = mem_grow(v, 1000, sizeof(*v));
	ck_assert_int_eq(v[3], 9);
	v[999] = 1;
	ck_assert_ptr_nonnull(nothing);
	free(nothing);
	free(v);
}
END_TEST

static volatile size_t huge = SIZE_MAX / 2 + 2;

static void
overflow_new(void)
{
	free(mem_new(huge, 2));
}

static void
overflow_grow(void)
{
	free(mem_grow(NULL, huge, 2));
}

static void
exhaust_grow(void)
{
	free(mem_grow(NULL, huge - 4, 1));
}

static const struct {
	const char *label;
	void (*fn)(void);
} gone_cases[] = {
	{ "n * size overflows in new", overflow_new },
	{ "n * size overflows in grow", overflow_grow },
	{ "no memory", exhaust_grow },
};

START_TEST(mem_gone_ends_the_process)
{
	char said[8192];
	int status = aid_child(gone_cases[_i].fn, said, sizeof(said));

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL,
	    "%s: status %x", gone_cases[_i].label, (unsigned)status);
	ck_assert_ptr_nonnull(strstr(said, "osmtp: out of memory\n"));
}
END_TEST

START_TEST(buf_grows)
{
	struct buf b;
	int i;

	buf_init(&b, SIZE_MAX);
	ck_assert_str_eq(b.data, "");
	for (i = 0; i < 1000; i++)
		ck_assert(buf_add_fmt(&b, "%03d,", i));
	ck_assert_uint_eq(b.len, 4000);
	ck_assert_uint_eq(strlen(b.data), 4000);
	ck_assert_int_eq(strncmp(b.data + 4 * 512, "512,513,", 8), 0);
	ck_assert(buf_add(&b, "\0x", 2));
	ck_assert(buf_add(&b, NULL, 0));
	ck_assert_mem_eq(b.data + 4000, "\0x", 3);
	buf_clear(&b);
	ck_assert_str_eq(b.data, "");
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(buf_refuses_whole)
{
	struct buf b;

	buf_init(&b, 5);
	ck_assert(buf_add_str(&b, "abc"));
	ck_assert(!b.full);
	ck_assert(!buf_add_str(&b, "def"));
	ck_assert(b.full);
	ck_assert_str_eq(b.data, "abc");
	ck_assert(!buf_add_fmt(&b, "%d", 123));
	ck_assert(!buf_add(&b, "x", SIZE_MAX));
	ck_assert_str_eq(b.data, "abc");
	ck_assert(buf_add_fmt(&b, "%d", 12));
	ck_assert_str_eq(b.data, "abc12");
	ck_assert(!buf_add_char(&b, '.'));
	ck_assert(buf_add_str(&b, ""));
	ck_assert(b.full);
	buf_reset(&b);
	ck_assert(!b.full);
	ck_assert_str_eq(b.data, "");
	ck_assert(buf_add_str(&b, "12345"));
	buf_clear(&b);
	ck_assert_uint_eq(b.max, 5);
}
END_TEST

START_TEST(buf_drops_from_the_front)
{
	struct buf b;

	buf_init(&b, 100);
	buf_drop(&b, 3);
	ck_assert_str_eq(b.data, "");
	buf_add_str(&b, "abcdef");
	buf_drop(&b, 2);
	ck_assert_str_eq(b.data, "cdef");
	buf_drop(&b, 0);
	ck_assert_uint_eq(b.len, 4);
	buf_drop(&b, 5);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(b.data, "");
	buf_clear(&b);
}
END_TEST

START_TEST(buf_hands_over)
{
	struct buf b;
	char *s;

	buf_init(&b, 100);
	s = buf_take(&b);
	ck_assert_str_eq(s, "");
	free(s);
	buf_add_str(&b, "mine");
	s = buf_take(&b);
	ck_assert_str_eq(s, "mine");
	free(s);
	ck_assert_str_eq(b.data, "");
	ck_assert(buf_add_str(&b, "again"));
	buf_clear(&b);
}
END_TEST

START_TEST(wipe_wipes)
{
	char key[] = "password";

	buf_wipe(key + 1, 6);
	ck_assert_mem_eq(key, "p\0\0\0\0\0\0d", 9);
	buf_wipe(NULL, 0);
}
END_TEST

START_TEST(secret_holds)
{
	struct secret s, other;
	int i;

	secret_init(&s);
	secret_init(&other);
	ck_assert_str_eq(secret_reveal(&s), "");
	secret_set(&s, "one\0two", 7);
	ck_assert_uint_eq(secret_len(&s), 7);
	ck_assert_mem_eq(secret_reveal(&s), "one\0two", 8);
	secret_set(&s, "short", 5);
	ck_assert_str_eq(secret_reveal(&s), "short");
	secret_set(&s, secret_reveal(&s) + 1, 3);
	ck_assert_str_eq(secret_reveal(&s), "hor");
	for (i = 0; i < 200; i++)
		secret_add_str(&s, "0123456789");
	ck_assert_uint_eq(secret_len(&s), 2003);
	ck_assert_str_eq(secret_reveal(&s) + 1993, "0123456789");
	secret_move(&other, &s);
	ck_assert_uint_eq(secret_len(&s), 0);
	ck_assert_uint_eq(secret_len(&other), 2003);
	secret_move(&other, &other);
	ck_assert_uint_eq(secret_len(&other), 2003);
	secret_clear(&other);
	ck_assert_str_eq(secret_reveal(&other), "");
	secret_clear(&s);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, mem_copies);
	tcase_add_test(tc, mem_zeroes_and_grows);
	tcase_add_loop_test(tc, mem_gone_ends_the_process, 0,
	    sizeof(gone_cases) / sizeof(gone_cases[0]));
	tcase_add_test(tc, buf_grows);
	tcase_add_test(tc, buf_refuses_whole);
	tcase_add_test(tc, buf_drops_from_the_front);
	tcase_add_test(tc, buf_hands_over);
	tcase_add_test(tc, wipe_wipes);
	tcase_add_test(tc, secret_holds);
}

int
main(void)
{
	return unit_main("buf", add);
}
