/* SPDX-License-Identifier: ISC */
/* submit_part: what the parts of submit share; for them alone. */
#ifndef CORE_SUBMIT_PART_H
#define CORE_SUBMIT_PART_H

#include "core/submit.h"

/* Give it that domain, whatever it has. */
void submit_complete(struct addr *a, const char *domain);

/*
 * ---- submit_rcpts: the recipients of the request into the envelope: local
 * ones by aliases, else by `unaliased`. EX_CONFIG, EX_NOUSER, EX_DATAERR.
 */
int submit_admit_rcpts(const struct submit_request *r, const struct conf *c,
    struct envelope *v, struct err *e);

#endif
