/* SPDX-License-Identifier: ISC */
/*
 * reseal: all that is sealed for a caller, in the files of his configuration
 * and in the vaults of their states: by which key each is sealed, and each
 * sealed anew by the first one.
 *
 * Must not know: argv, who is told.
 */
#ifndef CORE_RESEAL_H
#define CORE_RESEAL_H

#include "core/conf.h"
#include "gate/seal.h"

enum reseal_act {
	RESEAL_LOOK, /* change nothing, wait for nobody */
	/* Change nothing, but look at each blob under its lock: whoever has
	 * begun to renew it, with the keys as they were then, ends before. */
	RESEAL_LOOK_LOCKED,
	RESEAL_DO
};

enum reseal_what {
	RESEAL_KEPT, /* the first key has sealed it */
	RESEAL_OLD,  /* another has */
	RESEAL_DONE, /* another had */
	RESEAL_LEFT, /* not ours to change, or not in use; why says so */
	RESEAL_FAILED
};

/* One sealed secret; or a place that can't be looked into. Borrowed. */
struct reseal_item {
	const struct profile_home *home;
	const char *profile, *field; /* of a configuration; else NULL */
	const char *path;
	unsigned line;			 /* in a configuration; else 0 */
	char kid[SEAL_KID_LENGTH + 1];	 /* its key, or "": not known */
	char first[SEAL_KID_LENGTH + 1]; /* the key to seal it by, or "" */
	enum reseal_what what;
	struct err why; /* of LEFT and FAILED */
};

struct reseal {
	const struct conf_source *files; /* all that count: conf_sources() */
	size_t n_files;
	const struct sys_user *user;
	const struct conf *conf; /* loaded from these */
	enum reseal_act act;
	void (*tell)(void *ctx, const struct reseal_item *i);
	void *ctx;
};

/*
 * Go over all of it; tell() hears of each. Each secret is replaced as a whole,
 * and keeps the time of its sealing; wherever this is ended, all of them open,
 * and another time does the rest. 0, or the code of the first that failed.
 */
int reseal_run(const struct reseal *q);

#endif
