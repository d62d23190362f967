/* SPDX-License-Identifier: ISC */
/*
 * conf_edit: values of a configuration replaced where they stand, so that all
 * around them stays as its author wrote it; or put into their group where they
 * are absent.
 *
 * Must not know: libconfig, what values mean, when a change is right.
 */
#ifndef CORE_CONF_EDIT_H
#define CORE_CONF_EDIT_H

#include "base/err.h"
#include "core/conf_file.h"

#include <stddef.h>
#include <sys/stat.h>

enum { CONF_EDIT_DEPTH = 4 }; /* names of a path, at most */

/* "profiles", NAME, "oauth", "client_secret" */
struct conf_edit_path {
	const char *names[CONF_EDIT_DEPTH];
	size_t n;
};

/* Where a value is in a text, or where its setting can be put. */
struct conf_edit_spot {
	size_t from, to; /* the value's octets; absent: both its group's end */
	size_t found;	 /* how many names of the path are there */
	size_t member;	 /* absent: the group's first member, or from */
};

/*
 * Look for the value. What the text includes is not looked at. 0, also where it
 * is absent; EX_CONFIG with a reason where the text makes no sense at
 * spot->from.
 */
int conf_edit_find(const char *text, const struct conf_edit_path *path,
    struct conf_edit_spot *spot, struct err *e);

/* A file as it should become. */
struct conf_edit {
	char *path;	  /* no link; may be one that another includes */
	struct stat like; /* as it is now */
	unsigned line;	  /* of the first value */
	char *text;	  /* new content */
	size_t n;
	char *whole; /* the configuration with that, includes in their places */
	size_t whole_n;
};

/* A setting, and the string that becomes its value. */
struct conf_edit_value {
	struct conf_edit_path path;
	const char *text;
};

enum { CONF_EDIT_VALUES = 5 }; /* that can be set at once */

/*
 * Make the strings the values of their settings in the configuration s, all in
 * one change: they must stand, or belong, in the same file. Nothing is written.
 * EX_NOINPUT if there is no such file, or no such profile in it; EX_TEMPFAIL if
 * somebody else is changing it; EX_CONFIG. Begin c with {0}; conf_edit_clear()
 * in any case.
 */
int conf_edit_set_all(const struct conf_source *s,
    const struct conf_edit_value *v, size_t n, struct conf_edit *c,
    struct err *e);

/* The same for one. */
int conf_edit_set(const struct conf_source *s,
    const struct conf_edit_path *path, const char *value, struct conf_edit *c,
    struct err *e);
void conf_edit_clear(struct conf_edit *c); /* wipes */

/* Is there such a profile? 0, or as above. */
int conf_edit_look(const struct conf_source *s,
    const struct conf_edit_path *path, struct err *e);

/* The file and the line that a value stands in; *file is to be freed.
 * EX_NOINPUT if it is absent. */
int conf_edit_where(const struct conf_source *s,
    const struct conf_edit_path *path, char **file, unsigned *line,
    struct err *e);

#endif
