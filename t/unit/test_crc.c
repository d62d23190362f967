/* SPDX-License-Identifier: ISC */
/* The checksum of stored messages. */
#include "base/crc.h"

#include <string.h>

#include "unit.h"

/* RFC 3720 B.4, and the check value of the catalogues. */
START_TEST(known_values)
{
	unsigned char p[32];
	int i;

	ck_assert_uint_eq(crc_add(0, "", 0), 0);
	ck_assert_uint_eq(crc_add(0, "123456789", 9), 0xe3069283);
	memset(p, 0, sizeof(p));
	ck_assert_uint_eq(crc_add(0, p, sizeof(p)), 0x8a9136aa);
	memset(p, 0xff, sizeof(p));
	ck_assert_uint_eq(crc_add(0, p, sizeof(p)), 0x62a8ab43);
	for (i = 0; i < 32; i++)
		p[i] = (unsigned char)i;
	ck_assert_uint_eq(crc_add(0, p, sizeof(p)), 0x46dd794e);
	for (i = 0; i < 32; i++)
		p[i] = (unsigned char)(31 - i);
	ck_assert_uint_eq(crc_add(0, p, sizeof(p)), 0x113fdb5c);
}
END_TEST

START_TEST(goes_on_where_it_stopped)
{
	const char *text = "123456789";
	size_t cut;

	for (cut = 0; cut <= 9; cut++)
		ck_assert_uint_eq(
		    crc_add(crc_add(0, text, cut), text + cut, 9 - cut),
		    0xe3069283);
}
END_TEST

/* A long text gives the same in one piece and in short ones. */
START_TEST(long_is_as_short)
{
	static unsigned char p[20011];
	uint32_t crc = 0;
	size_t i, n;

	for (i = 0; i < sizeof(p); i++)
		p[i] = (unsigned char)(i * i >> 3);
	for (i = 0; i < sizeof(p); i += n) {
		n = 1 + i % 97;
		if (n > sizeof(p) - i)
			n = sizeof(p) - i;
		crc = crc_add(crc, p + i, n);
	}
	for (i = 0; i < 17; i++)
		ck_assert_uint_eq(
		    crc_add(crc_add(0, p, i), p + i, sizeof(p) - i), crc);
	memset(p, 0, 4096);
	ck_assert_uint_eq(crc_add(0, p, 4096), 0x98f94189);
}
END_TEST

/* No change of a single bit is overlooked. */
START_TEST(sees_each_bit)
{
	unsigned char p[64] = { 1, 2, 3 };
	uint32_t whole = crc_add(0, p, sizeof(p));
	unsigned bit;

	for (bit = 0; bit < 8 * sizeof(p); bit++) {
		p[bit / 8] ^= (unsigned char)(1u << bit % 8);
		ck_assert_uint_ne(crc_add(0, p, sizeof(p)), whole);
		p[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, known_values);
	tcase_add_test(tc, goes_on_where_it_stopped);
	tcase_add_test(tc, long_is_as_short);
	tcase_add_test(tc, sees_each_bit);
}

int
main(void)
{
	return unit_main("crc", add);
}
