/* SPDX-License-Identifier: ISC */
/*
 * conf_value: what the text of a value means, by its row of the table. A
 * default is a text as well, and goes the same way as what somebody wrote.
 *
 * Must not know: libconfig, which file it stands in.
 */
#ifndef CORE_CONF_VALUE_H
#define CORE_CONF_VALUE_H

#include "base/err.h"
#include "core/conf_file.h"
#include "core/conf_table.h"

#include <stdbool.h>

#define CONF_VALUE_LIST "a string, or several as [ \"a\", \"b\" ]"

/*
 * Take text as row's value, or as one more element of its list, into the
 * struct at base. EX_CONFIG with a reason that has the value in it.
 */
int conf_value_take(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *base, struct err *e);

/* The same for a member of PAIRS. */
int conf_value_take_pair(const struct conf_row *row, const char *name,
    const char *text, void *base, struct err *e);

/* Does the type hold several values? */
bool conf_value_is_list(enum conf_type type);

/* "a string", "a duration such as \"90s\"": what the type wants. */
const char *conf_value_wants(enum conf_type type);

/* Give each row of a profile, or each of the rest, its default. */
void conf_value_defaults(bool of_profile, void *base);

/* A path, "~/" expanded where the file may say that. */
int conf_value_path(
    const struct conf_source *s, const char *text, char **out, struct err *e);

/* UTF-8 without control characters? */
bool conf_value_is_clean(const char *text);

/* Complain of a value: "VALUE": reason; a long one is cut. EX_CONFIG. */
int conf_value_refuse(struct err *e, const char *text, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
