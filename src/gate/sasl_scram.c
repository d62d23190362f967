/* SPDX-License-Identifier: ISC */
/*
 * sasl_scram: SCRAM-SHA-256 (RFC 5802, 7677), without channel binding.
 *
 *   we      n,,n=USER,r=OURS
 *   server  r=OURS+THEIRS,s=SALT,i=ROUNDS
 *   we      c=biws,r=OURS+THEIRS,p=PROOF
 *   server  v=SIGNATURE, or e=WORD
 *   we      (empty), and the server says yes or no
 *
 * Both sides sign the first three without their frames ("n,,", ",p=PROOF"),
 * which gather in kept. SMTP gives no way to send the signature along with the
 * 235, so that it is a challenge of its own (RFC 4954 section 4).
 */
#include "gate/sasl_part.h"

#include <string.h>

#include "base/sys.h"
#include "base/text.h"

enum {
	NONCE = 18,	      /* octets; RFC 5802 leaves the length to us */
	LEAST_ROUNDS = 4096,  /* RFC 7677 section 4 */
	MOST_ROUNDS = 1000000 /* about a second */
};

void
sasl_scram_first(struct sasl *s, struct secret *out)
{
	unsigned char nonce[NONCE];
	struct buf b;

	sys_random(nonce, sizeof(nonce));
	buf_init(&b, 2 * NONCE);
	text_add_base64(&b, nonce, sizeof(nonce));
	secret_clear(&s->kept);
	secret_add_str(&s->kept, "n=");
	sasl_add_name(&s->kept, s->id->user);
	secret_add_str(&s->kept, ",r=");
	secret_add(&s->kept, b.data, b.len);
	buf_clear(&b);
	secret_add_str(out, "n,,");
	secret_add(out, secret_reveal(&s->kept), secret_len(&s->kept));
}

/* What to do about a server that is only clumsy. */
#define ELSE "; if it can do no better, name another mechanism in \"sasl\""

static int
fault(struct err *e, const char *what)
{
	return err_set(
	    e, EX_PROTOCOL, "authentication: SCRAM-SHA-256: %s", what);
}

/* The value of "NAME=VALUE" at *p, up to the next comma or the end; *p goes
 * behind the comma. NULL if another name stands there. */
static const char *
value_of(const char **p, const char *end, char name, size_t *n)
{
	const char *value = *p + 2, *comma;

	if (end - *p < 2 || (*p)[0] != name || (*p)[1] != '=')
		return NULL;
	comma = memchr(value, ',', (size_t)(end - value));
	*n = (size_t)((comma != NULL ? comma : end) - value);
	*p = comma != NULL ? comma + 1 : end;
	return value;
}

/* What the server's first message says. */
struct first {
	const char *nonce; /* both parts, in the message */
	size_t nonce_n;
	struct buf salt;
	unsigned rounds;
};

static int
read_rounds(struct first *f, const char *p, size_t n, struct err *e)
{
	char digits[16] = "";
	uint64_t rounds;

	if (n < sizeof(digits))
		memcpy(digits, p, n);
	if (!text_parse_uint(digits, MOST_ROUNDS, &rounds))
		return fault(e, "the server's iteration count is no number up "
				"to 1000000" ELSE);
	if (rounds < LEAST_ROUNDS)
		return fault(e,
		    "the server's iteration count is less than 4096, the least "
		    "that RFC 7677 allows: passwords are easy to guess" ELSE);
	f->rounds = (unsigned)rounds;
	return 0;
}

static int
read_first(
    struct sasl *s, const struct buf *said, struct first *f, struct err *e)
{
	const char *p = said->data, *end = p + said->len, *salt, *rounds;
	/* Ours: whatever the user's name is, a comma in it is escaped. */
	const char *ours = strstr(secret_reveal(&s->kept), ",r=") + 3;
	size_t salt_n, rounds_n, ours_n = strlen(ours);

	if (text_starts(p, "m="))
		return fault(e, "the server wants an extension that is not "
				"known here" ELSE);
	f->nonce = value_of(&p, end, 'r', &f->nonce_n);
	salt = value_of(&p, end, 's', &salt_n);
	rounds = value_of(&p, end, 'i', &rounds_n);
	if (f->nonce == NULL || salt == NULL || rounds == NULL ||
	    !text_add_unbase64(&f->salt, salt, salt_n) || f->salt.len == 0)
		return fault(
		    e, "the server's first message is not one of SCRAM" ELSE);
	if (f->nonce_n <= ours_n || memcmp(f->nonce, ours, ours_n) != 0)
		return fault(e,
		    "the server's nonce does not begin with ours: this may be "
		    "the replay of another session");
	return read_rounds(f, rounds, rounds_n, e);
}

/*
 * RFC 5802 section 3. kept is the AuthMessage by now. The proof goes to out,
 * and the signature that the server must show is remembered.
 */
static void
add_proof(struct sasl *s, const struct first *f, struct secret *out)
{
	unsigned char salted[CRYPT_SHA256], key[CRYPT_SHA256];
	unsigned char stored[CRYPT_SHA256], signature[CRYPT_SHA256];
	const struct crypt_octets by_salted = { salted, CRYPT_SHA256 };
	const struct crypt_octets by_key = { key, CRYPT_SHA256 };
	const struct crypt_octets by_stored = { stored, CRYPT_SHA256 };
	struct buf b;
	size_t i;

	crypt_stretch(sasl_octets(s->id->secret),
	    (struct crypt_octets){ f->salt.data, f->salt.len }, f->rounds,
	    salted);
	crypt_hmac_sha256(
	    by_salted, (struct crypt_octets){ "Server Key", 10 }, key);
	crypt_hmac_sha256(by_key, sasl_octets(&s->kept), s->server_signature);
	crypt_hmac_sha256(
	    by_salted, (struct crypt_octets){ "Client Key", 10 }, key);
	crypt_sha256(by_key, stored);
	crypt_hmac_sha256(by_stored, sasl_octets(&s->kept), signature);
	for (i = 0; i < CRYPT_SHA256; i++)
		signature[i] ^= key[i];
	buf_init(&b, 64);
	text_add_base64(&b, signature, sizeof(signature));
	secret_add_str(out, ",p=");
	secret_add(out, b.data, b.len);
	buf_clear(&b);
	buf_wipe(salted, sizeof(salted));
	buf_wipe(key, sizeof(key));
	buf_wipe(stored, sizeof(stored));
}

static int
answer_first(
    struct sasl *s, const struct buf *said, struct secret *out, struct err *e)
{
	struct first f;
	int rc;

	buf_init(&f.salt, SASL_CHALLENGE_MAX);
	rc = read_first(s, said, &f, e);
	if (rc == 0) {
		secret_add_str(out, "c=biws,r="); /* "n,," */
		secret_add(out, f.nonce, f.nonce_n);
		secret_add_str(&s->kept, ",");
		secret_add(&s->kept, said->data, said->len);
		secret_add_str(&s->kept, ",");
		secret_add(&s->kept, secret_reveal(out), secret_len(out));
		add_proof(s, &f, out);
		s->step = SASL_STEP_PROOF;
	}
	buf_clear(&f.salt);
	return rc;
}

/* "v=" and the server's signature, or "e=" and why not; the response to both is
 * empty. */
static int
answer_final(struct sasl *s, const struct buf *said, struct err *e)
{
	const char *p = said->data, *end = p + said->len, *v;
	struct buf signature;
	bool good;
	size_t n;

	v = value_of(&p, end, 'e', &n);
	if (v != NULL) {
		if (sasl_keep_refusal(s, v, n))
			sasl_keep_status(s, v, n);
		s->step = SASL_STEP_END;
		return 0;
	}
	v = value_of(&p, end, 'v', &n);
	buf_init(&signature, CRYPT_SHA256);
	good = v != NULL && text_add_unbase64(&signature, v, n) &&
	       signature.len == CRYPT_SHA256 &&
	       crypt_same(s->server_signature, signature.data, CRYPT_SHA256);
	buf_clear(&signature);
	if (!good)
		return fault(
		    e, "the server did not prove that it knows the password");
	s->step = SASL_STEP_PROVED;
	return 0;
}

int
sasl_scram_answer(
    struct sasl *s, const char *challenge, struct secret *out, struct err *e)
{
	struct buf said;
	int rc;

	buf_init(&said, SASL_CHALLENGE_MAX);
	if ((s->step != SASL_STEP_SAID && s->step != SASL_STEP_PROOF) ||
	    !text_add_unbase64(&said, challenge, strlen(challenge)))
		rc = sasl_out_of_place(s, e);
	else if (s->step == SASL_STEP_SAID)
		rc = answer_first(s, &said, out, e);
	else
		rc = answer_final(s, &said, e);
	buf_clear(&said);
	return rc;
}
