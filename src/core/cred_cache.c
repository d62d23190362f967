/* SPDX-License-Identifier: ISC */
/*
 * cred_cache: what is known of an account's tokens, across processes: one
 * record an account, sealed, in the vault state/tokens.
 */
#include "core/cred_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"

void
cred_cache_init(struct cred_cache *c, const struct profile *a)
{
	c->dir = cred_vault_dir(a->home);
	c->name = a->name;
	c->ring = NULL;
	c->vault = (struct vault){ c->dir, NULL };
}

void
cred_cache_clear(struct cred_cache *c)
{
	seal_free(c->ring);
	free(c->dir);
	memset(c, 0, sizeof(*c));
}

int
cred_cache_load_ring(
    struct cred_cache *c, const struct profile *a, bool make, struct err *e)
{
	int rc = cred_load_ring(a->home, make, &c->ring, e);

	c->vault.ring = c->ring;
	return rc;
}

int
cred_cache_read(
    const struct cred_cache *c, struct cred_record *r, struct err *e)
{
	struct secret blob;
	int rc;

	secret_init(&blob);
	rc = vault_read(&c->vault, c->name, &blob, e);
	if (rc == 0) {
		rc = cred_record_parse(
		    secret_reveal(&blob), secret_len(&blob), r, e);
		if (rc != 0)
			err_wrap(e, "%s/%s.blob", c->dir, c->name);
	}
	secret_clear(&blob);
	return rc;
}

char *
cred_meta_name(const struct profile *a)
{
	return mem_printf("%s:meta", a->name);
}

char *
cred_vault_dir(const struct profile_home *h)
{
	return mem_printf("%s/tokens", h->state);
}

void
cred_places(const struct profile_home *h, struct seal_places *places)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	const char *slash = h->path != NULL ? strrchr(h->path, '/') : NULL;
	char *own = NULL, *system = mem_printf("%s/seal.key", sys_confdir());

	memset(places, 0, sizeof(*places));
	if (credentials != NULL && credentials[0] == '/')
		places->credential = mem_printf("%s/osmtp-seal", credentials);
	if (!h->is_system && slash != NULL)
		own = mem_printf(
		    "%.*s/seal.key", (int)(slash - h->path), h->path);
	if (own != NULL && strcmp(own, system) == 0)
		mem_replace(&own, NULL);
	places->system = system;
	places->own = own;
	places->state = mem_printf("%s/seal.key", h->state);
}

void
cred_places_clear(struct seal_places *places)
{
	free((char *)places->credential);
	free((char *)places->system);
	free((char *)places->own);
	free((char *)places->state);
}

int
cred_load_ring(const struct profile_home *h, bool make, struct seal_ring **out,
    struct err *e)
{
	struct seal_places places;
	int rc;

	cred_places(h, &places);
	rc = seal_load(&places, make, out, e);
	cred_places_clear(&places);
	return rc;
}

/* Whoever may look and finds nothing knows that a login is needed: before the
 * first message is. */
void
cred_look(const struct profile *p, struct cred_status *s)
{
	const struct profile *a = profile_account(p);
	struct cred_record r;
	struct cred_cache c;
	int rc = EX_NOINPUT;

	cred_record_init(&r);
	cred_cache_init(&c, a);
	if (a->has_oauth)
		rc = cred_cache_load_ring(&c, a, false, NULL);
	if (a->has_oauth && rc == 0)
		rc = cred_cache_read(&c, &r, NULL);
	if (rc != 0)
		cred_record_clear(&r);
	cred_record_status(&r, a, s);
	s->unread = rc != 0 && rc != EX_NOINPUT;
	if (!s->unread && a->has_oauth && profile_needs_login(a) &&
	    !s->refreshable && s->state <= CRED_OK &&
	    !cred_record_is_usable(&r, a, sys_now())) {
		s->state = CRED_NEEDS_LOGIN;
		cred_lacks_consent(a, &s->why);
	}
	cred_cache_clear(&c);
	cred_record_clear(&r);
}
