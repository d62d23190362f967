/* SPDX-License-Identifier: ISC */
/*
 * opts: the sendmail command line, read into a struct. No effects.
 *
 * Must not know: configuration, files; whether what is asked for can be done.
 */
#ifndef CMD_OPTS_H
#define CMD_OPTS_H

#include "base/err.h"
#include "gate/spool.h"
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
	OPTS_NOTHING	   /* -bh, -bH: host status, which is not kept */
};

/* -od: when the first attempt is made. */
enum opts_delivery {
	OPTS_INTERACTIVE, /* before the command ends: i */
	OPTS_BACKGROUND,  /* by a child, the command does not wait: b */
	OPTS_QUEUE_ONLY	  /* by whoever runs the queue: q, d */
};

/* Borrows from argv; opts_clear() ends it. */
struct opts {
	enum opts_mode mode;
	enum opts_delivery delivery;
	const char *profile;   /* -a */
	const char *conf_file; /* -C */
	const char *sender;    /* -f, -r; "" and "<>" are the null sender */
	const char *full_name; /* -F */
	const char *label;     /* -L */
	struct spool_select select; /* -qI, -qR, -qS */
	unsigned notify;	    /* -N: enum dsn_notify */
	struct dsn_wish dsn;	    /* -R, -V */
	bool no_aliases;	    /* -n */
	bool from_header;	    /* -t */
	bool ignore_dots;	    /* -i, -oi */
	bool verbose;		    /* -v */
	bool now;		    /* --now */
	bool json;		    /* --json */
	bool dry_run;		    /* --dry-run */
	char *const *rcpts;	    /* the operands */
	size_t n_rcpts;
};

/* How it should have been, behind a complaint of an option. */
extern const char opts_usage[];

/* The mode that a program's name stands for: mailq, newaliases; else
 * OPTS_SEND. */
enum opts_mode opts_mode_of(const char *program);

/*
 * Read argv[1..argc) in POSIX order, whatever the environment says: options end
 * at the first operand or at "--", or at a lone "-". The last of a repeated
 * option counts. o begins as {0}, its mode as the program's name wants it.
 * EX_USAGE for what is unknown, for a value that is missing or that -N, -R, -V
 * do not take, for a second -C.
 */
int opts_parse(struct opts *o, int argc, char *const *argv, struct err *e);
void opts_clear(struct opts *o);

#endif
