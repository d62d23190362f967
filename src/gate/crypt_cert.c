/* SPDX-License-Identifier: ISC */
/*
 * crypt_cert: what a certificate says, in a form that can be shown: whatever
 * comes out of it has gone through text_add_safe().
 */
#include "gate/crypt_part.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define WHAT "certificate"

enum { NAME_MAX_OCTETS = 256 /* of one name that it is good for */ };

bool
crypt_cert_next(const char **p, const char *end, struct crypt_block *b)
{
	while (crypt_pem_next(p, end, b)) {
		if (crypt_pem_is(b, "CERTIFICATE") ||
		    crypt_pem_is(b, "X509 CERTIFICATE"))
			return true;
	}
	return false;
}

int
crypt_cert_import(
    const struct crypt_block *b, gnutls_x509_crt_t *out, struct err *e)
{
	gnutls_datum_t d = crypt_datum(b->p, b->n);
	int r;

	err_bug_if(gnutls_x509_crt_init(out) != 0);
	r = gnutls_x509_crt_import(*out, &d, GNUTLS_X509_FMT_PEM);
	if (r == 0)
		return 0;
	gnutls_x509_crt_deinit(*out);
	return err_set(e, EX_CONFIG, WHAT ": damaged: %s", gnutls_strerror(r));
}

/* The first certificate of n octets of PEM. */
static int
parse(const char *pem, size_t n, gnutls_x509_crt_t *out, struct err *e)
{
	const char *at = pem;
	struct crypt_block b;

	if (n > CRYPT_PEM_MAX)
		return err_set(e, EX_CONFIG, WHAT ": too large for one");
	if (!crypt_cert_next(&at, pem + n, &b))
		return err_set(e, EX_CONFIG, WHAT ": there is none in it, %s",
		    crypt_pem_instead(pem, n));
	return crypt_cert_import(&b, out, e);
}

/* Fill a field of size octets with what b holds. */
static void
keep(char *field, size_t size, const struct buf *b)
{
	err_bug_if(b->len >= size);
	memcpy(field, b->data, b->len);
	field[b->len] = '\0';
}

void
crypt_cert_name(gnutls_x509_crt_t crt, bool issuer, char *field, size_t size)
{
	gnutls_datum_t dn = { NULL, 0 };
	struct buf b;
	int r = issuer ? gnutls_x509_crt_get_issuer_dn3(crt, &dn, 0)
		       : gnutls_x509_crt_get_dn3(crt, &dn, 0);

	buf_init(&b, size - 1);
	if (r == 0)
		text_add_safe(&b, (char *)dn.data, dn.size, size - 1);
	keep(field, size, &b);
	buf_clear(&b);
	gnutls_free(dn.data);
}

/* ---- the names that it is good for */

/* A name behind those before; "..." where not all fit. */
static bool
add_name(struct buf *b, const char *p, size_t n)
{
	static const char more[] = ", ...";
	struct buf one;
	bool fits;

	buf_init(&one, NAME_MAX_OCTETS + 2);
	if (b->len > 0)
		buf_add_str(&one, ", ");
	text_add_safe(&one, p, n, NAME_MAX_OCTETS);
	fits = b->len + one.len + sizeof(more) - 1 <= b->max;
	if (fits)
		buf_add(b, one.data, one.len);
	else
		buf_add_str(b, b->len > 0 ? more : more + 2);
	buf_clear(&one);
	return fits;
}

static bool
add_address(struct buf *b, const unsigned char *p, size_t n)
{
	char text[INET6_ADDRSTRLEN] = "an address that can't be read";

	if (n == 4)
		inet_ntop(AF_INET, p, text, sizeof(text));
	else if (n == 16)
		inet_ntop(AF_INET6, p, text, sizeof(text));
	return add_name(b, text, strlen(text));
}

/* The alternative name of that place; *gone behind the last. */
static bool
add_alternative(struct buf *b, gnutls_x509_crt_t crt, unsigned i, bool *gone)
{
	char name[NAME_MAX_OCTETS];
	size_t n = sizeof(name);
	unsigned type = 0;
	int r = gnutls_x509_crt_get_subject_alt_name2(
	    crt, i, name, &n, &type, NULL);

	*gone = r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
	/* An empty or endless one is no name of a server. */
	if (r < 0 || n == 0 || n > sizeof(name))
		return true;
	if (type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME)
		return add_name(b, name, n);
	if (type == GNUTLS_SAN_IPADDRESS)
		return add_address(b, (unsigned char *)name, n);
	return true;
}

/* Certificates of old have it in the common name. */
static void
add_common_name(struct buf *b, gnutls_x509_crt_t crt)
{
	char name[NAME_MAX_OCTETS];
	size_t n = sizeof(name);

	if (gnutls_x509_crt_get_dn_by_oid(
		crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &n) == 0 &&
	    n > 0)
		add_name(b, name, n);
}

static void
keep_names(gnutls_x509_crt_t crt, struct crypt_cert *c)
{
	bool gone = false;
	struct buf b;
	unsigned i;

	buf_init(&b, sizeof(c->names) - 1);
	for (i = 0; !gone && add_alternative(&b, crt, i, &gone); i++)
		;
	if (b.len == 0)
		add_common_name(&b, crt);
	keep(c->names, sizeof(c->names), &b);
	buf_clear(&b);
}

/* ---- */

static void
hash(gnutls_x509_crt_t crt, gnutls_digest_algorithm_t how, unsigned char *out,
    size_t n)
{
	size_t got = n;
	int r;

	/* x5t is a mark of SHA-1 where SHA-1 may sign nothing, too. */
	GNUTLS_FIPS140_SET_LAX_MODE();
	r = gnutls_x509_crt_get_fingerprint(crt, how, out, &got);
	GNUTLS_FIPS140_SET_STRICT_MODE();
	err_bug_if(r != 0 || got != n);
}

/* The hash of SubjectPublicKeyInfo; false if the key is of no known kind. */
static bool
hash_key(gnutls_x509_crt_t crt, unsigned char out[CRYPT_SHA256])
{
	size_t n = CRYPT_SHA256;

	return gnutls_x509_crt_get_key_id(
		   crt, GNUTLS_KEYID_USE_SHA256, out, &n) == 0 &&
	       n == CRYPT_SHA256;
}

void
crypt_cert_read(gnutls_x509_crt_t crt, struct crypt_cert *c)
{
	memset(c, 0, sizeof(*c));
	hash(crt, GNUTLS_DIG_SHA1, c->sha1, sizeof(c->sha1));
	hash(crt, GNUTLS_DIG_SHA256, c->sha256, sizeof(c->sha256));
	hash_key(crt, c->pin);
	c->not_before =
	    (int64_t)gnutls_x509_crt_get_activation_time(crt) * 1000;
	c->not_after = (int64_t)gnutls_x509_crt_get_expiration_time(crt) * 1000;
	crypt_cert_name(crt, false, c->subject, sizeof(c->subject));
	crypt_cert_name(crt, true, c->issuer, sizeof(c->issuer));
	keep_names(crt, c);
}

int
crypt_cert_load(const char *pem, size_t n, struct crypt_cert *c, struct err *e)
{
	gnutls_x509_crt_t crt;
	int rc = parse(pem, n, &crt, e);

	if (rc != 0)
		return rc;
	crypt_cert_read(crt, c);
	gnutls_x509_crt_deinit(crt);
	return 0;
}

bool
crypt_cert_fits(const char *pem, size_t n, const struct crypt_key *k)
{
	unsigned char a[CRYPT_SHA256], b[CRYPT_SHA256];
	size_t b_n = sizeof(b);
	gnutls_x509_crt_t crt;
	bool fits;

	if (parse(pem, n, &crt, NULL) != 0)
		return false;
	fits = hash_key(crt, a) &&
	       gnutls_pubkey_get_key_id(
		   k->pub, GNUTLS_KEYID_USE_SHA256, b, &b_n) == 0 &&
	       b_n == sizeof(b) && crypt_same(a, b, b_n);
	gnutls_x509_crt_deinit(crt);
	return fits;
}
