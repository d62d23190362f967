/* SPDX-License-Identifier: ISC */
/*
 * sasl: responses of XOAUTH2, OAUTHBEARER, PLAIN and LOGIN.
 *
 *   mechanism    step 0 (initial)          step 1           step 2
 *   XOAUTH2      user= auth=               error: ""        -
 *   OAUTHBEARER  gs2 header, host= .. =    error: 0x01      -
 *   PLAIN        NUL user NUL password     -                -
 *   LOGIN        - (the server speaks)     user             password
 *
 * A challenge that finds "-" has no place. What LOGIN's challenges say is
 * ignored: servers word them as they like.
 */
#include "gate/sasl.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
	STEP_BEGIN, /* nothing was said */
	STEP_SAID,  /* the initial response, or LOGIN's user */
	STEP_END    /* nothing is left to say */
};

/* The longest line of a 334 reply that RFC 4954 lets a server send. */
enum { CHALLENGE_MAX = 12288 };

static const struct {
	const char *name;
	bool token;
} mechs[SASL_MECHS] = {
	[SASL_XOAUTH2] = { "XOAUTH2", true },
	[SASL_OAUTHBEARER] = { "OAUTHBEARER", true },
	[SASL_PLAIN] = { "PLAIN", false },
	[SASL_LOGIN] = { "LOGIN", false },
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

bool
sasl_takes_token(enum sasl_mech m)
{
	return mechs[m].token;
}

void
sasl_begin(struct sasl *s, enum sasl_mech m, const struct sasl_identity *id)
{
	s->mech = m;
	s->id = id;
	s->step = STEP_BEGIN;
	s->refusal[0] = '\0';
}

static void
add_secret(struct secret *out, const struct secret *s)
{
	secret_add(out, secret_reveal(s), secret_len(s));
}

/* A saslname of RFC 5801 section 4: the comma ends it, '=' escapes. */
static void
add_saslname(struct secret *out, const char *user)
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
	add_saslname(out, id->user);
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
	case SASL_PLAIN:
		add_plain(out, s->id);
		break;
	case SASL_LOGIN:
	case SASL_MECHS:
		return false;
	}
	s->step = STEP_SAID;
	return true;
}

static int
out_of_place(const struct sasl *s, struct err *e)
{
	return err_set(e, EX_PROTOCOL,
	    "authentication: %s: the server sent a challenge that has no place",
	    sasl_name(s->mech));
}

/*
 * Keep what the server says about a refused token. A server that repeats the
 * token is not quoted: the refusal goes to people and into logs.
 */
static void
keep_refusal(struct sasl *s, const char *said, size_t n)
{
	const struct secret *token = s->id->secret;
	struct buf text;

	if (secret_len(token) > 0 &&
	    memmem(said, n, secret_reveal(token), secret_len(token)) != NULL) {
		snprintf(s->refusal, sizeof(s->refusal),
		    "(not shown: it repeats the token)");
		return;
	}
	buf_init(&text, sizeof(s->refusal) - 1);
	text_add_safe(&text, said, n, sizeof(s->refusal) - 8);
	snprintf(s->refusal, sizeof(s->refusal), "%s",
	    text.len > 0 ? text.data : "");
	buf_clear(&text);
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

	if (s->step != STEP_SAID)
		return out_of_place(s, e);
	buf_init(&said, CHALLENGE_MAX);
	if (!text_add_unbase64(&said, challenge, strlen(challenge)) ||
	    said.len == 0) {
		/* Some servers say why in plain words here. */
		keep_refusal(s, challenge, strlen(challenge));
		buf_clear(&said);
		return out_of_place(s, e);
	}
	keep_refusal(s, said.data, said.len);
	buf_clear(&said);
	if (s->mech == SASL_OAUTHBEARER)
		secret_add_str(out, "\1");
	s->step = STEP_END;
	return 0;
}

static int
answer_login(struct sasl *s, struct secret *out, struct err *e)
{
	switch (s->step) {
	case STEP_BEGIN:
		secret_add_str(out, s->id->user);
		s->step = STEP_SAID;
		return 0;
	case STEP_SAID:
		add_secret(out, s->id->secret);
		s->step = STEP_END;
		return 0;
	default:
		return out_of_place(s, e);
	}
}

int
sasl_answer(
    struct sasl *s, const char *challenge, struct secret *out, struct err *e)
{
	switch (s->mech) {
	case SASL_XOAUTH2:
	case SASL_OAUTHBEARER:
		return answer_error(s, challenge, out, e);
	case SASL_LOGIN:
		return answer_login(s, out, e);
	case SASL_PLAIN:
	case SASL_MECHS:
		break;
	}
	return out_of_place(s, e);
}
