/* SPDX-License-Identifier: ISC */
/*
 * seal: secrets as text that only a key of ours opens.
 *
 * A blob, "sealed:v1:KID:BASE64URL", holds
 *
 *   salt (16) | nonce (12) | ciphertext | tag (16)
 *
 * AES-256-GCM under HKDF-SHA256(key, salt, "osmtp seal v1 " PURPOSE), so that
 * each blob has a key of its own and no nonce can ever meet another under the
 * same one. Beside it, authenticated: "v1", KID, purpose, profile and field,
 * each with a NUL behind it, so that no two sets of them read the same.
 *
 * In the ciphertext: form (1 octet: 1), time of sealing (8, s since 1970, most
 * significant first), length (4), the secret, zeroes up to a multiple of 64:
 * the length of a blob does not tell a password's.
 *
 * seal_ring.c has the keys.
 */
#include "gate/seal.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"
#include "gate/crypt.h"
#include "gate/seal_ring.h"

#define SEALED "sealed:" /* whatever the version */
#define HEX    "0123456789abcdef"

enum {
	SALT = 16,
	FRONT = SALT + CRYPT_NONCE,
	FORM = 1,
	HEAD = 1 + 8 + 4, /* form, time, length */
	BLOCK = 64,
	MAX_PLAIN = (HEAD + SEAL_MAX_SECRET + BLOCK - 1) / BLOCK * BLOCK,
	MAX_BLOB = FRONT + MAX_PLAIN + CRYPT_TAG
};

static int
key_is_missing(const struct seal_ring *r, const char *kid, struct err *e)
{
	struct buf b;
	size_t i;

	buf_init(&b, ERR_TEXT_MAX);
	for (i = 0; i < r->looked.n; i++)
		buf_add_fmt(&b, "%s %s", i > 0 ? "," : "", r->looked.v[i]);
	if (kid != NULL)
		err_set(e, EX_CONFIG,
		    "sealed secret: key %s, which opens it, is not there; "
		    "looked for it in:%s",
		    kid, b.len > 0 ? b.data : " nothing");
	else
		err_set(e, EX_CONFIG,
		    "seal: there is no key yet (osmtp seal --new-key makes "
		    "one); looked for it in:%s",
		    b.len > 0 ? b.data : " nothing");
	buf_clear(&b);
	return EX_CONFIG;
}

/* The octets beside the secret that are authenticated with it. */
static void
add_beside(struct buf *b, const char *kid, const struct seal_use *use)
{
	buf_add(b, "v1", 3);
	buf_add(b, kid, strlen(kid) + 1);
	buf_add(b, use->purpose, strlen(use->purpose) + 1);
	buf_add(b, use->profile, strlen(use->profile) + 1);
	buf_add(b, use->field, strlen(use->field) + 1);
}

/* The key of one blob. */
static void
derive_key(const struct seal_ring_key *k, const unsigned char salt[SALT],
    const struct seal_use *use, unsigned char out[CRYPT_KEY])
{
	const struct crypt_octets octets = { k->octets, CRYPT_KEY };
	const struct crypt_octets s = { salt, SALT };
	char *info = mem_printf("osmtp seal v1 %s", use->purpose);

	crypt_derive(octets, s, info, out);
	free(info);
}

static void
put_number(unsigned char *p, size_t octets, uint64_t value)
{
	for (; octets > 0; octets--, value >>= 8)
		p[octets - 1] = (unsigned char)(value & 0xff);
}

static uint64_t
get_number(const unsigned char *p, size_t octets)
{
	uint64_t value = 0;

	for (; octets > 0; octets--)
		value = value << 8 | *p++;
	return value;
}

/* Seal it with that time. */
static int
close_at(const struct seal_ring *r, const struct seal_use *use,
    const struct secret *in, int64_t sealed_at, struct buf *out, struct err *e)
{
	size_t len = secret_len(in), plain_n, n;
	unsigned char *plain, *blob, key[CRYPT_KEY];
	struct buf beside;
	int rc;

	if (len > SEAL_MAX_SECRET)
		return err_set(e, EX_DATAERR,
		    "seal: the secret has more than %d octets",
		    SEAL_MAX_SECRET);
	if (r->n == 0)
		return key_is_missing(r, NULL, e);
	plain_n = (HEAD + len + BLOCK - 1) / BLOCK * BLOCK;
	n = FRONT + plain_n + CRYPT_TAG;
	plain = mem_new(plain_n, 1);
	blob = mem_new(n, 1);
	plain[0] = FORM;
	put_number(plain + 1, 8, (uint64_t)sealed_at);
	put_number(plain + 9, 4, len);
	memcpy(plain + HEAD, secret_reveal(in), len);
	sys_random(blob, FRONT);
	derive_key(r->v[0], blob, use, key);
	buf_init(&beside, SIZE_MAX);
	add_beside(&beside, r->v[0]->kid, use);
	rc = crypt_encrypt(key, blob + SALT,
	    (struct crypt_octets){ beside.data, beside.len },
	    (struct crypt_octets){ plain, plain_n }, blob + FRONT, e);
	if (rc == 0) {
		buf_add_fmt(out, SEAL_PREFIX "%s:", r->v[0]->kid);
		text_add_base64url(out, blob, n);
	}
	buf_wipe(key, sizeof(key));
	buf_wipe(plain, plain_n);
	free(plain);
	free(blob);
	buf_clear(&beside);
	return rc;
}

int
seal_close(const struct seal_ring *r, const struct seal_use *use,
    const struct secret *in, struct buf *out, struct err *e)
{
	return close_at(r, use, in, sys_now() / 1000, out, e);
}

/* What stands behind "sealed:v1:" is taken apart: the name of the key, and the
 * octets, which have a length that can be. */
static int
take_apart(const char *text, char kid[SEAL_KID_LENGTH + 1], struct buf *blob,
    struct err *e)
{
	const char *p = text + sizeof(SEAL_PREFIX) - 1;

	if (!text_starts(text, SEALED))
		return err_set(e, EX_DATAERR,
		    "sealed secret: does not begin with \"" SEAL_PREFIX "\"");
	if (!text_starts(text, SEAL_PREFIX))
		return err_set(e, EX_DATAERR,
		    "sealed secret: of a version that is not known here (not "
		    "\"" SEAL_PREFIX "\")");
	if (strspn(p, HEX) != SEAL_KID_LENGTH || p[SEAL_KID_LENGTH] != ':')
		return err_set(e, EX_DATAERR,
		    "sealed secret: behind \"" SEAL_PREFIX "\" the name of its "
		    "key is damaged");
	memcpy(kid, p, SEAL_KID_LENGTH);
	kid[SEAL_KID_LENGTH] = '\0';
	p += SEAL_KID_LENGTH + 1;
	if (!text_add_unbase64url(blob, p, strlen(p)))
		return err_set(e, EX_DATAERR,
		    "sealed secret: damaged: too long, or not base64url");
	if (blob->len < FRONT + BLOCK + CRYPT_TAG ||
	    (blob->len - FRONT - CRYPT_TAG) % BLOCK != 0)
		return err_set(
		    e, EX_DATAERR, "sealed secret: damaged: a part is missing");
	return 0;
}

int
seal_check_form(const char *text, char kid[SEAL_KID_LENGTH + 1], struct err *e)
{
	char name[SEAL_KID_LENGTH + 1];
	struct buf blob;
	int rc;

	buf_init(&blob, MAX_BLOB);
	rc = take_apart(text, name, &blob, e);
	if (rc == 0 && kid != NULL)
		memcpy(kid, name, sizeof(name));
	buf_clear(&blob);
	return rc;
}

/* The secret out of what was in the ciphertext, n octets. */
static int
unpack(const unsigned char *plain, size_t n, struct secret *out,
    int64_t *sealed_at, struct err *e)
{
	uint64_t len = get_number(plain + 9, 4);

	if (plain[0] != FORM)
		return err_set(e, EX_DATAERR,
		    "sealed secret: of a form that is not known here");
	if (len > n - HEAD || len > SEAL_MAX_SECRET)
		return err_set(e, EX_DATAERR, "sealed secret: damaged inside");
	secret_set(out, plain + HEAD, (size_t)len);
	if (sealed_at != NULL)
		*sealed_at = (int64_t)get_number(plain + 1, 8);
	return 0;
}

/* Open it with that key. */
static int
open_with(const struct seal_ring_key *k, const struct seal_use *use,
    const struct buf *blob, struct secret *out, int64_t *sealed_at,
    struct err *e)
{
	const unsigned char *p = (const unsigned char *)blob->data;
	size_t n = blob->len - FRONT - CRYPT_TAG;
	unsigned char *plain = mem_new(n, 1), key[CRYPT_KEY];
	struct buf beside;
	int rc;

	buf_init(&beside, SIZE_MAX);
	add_beside(&beside, k->kid, use);
	derive_key(k, p, use, key);
	rc = crypt_decrypt(key, p + SALT,
	    (struct crypt_octets){ beside.data, beside.len },
	    (struct crypt_octets){ p + FRONT, n + CRYPT_TAG }, plain, e);
	if (rc == EX_DATAERR)
		rc = err_set(e, EX_DATAERR,
		    "sealed secret: altered, or sealed for another use than "
		    "%s of %s (osmtp seal makes a new one)",
		    use->field, use->profile);
	if (rc == 0)
		rc = unpack(plain, n, out, sealed_at, e);
	buf_wipe(key, sizeof(key));
	buf_wipe(plain, n);
	free(plain);
	buf_clear(&beside);
	return rc;
}

int
seal_open(const struct seal_ring *r, const struct seal_use *use,
    const char *text, struct secret *out, int64_t *sealed_at, struct err *e)
{
	char kid[SEAL_KID_LENGTH + 1];
	struct buf blob;
	size_t i = 0;
	int rc;

	buf_init(&blob, MAX_BLOB);
	rc = take_apart(text, kid, &blob, e);
	if (rc == 0) {
		while (i < r->n && strcmp(r->v[i]->kid, kid) != 0)
			i++;
		rc = i < r->n
			 ? open_with(r->v[i], use, &blob, out, sealed_at, e)
			 : key_is_missing(r, kid, e);
	}
	buf_clear(&blob);
	return rc;
}

/* The old text may be the only copy: what takes its place must open. */
static int
check_renewed(const struct seal_ring *r, const struct seal_use *use,
    const char *text, const struct secret *want, struct err *e)
{
	struct secret got;
	int rc;

	secret_init(&got);
	rc = seal_open(r, use, text, &got, NULL, e);
	if (rc == 0 && (secret_len(&got) != secret_len(want) ||
			   memcmp(secret_reveal(&got), secret_reveal(want),
			       secret_len(want)) != 0))
		rc = err_set(e, EX_SOFTWARE,
		    "sealed secret: sealed anew it is another one");
	secret_clear(&got);
	return rc;
}

int
seal_renew(const struct seal_ring *r, const struct seal_use *use,
    const char *text, struct buf *out, struct err *e)
{
	size_t begin = out->len;
	struct secret s;
	int64_t at = 0;
	int rc;

	secret_init(&s);
	rc = seal_open(r, use, text, &s, &at, e);
	if (rc == 0)
		rc = close_at(r, use, &s, at, out, e);
	if (rc == 0)
		rc = check_renewed(r, use, out->data + begin, &s, e);
	secret_clear(&s);
	return rc;
}
