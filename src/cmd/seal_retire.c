/* SPDX-License-Identifier: ISC */
/*
 * seal_retire: osmtp seal --retire KID.
 *
 * A key that goes takes with it all that it has sealed. So nothing is assumed:
 * each place whose ring the key could be in is looked into, blobs under their
 * locks, and what can't be looked into counts as a use.
 */
#include "cmd/seal_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cred.h"
#include "core/reseal.h"

struct retire {
	const struct seal_job *job;
	struct conf conf;
	struct text_list paths; /* files that have the key */
	size_t uses, unknown;
};

/* Is it one of the files of the home's ring? */
static bool
reads(const struct profile_home *h, const struct text_list *paths)
{
	struct seal_places p;
	bool found;

	cred_places(h, &p);
	found = (p.credential != NULL && text_list_has(paths, p.credential)) ||
		(p.system != NULL && text_list_has(paths, p.system)) ||
		(p.own != NULL && text_list_has(paths, p.own)) ||
		(p.state != NULL && text_list_has(paths, p.state));
	cred_places_clear(&p);
	return found;
}

/* ---- where the key is */

static int
find_in_ring(struct retire *r, const struct seal_ring *ring, struct err *e)
{
	const char *kid = r->job->kid;
	struct seal_key k;
	size_t i;

	for (i = 0; seal_key(ring, i, &k); i++) {
		if (strcmp(k.kid, kid) != 0)
			continue;
		if (i == 0)
			return err_set(e, EX_CONFIG,
			    "key %s in %s is the one that seals: osmtp seal "
			    "--new-key, then osmtp reseal, then this again",
			    kid, k.path);
		if (!text_list_has(&r->paths, k.path))
			text_list_add(&r->paths, k.path);
	}
	return 0;
}

/* A ring that can't be read may have it: only that of the system is passed over
 * by others than root, who can't have its keys. */
static int
find_key(struct retire *r, struct err *e)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < r->conf.n_homes; i++) {
		const struct profile_home *h = &r->conf.homes[i];
		struct seal_ring *ring = NULL;

		rc = cred_load_ring(h, false, &ring, e);
		if (rc == 0)
			rc = find_in_ring(r, ring, e);
		else if (rc == EX_NOPERM && h->is_system &&
			 r->job->user.uid != 0)
			rc = 0;
		seal_free(ring);
	}
	if (rc == 0 && r->paths.n == 0)
		rc = err_set(e, EX_CONFIG,
		    "there is no key %s: osmtp seal --list shows which key has "
		    "sealed what",
		    r->job->kid);
	return rc;
}

/* ---- who needs it */

static void
look_at(void *ctx, const struct reseal_item *i)
{
	struct retire *r = ctx;
	const struct seal_job *s = r->job;
	bool known = i->kid[0] != '\0';
	char line[16] = "";

	if (known ? strcmp(i->kid, s->kid) != 0 : !reads(i->home, &r->paths))
		return;
	if (i->line > 0)
		snprintf(line, sizeof(line), ":%u", i->line);
	if (!known) {
		r->unknown++;
		cmd_say(s->call, "%s%s: can't be looked into: %s", i->path,
		    line, i->why.text);
		return;
	}
	r->uses++;
	if (i->profile != NULL)
		cmd_say(s->call, "%s%s: %s.%s is sealed by key %s", i->path,
		    line, i->profile, i->field, s->kid);
	else
		cmd_say(s->call, "%s%s: is sealed by key %s%s%s", i->path, line,
		    s->kid, i->line > 0 ? ": " : "",
		    i->line > 0 ? i->why.text : "");
}

static int
check_unused(struct retire *r, struct err *e)
{
	const struct reseal q = { .files = r->job->files,
		.n_files = r->job->n_files,
		.user = &r->job->user,
		.conf = &r->conf,
		.act = RESEAL_LOOK_LOCKED,
		.tell = look_at,
		.ctx = r };

	reseal_run(&q);
	if (r->uses > 0)
		return err_set(e, EX_CONFIG,
		    "key %s is in use: %zu would not open without it; osmtp "
		    "reseal seals anew by the first key; nothing was changed",
		    r->job->kid, r->uses);
	if (r->unknown > 0)
		return err_set(e, EX_NOPERM,
		    "key %s may be in use where it can't be seen; nothing was "
		    "changed",
		    r->job->kid);
	return 0;
}

/* ---- taking it out */

/* Those whose key file is not of this configuration alone. */
static int
check_paths(const struct retire *r, struct err *e)
{
	const struct profile_home *h = &r->conf.homes[0];
	struct seal_places p;
	size_t i;
	int rc = 0;

	cred_places(h, &p);
	for (i = 0; rc == 0 && i < r->paths.n; i++) {
		const char *path = r->paths.v[i];

		if (p.credential != NULL && strcmp(path, p.credential) == 0)
			rc = err_set(e, EX_CONFIG,
			    "key %s is in the systemd credential osmtp-seal: "
			    "take its line out there",
			    r->job->kid);
		else if (r->job->files[0].given && p.system != NULL &&
			 strcmp(path, p.system) == 0)
			rc = err_set(e, EX_CONFIG,
			    "key %s is in %s, which is for other "
			    "configurations, too: do it without -C (and "
			    "OSMTP_CONFIG)",
			    r->job->kid, path);
	}
	cred_places_clear(&p);
	return rc;
}

static int
drop(const struct retire *r, struct err *e)
{
	const char *kid = r->job->kid;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < r->paths.n; i++) {
		rc = seal_drop_key(r->paths.v[i], kid, e);
		if (rc == 0)
			printf("key %s is gone from %s\n", kid, r->paths.v[i]);
	}
	if (rc == 0)
		cmd_say(r->job->call,
		    "copies may be left where the file was copied to: backups, "
		    "images, other hosts; whoever has one and an old copy of "
		    "what it sealed can open that. Configurations that are "
		    "used by -C, and other users', were not looked at");
	return rc;
}

int
seal_retire(const struct seal_job *s, struct err *e)
{
	struct retire r = { .job = s };
	int rc = cmd_load_conf(s->call, s->conf_file, &s->user, &r.conf, e);

	if (rc == 0)
		rc = find_key(&r, e);
	if (rc == 0)
		rc = check_unused(&r, e);
	if (rc == 0)
		rc = check_paths(&r, e);
	if (rc == 0)
		rc = drop(&r, e);
	text_list_clear(&r.paths);
	conf_clear(&r.conf);
	return rc;
}
