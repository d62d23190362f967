/* SPDX-License-Identifier: ISC */
/*
 * vault: named blobs in a private directory, sealed, 0600, replaced atomically,
 * the previous generation kept, with a lock beside each. Names are
 * percent-encoded into file names.
 *
 * NAME.blob: one line "osmtp-vault 2", then the sealed text and LF. Another
 * version is EX_DATAERR and is left alone. NAME.prev: the generation before,
 * for a person to look at; nothing here reads it.
 *
 * Must not know: that blobs are tokens.
 */
#ifndef GATE_VAULT_H
#define GATE_VAULT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "gate/seal.h"

#include <stdint.h>

enum { VAULT_MAX_BLOB = 48 * 1024 };

/* Borrowed. */
struct vault {
	const char *dir;
	const struct seal_ring *ring;
};

/* Read a blob. EX_NOINPUT if there is none; EX_NOPERM if it is not ours or
 * others may read it; EX_DATAERR; EX_CONFIG if its key is missing. */
int vault_read(
    const struct vault *v, const char *name, struct secret *out, struct err *e);

/*
 * Room for the next generation, made and synced (dir too, 0700, if need be), so
 * that storing it can't fail for want of space or permission. vault_store()
 * may be repeated after a failure. EX_CANTCREAT, EX_IOERR.
 */
struct vault_slot;
int vault_reserve(const struct vault *v, const char *name,
    struct vault_slot **out, struct err *e);
int vault_store(struct vault_slot *s, const struct secret *blob, struct err *e);
void vault_release(struct vault_slot *s); /* takes NULL */

/* Both in one. */
int vault_write(const struct vault *v, const char *name,
    const struct secret *blob, struct err *e);

/* Remove what a crash has left of its files half-written; under its lock. */
void vault_sweep(const struct vault *v, const char *name);

/* Forget it, both generations, for good. EX_IOERR. */
int vault_remove(const struct vault *v, const char *name, struct err *e);

/* Take the blob's lock until the instant due (sys_mono); close *fd ends it.
 * EX_TEMPFAIL, EX_CANTCREAT. */
int vault_lock(const struct vault *v, const char *name, int64_t due, int *fd,
    struct err *e);

/* ---- what is stored, and by which key (for a change of keys) */

enum vault_generation { VAULT_NOW, VAULT_PREVIOUS };

/* Add the names of all blobs, and of those that had a lock, sorted. A directory
 * that is not there has none. EX_NOPERM, EX_IOERR. */
int vault_list(const struct vault *v, struct text_list *names, struct err *e);

/* By which key is that generation sealed? Needs no ring. As vault_read(). */
int vault_kid(const struct vault *v, const char *name, enum vault_generation g,
    char kid[SEAL_KID_LENGTH + 1], struct err *e);

/*
 * Seal that generation by the first key of the ring, unless it is; the time of
 * its sealing stays. It is replaced as a whole or not at all. To be called
 * under its lock. As vault_read(), and EX_CANTCREAT, EX_IOERR.
 */
int vault_renew(const struct vault *v, const char *name,
    enum vault_generation g, struct err *e);

/* The file that it lies in, to be freed; NULL for what is not usable as a
 * name. */
char *vault_path(
    const struct vault *v, const char *name, enum vault_generation g);

#endif
