/* SPDX-License-Identifier: ISC */
/*
 * cred_meta: an issuer's metadata, kept for a day, and used for longer only
 * where it can't be fetched: a provider whose metadata is away often still
 * gives tokens.
 *
 * It lies in the vault of the token cache under NAME:meta (a profile's name has
 * no colon), one for each account, since each has its own idea of whom to trust
 * (ca_file, pin):
 *
 *   osmtp-meta 1
 *   OBTAINED              ms since 1970
 *   the document as it came, to be read as if it came now: that it is the
 *   issuer's is seen anew each time
 */
#include "core/cred_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"

#define MARK "osmtp-meta 1\n"

enum {
	MARK_LEN = sizeof(MARK) - 1,
	LIFE = 24 * 3600 * 1000, /* ms */
	NUMBER_ROOM = 24
};

/* Understand a kept one; false if it is of no use. */
static bool
read_meta(const struct secret *blob, const char *issuer, struct oauth_meta *m,
    int64_t *obtained)
{
	const char *p = secret_reveal(blob) + MARK_LEN;
	const char *end = secret_reveal(blob) + secret_len(blob);
	char number[NUMBER_ROOM];
	uint64_t ms;
	const char *lf;

	if (secret_len(blob) < MARK_LEN ||
	    memcmp(secret_reveal(blob), MARK, MARK_LEN) != 0)
		return false;
	lf = memchr(p, '\n', (size_t)(end - p));
	if (lf == NULL || (size_t)(lf - p) >= sizeof(number))
		return false;
	memcpy(number, p, (size_t)(lf - p));
	number[lf - p] = '\0';
	if (!text_parse_uint(number, INT64_MAX, &ms))
		return false;
	*obtained = (int64_t)ms;
	return oauth_meta_read(
		   issuer, lf + 1, (size_t)(end - lf - 1), m, NULL) == 0;
}

static bool
take_kept(const struct cred_cache *k, const struct profile *a,
    struct oauth_meta *m, int64_t *obtained)
{
	char *name = cred_meta_name(a);
	struct secret blob;
	bool ok;

	secret_init(&blob);
	ok = k->ring != NULL && vault_read(&k->vault, name, &blob, NULL) == 0 &&
	     read_meta(&blob, a->oauth.issuer, m, obtained);
	secret_clear(&blob);
	free(name);
	return ok;
}

/* What can't be kept is fetched again. */
static void
keep_meta(const struct cred_cache *k, const struct profile *a,
    const struct secret *text)
{
	char *name = cred_meta_name(a), number[NUMBER_ROOM];
	struct err e = ERR_NONE;
	struct secret blob;

	secret_init(&blob);
	secret_add_str(&blob, MARK);
	snprintf(number, sizeof(number), "%" PRId64 "\n", sys_now());
	secret_add_str(&blob, number);
	secret_add(&blob, secret_reveal(text), secret_len(text));
	if (k->ring != NULL && vault_write(&k->vault, name, &blob, &e) != 0)
		log_event(LOG_LEVEL_WARN, NULL, "metadata", "profile", a->name,
		    "result", "not kept", "text", e.text, NULL);
	secret_clear(&blob);
	free(name);
}

static void
log_stale(const struct profile *a, int64_t age, const struct outcome *o)
{
	enum { MINUTE = 60 * 1000 };
	struct buf b;

	buf_init(&b, 32);
	text_add_duration(&b, age / MINUTE * MINUTE);
	log_event(LOG_LEVEL_WARN, NULL, "metadata", "profile", a->name,
	    "result", "stale", "url", a->oauth.issuer, "age", b.data, "text",
	    o->text, NULL);
	buf_clear(&b);
}

/* Fetch it, and keep it; else what is kept will do, however old it is. */
static bool
fetch(const struct profile *p, const struct cred_cache *k, bool kept,
    int64_t age, struct oauth_meta *m, struct oauth_trouble *f)
{
	const struct profile *a = profile_account(p);
	struct oauth_trouble said = { .retry_after = -1 };
	struct oauth_meta fresh = { 0 };
	struct secret text;
	bool ok;

	secret_init(&text);
	ok = oauth_meta_fetch(a->oauth.issuer, a->oauth.ca_file, a->oauth.pin,
	    p->token_timeout, &text, &fresh, &said);
	if (ok) {
		oauth_meta_clear(m);
		*m = fresh;
		keep_meta(k, a, &text);
	} else if (kept) {
		log_stale(a, age > 0 ? age : 0, &said.outcome);
	} else {
		*f = said;
	}
	secret_clear(&text);
	return ok || kept;
}

bool
cred_meta_find(const struct profile *p, struct oauth_meta *m, bool *asked,
    struct oauth_trouble *f)
{
	const struct profile *a = profile_account(p);
	int64_t obtained = 0, age;
	struct cred_cache k;
	bool kept, ok;

	cred_cache_init(&k, a);
	cred_cache_load_ring(&k, a, true, NULL);
	kept = take_kept(&k, a, m, &obtained);
	age = sys_now() - obtained;
	*asked = !kept || age < 0 || age >= LIFE;
	ok = !*asked || fetch(p, &k, kept, age, m, f);
	cred_cache_clear(&k);
	return ok;
}
