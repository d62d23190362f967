/* SPDX-License-Identifier: ISC */
/*
 * conf_put: values put into a configuration file for good: under a lock on the
 * file, after the whole configuration as it would be then was found good, and
 * as a whole.
 *
 * Must not know: what the values are, who is told.
 */
#ifndef CORE_CONF_PUT_H
#define CORE_CONF_PUT_H

#include "core/conf.h"
#include "core/conf_edit.h"

/* A key of the profile and the string that it gets. */
struct conf_put_value {
	const char *key; /* "password", "oauth.client_secret" */
	const char *text;
};

/* Borrowed. */
struct conf_put {
	const struct conf_source *files; /* all that count: conf_sources() */
	size_t n_files;
	const struct conf_source *file; /* of these, the one with the profile */
	const struct sys_user *user;
	const char *profile;
	const struct conf_put_value *values;
	size_t n_values; /* at most CONF_EDIT_VALUES */
	/* Of the profile as it stands there once it is locked: is it still what
	 * the values were made for? NULL: whatever stands there; a
	 * configuration that does not load may be mended so. */
	bool (*is_same)(const void *ctx, const struct profile *p);
	/* Of the profile as it would be: does it say what was meant? */
	bool (*is_good)(const void *ctx, const struct profile *p);
	const void *ctx;
};

/*
 * Do it. *path (to be freed) and *line say where the first value stands.
 * EX_TEMPFAIL if somebody else changes it, or has changed the profile;
 * EX_CONFIG if it would not be good, with its words; else as conf_edit_set(),
 * fsio_replace_like().
 */
int conf_put(
    const struct conf_put *q, char **path, unsigned *line, struct err *e);

/* May we replace the file at path? EX_NOPERM, EX_CANTCREAT with who could. */
int conf_put_check(const char *path, struct err *e);

/* The file and line of a key that is there; as conf_edit_where(). */
int conf_put_where(const struct conf_source *s, const char *profile,
    const char *key, char **path, unsigned *line, struct err *e);

#endif
