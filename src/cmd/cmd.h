/* SPDX-License-Identifier: ISC */
/*
 * cmd: what the commands share. Each command is one file and one function
 * that reads like a list of steps and returns the exit status. Only here and
 * in main is anything said to the user.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/err.h"
#include "base/sys.h"
#include "core/conf.h"

#include <signal.h>
#include <stdbool.h>

struct opts;

/* How the program was called. */
struct cmd_call {
	const char *program; /* name for messages */
	bool sendmail_face;  /* called as sendmail, mailq, newaliases */
	bool stdin_closed;   /* descriptor 0 was closed */
	int argc;	     /* argv[0] is the program or the command */
	char *const *argv;
};

int cmd_send(const struct cmd_call *c);	   /* sendmail, osmtp send */
int cmd_explain(const struct cmd_call *c); /* osmtp explain */
int cmd_queue(const struct cmd_call *c);   /* osmtp queue */
int cmd_mailq(const struct cmd_call *c, const struct opts *o); /* -bp, -bP */
int cmd_run(const struct cmd_call *c);			       /* osmtp run */
int cmd_run_queue(const struct cmd_call *c, const struct opts *o); /* -q */
int cmd_verify(const struct cmd_call *c, const struct opts *o);	   /* -bv */
int cmd_token(const struct cmd_call *c);    /* osmtp token */
int cmd_login(const struct cmd_call *c);    /* osmtp login */
int cmd_logout(const struct cmd_call *c);   /* osmtp logout */
int cmd_profiles(const struct cmd_call *c); /* osmtp profiles */
int cmd_check(const struct cmd_call *c);    /* osmtp check */
int cmd_seal(const struct cmd_call *c);	    /* osmtp seal */
int cmd_reseal(const struct cmd_call *c);   /* osmtp reseal */
int cmd_rotate(const struct cmd_call *c);   /* osmtp rotate */
int cmd_preset(const struct cmd_call *c);   /* osmtp preset */
int cmd_aliases(const struct cmd_call *c, const char *conf_file); /* -bi */

/* What a command that asks "NAME [--json] [-C FILE]" is told; borrowed. */
struct cmd_named {
	const char *name, *conf_file;
	bool json;
};

/* Take a word of its command line that it does not know itself: *i moves on
 * where a value stands behind it. EX_USAGE. */
int cmd_take_named(
    const struct cmd_call *c, int *i, struct cmd_named *a, struct err *e);

/* All of one that knows no others. usage: what stands behind NAME. */
int cmd_parse_named(const struct cmd_call *c, const char *usage,
    struct cmd_named *a, struct err *e);

/* From now on SIGTERM and SIGINT set what is returned, and end nothing: what
 * has been begun is finished. */
const volatile sig_atomic_t *cmd_stop_by_signal(void);

/* "program: text" on standard error; returns e->code. */
int cmd_complain(const struct cmd_call *c, const struct err *e);

/* The same with a text of one's own; it is made safe for a terminal. */
void cmd_say(const struct cmd_call *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Whose configuration counts: file is -C's value or NULL. Borrowed. */
struct conf_request cmd_conf_request(
    const struct cmd_call *c, const char *file, const struct sys_user *user);

/*
 * Load the configuration for the caller: file is -C's value or NULL, then
 * OSMTP_CONFIG, HOME and the XDG variables count. conf_load()'s codes.
 */
int cmd_load_conf(const struct cmd_call *c, const char *file,
    const struct sys_user *user, struct conf *conf, struct err *e);

#endif
