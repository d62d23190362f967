/* SPDX-License-Identifier: ISC */
/*
 * cred: a profile's secret for sasl: the password from where the profile says,
 * or an access token from the cache or its endpoint. What may block runs in a
 * child. The life of a secret: fill, then accept or reject.
 *
 * Must not know: messages, the queue, SMTP.
 */
#ifndef CORE_CRED_H
#define CORE_CRED_H

#include "base/loop.h"
#include "core/profile.h"
#include "mail/outcome.h"

#include <stdbool.h>

struct cred;

/*
 * Get the secret for that way (OAUTH or PASSWORD); done(ctx) is called from
 * the loop, never before this returns. refused: a token that a server did not
 * take, so that only another will do, or NULL; copied. p is borrowed until
 * cred_free().
 */
struct cred *cred_fill(struct loop *l, const struct profile *p,
    enum profile_auth way, const struct secret *refused,
    void (*done)(void *ctx), void *ctx);

/* After done: the secret, or NULL; then cred_outcome() says why. */
const struct secret *cred_secret(const struct cred *c);
const struct outcome *cred_outcome(const struct cred *c);

/* Did the secret come from the token cache? */
bool cred_was_cached(const struct cred *c);

/* Forget about it; a child that asks for a token ends its work by itself. */
void cred_free(struct cred *c); /* takes NULL */

#endif
