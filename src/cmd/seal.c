/* SPDX-License-Identifier: ISC */
/*
 * seal: secrets sealed for the configuration.
 *
 * Which file is meant is found out without loading it: a configuration with a
 * secret in clear where none may be is one fault, and sealing is its remedy.
 * So the candidates are those of conf_load(), and the first that has the
 * profile is it.
 */
#include "cmd/seal_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"
#include "cmd/ask.h"
#include "cmd/blob.h"
#include "core/conf_edit.h"
#include "gate/seal.h"

#define USAGE                                                              \
	"usage: osmtp seal [-C FILE] [--set] PROFILE.FIELD | --new-key | " \
	"--list [--json] | --retire KID"

/* ---- arguments */

/* PROFILE.FIELD */
static int
take_name(struct seal_job *s, const char *name, struct err *e)
{
	const char *dot = strchr(name, '.');
	const char *near;
	size_t i;

	if (dot == NULL || dot == name || s->profile != NULL)
		return err_set(e, EX_USAGE, USAGE);
	s->profile = mem_dup_n(name, (size_t)(dot - name));
	for (i = 0; i < PROFILE_SECRETS; i++)
		if (strcmp(dot + 1, profile_secrets[i]) == 0) {
			s->field = profile_secrets[i];
			return 0;
		}
	near = text_nearest(dot + 1, profile_secrets, PROFILE_SECRETS);
	if (near != NULL)
		return err_set(e, EX_USAGE,
		    "seal: %s: no secret of a profile; did you mean %s.%s?",
		    name, s->profile, near);
	return err_set(e, EX_USAGE,
	    "seal: %s: no secret of a profile, which are password, "
	    "oauth.client_secret, oauth.client_key_passphrase, "
	    "oauth.refresh_token, tls.key_passphrase",
	    name);
}

static int
take_act(struct seal_job *s, enum seal_act act, struct err *e)
{
	if (s->act != SEAL_PRINT)
		return err_set(e, EX_USAGE, USAGE);
	s->act = act;
	return 0;
}

static int
take_args(struct seal_job *s, struct err *e)
{
	const struct cmd_call *c = s->call;
	int i, rc = 0;

	for (i = 1; rc == 0 && i < c->argc; i++) {
		const char *arg = c->argv[i];

		if (strcmp(arg, "--set") == 0)
			rc = take_act(s, SEAL_SET, e);
		else if (strcmp(arg, "--new-key") == 0)
			rc = take_act(s, SEAL_NEW_KEY, e);
		else if (strcmp(arg, "--list") == 0)
			rc = take_act(s, SEAL_LIST, e);
		else if (strcmp(arg, "--retire") == 0 && i + 1 < c->argc) {
			rc = take_act(s, SEAL_RETIRE, e);
			s->kid = c->argv[++i];
		} else if (strcmp(arg, "--json") == 0)
			s->json = true;
		else if (strcmp(arg, "-C") == 0 && i + 1 < c->argc &&
			 s->conf_file == NULL)
			s->conf_file = c->argv[++i];
		else if (arg[0] != '-')
			rc = take_name(s, arg, e);
		else
			rc = err_set(e, EX_USAGE, USAGE);
	}
	if (rc == 0 && ((s->act <= SEAL_SET) != (s->profile != NULL) ||
			   (s->json && s->act != SEAL_LIST)))
		rc = err_set(e, EX_USAGE, USAGE);
	return rc;
}

/* ---- files */

static void
list_files(struct seal_job *s)
{
	struct conf_request q =
	    cmd_conf_request(s->call, s->conf_file, &s->user);

	s->n_files = conf_sources(&q, s->files);
}

/* Where a new profile would stand. */
static const struct conf_source *
usual_file(const struct seal_job *s)
{
	const struct conf_source *last = &s->files[s->n_files - 1];

	return s->user.uid == 0 && access(last->path, F_OK) == 0 ? last
								 : s->files;
}

static int
no_profile(const struct seal_job *s, struct err *e)
{
	return err_set(e, EX_CONFIG,
	    "there is no profile \"%s\" in %s%s%s; write it first", s->profile,
	    s->files[0].path, s->n_files > 1 ? " or " : "",
	    s->n_files > 1 ? s->files[1].path : "");
}

/* The file that has the profile. */
static int
choose_file(struct seal_job *s, struct err *e)
{
	const struct conf_edit_path path = { { "profiles", s->profile }, 2 };
	size_t i;
	int rc;

	s->file = usual_file(s);
	for (i = 0; s->profile != NULL && i < s->n_files; i++) {
		rc = conf_edit_look(&s->files[i], &path, e);
		if (rc == 0)
			s->file = &s->files[i];
		if (rc != EX_NOINPUT)
			return rc;
	}
	if (s->act == SEAL_SET)
		return no_profile(s, e);
	if (s->profile != NULL)
		cmd_say(s->call,
		    "%s: there is no profile of this name yet; the sealed text "
		    "will be good for that name alone",
		    s->profile);
	return 0;
}

/* ---- secrets */

/* Ask for the secret and seal it. */
static int
make_blob(const struct seal_job *s, struct buf *blob, struct err *e)
{
	char *what = mem_printf("%s.%s", s->profile, s->field);
	struct secret secret;
	int rc;

	secret_init(&secret);
	if (s->call->stdin_closed)
		rc = err_set(e, EX_NOINPUT, "standard input is closed");
	else
		rc = ask_secret(what, &secret, e);
	if (rc == 0)
		rc = blob_make(
		    s->call, s->file, s->profile, s->field, &secret, blob, e);
	secret_clear(&secret);
	free(what);
	return rc;
}

/* ---- all of it */

static int
act(struct seal_job *s, struct err *e)
{
	struct buf blob;
	int rc;

	if (s->act == SEAL_LIST)
		return seal_list(s, e);
	if (s->act == SEAL_RETIRE)
		return seal_retire(s, e);
	rc = choose_file(s, e);
	if (rc != 0)
		return rc;
	if (s->act == SEAL_NEW_KEY)
		return blob_new_key(s->call, s->file, true, e);
	buf_init(&blob, 2 * SEAL_MAX_SECRET);
	rc = make_blob(s, &blob, e);
	if (rc == 0 && s->act == SEAL_SET)
		rc = seal_set(s, blob.data, e);
	else if (rc == 0)
		puts(blob.data);
	buf_clear(&blob);
	return rc;
}

int
cmd_seal(const struct cmd_call *c)
{
	struct seal_job s = { .call = c };
	struct err e = ERR_NONE;
	size_t i;
	int rc;

	rc = take_args(&s, &e);
	if (rc == 0) {
		sys_user_load(&s.user, getuid());
		list_files(&s);
		rc = act(&s, &e);
		if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
			rc = err_set(&e, EX_IOERR, "standard output: write");
		for (i = 0; i < s.n_files; i++)
			conf_source_clear(&s.files[i]);
		sys_user_clear(&s.user);
	}
	free(s.profile);
	return rc != 0 ? cmd_complain(c, &e) : 0;
}
