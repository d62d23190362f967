/* SPDX-License-Identifier: ISC */
/*
 * advice: what a person can do about an outcome, in one sentence, by class
 * and stage.
 */
#ifndef CMD_ADVICE_H
#define CMD_ADVICE_H

#include "base/buf.h"
#include "core/profile.h"
#include "mail/outcome.h"

/* Append the sentence; nothing for an outcome that needs no act. */
void advice_add(
    struct buf *b, const struct outcome *o, const struct profile *p);

#endif
