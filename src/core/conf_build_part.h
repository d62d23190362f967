/* SPDX-License-Identifier: ISC */
/* conf_build_part: what the parts of conf_build share; for them alone. */
#ifndef CORE_CONF_BUILD_PART_H
#define CORE_CONF_BUILD_PART_H

#include "core/conf_build.h"

#define is_set(d, id) ((d)->at[id].path != NULL)

/* Complain at the place of the key, or of the profile if it is not set. */
#define complain(d, e, id, ...)                                              \
	conf_table_complain((e), is_set(d, id) ? &(d)->at[id] : &(d)->begin, \
	    (id), (d)->p.name, __VA_ARGS__)

/* A copy of s that lives as long as the profile; NULL of NULL. */
const char *conf_build_keep(struct profile *p, const char *s);

/* A copy of the list's strings, joined by sep; NULL if it is empty. */
const char *conf_build_keep_joined(
    struct profile *p, const struct text_list *l, char sep);

/* Fill in what the preset says. EX_CONFIG. */
int conf_build_preset(struct conf_entry *d, struct err *e);

/* Forget a value that has no effect, if it is the preset's; was it? */
bool conf_build_forget(struct conf_entry *d, enum conf_id id);

/* The group oauth. EX_CONFIG. */
int conf_build_oauth(struct conf_entry *d, struct err *e);

#endif
