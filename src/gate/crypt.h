/* SPDX-License-Identifier: ISC */
/*
 * crypt: the door to GnuTLS: authenticated encryption, key derivation, hashes
 * and message authentication codes. Random numbers come from sys.
 *
 * Must not know: what is encrypted, where keys lie.
 */
#ifndef GATE_CRYPT_H
#define GATE_CRYPT_H

#include "base/err.h"

#include <stddef.h>

enum {
	CRYPT_KEY = 32,	  /* octets of an AES-256 key */
	CRYPT_NONCE = 12, /* of AES-GCM */
	CRYPT_TAG = 16,
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

#endif
