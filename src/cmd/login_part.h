/* SPDX-License-Identifier: ISC */
/* login_part: what the parts of the command login share; for them alone. */
#ifndef CMD_LOGIN_PART_H
#define CMD_LOGIN_PART_H

#include "cmd/cmd.h"
#include "core/cred.h"
#include "gate/oauth.h"

#include <stdbool.h>
#include <stdint.h>

struct json;

enum login_way { LOGIN_AUTO, LOGIN_DEVICE, LOGIN_BROWSER, LOGIN_PASTE };

/* A step returns an exit status: EX_OK to go on; what is wrong has been said by
 * then. */
struct login {
	const struct cmd_call *call;
	const char *name, *conf_file;
	enum login_way way;
	bool json;
	struct sys_user user;
	struct conf conf;
	const struct profile *p; /* the account's own */
	struct cred_client with;
	struct oauth_token token; /* what the login has brought */
	bool stored;
	int lock;	    /* of the login, or -1 */
	char *last_words;   /* if a signal ends it before it is stored */
	char *stored_words; /* and afterwards */
};

/* ---- login_say.c */

/* A line of the dialogue on standard output; nothing with --json. */
void login_tell(const struct login *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Begin an event for --json; and print it, or drop it without. */
struct json *login_event(const struct login *l, const char *name);
void login_emit(const struct login *l, struct json *j);

/* It ends here: say why, and return code. The second: by what a server said,
 * with what to do about it; its code follows from o. The third: before there
 * was a login. */
int login_fail(const struct login *l, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int login_fail_by(const struct login *l, const struct outcome *o);
int login_give_up(const struct login *l, const struct err *e);

/* That it waits now: a line, or, where that is possible, one that is drawn anew
 * each LOGIN_TICK with the time that is left. */
enum { LOGIN_TICK = 250 /* ms */ };
bool login_draws(const struct login *l);
void login_draw(unsigned turn, int64_t left_ms);
void login_tell_waiting(const struct login *l);

/* "14:32", by the local clock. */
const char *login_clock(int64_t ms, char text[16]);

/* The scopes of s, in short, with ", " between them. */
void login_add_scopes(struct buf *b, const char *s);

/* What the consent will allow, as far as the scopes tell. */
void login_warn(const struct login *l);

/* ---- login.c */

/* What proves who we are, anew where it is an assertion: one is good for some
 * minutes, with many servers but once, and a person takes longer. */
bool login_prove(struct login *l, enum cred_need need, struct oauth_trouble *f);

/* Was it seen what is to be done? EX_IOERR, and it ends here, if standard
 * output can't be written. */
int login_check_shown(const struct login *l);

/* Let others log in. */
void login_unlock(struct login *l);

/* ---- ways to a token: l->token is filled on EX_OK */

int login_by_device(struct login *l);
int login_by_code(struct login *l);

/* ---- login_browser.c */

/* Is there a desktop here, and are we at it? */
bool login_has_desktop(void);

/*
 * Open url in a browser, without a shell. False: there is no program for that.
 * *fd is readable once it has ended: octets then mean that it failed; or -1.
 */
bool login_open_browser(const char *url, pid_t *pid, int *fd);

/* ---- login_end.c */

/* Test what was brought, and keep it; then the queue. */
int login_end(struct login *l);

#endif
