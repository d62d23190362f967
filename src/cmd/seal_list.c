/* SPDX-License-Identifier: ISC */
/* seal_list: osmtp seal --list. */
#include "cmd/seal_part.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "core/cred.h"

enum { DAY_S = 24 * 60 * 60 };

/* One sealed secret as a line. False if it does not open. */
static bool
list_one(const struct seal_job *s, const struct profile *p, const char *field,
    const struct profile_secret *from)
{
	const struct seal_use use = { "config", p->name, field };
	char kid[SEAL_KID_LENGTH + 1] = "-", age[24] = "-";
	struct seal_ring *ring = NULL;
	struct err why = ERR_NONE;
	struct secret secret;
	int64_t at = 0, days = 0;
	bool opens;

	secret_init(&secret);
	seal_check_form(from->text, kid, NULL);
	opens = cred_load_ring(p->home, false, &ring, &why) == 0 &&
		seal_open(ring, &use, from->text, &secret, &at, &why) == 0;
	secret_clear(&secret);
	seal_free(ring);
	if (opens) {
		days = (sys_now() / 1000 - at) / DAY_S;
		snprintf(age, sizeof(age), "%lld", (long long)days);
	}
	if (s->json) {
		struct json *j = json_new();
		struct buf line;

		json_set_string(j, "profile", p->name);
		json_set_string(j, "field", field);
		json_set_string(j, "kid", kid);
		json_set_bool(j, "opens", opens);
		if (opens)
			json_set_number(j, "age_days", days);
		else
			json_set_string(j, "error", why.text);
		buf_init(&line, 64 * 1024);
		json_add_to(&line, j);
		puts(line.data);
		buf_clear(&line);
		json_free(j);
	} else {
		printf("%-20s %-22s %-8s %5s\n", p->name, field, kid, age);
		if (!opens)
			cmd_say(s->call, "%s.%s: %s", p->name, field, why.text);
	}
	return opens;
}

int
seal_list(const struct seal_job *s, struct err *e)
{
	bool all_open = true;
	struct conf conf;
	size_t i, f;
	int rc;

	memset(&conf, 0, sizeof(conf));
	rc = cmd_load_conf(s->call, s->conf_file, &s->user, &conf, e);
	if (rc == 0 && !s->json)
		printf("%-20s %-22s %-8s %5s\n", "PROFILE", "FIELD", "KEY",
		    "DAYS");
	for (i = 0; rc == 0 && i < conf.set.n; i++) {
		const struct profile *p = &conf.set.v[i];

		for (f = 0; f < PROFILE_SECRETS; f++) {
			const struct profile_secret *from =
			    profile_secret_of(p, profile_secrets[f]);

			if (from->form == PROFILE_SEALED &&
			    !list_one(s, p, profile_secrets[f], from))
				all_open = false;
		}
	}
	conf_clear(&conf);
	if (rc == 0 && !all_open)
		rc = err_set(e, EX_CONFIG, "a sealed secret does not open");
	return rc;
}
