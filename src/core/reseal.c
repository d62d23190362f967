/* SPDX-License-Identifier: ISC */
/*
 * reseal: all that is sealed, by which keys, and sealed anew.
 *
 * Three kinds of places: values of a configuration; sealed texts that stand in
 * its files and are no value (in a comment, say), which nobody reads but which
 * would be lost with their key; and blobs of the vault, both generations.
 *
 * A value is never sealed by the key of the state: that one is for what may be
 * lost.
 */
#include "core/reseal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/conf_put.h"
#include "core/cred.h"
#include "gate/vault.h"

enum { LOCK_MS = 100 * 1000 /* longer than a token request */ };

/* One file of the configuration with its state. */
struct walk {
	const struct reseal *q;
	const struct conf_source *source;
	const struct profile_home *home;
	struct seal_ring *ring; /* NULL: ring_why */
	struct err ring_why;
	char first[SEAL_KID_LENGTH + 1];       /* or "" */
	char first_value[SEAL_KID_LENGTH + 1]; /* for values */
	struct text_list seen;		       /* "PATH:LINE" of values */
	int code;
};

static void
take_ring(struct walk *w)
{
	struct seal_places places;
	struct seal_key k;

	if (cred_load_ring(w->home, false, &w->ring, &w->ring_why) != 0)
		return;
	if (!seal_key(w->ring, 0, &k))
		return;
	memcpy(w->first, k.kid, sizeof(w->first));
	cred_places(w->home, &places);
	if (strcmp(k.path, places.state) != 0)
		memcpy(w->first_value, k.kid, sizeof(w->first_value));
	cred_places_clear(&places);
}

static void
tell(struct walk *w, struct reseal_item *i)
{
	i->home = w->home;
	if (i->what == RESEAL_FAILED && w->code == 0)
		w->code = i->why.code;
	w->q->tell(w->q->ctx, i);
}

/* ---- values of a configuration */

struct renewed {
	const char *field, *old, *new;
};

static bool
has_text(const struct profile *p, const char *field, const char *text)
{
	const struct profile_secret *s = profile_secret_of(p, field);

	return s->form == PROFILE_SEALED && strcmp(s->text, text) == 0;
}

static bool
is_old(const void *ctx, const struct profile *p)
{
	const struct renewed *r = ctx;

	return has_text(p, r->field, r->old);
}

static bool
is_new(const void *ctx, const struct profile *p)
{
	const struct renewed *r = ctx;

	return has_text(p, r->field, r->new);
}

static int
put_value(const struct walk *w, const struct reseal_item *i, const char *old,
    const char *new, struct err *e)
{
	const struct conf_put_value value = { i->field, new };
	const struct renewed renewed = { i->field, old, new };
	const struct conf_put put = { .files = w->q->files,
		.n_files = w->q->n_files,
		.file = w->source,
		.user = w->q->user,
		.profile = i->profile,
		.values = &value,
		.n_values = 1,
		.is_same = is_old,
		.is_good = is_new,
		.ctx = &renewed };
	char *path = NULL;
	unsigned line;
	int rc = conf_put(&put, &path, &line, e);

	free(path);
	return rc;
}

/* Seal the value, old, by the first key. */
static int
renew_value(struct walk *w, struct reseal_item *i, const char *old)
{
	const struct seal_use use = { "config", i->profile, i->field };
	struct buf new;
	int rc;

	if (w->ring == NULL) {
		i->why = w->ring_why;
		return i->why.code;
	}
	if (i->first[0] == '\0')
		return err_set(&i->why, EX_CONFIG,
		    "there is no key for a configuration yet (osmtp seal "
		    "--new-key makes one)");
	buf_init(&new, 2 * SEAL_MAX_SECRET);
	rc = seal_renew(w->ring, &use, old, &new, &i->why);
	if (rc == 0)
		rc = put_value(w, i, old, new.data, &i->why);
	buf_clear(&new);
	return rc;
}

static void
do_value(struct walk *w, const struct profile *p, const char *field)
{
	const char *text = profile_secret_of(p, field)->text;
	struct reseal_item i = { .profile = p->name,
		.field = field,
		.line = (unsigned)p->line,
		.what = RESEAL_OLD };
	char *path = NULL, *spot;

	seal_check_form(text, i.kid, NULL);
	memcpy(i.first, w->first_value, sizeof(i.first));
	if (conf_put_where(w->source, p->name, field, &path, &i.line, NULL) !=
	    0)
		path = mem_dup(w->home->path);
	i.path = path;
	if (strcmp(i.kid, i.first) == 0)
		i.what = RESEAL_KEPT;
	else if (conf_put_check(path, &i.why) != 0)
		i.what = RESEAL_LEFT;
	else if (w->q->act == RESEAL_DO)
		i.what =
		    renew_value(w, &i, text) == 0 ? RESEAL_DONE : RESEAL_FAILED;
	spot = mem_printf("%s:%u", path, i.line);
	text_list_add(&w->seen, spot);
	free(spot);
	tell(w, &i);
	free(path);
}

/* ---- sealed texts that are no value */

static void
do_text(struct walk *w, const char *kid, const struct conf_place *at)
{
	struct reseal_item i = {
		.path = at->path, .line = at->line, .what = RESEAL_LEFT
	};
	char *spot = mem_printf("%s:%u", at->path, at->line);

	if (!text_list_has(&w->seen, spot)) {
		memcpy(i.kid, kid, SEAL_KID_LENGTH);
		if (strcmp(i.kid, w->first_value) == 0)
			i.what = RESEAL_KEPT;
		err_set(&i.why, EX_CONFIG,
		    "a sealed text that no profile uses (in a comment?): "
		    "remove it");
		tell(w, &i);
	}
	free(spot);
}

static void
do_texts(struct walk *w)
{
	struct reseal_item i = { .path = w->source->path,
		.what = RESEAL_FAILED };
	struct conf_text t = { 0 };
	const char *p, *line;
	unsigned number = 1;

	if (conf_file_read(&t, w->source, &i.why) != 0) {
		tell(w, &i);
		conf_file_clear(&t);
		return;
	}
	line = t.flat.data;
	for (p = line; (p = strstr(p, SEAL_PREFIX)) != NULL;) {
		struct conf_place at;

		for (; (line = memchr(line, '\n', (size_t)(p - line))) != NULL;
		     line++)
			number++;
		line = p;
		p += strlen(SEAL_PREFIX);
		if (strspn(p, "0123456789abcdef") != SEAL_KID_LENGTH ||
		    p[SEAL_KID_LENGTH] != ':')
			continue;
		at = conf_file_place(&t, number);
		do_text(w, p, &at);
	}
	conf_file_clear(&t);
}

/* ---- blobs */

/* Where nothing can be told: not ours, or in trouble. */
static enum reseal_what
barred(const struct walk *w, int code)
{
	return code == EX_NOPERM && w->home->is_system ? RESEAL_LEFT
						       : RESEAL_FAILED;
}

static void
do_blob(struct walk *w, const struct vault *v, const char *name,
    enum vault_generation g)
{
	struct reseal_item i = { .what = RESEAL_OLD };
	char *path = vault_path(v, name, g);
	int rc;

	i.path = path;
	memcpy(i.first, w->first, sizeof(i.first));
	rc = vault_kid(v, name, g, i.kid, &i.why);
	if (rc == EX_NOINPUT) {
		free(path);
		return;
	}
	if (rc != 0) {
		i.kid[0] = '\0';
		i.what = barred(w, rc);
	} else if (strcmp(i.kid, i.first) == 0) {
		i.what = RESEAL_KEPT;
	} else if (w->q->act == RESEAL_DO) {
		if (w->ring == NULL)
			i.why = w->ring_why;
		i.what = w->ring != NULL && vault_renew(v, name, g, &i.why) == 0
			     ? RESEAL_DONE
			     : RESEAL_FAILED;
	}
	tell(w, &i);
	free(path);
}

/* Locks that go with an account, such as a login's, have names with a colon,
 * which a profile's has not; who holds one may be slow. */
static bool
is_mere_lock(const struct vault *v, const char *name)
{
	char kid[SEAL_KID_LENGTH + 1];

	return strchr(name, ':') != NULL &&
	       vault_kid(v, name, VAULT_NOW, kid, NULL) == EX_NOINPUT &&
	       vault_kid(v, name, VAULT_PREVIOUS, kid, NULL) == EX_NOINPUT;
}

/* The older generation first: whichever is sealed by the old key last is the
 * one that counts. */
static void
do_name(struct walk *w, const struct vault *v, const char *name)
{
	struct reseal_item i = { 0 };
	char *path;
	int fd = -1, rc = 0;

	if (is_mere_lock(v, name))
		return;
	if (w->q->act != RESEAL_LOOK)
		rc = vault_lock(v, name, sys_mono() + LOCK_MS, &fd, &i.why);
	if (rc == 0) {
		do_blob(w, v, name, VAULT_PREVIOUS);
		do_blob(w, v, name, VAULT_NOW);
		if (fd != -1)
			close(fd);
		return;
	}
	i.path = path = vault_path(v, name, VAULT_NOW);
	i.what = RESEAL_FAILED;
	tell(w, &i);
	free(path);
}

static void
do_vault(struct walk *w)
{
	char *dir = cred_vault_dir(w->home);
	const struct vault v = { dir, w->ring };
	struct reseal_item i = { .path = dir };
	struct text_list names = { 0 };
	size_t n;
	int rc = vault_list(&v, &names, &i.why);

	for (n = 0; rc == 0 && n < names.n; n++)
		do_name(w, &v, names.v[n]);
	if (rc != 0) {
		i.what = barred(w, rc);
		tell(w, &i);
	}
	text_list_clear(&names);
	free(dir);
}

/* ---- all of it */

static const struct conf_source *
source_of(const struct reseal *q, const struct profile_home *h)
{
	size_t i;

	for (i = 0; i + 1 < q->n_files; i++)
		if (strcmp(q->files[i].path, h->path) == 0)
			break;
	return &q->files[i];
}

static int
do_home(const struct reseal *q, const struct profile_home *h)
{
	struct walk w = { .q = q, .home = h, .source = source_of(q, h) };
	size_t i, f;

	take_ring(&w);
	for (i = 0; i < q->conf->set.n; i++) {
		const struct profile *p = &q->conf->set.v[i];

		for (f = 0; p->home == h && f < PROFILE_SECRETS; f++)
			if (profile_secret_of(p, profile_secrets[f])->form ==
			    PROFILE_SEALED)
				do_value(&w, p, profile_secrets[f]);
	}
	do_texts(&w);
	do_vault(&w);
	seal_free(w.ring);
	text_list_clear(&w.seen);
	return w.code;
}

int
reseal_run(const struct reseal *q)
{
	size_t i;
	int rc, code = 0;

	for (i = 0; i < q->conf->n_homes; i++) {
		rc = do_home(q, &q->conf->homes[i]);
		if (code == 0)
			code = rc;
	}
	return code;
}
