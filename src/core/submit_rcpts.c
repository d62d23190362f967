/* SPDX-License-Identifier: ISC */
/* submit_rcpts: local recipients become real ones. */
#include "core/submit_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/alias.h"

/* What admission goes by; the aliases are read when one is needed. */
struct rcpts {
	const struct submit_request *request;
	const struct conf *conf;
	struct alias_map *aliases; /* or NULL: not read */
	struct envelope *envelope;
	struct err *e;
};

void
submit_complete(struct addr *a, const char *domain)
{
	mem_replace(&a->domain, mem_dup(domain));
}

static bool
is_local(void *ctx, const struct addr *a)
{
	const struct rcpts *r = ctx;

	return profile_is_local(&r->conf->set, a);
}

/* Where a local name without an alias goes. */
static int
resolve_unaliased(struct addr *a, const struct conf *c, struct err *e)
{
	enum conf_unaliased how = c->unaliased;

	if (how == CONF_UNALIASED_AUTO && c->admin.local != NULL)
		how = CONF_UNALIASED_ADMIN;
	else if (how == CONF_UNALIASED_AUTO && c->domain_set)
		how = CONF_UNALIASED_DOMAIN;
	switch (how) {
	case CONF_UNALIASED_ADMIN:
		if (c->admin.local == NULL)
			return err_set(e, EX_CONFIG,
			    "recipient: %s: is local, and unaliased = "
			    "\"admin\" needs the key admin",
			    a->local);
		addr_clear(a);
		addr_copy(a, &c->admin);
		return 0;
	case CONF_UNALIASED_DOMAIN:
		submit_complete(a, c->domain);
		return 0;
	case CONF_UNALIASED_REJECT:
		return err_set(e, EX_NOUSER,
		    "recipient: %s: is local, and unaliased = \"reject\"",
		    a->local);
	default:
		return err_set(e, EX_CONFIG,
		    "recipient: %s: is local; set admin (who gets such mail) "
		    "or domain (to complete the name) in the configuration",
		    a->local);
	}
}

/* One that aliases have nothing to say of (any more). */
static int
add_unaliased(
    struct rcpts *r, const struct addr *from, const struct dsn_rcpt *wish)
{
	struct addr a = { 0 };
	int code = 0;

	addr_copy(&a, from);
	if (is_local(r, &a))
		code = resolve_unaliased(&a, r->conf, r->e);
	if (code == 0)
		code = envelope_add_rcpt_dsn(r->envelope, &a, wish, r->e);
	addr_clear(&a);
	return code;
}

/* Has it an alias? Only then the file is needed, and read once. */
static int
look_up(struct rcpts *r, const struct addr *a, bool *has)
{
	int code = 0;

	*has = false;
	if (r->conf->aliases == NULL || r->request->no_aliases ||
	    a->keep_bare || !is_local(r, a))
		return 0;
	if (r->aliases == NULL)
		code = alias_load(r->conf->aliases, &r->aliases, r->e);
	*has = code == 0 && alias_has(r->aliases, a->local);
	return code;
}

static int
add(struct rcpts *r, const struct addr *a, const struct dsn_rcpt *wish)
{
	struct addr_list l = { 0 };
	bool has;
	int code = look_up(r, a, &has);
	size_t i;

	if (code != 0 || !has)
		return code != 0 ? code : add_unaliased(r, a, wish);
	code = alias_expand(r->aliases, a->local, is_local, r, &l, r->e);
	for (i = 0; i < l.n && code == 0; i++)
		code = add_unaliased(r, &l.v[i], wish);
	addr_list_clear(&l);
	return code;
}

/*
 * What is wanted of recipient i. Whoever wants to hear of him wants to hear the
 * name that he gave (RFC 3461 4.2), whatever it stands for: complete, since
 * others read it.
 */
static void
take_wish(struct rcpts *r, size_t i, struct dsn_rcpt *out)
{
	struct addr a = { 0 };
	char *text;

	if (r->request->rcpt_dsn == NULL)
		return;
	dsn_rcpt_copy(out, &r->request->rcpt_dsn[i]);
	if (out->notify == 0 || out->orcpt != NULL)
		return;
	addr_copy(&a, &r->request->rcpts.v[i]);
	if (addr_is_bare(&a))
		submit_complete(&a, r->conf->domain);
	addr_to_ascii_domain(&a, NULL); /* where it can't be, it is refused */
	text = addr_text(&a);
	out->orcpt = dsn_make_orcpt(text);
	free(text);
	addr_clear(&a);
}

int
submit_admit_rcpts(const struct submit_request *r, const struct conf *c,
    struct envelope *v, struct err *e)
{
	struct rcpts x = { .request = r, .conf = c, .envelope = v, .e = e };
	struct dsn_rcpt wish = { 0 };
	size_t i;
	int code = 0;

	for (i = 0; i < r->rcpts.n && code == 0; i++) {
		take_wish(&x, i, &wish);
		code = add(&x, &r->rcpts.v[i], &wish);
		dsn_rcpt_clear(&wish);
	}
	alias_free(x.aliases);
	return code;
}
