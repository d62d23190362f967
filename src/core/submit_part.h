/* SPDX-License-Identifier: ISC */
/* submit_part: what the parts of submit share; for them alone. */
#ifndef CORE_SUBMIT_PART_H
#define CORE_SUBMIT_PART_H

#include "core/submit.h"

/* A domain or an address literal, by its octets: fit for a field. */
bool submit_is_host(const char *s);

/* Give it that domain, whatever it has. */
void submit_complete(struct addr *a, const char *domain);

/*
 * ---- submit_rcpts: the recipients of the request into the envelope: local
 * ones by aliases, else by `unaliased`. EX_CONFIG, EX_NOUSER, EX_DATAERR.
 */
int submit_admit_rcpts(const struct submit_request *r, const struct conf *c,
    struct envelope *v, struct err *e);

/* ---- submit_header */

/* The caller as an address, login@domain; begins as {0}. */
void submit_login_address(
    struct addr *a, const struct sys_user *u, const char *domain);

/* Make the header final: fit for every server, but for addresses beyond ASCII;
 * true if it has any. from: the first mailbox of From, or NULL; sender: the
 * envelope's. */
bool submit_finish_header(struct submit_request *r, const struct conf *c,
    const struct submit_admission *a, const struct addr *from,
    const struct addr *sender);

#endif
