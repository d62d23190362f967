/* SPDX-License-Identifier: ISC */
/*
 * profile: who may send, and as whom.
 *
 * The choice is a list of rules, each a function that either settles it or
 * leaves it to the next, and each writes its line into why. A rule that has
 * chosen a profile which the user may not use ends the choice: a second best
 * is never taken in its place, since mail would then leave under a name that
 * nobody asked for.
 */
#include "core/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { WHY_MAX = 16 * 1024, SHOWN_MAX = 320 };

struct hint_names
profile_hint_names(const struct profile *p)
{
	struct hint_names n = { .profile = "NAME", .user = "", .host = "" };
	const struct profile *a;

	if (p == NULL)
		return n;
	a = profile_account(p);
	n.profile = p->name;
	/* Who is told to turn to OAuth gets there by a login. */
	n.login = profile_needs_login(a) || !a->has_oauth;
	n.mailbox = p->kind == PROFILE_MAILBOX || profile_needs_login(a);
	n.user = profile_user_text(p);
	n.path = p->home->path;
	n.line = p->line;
	if (p->n_servers > 0 && p->servers[0].wire.host != NULL)
		n.host = p->servers[0].wire.host;
	return n;
}

void
profile_add_advice(
    struct buf *b, const struct outcome *o, const struct profile *p)
{
	struct hint_names n = profile_hint_names(p);
	struct buf remedy;

	buf_init(&remedy, b->max);
	hint_add_meaning(b, o);
	hint_add_remedy(&remedy, o, &n);
	if (remedy.len > 0)
		buf_add_fmt(
		    b, "%sWhat to do: %s", b->len > 0 ? " " : "", remedy.data);
	buf_clear(&remedy);
}

bool
profile_has_grant(const struct profile *p, enum profile_grant g)
{
	for (size_t i = 0; i < p->n_grants; i++)
		if (p->grants[i] == g)
			return true;
	return false;
}

bool
profile_needs_login(const struct profile *p)
{
	return profile_has_grant(p, PROFILE_GRANT_AUTHORIZATION_CODE) ||
	       profile_has_grant(p, PROFILE_GRANT_DEVICE_CODE);
}

const char *
profile_grant_name(enum profile_grant g)
{
	static const char *const names[] = {
		[PROFILE_GRANT_CLIENT_CREDENTIALS] = "client_credentials",
		[PROFILE_GRANT_JWT_BEARER] = "jwt_bearer",
		[PROFILE_GRANT_AUTHORIZATION_CODE] = "authorization_code",
		[PROFILE_GRANT_DEVICE_CODE] = "device_code",
		[PROFILE_GRANT_REFRESH_TOKEN] = "refresh_token",
		[PROFILE_GRANT_COMMAND] = "command",
	};

	return names[g];
}

bool
profile_has_way(const struct profile *p, enum profile_auth way)
{
	for (size_t i = 0; i < p->n_auth; i++)
		if (p->auth[i] == way)
			return true;
	return false;
}

const char *
profile_kind_name(enum profile_kind k)
{
	return k == PROFILE_SYSTEM ? "system" : "mailbox";
}

const char *
profile_auth_name(enum profile_auth a)
{
	static const char *const names[] = { "oauth", "password", "cert",
		"none" };

	return names[a];
}

const struct profile *
profile_account(const struct profile *p)
{
	return p->credentials != NULL ? p->credentials : p;
}

const char *
profile_user_text(const struct profile *p)
{
	const char *user = profile_account(p)->user;

	return user != NULL ? user : "";
}

static void
secret_ref_clear(struct profile_secret *s)
{
	if (s->form == PROFILE_PLAIN)
		secret_clear(&s->plain);
	free(s->text);
	text_list_clear(&s->argv);
	free(s->key);
	free(s->field);
	memset(s, 0, sizeof(*s));
}

void
profile_clear(struct profile *p)
{
	free(p->name);
	addr_clear(&p->address);
	text_list_clear(&p->also);
	free(p->display);
	text_list_clear(&p->users);
	free(p->reply_to);
	free(p->user);
	secret_ref_clear(&p->password);
	secret_ref_clear(&p->client_secret);
	secret_ref_clear(&p->refresh_token);
	secret_ref_clear(&p->key_passphrase);
	secret_ref_clear(&p->signer.passphrase);
	text_list_clear(&p->token_command);
	text_list_clear(&p->parameters);
	text_list_clear(&p->keep);
	memset(p, 0, sizeof(*p));
}

const struct profile *
profile_find(const struct profile_set *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->v[i].name, name) == 0)
			return &set->v[i];
	return NULL;
}

const char *
profile_nearest(const struct profile *v, size_t n, const char *name)
{
	const char **names = mem_new(n + 1, sizeof(*names)), *near;

	for (size_t i = 0; i < n; i++)
		names[i] = v[i].name;
	near = text_nearest(name, names, n);
	free(names);
	return near;
}

int
profile_look_up(const struct profile_set *set, const char *what,
    const char *name, const struct profile **out, struct err *e)
{
	const char *near;

	*out = profile_find(set, name);
	if (*out != NULL)
		return 0;
	near = profile_nearest(set->v, set->n, name);
	if (near != NULL)
		return err_set(e, EX_CONFIG,
		    "%s: \"%.100s\": no profile has this name; did you mean "
		    "\"%s\"?",
		    what, name, near);
	return err_set(e, EX_CONFIG,
	    "%s: \"%.100s\": no profile has this name; \"osmtp profiles\" "
	    "lists them",
	    what, name);
}

int
profile_permit(const struct profile *p, const char *what,
    const struct sys_user *u, struct err *e)
{
	if (profile_allows(p, u))
		return 0;
	return err_set(e, EX_NOPERM,
	    "%s: profile \"%s\": %s may not use it: add the user to its users "
	    "(%s:%d)",
	    what, p->name, u->login, p->home->path, p->line);
}

/* Does local begin with the n octets that stand before the star? */
static bool
local_begins(const char *local, const char *prefix, size_t n)
{
	return strlen(local) >= n && memcmp(local, prefix, n) == 0;
}

static bool
is_pattern(const char *text)
{
	const char *at = strrchr(text, '@');

	return at != NULL && at > text && at[-1] == '*';
}

bool
profile_pattern_matches(const char *pattern, const struct addr *a)
{
	const char *at = strrchr(pattern, '@');
	struct addr plain = { 0 };
	bool same;

	if (a->domain == NULL)
		return false;
	if (is_pattern(pattern))
		return text_case_eq(at + 1, a->domain) &&
		       local_begins(
			   a->local, pattern, (size_t)(at - 1 - pattern));
	if (addr_parse(pattern, false, &plain, NULL) != 0)
		return false;
	same = addr_equal(&plain, a);
	addr_clear(&plain);
	return same;
}

/* How well a profile fits an address; higher is better, 0 does not fit. */
struct fit {
	enum { FIT_NONE, FIT_PATTERN, FIT_ALSO, FIT_ADDRESS } how;
	size_t length;	  /* of the pattern */
	const char *text; /* that matched, for the explanation */
};

static struct fit
fit_of(const struct profile *p, const struct addr *a)
{
	struct fit best = { FIT_NONE, 0, NULL };

	if (addr_equal(&p->address, a)) {
		best.how = FIT_ADDRESS;
		return best;
	}
	for (size_t i = 0; i < p->also.n; i++) {
		const char *text = p->also.v[i];
		struct fit f = { FIT_ALSO, 0, text };

		if (!profile_pattern_matches(text, a))
			continue;
		if (is_pattern(text)) {
			f.how = FIT_PATTERN;
			f.length = strlen(text);
		}
		if (f.how > best.how ||
		    (f.how == best.how && f.length > best.length))
			best = f;
	}
	return best;
}

bool
profile_owns(const struct profile *p, const struct addr *a)
{
	return fit_of(p, a).how != FIT_NONE;
}

/* Is this one of users the user? */
static bool
entry_names(const char *entry, const struct sys_user *u)
{
	uint64_t uid;

	if (strcmp(entry, "*") == 0)
		return true;
	if (entry[0] == '@')
		return text_list_has(&u->groups, entry + 1);
	if (text_parse_uint(entry, UINT32_MAX, &uid))
		return u->uid == (uid_t)uid;
	return u->known && strcmp(entry, u->login) == 0;
}

/* The one of users that lets the user in, "root" for root, or NULL. */
static const char *
allowed_by(const struct profile *p, const struct sys_user *u)
{
	if (u->uid == 0)
		return "root";
	for (size_t i = 0; i < p->users.n; i++)
		if (entry_names(p->users.v[i], u))
			return p->users.v[i];
	return NULL;
}

bool
profile_allows(const struct profile *p, const struct sys_user *u)
{
	return allowed_by(p, u) != NULL;
}

bool
profile_is_local(const struct profile_set *set, const struct addr *a)
{
	return a->domain == NULL ||
	       text_list_has_case(&set->local_names, a->domain);
}

/* What the rules share while they look. */
struct choosing {
	const struct profile_set *set;
	const struct profile_request *q;
	struct profile_choice *c;
	struct err *e;
	const struct addr *sender; /* NULL for none and for the null sender */
	char shown[SHOWN_MAX + 8]; /* the address in question, for people */
	bool settled;
};

static void
show(struct choosing *x, const struct addr *a)
{
	struct buf whole, safe;

	buf_init(&whole, ADDR_MAX_LOCAL + ADDR_MAX_DOMAIN + 2);
	buf_init(&safe, sizeof(x->shown) - 1);
	addr_add_to(&whole, a);
	text_add_safe(
	    &safe, whole.len > 0 ? whole.data : "", whole.len, SHOWN_MAX);
	memcpy(x->shown, safe.len > 0 ? safe.data : "", safe.len);
	x->shown[safe.len] = '\0';
	buf_clear(&safe);
	buf_clear(&whole);
}

/* Does p beat the best so far? The order of the set decides the last tie:
 * the user's own file first, then as written. */
static bool
is_better(const struct profile *p, const struct fit *f,
    const struct profile *best, const struct fit *of_best)
{
	if (f->how == FIT_NONE)
		return false;
	if (best == NULL || f->how != of_best->how)
		return best == NULL || f->how > of_best->how;
	if (f->length != of_best->length)
		return f->length > of_best->length;
	return p->kind == PROFILE_MAILBOX && best->kind == PROFILE_SYSTEM;
}

/* The profile that fits a best. for_user: of the mailboxes that u may use. */
static const struct profile *
best_match(const struct profile_set *set, const struct addr *a,
    const struct sys_user *for_user, struct fit *how)
{
	const struct profile *best = NULL;

	for (size_t i = 0; i < set->n; i++) {
		const struct profile *p = &set->v[i];
		struct fit f;

		if (for_user != NULL && (p->kind != PROFILE_MAILBOX ||
					    !profile_allows(p, for_user)))
			continue;
		f = fit_of(p, a);
		if (is_better(p, &f, best, how)) {
			best = p;
			*how = f;
		}
	}
	return best;
}

static void
add_users(struct buf *b, const struct profile *p)
{
	if (p->users.n == 0)
		buf_add_str(b, "nobody but root");
	for (size_t i = 0; i < p->users.n; i++)
		buf_add_fmt(b, "%s%s", i > 0 ? ", " : "", p->users.v[i]);
}

/*
 * The rule has found p, for the reason that stands in why without its line
 * end. It is final here: yes, or EX_NOPERM.
 */
static int
settle(struct choosing *x, int rule, const struct profile *p)
{
	const char *by = allowed_by(p, x->q->user);
	struct buf users;

	x->settled = true;
	x->c->rule = rule;
	if (by != NULL) {
		x->c->profile = p;
		buf_add_fmt(&x->c->why, "; %s may use it (users: %s)\n",
		    x->q->user->login, by);
		return 0;
	}
	buf_init(&users, 512);
	add_users(&users, p);
	buf_add_fmt(&x->c->why, "; %s may not use it (users: %s)\n",
	    x->q->user->login, users.len > 0 ? users.data : "...");
	err_set(x->e, EX_NOPERM,
	    "not allowed: %s may not send by profile \"%s\", chosen by rule "
	    "%d (%s): its users are %s; add the user there, or name another "
	    "profile with -a",
	    x->q->user->login, p->name, rule,
	    rule == 1	      ? "-a"
	    : rule == 2	      ? x->shown
	    : x->c->unmatched ? "unmatched"
			      : "default",
	    users.len > 0 ? users.data : "...");
	buf_clear(&users);
	return EX_NOPERM;
}

static int
unknown_name(struct choosing *x)
{
	buf_add_str(&x->c->why, "rule 1: -a names no profile that there is\n");
	x->settled = true;
	x->c->rule = 1;
	return EX_CONFIG;
}

static int
rule_named(struct choosing *x)
{
	const struct profile *p;

	if (x->q->wanted == NULL) {
		buf_add_str(&x->c->why, "rule 1: no profile named with -a\n");
		return 0;
	}
	if (profile_look_up(x->set, "-a", x->q->wanted, &p, x->e) != 0)
		return unknown_name(x);
	buf_add_fmt(&x->c->why, "rule 1: -a names %s profile \"%s\"",
	    profile_kind_name(p->kind), p->name);
	return settle(x, 1, p);
}

static void
add_match(struct buf *b, const char *shown, const struct profile *p,
    const struct fit *f)
{
	buf_add_fmt(b, "%s is ", shown);
	switch (f->how) {
	case FIT_ADDRESS:
		buf_add_str(b, "the address");
		break;
	case FIT_ALSO:
		buf_add_str(b, "in also");
		break;
	default:
		buf_add_fmt(b, "matched by \"%s\" in also", f->text);
		break;
	}
	buf_add_fmt(
	    b, " of %s profile \"%s\"", profile_kind_name(p->kind), p->name);
}

static int
rule_sender(struct choosing *x)
{
	struct buf *why = &x->c->why;
	const struct profile *p;
	struct fit f = { FIT_NONE, 0, NULL };

	if (x->sender == NULL) {
		buf_add_fmt(why, "rule 2: %s\n",
		    x->q->sender == NULL ? "no sender was given"
					 : "the null sender counts as none");
		return 0;
	}
	show(x, x->sender);
	if (x->c->local) {
		buf_add_fmt(why, "rule 2: sender %s is local (%s)\n", x->shown,
		    x->sender->domain == NULL ? "a bare name"
					      : "its domain is in local_names");
		return 0;
	}
	p = best_match(x->set, x->sender, NULL, &f);
	if (p == NULL) {
		buf_add_fmt(
		    why, "rule 2: sender %s matches no profile\n", x->shown);
		return 0;
	}
	buf_add_str(why, "rule 2: sender ");
	add_match(why, x->shown, p, &f);
	return settle(x, 2, p);
}

static int
rule_from(struct choosing *x)
{
	const struct addr *from = x->q->from;
	struct buf *why = &x->c->why;
	const struct profile *p;
	struct fit f = { FIT_NONE, 0, NULL };

	if (x->sender != NULL) {
		buf_add_str(
		    why, "rule 3: From does not count beside a sender\n");
		return 0;
	}
	if (from == NULL || addr_is_null(from)) {
		buf_add_str(why, "rule 3: there is no From\n");
		return 0;
	}
	show(x, from);
	/* As for senders, a local name is nobody's address before the choice.
	 */
	p = profile_is_local(x->set, from)
		? NULL
		: best_match(x->set, from, x->q->user, &f);
	if (p == NULL) {
		buf_add_fmt(why,
		    "rule 3: From %s names no mailbox profile that %s may "
		    "use\n",
		    x->shown, x->q->user->login);
		return 0;
	}
	x->c->local = false;
	buf_add_str(why, "rule 3: From ");
	add_match(why, x->shown, p, &f);
	return settle(x, 3, p);
}

static int
rule_local(struct choosing *x)
{
	const struct profile *p = x->set->for_local;

	x->c->rule = 4;
	if (p == NULL) {
		buf_add_str(&x->c->why,
		    "rule 4: a local sender, and there is no default\n");
		return err_set(x->e, EX_CONFIG,
		    "default: no profile for local senders (rule 4): set "
		    "default to the name of a system profile, or name a "
		    "profile with -a");
	}
	buf_add_fmt(&x->c->why,
	    "rule 4: a local sender: default is %s profile \"%s\"",
	    profile_kind_name(p->kind), p->name);
	return settle(x, 4, p);
}

static int
rule_unmatched(struct choosing *x)
{
	const struct profile *p = x->set->for_unmatched;

	x->c->rule = 4;
	x->c->unmatched = true;
	if (p == NULL) {
		buf_add_fmt(&x->c->why,
		    "rule 4: %s is not local, and unmatched is \"reject\"\n",
		    x->shown);
		return err_set(x->e, EX_NOPERM,
		    "not allowed: sender %s: no profile has this address, and "
		    "unmatched takes no other sender (rule 4): add the address "
		    "to also of a profile, or set unmatched",
		    x->shown);
	}
	buf_add_fmt(&x->c->why,
	    "rule 4: %s is not local: unmatched is %s profile \"%s\"", x->shown,
	    profile_kind_name(p->kind), p->name);
	return settle(x, 4, p);
}

const char *const profile_secrets[PROFILE_SECRETS] = { "password",
	"oauth.client_secret", "oauth.client_key_passphrase",
	"oauth.refresh_token", "tls.key_passphrase" };

const struct profile_secret *
profile_secret_of(const struct profile *p, const char *name)
{
	const struct profile_secret *const all[PROFILE_SECRETS] = {
		&p->password, &p->client_secret, &p->signer.passphrase,
		&p->refresh_token, &p->key_passphrase
	};
	size_t i;

	for (i = 0; strcmp(profile_secrets[i], name) != 0; i++)
		;
	return all[i];
}

int
profile_choose(const struct profile_set *set, const struct profile_request *q,
    struct profile_choice *c, struct err *e)
{
	static int (*const rules[])(
	    struct choosing *) = { rule_named, rule_sender, rule_from };
	struct choosing x = { .set = set, .q = q, .c = c, .e = e };

	memset(c, 0, sizeof(*c));
	buf_init(&c->why, WHY_MAX);
	if (q->sender != NULL && !addr_is_null(q->sender))
		x.sender = q->sender;
	c->local = x.sender == NULL || profile_is_local(set, x.sender);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		int rc = rules[i](&x);

		if (rc != 0 || x.settled)
			return rc;
	}
	return c->local ? rule_local(&x) : rule_unmatched(&x);
}

void
profile_choice_clear(struct profile_choice *c)
{
	buf_clear(&c->why);
	memset(c, 0, sizeof(*c));
}

void
profile_add_display(struct buf *b, const struct profile *p, const char *login,
    const char *full_name, const char *host)
{
	/* An address literal has no short form. */
	size_t short_len = host[0] == '[' ? strlen(host) : strcspn(host, ".");

	if (p->display == NULL)
		return;
	for (const char *t = p->display; *t != '\0'; t++) {
		if (*t != '%' || t[1] == '\0') {
			buf_add_char(b, *t);
			continue;
		}
		switch (*++t) {
		case 'u':
			buf_add_str(b, login);
			break;
		case 'f': /* A name that nobody entered would leave a hole. */
			buf_add_str(b, *full_name != '\0' ? full_name : login);
			break;
		case 'h':
			buf_add(b, host, short_len);
			break;
		default:
			buf_add_char(b, *t);
			break;
		}
	}
}
