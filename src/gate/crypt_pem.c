/* SPDX-License-Identifier: ISC */
/*
 * crypt_pem: the blocks of PEM (RFC 7468). GnuTLS finds some of them itself,
 * but cannot tell what stands in a file instead of what it looks for.
 */
#include "gate/crypt_part.h"

#include <string.h>

static const char begin[] = "-----BEGIN ", end_mark[] = "-----END ",
		  dashes[] = "-----";

static const char *
find(const char *p, const char *end, const char *what)
{
	return memmem(p, (size_t)(end - p), what, strlen(what));
}

bool
crypt_pem_next(const char **p, const char *end, struct crypt_block *b)
{
	const char *close;

	b->p = find(*p, end, begin);
	if (b->p == NULL)
		return false;
	b->label = b->p + sizeof(begin) - 1;
	close = find(b->label, end, dashes);
	if (close == NULL)
		return false;
	b->label_n = (size_t)(close - b->label);
	*p = find(close, end, end_mark);
	if (*p != NULL)
		*p = find(*p + sizeof(end_mark) - 1, end, dashes);
	*p = *p != NULL ? *p + sizeof(dashes) - 1 : end;
	b->n = (size_t)(*p - b->p);
	return true;
}

bool
crypt_pem_is(const struct crypt_block *b, const char *label)
{
	return b->label_n == strlen(label) &&
	       memcmp(b->label, label, b->label_n) == 0;
}

const char *
crypt_pem_instead(const char *p, size_t n)
{
	const char *at = p;
	struct crypt_block b;

	if (n == 0)
		return "for it is empty";
	if (!crypt_pem_next(&at, p + n, &b)) {
		if (p[0] == '{')
			return "but JSON";
		if (n > 1 && p[0] == 0x30 && (p[1] & 0x80) != 0)
			return "but perhaps one in DER or PKCS #12: make PEM "
			       "of it by openssl";
		return "and no other PEM";
	}
	if (crypt_pem_is(&b, "CERTIFICATE"))
		return "but a certificate";
	if (crypt_pem_is(&b, "CERTIFICATE REQUEST"))
		return "but a certificate request";
	if (crypt_pem_is(&b, "PUBLIC KEY") ||
	    crypt_pem_is(&b, "RSA PUBLIC KEY"))
		return "but a public key";
	if (crypt_pem_is(&b, "PRIVATE KEY") ||
	    crypt_pem_is(&b, "ENCRYPTED PRIVATE KEY") ||
	    crypt_pem_is(&b, "RSA PRIVATE KEY") ||
	    crypt_pem_is(&b, "EC PRIVATE KEY"))
		return "but a private key";
	return "but PEM of another kind";
}
