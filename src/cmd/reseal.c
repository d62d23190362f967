/* SPDX-License-Identifier: ISC */
/*
 * reseal: all that is sealed, sealed anew by the first key of its ring; then
 * the other keys can be retired.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/tell.h"
#include "core/cred.h"
#include "core/reseal.h"

struct job {
	const struct cmd_call *call;
	bool dry_run, json;
	const char *conf_file; /* -C, or NULL */
	size_t count[RESEAL_FAILED + 1];
	struct text_list used; /* "KID" of what is not sealed by a first key */
};

static int
take_args(struct job *j, struct err *e)
{
	const struct cmd_call *c = j->call;
	int i;

	for (i = 1; i < c->argc; i++) {
		const char *arg = c->argv[i];

		if (strcmp(arg, "--dry-run") == 0)
			j->dry_run = true;
		else if (strcmp(arg, "--json") == 0)
			j->json = true;
		else if (strcmp(arg, "-C") == 0 && i + 1 < c->argc &&
			 j->conf_file == NULL)
			j->conf_file = c->argv[++i];
		else
			return err_set(e, EX_USAGE,
			    "usage: osmtp reseal [--dry-run] [--json] "
			    "[-C FILE]");
	}
	return 0;
}

/* ---- what is said of each */

static const char *const words[] = { [RESEAL_KEPT] = "kept",
	[RESEAL_OLD] = "old",
	[RESEAL_DONE] = "done",
	[RESEAL_LEFT] = "left",
	[RESEAL_FAILED] = "failed" };

static void
print_json(const struct reseal_item *i)
{
	struct json *o = json_new();

	if (i->profile != NULL) {
		json_set_string(o, "profile", i->profile);
		json_set_string(o, "field", i->field);
	}
	json_set_string(o, "file", i->path);
	if (i->line > 0)
		json_set_number(o, "line", i->line);
	if (i->kid[0] != '\0')
		json_set_string(o, "kid", i->kid);
	if (i->first[0] != '\0')
		json_set_string(o, "first", i->first);
	json_set_string(o, "result", words[i->what]);
	if (i->what == RESEAL_LEFT || i->what == RESEAL_FAILED)
		json_set_string(o, "error", i->why.text);
	tell_print(o);
}

/* "FILE:LINE: PROFILE.FIELD: ", or "FILE: " */
static void
add_place(struct buf *b, const struct reseal_item *i)
{
	buf_add_str(b, i->path);
	if (i->line > 0)
		buf_add_fmt(b, ":%u", i->line);
	if (i->profile != NULL)
		buf_add_fmt(b, ": %s.%s", i->profile, i->field);
	buf_add_str(b, ": ");
}

static void
print_line(const struct job *j, const struct reseal_item *i)
{
	struct buf b;

	buf_init(&b, 16 * 1024);
	add_place(&b, i);
	switch (i->what) {
	case RESEAL_KEPT:
		break;
	case RESEAL_OLD:
		if (i->first[0] == '\0')
			printf("%sis sealed by key %s, and there is none to "
			       "seal it by (osmtp seal --new-key)\n",
			    b.data, i->kid);
		else
			printf("%swould be sealed by key %s (is by %s)\n",
			    b.data, i->first, i->kid);
		break;
	case RESEAL_DONE:
		printf("%ssealed by key %s (was by %s)\n", b.data, i->first,
		    i->kid);
		break;
	case RESEAL_LEFT:
		printf("%sleft as it is: %s\n", b.data, i->why.text);
		break;
	case RESEAL_FAILED: {
		/* Paths of the state are in its words already. */
		bool named = text_starts(i->why.text, i->path);

		cmd_say(
		    j->call, "reseal: %s%s", named ? "" : b.data, i->why.text);
		break;
	}
	}
	buf_clear(&b);
}

static void
tell(void *ctx, const struct reseal_item *i)
{
	struct job *j = ctx;

	j->count[i->what]++;
	if (i->what != RESEAL_KEPT && i->what != RESEAL_DONE &&
	    i->kid[0] != '\0')
		text_list_add(&j->used, i->kid);
	if (j->json)
		print_json(i);
	else
		print_line(j, i);
	fflush(stdout); /* what was done is said, whatever comes */
}

/* ---- what can be done next */

static void
advise_ring(struct job *j, const struct seal_ring *r)
{
	struct seal_key k;
	size_t i;

	for (i = 1; seal_key(r, i, &k); i++) {
		if (text_list_has(&j->used, k.kid))
			continue;
		text_list_add(&j->used, k.kid); /* once is enough */
		printf("key %s in %s is of no more use here: osmtp seal "
		       "--retire %s\n",
		    k.kid, k.path, k.kid);
	}
}

static void
finish(struct job *j, const struct conf *conf)
{
	const size_t *n = j->count;
	struct seal_ring *ring;
	size_t i;

	if (j->json)
		return;
	if (n[RESEAL_OLD] + n[RESEAL_DONE] + n[RESEAL_FAILED] == 0)
		printf("nothing to do: %zu sealed already by the first key\n",
		    n[RESEAL_KEPT]);
	if (j->dry_run || n[RESEAL_LEFT] + n[RESEAL_FAILED] > 0)
		return;
	for (i = 0; i < conf->n_homes; i++) {
		ring = NULL;
		if (cred_load_ring(&conf->homes[i], false, &ring, NULL) == 0)
			advise_ring(j, ring);
		seal_free(ring);
	}
}

/* ---- all of it */

static int
run(struct job *j, const struct sys_user *user, struct err *e)
{
	struct conf_request q = cmd_conf_request(j->call, j->conf_file, user);
	struct conf_source files[CONF_MAX_SOURCES];
	struct conf conf = { 0 };
	struct reseal r = { .files = files,
		.user = user,
		.conf = &conf,
		.act = j->dry_run ? RESEAL_LOOK : RESEAL_DO,
		.tell = tell,
		.ctx = j };
	size_t i;
	int rc;

	r.n_files = conf_sources(&q, files);
	rc = cmd_load_conf(j->call, j->conf_file, user, &conf, e);
	if (rc == 0) {
		rc = reseal_run(&r);
		finish(j, &conf);
		if (rc != 0)
			err_set(e, rc,
			    "reseal: %zu could not be sealed anew; what was "
			    "there is there still",
			    j->count[RESEAL_FAILED]);
	}
	conf_clear(&conf);
	for (i = 0; i < r.n_files; i++)
		conf_source_clear(&files[i]);
	return rc;
}

int
cmd_reseal(const struct cmd_call *c)
{
	struct job j = { .call = c };
	struct sys_user user = { 0 };
	struct err e = ERR_NONE;
	int rc = take_args(&j, &e);

	if (rc == 0) {
		sys_user_load(&user, getuid());
		rc = run(&j, &user, &e);
		if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
			rc = err_set(&e, EX_IOERR, "standard output: write");
		sys_user_clear(&user);
	}
	text_list_clear(&j.used);
	return rc != 0 ? cmd_complain(c, &e) : 0;
}
