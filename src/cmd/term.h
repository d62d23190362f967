/* SPDX-License-Identifier: ISC */
/*
 * term: a person's terminal: lines of any length that are pasted, a line that
 * is drawn anew while something goes on, and the terminal put right whatever
 * ends the program.
 *
 * Must not know: what is asked or told.
 */
#ifndef CMD_TERM_H
#define CMD_TERM_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT put the terminal right and
 * write words to standard error before they do their work, and a stop hands
 * the terminal back until we go on. words is borrowed.
 */
void term_guard(const char *words);
void term_unguard(void);

/* What must not be ended: signals wait from hold to release, which sets new
 * last words. */
void term_hold(void);
void term_release(const char *words);

/* Lines of a descriptor, a terminal or not. */
struct term_lines {
	int fd;
	struct buf line; /* without its end; complete after TERM_LINE */
	bool is_tty;
	bool is_long;
};

enum { TERM_LINE_MAX = 64 * 1024 };

enum term_got {
	TERM_MORE, /* the line is not whole yet */
	TERM_LINE,
	TERM_LONG, /* there was one of more than TERM_LINE_MAX octets */
	TERM_END,  /* no more will come; a last line without an end is in line
		    */
	TERM_AWAY  /* we are in the background, where the terminal is not ours
		      to read: to be called again some time later */
};

/*
 * Begin to read. A terminal leaves canonical mode, in which a line is cut at
 * 4095 octets: echo and the keys that erase are ours then. In the background it
 * is left alone until we are in the foreground and read.
 */
void term_open(struct term_lines *t, int fd);

/* Read what there is, an octet at most: to be called when fd is readable. */
enum term_got term_read(struct term_lines *t);

/* Wipe the line, for the next. */
void term_next(struct term_lines *t);
void term_close(struct term_lines *t);

/* Draw this line in place of the last on standard error, if that is a
 * terminal, and we are in its foreground; else nothing. It is cut at the
 * terminal's edge. "" removes it. */
void term_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
