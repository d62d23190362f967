/* SPDX-License-Identifier: ISC */
/*
 * profile_session: how an account signs in at its server, and what the answers
 * it gets there mean for it.
 */
#include "core/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static enum sasl_proof
proof_of(enum profile_auth way)
{
	switch (way) {
	case PROFILE_AUTH_OAUTH:
		return SASL_TOKEN;
	case PROFILE_AUTH_CERT:
		return SASL_CERTIFICATE;
	default:
		return SASL_PASSWORD;
	}
}

static void
not_offered(
    enum profile_auth way, const struct smtp_offer *offer, struct outcome *o)
{
	char *text;

	text =
	    offer->has_auth
		? mem_printf("the server offers no mechanism for %s that the "
			     "profile allows; it offers: %s",
		      profile_auth_name(way), offer->auth_words)
		: mem_printf("the server offers no AUTH at all");
	outcome_set(
	    o, OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_AUTH, 0, text);
	free(text);
}

bool
profile_choose_mech(const struct profile *p, enum profile_auth way,
    const struct smtp_offer *offer, enum sasl_mech *out, struct outcome *o)
{
	const struct profile *a = profile_account(p);
	enum sasl_mech m;
	size_t i;

	for (i = 0; i < (a->n_sasl ? a->n_sasl : SASL_MECHS); i++) {
		m = a->n_sasl ? a->sasl[i] : (enum sasl_mech)i;
		if (a->n_sasl == 0 && m == SASL_CRAM_MD5)
			continue;
		if (sasl_proof(m) == proof_of(way) && offer->auth[m]) {
			*out = m;
			return true;
		}
	}
	not_offered(way, offer, o);
	return false;
}

void
profile_use_up(const struct profile *p, struct outcome *o)
{
	const struct profile *a = profile_account(p);

	if (o->class != OUTCOME_CLASS_F)
		return;
	if (strcmp(o->enhanced, "5.5.127") == 0)
		o->class = OUTCOME_CLASS_L;
	else
		o->class = a->kind == PROFILE_MAILBOX || profile_needs_login(a)
			       ? OUTCOME_CLASS_P
			       : OUTCOME_CLASS_C;
}

void
profile_classify(const struct profile *p, const char *host, struct outcome *o)
{
	if (o->provider[0] == '\0')
		snprintf(o->provider, sizeof(o->provider), "%s",
		    hint_provider(host));
	/* smtp has said what follows from stage and code, and more where it
	 * knows it: that it was STARTTLS that was refused. */
	if (hint_find(o) != NULL)
		hint_classify(o);
	if (o->stage != OUTCOME_AT_AUTH)
		profile_use_up(p, o);
	if (o->stage < OUTCOME_AT_MAIL && o->class == OUTCOME_CLASS_M) {
		/* Nothing was said of the message yet. */
		o->kind = OUTCOME_LATER;
		o->class = OUTCOME_CLASS_C;
	}
	/* Whatever it says, it closes the session. */
	if (o->code == 421)
		o->class = o->stage > OUTCOME_AT_MAIL ? OUTCOME_CLASS_T
						      : OUTCOME_CLASS_L;
}
