/* SPDX-License-Identifier: ISC */
/*
 * alias: other names for local recipients, out of a file as sendmail has it
 * (aliases(5)): "name: value, value", comments, continued lines, quoted names,
 * :include: of lists. Programs and files as recipients are not supported, and
 * said to be so.
 *
 * Must not know: profiles, who sends.
 */
#ifndef CORE_ALIAS_H
#define CORE_ALIAS_H

#include "base/err.h"
#include "mail/addr.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	ALIAS_MAX_FILE = 4 * 1024 * 1024, /* octets, of an included one, too */
	ALIAS_MAX_DEPTH = 16,		  /* of aliases of aliases, of files */
	ALIAS_MAX_FILES = 1000,		  /* that one name includes */
	ALIAS_MAX_RCPTS = 50000		  /* of one name */
};

struct alias_map;

/*
 * Read the file; one that is absent has no aliases. EX_CONFIG, "path:line:
 * reason", for what can't be read, for what others than root and we may write,
 * and for a line that is none. Values are looked at by alias_expand().
 */
int alias_load(const char *path, struct alias_map **out, struct err *e);

/* The same from memory; path is for messages. */
int alias_parse(const char *path, const char *text, size_t n,
    struct alias_map **out, struct err *e);
void alias_free(struct alias_map *m); /* takes NULL */

size_t alias_count(const struct alias_map *m); /* names */

/* Is there an alias of that name? Case does not count. m may be NULL. */
bool alias_has(const struct alias_map *m, const char *name);

/*
 * Append what name stands for: addresses elsewhere, and local names that have
 * no alias. is_local tells which are local. A name in its own value ("root:
 * root, ann@example.org") stands for itself, as one with a backslash in front
 * does: it comes out with keep_bare. EX_CONFIG, "path:line: name: reason", for
 * a program, a file, a bad address, a loop over several names or files, an
 * include that can't be read, more than the bounds above, nobody at all. What
 * cannot be carried out makes the whole name fail: nobody is left out in
 * silence; out is of no use then.
 */
int alias_expand(const struct alias_map *m, const char *name,
    bool (*is_local)(void *ctx, const struct addr *a), void *ctx,
    struct addr_list *out, struct err *e);

/* Carry out every line, for newaliases: the first fault that alias_expand()
 * would find. */
int alias_check(const struct alias_map *m,
    bool (*is_local)(void *ctx, const struct addr *a), void *ctx,
    struct err *e);

#endif
