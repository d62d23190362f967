/* SPDX-License-Identifier: ISC */
/* rotate_part: what the parts of the command rotate share; for them alone. */
#ifndef CMD_ROTATE_PART_H
#define CMD_ROTATE_PART_H

#include "cmd/cmd.h"
#include "core/conf_file.h"
#include "mail/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* What is replaced. */
enum rotate_what {
	ROTATE_PASSWORD,
	ROTATE_SECRET, /* of the client */
	ROTATE_KEY,    /* of the client, with its certificate */
	ROTATE_ACCOUNT /* the file of a service account */
};

/* Paths are absolute; what was not given is NULL. */
struct rotate {
	const struct cmd_call *call;
	const char *name, *field, *conf_file, *key_id, *expires;
	char *key, *cert;
	bool passphrase;	      /* the new key has one, to be asked for */
	bool is_put;		      /* the new one is in its place */
	char *last_words, *put_words; /* if a signal ends it; before, after */
	bool at_once;		      /* the old one has ended already */
	struct sys_user user;
	struct conf_source files[CONF_MAX_SOURCES];
	size_t n_files;
	const struct conf_source *file; /* that the profile stands in */
	struct conf conf;
	const struct profile *profile;
	enum rotate_what what;
	/* Where a password or a client's secret is; else NULL. */
	const struct profile_secret *from;
	struct stat was;     /* of the file that it is in, for that form */
	struct secret fresh; /* the new one, or the new key's passphrase */
};

/* The field that is replaced: "password", "oauth.client_key". */
const char *rotate_field(const struct rotate *r);

/* Can it be written where it must go? Before anybody is asked. */
int rotate_check_place(struct rotate *r, struct err *e);

/* Is it put in by us, or by a person, since something else keeps it? */
bool rotate_is_ours(const struct rotate *r);

/* Try the new one, as a server or an endpoint sees it. True with what took it
 * in words, else false with *o. */
bool rotate_try(const struct rotate *r, struct buf *words, struct outcome *o);

/* Put it in, in place of the old one; says where. */
int rotate_put(const struct rotate *r, struct err *e);

#endif
