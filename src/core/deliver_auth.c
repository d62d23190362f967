/* SPDX-License-Identifier: ISC */
/* deliver_auth: the ways to authenticate, one after the other. */
/*
 *   what happened                           what comes next
 *   no secret can be had, or no mechanism   the next way
 *   refused: F, the token from the cache    a fresh token, once
 *   refused: F else; P, C                   the next way
 *   refused for now (L), or lost            the end: another way would meet
 *                                           the same server
 *
 * The next way goes on in the same session if the server left it open. Trouble
 * of a way is kept; when all have failed the gravest is the outcome: L if any
 * was L, else P, else C.
 */
#include "core/deliver_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"

static void get_secret(struct deliver *d);

static enum profile_auth
way_of(const struct deliver *d)
{
	return d->account->auth[d->ways.way];
}

/* ---- ways that fail */

static int gravity(enum outcome_class class)
{
	switch (class) {
	case OUTCOME_CLASS_L:
		return 3;
	case OUTCOME_CLASS_P:
		return 2;
	default:
		return 1;
	}
}

static const struct outcome *
gravest_trouble(const struct deliver_ways *w)
{
	const struct outcome *worst = &w->trouble[0];
	size_t i;

	for (i = 1; i < w->n_trouble; i++) {
		if (gravity(w->trouble[i].class) > gravity(worst->class))
			worst = &w->trouble[i];
	}
	return worst;
}

/* This way has failed for this reason: the next, or the end. */
static void
next_way(struct deliver *d, const struct outcome *o)
{
	const struct profile *a = d->account;
	struct outcome *kept = &d->ways.trouble[d->ways.n_trouble++];
	char *code = o->code ? mem_printf("%d", o->code) : NULL;
	bool more = d->ways.way + 1 < a->n_auth;

	*kept = *o;
	kept->kind = OUTCOME_LATER;
	profile_use_up(d->account, kept);
	log_event(LOG_LEVEL_WARN, d->order->envelope->id, "auth", "profile",
	    d->order->profile->name, "way", profile_auth_name(way_of(d)),
	    "result", "refused", "class", outcome_class_name(kept->class),
	    "stage", outcome_stage_name(o->stage), "code", code, "reply",
	    o->text, "next",
	    more ? profile_auth_name(a->auth[d->ways.way + 1]) : "none left",
	    NULL);
	free(code);
	d->fresh = false;
	if (!more) {
		deliver_finish_with(d, gravest_trouble(&d->ways));
		return;
	}
	d->ways.way++;
	get_secret(d);
}

/* ---- the secret */

/* cred is done. */
static void
secret_came(void *ctx)
{
	struct deliver *d = ctx;

	if (cred_secret(d->cred) == NULL)
		next_way(d, cred_outcome(d->cred));
	else
		deliver_get_session(d);
	deliver_go_on(d);
}

/* Neither an open relay nor a certificate needs one. */
static bool
needs_secret(enum profile_auth way)
{
	return way == PROFILE_AUTH_OAUTH || way == PROFILE_AUTH_PASSWORD;
}

static void
get_secret(struct deliver *d)
{
	struct cred *old = d->cred;

	d->at = DELIVER_AT_SECRET;
	d->cred = NULL;
	if (needs_secret(way_of(d)))
		d->cred = cred_fill(d->loop, d->order->profile, way_of(d),
		    d->fresh ? cred_secret(old) : NULL, secret_came, d);
	else
		deliver_get_session(d);
	cred_free(old);
}

void
deliver_begin(struct deliver *d)
{
	memset(&d->ways, 0, sizeof(d->ways));
	d->fresh = false;
	get_secret(d);
}

/* ---- the mechanism */

void
deliver_authenticate(struct deliver *d)
{
	const struct wire_target *t = &d->link->target.wire;
	struct outcome o;

	if (way_of(d) == PROFILE_AUTH_NONE) {
		deliver_transfer(d);
		return;
	}
	if (!profile_choose_mech(d->account, way_of(d),
		smtp_offer(d->link->smtp), &d->mech, &o)) {
		next_way(d, &o);
		return;
	}
	d->at = DELIVER_AT_AUTH;
	d->identity.user = profile_user_text(d->order->profile);
	d->identity.secret =
	    d->cred != NULL ? cred_secret(d->cred) : &d->nothing;
	d->identity.host = t->host;
	d->identity.port = t->port;
	smtp_auth(d->link->smtp, d->mech, &d->identity, sys_mono());
}

void
deliver_auth_ended(struct deliver *d)
{
	struct outcome o = *smtp_outcome(d->link->smtp);

	if (o.kind == OUTCOME_DELIVERED) {
		d->ways.mech = sasl_name(d->mech);
		deliver_transfer(d);
		return;
	}
	if (deliver_is_closed(d) && d->refused_here &&
	    (o.code == 0 || o.code == 421)) {
		/* The server left after its earlier refusal: dial again. */
		deliver_redial(d);
		return;
	}
	d->refused_here = true;
	deliver_classify(d, &o);
	if (o.class == OUTCOME_CLASS_F && !d->fresh && d->cred != NULL &&
	    cred_was_cached(d->cred)) {
		log_event(LOG_LEVEL_INFO, d->order->envelope->id, "auth",
		    "profile", d->order->profile->name, "result",
		    "cached token refused", "reply", o.text, "next",
		    "fresh token", NULL);
		d->fresh = true;
		get_secret(d);
		return;
	}
	if (o.class == OUTCOME_CLASS_L || o.class == OUTCOME_CLASS_T)
		deliver_finish_with(d, &o);
	else
		next_way(d, &o);
}
