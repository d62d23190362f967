/* SPDX-License-Identifier: ISC */
/* test_crypt: published vectors, and what was altered. */
#include "gate/crypt.h"

#include <string.h>

#include "base/text.h"
#include "unit.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

/* "0a1b": octets, in one of a few rooms that serve in turn. */
static struct crypt_octets
hex(const char *s)
{
	static const char digits[] = "0123456789abcdef";
	static unsigned char rooms[8][256];
	static unsigned turn;
	unsigned char *room = rooms[turn++ % 8];
	struct crypt_octets o = { room, strlen(s) / 2 };
	size_t i;

	ck_assert_uint_le(o.n, sizeof(rooms[0]));
	for (i = 0; i < o.n; i++)
		room[i] =
		    (unsigned char)((strchr(digits, s[2 * i]) - digits) * 16 +
				    (strchr(digits, s[2 * i + 1]) - digits));
	return o;
}

static struct crypt_octets
octets(const char *s)
{
	struct crypt_octets o = { s, strlen(s) };

	return o;
}

static void
expect(const char *label, const unsigned char *got, const char *want)
{
	struct crypt_octets w = hex(want);

	ck_assert_msg(memcmp(got, w.p, w.n) == 0, "%s", label);
}

/*
 * Test cases 13 to 16 of the GCM specification that was submitted to NIST
 * (McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B):
 * those with 256 bits of key and 96 of nonce.
 */
static const struct {
	const char *label, *key, *nonce, *beside, *plain, *sealed;
} gcm_cases[] = {
#define ZERO16 "00000000000000000000000000000000"
#define KEY                                \
	"feffe9928665731c6d6a8f9467308308" \
	"feffe9928665731c6d6a8f9467308308"
#define PLAIN60                            \
	"d9313225f88406e5a55909c5aff5269a" \
	"86a7a9531534f7da2e4c303d8a318a72" \
	"1c3c0c95956809532fcf0e2449a6b525" \
	"b16aedf5aa0de657ba637b39"
#define SEALED60                           \
	"522dc1f099567d07f47f37a32a84427d" \
	"643a8cdcbfe5c0c97598a2bd2555d1aa" \
	"8cb08e48590dbb3da7b08b1056828838" \
	"c5f61e6393ba7a0abcc9f662"
	{ "13: nothing", ZERO16 ZERO16, "000000000000000000000000", "", "",
	    "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "14: one block", ZERO16 ZERO16, "000000000000000000000000", "",
	    ZERO16,
	    "cea7403d4d606b6e074ec5d3baf39d18"
	    "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "15: four blocks", KEY, "cafebabefacedbaddecaf888", "",
	    PLAIN60 "1aafd255",
	    SEALED60 "898015ad"
		     "b094dac5d93471bdec1a502270e3cc6c" },
	{ "16: a part of one, and octets beside", KEY,
	    "cafebabefacedbaddecaf888",
	    "feedfacedeadbeeffeedfacedeadbeefabaddad2", PLAIN60,
	    SEALED60 "76fc6ece0f4e1768cddf8853bb2d551b" },
};

START_TEST(gcm)
{
	struct crypt_octets key = hex(gcm_cases[_i].key);
	struct crypt_octets nonce = hex(gcm_cases[_i].nonce);
	struct crypt_octets beside = hex(gcm_cases[_i].beside);
	struct crypt_octets plain = hex(gcm_cases[_i].plain);
	struct crypt_octets sealed = hex(gcm_cases[_i].sealed);
	struct err e = ERR_NONE;
	unsigned char out[256];

	ck_assert_uint_eq(key.n, CRYPT_KEY);
	ck_assert_uint_eq(nonce.n, CRYPT_NONCE);
	ck_assert_uint_eq(sealed.n, plain.n + CRYPT_TAG);
	ck_assert_int_eq(
	    crypt_encrypt(key.p, nonce.p, beside, plain, out, &e), 0);
	expect(gcm_cases[_i].label, out, gcm_cases[_i].sealed);
	memset(out, 'x', sizeof(out));
	ck_assert_int_eq(
	    crypt_decrypt(key.p, nonce.p, beside, sealed, out, &e), 0);
	expect(gcm_cases[_i].label, out, gcm_cases[_i].plain);
	ck_assert_int_eq(out[plain.n], 'x');
}
END_TEST

/* Whatever single bit is turned, nothing comes out. */
START_TEST(gcm_refuses)
{
	struct crypt_octets key = hex(KEY);
	struct crypt_octets nonce = hex("cafebabefacedbaddecaf888");
	struct crypt_octets beside = hex("feedfacedeadbeef");
	unsigned char sealed[64], plain[48], k[CRYPT_KEY], n[CRYPT_NONCE];
	struct crypt_octets in = { sealed, sizeof(sealed) };
	struct crypt_octets what = { "attack at dawn, and take all the bread!"
				     "!!!!!!!!",
		48 };
	struct err e = ERR_NONE;
	size_t i, at;

	memcpy(k, key.p, sizeof(k));
	memcpy(n, nonce.p, sizeof(n));
	ck_assert_int_eq(crypt_encrypt(k, n, beside, what, sealed, &e), 0);
	for (i = 0; i < 8 * sizeof(sealed); i++) {
		sealed[i / 8] ^= (unsigned char)(1 << i % 8);
		memset(plain, 'x', sizeof(plain));
		ck_assert_int_eq(
		    crypt_decrypt(k, n, beside, in, plain, &e), EX_DATAERR);
		for (at = 0; at < sizeof(plain); at++)
			ck_assert_int_eq(plain[at], 0);
		sealed[i / 8] ^= (unsigned char)(1 << i % 8);
	}
	k[31] ^= 1;
	ck_assert_int_eq(
	    crypt_decrypt(k, n, beside, in, plain, &e), EX_DATAERR);
	k[31] ^= 1;
	n[11] ^= 0x80;
	ck_assert_int_eq(
	    crypt_decrypt(k, n, beside, in, plain, &e), EX_DATAERR);
	n[11] ^= 0x80;
	beside.n--;
	ck_assert_int_eq(
	    crypt_decrypt(k, n, beside, in, plain, &e), EX_DATAERR);
	beside.n++;
	ck_assert_int_eq(crypt_decrypt(k, n, beside, in, plain, &e), 0);
	for (in.n = 0; in.n < sizeof(sealed); in.n++)
		ck_assert_int_eq(
		    crypt_decrypt(k, n, beside, in, plain, &e), EX_DATAERR);
}
END_TEST

/* RFC 5869 appendix A, the first 32 octets of OKM. */
static const struct {
	const char *label, *key, *salt, *info, *want;
} hkdf_cases[] = {
	{ "A.1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
	    "000102030405060708090a0b0c",
	    "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9",
	    "3cb25f25faacd57a90434f64d0362f2a"
	    "2d2d0a90cf1a5a4c5db02d56ecc4c5bf" },
	{ "A.3", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
	    "8da4e775a563c18f715f802a063c5a31"
	    "b8a11f5c5ee1879ec3454e5f3c738d2d" },
};

START_TEST(hkdf)
{
	unsigned char out[CRYPT_KEY];

	crypt_derive(hex(hkdf_cases[_i].key), hex(hkdf_cases[_i].salt),
	    hkdf_cases[_i].info, out);
	expect(hkdf_cases[_i].label, out, hkdf_cases[_i].want);
}
END_TEST

/* RFC 7914 section 11, the first block. */
static const struct {
	const char *label, *password, *salt;
	unsigned rounds;
	const char *want;
} pbkdf2_cases[] = {
	{ "RFC 7914: 1", "passwd", "salt", 1,
	    "55ac046e56e3089fec1691c22544b605"
	    "f94185216dde0465e68b9d57c20dacbc" },
	{ "RFC 7914: 80000", "Password", "NaCl", 80000,
	    "4ddcd8f60b98be21830cee5ef22701f9"
	    "641a4418d04c0414aeff08876b34ab56" },
};

START_TEST(pbkdf2)
{
	unsigned char out[CRYPT_SHA256];

	crypt_stretch(octets(pbkdf2_cases[_i].password),
	    octets(pbkdf2_cases[_i].salt), pbkdf2_cases[_i].rounds, out);
	expect(pbkdf2_cases[_i].label, out, pbkdf2_cases[_i].want);
}
END_TEST

/*
 * The example of RFC 7677 section 3 from the password to the server's
 * signature.
 */
START_TEST(scram_server_signature)
{
	static const char said[] =
	    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
	    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
	    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
	unsigned char salted[CRYPT_SHA256], key[CRYPT_SHA256];
	unsigned char signature[CRYPT_SHA256];
	struct crypt_octets s = { salted, sizeof(salted) };
	struct crypt_octets k = { key, sizeof(key) };
	struct crypt_octets salt;
	struct buf b;

	buf_init(&b, 64);
	ck_assert(text_add_unbase64(&b, "W22ZaJ0SNY7soEsUEjb6gQ==", 24));
	salt.p = b.data;
	salt.n = b.len;
	crypt_stretch(octets("pencil"), salt, 4096, salted);
	crypt_hmac_sha256(s, octets("Server Key"), key);
	crypt_hmac_sha256(k, octets(said), signature);
	buf_reset(&b);
	text_add_base64(&b, signature, sizeof(signature));
	ck_assert_str_eq(
	    b.data, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
	buf_clear(&b);
}
END_TEST

START_TEST(sha256)
{
	unsigned char out[CRYPT_SHA256];

	/* FIPS 180-4's examples, and nothing at all. */
	crypt_sha256(octets("abc"), out);
	expect("abc", out,
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	crypt_sha256(
	    octets("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
	    out);
	expect("two blocks", out,
	    "248d6a61d20638b8e5c026930c3e6039"
	    "a33ce45964ff2167f6ecedd419db06c1");
	crypt_sha256(octets(""), out);
	expect("nothing", out,
	    "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
}
END_TEST

#define HUNDRED(x) TEN(TEN(x))
#define TEN(x)	   x x x x x x x x x x

/* RFC 4231, test cases 1, 2, 3 and 6. */
START_TEST(hmac_sha256)
{
	static const struct {
		const char *label, *key, *data, *want;
	} cases[] = {
		{ "1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
		    "b0344c61d8db38535ca8afceaf0bf12b"
		    "881dc200c9833da726e9376c2e32cff7" },
		{ "2", "4a656665", "what do ya want for nothing?",
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843" },
		{ "3", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    TEN("\xdd") TEN("\xdd") TEN("\xdd") TEN("\xdd") TEN("\xdd"),
		    "773ea91e36800e46854db8ebd09181a7"
		    "2959098b3ef8c122d9635514ced565fe" },
		{ "6", HUNDRED("aa") TEN("aa") TEN("aa") TEN("aa") "aa",
		    "Test Using Larger Than Block-Size Key - Hash Key First",
		    "60e431591ee0b67f0d8a26aacbf5b77f"
		    "8e0bc6213728c5140546040f0ee37f54" },
	};
	unsigned char out[CRYPT_SHA256];
	int i;

	for (i = 0; i < COUNT(cases); i++) {
		crypt_hmac_sha256(
		    hex(cases[i].key), octets(cases[i].data), out);
		expect(cases[i].label, out, cases[i].want);
	}
}
END_TEST

/* RFC 2202, test cases 1, 2, 3, 6; RFC 2195 section 2. */
START_TEST(hmac_md5)
{
	static const struct {
		const char *label, *key, *data, *want;
	} cases[] = {
		{ "1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "Hi There",
		    "9294727a3638bb1c13f48ef8158bfc9d" },
		{ "2", "4a656665", "what do ya want for nothing?",
		    "750c783e6ab0b503eaa86e310a5db738" },
		{ "3", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    TEN("\xdd") TEN("\xdd") TEN("\xdd") TEN("\xdd") TEN("\xdd"),
		    "56be34521d144c88dbb8c733f0e8b3f6" },
		{ "6", TEN("aaaaaaaa") TEN("aaaaaaaa"),
		    "Test Using Larger Than Block-Size Key - Hash Key First",
		    "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd" },
	};
	unsigned char out[CRYPT_MD5];
	int i;

	for (i = 0; i < COUNT(cases); i++) {
		crypt_hmac_md5(hex(cases[i].key), octets(cases[i].data), out);
		expect(cases[i].label, out, cases[i].want);
	}
	crypt_hmac_md5(octets("tanstaaftanstaaf"),
	    octets("<1896.697170952@postoffice.reston.mci.net>"), out);
	expect("RFC 2195", out, "b913a602c7eda7a495b4e6e7334d3890");
}
END_TEST

/* A password or a key may be empty, and so may the salt. */
START_TEST(empty_inputs)
{
	static const struct crypt_octets none = { NULL, 0 };
	unsigned char a[CRYPT_SHA256], b[CRYPT_SHA256];

	crypt_stretch(none, octets("salt"), 1, a);
	crypt_stretch(octets(""), octets("salt"), 1, b);
	ck_assert_mem_eq(a, b, sizeof(a));
	crypt_hmac_sha256(none, none, a);
	expect("nothing keyed by nothing", a,
	    "b613679a0814d9ec772f95d778c35fc5"
	    "ff1697c493715653c6c712144292c5ad");
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, gcm, 0, COUNT(gcm_cases));
	tcase_add_test(tc, gcm_refuses);
	tcase_add_loop_test(tc, hkdf, 0, COUNT(hkdf_cases));
	tcase_add_loop_test(tc, pbkdf2, 0, COUNT(pbkdf2_cases));
	tcase_add_test(tc, scram_server_signature);
	tcase_add_test(tc, sha256);
	tcase_add_test(tc, hmac_sha256);
	tcase_add_test(tc, hmac_md5);
	tcase_add_test(tc, empty_inputs);
}

int
main(void)
{
	return unit_main("crypt", add);
}
