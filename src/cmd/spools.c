/* SPDX-License-Identifier: ISC */
/* spools: the queues that a caller's configuration names. */
#include "cmd/spools.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

int
spools_load(struct spools *s, const struct cmd_call *c, const char *conf_file)
{
	struct err e = ERR_NONE;
	int code;

	memset(s, 0, sizeof(*s));
	s->call = c;
	sys_user_load(&s->user, getuid());
	code = cmd_load_conf(c, conf_file, &s->user, &s->conf, &e);
	return code != 0 ? cmd_complain(c, &e) : code;
}

void
spools_clear(struct spools *s)
{
	conf_clear(&s->conf);
	sys_user_clear(&s->user);
}

/* Has one before i the same queue? */
static bool
is_again(const struct spools *s, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (s->conf.homes[k].spool != NULL &&
		    strcmp(s->conf.homes[k].spool, s->conf.homes[i].spool) == 0)
			return true;
	return false;
}

/* The system's queue, for somebody whom it does not belong to. */
static bool
is_foreign(const struct profile_home *h, const struct stat *st)
{
	return h->is_system && st->st_uid != geteuid();
}

int
spools_each(struct spools *s,
    int (*fn)(void *ctx, struct spool *spool, const struct profile_home *home),
    void *ctx)
{
	int worst = EX_OK;
	size_t i;

	for (i = 0; i < s->conf.n_homes; i++) {
		const struct profile_home *h = &s->conf.homes[i];
		struct err e = ERR_NONE;
		struct spool *spool;
		struct stat st;
		int code;

		if (h->spool == NULL || is_again(s, i) ||
		    stat(h->spool, &st) != 0)
			continue;
		if (is_foreign(h, &st)) {
			cmd_say(s->call,
			    "%s: the system's queue belongs to "
			    "uid %u",
			    h->spool, (unsigned)st.st_uid);
			continue;
		}
		if (log_open(&h->log, &e) != 0)
			cmd_say(s->call, "%s; logging to syslog", e.text);
		code = spool_open(h->spool, &spool, &e);
		if (code == 0) {
			code = fn(ctx, spool, h);
			spool_close(spool);
		} else {
			cmd_complain(s->call, &e);
		}
		if (code != 0)
			worst = code;
	}
	return worst;
}

const struct profile *
spools_profile(const struct spools *s, const char *name)
{
	return profile_find(&s->conf.set, name);
}
