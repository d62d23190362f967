/* SPDX-License-Identifier: ISC */
/*
 * conf_read: the door to libconfig: a configuration's text becomes what it
 * says, key by key, each with its place. Reading looks at keys one by one.
 *
 * Must not know: what a profile needs, other files.
 */
#ifndef CORE_CONF_READ_H
#define CORE_CONF_READ_H

#include "base/err.h"
#include "core/conf_file.h"
#include "core/conf_table.h"

#include <stddef.h>

/* A file, read. */
struct conf_draft {
	const struct conf_source *source;
	struct conf_text text; /* every place borrows from it */
	struct conf_top top;
	struct conf_entry *entries; /* profiles in file order */
	size_t n;
};

/* Read d->source. EX_NOINPUT if there is no such file, else EX_CONFIG. Begin
 * d with its source and zeroes; conf_draft_clear() in any case. */
int conf_read(struct conf_draft *d, struct err *e);
void conf_draft_clear(struct conf_draft *d);

#endif
