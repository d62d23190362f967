/* SPDX-License-Identifier: ISC */
/*
 * rotate: a new secret in place of one, tried before the old one goes.
 *
 * The provider takes both for a while; so first comes the new one there, then
 * this, then the end of the old one there. Whatever fails on the way changes
 * nothing: mail goes on with the old one.
 */
#include "cmd/rotate_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/ask.h"
#include "cmd/tell.h"
#include "cmd/term.h"
#include "core/cred.h"
#include "mail/hint.h"

#define USAGE                                                               \
	"usage: osmtp rotate NAME [--field FIELD] [--at-once] [--key FILE " \
	"[--cert FILE] [--key-id ID] [--passphrase]] [--expires DATE] "     \
	"[-C FILE]"

static const char *const fields[] = { [ROTATE_PASSWORD] = "password",
	[ROTATE_SECRET] = "oauth.client_secret",
	[ROTATE_KEY] = "oauth.client_key",
	[ROTATE_ACCOUNT] = "oauth.service_account" };

enum { N_FIELDS = sizeof(fields) / sizeof(fields[0]) };

const char *
rotate_field(const struct rotate *r)
{
	return fields[r->what];
}

/* ---- arguments */

/* A configuration wants whole paths. To be freed. */
static char *
whole_path(const char *path)
{
	char *here, *whole;

	if (path[0] == '/')
		return mem_dup(path);
	here = getcwd(NULL, 0);
	whole = mem_printf("%s/%s", here != NULL ? here : "", path);
	free(here);
	return whole;
}

/* A word with a value behind it. */
static bool
take_value(struct rotate *r, const char *word, const char *value)
{
	const struct {
		const char *word;
		const char **to;
	} all[] = { { "--field", &r->field }, { "--key-id", &r->key_id },
		{ "--expires", &r->expires }, { "-C", &r->conf_file } };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(word, all[i].word) == 0 && *all[i].to == NULL) {
			*all[i].to = value;
			return true;
		}
	if (strcmp(word, "--key") == 0 && r->key == NULL)
		r->key = whole_path(value);
	else if (strcmp(word, "--cert") == 0 && r->cert == NULL)
		r->cert = whole_path(value);
	else
		return false;
	return true;
}

/* "2027-05-31"? */
static bool
is_date(const char *s)
{
	struct tm tm = { 0 };
	const char *end = strptime(s, "%Y-%m-%d", &tm);
	int day = tm.tm_mday;

	return end != NULL && *end == '\0' && strlen(s) == 10 &&
	       timegm(&tm) > 0 && tm.tm_mday == day;
}

static int
take_args(struct rotate *r, struct err *e)
{
	const struct cmd_call *c = r->call;
	int i;

	for (i = 1; i < c->argc; i++) {
		const char *arg = c->argv[i];

		if (strcmp(arg, "--at-once") == 0)
			r->at_once = true;
		else if (strcmp(arg, "--passphrase") == 0)
			r->passphrase = true;
		else if (arg[0] != '-' && r->name == NULL)
			r->name = arg;
		else if (arg[0] == '-' && i + 1 < c->argc &&
			 take_value(r, arg, c->argv[i + 1]))
			i++;
		else
			return err_set(e, EX_USAGE, USAGE);
	}
	if (r->name == NULL ||
	    (r->key == NULL &&
		(r->cert != NULL || r->key_id != NULL || r->passphrase)))
		return err_set(e, EX_USAGE, USAGE);
	if (r->expires != NULL && !is_date(r->expires))
		return err_set(e, EX_USAGE,
		    "rotate: --expires %s: must be a date such as 2027-05-31",
		    r->expires);
	return 0;
}

/* ---- what is replaced */

/* "FILE:LINE" of the profile, for complaints. */
#define AT(p) (p)->home->path, (p)->line

static bool
has(const struct profile *p, enum rotate_what what)
{
	switch (what) {
	case ROTATE_PASSWORD:
		return p->password.form != PROFILE_NO_SECRET;
	case ROTATE_SECRET:
		return p->client_secret.form != PROFILE_NO_SECRET;
	case ROTATE_KEY:
		return p->signer.key != NULL;
	case ROTATE_ACCOUNT:
		return p->signer.service_account != NULL;
	}
	return false;
}

/* The field that was asked for. */
static int
take_field(struct rotate *r, struct err *e)
{
	size_t i;

	for (i = 0; i < N_FIELDS; i++)
		if (strcmp(r->field, fields[i]) == 0) {
			r->what = (enum rotate_what)i;
			return 0;
		}
	if (strcmp(r->field, "oauth.refresh_token") == 0)
		return err_set(e, EX_USAGE,
		    "rotate: %s: a new consent comes by osmtp login %s, and "
		    "the old one stays until then",
		    r->field, r->name);
	for (i = 0; i < PROFILE_SECRETS; i++)
		if (strcmp(r->field, profile_secrets[i]) == 0)
			return err_set(e, EX_USAGE,
			    "rotate: %s: no server knows it: osmtp seal --set "
			    "%s.%s (and osmtp rotate %s --key for another key)",
			    r->field, r->name, r->field, r->name);
	return err_set(e, EX_USAGE,
	    "rotate: %s: must be password, oauth.client_secret, "
	    "oauth.client_key or oauth.service_account",
	    r->field);
}

/* The first that there is, in the order in which the ways are tried. */
static bool
guess(struct rotate *r)
{
	const struct profile *p = r->profile;
	size_t i;
	int w;

	for (i = 0; i < p->n_auth; i++) {
		if (p->auth[i] == PROFILE_AUTH_PASSWORD &&
		    has(p, ROTATE_PASSWORD) && r->key == NULL) {
			r->what = ROTATE_PASSWORD;
			return true;
		}
		for (w = ROTATE_SECRET; w <= ROTATE_ACCOUNT; w++)
			if (p->auth[i] == PROFILE_AUTH_OAUTH &&
			    has(p, (enum rotate_what)w) &&
			    (r->key == NULL || w != ROTATE_SECRET)) {
				r->what = (enum rotate_what)w;
				return true;
			}
	}
	return false;
}

static int
choose_what(struct rotate *r, struct err *e)
{
	const struct profile *p = r->profile;
	int rc = 0;

	if (r->field != NULL)
		rc = take_field(r, e);
	else if (!guess(r))
		rc = err_set(e, EX_CONFIG,
		    "rotate: profile \"%s\" has no %s (%s:%d)", p->name,
		    r->key != NULL ? "key to replace" : "secret to replace",
		    AT(p));
	if (rc != 0)
		return rc;
	if (!has(p, r->what))
		return err_set(e, EX_CONFIG,
		    "rotate: profile \"%s\" has no %s (%s:%d)", p->name,
		    rotate_field(r), AT(p));
	r->from = r->what == ROTATE_PASSWORD ? &p->password
		  : r->what == ROTATE_SECRET ? &p->client_secret
					     : NULL;
	return 0;
}

/* Do the other arguments go with it? */
static int
check_args(const struct rotate *r, struct err *e)
{
	const struct profile *p = r->profile;

	if ((r->from == NULL) != (r->key != NULL))
		return err_set(e, EX_USAGE, "rotate: %s of \"%s\": %s",
		    rotate_field(r), p->name,
		    r->from != NULL
			? "the new one is asked for, not given by --key"
			: "give the new one by --key FILE");
	if (r->what == ROTATE_ACCOUNT &&
	    (r->cert != NULL || r->key_id != NULL || r->passphrase))
		return err_set(e, EX_USAGE,
		    "rotate: a service account's file is all that it takes: "
		    "--key FILE");
	if (r->what == ROTATE_KEY &&
	    (p->signer.cert != NULL) != (r->cert != NULL))
		return err_set(e, EX_USAGE, "rotate: profile \"%s\" has %s",
		    p->name,
		    p->signer.cert != NULL
			? "a certificate with its key: give the new one by "
			  "--cert FILE"
			: "a key without a certificate: leave --cert out");
	if (r->what == ROTATE_KEY && p->signer.key_id != NULL &&
	    r->key_id == NULL)
		return err_set(e, EX_USAGE,
		    "rotate: oauth.key_id is the old key's: give the new one's "
		    "by --key-id ID");
	if (r->expires != NULL && r->what == ROTATE_PASSWORD)
		return err_set(e, EX_USAGE,
		    "rotate: --expires is for oauth.secret_expires");
	return 0;
}

static int
find_profile(struct rotate *r, struct err *e)
{
	const struct profile *p;
	size_t i;

	if (profile_look_up(&r->conf.set, "rotate", r->name, &p, e) != 0)
		return EX_CONFIG;
	if (p->credentials != NULL)
		return err_set(e, EX_CONFIG,
		    "rotate: profile \"%s\" uses the account of \"%s\": osmtp "
		    "rotate %s",
		    p->name, p->credentials->name, p->credentials->name);
	r->profile = p;
	r->file = r->files;
	for (i = 0; i < r->n_files; i++)
		if (strcmp(r->files[i].path, p->home->path) == 0)
			r->file = &r->files[i];
	return 0;
}

/* ---- the new one */

static int
ask(struct rotate *r, struct err *e)
{
	char *what;
	int rc;

	if (r->from == NULL && !r->passphrase)
		return 0;
	what = r->from != NULL
		   ? mem_printf("new %s.%s", r->name, rotate_field(r))
		   : mem_printf("passphrase of %s", r->key);
	if (r->call->stdin_closed)
		rc = err_set(e, EX_NOINPUT, "standard input is closed");
	else
		rc = ask_secret(what, &r->fresh, e);
	if (rc == 0 && r->from != NULL &&
	    cred_new_is_old(r->profile, r->from, &r->fresh))
		rc = err_set(e, EX_DATAERR,
		    "%s: that is the one that is there already", what);
	free(what);
	return rc;
}

/* Could it not be told, for reasons that speak neither for nor against it? */
static bool
is_open_question(const struct outcome *o)
{
	return o->class == OUTCOME_CLASS_L ||
	       strcmp(o->error, "no_consent") == 0;
}

/* Why it is not taken, or could not be tested. What is advised for a secret
 * that is in use would mislead where the new one is refused. */
static void
say_why(const struct rotate *r, const struct outcome *o)
{
	bool open = is_open_question(o);
	struct buf b;

	buf_init(&b, 8192);
	tell_add_words(&b, o, "");
	cmd_say(r->call, "rotate: %s.%s: the new one %s: %s", r->name,
	    rotate_field(r), open ? "could not be tested" : "is not taken",
	    b.data);
	if (open) {
		tell_advice(r->call, o, r->profile);
	} else {
		buf_reset(&b);
		hint_add_meaning(&b, o);
		if (b.len > 0)
			cmd_say(r->call, "what it means: %s", b.data);
		cmd_say(r->call,
		    "what to do: see that the new one is whole, is "
		    "valid already, and is of this account; then "
		    "again");
	}
	buf_clear(&b);
}

/* False: the new one is not to be used. *code then. */
static bool
is_taken(const struct rotate *r, int *code)
{
	struct outcome o = { 0 };
	struct buf b;
	bool ok;

	buf_init(&b, 8192);
	ok = rotate_try(r, &b, &o);
	if (ok) {
		printf("tested: %s\n", b.data);
		fflush(stdout);
	} else {
		say_why(r, &o);
		ok = r->at_once && is_open_question(&o);
		if (ok)
			cmd_say(r->call,
			    "rotate: --at-once: it is put in all the same");
		else
			cmd_say(r->call, "rotate: nothing was changed%s",
			    r->at_once ? "" : ": the old one is in use still");
		*code = outcome_exit_one(&o);
	}
	buf_clear(&b);
	return ok;
}

/* ---- what is left to do */

/* What the preset says of where such things are made. */
static void
print_steps(const struct rotate *r)
{
	static const char *const words[] = { [ROTATE_PASSWORD] = "assword",
		[ROTATE_SECRET] = "secret",
		[ROTATE_KEY] = "ertificate",
		[ROTATE_ACCOUNT] = "service account" };
	const struct preset *s = r->profile->preset;
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; s->steps != NULL && s->steps[i] != NULL; i++)
		if (strstr(s->steps[i], words[r->what]) != NULL)
			printf("  %s\n", s->steps[i]);
	printf("  (osmtp preset %s says more)\n", s->name);
}

static void
print_rest(const struct rotate *r)
{
	static const char *const names[] = { "password", "client secret",
		"certificate or key", "key of the service account" };
	const struct profile *p = r->profile;

	if (!r->at_once) {
		printf("left to do: end the old %s at %s; nothing here uses it "
		       "any more\n",
		    names[r->what],
		    p->preset != NULL ? p->preset->title : "the provider");
		print_steps(r);
	}
	if (r->what == ROTATE_SECRET && p->secret_expires != 0 &&
	    r->expires == NULL)
		printf("left to do: oauth.secret_expires (%s:%d) is of the old "
		       "one\n",
		    AT(p));
	if (r->from == NULL)
		printf("left to do: remove the old file %s\n",
		    r->what == ROTATE_KEY ? p->signer.key
					  : p->signer.service_account);
}

/* Something else keeps it: a person must put it there. */
static void
print_by_hand(const struct rotate *r)
{
	const struct profile_secret *s = r->from;

	printf("nothing was written. Left to do:\n  ");
	if (s->form == PROFILE_COMMAND)
		printf("put the new one where %s finds it\n", s->argv.v[0]);
	else if (s->form == PROFILE_ENV)
		printf("set the variable %s to the new one, where osmtp is "
		       "started\n",
		    s->text);
	else
		printf("make the systemd credential %s anew "
		       "(systemd-creds encrypt), and start the service again\n",
		    s->text);
	printf("  then end the old one%s%s\n",
	    r->profile->preset != NULL ? " at " : "",
	    r->profile->preset != NULL ? r->profile->preset->title : "");
}

/* ---- all of it */

/* Signals wait meanwhile: a file, and the date that goes with it, are two. */
static int
put(struct rotate *r, struct err *e)
{
	int rc;

	term_hold();
	rc = rotate_put(r, e);
	r->is_put = rc == 0;
	log_event(rc == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, NULL, "rotate",
	    "profile", r->name, "field", rotate_field(r), "result",
	    rc == 0 ? "done" : "failed", "text", rc == 0 ? NULL : e->text,
	    NULL);
	term_release(r->is_put ? r->put_words : r->last_words);
	return rc;
}

static int
replace(struct rotate *r, struct err *e)
{
	int code = 0, rc;

	rc = choose_what(r, e);
	if (rc == 0)
		rc = check_args(r, e);
	if (rc == 0)
		rc = rotate_check_place(r, e);
	if (rc == 0)
		rc = ask(r, e);
	if (rc != 0)
		return rc;
	if (!is_taken(r, &code))
		return err_set(e, code, "%s", "");
	if (!rotate_is_ours(r)) {
		print_by_hand(r);
		return 0;
	}
	rc = put(r, e);
	if (rc == 0)
		print_rest(r);
	return rc;
}

static int
run(struct rotate *r, struct err *e)
{
	struct conf_request q =
	    cmd_conf_request(r->call, r->conf_file, &r->user);
	struct err said = ERR_NONE;
	size_t i;
	int rc;

	r->n_files = conf_sources(&q, r->files);
	rc = cmd_load_conf(r->call, r->conf_file, &r->user, &r->conf, e);
	if (rc == 0)
		rc = find_profile(r, e);
	if (rc == 0) {
		if (log_open(&r->profile->home->log, &said) != 0)
			cmd_complain(r->call, &said);
		term_guard(r->last_words);
		rc = replace(r, e);
		term_unguard();
	}
	conf_clear(&r->conf);
	for (i = 0; i < r->n_files; i++)
		conf_source_clear(&r->files[i]);
	return rc;
}

int
cmd_rotate(const struct cmd_call *c)
{
	struct rotate r = { .call = c };
	struct err e = ERR_NONE;
	int rc;

	secret_init(&r.fresh);
	r.last_words = mem_printf(
	    "%s: rotate: stopped; nothing was changed\n", c->program);
	r.put_words = mem_printf(
	    "%s: rotate: stopped; the new one is in its place\n", c->program);
	rc = take_args(&r, &e);
	if (rc == 0) {
		sys_user_load(&r.user, getuid());
		rc = run(&r, &e);
		if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
			rc = err_set(&e, EX_IOERR,
			    "rotate: %s, but standard output can't be written",
			    r.is_put ? "the new one is in its place"
				     : "nothing was changed");
		sys_user_clear(&r.user);
	}
	secret_clear(&r.fresh);
	free(r.last_words);
	free(r.put_words);
	free(r.key);
	free(r.cert);
	if (rc != 0 && e.text[0] != '\0')
		cmd_complain(c, &e);
	return rc;
}
