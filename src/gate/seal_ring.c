/* SPDX-License-Identifier: ISC */
/*
 * seal_ring: keys and the files that they lie in.
 *
 * KID is the front of HKDF(key, "", "osmtp seal v1 kid") in hex. It tells
 * nothing about the key, and shows whether a key was damaged.
 *
 * A key file is changed under a lock on the file itself and replaced as a
 * whole: two who make a key at once get one after the other, and no key that
 * has sealed anything is lost. While the first key is made the file is empty;
 * that is why a file without a key counts as absent.
 */
#include "gate/seal_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/sys.h"

#define HEX "0123456789abcdef"
#define NEW_FILE \
	"# Keys of osmtp; the first one seals. Keep a copy elsewhere.\n"

enum {
	MAX_FILE = 64 * 1024,
	MAX_LINE = 256, /* of a key, more than it needs */
	LOCK_MS = 10 * 1000
};

/* ---- keys in files */

/* The name that a key has. */
static void
name_key(const unsigned char octets[CRYPT_KEY], char kid[SEAL_KID_LENGTH + 1])
{
	const struct crypt_octets k = { octets, CRYPT_KEY }, none = { NULL, 0 };
	unsigned char out[CRYPT_KEY];
	size_t i;

	crypt_derive(k, none, "osmtp seal v1 kid", out);
	for (i = 0; i < SEAL_KID_LENGTH / 2; i++) {
		kid[2 * i] = HEX[out[i] >> 4];
		kid[2 * i + 1] = HEX[out[i] & 15];
	}
	kid[SEAL_KID_LENGTH] = '\0';
}

/* "KID CREATED BASE64", n octets of it. */
static bool
parse_key(struct seal_ring_key *k, const char *line, size_t n)
{
	const char *space, *end = line + n;
	uint64_t created;
	char number[24];
	struct buf b;
	bool good;

	if (n <= SEAL_KID_LENGTH || line[SEAL_KID_LENGTH] != ' ')
		return false;
	line += SEAL_KID_LENGTH + 1;
	space = memchr(line, ' ', (size_t)(end - line));
	if (space == NULL || (size_t)(space - line) >= sizeof(number))
		return false;
	memcpy(number, line, (size_t)(space - line));
	number[space - line] = '\0';
	if (!text_parse_uint(number, INT64_MAX, &created))
		return false;
	buf_init(&b, CRYPT_KEY);
	good = text_add_unbase64(&b, space + 1, (size_t)(end - space - 1)) &&
	       b.len == CRYPT_KEY;
	if (good) {
		memcpy(k->octets, b.data, CRYPT_KEY);
		k->created = (int64_t)created;
		name_key(k->octets, k->kid);
	}
	if (b.len > 0)
		buf_wipe(b.data, b.len);
	buf_clear(&b);
	return good;
}

/* The keys of a file's text join the ring. */
static int
parse_file(struct seal_ring *r, const char *path, const struct buf *text,
    struct err *e)
{
	const char *line = text->data, *end;
	unsigned number = 1;

	for (; *line != '\0'; line = end + (*end == '\n'), number++) {
		size_t n = strcspn(line, "\n");
		struct seal_ring_key *k;

		end = line + n;
		if (n == 0 || *line == '#')
			continue;
		k = mem_new(1, sizeof(*k));
		k->path = path;
		r->v = mem_grow(r->v, r->n + 1, sizeof(struct seal_ring_key *));
		r->v[r->n++] = k;
		if (!parse_key(k, line, n) ||
		    memcmp(k->kid, line, SEAL_KID_LENGTH) != 0)
			return err_set(e, EX_CONFIG,
			    "%s:%u: damaged: a key is a line \"KID CREATED "
			    "BASE64\", as osmtp seal --new-key writes it",
			    path, number);
	}
	if (line != text->data + text->len)
		return err_set(e, EX_CONFIG,
		    "%s:%u: damaged: there is a NUL octet in it", path, number);
	return 0;
}

/*
 * Is it as private as a key must be? systemd keeps the directory of its
 * credentials closed; the files in it show group read where an access list
 * lets the service's user in.
 */
static int
check_private(
    const char *path, const struct stat *st, bool credential, struct err *e)
{
	char mode[8];

	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(e, EX_NOPERM,
		    "%s: a key must belong to root or to uid %u: owner is "
		    "uid %u",
		    path, (unsigned)geteuid(), (unsigned)st->st_uid);
	if (fsio_is_private(st, "osmtp") ||
	    (credential && (st->st_mode & 037) == 0))
		return 0;
	return err_set(e, EX_NOPERM,
	    "%s: a key must have mode 0600, or 0640 with group osmtp: mode is "
	    "%s (chmod 600)",
	    path, fsio_mode_text(st->st_mode, mode));
}

/* Check and read an open key file. text gets its content, to be wiped. */
static int
read_keys(struct seal_ring *r, const char *path, int fd, bool credential,
    struct stat *st, struct buf *text, struct err *e)
{
	int rc;

	if (fstat(fd, st) == -1)
		return err_set_errno(e, EX_IOERR, errno, "%s", path);
	rc = check_private(path, st, credential, e);
	if (rc == 0)
		rc = fsio_read_all(fd, path, text, e);
	if (rc == 0)
		rc = parse_file(r, path, text, e);
	if (rc == EX_DATAERR)
		rc = err_set(e, EX_CONFIG, "%s: damaged: larger than %d octets",
		    path, MAX_FILE);
	return rc;
}

static void
wipe_text(struct buf *text)
{
	if (text->len > 0)
		buf_wipe(text->data, text->len);
	buf_clear(text);
}

/* Add the keys of the file at path; NULL, or no such file, is none. ours: it
 * must be for us; else it may be for others, and counts as absent then. */
static int
load_file(struct seal_ring *r, const char *path, bool credential, bool ours,
    struct err *e)
{
	struct err why = ERR_NONE;
	struct buf text;
	struct stat st;
	int fd, rc;

	if (path == NULL)
		return 0;
	text_list_add(&r->looked, path);
	path = r->looked.v[r->looked.n - 1];
	errno = 0;
	if (fsio_open_read(path, &fd, &st, &why) != 0) {
		bool barred = errno == EACCES || errno == EPERM;

		if (errno == ENOENT || errno == ENOTDIR || (barred && !ours))
			return 0;
		return err_set(
		    e, barred ? EX_NOPERM : EX_CONFIG, "%s", why.text);
	}
	buf_init(&text, MAX_FILE);
	rc = read_keys(r, path, fd, credential, &st, &text, e);
	wipe_text(&text);
	close(fd);
	return rc;
}

/* ---- new keys */

static struct seal_ring *
new_ring(void)
{
	return mem_new(1, sizeof(struct seal_ring));
}

/* A new key as a line, put behind the comments at the front of text. */
static void
add_key(
    struct secret *out, const struct buf *text, char kid[SEAL_KID_LENGTH + 1])
{
	unsigned char octets[CRYPT_KEY];
	const char *rest = text->data;
	struct buf line;

	while (*rest == '#' && strchr(rest, '\n') != NULL)
		rest = strchr(rest, '\n') + 1;
	if (text->len == 0)
		secret_add_str(out, NEW_FILE);
	secret_add(out, text->data, (size_t)(rest - text->data));
	sys_random(octets, sizeof(octets));
	name_key(octets, kid);
	buf_init(&line, MAX_LINE);
	buf_add_fmt(&line, "%s %lld ", kid, (long long)(sys_now() / 1000));
	secret_add(out, line.data, line.len);
	buf_reset(&line);
	text_add_base64(&line, octets, sizeof(octets));
	buf_add_char(&line, '\n');
	secret_add(out, line.data, line.len);
	buf_wipe(octets, sizeof(octets));
	wipe_text(&line);
	secret_add_str(out, rest);
}

/* Make the directory that path is in. */
static int
make_place(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int rc;

	if (slash == NULL || slash == path)
		return 0;
	dir = mem_dup_n(path, (size_t)(slash - path));
	rc = fsio_make_dirs(dir, e);
	free(dir);
	return rc;
}

/* if_none: only where the file has no key yet; kid is left alone then. */
static int
make_key(const char *path, bool if_none, char kid[SEAL_KID_LENGTH + 1],
    struct err *e)
{
	struct seal_ring *old;
	struct secret content;
	struct buf text;
	struct stat st;
	int fd, rc;

	rc = make_place(path, e);
	if (rc == 0)
		rc = fsio_lock(path, sys_mono() + LOCK_MS, &fd, e);
	if (rc != 0)
		return rc;
	fsio_sweep(path); /* keys lie in it */
	old = new_ring();
	secret_init(&content);
	buf_init(&text, MAX_FILE);
	rc = read_keys(old, path, fd, false, &st, &text, e);
	if (rc == 0 && text.len > MAX_FILE - MAX_LINE)
		rc = err_set(e, EX_CONFIG,
		    "%s: too many keys: remove those that nothing was sealed "
		    "with",
		    path);
	if (rc == 0 && (old->n == 0 || !if_none)) {
		add_key(&content, &text, kid);
		rc = fsio_replace_like(path, &st, secret_reveal(&content),
		    secret_len(&content), e);
	}
	secret_clear(&content);
	wipe_text(&text);
	seal_free(old);
	close(fd);
	return rc;
}

int
seal_new_key(const char *path, char kid[SEAL_KID_LENGTH + 1], struct err *e)
{
	return make_key(path, false, kid, e);
}

/* ---- keys that go */

static bool
has_key(const struct seal_ring *r, const char *kid)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->v[i]->kid, kid) == 0)
			return true;
	return false;
}

/* The lines of text, which has been parsed, without those of that key. */
static void
add_others(struct secret *out, const struct buf *text, const char *kid)
{
	const char *line, *end;

	for (line = text->data; *line != '\0'; line = end) {
		end = line + strcspn(line, "\n");
		end += *end == '\n';
		if (strncmp(line, kid, SEAL_KID_LENGTH) != 0)
			secret_add(out, line, (size_t)(end - line));
	}
}

int
seal_drop_key(const char *path, const char *kid, struct err *e)
{
	struct seal_ring *r;
	struct secret content;
	struct buf text;
	struct stat st;
	int fd, rc;

	if (access(path, F_OK) != 0) /* the lock would make it */
		return err_set_errno(e, EX_NOINPUT, errno, "%s", path);
	rc = fsio_lock(path, sys_mono() + LOCK_MS, &fd, e);
	if (rc != 0)
		return rc;
	fsio_sweep(path);
	r = new_ring();
	secret_init(&content);
	buf_init(&text, MAX_FILE);
	rc = read_keys(r, path, fd, false, &st, &text, e);
	if (rc == 0 && !has_key(r, kid))
		rc = err_set(
		    e, EX_NOINPUT, "%s: key %s is not there", path, kid);
	if (rc == 0) {
		add_others(&content, &text, kid);
		rc = fsio_replace_like(path, &st, secret_reveal(&content),
		    secret_len(&content), e);
	}
	secret_clear(&content);
	wipe_text(&text);
	seal_free(r);
	close(fd);
	return rc;
}

/* ---- the ring */

int
seal_load(const struct seal_places *places, bool make, struct seal_ring **out,
    struct err *e)
{
	struct seal_ring *r = new_ring();
	char kid[SEAL_KID_LENGTH + 1];
	int rc;

	rc = load_file(r, places->credential, true, false, e);
	if (rc == 0)
		rc = load_file(r, places->system, false, false, e);
	if (rc == 0)
		rc = load_file(r, places->own, false, false, e);
	if (rc == 0)
		rc = load_file(r, places->state, false, true, e);
	if (rc == 0 && r->n == 0 && make && places->state != NULL) {
		rc = make_key(places->state, true, kid, e);
		if (rc == 0)
			rc = load_file(r, places->state, false, true, e);
	}
	if (rc != 0) {
		seal_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void
seal_free(struct seal_ring *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->n; i++) {
		buf_wipe(r->v[i], sizeof(*r->v[i]));
		free(r->v[i]);
	}
	free(r->v);
	text_list_clear(&r->looked);
	free(r);
}

bool
seal_key(const struct seal_ring *r, size_t i, struct seal_key *k)
{
	if (i >= r->n)
		return false;
	k->kid = r->v[i]->kid;
	k->created = r->v[i]->created;
	k->path = r->v[i]->path;
	return true;
}
