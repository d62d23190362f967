/* SPDX-License-Identifier: ISC */
/*
 * conf_file: a configuration file with all that it includes, as one text whose
 * every line knows where it came from. Each file is opened once; owner and
 * mode are looked at on the descriptor before a single octet counts.
 *
 * Must not know: keys, values, libconfig.
 */
#ifndef CORE_CONF_FILE_H
#define CORE_CONF_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

enum {
	CONF_FILE_MAX = 1024 * 1024, /* octets, with includes */
	CONF_FILE_MAX_DEPTH = 10     /* of includes */
};

/* A file to read, and what holds for what is written in it. */
struct conf_source {
	char *path;
	bool is_system;	 /* the system's file */
	bool given;	 /* by -C or OSMTP_CONFIG, instead of the others */
	uid_t owners[2]; /* who may own it; may be the same twice */
	char *home;	 /* what "~/" means, or NULL: not allowed */
	char *state;	 /* default of the key state, or NULL */
	char *spool;	 /* of the key spool, or NULL: below the state */
};

/* One of the files that were read: the first, or an included one. */
struct conf_part {
	char *path;
	struct stat st;
};

/* Where something was written; path NULL: nowhere. Borrowed from the text. */
struct conf_place {
	const char *path;
	unsigned line;
	const struct stat *st;
};

struct conf_text {
	struct buf flat; /* the octets, includes in their places */
	struct conf_part **parts;
	size_t n_parts;
	struct conf_line *lines; /* private: of flat, the first at 0 */
	size_t n_lines;
};

/*
 * Read s into t. EX_NOINPUT if there is no such file, else EX_CONFIG with
 * path, owner, mode and our uid where they are what fails; no text quotes the
 * content. Begin t with {0}; conf_file_clear() in any case.
 */
int conf_file_read(
    struct conf_text *t, const struct conf_source *s, struct err *e);
void conf_file_clear(struct conf_text *t);

/* Where line number flat_line (from 1) of the text was written. */
struct conf_place conf_file_place(
    const struct conf_text *t, unsigned flat_line);

void conf_source_clear(struct conf_source *s);

#endif
