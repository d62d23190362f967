/* SPDX-License-Identifier: ISC */
/*
 * spool_aid: a spool of the test's own, with messages in it; and system calls
 * that fail when they are told to, since the program's own come before those
 * of the C library.
 */
#ifndef T_SPOOL_AID_H
#define T_SPOOL_AID_H

#include "gate/spool.h"
#include "gate/spool_part.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "aid.h"

/* ---- calls that fail */

enum spool_aid_call {
	CALL_ACCESS,
	CALL_LINKAT,
	CALL_RENAMEAT2,
	CALL_RENAMEAT,
	CALL_UNLINKAT,
	CALL_FSYNC,
	CALL_FDATASYNC,
	CALL_SYNCFS,
	CALL_PWRITE,
	CALLS
};

static struct {
	int count; /* calls so far */
	int from;  /* the first that fails; 0: none does */
	int until; /* the first that does not any more; 0: all do */
	int error;
} calls[CALLS];

static inline void
calls_fail(enum spool_aid_call c, int from, int until, int error)
{
	calls[c].count = 0;
	calls[c].from = from;
	calls[c].until = until;
	calls[c].error = error;
}

static inline void
calls_mend(void)
{
	memset(calls, 0, sizeof(calls));
}

static bool
call_fails(enum spool_aid_call c)
{
	int n = ++calls[c].count;

	if (calls[c].from == 0 || n < calls[c].from ||
	    (calls[c].until != 0 && n >= calls[c].until))
		return false;
	errno = calls[c].error;
	return true;
}

int
access(const char *path, int mode)
{
	return call_fails(CALL_ACCESS)
		   ? -1
		   : (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

int
linkat(int from, const char *old, int to, const char *new, int flags)
{
	return call_fails(CALL_LINKAT)
		   ? -1
		   : (int)syscall(SYS_linkat, from, old, to, new, flags);
}

int
renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	return call_fails(CALL_RENAMEAT2)
		   ? -1
		   : (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

int
renameat(int from, const char *old, int to, const char *new)
{
	return call_fails(CALL_RENAMEAT)
		   ? -1
		   : (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

int
unlinkat(int dir, const char *name, int flags)
{
	return call_fails(CALL_UNLINKAT)
		   ? -1
		   : (int)syscall(SYS_unlinkat, dir, name, flags);
}

/* Syncs are counted, not made: nobody cuts the power here. */
int
fsync(int fd)
{
	(void)fd;
	return call_fails(CALL_FSYNC) ? -1 : 0;
}

int
fdatasync(int fd)
{
	(void)fd;
	return call_fails(CALL_FDATASYNC) ? -1 : 0;
}

int
syncfs(int fd)
{
	(void)fd;
	return call_fails(CALL_SYNCFS) ? -1 : 0;
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	return call_fails(CALL_PWRITE) ? -1
				       : syscall(SYS_pwrite64, fd, p, n, at);
}

/* What happens, once, between the opening of a file and its lock. */
static void (*before_flock)(void);

int
flock(int fd, int how)
{
	void (*act)(void) = before_flock;

	before_flock = NULL;
	if (act != NULL)
		act();
	return (int)syscall(SYS_flock, fd, how);
}

/* ---- a spool */

#define ID_A "1hf7yat00aaaaa01"
#define ID_B "1hf7yat00aaaab02"
#define ID_C "1hf7yat00aaaac03"
#define TEXT "Subject: one\r\n\r\nfirst line\r\nsecond line\r\n"

static struct spool *spool;

static inline void
spool_aid_begin(void)
{
	struct err e = ERR_NONE;

	aid_make_dir();
	calls_mend();
	ck_assert_msg(
	    spool_open(aid_path("spool"), &spool, &e) == 0, "%s", e.text);
}

static inline void
spool_aid_end(void)
{
	calls_mend();
	spool_close(spool);
	spool = NULL;
	aid_remove_dir();
}

/* As another process sees it. */
static inline void
open_again(void)
{
	struct err e = ERR_NONE;

	spool_close(spool);
	ck_assert_msg(
	    spool_open(aid_path("spool"), &spool, &e) == 0, "%s", e.text);
}

/* The path of a file in the spool: "queue/01/ID". */
static inline const char *
path_of(unsigned place, const char *id, const char *suffix)
{
	char name[SPOOL_NAME_MAX], below[SPOOL_NAME_MAX + 8];

	spool_name(name, place, id, suffix);
	snprintf(below, sizeof(below), "spool/%s", name);
	return aid_path(below);
}

static inline bool
is_there(unsigned place, const char *id, const char *suffix)
{
	struct stat st;

	return lstat(path_of(place, id, suffix), &st) == 0;
}

static inline void
add_rcpt(struct spool_item *i, const char *text)
{
	ck_assert_int_eq(envelope_restore_rcpt(&i->envelope, text, NULL), 0);
}

/* What a submitter fills in; two recipients. */
static inline struct spool_item
make_head(const char *id)
{
	struct spool_item i = { .uid = 1000, .accepted = 1700000000000 };

	snprintf(i.envelope.id, sizeof(i.envelope.id), "%s", id);
	i.profile = strdup("default");
	ck_assert_int_eq(
	    envelope_restore_sender(&i.envelope, "ann@example.com", NULL), 0);
	add_rcpt(&i, "bob@example.org");
	add_rcpt(&i, "\"c d\"@example.net");
	return i;
}

static inline struct spool_draft *
begin_text(const char *id, const char *text, size_t n)
{
	struct spool_item head = make_head(id);
	struct spool_draft *d = NULL;
	struct err e = ERR_NONE;

	ck_assert_msg(spool_begin(spool, &head, &d, &e) == 0, "%s", e.text);
	ck_assert_int_eq(spool_sink(d)->write(spool_sink(d), text, n), 0);
	spool_item_clear(&head);
	return d;
}

static inline struct spool_claim *
put_claimed(const char *id)
{
	struct spool_claim *c = NULL;
	struct err e = ERR_NONE;

	ck_assert_msg(spool_commit(begin_text(id, TEXT, strlen(TEXT)), false,
			  false, &c, &e) == 0,
	    "%s", e.text);
	return c;
}

static inline void
put(const char *id)
{
	spool_release(put_claimed(id));
}

static inline int
try_claim(unsigned place, const char *id, struct spool_claim **c)
{
	*c = NULL;
	return spool_claim(spool, place, id, c, NULL);
}

static inline struct spool_claim *
claim(unsigned place, const char *id)
{
	struct spool_claim *c = NULL;
	struct err e = ERR_NONE;

	ck_assert_msg(spool_claim(spool, place, id, &c, &e) == 0, "%s", e.text);
	return c;
}

/* Claim, look, release: what spool_claim() says. */
static inline int
claim_code(unsigned place, const char *id)
{
	struct spool_claim *c;
	int code = try_claim(place, id, &c);

	spool_release(c);
	return code;
}

/* Its text, as spool_read() gives it in pieces; -1 for what is damaged. */
static inline ssize_t
read_text(struct spool_claim *c, char *p, size_t size, size_t piece)
{
	size_t at = 0;
	ssize_t got;

	while ((got = spool_read(
		    c, p + at, size - at < piece ? size - at : piece, at)) > 0)
		at += (size_t)got;
	return got == -1 ? -1 : (ssize_t)at;
}

/* Mark the first recipient as delivered, and an attempt. */
static inline void
deliver_first(struct spool_claim *c)
{
	struct spool_state *s = &spool_item(c)->state;

	outcome_set(&s->result[0], OUTCOME_DELIVERED, OUTCOME_CLASS_NONE,
	    OUTCOME_AT_FINAL, 250, "2.0.0 ok");
	s->attempts++;
	s->last = 1700000001000;
	s->next = 1700000061000;
}

/* Has the message in that place the first recipient as delivered? */
static inline bool
is_first_delivered(unsigned place, const char *id)
{
	struct spool_item i;
	struct err e = ERR_NONE;
	bool busy, yes;

	ck_assert_msg(
	    spool_peek(spool, place, id, &i, &busy, &e) == 0, "%s", e.text);
	yes = i.state.result[0].kind == OUTCOME_DELIVERED;
	spool_item_clear(&i);
	return yes;
}

struct names {
	char text[4096];
};

static inline bool
names_add(void *ctx, const char *id)
{
	struct names *n = ctx;
	size_t len = strlen(n->text);

	snprintf(n->text + len, sizeof(n->text) - len, "%s ", id);
	return true;
}

/* The IDs of a place, each with a blank behind it. */
static inline const char *
names_of(unsigned place)
{
	static struct names n;
	struct err e = ERR_NONE;

	n.text[0] = '\0';
	ck_assert_msg(
	    spool_each(spool, place, names_add, &n, &e) == 0, "%s", e.text);
	return n.text;
}

/* How many entries has a folder below the spool? */
static inline int
count_in(const char *folder)
{
	char below[SPOOL_NAME_MAX];
	DIR *d;
	int n = -2; /* . and .. */

	snprintf(below, sizeof(below), "spool/%s", folder);
	d = opendir(aid_path(below));
	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* The first n octets of a file; its length. */
static inline size_t
slurp(const char *path, char *p, size_t n)
{
	FILE *f = fopen(path, "r");
	size_t got;

	ck_assert_ptr_nonnull(f);
	got = fread(p, 1, n, f);
	fclose(f);
	return got;
}

static inline void
spew(const char *path, const char *p, size_t n)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

#endif
