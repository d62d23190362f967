/* SPDX-License-Identifier: ISC */
/*
 * conf_build: a profile as written becomes a profile.
 *
 * A key that would have no effect beside the others is an error too: whoever
 * wrote it believes that it has one.
 */
#include "core/conf_build.h"

#include <string.h>

#include "base/mem.h"
#include "core/conf_value.h"

#define is_set(d, id) ((d)->at[id].path != NULL)

/* Complain at the place of the key, or of the profile if it is not set. */
#define complain(d, e, id, ...)                                              \
	conf_table_complain((e), is_set(d, id) ? &(d)->at[id] : &(d)->begin, \
	    (id), (d)->p.name, __VA_ARGS__)

/* A copy of s that lives as long as the profile. */
static const char *
keep(struct profile *p, const char *s)
{
	if (s == NULL)
		return NULL;
	text_list_add(&p->keep, s);
	return p->keep.v[p->keep.n - 1];
}

static int
build_required(const struct conf_entry *d, const char *owner, struct err *e)
{
	if (!is_set(d, CONF_KIND))
		return complain(d, e, CONF_KIND,
		    "is missing: \"system\" for cron and daemons, \"mailbox\" "
		    "for people");
	if (!is_set(d, CONF_ADDRESS))
		return complain(d, e, CONF_ADDRESS,
		    "is missing: the address that this profile sends as");
	if (!is_set(d, CONF_SERVER))
		return complain(d, e, CONF_SERVER,
		    "is missing: such as \"smtp://mail.example.com\"");
	if (d->kind == PROFILE_MAILBOX && owner == NULL &&
	    !is_set(d, CONF_USERS))
		return complain(d, e, CONF_USERS,
		    "is missing: who may send as this mailbox, such as "
		    "[ \"alice\", \"@staff\" ]");
	return 0;
}

static void
build_identity(struct conf_entry *d, const char *owner)
{
	struct profile *p = &d->p;
	bool system = d->kind == PROFILE_SYSTEM;

	p->kind = system ? PROFILE_SYSTEM : PROFILE_MAILBOX;
	p->line = (int)d->begin.line;
	if (!is_set(d, CONF_REWRITE))
		p->rewrite = system;
	if (!is_set(d, CONF_AUTO_SUBMITTED))
		p->auto_submitted = system;
	if (!is_set(d, CONF_NAME) && system)
		p->display = mem_dup("%u on %h");
	if (!is_set(d, CONF_USERS))
		text_list_add(&p->users, system ? "*" : owner);
	if (is_set(d, CONF_REPLY_TO))
		p->reply_to = addr_text(&d->reply_to);
	if (!is_set(d, CONF_USER))
		p->user = addr_text(&p->address);
}

/* A greeting is awaited so long where another server is listed. */
enum { GREETING_MS = 60 * 1000 };

static int
build_servers(struct conf_entry *d, struct err *e)
{
	bool clear = is_set(d, CONF_TLS_MODE); /* "none" is its only word */
	struct profile *p = &d->p;
	const char *ca_file = keep(p, d->tls_ca_file);

	if (clear && (ca_file != NULL || is_set(d, CONF_TLS_MIN)))
		return complain(d, e,
		    ca_file != NULL ? CONF_TLS_CA_FILE : CONF_TLS_MIN,
		    "has no effect beside tls.mode = \"none\"");
	for (size_t i = 0; i < d->servers.n; i++) {
		struct smtp_target t = d->servers.v[i];

		if (clear && t.wire.tls == WIRE_TLS)
			return complain(d, e, CONF_TLS_MODE,
			    "\"none\": the server smtps://%s is reached by TLS "
			    "alone: write smtp://",
			    t.wire.host);
		if (clear)
			t.wire.tls = WIRE_CLEAR;
		t.wire.host = keep(p, t.wire.host);
		t.wire.unix_path = keep(p, t.wire.unix_path);
		t.wire.ca_file = ca_file;
		t.wire.tls13 = d->tls_min == 1; /* the second word */
		t.timeouts = d->timeouts;
		t.timeouts.greeting = t.timeouts.reply;
		if (d->servers.n > 1 && t.timeouts.greeting > GREETING_MS)
			t.timeouts.greeting = GREETING_MS;
		p->servers[p->n_servers++] = t;
	}
	return 0;
}

static bool
has_way(const struct profile *p, enum profile_auth way)
{
	for (size_t i = 0; i < p->n_auth; i++)
		if (p->auth[i] == way)
			return true;
	return false;
}

/* The ways that are named, or the one that what is given stands for. */
static int
build_ways(struct conf_entry *d, struct err *e)
{
	struct profile *p = &d->p;

	for (size_t i = 0; i < d->auth.n; i++)
		for (int w = 0; w < PROFILE_MAX_AUTH; w++)
			if (strcmp(profile_auth_name((enum profile_auth)w),
				d->auth.v[i]) == 0)
				p->auth[p->n_auth++] = (enum profile_auth)w;
	if (!is_set(d, CONF_AUTH)) {
		if (!p->has_oauth && !is_set(d, CONF_PASSWORD))
			return complain(d, e, CONF_AUTH,
			    "neither oauth nor a password is given: an open "
			    "relay needs auth = \"none\"");
		p->auth[p->n_auth++] =
		    p->has_oauth ? PROFILE_AUTH_OAUTH : PROFILE_AUTH_PASSWORD;
	}
	return 0;
}

static int
check_ways(const struct conf_entry *d, struct err *e)
{
	const struct profile *p = &d->p;

	if (has_way(p, PROFILE_AUTH_OAUTH) && !p->has_oauth)
		return complain(
		    d, e, CONF_AUTH, "\"oauth\": there is no oauth group");
	if (has_way(p, PROFILE_AUTH_PASSWORD) && !is_set(d, CONF_PASSWORD))
		return complain(
		    d, e, CONF_AUTH, "\"password\": there is no password");
	if (has_way(p, PROFILE_AUTH_NONE) &&
	    p->auth[p->n_auth - 1] != PROFILE_AUTH_NONE)
		return complain(d, e, CONF_AUTH,
		    "\"none\" must come last: nothing is tried after it");
	if (p->n_auth == 1 && has_way(p, PROFILE_AUTH_NONE))
		return 0;
	for (size_t i = 0; i < p->n_servers; i++) {
		const struct wire_target *w = &p->servers[i].wire;

		if (w->tls == WIRE_CLEAR && w->unix_path == NULL &&
		    !conf_value_is_loopback(w->host))
			return complain(d, e, CONF_TLS_MODE,
			    "\"none\": credentials never go to %s without "
			    "TLS: only a loopback address, a unix socket, or "
			    "auth = \"none\" goes with it",
			    w->host);
	}
	return 0;
}

/* Each mechanism serves a way, and each way has one. */
static int
build_sasl(struct conf_entry *d, struct err *e)
{
	struct profile *p = &d->p;
	bool token = false, password = false;

	for (size_t i = 0; i < d->sasl.n; i++) {
		enum sasl_mech m;

		if (!sasl_find(d->sasl.v[i], &m))
			continue; /* conf_value has seen to it */
		if (!has_way(p, sasl_takes_token(m) ? PROFILE_AUTH_OAUTH
						    : PROFILE_AUTH_PASSWORD))
			return complain(d, e, CONF_SASL,
			    "\"%s\" takes %s, which auth does not name",
			    sasl_name(m),
			    sasl_takes_token(m) ? "a token (\"oauth\")"
						: "a password");
		token = token || sasl_takes_token(m);
		password = password || !sasl_takes_token(m);
		p->sasl[p->n_sasl++] = m;
	}
	if (p->n_sasl > 0 && !token && has_way(p, PROFILE_AUTH_OAUTH))
		return complain(d, e, CONF_SASL,
		    "auth names \"oauth\", but no mechanism here takes a "
		    "token: add \"XOAUTH2\" or \"OAUTHBEARER\"");
	if (p->n_sasl > 0 && !password && has_way(p, PROFILE_AUTH_PASSWORD))
		return complain(d, e, CONF_SASL,
		    "auth names \"password\", but no mechanism here takes one: "
		    "add \"PLAIN\" or \"LOGIN\"");
	return 0;
}

static int
build_oauth(struct conf_entry *d, struct err *e)
{
	static const enum oauth_client_auth client_auths[] = { OAUTH_AUTH_POST,
		OAUTH_AUTH_BASIC, OAUTH_AUTH_BASIC_RAW };
	struct profile *p = &d->p;

	p->has_oauth = is_set(d, CONF_OAUTH);
	if (!p->has_oauth)
		return 0;
	/* Its default would be a consent given by a person. */
	if (d->kind == PROFILE_MAILBOX && !is_set(d, CONF_OAUTH_GRANT))
		return complain(d, e, CONF_OAUTH_GRANT,
		    "is missing: for a mailbox it must be written: "
		    "\"client_credentials\"");
	if (!is_set(d, CONF_OAUTH_CLIENT_ID))
		return complain(d, e, CONF_OAUTH_CLIENT_ID, "is missing");
	if (!is_set(d, CONF_OAUTH_TOKEN_URL))
		return complain(d, e, CONF_OAUTH_TOKEN_URL, "is missing");
	if (!is_set(d, CONF_OAUTH_CLIENT_SECRET))
		return complain(d, e, CONF_OAUTH_CLIENT_SECRET, "is missing");
	p->oauth.client_id = keep(p, d->client_id);
	p->oauth.client_auth = client_auths[d->client_auth];
	p->oauth.token_url = keep(p, d->token_url);
	p->oauth.scope = keep(p, d->scope);
	p->oauth.ca_file = keep(p, d->oauth_ca_file);
	return 0;
}

int
conf_build(struct conf_entry *d, const struct profile_home *home,
    const char *owner, struct err *e)
{
	int rc;

	rc = build_required(d, owner, e);
	if (rc == 0) {
		d->p.home = home;
		build_identity(d, owner);
		rc = build_servers(d, e);
	}
	if (rc == 0)
		rc = build_oauth(d, e);
	if (rc == 0)
		rc = build_ways(d, e);
	if (rc == 0)
		rc = check_ways(d, e);
	if (rc == 0)
		rc = build_sasl(d, e);
	return rc;
}
