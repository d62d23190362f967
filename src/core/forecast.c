/* SPDX-License-Identifier: ISC */
/*
 * forecast: what will end, and when.
 *
 *   consent_idle  what the server said of the refresh token's end, if a use
 *                 puts that off; else the preset's idle_days from the last use
 *   consent_max   what the server said, if no use puts it off; the preset's
 *                 max_days from the login; or as long as the last three
 *                 consents lasted that the provider ended, if they lasted as
 *                 long as each other: whatever comes first
 *   secret        secret_expires
 *   secret_age    where that is not known: half a year after it was sealed
 *   cert          notAfter of a client certificate, of the token endpoint's or
 *                 of the mail server's
 *   passwords     Exchange Online takes none from the end of 2026, unless its
 *                 administrator allows it
 *
 * A consent that has ended needs no forecast: the account's state tells.
 */
#include "core/forecast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/text.h"
#include "gate/crypt.h"
#include "mail/hint.h"

#define DAY INT64_C(86400000)

enum {
	SECRET_AGE = 180, /* days */
	CERT_MAX = 64 * 1024
};

/* 2026-12-31 00:00 UTC. */
#define PASSWORDS_END INT64_C(1798675200000)

/* The forecasts while they are made. */
struct list {
	const struct profile *account;
	int64_t now;
	struct forecast *v;
	size_t n;
};

const char *
forecast_name(enum forecast_what what)
{
	static const char *const names[] = {
		[FORECAST_CONSENT_IDLE] = "consent_idle",
		[FORECAST_CONSENT_MAX] = "consent_max",
		[FORECAST_SECRET] = "secret",
		[FORECAST_SECRET_AGE] = "secret_age",
		[FORECAST_CERT] = "cert",
		[FORECAST_PASSWORDS] = "passwords",
	};

	return names[what];
}

int
forecast_threshold(const struct forecast *f, int64_t now)
{
	static const int days[] = { 0, 1, 7, 14, 30 };
	int64_t left = f->when - now;
	size_t i;

	for (i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		if (left > days[i] * DAY)
			continue;
		if (days[i] > 0 && f->span > 0 && days[i] * DAY > f->span / 2)
			return -1;
		/* An age is reached, or it is not. */
		if (days[i] > 0 && f->what == FORECAST_SECRET_AGE)
			return -1;
		return days[i];
	}
	return -1;
}

/* ---- words */

/* The day of ms by the clock on the wall; or where a day is what was given, and
 * ms its beginning in UTC, that day. */
static void
write_date(int64_t ms, bool is_day, char date[FORECAST_DATE])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if ((is_day ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) == NULL ||
	    strftime(date, FORECAST_DATE, "%Y-%m-%d", &tm) == 0)
		date[0] = '\0';
}

/* "ends on 2026-12-04, in 6 days" */
static void
add_end(struct buf *b, const struct forecast *f, int64_t now)
{
	int64_t days = (f->when - now) / DAY;

	buf_add_fmt(b, "%s on %s", f->when > now ? "ends" : "ended", f->date);
	if (f->when <= now)
		return;
	if (days < 1)
		buf_add_str(b, ", within a day");
	else
		buf_add_fmt(b, ", in %lld day%s", (long long)days,
		    days == 1 ? "" : "s");
}

/* Begin one more: its text begins with what ends, and when. */
static struct forecast *
add(struct list *l, enum forecast_what what, int64_t when, int64_t begun,
    const char *subject, struct buf *b)
{
	struct forecast *f;

	if (l->n == FORECAST_MAX)
		return NULL;
	f = &l->v[l->n++];
	memset(f, 0, sizeof(*f));
	f->what = what;
	f->when = when;
	f->span = begun > 0 && begun < when ? when - begun : 0;
	write_date(when, what == FORECAST_SECRET || what == FORECAST_PASSWORDS,
	    f->date);
	buf_init(b, sizeof(f->text) - 1);
	if (subject != NULL) {
		buf_add_fmt(b, "%s ", subject);
		add_end(b, f, l->now);
	}
	return f;
}

/* Its text is whole. In the remedy NAME stands for the account. */
static void
finish(struct list *l, struct forecast *f, struct buf *b, const char *remedy)
{
	const char *name = strstr(remedy, "NAME");

	memcpy(f->text, b->data, b->len + 1);
	buf_clear(b);
	snprintf(f->remedy, sizeof(f->remedy), "%.*s%s%s", (int)(name - remedy),
	    remedy, l->account->name, name + strlen("NAME"));
}

/* ---- consents */

static bool
is_consent(const struct profile *a, const struct cred_status *s)
{
	return a->has_oauth && a->oauth.grant == OAUTH_REFRESH_TOKEN &&
	       !profile_has_grant(a, PROFILE_GRANT_COMMAND) &&
	       s->state != CRED_NEEDS_LOGIN &&
	       (s->consent > 0 || s->refreshed > 0);
}

static void
foresee_idle(struct list *l, const struct cred_status *s)
{
	const struct preset *preset = l->account->preset;
	int64_t last = s->refreshed > s->consent ? s->refreshed : s->consent;
	int64_t when = 0;
	bool said = s->refresh_expires > 0 && !s->refresh_fixed;
	struct forecast *f;
	struct buf b;

	if (said)
		when = s->refresh_expires;
	else if (preset != NULL && preset->idle_days > 0)
		when = last + preset->idle_days * DAY;
	if (when == 0)
		return;
	f = add(l, FORECAST_CONSENT_IDLE, when, last, "consent", &b);
	if (f == NULL)
		return;
	f->guessed = !said;
	buf_add_str(&b, ", if it is not used before");
	finish(l, f, &b,
	    "osmtp token NAME, or daily: osmtp run --once, which uses an idle "
	    "consent");
}

/* How long the provider lets a consent live, as the last ones show; 0: that
 * can't be told. */
static int64_t
learnt_life(const struct cred_status *s)
{
	int64_t least = s->lives[0], most = s->lives[0];
	size_t i;

	for (i = 0; i < CRED_LIVES; i++) {
		if (s->lives[i] <= 0)
			return 0;
		least = s->lives[i] < least ? s->lives[i] : least;
		most = s->lives[i] > most ? s->lives[i] : most;
	}
	return most - least <= most / 10 ? least : 0;
}

static bool
is_google(const struct profile *a)
{
	return a->n_servers > 0 &&
	       strcmp(hint_provider(a->servers[0].wire.host), "google") == 0;
}

static void
add_lesson(struct buf *b, const struct profile *a, int64_t life)
{
	int64_t tenths = (life * 10 + DAY / 2) / DAY;

	buf_add_fmt(b, ": the last %d consents lasted %lld.%lld days",
	    CRED_LIVES, (long long)(tenths / 10), (long long)(tenths % 10));
	if (is_google(a) && tenths >= 65 && tenths <= 75)
		buf_add_str(b, "; Google ends those of an app in \"Testing\" "
			       "after 7 days");
}

static void
foresee_max(struct list *l, const struct cred_status *s)
{
	const struct preset *preset = l->account->preset;
	int64_t when = 0, life = s->consent > 0 ? learnt_life(s) : 0;
	bool said = s->refresh_expires > 0 && s->refresh_fixed;
	bool learnt = false;
	struct forecast *f;
	struct buf b;

	if (said)
		when = s->refresh_expires;
	else if (s->consent > 0 && preset != NULL && preset->max_days > 0)
		when = s->consent + preset->max_days * DAY;
	if (life > 0 && (when == 0 || s->consent + life < when)) {
		when = s->consent + life;
		learnt = true;
	}
	if (when == 0)
		return;
	f = add(l, FORECAST_CONSENT_MAX, when, s->consent, "consent", &b);
	if (f == NULL)
		return;
	f->guessed = learnt || !said;
	if (learnt)
		add_lesson(&b, l->account, life);
	finish(l, f, &b, "osmtp login NAME");
}

/* ---- secrets */

static bool
has_client_secret(const struct profile *a)
{
	return a->has_oauth &&
	       (a->oauth.client_auth == OAUTH_AUTH_POST ||
		   a->oauth.client_auth == OAUTH_AUTH_BASIC ||
		   a->oauth.client_auth == OAUTH_AUTH_BASIC_RAW);
}

static void
foresee_secret(struct list *l)
{
	const struct profile *a = l->account;
	int64_t sealed_at, when = a->secret_expires;
	char sealed_on[FORECAST_DATE];
	struct forecast *f;
	struct buf b;

	if (!has_client_secret(a))
		return;
	if (when > 0) {
		f = add(l, FORECAST_SECRET, when, 0, "client secret", &b);
		if (f != NULL)
			finish(l, f, &b, "osmtp rotate NAME");
		return;
	}
	sealed_at = cred_sealed_at(a, &a->client_secret);
	if (sealed_at <= 0)
		return;
	when = sealed_at + SECRET_AGE * DAY;
	f = add(l, FORECAST_SECRET_AGE, when, sealed_at, NULL, &b);
	if (f == NULL)
		return;
	f->guessed = true;
	write_date(sealed_at, false, sealed_on);
	buf_add_fmt(&b,
	    "client secret was sealed on %s; when it ends is not known "
	    "(oauth.secret_expires)",
	    sealed_on);
	finish(l, f, &b, "osmtp rotate NAME");
}

/* ---- certificates */

static bool
read_cert(const char *path, struct crypt_cert *c)
{
	struct stat st;
	struct buf b;
	bool ok;
	int fd;

	if (fsio_open_read(path, &fd, &st, NULL) != 0)
		return false;
	buf_init(&b, CERT_MAX);
	ok = fsio_read_all(fd, path, &b, NULL) == 0 &&
	     crypt_cert_load(b.data, b.len, c, NULL) == 0;
	buf_clear(&b);
	close(fd);
	return ok;
}

static void
foresee_cert(struct list *l, const char *path, const char *remedy)
{
	struct crypt_cert c;
	struct forecast *f;
	struct buf b;

	if (path == NULL || !read_cert(path, &c))
		return;
	f = add(l, FORECAST_CERT, c.not_after, c.not_before,
	    "client certificate", &b);
	if (f == NULL)
		return;
	buf_add_str(&b, ": ");
	text_add_safe(&b, path, strlen(path), 160);
	finish(l, f, &b, remedy);
}

/* Servers mostly share one; each is told once. */
static void
foresee_certs(struct list *l)
{
	const struct profile *a = l->account;
	const char *path;
	size_t i, k;

	if (a->has_oauth)
		foresee_cert(l, a->signer.cert, "osmtp rotate NAME");
	for (i = 0; i < a->n_servers; i++) {
		path = a->servers[i].wire.cert;
		for (k = 0; k < i && path != NULL; k++) {
			if (a->servers[k].wire.cert != NULL &&
			    strcmp(a->servers[k].wire.cert, path) == 0)
				path = NULL;
		}
		foresee_cert(l, path,
		    "put a new certificate, with its key, into "
		    "profiles.NAME.tls");
	}
}

static void
foresee_passwords(struct list *l)
{
	const struct profile *a = l->account;
	struct forecast *f;
	struct buf b;
	size_t i;

	for (i = 0; i < a->n_servers; i++) {
		if (a->servers[i].wire.host != NULL &&
		    text_case_eq(a->servers[i].wire.host, "smtp.office365.com"))
			break;
	}
	if (i == a->n_servers || !profile_has_way(a, PROFILE_AUTH_PASSWORD))
		return;
	f = add(l, FORECAST_PASSWORDS, PASSWORDS_END, 0,
	    "signing in to Exchange Online with a password", &b);
	if (f == NULL)
		return;
	f->guessed = true;
	finish(
	    l, f, &b, "give profiles.NAME OAuth: osmtp preset m365, m365-app");
}

/* ---- all of them */

static int
compare(const void *a, const void *b)
{
	const struct forecast *f = a, *g = b;

	return (f->when > g->when) - (f->when < g->when);
}

size_t
forecast_make(const struct profile *p, const struct cred_status *s, int64_t now,
    struct forecast v[FORECAST_MAX])
{
	struct list l = { profile_account(p), now, v, 0 };

	if (is_consent(l.account, s)) {
		foresee_idle(&l, s);
		foresee_max(&l, s);
	}
	foresee_secret(&l);
	foresee_certs(&l);
	foresee_passwords(&l);
	qsort(v, l.n, sizeof(v[0]), compare);
	return l.n;
}
