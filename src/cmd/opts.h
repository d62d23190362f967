/* SPDX-License-Identifier: ISC */
/*
 * opts: the sendmail command line, read into a struct. No effects.
 *
 * Must not know: configuration, files.
 */
#ifndef CMD_OPTS_H
#define CMD_OPTS_H

#include "base/err.h"
#include "mail/dsn.h"

#include <stdbool.h>
#include <stddef.h>

enum opts_mode {
	OPTS_SEND,	   /* -bm, or nothing */
	OPTS_LIST_QUEUE,   /* -bp */
	OPTS_COUNT_QUEUE,  /* -bP */
	OPTS_RUN_QUEUE,	   /* -q */
	OPTS_INIT_ALIASES, /* -bi, -I */
	OPTS_VERIFY,	   /* -bv */
	OPTS_SERVE,	   /* -bs */
	OPTS_NOTHING	   /* -bh, -bH: of a program that has host status */
};

/* -od: when the first attempt is made. */
enum opts_delivery {
	OPTS_INTERACTIVE, /* before the command ends: i */
	OPTS_BACKGROUND,  /* by a child, the command does not wait: b */
	OPTS_QUEUE_ONLY	  /* by whoever runs the queue: q, d */
};

/* Which messages of the queue: those whose ID, a recipient or sender has text
 * in it (or has not). */
struct opts_select {
	enum { OPTS_ALL, OPTS_ID, OPTS_RCPT, OPTS_SENDER } by;
	bool negated;
	const char *text;
};

/* Borrows from argv; opts_clear() ends it. */
struct opts {
	enum opts_mode mode;
	enum opts_delivery delivery;
	const char *profile;	   /* -a */
	const char *conf_file;	   /* -C */
	const char *sender;	   /* -f, -r; "" and "<>" are the null sender */
	const char *full_name;	   /* -F */
	const char *label;	   /* -L */
	struct opts_select select; /* -q */
	unsigned notify;	   /* -N: enum dsn_notify */
	struct dsn_wish dsn;	   /* -R, -V */
	bool no_aliases;	   /* -n */
	bool from_header;	   /* -t */
	bool ignore_dots;	   /* -i, -oi */
	bool verbose;		   /* -v */
	bool now;		   /* --now */
	bool json;		   /* --json */
	bool dry_run;		   /* --dry-run */
	char *const *rcpts;	   /* the operands */
	size_t n_rcpts;
};

/*
 * Read argv[1..argc) in POSIX order: options end at the first operand or at
 * "--". o->mode stands as the program's name wants it and is
 * changed by a mode option. EX_USAGE for what is unknown, for a value that is
 * missing, for a second -C.
 */
int opts_parse(struct opts *o, int argc, char *const *argv, struct err *e);
void opts_clear(struct opts *o);

#endif
