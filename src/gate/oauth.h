/* SPDX-License-Identifier: ISC */
/*
 * oauth: ask a token endpoint (RFC 6749) and understand its answer. The only
 * grant for now is client_credentials (4.4).
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

/* How the client shows who it is (RFC 6749 2.3.1). */
enum oauth_client_auth {
	OAUTH_AUTH_POST,     /* client_id and client_secret in the body */
	OAUTH_AUTH_BASIC,    /* Basic, both form-encoded first */
	OAUTH_AUTH_BASIC_RAW /* Basic, as they are */
};

/* Borrowed strings. */
struct oauth_client {
	const char *client_id;
	enum oauth_client_auth client_auth;
	const char *token_url;
	const char *scope;   /* or NULL */
	const char *ca_file; /* or NULL */
};

struct oauth_token {
	struct secret access;
	int64_t obtained; /* sys_now() when the answer came */
	int64_t expires;  /* sys_now() terms */
};

enum {
	OAUTH_MAX_ANSWER = 64 * 1024,
	OAUTH_MAX_TOKEN = 16 * 1024,
	OAUTH_DEFAULT_LIFE = 3600, /* s, where the answer has no expires_in */
	OAUTH_MAX_LIFE = 30 * 86400
};

void oauth_token_init(struct oauth_token *t);
void oauth_token_clear(struct oauth_token *t);

/*
 * Ask for a token; blocks up to timeout_ms. True with *t filled; else false
 * with *o: stage TOKEN, code the HTTP status (0: no answer), class by
 * status and error word (L, C, P), text the error word and description as the
 * endpoint wrote them, or ours. now: sys_now().
 */
bool oauth_client_credentials(const struct oauth_client *c,
    const struct secret *client_secret, int64_t timeout_ms, int64_t now,
    struct oauth_token *t, struct outcome *o);

/*
 * The part of it that parses: an answer of that HTTP status with n octets of
 * body. For tests and fuzzing.
 */
bool oauth_read_answer(int status, const char *body, size_t n, int64_t now,
    struct oauth_token *t, struct outcome *o);

/*
 * A token as octets for a store, with what it was asked with; and back. A
 * packed token of another client, endpoint or scope, of another version or
 * damaged is EX_DATAERR: it is as if there were none.
 */
void oauth_pack(const struct oauth_token *t, const struct oauth_client *c,
    struct secret *out);
int oauth_unpack(const struct secret *in, const struct oauth_client *c,
    struct oauth_token *t, struct err *e);

#endif
