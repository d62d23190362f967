/* SPDX-License-Identifier: ISC */
/* crypt_part: what the parts of crypt share. For them alone. */
#ifndef GATE_CRYPT_PART_H
#define GATE_CRYPT_PART_H

#include "gate/crypt.h"

#include <limits.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* What is read of keys and certificates is no longer than this. */
enum { CRYPT_PEM_MAX = 4 * 1024 * 1024 };

struct crypt_key {
	gnutls_privkey_t key;
	gnutls_pubkey_t pub;
	gnutls_pk_algorithm_t algorithm;
	gnutls_ecc_curve_t curve;
	char kind[64];
};

/* GnuTLS only reads it, but does not say const. */
static inline gnutls_datum_t
crypt_datum(const void *p, size_t n)
{
	gnutls_datum_t d = { (void *)p, (unsigned)n };

	err_bug_if(n > UINT_MAX);
	return d;
}

/* A PEM block: from its begin line to its end line. Borrowed. */
struct crypt_block {
	const char *label; /* "PRIVATE KEY" */
	size_t label_n;
	const char *p;
	size_t n;
};

/*
 * The next block from *p on, which moves behind it; false if there is none.
 * One without an end line goes up to end, and GnuTLS will not take it.
 */
bool crypt_pem_next(const char **p, const char *end, struct crypt_block *b);
bool crypt_pem_is(const struct crypt_block *b, const char *label);

/* What stands in n octets where something else was looked for: "but a public
 * key". */
const char *crypt_pem_instead(const char *p, size_t n);

/* The next block that is a certificate. */
bool crypt_cert_next(const char **p, const char *end, struct crypt_block *b);

/* That certificate, to be freed by gnutls_x509_crt_deinit(). EX_CONFIG. */
int crypt_cert_import(
    const struct crypt_block *b, gnutls_x509_crt_t *out, struct err *e);

/* What a certificate says. */
void crypt_cert_read(gnutls_x509_crt_t crt, struct crypt_cert *c);

/* A distinguished name (RFC 4514), made safe, in a field of size octets. */
void crypt_cert_name(
    gnutls_x509_crt_t crt, bool issuer, char *field, size_t size);

#endif
