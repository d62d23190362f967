/* SPDX-License-Identifier: ISC */
/*
 * vault: named blobs in a private directory, 0600, replaced atomically, with
 * a lock beside each. Names are percent-encoded into file names.
 *
 * File: one line "osmtp-vault 1 plain", then the blob. Another version or
 * form is EX_DATAERR and is left alone.
 *
 * Must not know: that blobs are tokens.
 */
#ifndef GATE_VAULT_H
#define GATE_VAULT_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

enum { VAULT_MAX_BLOB = 64 * 1024 };

/* Read blob name below dir. EX_NOINPUT if there is none; EX_NOPERM if it is
 * not ours or others may read it; EX_DATAERR. */
int vault_read(
    const char *dir, const char *name, struct secret *out, struct err *e);

/* Store it, making dir (0700) if need be. EX_CANTCREAT, EX_IOERR. */
int vault_write(const char *dir, const char *name, const struct secret *blob,
    struct err *e);

/* Forget it. */
int vault_remove(const char *dir, const char *name, struct err *e);

/* Take the blob's lock until the instant due (sys_mono); close *fd ends it.
 * EX_TEMPFAIL, EX_CANTCREAT. */
int vault_lock(
    const char *dir, const char *name, int64_t due, int *fd, struct err *e);

#endif
