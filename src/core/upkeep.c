/* SPDX-License-Identifier: ISC */
/*
 * upkeep: idle consents and forecasts.
 *
 * An account is ours to look after if its state's directory is, or may still be
 * made by us: nobody else can store what a refresh brings. Whoever runs the
 * user's queue leaves the system's accounts alone, therefore.
 *
 * The requests are made by children (cred), LANES at a time, so that one
 * endpoint that hangs does not keep the others waiting for long.
 */
#include "core/upkeep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/cred.h"
#include "core/forecast.h"

enum { LANES = 8, NUMBER_ROOM = 16 };

struct lane {
	struct work *work;
	const struct profile *account;
	struct cred *cred;	 /* NULL: the lane is free */
	struct cred_status then; /* before it was asked */
};

struct work {
	const struct profile_set *set;
	const volatile sig_atomic_t *stop;
	struct upkeep_tally *tally;
	struct loop *loop;
	size_t next; /* profile of the set */
	struct lane lanes[LANES];
};

static bool
is_ours(const struct profile_home *h)
{
	struct stat st;

	if (stat(h->state, &st) == 0)
		return st.st_uid == geteuid();
	return errno == ENOENT && !h->is_system;
}

/* Whose account it is, if it is to be looked after at all. */
static bool
is_account(const struct profile *p)
{
	return profile_account(p) == p && is_ours(p->home);
}

/* ---- consents */

static void
log_consent(const struct lane *l, bool good)
{
	const struct outcome *o = cred_outcome(l->cred);

	log_event(good ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, NULL, "consent",
	    "profile", l->account->name, "result",
	    good ? "kept alive" : "not kept alive", "class",
	    good ? NULL : outcome_class_name(o->class), "text",
	    good ? NULL : o->text, NULL);
}

static void start_lanes(struct work *w);

/* A trouble is told once, when it is new. */
static void
end_lane(void *ctx)
{
	struct lane *l = ctx;
	struct work *w = l->work;
	bool good = cred_secret(l->cred) != NULL;

	if (good || l->then.state <= CRED_OK)
		log_consent(l, good);
	w->tally->used += good;
	w->tally->failed += !good;
	cred_free(l->cred);
	l->cred = NULL;
	start_lanes(w);
}

/* What is known of it. A consent that can't be read would lapse unseen: nobody
 * may ask for a token until it is too late. */
static void
look(const struct profile *p, struct cred_status *s)
{
	struct err e = ERR_NONE;
	struct secret refresh;
	int rc;

	cred_look(p, s);
	if (s->refreshable || !profile_needs_login(p))
		return;
	secret_init(&refresh);
	rc = cred_consent_read(p, &refresh, &e);
	secret_clear(&refresh);
	if (rc == 0)
		cred_look(p, s); /* it was but for a moment */
	if (rc == 0 || rc == EX_NOINPUT)
		return;
	log_open(&p->home->log, NULL);
	log_event(LOG_LEVEL_WARN, NULL, "consent", "profile", p->name, "result",
	    "not read", "text", e.text, NULL);
}

/* The next account whose consent is idle; false: there is none. */
static bool
next_idle(struct work *w, struct lane *l)
{
	int64_t now = sys_now();
	const struct profile *p;

	while (w->next < w->set->n) {
		p = &w->set->v[w->next++];
		if (!is_account(p) || !p->has_oauth)
			continue;
		cred_sweep(p);
		look(p, &l->then);
		if (!cred_is_idle(p, &l->then, now) || l->then.next > now)
			continue;
		l->account = p;
		return true;
	}
	return false;
}

static void
start_lanes(struct work *w)
{
	struct lane *l;

	for (l = w->lanes; l < w->lanes + LANES; l++) {
		if (l->cred != NULL)
			continue;
		if ((w->stop != NULL && *w->stop) || !next_idle(w, l))
			return;
		l->work = w;
		log_open(&l->account->home->log, NULL);
		l->cred = cred_keep_alive(w->loop, l->account, end_lane, l);
	}
}

/* ---- forecasts */

static void
log_forecast(const struct profile *p, const struct forecast *f, int64_t now)
{
	char days[NUMBER_ROOM];

	snprintf(days, sizeof(days), "%d", forecast_threshold(f, now));
	log_event(LOG_LEVEL_WARN, NULL, "forecast", "profile", p->name, "what",
	    forecast_name(f->what), "ends", f->date, "days", days, "text",
	    f->text, "remedy", f->remedy, NULL);
}

static void
announce(struct work *w, const struct profile *p)
{
	struct forecast v[FORECAST_MAX];
	struct err e = ERR_NONE;
	int64_t now = sys_now();
	struct cred_status s;
	size_t i, n;

	cred_look(p, &s);
	n = forecast_make(p, &s, now, v);
	n = forecast_news(p, v, n, now, &e);
	if (n == 0)
		return;
	log_open(&p->home->log, NULL);
	for (i = 0; i < n; i++)
		log_forecast(p, &v[i], now);
	if (e.code != 0)
		log_event(LOG_LEVEL_WARN, NULL, "forecast", "profile", p->name,
		    "result", "not noted", "text", e.text, NULL);
	w->tally->told += n;
}

void
upkeep_run(const struct profile_set *set, const volatile sig_atomic_t *stop,
    struct upkeep_tally *t)
{
	struct work w = { .set = set, .stop = stop, .tally = t };
	size_t i;

	memset(t, 0, sizeof(*t));
	w.loop = loop_new();
	start_lanes(&w);
	loop_run(w.loop);
	loop_free(w.loop);
	for (i = 0; i < set->n; i++) {
		if (is_account(&set->v[i]))
			announce(&w, &set->v[i]);
	}
}
