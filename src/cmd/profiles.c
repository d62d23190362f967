/* SPDX-License-Identifier: ISC */
/*
 * profiles: the profiles of the caller's configuration, as a table or a line
 * of JSON each, and whether they can send. Nothing is asked of a server: what
 * is told is what the last tries have shown.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/tell.h"
#include "core/account.h"
#include "core/cred.h"
#include "core/forecast.h"

enum { NAME, KIND, ADDRESS, SERVER, WAYS, STATE, COLUMNS };

static const char *const titles[COLUMNS] = { "NAME", "KIND", "ADDRESS",
	"SERVER", "AUTH", "STATE" };

/* What is known of a profile. */
struct known {
	const struct profile *p;
	struct account account;
	struct cred_status cred;
	bool hidden;		   /* its state may not be looked at */
	const char *state;	   /* a word */
	const struct outcome *why; /* the trouble, or NULL */
	const char *server;	   /* where that was, or "" */
	int64_t since, next;	   /* ms since 1970, or 0 */
	struct forecast ahead[FORECAST_MAX];
	size_t n_ahead;
};

static void
look(struct known *k, const struct profile *p)
{
	memset(k, 0, sizeof(*k));
	k->p = p;
	k->server = "";
	k->hidden = access(p->home->state, R_OK | X_OK) != 0 && errno == EACCES;
	account_load(p, &k->account);
	if (profile_account(p)->has_oauth)
		cred_look(p, &k->cred);
	k->n_ahead = forecast_make(p, &k->cred, sys_now(), k->ahead);
	if (k->hidden)
		k->state = "unknown";
	else if (k->account.state != ACCOUNT_OK) {
		k->state = account_state_name(k->account.state);
		k->why = &k->account.why;
		k->server = k->account.server;
		k->since = k->account.since;
		if (k->account.state != ACCOUNT_DEGRADED)
			k->next = k->account.next;
	} else if (k->cred.state >= CRED_DEGRADED) {
		k->state = cred_state_name(k->cred.state);
		k->why = &k->cred.why;
		k->since = k->cred.since;
		k->next = k->cred.next;
	} else if (k->cred.unread)
		k->state = "unknown";
	else
		k->state = account_state_name(ACCOUNT_OK);
}

/* ---- the table */

static void
add_time(struct buf *b, const char *what, int64_t ms)
{
	if (ms == 0)
		return;
	buf_add_str(b, what);
	tell_add_time(b, ms);
}

/* As it would stand in the configuration. */
static void
add_server(struct buf *b, const struct wire_target *t)
{
	bool six = t->host != NULL && strchr(t->host, ':') != NULL;

	if (t->unix_path != NULL)
		buf_add_fmt(b, "smtp+unix:%s", t->unix_path);
	else
		buf_add_fmt(b, six ? "%s://[%s]:%u" : "%s://%s:%u",
		    t->tls == WIRE_TLS ? "smtps" : "smtp", t->host, t->port);
}

static void
add_servers(struct buf *b, const struct profile *p)
{
	add_server(b, &p->servers[0].wire);
	if (p->n_servers > 1)
		buf_add_fmt(b, " +%zu", p->n_servers - 1);
}

/* "oauth,password (XOAUTH2,PLAIN) by NAME" */
static void
add_ways(struct buf *b, const struct profile *p)
{
	const struct profile *from = profile_account(p);

	for (size_t i = 0; i < from->n_auth; i++)
		buf_add_fmt(b, "%s%s", i > 0 ? "," : "",
		    profile_auth_name(from->auth[i]));
	for (size_t i = 0; i < from->n_sasl; i++)
		buf_add_fmt(
		    b, "%s%s", i > 0 ? "," : " (", sasl_name(from->sasl[i]));
	if (from->n_sasl > 0)
		buf_add_char(b, ')');
	if (from != p)
		buf_add_fmt(b, " by %s", from->name);
}

static void
add_state(struct buf *b, const struct known *k)
{
	buf_add_str(b, k->state);
	add_time(b, " since ", k->since);
	add_time(b, ", next try ", k->next);
	if (k->why == NULL && k->cred.expires > sys_now())
		add_time(b, ", token until ", k->cred.expires);
}

static void
add_cell(struct buf *b, const struct known *k, int column)
{
	switch (column) {
	case NAME:
		buf_add_str(b, k->p->name);
		break;
	case KIND:
		buf_add_str(b, profile_kind_name(k->p->kind));
		break;
	case ADDRESS:
		addr_add_to(b, &k->p->address);
		break;
	case SERVER:
		add_servers(b, k->p);
		break;
	case WAYS:
		add_ways(b, k->p);
		break;
	default:
		add_state(b, k);
		break;
	}
}

static void
print_trouble(const struct known *k)
{
	struct buf b;

	buf_init(&b, 8192);
	if (k->why != NULL) {
		tell_add_words(&b, k->why, k->server);
		printf("    %s\n", b.data);
		buf_reset(&b);
		profile_add_advice(&b, k->why, k->p);
		if (b.len > 0)
			printf("    %s\n", b.data);
	}
	for (size_t i = 0; !k->hidden && i < k->account.n_senders; i++) {
		const struct account_sender *s = &k->account.senders[i];

		buf_reset(&b);
		tell_add_words(&b, &s->why, k->account.server);
		printf("    sender %s: %s\n", s->address, b.data);
	}
	buf_clear(&b);
}

/* What was consented to, when and by whom; and what will end. */
static void
print_consent(const struct known *k)
{
	const struct cred_status *s = &k->cred;
	struct buf b;

	buf_init(&b, 8192);
	if (s->consent > 0 || s->refreshed > 0) {
		buf_add_str(&b, "consent");
		if (s->login[0] != '\0')
			buf_add_fmt(&b, " of %s", s->login);
		add_time(&b, " since ", s->consent);
		add_time(&b, s->consent > 0 ? ", last used " : " last used ",
		    s->refreshed);
		printf("    %s\n", b.data);
	}
	if (s->scope[0] != '\0')
		printf("    scope: %s\n", s->scope);
	buf_clear(&b);
	for (size_t i = 0; i < k->n_ahead; i++)
		printf("    %s (%s)\n", k->ahead[i].text, k->ahead[i].remedy);
}

static void
print_row(char *const cells[COLUMNS], const size_t width[COLUMNS])
{
	for (int c = 0; c < COLUMNS - 1; c++)
		printf("%-*s  ", (int)width[c], cells[c]);
	puts(cells[COLUMNS - 1]);
}

static void
print_table(const struct known *v, size_t n)
{
	char *(*cells)[COLUMNS] = mem_new(n + 1, sizeof(*cells));
	size_t width[COLUMNS] = { 0 };
	struct buf b;

	for (size_t i = 0; i <= n; i++)
		for (int c = 0; c < COLUMNS; c++) {
			buf_init(&b, 4096);
			if (i == 0)
				buf_add_str(&b, titles[c]);
			else
				add_cell(&b, &v[i - 1], c);
			if (b.len > width[c])
				width[c] = b.len;
			cells[i][c] = buf_take(&b);
		}
	for (size_t i = 0; i <= n; i++) {
		print_row(cells[i], width);
		if (i > 0)
			print_trouble(&v[i - 1]);
		if (i > 0 && !v[i - 1].hidden &&
		    profile_account(v[i - 1].p) == v[i - 1].p)
			print_consent(&v[i - 1]);
		for (int c = 0; c < COLUMNS; c++)
			free(cells[i][c]);
	}
	free(cells);
}

/* ---- JSON */

static void
set_time(struct json *j, const char *key, int64_t ms)
{
	if (ms != 0)
		json_set_number(j, key, ms / 1000);
}

static void
set_account(struct json *j, const struct profile *p)
{
	const struct profile *from = profile_account(p);
	struct buf b;

	buf_init(&b, 1024);
	for (size_t i = 0; i < p->n_servers; i++) {
		buf_reset(&b);
		add_server(&b, &p->servers[i].wire);
		json_append_string(j, "servers", b.data);
	}
	buf_clear(&b);
	for (size_t i = 0; i < from->n_auth; i++)
		json_append_string(j, "auth", profile_auth_name(from->auth[i]));
	for (size_t i = 0; i < from->n_sasl; i++)
		json_append_string(j, "sasl", sasl_name(from->sasl[i]));
	json_set_string(j, "user", profile_user_text(p));
	if (from != p)
		json_set_string(j, "credentials", from->name);
}

static void
set_consent(struct json *j, const struct known *k)
{
	const struct cred_status *s = &k->cred;

	set_time(j, "token_obtained", s->obtained);
	set_time(j, "token_expires", s->expires);
	if (s->scope[0] != '\0')
		json_set_string(j, "scope", s->scope);
	if (s->login[0] != '\0')
		json_set_string(j, "login", s->login);
	set_time(j, "consent", s->consent);
	set_time(j, "refreshed", s->refreshed);
	set_time(j, "refresh_expires", s->refresh_expires);
	for (size_t i = 0; i < k->n_ahead; i++) {
		struct json *f = json_new();

		json_set_string(f, "what", forecast_name(k->ahead[i].what));
		set_time(f, "when", k->ahead[i].when);
		json_set_bool(f, "guessed", k->ahead[i].guessed);
		json_set_string(f, "text", k->ahead[i].text);
		json_set_string(f, "remedy", k->ahead[i].remedy);
		json_append_object(j, "forecasts", f);
	}
}

static void
print_json(const struct known *k, const struct sys_user *user)
{
	const struct profile *p = k->p;
	struct json *j = json_new(), *trouble;
	char *address = addr_text(&p->address);

	json_set_string(j, "name", p->name);
	json_set_string(j, "kind", profile_kind_name(p->kind));
	json_set_string(j, "address", address);
	json_set_string(j, "file", p->home->path);
	json_set_number(j, "line", p->line);
	json_set_bool(j, "allowed", profile_allows(p, user));
	set_account(j, p);
	json_set_string(j, "state", k->state);
	set_time(j, "since", k->since);
	set_time(j, "next", k->next);
	if (!k->hidden)
		set_consent(j, k);
	if (k->why != NULL) {
		trouble = json_new();
		tell_set_outcome(trouble, k->why, p);
		json_set_object(j, "trouble", trouble);
	}
	tell_print(j);
	free(address);
}

static void
print_all(const struct profile_set *set, const struct sys_user *user, bool json)
{
	struct known *v = mem_new(set->n, sizeof(*v));

	for (size_t i = 0; i < set->n; i++)
		look(&v[i], &set->v[i]);
	for (size_t i = 0; json && i < set->n; i++)
		print_json(&v[i], user);
	if (!json)
		print_table(v, set->n);
	for (size_t i = 0; i < set->n; i++)
		account_clear(&v[i].account);
	free(v);
}

static int
parse(const struct cmd_call *c, bool *json, const char **file, struct err *e)
{
	*json = false;
	*file = NULL;
	for (int i = 1; i < c->argc; i++) {
		if (strcmp(c->argv[i], "--json") == 0)
			*json = true;
		else if (strcmp(c->argv[i], "-C") == 0 && i + 1 < c->argc)
			*file = c->argv[++i];
		else
			return err_set(e, EX_USAGE,
			    "profiles: %s: unknown; usage: osmtp profiles "
			    "[--json] [-C FILE]",
			    c->argv[i]);
	}
	return 0;
}

int
cmd_profiles(const struct cmd_call *c)
{
	struct sys_user user = { 0 };
	struct conf conf = { 0 };
	struct err e = ERR_NONE;
	const char *file;
	bool json;
	int code = parse(c, &json, &file, &e);

	if (code != 0)
		return cmd_complain(c, &e);
	sys_user_load(&user, getuid());
	code = cmd_load_conf(c, file, &user, &conf, &e);
	if (code != 0)
		cmd_complain(c, &e);
	else
		print_all(&conf.set, &user, json);
	if (code == 0 && (fflush(stdout) != 0 || ferror(stdout))) {
		cmd_say(c, "profiles: standard output can't be written");
		code = EX_IOERR;
	}
	conf_clear(&conf);
	sys_user_clear(&user);
	return code;
}
