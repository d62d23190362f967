/* SPDX-License-Identifier: ISC */
/* seal_part: what the parts of the command seal share; for them alone. */
#ifndef CMD_SEAL_PART_H
#define CMD_SEAL_PART_H

#include "cmd/cmd.h"
#include "core/conf_file.h"

#include <stdbool.h>
#include <stddef.h>

enum seal_act { SEAL_PRINT, SEAL_SET, SEAL_NEW_KEY, SEAL_LIST, SEAL_RETIRE };

struct seal_job {
	const struct cmd_call *call;
	enum seal_act act;
	bool json;
	const char *conf_file; /* -C, or NULL */
	const char *kid;       /* --retire's */
	char *profile;
	const char *field; /* one of profile_secrets */
	struct sys_user user;
	struct conf_source files[CONF_MAX_SOURCES]; /* the user's first */
	size_t n_files;
	const struct conf_source *file; /* the one that is meant */
};

/* --set: put the blob into the file. */
int seal_set(const struct seal_job *s, const char *blob, struct err *e);

/* --list. EX_CONFIG if one of them does not open. */
int seal_list(const struct seal_job *s, struct err *e);

/* --retire. EX_CONFIG if the key is needed, EX_NOPERM if that can't be seen. */
int seal_retire(const struct seal_job *s, struct err *e);

#endif
