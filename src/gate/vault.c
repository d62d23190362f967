/* SPDX-License-Identifier: ISC */
/*
 * vault: named blobs in a private directory.
 *
 * NAME.blob holds a blob, sealed; NAME.prev what it held before. NAME.lock is
 * locked while somebody renews it. The lock is a file of its own that is never
 * removed: a blob is replaced by rename, and a lock on the old inode would
 * protect nothing.
 *
 * A blob is bound to its directory's purpose and to its name, so that one that
 * is renamed does not open. The field is the same for all.
 *
 * Version 1, "osmtp-vault 1 plain", held an access token in clear. It counts
 * as absent (a token request cures that), and does not become a NAME.prev.
 */
#include "gate/vault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/text.h"

#define MARK	 "osmtp-vault " /* whatever the version */
#define FORM	 MARK "2\n"
#define OLD_FORM MARK "1 plain\n"

enum {
	MARK_LEN = sizeof(MARK) - 1,
	FORM_LEN = sizeof(FORM) - 1,
	OLD_FORM_LEN = sizeof(OLD_FORM) - 1,
	/* Sealing adds a head and pads, base64 makes four octets of three. */
	MAX_FILE = FORM_LEN + (VAULT_MAX_BLOB + 1024) / 3 * 4 + 128,
	MAX_NAME = 200 /* encoded; leaves room for suffixes below NAME_MAX */
};

struct vault_slot {
	const struct vault *vault;
	struct fsio_reserve *room;
	char *name;
	char *path, *prev;
};

static struct seal_use
use_of(const char *name)
{
	return (struct seal_use){ "cache", name, "blob" };
}

/* The path of the file that holds name's suffix, or NULL with *e set. */
static char *
path_of(
    const struct vault *v, const char *name, const char *suffix, struct err *e)
{
	struct buf encoded;
	char *path = NULL;

	buf_init(&encoded, MAX_NAME);
	text_add_percent(&encoded, name, strlen(name));
	if (encoded.full || encoded.len == 0)
		err_set(e, EX_CANTCREAT, "%s: \"%.40s\": not usable as a name",
		    v->dir, name);
	else
		path = mem_printf("%s/%s%s", v->dir, encoded.data, suffix);
	buf_clear(&encoded);
	return path;
}

/* Read at most n octets up to the end of the file; -1 with errno. */
static ssize_t
read_whole(int fd, char *p, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, p + have, n - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

/*
 * The sealed text in the n octets of a file, which are ours to write to: what
 * stands behind the first line and before the last LF. EX_NOINPUT for the form
 * that counts as absent.
 */
static int
find_sealed(
    const char *path, char *p, size_t n, const char **text, struct err *e)
{
	if (n > MAX_FILE)
		return err_set(
		    e, EX_DATAERR, "%s: longer than a blob can be", path);
	if (n >= OLD_FORM_LEN && memcmp(p, OLD_FORM, OLD_FORM_LEN) == 0)
		return err_set(e, EX_NOINPUT, "%s: an old form", path);
	if (n < FORM_LEN || memcmp(p, FORM, FORM_LEN) != 0)
		return err_set(e, EX_DATAERR, "%s: %s", path,
		    n >= MARK_LEN && memcmp(p, MARK, MARK_LEN) == 0
			? "written in a form that this version does not know"
			: "not a file of osmtp, or damaged");
	if (n == FORM_LEN || p[n - 1] != '\n')
		return err_set(e, EX_DATAERR, "%s: it is cut short", path);
	p[n - 1] = '\0';
	*text = p + FORM_LEN;
	return 0;
}

/* Is the blob ours alone? Whoever may read it could use it. */
static int
check_private(const char *path, const struct stat *st, struct err *e)
{
	char mode[8];

	if (st->st_uid == geteuid() && (st->st_mode & 077) == 0)
		return 0;
	return err_set(e, EX_NOPERM,
	    "%s: must belong to uid %u with mode 0600: owner is uid %u, mode "
	    "%s",
	    path, (unsigned)geteuid(), (unsigned)st->st_uid,
	    fsio_mode_text(st->st_mode, mode));
}

/* Open it for reading if it is ours alone. */
static int
open_blob(const char *path, int *fd, struct err *e)
{
	struct stat st;
	int rc;

	errno = 0;
	rc = fsio_open_read(path, fd, &st, e);
	if (rc == 0) {
		rc = check_private(path, &st, e);
		if (rc != 0)
			close(*fd);
		return rc;
	}
	if (errno == EACCES || errno == EPERM)
		rc = EX_NOPERM;
	else if (errno != ENOENT && errno != ENOTDIR)
		rc = EX_DATAERR;
	if (e != NULL)
		e->code = rc;
	return rc;
}

/* Look at the sealed text of the file at path: fn(ctx, text, e) gets it. */
static int
with_sealed(const char *path,
    int (*fn)(void *ctx, const char *text, struct err *e), void *ctx,
    struct err *e)
{
	enum { ROOM = MAX_FILE + 1 }; /* one more shows what is too long */
	const char *text = NULL;
	char *content;
	ssize_t n;
	int fd, rc;

	rc = open_blob(path, &fd, e);
	if (rc != 0)
		return rc;
	content = mem_new(ROOM, 1);
	n = read_whole(fd, content, ROOM);
	if (n < 0)
		rc = err_set_errno(e, EX_DATAERR, errno, "%s: read", path);
	else
		rc = find_sealed(path, content, (size_t)n, &text, e);
	if (rc == 0) {
		rc = fn(ctx, text, e);
		if (rc != 0)
			err_wrap(e, "%s", path);
	}
	buf_wipe(content, ROOM);
	free(content);
	close(fd);
	return rc;
}

/* What is done with a sealed text, and by what. */
struct task {
	const struct vault *vault;
	const char *name;
	struct secret *out; /* gets the blob, or */
	char *kid;	    /* the name of its key, or */
	struct buf *file;   /* a file with it sealed anew, empty if need not */
};

static int
open_text(void *ctx, const char *text, struct err *e)
{
	const struct task *t = ctx;
	const struct seal_use use = use_of(t->name);

	return seal_open(t->vault->ring, &use, text, t->out, NULL, e);
}

int
vault_read(
    const struct vault *v, const char *name, struct secret *out, struct err *e)
{
	struct task t = { .vault = v, .name = name, .out = out };
	char *path = path_of(v, name, ".blob", e);
	int rc;

	if (path == NULL)
		return EX_CANTCREAT;
	rc = with_sealed(path, open_text, &t, e);
	free(path);
	return rc;
}

/* Make dir, and refuse one in which others could replace our files. */
static int
private_dir(const char *dir, struct err *e)
{
	struct stat st;
	char mode[8];
	int rc;

	rc = fsio_make_dirs(dir, e);
	if (rc != 0)
		return rc;
	if (stat(dir, &st) != 0)
		return err_set_errno(e, EX_CANTCREAT, errno, "%s", dir);
	if (st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return 0;
	return err_set(e, EX_CANTCREAT,
	    "%s: must belong to uid %u and not be writable by others: owner "
	    "is uid %u, mode %s",
	    dir, (unsigned)geteuid(), (unsigned)st.st_uid,
	    fsio_mode_text(st.st_mode, mode));
}

int
vault_reserve(const struct vault *v, const char *name, struct vault_slot **out,
    struct err *e)
{
	struct vault_slot *s;
	int rc;

	rc = private_dir(v->dir, e);
	if (rc != 0)
		return rc;
	s = mem_new(1, sizeof(*s));
	s->vault = v;
	s->name = mem_dup(name);
	s->path = path_of(v, name, ".blob", e);
	s->prev = path_of(v, name, ".prev", e);
	rc = s->path == NULL || s->prev == NULL
		 ? EX_CANTCREAT
		 : fsio_reserve(s->path, 0600, MAX_FILE, &s->room, e);
	if (rc != 0)
		vault_release(s);
	else
		*out = s;
	return rc;
}

/* Is what is there sealed? What is not must not live on as NAME.prev. */
static bool
is_sealed(const char *path)
{
	char mark[FORM_LEN];
	ssize_t n;
	int fd;

	if (open_blob(path, &fd, NULL) != 0)
		return false;
	n = read_whole(fd, mark, sizeof(mark));
	close(fd);
	return n == FORM_LEN && memcmp(mark, FORM, FORM_LEN) == 0;
}

int
vault_store(struct vault_slot *s, const struct secret *blob, struct err *e)
{
	const struct seal_use use = use_of(s->name);
	struct buf file;
	int rc;

	if (secret_len(blob) > VAULT_MAX_BLOB)
		return err_set(e, EX_CANTCREAT, "%s: longer than %d octets",
		    s->path, VAULT_MAX_BLOB);
	buf_init(&file, MAX_FILE);
	buf_add_str(&file, FORM);
	rc = seal_close(s->vault->ring, &use, blob, &file, e);
	buf_add_char(&file, '\n');
	if (rc != 0)
		err_wrap(e, "%s", s->path);
	else
		rc = fsio_fill(s->room, file.data, file.len,
		    is_sealed(s->path) ? s->prev : NULL, e);
	buf_clear(&file);
	return rc;
}

void
vault_release(struct vault_slot *s)
{
	if (s == NULL)
		return;
	fsio_unreserve(s->room);
	free(s->name);
	free(s->path);
	free(s->prev);
	free(s);
}

int
vault_write(const struct vault *v, const char *name, const struct secret *blob,
    struct err *e)
{
	struct vault_slot *s = NULL;
	int rc;

	rc = vault_reserve(v, name, &s, e);
	if (rc == 0)
		rc = vault_store(s, blob, e);
	vault_release(s);
	return rc;
}

static int
remove_one(
    const struct vault *v, const char *name, const char *suffix, struct err *e)
{
	char *path = path_of(v, name, suffix, e);
	int rc = 0;

	if (path == NULL)
		return EX_CANTCREAT;
	if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
		rc = err_set_errno(e, EX_IOERR, errno, "%s: remove", path);
	free(path);
	return rc;
}

static int
sync_dir(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd == -1 || fsio_sync_dir(fd) == -1)
		rc = err_set_errno(e, EX_IOERR, errno, "%s: sync", dir);
	if (fd != -1)
		close(fd);
	return rc;
}

/* The older one goes first: it must never be all that there is. */
int
vault_remove(const struct vault *v, const char *name, struct err *e)
{
	int rc = remove_one(v, name, ".prev", e);

	if (rc == 0)
		rc = remove_one(v, name, ".blob", e);
	return rc != 0 ? rc : sync_dir(v->dir, e);
}

void
vault_sweep(const struct vault *v, const char *name)
{
	char *path = path_of(v, name, ".blob", NULL);

	if (path != NULL)
		fsio_sweep(path);
	free(path);
}

int
vault_lock(const struct vault *v, const char *name, int64_t due, int *fd,
    struct err *e)
{
	char *path;
	int rc;

	rc = private_dir(v->dir, e);
	if (rc != 0)
		return rc;
	path = path_of(v, name, ".lock", e);
	if (path == NULL)
		return EX_CANTCREAT;
	rc = fsio_lock(path, due, fd, e);
	free(path);
	return rc;
}

/* ---- keys of what is stored */

static const char *const suffixes[] = {
	[VAULT_NOW] = ".blob", [VAULT_PREVIOUS] = ".prev"
};

static int
take_kid(void *ctx, const char *text, struct err *e)
{
	const struct task *t = ctx;

	return seal_check_form(text, t->kid, e);
}

int
vault_kid(const struct vault *v, const char *name, enum vault_generation g,
    char kid[SEAL_KID_LENGTH + 1], struct err *e)
{
	struct task t = { .vault = v, .name = name, .kid = kid };
	char *path = path_of(v, name, suffixes[g], e);
	int rc;

	if (path == NULL)
		return EX_CANTCREAT;
	rc = with_sealed(path, take_kid, &t, e);
	free(path);
	return rc;
}

static int
renew_text(void *ctx, const char *text, struct err *e)
{
	const struct task *t = ctx;
	const struct seal_use use = use_of(t->name);
	char kid[SEAL_KID_LENGTH + 1];
	struct seal_key first;
	int rc;

	rc = seal_check_form(text, kid, e);
	if (rc != 0 || (seal_key(t->vault->ring, 0, &first) &&
			   strcmp(first.kid, kid) == 0))
		return rc;
	buf_add_str(t->file, FORM);
	rc = seal_renew(t->vault->ring, &use, text, t->file, e);
	buf_add_char(t->file, '\n');
	return rc;
}

int
vault_renew(const struct vault *v, const char *name, enum vault_generation g,
    struct err *e)
{
	struct task t = { .vault = v, .name = name };
	char *path = path_of(v, name, suffixes[g], e);
	struct buf file;
	int rc;

	if (path == NULL)
		return EX_CANTCREAT;
	buf_init(&file, MAX_FILE);
	t.file = &file;
	rc = private_dir(v->dir, e);
	if (rc == 0)
		rc = with_sealed(path, renew_text, &t, e);
	if (rc == 0 && file.len > 0)
		rc = fsio_replace(path, 0600, file.data, file.len, e);
	buf_clear(&file);
	free(path);
	return rc;
}

char *
vault_path(const struct vault *v, const char *name, enum vault_generation g)
{
	return path_of(v, name, suffixes[g], NULL);
}

/* The name of which s, n octets of a file's name, is made; false if of none. */
static bool
add_unpercent(struct buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *high, *low;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] != '%') {
			buf_add_char(b, s[i]);
			continue;
		}
		if (n - i < 3)
			return false;
		high = memchr(hex, s[i + 1], 16);
		low = memchr(hex, s[i + 2], 16);
		if (high == NULL || low == NULL || (high == hex && low == hex))
			return false;
		buf_add_char(b, (char)((high - hex) * 16 + (low - hex)));
		i += 2;
	}
	return b->len > 0;
}

/* The file of that name is of a blob, or its lock: its name joins the others.
 * Temporary files, whose names begin with a dot, are none. */
static void
add_name(struct text_list *names, const char *file)
{
	static const char *const ends[] = { ".blob", ".prev", ".lock" };
	const char *dot = strrchr(file, '.');
	struct buf name;
	size_t i = 0;

	if (dot == NULL || file[0] == '.')
		return;
	while (i < 3 && strcmp(dot, ends[i]) != 0)
		i++;
	buf_init(&name, MAX_NAME);
	if (i < 3 && add_unpercent(&name, file, (size_t)(dot - file)) &&
	    !text_list_has(names, name.data))
		text_list_add(names, name.data);
	buf_clear(&name);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
vault_list(const struct vault *v, struct text_list *names, struct err *e)
{
	DIR *d = opendir(v->dir);
	struct dirent *entry;
	int failed;

	if (d == NULL && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (d == NULL)
		return err_set_errno(e,
		    errno == EACCES || errno == EPERM ? EX_NOPERM : EX_IOERR,
		    errno, "%s", v->dir);
	while (errno = 0, (entry = readdir(d)) != NULL)
		add_name(names, entry->d_name);
	failed = errno;
	closedir(d);
	if (failed != 0)
		return err_set_errno(e, EX_IOERR, failed, "%s: read", v->dir);
	if (names->n > 0)
		qsort(names->v, names->n, sizeof(names->v[0]), compare);
	return 0;
}
