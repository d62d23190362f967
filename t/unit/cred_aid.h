/* SPDX-License-Identifier: ISC */
/*
 * cred_aid: for tests of cred: a profile in a directory of its own, token
 * endpoints on loopback, faults of the disk, and what was filled.
 */
#ifndef T_CRED_AID_H
#define T_CRED_AID_H

#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "core/cred_part.h"

enum {
	HOUR = 3600 * 1000,
	PATH_ROOM = 256,
	URL_ROOM = 64,
	SLOW = 30, /* ms of an answer: long enough for two to meet */
	MANY = 50
};

static char dir[PATH_ROOM];	    /* of this test */
static char tokens[PATH_ROOM + 16]; /* the cache in it */
static char log_path[PATH_ROOM + 16];
static char url[URL_ROOM]; /* of the endpoint */
static pid_t endpoint;
static struct loop *loop;
static struct profile_home home;
static struct profile profile;

/* ---- faults
 *
 * These functions stand in for the C library's; what they go by is shared with
 * the children that cred starts, and with the endpoint.
 */

static struct faults {
	int fsyncs;   /* good ones, before one fails with ENOSPC; -1: all are */
	int renames;  /* good ones of a blob, before some fail; -1: all are */
	int fails;    /* how many fail then */
	int steps;    /* of both, before the process is killed; -1: it is not */
	int signal;   /* .. by this one; 0: SIGKILL */
	int requests; /* that the endpoint has seen */
	int lost;     /* answers that it loses, from now on */
	bool swaps;   /* it puts R0 into the cache when it sees R7 */
} * faults;

static inline void
take_step(void)
{
	if (faults != NULL && faults->steps >= 0 && faults->steps-- == 0)
		kill(getpid(), faults->signal != 0 ? faults->signal : SIGKILL);
}

int
fsync(int fd)
{
	take_step();
	if (faults != NULL && faults->fsyncs >= 0 && faults->fsyncs-- == 0) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int
rename(const char *from, const char *to)
{
	take_step();
	if (faults != NULL && faults->renames >= 0 &&
	    strstr(to, ".blob") != NULL && faults->renames-- == 0) {
		faults->renames = --faults->fails > 0 ? 0 : -1;
		errno = EIO;
		return -1;
	}
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

/* ---- a directory, a profile, an endpoint */

static inline int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
set_up(void)
{
	static struct log_settings log = { log_path, LOG_LEVEL_DEBUG, false,
		"mail" };
	const char *tmp = getenv("TMPDIR");

	faults = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(faults, MAP_FAILED);
	faults->fsyncs = faults->renames = faults->steps = -1;
	snprintf(
	    dir, sizeof(dir), "%s/cred.XXXXXX", tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(tokens, sizeof(tokens), "%s/tokens", dir);
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	ck_assert_int_eq(log_open(&log, NULL), 0);
	loop = loop_new();
	memset(&profile, 0, sizeof(profile));
	memset(&home, 0, sizeof(home));
	home.state = dir;
	profile.name = (char *)"noreply";
	profile.home = &home;
	secret_init(&profile.password.plain);
	secret_init(&profile.client_secret.plain);
	secret_init(&profile.refresh_token.plain);
	secret_init(&profile.key_passphrase.plain);
	profile.password.field = (char *)"password";
	profile.refresh_token.key =
	    (char *)"profiles.noreply.oauth.refresh_token";
	profile.key_passphrase.key =
	    (char *)"profiles.noreply.tls.key_passphrase";
	profile.password.key = (char *)"profiles.noreply.password";
	profile.client_secret.key =
	    (char *)"profiles.noreply.oauth.client_secret";
	profile.client_secret.form = PROFILE_PLAIN;
	secret_add_str(&profile.client_secret.plain, "Hush");
	profile.has_oauth = true;
	profile.oauth.client_auth = OAUTH_AUTH_POST;
	profile.oauth.client_id = "id";
	profile.oauth.token_url = "http://127.0.0.1:1/nobody";
	profile.oauth.scope = "mail";
	profile.min_life = 300 * 1000;
	profile.token_timeout = 10 * 1000;
}

static inline void
tear_down(void)
{
	if (endpoint > 0) {
		kill(endpoint, SIGKILL);
		endpoint = 0;
	}
	/* The children of freed_early too: they must not write any more. */
	while (wait(NULL) > 0)
		continue;
	secret_clear(&profile.password.plain);
	secret_clear(&profile.client_secret.plain);
	secret_clear(&profile.refresh_token.plain);
	secret_clear(&profile.key_passphrase.plain);
	text_list_clear(&profile.password.argv);
	loop_free(loop);
	munmap(faults, sizeof(*faults));
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The record as it is on the disk; false if there is none. */
static inline bool
load(struct cred_record *r)
{
	struct cred_cache k;
	bool ok;

	cred_record_init(r);
	cred_cache_init(&k, &profile);
	ok = cred_cache_load_ring(&k, &profile, false, NULL) == 0 &&
	     cred_cache_read(&k, r, NULL) == 0;
	cred_cache_clear(&k);
	return ok;
}

static inline void
save(const struct cred_record *r)
{
	struct err e = ERR_NONE;
	struct cred_cache k;
	struct secret blob;

	secret_init(&blob);
	cred_record_write(r, &blob);
	cred_cache_init(&k, &profile);
	ck_assert_int_eq(cred_cache_load_ring(&k, &profile, true, &e), 0);
	ck_assert_msg(
	    vault_write(&k.vault, k.name, &blob, &e) == 0, "%s", e.text);
	cred_cache_clear(&k);
	secret_clear(&blob);
}

/* Put a token there, asked for as a would. */
static inline void
store(const char *access, const struct profile *a, int64_t obtained,
    int64_t expires)
{
	struct cred_record r;
	struct oauth_token t;

	cred_record_init(&r);
	oauth_token_init(&t);
	secret_add_str(&t.access, access);
	t.obtained = obtained;
	t.expires = expires;
	cred_record_renew(&r, a, &t, NULL, "", obtained);
	save(&r);
	cred_record_clear(&r);
	oauth_token_clear(&t);
}

/* A refresh token, without an access token. */
static inline void
store_refresh(const char *token)
{
	struct secret sent;
	struct cred_record r;
	struct oauth_token t;

	secret_init(&sent);
	secret_add_str(&sent, token);
	cred_record_init(&r);
	oauth_token_init(&t);
	cred_record_renew(&r, &profile, &t, &sent, "", sys_now());
	save(&r);
	cred_record_clear(&r);
	oauth_token_clear(&t);
	secret_clear(&sent);
}

/* Read a request to the end of its form; false if none came. */
static inline bool
read_request(int c, char *request, size_t size)
{
	size_t have = 0;
	ssize_t k;

	/* The client secret is what the form ends with. */
	while ((k = read(c, request + have, size - 1 - have)) > 0) {
		have += (size_t)k;
		request[have] = '\0';
		if (strstr(request, "\r\n\r\n") != NULL &&
		    strstr(request, "client_secret=Hush") != NULL)
			return true;
	}
	return false;
}

static inline void
answer(int c, int status, const char *text)
{
	dprintf(c,
	    "HTTP/1.1 %d x\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
	    status, strlen(text), text);
}

/* Answer one request after the other; '#' in body becomes its number. */
static inline void
serve(int s, int status, const char *body)
{
	char request[4096], text[1024], *to;
	const char *from;
	int c;

	while ((c = accept(s, NULL, NULL)) >= 0) {
		if (read_request(c, request, sizeof(request))) {
			faults->requests++;
			poll(NULL, 0, SLOW);
			for (from = body, to = text; *from != '\0'; from++) {
				if (*from == '#')
					to += snprintf(
					    to, 8, "%d", faults->requests);
				else
					*to++ = *from;
			}
			*to = '\0';
			if (faults->lost > 0)
				faults->lost--;
			else
				answer(c, status, text);
		}
		close(c);
	}
	_exit(0);
}

/*
 * Refresh tokens R0, R1 .. of one use: R0 is good at first, and each brings the
 * next. One that is used again ends them all.
 */
static inline void
serve_rotating(int s, int status, const char *body)
{
	char request[4096], text[256];
	int c, used, next = 0;
	const char *mark;

	(void)status;
	(void)body;
	while ((c = accept(s, NULL, NULL)) >= 0) {
		if (!read_request(c, request, sizeof(request))) {
			close(c);
			continue;
		}
		faults->requests++;
		mark = strstr(request, "refresh_token=R");
		used = mark != NULL ? (int)strtol(mark + 15, NULL, 10) : -1;
		if (used == 7 && faults->swaps) {
			store_refresh("R0");
			snprintf(text, sizeof(text),
			    "{\"error\":\"invalid_grant\"}");
			used = -1;
		} else if (used == next) {
			next++;
			snprintf(text, sizeof(text),
			    "{\"access_token\":\"new-%d\",\"refresh_token\":"
			    "\"R%d\",\"expires_in\":3600}",
			    faults->requests, next);
		} else {
			next = -2; /* nothing is good any more */
			snprintf(text, sizeof(text),
			    "{\"error\":\"invalid_grant\"}");
		}
		if (faults->lost > 0)
			faults->lost--;
		else
			answer(c, used >= 0 && next >= 0 ? 200 : 400, text);
		close(c);
	}
	_exit(0);
}

static inline void
start_server(void (*fn)(int s, int status, const char *body), int status,
    const char *body)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(s, MANY), 0);
	ck_assert_int_eq(getsockname(s, (struct sockaddr *)&a, &len), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/token",
	    (unsigned)ntohs(a.sin_port));
	profile.oauth.token_url = url;
	endpoint = fork();
	if (endpoint == 0)
		fn(s, status, body);
	close(s);
}

static inline void
start_endpoint(int status, const char *body)
{
	start_server(serve, status, body);
}

/* One with rotation; the configuration has R0. */
static inline void
start_rotating(void)
{
	start_server(serve_rotating, 0, NULL);
	profile.oauth.grant = OAUTH_REFRESH_TOKEN;
	profile.refresh_token.form = PROFILE_PLAIN;
	secret_set(&profile.refresh_token.plain, "R0", 2);
}

/* ---- fill, and see what comes */

static inline void
count(void *ctx)
{
	++*(int *)ctx;
}

static inline struct cred *
fill(enum profile_auth way, const struct secret *refused)
{
	int called = 0;
	struct cred *c =
	    cred_fill(loop, &profile, way, refused, count, &called);

	ck_assert_int_eq(called, 0);
	loop_run(loop);
	ck_assert_int_eq(called, 1);
	return c;
}

static inline void
expect_secret(const struct cred *c, const char *want)
{
	ck_assert_msg(
	    cred_secret(c) != NULL, "no secret: %s", cred_outcome(c)->text);
	ck_assert_str_eq(secret_reveal(cred_secret(c)), want);
	ck_assert_uint_eq(secret_len(cred_secret(c)), strlen(want));
}

static inline void
expect_failure(const struct cred *c, enum outcome_class class, const char *part)
{
	const struct outcome *o = cred_outcome(c);

	ck_assert_ptr_null(cred_secret(c));
	ck_assert_int_eq(o->kind, OUTCOME_LATER);
	ck_assert_msg(o->class == class, "class %s: %s",
	    outcome_class_name(o->class), o->text);
	ck_assert_msg(strstr(o->text, part) != NULL, "%s", o->text);
	ck_assert_ptr_null(strstr(o->text, "Hush"));
}

static inline bool
log_has(const char *part)
{
	char line[1024];
	FILE *f = fopen(log_path, "r");
	bool found = false;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		found = found || strstr(line, part) != NULL;
	if (f != NULL)
		fclose(f);
	return found;
}

static inline void
write_file(const char *path, const void *p, size_t n, mode_t mode)
{
	FILE *f;

	unlink(path);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, n, f), n);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static inline void
expect_status(enum cred_state state, enum outcome_class class)
{
	struct cred_status s;

	cred_look(&profile, &s);
	ck_assert_msg(s.state == state, "state %s: %s",
	    cred_state_name(s.state), s.why.text);
	ck_assert_int_eq(s.why.class, class);
	ck_assert_int_eq(s.since > 0, state > CRED_OK);
}

static inline void
expect_requests(int n)
{
	ck_assert_msg(faults->requests == n, "%d requests, expected %d",
	    faults->requests, n);
}

#define ANSWER "{\"access_token\":\"new-#\",\"expires_in\":3600}"

static inline void
expect_refresh(const char *want)
{
	struct cred_record r;

	ck_assert_msg(load(&r), "no record");
	ck_assert_str_eq(secret_reveal(&r.token.refresh), want);
	cred_record_clear(&r);
}

/* Let the stored token be old; the rest of the record stays. */
static inline void
let_expire(void)
{
	struct cred_record r;

	ck_assert(load(&r));
	r.token.expires = sys_now();
	r.token.obtained = r.token.expires - HOUR;
	save(&r);
	cred_record_clear(&r);
}

#endif
