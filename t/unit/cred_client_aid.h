/* SPDX-License-Identifier: ISC */
/* cred_client_aid: for tests of cred_client_load(). */
#ifndef CRED_CLIENT_AID_H
#define CRED_CLIENT_AID_H

#include "cred_aid.h"

static struct cred_client client;
static struct oauth_trouble trouble;

static inline void
loads(enum cred_need need)
{
	ck_assert_msg(cred_client_load(&client, &profile, need, &trouble), "%s",
	    trouble.outcome.text);
}

static inline void
fails(enum cred_need need, enum outcome_class class, const char *part)
{
	const struct outcome *o = &trouble.outcome;

	ck_assert_msg(!cred_client_load(&client, &profile, need, &trouble),
	    "no failure: %s", part);
	ck_assert_int_eq(o->kind, OUTCOME_LATER);
	ck_assert_int_eq(o->stage, OUTCOME_AT_TOKEN);
	ck_assert_msg(o->class == class, "class %s: %s",
	    outcome_class_name(o->class), o->text);
	ck_assert_msg(strstr(o->text, part) != NULL, "%s", o->text);
}

#endif
