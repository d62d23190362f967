/* SPDX-License-Identifier: ISC */
/*
 * oauth: ask a token endpoint (RFC 6749) and understand its answer; by the
 * grants client_credentials (4.4) and refresh_token (6).
 *
 * Must not know: files, sealing, profiles, SMTP.
 */
#ifndef GATE_OAUTH_H
#define GATE_OAUTH_H

#include "base/buf.h"
#include "base/err.h"
#include "mail/outcome.h"

#include <stdbool.h>
#include <stdint.h>

enum oauth_grant { OAUTH_CLIENT_CREDENTIALS, OAUTH_REFRESH_TOKEN };

/* How the client shows who it is (RFC 6749 2.3.1). */
enum oauth_client_auth {
	OAUTH_AUTH_NONE,     /* client_id alone: a public client */
	OAUTH_AUTH_POST,     /* client_id and client_secret in the body */
	OAUTH_AUTH_BASIC,    /* Basic, both form-encoded first */
	OAUTH_AUTH_BASIC_RAW /* Basic, as they are */
};

/* Borrowed strings. */
struct oauth_client {
	enum oauth_grant grant;
	const char *client_id;
	enum oauth_client_auth client_auth;
	const char *token_url;
	const char *scope;   /* or NULL */
	const char *ca_file; /* or NULL */
	const char *pin;     /* as in wire_target, or NULL */
};

struct oauth_token {
	struct secret access;
	struct secret refresh; /* empty: none */
	int64_t obtained;      /* sys_now() when the answer came */
	int64_t expires;       /* sys_now() terms */
};

enum {
	OAUTH_MAX_ANSWER = 64 * 1024,
	OAUTH_MAX_TOKEN = 16 * 1024,
	OAUTH_DEFAULT_LIFE = 3600, /* s, where the answer has no expires_in */
	OAUTH_MAX_LIFE = 30 * 86400
};

void oauth_token_init(struct oauth_token *t);
void oauth_token_clear(struct oauth_token *t);

/* What is sent along; each may be empty. */
struct oauth_proof {
	const struct secret *client_secret;
	const struct secret *refresh_token;
};

/* What else a failed request has shown. */
struct oauth_trouble {
	struct outcome outcome;
	int64_t retry_after; /* ms, or -1 */
	int64_t clock_off;   /* ms that our clock is ahead of the endpoint's,
				where   that may be the reason; else 0 */
	bool unanswered; /* the request went out and no whole answer came: it
			    may have been redeemed */
};

/*
 * Ask for a token by c->grant; blocks up to timeout_ms. True with *t filled: a
 * refresh token in it only if the endpoint gave one. Else false with *f: stage
 * TOKEN, code the HTTP status (0: no answer), error and detail (AADSTS number,
 * error_subtype, suberror), class by hint_classify(), text the error word and
 * description as the endpoint wrote them, or ours. now: sys_now().
 */
bool oauth_request(const struct oauth_client *c,
    const struct oauth_proof *proof, int64_t timeout_ms, int64_t now,
    struct oauth_token *t, struct oauth_trouble *f);

/*
 * The part of it that parses: an answer of that HTTP status with n octets of
 * body. For tests and fuzzing.
 */
bool oauth_read_answer(int status, const char *body, size_t n, int64_t now,
    struct oauth_token *t, struct outcome *o);

#endif
