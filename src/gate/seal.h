/* SPDX-License-Identifier: ISC */
/*
 * seal: a secret as text that only a key of ours opens: for a string in a
 * configuration ("sealed:v1:..."), for a blob in the vault. Bound to what it is
 * for, so that it opens nowhere else. The key ring: the first key seals, all
 * open.
 *
 * What it protects: copies of the file without the key. Neither root nor the
 * account that osmtp runs as is kept out.
 *
 * Must not know: what a secret is good for, profiles' settings.
 */
#ifndef GATE_SEAL_H
#define GATE_SEAL_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define SEAL_PREFIX "sealed:v1:"

enum { SEAL_KID_LENGTH = 8, SEAL_MAX_SECRET = 64 * 1024 };

/* Where keys may lie, in the order in which they count; NULL: nowhere. */
struct seal_places {
	const char *credential; /* $CREDENTIALS_DIRECTORY/osmtp-seal */
	const char *system;	/* /etc/osmtp/seal.key */
	const char *own;	/* beside the user's osmtp.conf */
	const char *state; /* made at first need where all else is absent */
};

struct seal_ring;

/*
 * Load the keys that are there. A file that belongs neither to root nor to the
 * effective uid, or that others may read (0600, or 0640 with group osmtp), is
 * EX_NOPERM; a damaged one EX_CONFIG; one of the first three that may not be
 * read by us counts as absent. make: with no key at all, one is made in
 * places->state (0600, its directory 0700); else an empty ring is good, and
 * seal_open() says which key is missing.
 *
 * File: lines "KID CREATED BASE64", CREATED in seconds since 1970, the newest
 * first; a line that begins with # is a comment. KID follows from the key, so
 * that a damaged one is seen. A file without a key counts as absent.
 */
int seal_load(const struct seal_places *places, bool make,
    struct seal_ring **out, struct err *e);
void seal_free(struct seal_ring *r); /* takes NULL; keys are wiped */

/* Put a new key first into the file at path (made if absent; atomically). kid
 * gets its name. EX_CANTCREAT, EX_IOERR, EX_NOPERM, EX_CONFIG. */
int seal_new_key(
    const char *path, char kid[SEAL_KID_LENGTH + 1], struct err *e);

/* Take that key out of the file at path, atomically; all else in it stays, and
 * so do its owner and mode. Whatever it has sealed opens no more. EX_NOINPUT if
 * it is not in the file; else as above. */
int seal_drop_key(const char *path, const char *kid, struct err *e);

/* Key i of the ring, the first one seals: name, time of making (s since 1970),
 * file; false behind the last. Borrowed. */
struct seal_key {
	const char *kid;
	int64_t created;
	const char *path;
};
bool seal_key(const struct seal_ring *r, size_t i, struct seal_key *k);

/* What a secret is for: "config" or "cache", the profile, the field. */
struct seal_use {
	const char *purpose, *profile, *field;
};

/*
 * Seal: append "sealed:v1:KID:BASE64URL" to out. Open: the reverse, with the
 * time of sealing (s since 1970) where sealed_at is not NULL.
 *
 * Blob: salt (16), nonce (12), ciphertext, tag (16); AES-256-GCM under
 * HKDF-SHA256(key, salt, "osmtp seal v1 " purpose); version, kid, purpose,
 * profile and field are authenticated. Inside: form, sealed_at, length, the
 * secret, padding to 64 octets.
 *
 * EX_DATAERR for a text that is no blob, was altered, or was sealed for another
 * use; EX_CONFIG if its key is not in the ring, with its name.
 */
int seal_close(const struct seal_ring *r, const struct seal_use *use,
    const struct secret *in, struct buf *out, struct err *e);
int seal_open(const struct seal_ring *r, const struct seal_use *use,
    const char *text, struct secret *out, int64_t *sealed_at, struct err *e);

/* Append what text holds, sealed anew by the first key, with the time of
 * sealing that it has: the secret is no younger for it. As seal_open(); the new
 * text has been opened once before this returns. */
int seal_renew(const struct seal_ring *r, const struct seal_use *use,
    const char *text, struct buf *out, struct err *e);

/* Has text the form of a sealed secret? The look of it only. EX_DATAERR with
 * what is wrong. kid gets the name of its key if it is not NULL. */
int seal_check_form(
    const char *text, char kid[SEAL_KID_LENGTH + 1], struct err *e);

#endif
