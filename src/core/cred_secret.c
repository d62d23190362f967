/* SPDX-License-Identifier: ISC */
/*
 * cred_secret: a secret from where the profile says.
 *
 * A variable of the environment is read once and removed: what we start later
 * must not inherit it, nor should /proc show it longer than need be.
 */
#include "core/cred_part.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/stream.h"
#include "base/sys.h"
#include "base/text.h"

bool
cred_fail(struct outcome *o, enum outcome_class class, enum outcome_stage stage,
    const char *text)
{
	outcome_set(o, OUTCOME_LATER, class, stage, 0, text);
	return false;
}

/* ---- files */

int
cred_secret_take_line(
    const char *p, size_t n, struct secret *out, struct err *e)
{
	const char *lf = memchr(p, '\n', n);

	if (lf != NULL)
		n = (size_t)(lf - p);
	if (lf != NULL && n > 0 && p[n - 1] == '\r')
		n--;
	if (n > CRED_SECRET_MAX)
		return err_set(e, EX_DATAERR, "line 1 is longer than %d octets",
		    CRED_SECRET_MAX);
	secret_set(out, p, n);
	return 0;
}

/* Read up to n octets, fewer only at the end of the file; -1 with errno. */
static ssize_t
read_front(int fd, char *p, size_t n)
{
	struct stream_source in = stream_from_fd(fd);
	size_t have = 0;
	ssize_t k;

	while (have < n && (k = in.read(&in, p + have, n - have)) != 0) {
		if (k < 0)
			return -1;
		have += (size_t)k;
	}
	return (ssize_t)have;
}

/* Not through a buf, which would leave copies behind when it grows. */
static int
read_line(int fd, const char *path, struct secret *out, struct err *e)
{
	char room[CRED_SECRET_ROOM];
	ssize_t have = read_front(fd, room, sizeof(room));
	int rc;

	if (have < 0)
		return err_set_errno(e, EX_IOERR, errno, "read: %s", path);
	rc = cred_secret_take_line(room, (size_t)have, out, e);
	if (rc != 0)
		err_wrap(e, "read: %s", path);
	buf_wipe(room, sizeof(room));
	return rc;
}

/*
 * Is the file as private as it must be? systemd keeps the directory of its
 * credentials closed, and where it lets us in by an access list, that shows as
 * a group that may read.
 */
static bool
is_private(const struct stat *st, enum profile_secret_form form)
{
	return fsio_is_private(st, "osmtp") ||
	       (form == PROFILE_CREDENTIAL && (st->st_mode & 037) == 0);
}

static int
open_private(
    const char *path, enum profile_secret_form form, int *fd, struct err *e)
{
	struct stat st;
	char mode[8];
	int rc;

	rc = fsio_open_read(path, fd, &st, e);
	if (rc != 0)
		return errno == EACCES ? (e->code = EX_NOPERM) : rc;
	if (is_private(&st, form))
		return 0;
	close(*fd);
	return err_set(e, EX_CONFIG,
	    "read: %s: others may read it (owner uid %u, mode %s; we are uid "
	    "%u): give it mode 0600, or 0640 and group osmtp",
	    path, (unsigned)st.st_uid, fsio_mode_text(st.st_mode, mode),
	    (unsigned)geteuid());
}

static int
read_whole(int fd, const char *path, struct secret *out, struct err *e)
{
	enum { ROOM = CRED_FILE_MAX + 1 }; /* one more shows what is too long */
	char *room = mem_new(ROOM, 1);
	ssize_t have = read_front(fd, room, ROOM);
	int rc = 0;

	if (have < 0)
		rc = err_set_errno(e, EX_IOERR, errno, "read: %s", path);
	else if (have == 0)
		rc = err_set(e, EX_DATAERR, "read: %s: it is empty", path);
	else if (have > CRED_FILE_MAX)
		rc = err_set(e, EX_DATAERR, "read: %s: longer than %d octets",
		    path, CRED_FILE_MAX);
	else
		secret_set(out, room, (size_t)have);
	buf_wipe(room, ROOM);
	free(room);
	return rc;
}

/* Read from it what take makes of it. */
static int
read_private(const char *path, enum profile_secret_form form,
    int (*take)(int fd, const char *path, struct secret *out, struct err *e),
    struct secret *out, struct err *e)
{
	int fd, rc;

	rc = open_private(path, form, &fd, e);
	if (rc != 0)
		return rc;
	rc = take(fd, path, out, e);
	close(fd);
	return rc;
}

static int
read_file(const char *path, enum profile_secret_form form, struct secret *out,
    struct err *e)
{
	return read_private(path, form, read_line, out, e);
}

int
cred_secret_read_file(const char *path, enum profile_secret_form form,
    struct secret *out, struct err *e)
{
	return read_private(path, form, read_whole, out, e);
}

/* The path of a credential of systemd, or NULL with *e set. To be freed. */
static char *
credential_path(const char *name, struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		err_set(e, EX_CONFIG,
		    "credential: %s: a name without slash, that begins with "
		    "no dot, is wanted",
		    name);
	else if (dir == NULL || dir[0] != '/')
		err_set(e, EX_CONFIG,
		    "credential: %s: CREDENTIALS_DIRECTORY is not set: only a "
		    "service of systemd with LoadCredential= has it",
		    name);
	else
		return mem_printf("%s/%s", dir, name);
	return NULL;
}

static int
read_credential(const char *name, struct secret *out, struct err *e)
{
	char *path = credential_path(name, e);
	int rc;

	if (path == NULL)
		return EX_CONFIG;
	rc = read_file(path, PROFILE_CREDENTIAL, out, e);
	free(path);
	return rc;
}

/* ---- the environment */

/* Variables that were taken out of it. They live as long as the process. */
static struct variable {
	struct variable *next;
	char *name;
	struct secret value;
} * variables;

/* The variable, taken out of the environment if it is still there; or NULL. */
static const struct secret *
take_variable(const char *name)
{
	struct variable *v;
	char *value;

	for (v = variables; v != NULL; v = v->next) {
		if (strcmp(v->name, name) == 0)
			return &v->value;
	}
	value = getenv(name);
	if (value == NULL)
		return NULL;
	v = mem_new(1, sizeof(*v));
	v->name = mem_dup(name);
	secret_init(&v->value);
	secret_add_str(&v->value, value);
	v->next = variables;
	variables = v;
	buf_wipe(value, strlen(value));
	unsetenv(name);
	return &v->value;
}

static int
read_variable(const char *name, struct secret *out, struct err *e)
{
	const struct secret *value = take_variable(name);

	if (value == NULL)
		return err_set(
		    e, EX_CONFIG, "environment: %s: it is not set", name);
	if (secret_len(value) > CRED_SECRET_MAX)
		return err_set(e, EX_DATAERR,
		    "environment: %s: longer than %d octets", name,
		    CRED_SECRET_MAX);
	secret_set(out, secret_reveal(value), secret_len(value));
	return 0;
}

void
cred_secret_hold(const struct profile_secret *from)
{
	if (from->form == PROFILE_ENV)
		take_variable(from->text);
}

/* ---- sealed */

/* A key that can't be used is a fault of the configuration, whoever asks. */
static int
open_sealed(const struct profile *a, const struct profile_secret *from,
    struct secret *out, int64_t *sealed_at, struct err *e)
{
	const struct seal_use use = { "config", a->name, from->field };
	struct seal_ring *ring = NULL;
	int rc;

	rc = cred_load_ring(a->home, false, &ring, e);
	if (rc == 0)
		rc = seal_open(ring, &use, from->text, out, sealed_at, e);
	seal_free(ring);
	if (rc != 0 && e != NULL)
		e->code = EX_CONFIG;
	return rc != 0 ? EX_CONFIG : 0;
}

int64_t
cred_sealed_at(const struct profile *p, const struct profile_secret *from)
{
	int64_t at = 0;
	struct secret s;

	if (from->form != PROFILE_SEALED)
		return 0;
	secret_init(&s);
	if (open_sealed(profile_account(p), from, &s, &at, NULL) != 0)
		at = 0;
	secret_clear(&s);
	return at * 1000;
}

/* ---- all of them */

/* What no server takes, and what would be cut short on its way. */
static int
check_secret(const struct secret *s, struct err *e)
{
	if (secret_len(s) == 0)
		return err_set(e, EX_CONFIG, "it is empty");
	if (memchr(secret_reveal(s), '\0', secret_len(s)) != NULL)
		return err_set(e, EX_CONFIG, "it holds a NUL");
	return 0;
}

void
cred_secret_copy(struct secret *to, const struct secret *from)
{
	secret_set(to, secret_reveal(from), secret_len(from));
}

bool
cred_secret_is_same(const struct secret *a, const struct secret *b)
{
	return secret_len(a) == secret_len(b) &&
	       memcmp(secret_reveal(a), secret_reveal(b), secret_len(a)) == 0;
}

bool
cred_secret_is_word(const struct secret *s)
{
	const char *p = secret_reveal(s);
	size_t i, n = secret_len(s);

	for (i = 0; i < n; i++) {
		if (p[i] <= ' ' || p[i] > '~')
			return false;
	}
	return n > 0 && n <= OAUTH_MAX_TOKEN;
}

/* A disk that does not read, a command that hangs are for later; a file that
 * the caller may not read wants another caller, or another mode. */
enum outcome_class
cred_secret_class(const struct err *e)
{
	switch (e->code) {
	case EX_IOERR:
	case EX_OSERR:
	case EX_TEMPFAIL:
		return OUTCOME_CLASS_L;
	case EX_NOPERM:
		return OUTCOME_CLASS_P;
	default:
		return OUTCOME_CLASS_C;
	}
}

static int
read_form(const struct profile *p, const struct profile_secret *from,
    struct secret *out, struct err *e)
{
	switch (from->form) {
	case PROFILE_NO_SECRET:
		break;
	case PROFILE_PLAIN:
		secret_set(
		    out, secret_reveal(&from->plain), secret_len(&from->plain));
		return 0;
	case PROFILE_FILE:
		return read_file(from->text, from->form, out, e);
	case PROFILE_CREDENTIAL:
		return read_credential(from->text, out, e);
	case PROFILE_COMMAND:
		return cred_secret_run(from->argv.v, p->token_timeout, out, e);
	case PROFILE_ENV:
		return read_variable(from->text, out, e);
	case PROFILE_SEALED:
		return open_sealed(profile_account(p), from, out, NULL, e);
	}
	return err_set(e, EX_CONFIG, "none is given");
}

/* Say where a secret was that is no good; never what it is. */
static void
name_place(const struct profile_secret *from, struct err *e)
{
	if (from->form == PROFILE_FILE)
		err_wrap(e, "read: %s", from->text);
	else if (from->form == PROFILE_CREDENTIAL)
		err_wrap(e, "credential: %s", from->text);
	else if (from->form == PROFILE_ENV)
		err_wrap(e, "environment: %s", from->text);
	else if (from->form == PROFILE_COMMAND)
		err_wrap(e, "command: %s", from->argv.v[0]);
}

bool
cred_secret_read(const struct profile *p, const struct profile_secret *from,
    enum outcome_stage stage, struct secret *out, struct outcome *o)
{
	struct err e = ERR_NONE;
	int rc = read_form(p, from, out, &e);

	if (rc == 0) {
		rc = check_secret(out, &e);
		if (rc == 0)
			return true;
		name_place(from, &e);
	}
	secret_clear(out);
	err_wrap(&e, "%s", from->key != NULL ? from->key : "secret");
	return cred_fail(o, cred_secret_class(&e), stage, e.text);
}

bool
cred_secret_test(const struct profile *p, const struct profile_secret *from,
    struct outcome *o)
{
	struct err e = ERR_NONE;
	struct secret s;
	bool ok;

	if (from->form == PROFILE_COMMAND) {
		if (access(from->argv.v[0], X_OK) == 0)
			return true;
		err_set_errno(
		    &e, EX_CONFIG, errno, "command: %s", from->argv.v[0]);
		err_wrap(&e, "%s", from->key != NULL ? from->key : "secret");
		return cred_fail(
		    o, cred_secret_class(&e), OUTCOME_AT_AUTH, e.text);
	}
	secret_init(&s);
	ok = cred_secret_read(p, from, OUTCOME_AT_AUTH, &s, o);
	secret_clear(&s);
	return ok;
}

bool
cred_secret_may_block(const struct profile_secret *from)
{
	return from->form == PROFILE_COMMAND;
}

void
cred_secret_add_file_stamp(struct secret *b, const char *path)
{
	struct stat st;
	char text[160];

	if (path == NULL || stat(path, &st) == -1)
		return;
	/* The time of change sees a new mode, too. */
	snprintf(text, sizeof(text), "%llu %lld %lld.%09ld %lld.%09ld",
	    (unsigned long long)st.st_ino, (long long)st.st_size,
	    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
	    (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	secret_add_str(b, text);
}

void
cred_secret_add_stamp(struct secret *b, const struct profile_secret *from)
{
	const struct secret *value;
	char *path;

	if (from->form == PROFILE_FILE) {
		cred_secret_add_file_stamp(b, from->text);
	} else if (from->form == PROFILE_CREDENTIAL) {
		path = credential_path(from->text, NULL);
		cred_secret_add_file_stamp(b, path);
		free(path);
	} else if (from->form == PROFILE_ENV) {
		value = take_variable(from->text);
		if (value != NULL)
			secret_add(b, secret_reveal(value), secret_len(value));
	}
	secret_add(b, "", 1);
}
