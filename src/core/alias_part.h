/* SPDX-License-Identifier: ISC */
/* alias_part: what the parts of alias share; for them alone. */
#ifndef CORE_ALIAS_PART_H
#define CORE_ALIAS_PART_H

#include "base/buf.h"
#include "core/alias.h"

/* One line of the file, and those that continue it. */
struct alias_entry {
	char *name; /* without quotes */
	char *value;
	size_t line; /* where it begins */
};

struct alias_map {
	char *path;
	struct alias_entry *v; /* sorted by name, without case */
	size_t n, cap;
};

/* The entry of that name, or NULL. */
const struct alias_entry *alias_find(
    const struct alias_map *m, const char *name);

/* A file of aliases, or an included one, into b, which has a maximum. EX_CONFIG
 * with its path; where it is absent errno is ENOENT. */
int alias_read_file(const char *path, struct buf *b, struct err *e);

#endif
