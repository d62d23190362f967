/* SPDX-License-Identifier: ISC */
/* What the parts of opts share; for them alone. */
#ifndef CMD_OPTS_PART_H
#define CMD_OPTS_PART_H

#include "cmd/opts.h"

/* Take the value of an option, "" for one that has none. EX_USAGE. */
typedef int opts_set(struct opts *o, const char *value, struct err *e);

opts_set opts_set_profile;
opts_set opts_set_mode;
opts_set opts_set_conf_file;
opts_set opts_set_sender;
opts_set opts_set_full_name;
opts_set opts_set_ignore_dots;
opts_set opts_set_aliases;
opts_set opts_set_label;
opts_set opts_set_no_aliases;
opts_set opts_set_notify;
opts_set opts_set_other;
opts_set opts_set_long_other;
opts_set opts_set_run_queue;
opts_set opts_set_ret;
opts_set opts_set_from_header;
opts_set opts_set_verbose;
opts_set opts_set_envid;

#endif
