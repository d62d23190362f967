/* SPDX-License-Identifier: ISC */
/*
 * sasl: responses, by mechanism and step.
 *
 *   mechanism      step 0 (initial)        step 1             step 2
 *   XOAUTH2        user= auth=             error: ""          -
 *   OAUTHBEARER    gs2 header, host= .. =  error: 0x01        -
 *   SCRAM-SHA-256  n,,n= r=                c= r= p=           v= or e=: ""
 *   PLAIN          NUL user NUL password   -                  -
 *   LOGIN          - (the server speaks)   user               password
 *   CRAM-MD5       - (the server speaks)   user, HMAC in hex  -
 *   EXTERNAL       ""                      -                  -
 *
 * A challenge that finds "-" has no place. What LOGIN's challenges say is
 * ignored: servers word them as they like.
 *
 * EXTERNAL names no authorization identity: it is the certificate that says
 * who we are. PLAIN neither.
 *
 * Names and passwords go out as the octets that they are. RFC 4013 (SASLprep)
 * would have them normalized; it leaves ASCII alone, and of other characters
 * almost all that a keyboard makes, so that the tables for the rest would cost
 * more than they mend. UTF-8 in another normalization than the server's is a
 * wrong password.
 *
 * sasl_scram.c has SCRAM.
 */
#include "gate/sasl.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "gate/sasl_part.h"

static const struct {
	const char *name;
	enum sasl_proof proof;
} mechs[SASL_MECHS] = {
	[SASL_XOAUTH2] = { "XOAUTH2", SASL_TOKEN },
	[SASL_OAUTHBEARER] = { "OAUTHBEARER", SASL_TOKEN },
	[SASL_SCRAM_SHA_256] = { "SCRAM-SHA-256", SASL_PASSWORD },
	[SASL_PLAIN] = { "PLAIN", SASL_PASSWORD },
	[SASL_LOGIN] = { "LOGIN", SASL_PASSWORD },
	[SASL_CRAM_MD5] = { "CRAM-MD5", SASL_PASSWORD },
	[SASL_EXTERNAL] = { "EXTERNAL", SASL_CERTIFICATE },
};

const char *
sasl_name(enum sasl_mech m)
{
	return mechs[m].name;
}

bool
sasl_find(const char *name, enum sasl_mech *m)
{
	int i;

	for (i = 0; i < SASL_MECHS; i++) {
		if (!text_case_eq(name, mechs[i].name))
			continue;
		*m = (enum sasl_mech)i;
		return true;
	}
	return false;
}

enum sasl_proof
sasl_proof(enum sasl_mech m)
{
	return mechs[m].proof;
}

void
sasl_begin(struct sasl *s, enum sasl_mech m, const struct sasl_identity *id)
{
	memset(s, 0, sizeof(*s));
	s->mech = m;
	s->id = id;
	s->step = SASL_STEP_BEGIN;
	secret_init(&s->kept);
}

void
sasl_end(struct sasl *s)
{
	/* A struct that is all zero was never begun. */
	if (s->id != NULL)
		secret_clear(&s->kept);
	buf_wipe(s, sizeof(*s));
}

bool
sasl_is_complete(const struct sasl *s)
{
	return s->mech != SASL_SCRAM_SHA_256 || s->step == SASL_STEP_PROVED;
}

static void
add_secret(struct secret *out, const struct secret *s)
{
	secret_add(out, secret_reveal(s), secret_len(s));
}

struct crypt_octets
sasl_octets(const struct secret *s)
{
	struct crypt_octets o = { secret_reveal(s), secret_len(s) };

	return o;
}

void
sasl_add_name(struct secret *out, const char *user)
{
	for (; *user != '\0'; user++) {
		if (*user == ',')
			secret_add_str(out, "=2C");
		else if (*user == '=')
			secret_add_str(out, "=3D");
		else
			secret_add(out, user, 1);
	}
}

static void
add_xoauth2(struct secret *out, const struct sasl_identity *id)
{
	secret_add_str(out, "user=");
	secret_add_str(out, id->user);
	secret_add_str(out, "\1auth=Bearer ");
	add_secret(out, id->secret);
	secret_add_str(out, "\1\1");
}

/* RFC 7628 section 3.1. */
static void
add_oauthbearer(struct secret *out, const struct sasl_identity *id)
{
	char port[16];

	snprintf(port, sizeof(port), "%u", id->port);
	secret_add_str(out, "n,a=");
	sasl_add_name(out, id->user);
	secret_add_str(out, ",\1host=");
	secret_add_str(out, id->host);
	secret_add_str(out, "\1port=");
	secret_add_str(out, port);
	secret_add_str(out, "\1auth=Bearer ");
	add_secret(out, id->secret);
	secret_add_str(out, "\1\1");
}

/* RFC 4616: no authorization identity, so that it is the user's own. */
static void
add_plain(struct secret *out, const struct sasl_identity *id)
{
	secret_add(out, "", 1);
	secret_add_str(out, id->user);
	secret_add(out, "", 1);
	add_secret(out, id->secret);
}

bool
sasl_initial(struct sasl *s, struct secret *out)
{
	switch (s->mech) {
	case SASL_XOAUTH2:
		add_xoauth2(out, s->id);
		break;
	case SASL_OAUTHBEARER:
		add_oauthbearer(out, s->id);
		break;
	case SASL_SCRAM_SHA_256:
		sasl_scram_first(s, out);
		break;
	case SASL_PLAIN:
		add_plain(out, s->id);
		break;
	case SASL_EXTERNAL:
		break;
	case SASL_LOGIN:
	case SASL_CRAM_MD5:
	case SASL_MECHS:
		return false;
	}
	s->step = SASL_STEP_SAID;
	return true;
}

int
sasl_out_of_place(const struct sasl *s, struct err *e)
{
	return err_set(e, EX_PROTOCOL,
	    "authentication: %s: the server sent a challenge that has no place",
	    sasl_name(s->mech));
}

/* A word such as "invalid_token", of letters that need no masking. */
void
sasl_keep_status(struct sasl *s, const char *word, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!text_is_alnum(word[i]) && strchr("_-.", word[i]) == NULL)
			return;
	if (n < sizeof(s->status)) {
		memcpy(s->status, word, n);
		s->status[n] = '\0';
	}
}

/*
 * Keep what the server says about a refused secret. A server that repeats it
 * is not quoted: the refusal goes to people and into logs.
 */
bool
sasl_keep_refusal(struct sasl *s, const char *said, size_t n)
{
	const struct secret *secret = s->id->secret;
	struct buf text;

	if (secret_len(secret) > 0 && memmem(said, n, secret_reveal(secret),
					  secret_len(secret)) != NULL) {
		snprintf(s->refusal, sizeof(s->refusal),
		    "(not shown: it repeats the %s)",
		    mechs[s->mech].proof == SASL_TOKEN ? "token" : "password");
		return false;
	}
	buf_init(&text, sizeof(s->refusal) - 1);
	text_add_safe(&text, said, n, sizeof(s->refusal) - 8);
	snprintf(s->refusal, sizeof(s->refusal), "%s",
	    text.len > 0 ? text.data : "");
	buf_clear(&text);
	return true;
}

/* The member "status" of an error challenge: a string (RFC 7628), or a number
 * where servers are loose. */
static void
read_status(struct sasl *s, const char *said, size_t n)
{
	char number[24];
	struct json *j;
	const char *word;
	int64_t value;

	if (json_parse(said, n, &j, NULL) != 0)
		return;
	word = json_get_string(j, "status");
	if (word != NULL) {
		sasl_keep_status(s, word, strlen(word));
	} else if (json_get_number(j, "status", &value)) {
		snprintf(number, sizeof(number), "%lld", (long long)value);
		sasl_keep_status(s, number, strlen(number));
	}
	json_free(j);
}

/*
 * An error challenge. Both mechanisms want an answer before the server says
 * its reply: RFC 7628 section 3.2.3 one 0x01, XOAUTH2 an empty line.
 */
static int
answer_error(
    struct sasl *s, const char *challenge, struct secret *out, struct err *e)
{
	struct buf said;

	if (s->step != SASL_STEP_SAID)
		return sasl_out_of_place(s, e);
	buf_init(&said, SASL_CHALLENGE_MAX);
	if (!text_add_unbase64(&said, challenge, strlen(challenge)) ||
	    said.len == 0) {
		/* Some servers say why in plain words here. */
		sasl_keep_refusal(s, challenge, strlen(challenge));
		buf_clear(&said);
		return sasl_out_of_place(s, e);
	}
	if (sasl_keep_refusal(s, said.data, said.len))
		read_status(s, said.data, said.len);
	buf_clear(&said);
	if (s->mech == SASL_OAUTHBEARER)
		secret_add_str(out, "\1");
	s->step = SASL_STEP_END;
	return 0;
}

static int
answer_login(struct sasl *s, struct secret *out, struct err *e)
{
	switch (s->step) {
	case SASL_STEP_BEGIN:
		secret_add_str(out, s->id->user);
		s->step = SASL_STEP_SAID;
		return 0;
	case SASL_STEP_SAID:
		add_secret(out, s->id->secret);
		s->step = SASL_STEP_END;
		return 0;
	default:
		return sasl_out_of_place(s, e);
	}
}

/* RFC 2195: user, blank, HMAC-MD5 of the challenge under the password. */
static int
answer_cram(
    struct sasl *s, const char *challenge, struct secret *out, struct err *e)
{
	unsigned char digest[CRYPT_MD5];
	char hex[2 * CRYPT_MD5 + 1];
	struct buf said;
	size_t i;

	buf_init(&said, SASL_CHALLENGE_MAX);
	if (s->step != SASL_STEP_BEGIN ||
	    !text_add_unbase64(&said, challenge, strlen(challenge)) ||
	    said.len == 0) {
		buf_clear(&said);
		return sasl_out_of_place(s, e);
	}
	crypt_hmac_md5(sasl_octets(s->id->secret),
	    (struct crypt_octets){ said.data, said.len }, digest);
	buf_clear(&said);
	for (i = 0; i < CRYPT_MD5; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	secret_add_str(out, s->id->user);
	secret_add_str(out, " ");
	secret_add_str(out, hex);
	s->step = SASL_STEP_END;
	return 0;
}

int
sasl_answer(
    struct sasl *s, const char *challenge, struct secret *out, struct err *e)
{
	switch (s->mech) {
	case SASL_XOAUTH2:
	case SASL_OAUTHBEARER:
		return answer_error(s, challenge, out, e);
	case SASL_SCRAM_SHA_256:
		return sasl_scram_answer(s, challenge, out, e);
	case SASL_LOGIN:
		return answer_login(s, out, e);
	case SASL_CRAM_MD5:
		return answer_cram(s, challenge, out, e);
	case SASL_PLAIN:
	case SASL_EXTERNAL:
	case SASL_MECHS:
		break;
	}
	return sasl_out_of_place(s, e);
}
