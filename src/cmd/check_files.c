/* SPDX-License-Identifier: ISC */
/* check_files: what can be seen on this machine alone. */
#include "cmd/check_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"

/* " (mode 0600, owner root)" of a file or directory. */
static void
add_mode(struct buf *b, const struct stat *st)
{
	struct sys_user owner = { 0 };
	char mode[8];

	sys_user_load(&owner, st->st_uid);
	buf_add_fmt(b, " (mode %s, owner %s)",
	    fsio_mode_text(st->st_mode, mode), owner.login);
	sys_user_clear(&owner);
}

static void
look_at_conf(struct check *k)
{
	const struct profile *p = k->profile;
	struct check_step s;
	struct stat st;

	check_step_begin(&s, "configuration");
	buf_add_fmt(&s.text, "%s:%d", p->home->path, p->line);
	if (stat(p->home->path, &st) == 0)
		add_mode(&s.text, &st);
	if (k->account != p)
		buf_add_fmt(&s.text, ", by the account of \"%s\" (line %d)",
		    k->account->name, k->account->line);
	check_step_end(k, &s);
}

/* ---- secrets */

static const char *
form_name(enum profile_secret_form form)
{
	static const char *const names[] = { "", "plain", "file", "credential",
		"command", "environment", "sealed" };

	return names[form];
}

static void
advise_on_secret(const struct profile_secret *from, struct buf *b)
{
	static const char prefix[] = "profiles.";
	const char *field = from->key;

	if (from->form == PROFILE_FILE)
		buf_add_fmt(b, "put it there (chmod 600 %s)", from->text);
	if (field == NULL || !text_starts(field, prefix))
		return;
	buf_add_fmt(b, "%sosmtp seal --set %s", b->len > 0 ? ", or " : "",
	    field + sizeof(prefix) - 1);
}

static void
look_at_secret(
    struct check *k, const struct profile_secret *from, struct buf *fine)
{
	struct check_step s;
	struct outcome o;

	if (from->form == PROFILE_NO_SECRET)
		return;
	if (cred_secret_test(k->profile, from, &o)) {
		buf_add_fmt(fine, "%s%s (%s)", fine->len > 0 ? ", " : "",
		    from->field != NULL ? from->field : "secret",
		    form_name(from->form));
		return;
	}
	o.ours = true;
	check_step_begin(&s, "secrets");
	check_step_fail(&s, &o);
	if (o.class == OUTCOME_CLASS_C)
		advise_on_secret(from, &s.remedy);
	check_step_end(k, &s);
}

static void
look_at_secrets(struct check *k)
{
	const struct profile *a = k->account;
	const struct profile_secret *const all[] = { &a->password,
		&a->client_secret, &a->refresh_token, &a->signer.passphrase,
		&a->key_passphrase };
	struct check_step s;

	check_step_begin(&s, "secrets");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		look_at_secret(k, all[i], &s.text);
	if (s.text.len > 0) {
		check_step_end(k, &s);
	} else {
		buf_clear(&s.text);
		buf_clear(&s.remedy);
	}
}

/* ---- other files */

/* A file that is named; keys must be private. */
static void
look_at_file(
    struct check *k, const char *key, const char *path, bool is_private)
{
	struct err e = ERR_NONE;
	struct check_step s;
	struct stat st;
	char mode[8];
	int fd;

	if (path == NULL)
		return;
	check_step_begin(&s, "files");
	buf_add_fmt(&s.text, "%s: ", key);
	if (fsio_open_read(path, &fd, &st, &e) != 0) {
		s.mark = CHECK_FAIL;
		buf_add_str(&s.text, e.text);
		buf_add_fmt(&s.remedy,
		    "correct %s in profile %s, or let whoever sends read it",
		    key, k->account->name);
		check_add_place(&s.remedy, k->account);
	} else {
		close(fd);
		buf_add_str(&s.text, path);
		add_mode(&s.text, &st);
		if (is_private && !fsio_is_private(&st, "osmtp")) {
			s.mark = CHECK_WARN;
			buf_add_str(&s.text, ": others may read the key");
			buf_add_fmt(&s.remedy,
			    "chmod 600 %s   # mode %s now; or 640 and group "
			    "osmtp",
			    path, fsio_mode_text(st.st_mode, mode));
		}
	}
	check_step_end(k, &s);
}

static void
look_at_named_files(struct check *k)
{
	const struct profile *a = k->account;
	const struct wire_target *t = &k->profile->servers[0].wire;

	look_at_file(k, "tls.ca_file", t->ca_file, false);
	look_at_file(k, "tls.cert", t->cert, t->key == NULL);
	look_at_file(k, "tls.key", t->key, true);
	if (!a->has_oauth)
		return;
	look_at_file(k, "oauth.ca_file", a->oauth.ca_file, false);
	look_at_file(k, "oauth.client_key", a->signer.key, true);
	look_at_file(
	    k, "oauth.client_cert", a->signer.cert, a->signer.key == NULL);
	look_at_file(k, "oauth.assertion_file", a->signer.file, false);
	look_at_file(
	    k, "oauth.service_account", a->signer.service_account, true);
}

/* ---- directories */

/* May we write into it? If it is not there: into the first above it that is? */
static bool
is_writable(const char *path, char **where)
{
	char *at = mem_dup(path), *slash;
	bool ok;

	while (access(at, F_OK) != 0 && errno == ENOENT &&
	       (slash = strrchr(at, '/')) != NULL && slash != at)
		*slash = '\0';
	ok = access(at, W_OK | X_OK) == 0;
	*where = at;
	return ok;
}

static void
look_at_dir(struct check *k, const char *name, const char *path,
    enum check_mark if_not, const char *why)
{
	struct check_step s;
	struct stat st;
	char *where;

	check_step_begin(&s, name);
	buf_add_str(&s.text, path);
	if (is_writable(path, &where)) {
		if (stat(path, &st) == 0)
			add_mode(&s.text, &st);
		else
			buf_add_str(&s.text, ": not made yet");
	} else {
		s.mark = if_not;
		buf_add_fmt(&s.text, ": can't be written: %s: %s", where,
		    strerror(errno));
		if (stat(where, &st) == 0)
			add_mode(&s.text, &st);
		buf_add_fmt(&s.text, ": %s", why);
		buf_add_fmt(&s.remedy,
		    "let the user that sends (uid %u) write there, or name "
		    "another directory: %s = \"..\"; (%s)",
		    (unsigned)geteuid(), name, k->profile->home->path);
	}
	free(where);
	check_step_end(k, &s);
}

void
check_files(struct check *k)
{
	const struct profile_home *h = k->profile->home;
	bool keeps = profile_has_way(k->account, PROFILE_AUTH_OAUTH);
	bool must = profile_needs_login(k->account) ||
		    profile_has_grant(k->account, PROFILE_GRANT_REFRESH_TOKEN);

	look_at_conf(k);
	look_at_secrets(k);
	look_at_named_files(k);
	if (keeps)
		look_at_dir(k, "state", h->state,
		    must ? CHECK_FAIL : CHECK_WARN,
		    must ? "a consent that is renewed can't be kept"
			 : "no token is kept: one is fetched for each message");
	if (h->spool != NULL)
		look_at_dir(k, "spool", h->spool, CHECK_FAIL,
		    "no message can wait there");
}
