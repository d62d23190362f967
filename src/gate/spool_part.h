/* SPDX-License-Identifier: ISC */
/* What the parts of spool share. The states are at the head of spool.c. */
#ifndef GATE_SPOOL_PART_H
#define GATE_SPOOL_PART_H

#include "gate/spool.h"

#include <time.h>

#include "base/buf.h"

enum {
	SPOOL_GONE = SPOOL_BAD + 1, /* no place: what was removed is there */
	SPOOL_PLACES = SPOOL_GONE,
	SPOOL_NEW, /* no place either, but a folder: see spool_walk() */
	SPOOL_NAME_MAX = 64 /* octets of a name below the spool, and NUL */
};

#define SPOOL_STATE ".state" /* behind an ID */
#define SPOOL_LOG   "settle.log"

/* A file that has no name yet or, where such can't be, a hidden one. */
struct spool_temp {
	int fd; /* or -1 */
	char name[SPOOL_NAME_MAX];
};

struct spool {
	char *path;
	int fd;
	struct spool_log *log;	   /* while a batch is on */
	struct spool_temp reserve; /* room for one state */
};

/* What a message's file is made of. */
struct spool_measure {
	uint64_t head, text; /* octets of each */
	uint32_t head_crc;   /* checksum of the head */
	uint32_t whole_crc;  /* as the trailer tells it */
	bool eight_bit, repair;
};

struct spool_claim {
	struct spool *spool;
	int fd;
	unsigned place; /* or SPOOL_GONE; in a batch: where it will be */
	struct spool_item item;
	struct spool_measure measure;
	struct buf saved; /* state as last written, in a batch: as logged */
	uint64_t seen;	  /* octets of text that were read in a row */
	uint32_t crc;	  /* over head and these */
	bool damaged;
};

/* What is to become of an item; how it is told apart from a later one that
 * took its ID is the time at which its file was written. */
struct spool_want {
	char id[ENVELOPE_ID_MAX + 1];
	unsigned to;
	struct timespec written;
	struct buf state; /* empty: no file */
};

/* ---- spool_text.c: lines of "key value", hexadecimal numbers */

/* Octets to be taken line by line. Begin it with at and left. */
struct spool_lines {
	const char *at;
	size_t left;
	struct buf line; /* the last one taken, without its end */
};

/* Take a line; false if there is none, or if it holds a control character. */
bool spool_lines_next(struct spool_lines *l);
/* If the next line is "key value", take it and return value, else NULL. */
const char *spool_lines_value(struct spool_lines *l, const char *key);
/* The same for a number of at most max. */
bool spool_lines_number(
    struct spool_lines *l, const char *key, uint64_t max, uint64_t *out);
/* The same for a line that is the key alone. */
bool spool_lines_flag(struct spool_lines *l, const char *key);

/* The first line must be "KIND 1": EX_CONFIG for a larger number, EX_DATAERR
 * for anything else. Looks at the first n octets only. */
int spool_check_version(
    const char *p, size_t n, const char *kind, struct err *e);

/* Exactly so many lower-case digits? */
bool spool_parse_hex(const char *p, size_t digits, uint64_t *out);

/* ---- spool_file.c: the form of a message's file */

enum {
	SPOOL_TRAILER = 64,
	SPOOL_HEAD_MAX = 64 * 1024 * 1024 /* ENVELOPE_MAX_RCPTS fit */
};

/* Append the head, and read it back into *out, which begins as {0} and is to be
 * cleared in any case: EX_DATAERR for what can't be. */
int spool_file_add_head(struct buf *b, const struct spool_item *head,
    struct spool_item *out, struct err *e);

/* Read it into *out, which begins as {0} and is to be cleared in any case.
 * EX_DATAERR, EX_CONFIG. */
int spool_file_parse_head(
    const char *p, size_t n, struct spool_item *out, struct err *e);

/* The trailer of a file whose head and text have that checksum; not
 * NUL-terminated. Sets m->whole_crc. */
void spool_file_make_trailer(
    char out[SPOOL_TRAILER], struct spool_measure *m, uint32_t crc);

/* Read one of a file of size octets; m->head_crc is what the trailer tells of
 * the head and itself, see spool_file_check_head(). */
bool spool_file_parse_trailer(
    const char p[SPOOL_TRAILER], uint64_t size, struct spool_measure *m);

/* Is the head whose checksum is crc the one that the trailer was made for?
 * m->head_crc is crc then. */
bool spool_file_check_head(struct spool_measure *m, uint32_t crc);

/* The same for head and text. */
bool spool_file_check_whole(const struct spool_measure *m, uint32_t crc);

/* ---- spool_state.c: the form of a state file */

/* Append it; nothing for a state that needs no file. */
void spool_state_add_to(struct buf *b, const struct spool_item *i);

/* Read it into i->state, whose results are there, all open. EX_DATAERR: it is
 * damaged, or not of this message; EX_CONFIG: of a later version. The state is
 * as it was then. */
int spool_state_parse(
    const char *p, size_t n, struct spool_item *i, struct err *e);

/* ---- spool_record.c: the form of settle.log */

enum { SPOOL_LOG_HEAD = 64 };

/* A head of its own for each time the log was empty: *chain is the checksum
 * with which its first record begins. */
void spool_record_make_head(
    char out[SPOOL_LOG_HEAD], uint64_t chance, uint32_t *chain);
int spool_record_check_head(
    const char p[SPOOL_LOG_HEAD], uint32_t *chain, struct err *e);

void spool_record_add_to(
    struct buf *b, const struct spool_want *w, uint32_t *chain);

/* Read the record at p into *w, which begins as {0}; its length, or 0 if there
 * is no whole one that continues the chain (*w is cleared then). */
size_t spool_record_parse(
    const char *p, size_t n, uint32_t *chain, struct spool_want *w);

void spool_want_clear(struct spool_want *w);

/* ---- spool.c */

/* The name of ID or ID.state in a place, below the spool. */
void spool_name(char name[SPOOL_NAME_MAX], unsigned place, const char *id,
    const char *suffix);

/* "WHAT: PATH/NAME: reason" */
int spool_fail(const struct spool *s, int code, int errnum, const char *what,
    const char *name, struct err *e);

/* A new file, open for reading and writing, locked by us. 0, or -1 with errno
 * set. */
int spool_temp_open(struct spool *s, struct spool_temp *t);
/* Remove its name if it has one, close it. */
void spool_temp_close(struct spool *s, struct spool_temp *t);
/* Give it name, which must be free (EEXIST); the folder is made where it is
 * absent. 0, or -1 with errno set; it may have got the name nevertheless. */
int spool_temp_link(struct spool *s, struct spool_temp *t, const char *name);
/* Give it a hidden name in new/ if it has none. */
int spool_temp_hide(struct spool *s, struct spool_temp *t);

/* rename(2) below the spool, making the folder where it is absent; if not
 * replace, it fails with EEXIST where to exists. */
int spool_rename(
    struct spool *s, const char *from, const char *to, bool replace);

/* Sync the folder that name is in; 0, or -1 with errno set. */
int spool_sync_folder(struct spool *s, const char *name);

/* All of fd from offset at: 0, or -1 with errno set (EBADMSG at its end). */
int spool_pread(int fd, void *p, size_t n, uint64_t at);
int spool_pwrite(int fd, const void *p, size_t n, uint64_t at);

/* Call fn for each entry of a place or of new/: folder is its hh, or "". */
int spool_walk(struct spool *s, unsigned place,
    bool (*fn)(void *ctx, const char *folder, const char *name), void *ctx,
    struct err *e);

/* Is name, in this folder of the place, an ID where it belongs? */
bool spool_is_at_home(const char *folder, const char *name);

/* ---- spool_settle.c */

/*
 * Make it so, whatever of it is done already; from: where the message's file
 * is. sync: for good, else the caller syncs. EX_IOERR, EX_CANTCREAT.
 */
int spool_apply(struct spool *s, unsigned from, const struct spool_want *w,
    bool sync, struct err *e);

/* ---- spool_log.c */

/* Note it instead; c is its claim. */
int spool_log_note(struct spool *s, struct spool_claim *c,
    const struct spool_want *w, struct err *e);

/* In our own batch: if it has noted results of ID, apply them. EX_TEMPFAIL. */
int spool_log_before_claim(struct spool *s, const char *id, struct err *e);

/* Else, before ID is used, whose file is locked by us: apply what a log that
 * was left tells of it. EX_TEMPFAIL if that can't be done now. EX_CONFIG. */
int spool_log_catch_up(struct spool *s, const char *id, struct err *e);

/* End a claim's lock: at once, or with the flush that its results wait for. */
void spool_log_unlock(struct spool *s, const char *id, int fd);

/* Can a result be noted? */
int spool_log_check(struct spool *s, struct err *e);

#endif
