/* SPDX-License-Identifier: ISC */
/*
 * sys_test: the sys that t/osmtp-test links in place of the real one. The
 * test sets the clock, the random numbers, the host's name and the system's
 * places by environment variables; for all else it is the real sys. So the
 * real program needs no switch for tests.
 *
 *   OSMTP_TEST_NOW       the wall clock, milliseconds since 1970, stands still
 *   OSMTP_TEST_SEED      a number that random octets follow from
 *   OSMTP_TEST_HOSTNAME  default test.example.test
 *   OSMTP_TEST_ETC       stands for /etc: mailname, aliases and osmtp/ are
 * there OSMTP_TEST_STATE     stands for /var/lib/osmtp; its folder spool for
 *                        /var/spool/osmtp
 *   OSMTP_TEST_CA        stands for the file of the system's CAs
 *   OSMTP_TEST_HOME      home of every user, so that no test writes into one
 *   OSMTP_TEST_PATIENCE  milliseconds for which a client of -bs is waited for
 */
#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* The real ones, under other names. */
int64_t sys_real_now(void);
void sys_real_random(void *p, size_t n);
void sys_real_hostname(struct buf *b);
bool sys_real_mailname(struct buf *b);
const char *sys_real_confdir(void);
const char *sys_real_statedir(void);
const char *sys_real_spooldir(void);
const char *sys_real_ca_file(void);
const char *sys_real_aliases_file(void);
void sys_real_user_load(struct sys_user *u, uid_t uid);
bool sys_real_wait_for(int fd, bool to_write, int64_t ms);

#define sys_now		 sys_real_now
#define sys_random	 sys_real_random
#define sys_hostname	 sys_real_hostname
#define sys_mailname	 sys_real_mailname
#define sys_confdir	 sys_real_confdir
#define sys_statedir	 sys_real_statedir
#define sys_spooldir	 sys_real_spooldir
#define sys_ca_file	 sys_real_ca_file
#define sys_aliases_file sys_real_aliases_file
#define sys_user_load	 sys_real_user_load
#define sys_wait_for	 sys_real_wait_for
#include "../src/base/sys.c"
#undef sys_now
#undef sys_random
#undef sys_hostname
#undef sys_mailname
#undef sys_confdir
#undef sys_statedir
#undef sys_spooldir
#undef sys_ca_file
#undef sys_aliases_file
#undef sys_user_load
#undef sys_wait_for

/* A number from the environment; false if it is not set. */
static bool
env_number(const char *name, uint64_t *out)
{
	const char *s = getenv(name);

	if (!s)
		return false;
	if (!text_parse_uint(s, INT64_MAX, out)) {
		fprintf(stderr, "sys_test: %s: not a number\n", name);
		exit(EX_SOFTWARE);
	}
	return true;
}

int64_t
sys_now(void)
{
	uint64_t ms;

	return env_number("OSMTP_TEST_NOW", &ms) ? (int64_t)ms : sys_real_now();
}

/* splitmix64: any seed, 0 too, gives a good sequence. */
void
sys_random(void *p, size_t n)
{
	static uint64_t state;
	static bool seeded;
	unsigned char *out = p;
	size_t i;

	if (!getenv("OSMTP_TEST_SEED")) {
		sys_real_random(p, n);
		return;
	}
	if (!seeded)
		seeded = env_number("OSMTP_TEST_SEED", &state);
	for (i = 0; i < n; i++) {
		uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		out[i] = (unsigned char)(z ^ (z >> 31));
	}
}

void
sys_hostname(struct buf *b)
{
	const char *s = getenv("OSMTP_TEST_HOSTNAME");

	buf_add_str(b, s ? s : "test.example.test");
}

/* The folder that stands for /etc; a test without one sees no system. */
static const char *
etc(void)
{
	const char *s = getenv("OSMTP_TEST_ETC");

	return s ? s : "/nonexistent";
}

bool
sys_mailname(struct buf *b)
{
	char *path = mem_printf("%s/mailname", etc());
	bool found = sys_read_line(b, path);

	free(path);
	return found;
}

const char *
sys_confdir(void)
{
	static char *dir;

	if (!dir)
		dir = mem_printf("%s/osmtp", etc());
	return dir;
}

const char *
sys_statedir(void)
{
	const char *s = getenv("OSMTP_TEST_STATE");

	return s ? s : sys_real_statedir();
}

const char *
sys_spooldir(void)
{
	static char *dir;
	const char *s = getenv("OSMTP_TEST_STATE");

	if (!s)
		return sys_real_spooldir();
	if (!dir)
		dir = mem_printf("%s/spool", s);
	return dir;
}

const char *
sys_ca_file(void)
{
	const char *s = getenv("OSMTP_TEST_CA");

	return s ? s : sys_real_ca_file();
}

const char *
sys_aliases_file(void)
{
	static char *path;

	if (!path)
		path = mem_printf("%s/aliases", etc());
	return path;
}

void
sys_user_load(struct sys_user *u, uid_t uid)
{
	const char *home = getenv("OSMTP_TEST_HOME");

	sys_real_user_load(u, uid);
	if (home)
		mem_replace(&u->home, mem_dup(home));
}

bool
sys_wait_for(int fd, bool to_write, int64_t ms)
{
	uint64_t patience;

	if (env_number("OSMTP_TEST_PATIENCE", &patience))
		ms = (int64_t)patience;
	return sys_real_wait_for(fd, to_write, ms);
}
