/* SPDX-License-Identifier: ISC */
/*
 * jwt: JSON Web Tokens (RFC 7519, 7515): signed assertions of ours (RFC 7523),
 * a look into those of others, and Google's service-account file.
 *
 * Must not know: token endpoints, files, profiles.
 */
#ifndef GATE_JWT_H
#define GATE_JWT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "gate/crypt.h"

#include <stdbool.h>
#include <stdint.h>

enum { JWT_LIFE = 300 /* s that an assertion of ours is good for */ };

/* What an assertion says. Borrowed; what is NULL is left out. */
struct jwt_order {
	const struct crypt_key *key;
	enum crypt_sign alg;
	const char *typ; /* NULL: "JWT" */
	const char *kid;
	const struct crypt_cert *cert; /* gives x5t and x5t#S256 */
	const char *iss, *sub, *aud, *scope;
	int64_t life; /* s, more than 0; JWT_LIFE unless told otherwise */
};

/*
 * Make and sign it: iat is now, nbf a minute before (clocks differ), exp now
 * and life, jti random. now: ms since 1970. EX_CONFIG where the key can't sign
 * so; EX_SOFTWARE.
 */
int jwt_make(
    const struct jwt_order *q, int64_t now, struct secret *out, struct err *e);

/* Does it look like one: three runs of base64url (the last may be empty), two
 * JSON objects first? Then header and claims, to be freed; NULL for what is not
 * wanted. Nothing is verified: it is for people to look at. */
bool jwt_look(
    const struct secret *token, struct json **header, struct json **claims);

/* Google's key file for a service account. */
struct jwt_account {
	char *email;  /* iss */
	char *key_id; /* kid, or NULL */
	char *token_url;
	struct secret key; /* PEM */
};

/*
 * Fill *a, which need not be begun, and is to be cleared in any case.
 * EX_CONFIG: no JSON, of another type ("authorized_user", an OAuth client),
 * with what to fetch instead; a member missing. No text repeats the key.
 */
int jwt_account_read(
    const struct secret *text, struct jwt_account *a, struct err *e);
void jwt_account_clear(struct jwt_account *a);

#endif
