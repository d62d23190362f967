/* SPDX-License-Identifier: ISC */
/*
 * blob: a secret sealed for a configuration file, by the first of the keys that
 * are for it; one is made at need.
 *
 * Must not know: where the text goes.
 */
#ifndef CMD_BLOB_H
#define CMD_BLOB_H

#include "cmd/cmd.h"
#include "gate/seal.h"

/* A new key for the secrets of that file, which becomes the first; told to the
 * user: on standard output where it was wanted, else on standard error. */
int blob_new_key(const struct cmd_call *c, const struct conf_source *file,
    bool wanted, struct err *e);

/* Seal the secret for that field of a profile of the file. As seal_load(),
 * seal_new_key(), seal_close(). */
int blob_make(const struct cmd_call *c, const struct conf_source *file,
    const char *profile, const char *field, const struct secret *s,
    struct buf *out, struct err *e);

#endif
