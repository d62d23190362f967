/* SPDX-License-Identifier: ISC */
/* seal_set: osmtp seal --set. */
#include "cmd/seal_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf_put.h"

struct meant {
	const char *field, *blob;
};

static bool
is_blob(const void *ctx, const struct profile *p)
{
	const struct meant *m = ctx;
	const struct profile_secret *s = profile_secret_of(p, m->field);

	return s->form == PROFILE_SEALED && strcmp(s->text, m->blob) == 0;
}

int
seal_set(const struct seal_job *s, const char *blob, struct err *e)
{
	const struct conf_put_value value = { s->field, blob };
	const struct meant meant = { s->field, blob };
	const struct conf_put put = { .files = s->files,
		.n_files = s->n_files,
		.file = s->file,
		.user = &s->user,
		.profile = s->profile,
		.values = &value,
		.n_values = 1,
		.is_good = is_blob,
		.ctx = &meant };
	char *path = NULL;
	unsigned line;
	int rc = conf_put(&put, &path, &line, e);

	if (rc == 0)
		printf("%s:%u: %s.%s is sealed\n", path, line, s->profile,
		    s->field);
	free(path);
	return rc;
}
