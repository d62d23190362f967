/* SPDX-License-Identifier: ISC */
/*
 * crypt: the door to GnuTLS.
 *
 * The functions that return nothing fail only where memory or the library
 * itself is at fault. No caller could go on then, least of all with an output
 * that was never written, so that is a bug (err_bug_if).
 */
#include "gate/crypt_part.h"

#include <string.h>

#include <gnutls/crypto.h>

static gnutls_datum_t
datum(struct crypt_octets o)
{
	return crypt_datum(o.p, o.n);
}

static gnutls_aead_cipher_hd_t
begin_cipher(const unsigned char *key, struct err *e)
{
	struct crypt_octets k = { key, CRYPT_KEY };
	gnutls_datum_t d = datum(k);
	gnutls_aead_cipher_hd_t h;
	int r = gnutls_aead_cipher_init(&h, GNUTLS_CIPHER_AES_256_GCM, &d);

	if (r == 0)
		return h;
	err_set(e, EX_SOFTWARE, "crypt: AES-256-GCM: %s", gnutls_strerror(r));
	return NULL;
}

int
crypt_encrypt(const unsigned char key[CRYPT_KEY],
    const unsigned char nonce[CRYPT_NONCE], struct crypt_octets beside,
    struct crypt_octets in, unsigned char *out, struct err *e)
{
	gnutls_aead_cipher_hd_t h = begin_cipher(key, e);
	size_t n = in.n + CRYPT_TAG;
	int r;

	if (h == NULL)
		return EX_SOFTWARE;
	r = gnutls_aead_cipher_encrypt(h, nonce, CRYPT_NONCE, beside.p,
	    beside.n, CRYPT_TAG, in.p, in.n, out, &n);
	gnutls_aead_cipher_deinit(h);
	if (r != 0)
		return err_set(
		    e, EX_SOFTWARE, "crypt: encrypt: %s", gnutls_strerror(r));
	return 0;
}

int
crypt_decrypt(const unsigned char key[CRYPT_KEY],
    const unsigned char nonce[CRYPT_NONCE], struct crypt_octets beside,
    struct crypt_octets in, unsigned char *out, struct err *e)
{
	gnutls_aead_cipher_hd_t h;
	size_t n;
	int r;

	if (in.n < CRYPT_TAG)
		return err_set(e, EX_DATAERR, "crypt: decrypt: too short");
	h = begin_cipher(key, e);
	if (h == NULL)
		return EX_SOFTWARE;
	n = in.n - CRYPT_TAG;
	r = gnutls_aead_cipher_decrypt(h, nonce, CRYPT_NONCE, beside.p,
	    beside.n, CRYPT_TAG, in.p, in.n, out, &n);
	gnutls_aead_cipher_deinit(h);
	if (r == 0)
		return 0;
	/* It decrypts first and looks at the tag afterwards. */
	buf_wipe(out, in.n - CRYPT_TAG);
	if (r == GNUTLS_E_DECRYPTION_FAILED)
		return err_set(
		    e, EX_DATAERR, "crypt: decrypt: altered, or another key's");
	return err_set(
	    e, EX_SOFTWARE, "crypt: decrypt: %s", gnutls_strerror(r));
}

void
crypt_derive(struct crypt_octets key, struct crypt_octets salt,
    const char *info, unsigned char out[CRYPT_KEY])
{
	unsigned char prk[CRYPT_SHA256];
	struct crypt_octets middle = { prk, sizeof(prk) };
	struct crypt_octets label = { info, strlen(info) };
	gnutls_datum_t k = datum(key), s = datum(salt);
	gnutls_datum_t m = datum(middle), l = datum(label);

	err_bug_if(gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &k, &s, prk) != 0);
	err_bug_if(
	    gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &m, &l, out, CRYPT_KEY) != 0);
	buf_wipe(prk, sizeof(prk));
}

void
crypt_stretch(struct crypt_octets password, struct crypt_octets salt,
    unsigned rounds, unsigned char out[CRYPT_SHA256])
{
	gnutls_datum_t p = datum(password), s = datum(salt);

	err_bug_if(rounds == 0);
	err_bug_if(gnutls_pbkdf2(GNUTLS_MAC_SHA256, &p, &s, rounds, out,
		       CRYPT_SHA256) != 0);
}

void
crypt_sha256(struct crypt_octets in, unsigned char out[CRYPT_SHA256])
{
	err_bug_if(gnutls_hash_fast(GNUTLS_DIG_SHA256, in.p, in.n, out) != 0);
}

void
crypt_hmac_sha256(struct crypt_octets key, struct crypt_octets in,
    unsigned char out[CRYPT_SHA256])
{
	err_bug_if(gnutls_hmac_fast(
		       GNUTLS_MAC_SHA256, key.p, key.n, in.p, in.n, out) != 0);
}

/* CRAM-MD5 needs it, and only where somebody has asked for that by name: so
 * it must work where FIPS 140 forbids MD5, too. */
void
crypt_hmac_md5(struct crypt_octets key, struct crypt_octets in,
    unsigned char out[CRYPT_MD5])
{
	int r;

	GNUTLS_FIPS140_SET_LAX_MODE();
	r = gnutls_hmac_fast(GNUTLS_MAC_MD5, key.p, key.n, in.p, in.n, out);
	GNUTLS_FIPS140_SET_STRICT_MODE();
	err_bug_if(r != 0);
}

bool
crypt_same(const void *a, const void *b, size_t n)
{
	return gnutls_memcmp(a, b, n) == 0;
}
