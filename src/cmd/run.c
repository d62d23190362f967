/* SPDX-License-Identifier: ISC */
/*
 * run: work through the queue: osmtp run --once, sendmail -q. The former, which
 * a timer calls, looks after the accounts, too.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "cmd/spools.h"
#include "core/runner.h"
#include "core/upkeep.h"

/* What to run, and how it went. */
struct run {
	const struct cmd_call *call;
	const struct conf *conf;
	const struct spool_select *select; /* these alone, or NULL */
	bool now;
	const volatile sig_atomic_t *stop;
	struct runner_tally sum;
};

static int
run_one(void *ctx, struct spool *s, const struct profile_home *home)
{
	struct run *r = ctx;
	struct runner_order o = { .spool = s,
		.conf = r->conf,
		.home = home,
		.now = r->now,
		.select = r->select,
		.stop = r->stop };
	struct runner_tally t;
	struct err e = ERR_NONE;
	int code = runner_once(&o, &t, &e);

	if (code != 0)
		return cmd_complain(r->call, &e);
	r->sum.tried += t.tried;
	r->sum.done += t.done;
	r->sum.waiting += t.waiting;
	r->sum.returned += t.returned;
	r->sum.paused += t.paused;
	r->sum.busy += t.busy;
	r->sum.bad += t.bad;
	return EX_OK;
}

static int
run(struct run *r, const char *conf_file, bool tell)
{
	struct upkeep_tally kept = { 0 };
	struct spools s;
	int code = spools_load(&s, r->call, conf_file);

	r->stop = cmd_stop_by_signal();
	if (code == 0) {
		r->conf = &s.conf;
		code = spools_each(&s, run_one, r);
		if (!r->now)
			upkeep_run(&s.conf.set, r->stop, &kept);
	}
	if (tell)
		printf("%zu tried, %zu done, %zu waiting, %zu returned, "
		       "%zu of paused profiles, %zu busy, %zu damaged\n",
		    r->sum.tried, r->sum.done, r->sum.waiting, r->sum.returned,
		    r->sum.paused, r->sum.busy, r->sum.bad);
	if (tell && kept.used + kept.failed + kept.told > 0)
		printf("idle consents: %zu used, %zu in vain; forecasts in the "
		       "log: %zu\n",
		    kept.used, kept.failed, kept.told);
	spools_clear(&s);
	return code;
}

int
cmd_run_queue(const struct cmd_call *c, const struct opts *o)
{
	struct run r = { .call = c, .select = &o->select, .now = true };

	return run(&r, o->conf_file, o->verbose);
}

int
cmd_run(const struct cmd_call *c)
{
	struct run r = { .call = c };
	const char *conf_file = NULL;
	bool once = false, tell = false;
	struct err e = ERR_NONE;
	int i;

	for (i = 1; i < c->argc; i++) {
		if (strcmp(c->argv[i], "--once") == 0)
			once = true;
		else if (strcmp(c->argv[i], "-v") == 0)
			tell = true;
		else if (strcmp(c->argv[i], "-C") == 0 && i + 1 < c->argc)
			conf_file = c->argv[++i];
		else
			err_set(&e, EX_USAGE, "run: %s: unknown option",
			    c->argv[i]);
	}
	if (e.code == 0 && !once)
		err_set(&e, EX_USAGE,
		    "run: --once is missing: work through the queue and end");
	if (e.code != 0)
		return cmd_complain(c, &e);
	return run(&r, conf_file, tell);
}
