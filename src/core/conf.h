/* SPDX-License-Identifier: ISC */
/*
 * conf: the configuration files, read into settings and profiles: which files
 * count, and what comes from which. One table (conf_table) has one row for each
 * key; the manual page, the help with near names and the tests are held against
 * it. Every complaint reads "file:line: key: reason". Loading looks at the form
 * of a secret and never reads one.
 *
 * Must not know: the network, the queue, argv.
 */
#ifndef CORE_CONF_H
#define CORE_CONF_H

#include "base/err.h"
#include "core/conf_file.h"
#include "core/profile.h"

#include <stdbool.h>
#include <stddef.h>

enum conf_unaliased {
	CONF_UNALIASED_AUTO,
	CONF_UNALIASED_ADMIN,
	CONF_UNALIASED_DOMAIN,
	CONF_UNALIASED_REJECT
};

struct conf {
	char *domain;
	bool domain_set; /* by the configuration, not by the host */
	char *hostname;
	char *aliases;	   /* path, or NULL: none */
	struct addr admin; /* local NULL if none */
	enum conf_unaliased unaliased;
	bool received; /* a Received field is added */
	struct profile_set set;
	struct profile_home homes[2]; /* files that were read */
	size_t n_homes;
};

/* Which files to read, and as whom. */
struct conf_request {
	const char *file;	     /* -C or OSMTP_CONFIG: instead of both */
	bool sendmail_face;	     /* then that file must be root's */
	const struct sys_user *user; /* real uid */
	uid_t euid;
	const char *home;		    /* HOME, or NULL */
	const char *xdg_config, *xdg_state; /* or NULL */
};

enum { CONF_MAX_SOURCES = 2 };

/* The files that count, the user's own before the system's, there or not; how
 * many. Each is ended by conf_source_clear(). */
size_t conf_sources(
    const struct conf_request *q, struct conf_source v[CONF_MAX_SOURCES]);

/*
 * Load. EX_CONFIG for every fault, the first in file order. No file at all is
 * EX_CONFIG too. Begin c with {0}; conf_clear() in any case.
 */
int conf_load(struct conf *c, const struct conf_request *q, struct err *e);
void conf_clear(struct conf *c);

/* The name of this host: as configured, else as it calls itself, which also
 * holds where nothing could be loaded. To be freed. */
char *conf_hostname(const struct conf *c);

/*
 * The part of it that reads, with the files as told: at most two, the user's
 * own before the system's.
 */
int conf_load_files(struct conf *c, const struct conf_source *v, size_t n,
    const struct sys_user *user, struct err *e);

/* The table, for the manual page's test: group ("", "log", "profiles.NAME",
 * "profiles.NAME.oauth") and key of row i; false behind the last. */
bool conf_key(size_t i, const char **group, const char **key);

#endif
