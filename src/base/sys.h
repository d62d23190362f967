/* SPDX-License-Identifier: ISC */
/*
 * sys: the machine as the program sees it: clocks, random octets, host name,
 * users, places, child processes. t/osmtp-test links another sys with a
 * clock, random numbers and places of its own; nothing else knows.
 *
 * Must not know: what any of it is used for.
 */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Milliseconds since 1970-01-01 UTC by the wall clock, which may jump. */
int64_t sys_now(void);

/* Milliseconds of a clock that only goes forward, for deadlines. */
int64_t sys_mono(void);

/* Fill n octets from the kernel's generator; a kernel without one aborts. */
void sys_random(void *p, size_t n);

/*
 * The host's full name: gethostname(2), completed by a local look-up in the
 * hosts file (getaddrinfo with AI_CANONNAME is not used: it may ask the DNS)
 * and never empty ("localhost").
 */
void sys_hostname(struct buf *b);

/* First line of /etc/mailname without blanks; false if there is none. */
bool sys_mailname(struct buf *b);

/* Directory of the system's configuration (configure's sysconfdir). */
const char *sys_confdir(void);

/* State of the system's profiles (configure's localstatedir + lib/osmtp). */
const char *sys_statedir(void);

/* Their queue (configure's localstatedir + spool/osmtp). */
const char *sys_spooldir(void);

/* The file with the CAs that this machine trusts, PEM: where the distributions
 * have it; the first of these places if it is at none. */
const char *sys_ca_file(void);

/* The aliases of the system: "/etc/aliases". */
const char *sys_aliases_file(void);

/* A user, by the password and group databases. */
struct sys_user {
	uid_t uid;
	bool known;  /* has a passwd entry */
	char *login; /* "uid1000" if not known */
	char *gecos; /* full name up to the comma, '&' expanded; or "" */
	char *home;  /* NULL if not known */
	struct text_list groups; /* names, the primary group first */
};

/* Look uid up. With a group database that fails, groups is what was found. */
void sys_user_load(struct sys_user *u, uid_t uid);
void sys_user_clear(struct sys_user *u);

/* A system user: neither root nor at least UID_MIN of login.defs (1000). */
bool sys_is_system_uid(uid_t uid);

/*
 * Open /dev/null in place of descriptors 0, 1, 2 that are closed, so that no
 * file of ours gets their number. Returns true if 0 was closed.
 */
bool sys_fix_std(void);

/* Wait until fd can be read from or, if to_write, take PIPE_BUF octets, or
 * until its end, or an error; false if that takes more than ms. A test can make
 * it shorter. */
bool sys_wait_for(int fd, bool to_write, int64_t ms);

/*
 * Fork a child that runs fn(fd, ctx) and then _exit(0). What it writes to fd
 * arrives at *out_fd (close-on-exec, non-blocking) in the parent, which reads
 * to end of file and then calls sys_reap(). It is a socket: what the parent
 * writes to *out_fd arrives at fd. In the child SIGINT, SIGTERM,
 * SIGHUP and SIGPIPE are ignored: what it has begun it ends; descriptors 0,
 * 1 and, unless keep_stderr, 2 are /dev/null: who reads what the parent writes
 * does not wait for a child. EX_OSERR.
 */
int sys_child(void (*fn)(int fd, void *ctx), void *ctx, bool keep_stderr,
    pid_t *pid, int *out_fd, struct err *e);

/* Wait for that child, which has closed its end; its status is not told. */
void sys_reap(pid_t pid);

#endif
