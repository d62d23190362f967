/* SPDX-License-Identifier: ISC */
/*
 * tell_ahead: what will end soon, told to whoever sits at a terminal: one line,
 * of what ends first. Programs that call us are not bothered; the log and osmtp
 * profiles tell all of it.
 */
#include "cmd/tell.h"

#include <unistd.h>

#include "base/sys.h"
#include "core/forecast.h"

void
tell_ahead(const struct cmd_call *c, const struct profile *p)
{
	struct forecast v[FORECAST_MAX];
	int64_t now = sys_now();
	struct cred_status s;
	size_t i, n;

	if (!isatty(STDERR_FILENO))
		return;
	cred_look(p, &s);
	n = forecast_make(p, &s, now, v);
	for (i = 0; i < n; i++) {
		if (forecast_threshold(&v[i], now) < 0)
			continue;
		cmd_say(c, "profile \"%s\": %s; what to do: %s",
		    profile_account(p)->name, v[i].text, v[i].remedy);
		return;
	}
}

void
tell_all_ahead(const struct cmd_call *c, const struct profile_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++) {
		if (profile_account(&set->v[i]) == &set->v[i])
			tell_ahead(c, &set->v[i]);
	}
}
