/* SPDX-License-Identifier: ISC */
/*
 * spools: the queues that a caller's configuration names, one after another,
 * for the commands that work on queues.
 *
 * Must not know: what is done with them.
 */
#ifndef CMD_SPOOLS_H
#define CMD_SPOOLS_H

#include "cmd/cmd.h"
#include "gate/spool.h"

struct spools {
	const struct cmd_call *call;
	struct sys_user user;
	struct conf conf;
};

/* Load the caller's configuration, or complain. spools_clear() in any case. */
int spools_load(
    struct spools *s, const struct cmd_call *c, const char *conf_file);
void spools_clear(struct spools *s);

/*
 * Call fn for each queue that exists; one that is somebody else's is passed
 * over with a line. The gravest code that fn returned, or of opening.
 */
int spools_each(struct spools *s,
    int (*fn)(void *ctx, struct spool *spool, const struct profile_home *home),
    void *ctx);

/* Is it the home of the configuration's file that delivers from there? */
const struct profile *spools_profile(const struct spools *s, const char *name);

#endif
