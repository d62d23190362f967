/* SPDX-License-Identifier: ISC */
/*
 * crypt_sign: private keys, and signatures as JSON Web Signatures have them.
 *
 * A key comes as PEM, and GnuTLS gets one block of it:
 *
 *   ENCRYPTED PRIVATE KEY	PKCS #8, passphrase needed
 *   PRIVATE KEY		PKCS #8
 *   RSA PRIVATE KEY		PKCS #1; OpenSSL's own encryption, where a
 *   EC PRIVATE KEY		SEC 1; line "Proc-Type: 4,ENCRYPTED" says so
 *
 * The first of them counts. Nothing is copied here; GnuTLS wipes its numbers
 * when the key is freed.
 */
#include "gate/crypt_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "base/mem.h"
#include "base/text.h"

enum {
	RSA_BITS_MIN = 2048,  /* RFC 7518 3.3 and 3.5 */
	ROUNDS_MAX = 5000000, /* of PBKDF2: some seconds */
	ES256_PART = 32	      /* octets of r, and of s (RFC 7518 3.4) */
};

#define WHAT "private key"

/* ---- keys */

static bool
is_private(const struct crypt_block *b)
{
	static const char tail[] = "PRIVATE KEY";
	size_t n = sizeof(tail) - 1;

	return b->label_n >= n &&
	       memcmp(b->label + b->label_n - n, tail, n) == 0;
}

static int
find_key(const struct secret *pem, struct crypt_block *b, struct err *e)
{
	const char *p = secret_reveal(pem), *at = p;
	size_t n = secret_len(pem);

	if (n > CRYPT_PEM_MAX)
		return err_set(e, EX_CONFIG, WHAT ": too large for one");
	while (crypt_pem_next(&at, p + n, b)) {
		if (is_private(b))
			return 0;
	}
	return err_set(e, EX_CONFIG, WHAT ": there is none in it, %s",
	    crypt_pem_instead(p, n));
}

static bool
is_encrypted(const struct crypt_block *b)
{
	static const char line[] = "Proc-Type: 4,ENCRYPTED";

	return crypt_pem_is(b, "ENCRYPTED PRIVATE KEY") ||
	       memmem(b->p, b->n, line, sizeof(line) - 1) != NULL;
}

static int
blame_import(int r, struct err *e)
{
	return err_set(e, EX_CONFIG,
	    WHAT ": damaged, or of a kind that is not known here: %s",
	    gnutls_strerror(r));
}

static int
import_clear(
    gnutls_x509_privkey_t key, const struct crypt_block *b, struct err *e)
{
	gnutls_datum_t d = crypt_datum(b->p, b->n);
	int r;

	if (crypt_pem_is(b, "PRIVATE KEY"))
		r = gnutls_x509_privkey_import_pkcs8(
		    key, &d, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
	else
		r = gnutls_x509_privkey_import(key, &d, GNUTLS_X509_FMT_PEM);
	return r == 0 ? 0 : blame_import(r, e);
}

/* A way of encryption that we have, in a number of rounds that ends? */
static int
check_encryption(const struct crypt_block *b, struct err *e)
{
	gnutls_datum_t d = crypt_datum(b->p, b->n);
	unsigned schema, cipher, rounds = 0;
	int r = gnutls_pkcs8_info(&d, GNUTLS_X509_FMT_PEM, &schema, &cipher,
	    NULL, NULL, &rounds, NULL);

	if (r == GNUTLS_E_BASE64_DECODING_ERROR ||
	    r == GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR)
		return blame_import(r, e);
	if (r != 0)
		return err_set(e, EX_CONFIG,
		    WHAT ": damaged, or encrypted in a way that can't be "
			 "opened here: \"openssl pkcs8 -topk8 -v2 "
			 "aes-256-cbc\" encrypts it anew");
	if (rounds > ROUNDS_MAX)
		return err_set(e, EX_CONFIG,
		    WHAT ": encrypted in %u rounds, and more than %d take "
			 "too long",
		    rounds, ROUNDS_MAX);
	return 0;
}

static int
import_encrypted(gnutls_x509_privkey_t key, const struct crypt_block *b,
    const struct secret *passphrase, struct err *e)
{
	gnutls_datum_t d = crypt_datum(b->p, b->n);
	const char *word = secret_reveal(passphrase);
	int r;

	if (secret_len(passphrase) == 0)
		return err_set(e, EX_CONFIG,
		    WHAT ": it is encrypted, and no passphrase is given");
	if (!crypt_pem_is(b, "ENCRYPTED PRIVATE KEY"))
		r = gnutls_x509_privkey_import_openssl(key, &d, word);
	else if (check_encryption(b, e) != 0)
		return EX_CONFIG;
	else
		r = gnutls_x509_privkey_import_pkcs8(
		    key, &d, GNUTLS_X509_FMT_PEM, word, 0);
	/* What is decrypted by another key may be taken for anything, so that
	 * many an error tells the same; and GnuTLS ends a word at a NUL. */
	if (r != 0 || strlen(word) != secret_len(passphrase))
		return err_set(
		    e, EX_CONFIG, WHAT ": the passphrase does not open it");
	return 0;
}

/* Take over what was imported, if its numbers belong together: a key that was
 * altered can be more than useless. x is gone in any case. */
static int
take_key(struct crypt_key *k, gnutls_x509_privkey_t x, struct err *e)
{
	int r = gnutls_x509_privkey_verify_params(x);

	if (r == 0)
		r = gnutls_privkey_import_x509(
		    k->key, x, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
	if (r != 0) {
		gnutls_x509_privkey_deinit(x);
		return blame_import(r, e);
	}
	r = gnutls_pubkey_import_privkey(k->pub, k->key, 0, 0);
	return r == 0 ? 0 : blame_import(r, e);
}

static int
import(struct crypt_key *k, const struct crypt_block *b,
    const struct secret *passphrase, struct err *e)
{
	gnutls_x509_privkey_t x;
	int rc;

	if (crypt_pem_is(b, "OPENSSH PRIVATE KEY"))
		return err_set(e, EX_CONFIG,
		    WHAT ": a key of OpenSSH's own form: \"ssh-keygen -p -m "
			 "PKCS8\" makes PEM of it");
	err_bug_if(gnutls_x509_privkey_init(&x) != 0);
	rc = is_encrypted(b) ? import_encrypted(x, b, passphrase, e)
			     : import_clear(x, b, e);
	if (rc == 0)
		return take_key(k, x, e);
	gnutls_x509_privkey_deinit(x);
	return rc;
}

/* The name that people use. */
static const char *
curve_name(gnutls_ecc_curve_t curve)
{
	const char *name;

	switch (curve) {
	case GNUTLS_ECC_CURVE_SECP256R1:
		return "P-256";
	case GNUTLS_ECC_CURVE_SECP384R1:
		return "P-384";
	case GNUTLS_ECC_CURVE_SECP521R1:
		return "P-521";
	default:
		name = gnutls_ecc_curve_get_name(curve);
		return name != NULL ? name : "unknown curve";
	}
}

/* Find out what it is, and say so. EX_CONFIG for what may sign nothing. */
static int
judge(struct crypt_key *k, struct err *e)
{
	unsigned bits = 0;
	int r = gnutls_privkey_get_pk_algorithm(k->key, &bits);

	if (r < 0)
		return blame_import(r, e);
	k->algorithm = (gnutls_pk_algorithm_t)r;
	if (k->algorithm == GNUTLS_PK_ECDSA &&
	    (r = gnutls_pubkey_export_ecc_raw2(
		 k->pub, &k->curve, NULL, NULL, 0)) != 0)
		return blame_import(r, e);
	if (k->algorithm == GNUTLS_PK_ECDSA)
		snprintf(
		    k->kind, sizeof(k->kind), "EC, %s", curve_name(k->curve));
	else if (k->algorithm == GNUTLS_PK_EDDSA_ED25519)
		snprintf(k->kind, sizeof(k->kind), "Ed25519");
	else if (k->algorithm == GNUTLS_PK_EDDSA_ED448)
		snprintf(k->kind, sizeof(k->kind), "Ed448");
	else
		snprintf(k->kind, sizeof(k->kind), "%s, %u bits",
		    gnutls_pk_get_name(k->algorithm), bits);
	if (k->algorithm == GNUTLS_PK_ECDH_X25519 ||
	    k->algorithm == GNUTLS_PK_ECDH_X448 || k->algorithm == GNUTLS_PK_DH)
		return err_set(e, EX_CONFIG,
		    WHAT ": of a kind that can't sign (%s)", k->kind);
	if ((k->algorithm == GNUTLS_PK_RSA ||
		k->algorithm == GNUTLS_PK_RSA_PSS) &&
	    bits < RSA_BITS_MIN)
		return err_set(e, EX_CONFIG,
		    WHAT ": too weak (%s): at least %d bits are needed",
		    k->kind, RSA_BITS_MIN);
	return 0;
}

int
crypt_key_load(const struct secret *pem, const struct secret *passphrase,
    struct crypt_key **out, struct err *e)
{
	struct crypt_key *k;
	struct crypt_block b;

	if (find_key(pem, &b, e) != 0)
		return EX_CONFIG;
	k = mem_new(1, sizeof(*k));
	err_bug_if(gnutls_privkey_init(&k->key) != 0);
	err_bug_if(gnutls_pubkey_init(&k->pub) != 0);
	if (import(k, &b, passphrase, e) != 0 || judge(k, e) != 0) {
		crypt_key_free(k);
		return EX_CONFIG;
	}
	*out = k;
	return 0;
}

void
crypt_key_free(struct crypt_key *k)
{
	if (k == NULL)
		return;
	gnutls_privkey_deinit(k->key);
	gnutls_pubkey_deinit(k->pub);
	free(k);
}

const char *
crypt_key_kind(const struct crypt_key *k)
{
	return k->kind;
}

/* ---- signatures */

static const struct {
	const char *name;
	gnutls_pk_algorithm_t key;
	gnutls_sign_algorithm_t algorithm;
} ways[] = {
	[CRYPT_RS256] = { "RS256", GNUTLS_PK_RSA, GNUTLS_SIGN_RSA_SHA256 },
	[CRYPT_PS256] = { "PS256", GNUTLS_PK_RSA,
	    GNUTLS_SIGN_RSA_PSS_RSAE_SHA256 },
	[CRYPT_ES256] = { "ES256", GNUTLS_PK_ECDSA, GNUTLS_SIGN_ECDSA_SHA256 },
};

const char *
crypt_sign_name(enum crypt_sign how)
{
	return ways[how].name;
}

bool
crypt_key_can(const struct crypt_key *k, enum crypt_sign how)
{
	if (how == CRYPT_ES256 && k->curve != GNUTLS_ECC_CURVE_SECP256R1)
		return false;
	return k->algorithm == ways[how].key;
}

/* Append a number of big-endian octets as just ES256_PART: DER has a zero
 * before a high bit, and none where the number is short. */
static bool
add_part(struct buf *out, const gnutls_datum_t *d)
{
	static const unsigned char zeros[ES256_PART];
	const unsigned char *p = d->data;
	size_t n = d->size;

	while (n > ES256_PART && *p == 0) {
		p++;
		n--;
	}
	return n <= ES256_PART && buf_add(out, zeros, ES256_PART - n) &&
	       buf_add(out, p, n);
}

static bool
add_ecdsa(struct buf *out, const gnutls_datum_t *der)
{
	gnutls_datum_t r = { NULL, 0 }, s = { NULL, 0 };
	bool ok = gnutls_decode_rs_value(der, &r, &s) == 0 &&
		  add_part(out, &r) && add_part(out, &s);

	gnutls_free(r.data);
	gnutls_free(s.data);
	return ok;
}

int
crypt_sign(const struct crypt_key *k, enum crypt_sign how,
    struct crypt_octets in, struct buf *out, struct err *e)
{
	gnutls_datum_t text = crypt_datum(in.p, in.n), made = { NULL, 0 };
	bool ok;
	int r;

	err_bug_if(!crypt_key_can(k, how));
	r = gnutls_privkey_sign_data2(
	    k->key, ways[how].algorithm, 0, &text, &made);
	if (r != 0)
		return err_set(e, EX_SOFTWARE, "crypt: sign by %s: %s",
		    ways[how].name, gnutls_strerror(r));
	ok = how == CRYPT_ES256 ? add_ecdsa(out, &made)
				: buf_add(out, made.data, made.size);
	gnutls_free(made.data);
	if (!ok)
		return err_set(e, EX_SOFTWARE,
		    "crypt: sign by %s: no such signature, or no room for it",
		    ways[how].name);
	return 0;
}
