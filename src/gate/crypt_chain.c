/* SPDX-License-Identifier: ISC */
/*
 * crypt_chain: what is wrong with a server's certificates.
 *
 * GnuTLS says whether somebody trusted has signed the chain, and with what
 * strength; but it stops at the first fault, knows no clock but its own, and
 * does not say who is missing. So it is told to leave the times alone, and a
 * walk of ours from the server's certificate upwards
 *
 *   server's -> who has signed it -> .. -> trusted, or nobody that is at hand
 *
 * finds the times, and where the chain ends. At each step a trusted signer is
 * preferred to one that was sent, as verification does: what a server sends
 * beyond that does not count.
 */
#include "gate/crypt_part.h"

#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/text.h"

#define WHAT "server's certificates"

enum { CA_FILE_MAX = 16 * 1024 * 1024 };

/* A chain as it was sent, and whom we trust. */
struct look {
	gnutls_x509_crt_t certs[CRYPT_CHAIN_MAX];
	unsigned n;
	gnutls_x509_trust_list_t trusted;
	int64_t now;
	struct crypt_chain *out;
};

/* ---- reading */

static int
read_chain(struct look *l, const char *pem, size_t n, struct err *e)
{
	const char *at = pem;
	struct crypt_block b;

	if (n > CRYPT_PEM_MAX)
		return err_set(e, EX_CONFIG, WHAT ": too large for a chain");
	while (l->n < CRYPT_CHAIN_MAX && crypt_cert_next(&at, pem + n, &b)) {
		if (crypt_cert_import(&b, &l->certs[l->n], e) != 0)
			return EX_CONFIG;
		l->n++;
	}
	if (l->n == 0)
		return err_set(e, EX_CONFIG, WHAT ": there is none");
	return 0;
}

static int
read_octets(const char *path, struct buf *b, struct err *e)
{
	struct stat st;
	int fd, rc = fsio_open_read(path, &fd, &st, e);

	if (rc != 0)
		return rc;
	rc = fsio_read_all(fd, path, b, e);
	close(fd);
	return rc;
}

static int
read_trusted(struct look *l, const char *ca_file, struct err *e)
{
	gnutls_datum_t d;
	struct buf b;
	int r = 0;

	buf_init(&b, CA_FILE_MAX);
	if (read_octets(ca_file, &b, e) != 0) {
		buf_clear(&b);
		if (e != NULL)
			e->code = EX_CONFIG;
		return EX_CONFIG;
	}
	d = crypt_datum(b.data, b.len);
	if (b.len > 0)
		r = gnutls_x509_trust_list_add_trust_mem(
		    l->trusted, &d, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	buf_clear(&b);
	if (r > 0)
		return 0;
	return err_set(e, EX_CONFIG,
	    "CA file: %s: holds no usable certificate (PEM)", ca_file);
}

/* ---- the walk */

static void
check_times(struct look *l, gnutls_x509_crt_t crt)
{
	int64_t begins, ends;

	begins = (int64_t)gnutls_x509_crt_get_activation_time(crt) * 1000;
	ends = (int64_t)gnutls_x509_crt_get_expiration_time(crt) * 1000;
	if (l->now > ends)
		l->out->faults |= CRYPT_CHAIN_EXPIRED;
	if (l->now < begins)
		l->out->faults |= CRYPT_CHAIN_NOT_YET;
	if (ends < l->out->ends)
		l->out->ends = ends;
}

/* Has somebody trusted signed it? Then that one counts, too. */
static bool
check_trusted(struct look *l, gnutls_x509_crt_t crt)
{
	gnutls_x509_crt_t issuer;

	if (gnutls_x509_trust_list_get_issuer(
		l->trusted, crt, &issuer, GNUTLS_TL_GET_COPY) != 0)
		return false;
	check_times(l, issuer);
	gnutls_x509_crt_deinit(issuer);
	return true;
}

static bool
is_self_signed(gnutls_x509_crt_t crt)
{
	return gnutls_x509_crt_check_issuer(crt, crt) != 0;
}

/* Whoever signed that one, among those that were sent and not met yet. */
static unsigned
next_sent(const struct look *l, unsigned i, const bool *met)
{
	unsigned k;

	for (k = 0; k < l->n; k++) {
		if (!met[k] &&
		    gnutls_x509_crt_check_issuer(l->certs[i], l->certs[k]))
			break;
	}
	return k;
}

/* Returns the last that is known below the trusted one. */
static unsigned
walk(struct look *l)
{
	bool met[CRYPT_CHAIN_MAX] = { false };
	unsigned i = 0, last = 0;

	l->out->ends = INT64_MAX;
	while (i < l->n) {
		last = i;
		met[i] = true;
		check_times(l, l->certs[i]);
		if (check_trusted(l, l->certs[i]))
			break;
		i = next_sent(l, i, met);
	}
	return last;
}

/* ---- faults */

/* Where its signer's certificate is, by its own word (RFC 5280 4.2.2.1). */
static void
keep_missing(gnutls_x509_crt_t crt, char *field, size_t size)
{
	gnutls_datum_t d = { NULL, 0 };
	struct buf b;
	unsigned i;
	int r;

	for (i = 0;; i++) {
		r = gnutls_x509_crt_get_authority_info_access(
		    crt, i, GNUTLS_IA_CAISSUERS_URI, &d, NULL);
		if (r != GNUTLS_E_UNKNOWN_ALGORITHM)
			break;
	}
	if (r != 0)
		return;
	buf_init(&b, size - 1);
	text_add_safe(&b, (char *)d.data, d.size, size - 1);
	memcpy(field, b.data, b.len + 1);
	buf_clear(&b);
	gnutls_free(d.data);
}

static void
blame_ca(struct look *l, unsigned last)
{
	struct crypt_chain *out = l->out;

	out->faults |= CRYPT_CHAIN_UNKNOWN_CA;
	crypt_cert_name(
	    l->certs[last], true, out->unknown, sizeof(out->unknown));
	if (last > 0)
		return;
	if (is_self_signed(l->certs[0])) {
		out->faults |= CRYPT_CHAIN_SELF_SIGNED;
		return;
	}
	out->faults |= CRYPT_CHAIN_INCOMPLETE;
	keep_missing(l->certs[0], out->missing_at, sizeof(out->missing_at));
}

/* What is left of GnuTLS's findings. */
static void
blame_other(struct look *l, unsigned status)
{
	static const struct {
		unsigned bit;
		const char *words;
	} words[] = {
		{ GNUTLS_CERT_SIGNER_NOT_CA, "signed by who is no CA" },
		{ GNUTLS_CERT_SIGNATURE_FAILURE, "the signature is not right" },
		{ GNUTLS_CERT_INSECURE_ALGORITHM,
		    "the key or the way of signing is too weak" },
		{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE,
		    "the CA may not sign for that name" },
		{ GNUTLS_CERT_PURPOSE_MISMATCH, "it is not for servers" },
		{ GNUTLS_CERT_REVOKED, "it was revoked" },
		{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS,
		    "it demands what is not known here" },
	};
	struct buf b;
	size_t i;

	buf_init(&b, sizeof(l->out->other) - 1);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (status & words[i].bit)
			buf_add_fmt(
			    &b, "%s%s", b.len > 0 ? "; " : "", words[i].words);
	}
	if (b.len == 0)
		buf_add_str(&b, "not accepted, for no known reason");
	memcpy(l->out->other, b.data, b.len + 1);
	l->out->faults |= CRYPT_CHAIN_OTHER;
	buf_clear(&b);
}

static void
judge(struct look *l, const char *name)
{
	gnutls_typed_vdata_st purpose = { GNUTLS_DT_KEY_PURPOSE_OID,
		(unsigned char *)GNUTLS_KP_TLS_WWW_SERVER, 0 };
	/* The level of libcurl's priorities. */
	unsigned flags = GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
			 GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_LOW);
	unsigned status = 0, last = walk(l);
	int r = gnutls_x509_trust_list_verify_crt2(
	    l->trusted, l->certs, l->n, &purpose, 1, flags, &status, NULL);

	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		blame_ca(l, last);
	if (r != 0 ||
	    (status & ~(GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_INVALID)) ||
	    status == GNUTLS_CERT_INVALID)
		blame_other(l, status);
	if (!gnutls_x509_crt_check_hostname2(l->certs[0], name, 0))
		l->out->faults |= CRYPT_CHAIN_WRONG_NAME;
}

int
crypt_chain_look(const char *pem, size_t n, const char *ca_file,
    const char *name, int64_t now, struct crypt_chain *out, struct err *e)
{
	struct look l = { .n = 0, .now = now, .out = out };
	int rc;

	memset(out, 0, sizeof(*out));
	err_bug_if(gnutls_x509_trust_list_init(&l.trusted, 0) != 0);
	rc = read_chain(&l, pem, n, e);
	if (rc == 0)
		rc = read_trusted(&l, ca_file, e);
	if (rc == 0) {
		crypt_cert_read(l.certs[0], &out->leaf);
		judge(&l, name);
	}
	gnutls_x509_trust_list_deinit(l.trusted, 1);
	while (l.n > 0)
		gnutls_x509_crt_deinit(l.certs[--l.n]);
	return rc;
}
