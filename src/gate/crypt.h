/* SPDX-License-Identifier: ISC */
/*
 * crypt: the door to GnuTLS: authenticated encryption, key derivation, hashes,
 * message authentication codes, signatures, certificates. Random numbers come
 * from sys.
 *
 * Must not know: what is encrypted, where keys lie.
 */
#ifndef GATE_CRYPT_H
#define GATE_CRYPT_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CRYPT_KEY = 32,	  /* octets of an AES-256 key */
	CRYPT_NONCE = 12, /* of AES-GCM */
	CRYPT_TAG = 16,
	CRYPT_SHA1 = 20,
	CRYPT_SHA256 = 32,
	CRYPT_MD5 = 16
};

/* A run of octets; borrowed. */
struct crypt_octets {
	const void *p;
	size_t n;
};

/*
 * AES-256-GCM (NIST SP 800-38D): n octets of in become n + CRYPT_TAG at out,
 * and back. beside is authenticated, not encrypted. Opening what was altered,
 * or with another key, is EX_DATAERR, and nothing is put out. Else EX_SOFTWARE.
 */
int crypt_encrypt(const unsigned char key[CRYPT_KEY],
    const unsigned char nonce[CRYPT_NONCE], struct crypt_octets beside,
    struct crypt_octets in, unsigned char *out, struct err *e);
int crypt_decrypt(const unsigned char key[CRYPT_KEY],
    const unsigned char nonce[CRYPT_NONCE], struct crypt_octets beside,
    struct crypt_octets in, unsigned char *out, struct err *e);

/* HKDF with SHA-256 (RFC 5869): one key of CRYPT_KEY octets. */
void crypt_derive(struct crypt_octets key, struct crypt_octets salt,
    const char *info, unsigned char out[CRYPT_KEY]);

/* PBKDF2 with HMAC-SHA-256 (RFC 8018), one block: Hi() of RFC 5802. */
void crypt_stretch(struct crypt_octets password, struct crypt_octets salt,
    unsigned rounds, unsigned char out[CRYPT_SHA256]);

void crypt_sha256(struct crypt_octets in, unsigned char out[CRYPT_SHA256]);
void crypt_hmac_sha256(struct crypt_octets key, struct crypt_octets in,
    unsigned char out[CRYPT_SHA256]);
void crypt_hmac_md5(struct crypt_octets key, struct crypt_octets in,
    unsigned char out[CRYPT_MD5]);

/* Are n octets the same? In a time that does not tell where they differ. */
bool crypt_same(const void *a, const void *b, size_t n);

/* ---- signatures (crypt_sign.c) */

/* JSON Web Algorithms (RFC 7518 3.1): RSA PKCS #1 v1.5, RSASSA-PSS with a salt
 * as long as the hash, ECDSA on P-256; each with SHA-256. */
enum crypt_sign { CRYPT_RS256, CRYPT_PS256, CRYPT_ES256 };

const char *crypt_sign_name(enum crypt_sign how); /* "RS256" */

struct crypt_key;

/*
 * A private key out of PEM (PKCS #8, in clear or encrypted, PKCS #1, SEC 1);
 * what else stands in it is passed over. passphrase: empty, if none is given.
 * EX_CONFIG: no key in it, encrypted and no passphrase, wrong passphrase, a
 * kind that can't sign, an RSA key of less than 2048 bits. No text repeats any
 * of it.
 */
int crypt_key_load(const struct secret *pem, const struct secret *passphrase,
    struct crypt_key **out, struct err *e);
void crypt_key_free(struct crypt_key *k); /* takes NULL */

/* Can it sign so? An RSA key RS256 and PS256, a P-256 key ES256. */
bool crypt_key_can(const struct crypt_key *k, enum crypt_sign how);
/* "RSA, 2048 bits", "EC, P-384": for messages. */
const char *crypt_key_kind(const struct crypt_key *k);

/* Append the signature of in as JWS wants it (ES256: r and s, 32 octets each).
 * EX_SOFTWARE. */
int crypt_sign(const struct crypt_key *k, enum crypt_sign how,
    struct crypt_octets in, struct buf *out, struct err *e);

/* ---- certificates (crypt_cert.c) */

struct crypt_cert {
	unsigned char sha1[CRYPT_SHA1], sha256[CRYPT_SHA256]; /* of DER */
	unsigned char pin[CRYPT_SHA256]; /* SHA-256 of its public key (of
					    SubjectPublicKeyInfo) */
	int64_t not_before, not_after;	 /* ms since 1970 */
	char subject[256], issuer[256];
	char names[512]; /* that it is good for, comma-separated */
};

/* The first certificate of n octets of PEM. EX_CONFIG. */
int crypt_cert_load(
    const char *pem, size_t n, struct crypt_cert *c, struct err *e);

/* Does the key belong to the first certificate of n octets of PEM? */
bool crypt_cert_fits(const char *pem, size_t n, const struct crypt_key *k);

/* ---- a server's certificates (crypt_chain.c) */

/* What is wrong with them; bits. */
enum {
	CRYPT_CHAIN_EXPIRED = 1,
	CRYPT_CHAIN_NOT_YET = 2,
	CRYPT_CHAIN_UNKNOWN_CA = 4,  /* nobody whom we trust has signed it */
	CRYPT_CHAIN_SELF_SIGNED = 8, /* beside UNKNOWN_CA */
	/* Beside UNKNOWN_CA: who signed the server's own certificate is neither
	 * sent nor trusted. Mostly the server leaves an intermediate out, and
	 * surely so if missing_at says where it is; else the CA may be one that
	 * signs servers directly, and is not trusted here. */
	CRYPT_CHAIN_INCOMPLETE = 16,
	CRYPT_CHAIN_WRONG_NAME = 32,
	CRYPT_CHAIN_OTHER = 64 /* weak, not for servers, ..: see other */
};

enum { CRYPT_CHAIN_MAX = 16 /* certificates that count */ };

struct crypt_chain {
	unsigned faults; /* 0: it is good */
	struct crypt_cert leaf;
	/* ms: the first end of a certificate from the server's to the trusted
	 * one, or to the last that is known. */
	int64_t ends;
	char unknown[256];    /* UNKNOWN_CA: who has signed the last one */
	char missing_at[256]; /* INCOMPLETE: URL of what is missing, or "" */
	char other[128];      /* OTHER: in words */
};

/*
 * Look at a server's chain (n octets of PEM, the server's first) as TLS does:
 * against the certificates of ca_file, for that name or address, at now (ms
 * since 1970). Several faults are found at once, which TLS does not tell; and
 * a certificate that is not for servers, which libcurl does not mind. EX_CONFIG
 * if ca_file or the chain can't be read.
 */
int crypt_chain_look(const char *pem, size_t n, const char *ca_file,
    const char *name, int64_t now, struct crypt_chain *out, struct err *e);

#endif
