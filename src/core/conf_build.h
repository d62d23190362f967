/* SPDX-License-Identifier: ISC */
/*
 * conf_build: a profile as written becomes a profile to work with: what is
 * required is there, defaults that depend are filled in, and keys that belong
 * together fit.
 *
 * Must not know: libconfig, other profiles.
 */
#ifndef CORE_CONF_BUILD_H
#define CORE_CONF_BUILD_H

#include "base/err.h"
#include "core/conf_table.h"

/*
 * Complete d->p. owner: who may send by a mailbox of a user's own file where
 * users is not set; NULL in the system's, where it must be set. home is
 * borrowed. wire.hello of the servers is left to the caller, and so is what
 * `credentials` refers to. EX_CONFIG.
 */
int conf_build(struct conf_entry *d, const struct profile_home *home,
    const char *owner, struct err *e);

/* Let p, as d wrote it, use the account of from: its servers too, but with
 * timeouts of its own. */
void conf_build_borrower(
    const struct conf_entry *d, struct profile *p, const struct profile *from);

#endif
