/* SPDX-License-Identifier: ISC */
/*
 * spool: the queue on disk. A message is one file: envelope, text, trailer;
 * what happened to it stands in a second one beside it, once there is something
 * to say. Any number of processes use it at once: a claim is a lock on the
 * message's file, and dies with its process. The table of states is at the head
 * of spool.c and in osmtp-queue(5).
 *
 * Must not know: settings, credentials, SMTP; a profile is a name here.
 */
#ifndef GATE_SPOOL_H
#define GATE_SPOOL_H

#include "base/err.h"
#include "base/stream.h"
#include "mail/envelope.h"
#include "mail/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct spool;

/* Folders of finished files. */
enum spool_place {
	SPOOL_QUEUE,  /* to be delivered */
	SPOOL_FAILED, /* given up, kept for a while */
	SPOOL_BAD     /* damaged, or not ours: a person looks */
};

/* What happened so far; what is zero here needs no file. */
struct spool_state {
	unsigned attempts;
	int64_t last;  /* wall clock of the last attempt, ms since 1970 */
	int64_t next;  /* not before then */
	int64_t able;  /* ms for which it was seen that it could have gone */
	bool held;     /* by an administrator */
	bool warned;   /* the sender was told of the delay */
	bool returned; /* a report on its end is made, or none is due */
	bool by_pause; /* in failed/ since its profile was paused too long */
	bool perhaps_sent; /* the file of this was lost: some may have got it */
	char server[128];  /* "host:port" of the last attempt, or "" */
	struct outcome *result; /* one for each recipient; kind OPEN, LATER and
				   UNCLEAR are to be tried, the others are
				   final. NULL only while no claim made it */
};

struct spool_item {
	struct envelope envelope; /* id, sender, recipients, size, flags */
	char *profile;
	uid_t uid;	  /* who submitted it */
	int64_t accepted; /* ms since 1970 */
	bool report;	  /* never to be answered */
	struct spool_state state;
};

/* Free what i holds; it may be {0}. */
void spool_item_clear(struct spool_item *i);

/* Some of the messages: those in whose ID, in one of whose recipients that have
 * not got it, or in whose sender the text stands, whatever its case; or, if
 * negated, does not. Borrowed. */
enum spool_select_by { SPOOL_ALL, SPOOL_BY_ID, SPOOL_BY_RCPT, SPOOL_BY_SENDER };
struct spool_select {
	enum spool_select_by by;
	bool negated;
	const char *text;
};

/* Is i one of them? */
bool spool_is_selected(
    const struct spool_select *s, const struct spool_item *i);

/* Is there a recipient left to be tried? */
bool spool_is_open(const struct spool_item *i);

/*
 * Open the spool at path, making it and its folders (0700) where absent.
 * EX_CANTCREAT; EX_NOPERM with path, owner, mode and our uid where it is not
 * ours; EX_CONFIG for a spool of a later version.
 */
int spool_open(const char *path, struct spool **out, struct err *e);
void spool_close(struct spool *s); /* takes NULL */
const char *spool_path(const struct spool *s);

/* Is there room for size octets more, with min_free octets and min_inodes left
 * over? EX_TEMPFAIL with both figures. */
int spool_check_room(const struct spool *s, uint64_t size, uint64_t min_free,
    uint64_t min_inodes, struct err *e);

/* ---- accepting */

struct spool_draft;
struct spool_claim;

/*
 * Begin a message: envelope (its size, eight_bit and repair count for nothing
 * yet), profile, uid, accepted and report are taken from head. The file has no
 * name yet, is locked, and vanishes with its process. EX_CANTCREAT, EX_IOERR;
 * EX_DATAERR for a text that can't stand in an envelope.
 */
int spool_begin(struct spool *s, const struct spool_item *head,
    struct spool_draft **out, struct err *e);

/* Where the message's octets go; its length and checksum are kept. */
struct stream_sink *spool_sink(struct spool_draft *d);

/* Read what was written so far, from its beginning; for dead.letter. One at a
 * time; ended by the next use of d. */
struct stream_source *spool_draft_text(struct spool_draft *d, struct err *e);

/*
 * The message is whole, and its envelope's eight_bit and repair are known:
 * trailer, name, sync of the file, sync of its folder.
 * From 0 on it is durable, and claimed; d is gone then. On failure nothing of
 * it will ever be delivered, and d is still there to be read. EX_IOERR,
 * EX_CANTCREAT; EX_TEMPFAIL where even that could not be made sure: it may
 * still be sent.
 */
int spool_commit(struct spool_draft *d, bool eight_bit, bool repair,
    struct spool_claim **out, struct err *e);
void spool_discard(struct spool_draft *d); /* takes NULL */

/* ---- finding */

/* Call fn for each ID of the place, in no order, until it returns false. Names
 * that are no ID are passed over. What is moved meanwhile may be shown twice or
 * never. No file is opened. EX_NOINPUT. */
int spool_each(struct spool *s, enum spool_place place,
    bool (*fn)(void *ctx, const char *id), void *ctx, struct err *e);

/* Envelope and state without a claim and without reading the text; state.result
 * is filled, *busy tells whether somebody has a claim. EX_NOINPUT: it is gone.
 * EX_DATAERR: damaged. EX_CONFIG: of a later version; it is left alone. */
int spool_peek(struct spool *s, enum spool_place place, const char *id,
    struct spool_item *i, bool *busy, struct err *e);

/* ---- claiming */

/*
 * Claim it. EX_NOINPUT: it is gone; EX_TEMPFAIL: somebody else has it, or the
 * holder of the run lock has results of it that can't be applied yet, or it
 * can't be read for want of something on our side; EX_CONFIG as above.
 * EX_DATAERR: it is damaged, or no message of that ID, and was put into bad/.
 * There a damaged one is claimed nevertheless (spool_is_damaged(); no more than
 * its ID is known) so that it can be removed.
 *
 * A claim is inherited over fork(2): it ends when all have released it.
 */
int spool_claim(struct spool *s, enum spool_place place, const char *id,
    struct spool_claim **out, struct err *e);

/* Give the claim up. What was changed and not saved is forgotten. */
void spool_release(struct spool_claim *c); /* takes NULL */

/* The message, with its state to be changed; saved by spool_save() and its
 * like. Borrowed until the claim ends. */
struct spool_item *spool_item(struct spool_claim *c);

/*
 * Read the text: n octets at most from offset at. Read once from the front to
 * the end, it is verified: instead of its last octets a damaged file gives -1
 * with EBADMSG, so that it is never sent to its end.
 */
ssize_t spool_read(struct spool_claim *c, void *p, size_t n, uint64_t at);
bool spool_is_damaged(const struct spool_claim *c);

/* ---- settling. Each is durable when it returns 0, or, in a batch, with the
 * next spool_flush(). EX_IOERR, EX_CANTCREAT. */

int spool_save(struct spool_claim *c, struct err *e);

/* It is done: file and state go. The claim is only to be released. */
int spool_remove(struct spool_claim *c, struct err *e);

/* Save the state and move it to another place. */
int spool_move(struct spool_claim *c, enum spool_place to, struct err *e);

/* Can results be recorded now? To be asked before an attempt. EX_IOERR,
 * EX_CANTCREAT, EX_TEMPFAIL. */
int spool_check_record(struct spool *s, struct err *e);

/*
 * A batch: this process alone works through the queue. It takes the run lock,
 * applies a log that was left, and settles by a preallocated log from then on:
 * one fdatasync(2) a batch of SPOOL_BATCH or of what spool_flush() finds. What
 * waits for that stays locked, though its claim has ended. With the lock taken
 * by another process: EX_TEMPFAIL; EX_CONFIG for a log of a later version.
 */
enum { SPOOL_BATCH = 32, SPOOL_BATCH_MS = 100 };
int spool_batch_begin(struct spool *s, struct err *e);
int spool_flush(struct spool *s, struct err *e);
bool spool_is_flushed(const struct spool *s);
int spool_batch_end(struct spool *s, struct err *e); /* flushes */

/* ---- cleaning */

/*
 * Remove what crashes have left: drafts with a name that are unlocked and older
 * than a week, states without a message; and failed messages whose last attempt
 * is older than keep_failed ms (0: none), unless a pause moved them there, or
 * their state was lost. These go only once the clock has been steady for a day,
 * by sweeps that were never longer apart than keep_failed (or a week). What was
 * removed is counted in *n. now: sys_now().
 */
int spool_sweep(struct spool *s, int64_t now, int64_t keep_failed, size_t *n,
    struct err *e);

/* Is text an ID of a message or of a report? */
bool spool_is_id(const char *text);

#endif
