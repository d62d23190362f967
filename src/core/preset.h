/* SPDX-License-Identifier: ISC */
/*
 * preset: what is known of a provider, as data: values of keys, and facts. The
 * table is made of etc/presets.conf when the program is built, sorted by name;
 * nothing is parsed or allocated at run time.
 *
 * Must not know: profiles, what a key means.
 */
#ifndef CORE_PRESET_H
#define CORE_PRESET_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key of a profile and its text, as a configuration would have it; a list
 * has one of these for each element, in order. */
struct preset_value {
	const char *group; /* "profiles.NAME", "profiles.NAME.oauth" */
	const char *key;
	const char *text; /* "{tenant}" in URLs stands for oauth.tenant */
};

struct preset {
	const char *name;
	const char *title;  /* "Microsoft 365, a mailbox" */
	const char *as_of;  /* ISO date at which it was read */
	const char *source; /* where; a URL */
	const struct preset_value *values;
	size_t n_values;
	const char *authorize;	   /* further parameters of the authorization
				      request, encoded; or NULL */
	const char *assertion_typ; /* of a client assertion; NULL: "JWT" */
	unsigned idle_days; /* a consent ends when unused for so long; 0: not
			       known, or never */
	unsigned max_days;  /* a consent ends so long after it was given */
	unsigned connections, per_minute, per_day; /* limits; 0: not known */
	const char *const *example; /* what stands beside preset in a profile,
				       a line each; NULL ends */
	const char *const *steps; /* how to register, a line each; NULL ends */
	const char *const *notes; /* what to know; NULL ends */
};

/* Preset i in the order of names; NULL behind the last. */
const struct preset *preset_at(size_t i);
const struct preset *preset_find(const char *name); /* or NULL */
const char *preset_nearest(const char *name);	    /* or NULL */

/* Append text with each {tenant} replaced; false, and nothing is appended,
 * where there is one and tenant is NULL. */
bool preset_expand(struct buf *b, const char *text, const char *tenant);

#endif
