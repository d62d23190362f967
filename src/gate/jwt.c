/* SPDX-License-Identifier: ISC */
/*
 * jwt: JSON Web Tokens in the compact form (RFC 7515 3.1): header, claims and
 * signature, each in base64url, with dots between. The signature is of the
 * octets up to the second dot.
 */
#include "gate/jwt.h"

#include <string.h>

#include "base/sys.h"
#include "base/text.h"

enum {
	JWT_MAX = 64 * 1024, /* octets of a token */
	JTI_OCTETS = 16,     /* random, so that no two assertions are equal */
	NBF_SLACK = 60	     /* s: the other clock may be behind ours */
};

/* ---- making one */

/* What the key can do, as the end of a sentence. */
static const char *
abilities(const struct crypt_key *k)
{
	bool rsa = crypt_key_can(k, CRYPT_RS256);

	if (rsa && crypt_key_can(k, CRYPT_PS256))
		return "it can sign RS256 and PS256";
	if (crypt_key_can(k, CRYPT_ES256))
		return "it can sign ES256";
	return "it can sign none of RS256, PS256 (both RSA), ES256 (EC, P-256)";
}

static void
set_if(struct json *j, const char *key, const char *value)
{
	if (value != NULL)
		json_set_string(j, key, value);
}

static void
set_octets(struct json *j, const char *key, const void *p, size_t n)
{
	struct buf b;

	buf_init(&b, 2 * n + 4);
	text_add_base64url(&b, p, n);
	json_set_string(j, key, b.data);
	buf_clear(&b);
}

static struct json *
make_header(const struct jwt_order *q)
{
	struct json *j = json_new();

	json_set_string(j, "alg", crypt_sign_name(q->alg));
	json_set_string(j, "typ", q->typ != NULL ? q->typ : "JWT");
	set_if(j, "kid", q->kid);
	if (q->cert != NULL) {
		set_octets(j, "x5t", q->cert->sha1, CRYPT_SHA1);
		set_octets(j, "x5t#S256", q->cert->sha256, CRYPT_SHA256);
	}
	return j;
}

static struct json *
make_claims(const struct jwt_order *q, int64_t now)
{
	struct json *j = json_new();
	int64_t at = now / 1000;
	unsigned char jti[JTI_OCTETS];

	set_if(j, "iss", q->iss);
	set_if(j, "sub", q->sub);
	set_if(j, "aud", q->aud);
	set_if(j, "scope", q->scope);
	json_set_number(j, "iat", at);
	json_set_number(j, "nbf", at - NBF_SLACK);
	json_set_number(j, "exp", at + q->life);
	sys_random(jti, sizeof(jti));
	set_octets(j, "jti", jti, sizeof(jti));
	return j;
}

/* Append the object in base64url; it is gone then. */
static void
add_part(struct buf *b, struct json *j)
{
	struct buf text;

	buf_init(&text, b->max);
	json_add_to(&text, j);
	b->full = b->full || text.full;
	text_add_base64url(b, text.data, text.len);
	buf_clear(&text);
	json_free(j);
}

static int
sign(const struct jwt_order *q, struct buf *b, struct err *e)
{
	struct crypt_octets in = { b->data, b->len };
	struct buf signature;
	int rc;

	buf_init(&signature, JWT_MAX);
	rc = crypt_sign(q->key, q->alg, in, &signature, e);
	if (rc == 0) {
		buf_add_char(b, '.');
		text_add_base64url(b, signature.data, signature.len);
	}
	buf_wipe(signature.data, signature.len);
	buf_clear(&signature);
	return rc;
}

int
jwt_make(
    const struct jwt_order *q, int64_t now, struct secret *out, struct err *e)
{
	struct buf b;
	int rc = 0;

	err_bug_if(q->life <= 0);
	if (!crypt_key_can(q->key, q->alg))
		return err_set(e, EX_CONFIG,
		    "assertion: %s does not fit the key (%s): %s",
		    crypt_sign_name(q->alg), crypt_key_kind(q->key),
		    abilities(q->key));
	buf_init(&b, JWT_MAX);
	add_part(&b, make_header(q));
	buf_add_char(&b, '.');
	add_part(&b, make_claims(q, now));
	if (!b.full)
		rc = sign(q, &b, e);
	if (rc == 0 && b.full)
		rc = err_set(e, EX_SOFTWARE, "assertion: longer than %d octets",
		    JWT_MAX);
	if (rc == 0)
		secret_set(out, b.data, b.len);
	buf_wipe(b.data, b.len);
	buf_clear(&b);
	return rc;
}

/* ---- looking into one */

/* The object that n octets of base64url hold, or NULL. */
static struct json *
read_part(const char *p, size_t n)
{
	struct json *j = NULL;
	struct buf text;

	buf_init(&text, JWT_MAX);
	if (!text_add_unbase64url(&text, p, n) ||
	    json_parse(text.data, text.len, &j, NULL) != 0)
		j = NULL;
	buf_wipe(text.data, text.len);
	buf_clear(&text);
	return j;
}

/* Is it base64url? An unsecured one (RFC 7519 6.1) has nothing there. */
static bool
is_signature(const char *p, size_t n)
{
	struct buf b;
	bool ok;

	buf_init(&b, JWT_MAX);
	ok = text_add_unbase64url(&b, p, n);
	buf_wipe(b.data, b.len);
	buf_clear(&b);
	return ok;
}

/* Hand it over where it is wanted. */
static void
give(struct json **out, struct json *j)
{
	if (out != NULL)
		*out = j;
	else
		json_free(j);
}

bool
jwt_look(const struct secret *token, struct json **header, struct json **claims)
{
	const char *p = secret_reveal(token), *end = p + secret_len(token);
	const char *dot = memchr(p, '.', (size_t)(end - p)), *second;
	struct json *head, *body;

	if (dot == NULL || secret_len(token) > JWT_MAX)
		return false;
	second = memchr(dot + 1, '.', (size_t)(end - dot - 1));
	if (second == NULL ||
	    !is_signature(second + 1, (size_t)(end - second - 1)))
		return false;
	head = read_part(p, (size_t)(dot - p));
	body = read_part(dot + 1, (size_t)(second - dot - 1));
	if (head == NULL || body == NULL) {
		json_free(head);
		json_free(body);
		return false;
	}
	give(header, head);
	give(claims, body);
	return true;
}
