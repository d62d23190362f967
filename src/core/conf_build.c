/* SPDX-License-Identifier: ISC */
/*
 * conf_build: a profile as written becomes a profile.
 *
 * A key that would have no effect beside the others is an error too: whoever
 * wrote it believes that it has one. The group oauth is built by
 * conf_build_oauth.
 */
#include "core/conf_build_part.h"

#include <string.h>

#include "base/mem.h"
#include "core/conf_net.h"

enum {
	GREETING_MS = 60 * 1000, /* awaited where another server is listed */
	MAX_JOINED = 4096
};

const char *
conf_build_keep(struct profile *p, const char *s)
{
	if (s == NULL)
		return NULL;
	text_list_add(&p->keep, s);
	return p->keep.v[p->keep.n - 1];
}

const char *
conf_build_keep_joined(struct profile *p, const struct text_list *l, char sep)
{
	struct buf b;
	const char *kept;

	if (l->n == 0)
		return NULL;
	buf_init(&b, MAX_JOINED);
	for (size_t i = 0; i < l->n; i++) {
		if (i > 0)
			buf_add_char(&b, sep);
		buf_add_str(&b, l->v[i]);
	}
	kept = conf_build_keep(p, b.data);
	buf_clear(&b);
	return kept;
}

/* What a profile with credentials takes from another must not stand in it. */
static int
check_borrower(const struct conf_entry *d, struct err *e)
{
	static const enum conf_id taken[] = { CONF_PRESET, CONF_SERVER,
		CONF_TLS, CONF_AUTH, CONF_SASL, CONF_USER, CONF_PASSWORD,
		CONF_OAUTH };

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (is_set(d, taken[i]))
			return complain(d, e, taken[i],
			    "must not stand beside credentials: it is taken "
			    "from profile \"%s\"",
			    d->credentials);
	return 0;
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
	if (d->kind == PROFILE_MAILBOX && owner == NULL &&
	    !is_set(d, CONF_USERS))
		return complain(d, e, CONF_USERS,
		    "is missing: who may send as this mailbox, such as "
		    "[ \"alice\", \"@staff\" ]");
	if (is_set(d, CONF_CREDENTIALS))
		return check_borrower(d, e);
	if (!is_set(d, CONF_SERVER))
		return complain(d, e, CONF_SERVER,
		    "is missing: such as \"smtp://mail.example.com\"%s",
		    d->p.preset != NULL ? "; the preset has none" : "");
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
	if (!is_set(d, CONF_USER) && !is_set(d, CONF_CREDENTIALS))
		p->user = addr_text(&p->address);
	p->max_rcpts = (size_t)d->max_rcpts;
}

/* Of the keys of the group tls. */
static int
check_tls(const struct conf_entry *d, struct err *e)
{
	/* All that says how TLS is made. */
	static const enum conf_id useless[] = { CONF_TLS_CA_FILE, CONF_TLS_PIN,
		CONF_TLS_SERVER_NAME, CONF_TLS_CERT, CONF_TLS_KEY,
		CONF_TLS_KEY_PASSPHRASE, CONF_TLS_MIN };
	size_t n = sizeof(useless) / sizeof(useless[0]);

	/* "none" is the only word of tls.mode. */
	for (size_t i = 0; is_set(d, CONF_TLS_MODE) && i < n; i++)
		if (is_set(d, useless[i]))
			return complain(d, e, useless[i],
			    "has no effect beside tls.mode = \"none\"");
	if (is_set(d, CONF_TLS_KEY) && !is_set(d, CONF_TLS_CERT))
		return complain(d, e, CONF_TLS_KEY,
		    "there is no tls.cert that it belongs to");
	if (is_set(d, CONF_TLS_KEY_PASSPHRASE) && !is_set(d, CONF_TLS_CERT))
		return complain(d, e, CONF_TLS_KEY_PASSPHRASE,
		    "there is no tls.cert whose key it could open");
	return 0;
}

static void
set_timeouts(struct smtp_target *t, const struct conf_entry *d, size_t servers)
{
	t->timeouts = d->timeouts;
	t->timeouts.greeting = t->timeouts.reply;
	if (servers > 1 && t->timeouts.greeting > GREETING_MS)
		t->timeouts.greeting = GREETING_MS;
}

static int
build_servers(struct conf_entry *d, struct err *e)
{
	bool clear = is_set(d, CONF_TLS_MODE);
	struct profile *p = &d->p;
	const struct wire_target tls = {
		.tls13 = d->tls_min == 1, /* the second word */
		.ca_file = conf_build_keep(p, d->tls_ca_file),
		.pin = conf_build_keep_joined(p, &d->tls_pin, ';'),
		.cert = conf_build_keep(p, d->tls_cert),
		.key = conf_build_keep(p, d->tls_key),
		.server_name = conf_build_keep(p, d->tls_server_name),
	};

	if (check_tls(d, e) != 0)
		return EX_CONFIG;
	p->has_key_passphrase = is_set(d, CONF_TLS_KEY_PASSPHRASE);
	for (size_t i = 0; i < d->servers.n; i++) {
		const struct wire_target *to = &d->servers.v[i].wire;
		struct smtp_target t = { .wire = tls };

		if (clear && to->tls == WIRE_TLS)
			return complain(d, e, CONF_TLS_MODE,
			    "\"none\": the server smtps://%s is reached by TLS "
			    "alone: write smtp://",
			    to->host);
		t.wire.tls = clear ? WIRE_CLEAR : to->tls;
		t.wire.host = conf_build_keep(p, to->host);
		t.wire.port = to->port;
		t.wire.unix_path = conf_build_keep(p, to->unix_path);
		set_timeouts(&t, d, d->servers.n);
		p->servers[p->n_servers++] = t;
	}
	return 0;
}

static int
check_ways(const struct conf_entry *d, struct err *e)
{
	const struct profile *p = &d->p;

	if (profile_has_way(p, PROFILE_AUTH_OAUTH) && !p->has_oauth)
		return complain(
		    d, e, CONF_AUTH, "\"oauth\": there is no oauth group");
	if (profile_has_way(p, PROFILE_AUTH_PASSWORD) &&
	    !is_set(d, CONF_PASSWORD))
		return complain(
		    d, e, CONF_AUTH, "\"password\": there is no password");
	if (profile_has_way(p, PROFILE_AUTH_CERT) && !is_set(d, CONF_TLS_CERT))
		return complain(
		    d, e, CONF_AUTH, "\"cert\": there is no tls.cert");
	if (profile_has_way(p, PROFILE_AUTH_NONE) &&
	    p->auth[p->n_auth - 1] != PROFILE_AUTH_NONE)
		return complain(d, e, CONF_AUTH,
		    "\"none\" must come last: nothing is tried after it");
	return 0;
}

/* Nothing that proves who we are goes out in clear. */
static int
check_secrecy(const struct conf_entry *d, struct err *e)
{
	const struct profile *p = &d->p;

	if (p->n_auth == 1 && profile_has_way(p, PROFILE_AUTH_NONE))
		return 0;
	for (size_t i = 0; i < p->n_servers; i++) {
		const struct wire_target *w = &p->servers[i].wire;

		if (w->tls != WIRE_CLEAR)
			continue;
		if (profile_has_way(p, PROFILE_AUTH_CERT))
			return complain(d, e, CONF_AUTH,
			    "\"cert\": %s is reached without TLS, which shows "
			    "the certificate",
			    w->unix_path != NULL ? w->unix_path : w->host);
		if (w->unix_path == NULL && !conf_net_is_loopback(w->host))
			return complain(d, e, CONF_TLS_MODE,
			    "\"none\": credentials never go to %s without "
			    "TLS: only a loopback address, a unix socket, or "
			    "auth = \"none\" goes with it",
			    w->host);
	}
	return 0;
}

/* The ways that are named, or the one that what is given stands for. */
static int
build_ways(struct conf_entry *d, struct err *e)
{
	struct profile *p = &d->p;
	int rc;

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
	rc = check_ways(d, e);
	return rc != 0 ? rc : check_secrecy(d, e);
}

/* Of each sasl_proof: its way, what it is called, what could be added. */
static const struct {
	enum profile_auth way;
	const char *taken, *add;
} proofs[] = {
	[SASL_TOKEN] = { PROFILE_AUTH_OAUTH, "a token (\"oauth\")",
	    "\"XOAUTH2\" or \"OAUTHBEARER\"" },
	[SASL_PASSWORD] = { PROFILE_AUTH_PASSWORD, "a password (\"password\")",
	    "\"SCRAM-SHA-256\", \"PLAIN\" or \"LOGIN\"" },
	[SASL_CERTIFICATE] = { PROFILE_AUTH_CERT, "a certificate (\"cert\")",
	    "\"EXTERNAL\"" },
};

enum { PROOFS = sizeof(proofs) / sizeof(proofs[0]) };

/* A way for which the preset has no mechanism has all that may be used
 * unnamed. */
static void
add_mechs(struct profile *p, enum sasl_proof proof)
{
	for (int m = 0; m < SASL_MECHS; m++)
		if (sasl_proof((enum sasl_mech)m) == proof &&
		    m != SASL_CRAM_MD5)
			p->sasl[p->n_sasl++] = (enum sasl_mech)m;
}

/* Each mechanism serves a way, and each way has one. Of those of a preset, the
 * ones that do not are passed over. */
static int
build_sasl(struct conf_entry *d, struct err *e)
{
	struct profile *p = &d->p;
	bool served[PROOFS] = { false }, by_preset = d->by_preset[CONF_SASL];

	for (size_t i = 0; i < d->sasl.n; i++) {
		enum sasl_mech m;

		if (!sasl_find(d->sasl.v[i], &m))
			continue; /* conf_value has seen to it */
		if (!profile_has_way(p, proofs[sasl_proof(m)].way)) {
			if (by_preset)
				continue;
			return complain(d, e, CONF_SASL,
			    "\"%s\" takes %s, which auth does not name",
			    sasl_name(m), proofs[sasl_proof(m)].taken);
		}
		served[sasl_proof(m)] = true;
		p->sasl[p->n_sasl++] = m;
	}
	for (size_t i = 0; p->n_sasl > 0 && i < PROOFS; i++)
		if (profile_has_way(p, proofs[i].way) && !served[i]) {
			if (by_preset) {
				add_mechs(p, (enum sasl_proof)i);
				continue;
			}
			return complain(d, e, CONF_SASL,
			    "no mechanism here takes %s, which auth names: add "
			    "%s",
			    proofs[i].taken, proofs[i].add);
		}
	return 0;
}

void
conf_build_borrower(
    const struct conf_entry *d, struct profile *p, const struct profile *from)
{
	p->credentials = from;
	p->n_servers = from->n_servers;
	for (size_t i = 0; i < from->n_servers; i++) {
		p->servers[i] = from->servers[i];
		set_timeouts(&p->servers[i], d, from->n_servers);
	}
}

int
conf_build(struct conf_entry *d, const struct profile_home *home,
    const char *owner, struct err *e)
{
	static int (*const steps[])(struct conf_entry *, struct err *) = {
		build_servers, conf_build_oauth, build_ways, build_sasl
	};
	int rc;

	rc = conf_build_preset(d, e);
	if (rc == 0)
		rc = build_required(d, owner, e);
	if (rc != 0)
		return rc;
	d->p.home = home;
	build_identity(d, owner);
	if (is_set(d, CONF_CREDENTIALS))
		return 0; /* the rest is another's */
	for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = steps[i](d, e);
	return rc;
}
