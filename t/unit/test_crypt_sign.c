/* SPDX-License-Identifier: ISC */
/* Test crypt's keys and signatures against those of openssl. */
#include "gate/crypt.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "crypt_aid.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

static const char script[] =
    "new() { openssl genpkey -out $1 -algorithm $2 ${3+-pkeyopt $3}; }\n"
    "new rsa RSA rsa_keygen_bits:2048\n"
    "new rsa-3072 RSA rsa_keygen_bits:3072\n"
    "new rsa-other RSA rsa_keygen_bits:2048\n"
    "new rsa-1024 RSA rsa_keygen_bits:1024\n"
    "new rsa-2040 RSA rsa_keygen_bits:2040\n"
    "new pss RSA-PSS rsa_keygen_bits:2048\n"
    "new ec EC ec_paramgen_curve:P-256\n"
    "new p384 EC ec_paramgen_curve:P-384\n"
    "new p521 EC ec_paramgen_curve:P-521\n"
    "new secp256k1 EC ec_paramgen_curve:secp256k1\n"
    "new ed25519 ED25519\n"
    "new ed448 ED448\n"
    "new x25519 X25519\n"
    "openssl rsa -traditional -in rsa -out rsa-pkcs1\n"
    "openssl ecparam -genkey -name prime256v1 -out ec-sec1-parameters\n"
    "openssl ec -in ec -out ec-sec1\n"
    "p='-passout pass:word'\n"
    "openssl pkcs8 -topk8 -in rsa $p -v2 aes-256-cbc -out rsa-locked\n"
    "openssl pkcs8 -topk8 -in ec $p -v2 aes-128-cbc -iter 20000 "
    "-v2prf hmacWithSHA512 -out ec-locked\n"
    "openssl pkcs8 -topk8 -in ec $p -v2 aes-256-cbc -iter 65536 "
    "-out ec-rounds\n"
    "openssl pkcs8 -topk8 -in rsa $p -v1 PBE-SHA1-3DES -out rsa-pkcs12\n"
    "openssl pkcs8 -topk8 -in rsa $p -scrypt -out rsa-scrypt\n"
    "openssl rsa -in rsa -traditional -aes128 $p -out rsa-pkcs1-locked\n"
    "openssl ec -in ec -aes256 $p -out ec-sec1-locked\n"
    "openssl pkcs8 -topk8 -in rsa-1024 $p -out rsa-1024-locked\n"
    "for k in rsa rsa-3072 ec ec-sec1-parameters; do\n"
    "	openssl pkey -in $k -pubout -out $k.pub\n"
    "done\n"
    "openssl rsa -in rsa -RSAPublicKey_out -out rsa.pub1\n"
    "for k in rsa ec; do\n"
    "	openssl req -x509 -new -key $k -subj /CN=app.example.com -days 30 "
    "-out $k.crt\n"
    "done\n"
    "openssl req -new -key rsa -subj /CN=x -out rsa.csr\n"
    "cat rsa.crt rsa >crt-key\n"
    "cat ec rsa.crt >key-crt\n"
    "{ echo 'Bag Attributes'; echo '    friendlyName: x'; cat rsa; } >bag\n"
    "sed 's/$/\\r/' rsa >rsa-crlf\n"
    "sed 's/$/\\r/' rsa-pkcs1-locked >rsa-pkcs1-locked-crlf\n"
    "{ printf '\\357\\273\\277'; cat rsa; } >bom\n"
    "openssl pkey -in rsa -outform DER -out der\n"
    "sed 5d rsa >line-lost\n"
    "sed '$d' rsa >end-lost\n"
    "head -c 400 rsa >cut\n"
    "sed '2s/./!/3' rsa >bad-letter\n"
    "sed 's/RSA PRIVATE/EC PRIVATE/' rsa-pkcs1 >rsa-as-ec\n"
    "sed 's/ PRIVATE/ OPENSSH PRIVATE/' rsa >openssh\n"
    "sed 's/ PRIVATE/ STRANGE PRIVATE/' rsa >strange\n"
    "sed 's/BEGIN PRIVATE/BEGIN ENCRYPTED PRIVATE/;"
    "s/END PRIVATE/END ENCRYPTED PRIVATE/' rsa >clear-as-locked\n"
    "sed 's/ENCRYPTED //' rsa-locked >locked-as-clear\n"
    "sed '4s/./A/9' rsa-locked >rsa-locked-damaged\n"
    ": >empty\n"
    "echo 'hello, world' >text\n"
    "echo '{\"type\":\"service_account\"}' >json\n"
    "printf -- '-----BEGIN PRIVATE KEY-----' >begin-only\n"
    "printf -- '-----BEGIN PRIVATE KEY' >half-begin\n"
    "printf -- '-----BEGIN PRIVATE KEY-----\\n-----END PRIVATE KEY-----\\n'"
    " >hollow\n"
    "{ head -c 100 rsa; printf '\\0'; tail -c +101 rsa; } >nul-inside\n"
    "{ printf 'a\\0b\\n'; cat rsa; } >nul-before\n"
    "tr '\\n' '\\0' <rsa >nul-lines\n"
    "head -c 5000000 /dev/zero >huge\n"
    "{ head -c 3000000 /dev/zero | tr '\\0' '-'; cat rsa; } >dashes\n";

static void
begin(void)
{
	crypt_aid_make(script);
}

/* ---- keys */

static const struct {
	const char *name, *word, *kind;
	bool rs256, ps256, es256;
} good_keys[] = {
	{ "rsa", NULL, "RSA, 2048 bits", true, true, false },
	{ "rsa", "not needed", "RSA, 2048 bits", true, true, false },
	{ "rsa-3072", NULL, "RSA, 3072 bits", true, true, false },
	{ "rsa-pkcs1", NULL, "RSA, 2048 bits", true, true, false },
	{ "rsa-locked", "word", "RSA, 2048 bits", true, true, false },
	{ "rsa-pkcs12", "word", "RSA, 2048 bits", true, true, false },
	{ "rsa-pkcs1-locked", "word", "RSA, 2048 bits", true, true, false },
	{ "rsa-pkcs1-locked-crlf", "word", "RSA, 2048 bits", true, true,
	    false },
	{ "rsa-crlf", NULL, "RSA, 2048 bits", true, true, false },
	{ "bom", NULL, "RSA, 2048 bits", true, true, false },
	{ "bag", NULL, "RSA, 2048 bits", true, true, false },
	{ "crt-key", NULL, "RSA, 2048 bits", true, true, false },
	{ "nul-before", NULL, "RSA, 2048 bits", true, true, false },
	{ "dashes", NULL, "RSA, 2048 bits", true, true, false },
	{ "ec", NULL, "EC, P-256", false, false, true },
	{ "key-crt", NULL, "EC, P-256", false, false, true },
	{ "ec-sec1", NULL, "EC, P-256", false, false, true },
	{ "ec-sec1-parameters", NULL, "EC, P-256", false, false, true },
	{ "ec-locked", "word", "EC, P-256", false, false, true },
	{ "ec-sec1-locked", "word", "EC, P-256", false, false, true },
	{ "ec-rounds", "word", "EC, P-256", false, false, true },
	{ "p384", NULL, "EC, P-384", false, false, false },
	{ "p521", NULL, "EC, P-521", false, false, false },
	{ "ed25519", NULL, "Ed25519", false, false, false },
	{ "ed448", NULL, "Ed448", false, false, false },
	{ "pss", NULL, "RSA-PSS, 2048 bits", false, false, false },
};

START_TEST(keys_are_taken)
{
	const char *name = good_keys[_i].name;
	struct err e = ERR_NONE;
	struct crypt_key *k;

	if (!crypt_aid_ready)
		return;
	ck_assert_msg(crypt_aid_key_try(name, good_keys[_i].word, &k, &e) == 0,
	    "%s: %s", name, e.text);
	ck_assert_int_eq(e.code, 0);
	ck_assert_str_eq(crypt_key_kind(k), good_keys[_i].kind);
	ck_assert_msg(
	    crypt_key_can(k, CRYPT_RS256) == good_keys[_i].rs256, "%s", name);
	ck_assert_msg(
	    crypt_key_can(k, CRYPT_PS256) == good_keys[_i].ps256, "%s", name);
	ck_assert_msg(
	    crypt_key_can(k, CRYPT_ES256) == good_keys[_i].es256, "%s", name);
	crypt_key_free(k);
	crypt_key_free(NULL);
}
END_TEST

static const struct {
	const char *name, *word, *reason;
} bad_keys[] = {
	{ "rsa-locked", NULL, "encrypted, and no passphrase is given" },
	{ "rsa-locked", "", "encrypted, and no passphrase is given" },
	{ "rsa-pkcs1-locked", NULL, "encrypted, and no passphrase is given" },
	{ "rsa-locked", "wrong", "the passphrase does not open it" },
	{ "rsa-locked", "Word", "the passphrase does not open it" },
	{ "rsa-locked", "word ", "the passphrase does not open it" },
	{ "rsa-locked", "w\xff", "the passphrase does not open it" },
	{ "ec-locked", "wrong", "the passphrase does not open it" },
	{ "rsa-pkcs12", "wrong", "the passphrase does not open it" },
	{ "rsa-pkcs1-locked", "wrong", "the passphrase does not open it" },
	{ "ec-sec1-locked", "wrong", "the passphrase does not open it" },
	{ "rsa-scrypt", "word", "encrypted in a way that can't be opened" },
	{ "rsa-1024", NULL, "too weak (RSA, 1024 bits): at least 2048" },
	{ "rsa-1024-locked", "word", "too weak (RSA, 1024 bits)" },
	{ "rsa-2040", NULL, "too weak (RSA, 2040 bits)" },
	{ "x25519", NULL, "of a kind that can't sign (" },
	{ "secp256k1", NULL, "of a kind that is not known here" },
	{ "rsa.pub", NULL, "there is none in it, but a public key" },
	{ "rsa.pub1", NULL, "there is none in it, but a public key" },
	{ "rsa.crt", NULL, "there is none in it, but a certificate" },
	{ "rsa.csr", NULL, "there is none in it, but a certificate request" },
	{ "der", NULL, "but perhaps one in DER" },
	{ "json", NULL, "there is none in it, but JSON" },
	{ "empty", NULL, "there is none in it, for it is empty" },
	{ "text", NULL, "there is none in it, and no other PEM" },
	{ "half-begin", NULL, "there is none in it, and no other PEM" },
	{ "openssh", NULL, "OpenSSH's own form: \"ssh-keygen -p" },
	{ "begin-only", NULL, "damaged" },
	{ "hollow", NULL, "damaged" },
	{ "line-lost", NULL, "damaged" },
	{ "end-lost", NULL, "damaged" },
	{ "cut", NULL, "damaged" },
	{ "bad-letter", NULL, "damaged" },
	{ "rsa-as-ec", NULL, "damaged" },
	{ "strange", NULL, "damaged" },
	{ "nul-inside", NULL, "damaged" },
	{ "nul-lines", NULL, "damaged" },
	{ "locked-as-clear", "word", "damaged" },
	{ "clear-as-locked", "word", "damaged, or encrypted in a way" },
	{ "rsa-locked-damaged", "word", "" },
	{ "huge", NULL, "too large" },
};

START_TEST(bad_keys_are_named)
{
	const char *name = bad_keys[_i].name;
	struct err e = ERR_NONE;
	struct crypt_key *k = NULL;

	if (!crypt_aid_ready)
		return;
	ck_assert_msg(
	    crypt_aid_key_try(name, bad_keys[_i].word, &k, &e) == EX_CONFIG,
	    "%s", name);
	ck_assert_int_eq(e.code, EX_CONFIG);
	ck_assert_ptr_null(k);
	ck_assert_msg(text_starts(e.text, "private key: "), "%s", e.text);
	ck_assert_msg(strstr(e.text, bad_keys[_i].reason) != NULL, "%s: %s",
	    name, e.text);
	/* Whatever a message may need, "MII" begins a key's base64. */
	ck_assert_msg(strstr(e.text, "MII") == NULL, "%s", e.text);
	ck_assert_int_eq(
	    crypt_aid_key_try(name, bad_keys[_i].word, &k, NULL), EX_CONFIG);
}
END_TEST

/* GnuTLS knows words up to the first NUL only. */
START_TEST(a_passphrase_counts_to_its_end)
{
	struct secret pem, passphrase;
	struct crypt_key *k = NULL;

	if (!crypt_aid_ready)
		return;
	crypt_aid_load("rsa-locked", &pem);
	secret_init(&passphrase);
	secret_set(&passphrase, "word\0and more", 13);
	ck_assert_int_eq(
	    crypt_key_load(&pem, &passphrase, &k, NULL), EX_CONFIG);
	secret_set(&passphrase, "word", 4);
	ck_assert_int_eq(crypt_key_load(&pem, &passphrase, &k, NULL), 0);
	crypt_key_free(k);
	secret_clear(&passphrase);
	secret_clear(&pem);
}
END_TEST

/* Replace what stands between the lines of a PEM file's head and tail, after
 * one run of octets in it became another of the same length. */
static void
patch_pem(const char *from, const char *to, const char *old, const char *new,
    size_t n)
{
	char text[8192], *line, *at, *rest;
	struct buf packed, der, out;

	aid_read(aid_path(from), text, sizeof(text));
	buf_init(&packed, sizeof(text));
	buf_init(&der, sizeof(text));
	buf_init(&out, 2 * sizeof(text));
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] != '-')
			buf_add_str(&packed, line);
	}
	ck_assert(text_add_unbase64(&der, packed.data, packed.len));
	at = memmem(der.data, der.len, old, n);
	ck_assert_ptr_nonnull(at);
	memcpy(at, new, n);
	buf_reset(&packed);
	text_add_base64(&packed, der.data, der.len);
	buf_add_str(&out, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
	for (at = packed.data; strlen(at) > 64; at += 64)
		buf_add_fmt(&out, "%.64s\n", at);
	buf_add_fmt(&out, "%s\n-----END ENCRYPTED PRIVATE KEY-----\n", at);
	aid_write(aid_path(to), out.data);
	buf_clear(&packed);
	buf_clear(&der);
	buf_clear(&out);
}

/* A key that wants rounds without end is refused before it is tried. */
START_TEST(endless_rounds_are_refused)
{
	struct err e = ERR_NONE;
	struct crypt_key *k = NULL;

	if (!crypt_aid_ready)
		return;
	patch_pem("ec-rounds", "ec-endless", "\x02\x03\x01\x00\x00",
	    "\x02\x03\x7f\xff\xff", 5);
	ck_assert_int_eq(
	    crypt_aid_key_try("ec-endless", "word", &k, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(
	    strstr(e.text, "encrypted in 8388607 rounds, and more than"));
}
END_TEST

/* ---- signatures */

static const struct {
	const char *key, *public;
	enum crypt_sign how;
	size_t n;
} signings[] = {
	{ "rsa", "rsa.pub", CRYPT_RS256, 256 },
	{ "rsa", "rsa.pub", CRYPT_PS256, 256 },
	{ "rsa-pkcs1", "rsa.pub", CRYPT_PS256, 256 },
	{ "rsa-3072", "rsa-3072.pub", CRYPT_RS256, 384 },
	{ "rsa-3072", "rsa-3072.pub", CRYPT_PS256, 384 },
	{ "ec", "ec.pub", CRYPT_ES256, 64 },
	{ "ec-sec1-parameters", "ec-sec1-parameters.pub", CRYPT_ES256, 64 },
};

static void
sign(const struct crypt_key *k, enum crypt_sign how, const char *text,
    struct buf *out)
{
	struct crypt_octets in = { text, strlen(text) };
	struct err e = ERR_NONE;

	ck_assert_msg(crypt_sign(k, how, in, out, &e) == 0, "%s", e.text);
}

START_TEST(openssl_verifies)
{
	static const char text[] = "eyJhbGciOiJub25lIn0.e30";
	const char *public = signings[_i].public;
	enum crypt_sign how = signings[_i].how;
	struct crypt_key *k;
	struct buf b;
	char *sig;

	if (!crypt_aid_ready)
		return;
	k = crypt_aid_key(signings[_i].key);
	buf_init(&b, 1024);
	buf_add_char(&b, '.');
	sign(k, how, text, &b);
	ck_assert_uint_eq(b.len, 1 + signings[_i].n);
	ck_assert_int_eq(b.data[0], '.');
	sig = b.data + 1;
	ck_assert(crypt_aid_verify(
	    public, how, text, strlen(text), sig, signings[_i].n));
	ck_assert(!crypt_aid_verify(
	    public, how, text, strlen(text) - 1, sig, signings[_i].n));
	sig[signings[_i].n / 2] ^= 1;
	ck_assert(!crypt_aid_verify(
	    public, how, text, strlen(text), sig, signings[_i].n));
	buf_clear(&b);
	crypt_key_free(k);
}
END_TEST

START_TEST(anything_can_be_signed)
{
	struct crypt_octets none = { NULL, 0 }, much;
	struct crypt_key *k;
	struct buf b, text;
	int i;

	if (!crypt_aid_ready)
		return;
	k = crypt_aid_key("rsa");
	buf_init(&b, 1024);
	buf_init(&text, 1 << 20);
	for (i = 0; i < 1 << 16; i++)
		buf_add(&text, "a\0b\xff", 4);
	much.p = text.data;
	much.n = text.len;
	ck_assert_int_eq(crypt_sign(k, CRYPT_PS256, none, &b, NULL), 0);
	ck_assert(
	    crypt_aid_verify("rsa.pub", CRYPT_PS256, "", 0, b.data, b.len));
	buf_reset(&b);
	ck_assert_int_eq(crypt_sign(k, CRYPT_RS256, much, &b, NULL), 0);
	ck_assert(crypt_aid_verify(
	    "rsa.pub", CRYPT_RS256, text.data, text.len, b.data, b.len));
	buf_clear(&text);
	buf_clear(&b);
	crypt_key_free(k);
}
END_TEST

/*
 * Of 128 pairs of r and s one has a part that begins with a zero, which DER
 * leaves out; half of the parts have a high bit, before which DER has a zero.
 */
START_TEST(parts_have_their_width)
{
	int seen[3] = { 0, 0, 0 }; /* r short, s short, high bits */
	struct crypt_key *k;
	char text[32];
	struct buf b;
	int i, kind;

	if (!crypt_aid_ready)
		return;
	k = crypt_aid_key("ec");
	buf_init(&b, 64);
	for (i = 0; i < 20000 && (!seen[0] || !seen[1] || !seen[2]); i++) {
		snprintf(text, sizeof(text), "text %d", i);
		buf_reset(&b);
		sign(k, CRYPT_ES256, text, &b);
		ck_assert_uint_eq(b.len, 64);
		kind = b.data[0] == 0				   ? 0
		       : b.data[32] == 0			   ? 1
		       : (b.data[0] & 0x80) && (b.data[32] & 0x80) ? 2
								   : -1;
		if (kind < 0 || seen[kind]++ > 0)
			continue;
		ck_assert_msg(crypt_aid_verify("ec.pub", CRYPT_ES256, text,
				  strlen(text), b.data, b.len),
		    "kind %d", kind);
	}
	ck_assert(seen[0] && seen[1] && seen[2]);
	buf_clear(&b);
	crypt_key_free(k);
}
END_TEST

START_TEST(a_full_buf_is_told)
{
	struct crypt_octets in = { "x", 1 };
	struct err e = ERR_NONE;
	struct crypt_key *k;
	struct buf b;

	if (!crypt_aid_ready)
		return;
	k = crypt_aid_key("ec");
	buf_init(&b, 63);
	ck_assert_int_eq(crypt_sign(k, CRYPT_ES256, in, &b, &e), EX_SOFTWARE);
	ck_assert_ptr_nonnull(strstr(e.text, "ES256"));
	buf_clear(&b);
	crypt_key_free(k);
}
END_TEST

static void
sign_by_another_kind(void)
{
	struct crypt_octets in = { "x", 1 };
	struct crypt_key *k = crypt_aid_key("p384");
	struct buf b;

	buf_init(&b, 1024);
	crypt_sign(k, CRYPT_ES256, in, &b, NULL);
}

START_TEST(another_kind_is_a_bug)
{
	char text[512];
	int status;

	if (!crypt_aid_ready)
		return;
	status = aid_child(sign_by_another_kind, text, sizeof(text));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	ck_assert_ptr_nonnull(strstr(text, "crypt_sign.c"));
}
END_TEST

START_TEST(names_of_ways)
{
	ck_assert_str_eq(crypt_sign_name(CRYPT_RS256), "RS256");
	ck_assert_str_eq(crypt_sign_name(CRYPT_PS256), "PS256");
	ck_assert_str_eq(crypt_sign_name(CRYPT_ES256), "ES256");
}
END_TEST

START_TEST(same_or_not)
{
	unsigned char a[64], b[64];
	size_t i;

	memset(a, 7, sizeof(a));
	memcpy(b, a, sizeof(b));
	ck_assert(crypt_same(a, b, sizeof(a)));
	ck_assert(crypt_same(a, b, 0));
	for (i = 0; i < sizeof(a); i++) {
		b[i] ^= 0x80;
		ck_assert(!crypt_same(a, b, sizeof(a)));
		ck_assert(crypt_same(a, b, i));
		b[i] ^= 0x80;
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, begin, aid_remove_dir);
	tcase_add_loop_test(tc, keys_are_taken, 0, COUNT(good_keys));
	tcase_add_loop_test(tc, bad_keys_are_named, 0, COUNT(bad_keys));
	tcase_add_test(tc, a_passphrase_counts_to_its_end);
	tcase_add_test(tc, endless_rounds_are_refused);
	tcase_add_loop_test(tc, openssl_verifies, 0, COUNT(signings));
	tcase_add_test(tc, anything_can_be_signed);
	tcase_add_test(tc, parts_have_their_width);
	tcase_add_test(tc, a_full_buf_is_told);
	tcase_add_test(tc, another_kind_is_a_bug);
	tcase_add_test(tc, names_of_ways);
	tcase_add_test(tc, same_or_not);
}

int
main(void)
{
	return unit_main("crypt_sign", add);
}
