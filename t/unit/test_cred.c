/* SPDX-License-Identifier: ISC */
/*
 * cred: passwords from everywhere, and tokens from the cache, from a token
 * endpoint of our own on loopback, and from none.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "core/cred.h"
#include "gate/vault.h"

enum {
	HOUR = 3600 * 1000,
	PATH_ROOM = 256,
	URL_ROOM = 64,
	SLOW = 30 /* ms of an answer: long enough for two to meet */
};

static char dir[PATH_ROOM];	    /* of this test */
static char tokens[PATH_ROOM + 16]; /* the cache in it */
static char log_path[PATH_ROOM + 16];
static char url[URL_ROOM]; /* of the endpoint */
static pid_t endpoint;
static struct loop *loop;
static struct profile_home home;
static struct profile profile;

/* ---- a directory, a profile, an endpoint */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
set_up(void)
{
	static struct log_settings log = { log_path, LOG_LEVEL_DEBUG, false,
		"mail" };
	const char *tmp = getenv("TMPDIR");

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
	profile.password.key = (char *)"profiles.noreply.password";
	profile.client_secret.key =
	    (char *)"profiles.noreply.oauth.client_secret";
	profile.client_secret.form = PROFILE_PLAIN;
	secret_add_str(&profile.client_secret.plain, "Hush");
	profile.has_oauth = true;
	profile.oauth.client_id = "id";
	profile.oauth.token_url = "http://127.0.0.1:1/nobody";
	profile.oauth.scope = "mail";
	profile.min_life = 300 * 1000;
	profile.token_timeout = 10 * 1000;
}

static void
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
	loop_free(loop);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Answer one request after the other; '#' in body becomes its number. */
static void
serve(int s, int status, const char *body)
{
	char request[4096], text[1024];
	const char *mark;
	int c, n = 0;

	while ((c = accept(s, NULL, NULL)) >= 0) {
		size_t have = 0;
		ssize_t k;

		/* The client secret is what the form ends with. */
		while ((k = read(c, request + have,
			    sizeof(request) - 1 - have)) > 0) {
			have += (size_t)k;
			request[have] = '\0';
			if (strstr(request, "\r\n\r\n") != NULL &&
			    strstr(request, "client_secret=Hush") != NULL)
				break;
		}
		n++;
		poll(NULL, 0, SLOW);
		mark = strchr(body, '#');
		snprintf(text, sizeof(text), "%.*s%d%s", (int)(mark - body),
		    body, n, mark + 1);
		dprintf(c,
		    "HTTP/1.1 %d x\r\nContent-Type: application/json\r\n"
		    "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
		    status, strlen(text), text);
		close(c);
	}
	_exit(0);
}

static void
start_endpoint(int status, const char *body)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(s, 8), 0);
	ck_assert_int_eq(getsockname(s, (struct sockaddr *)&a, &len), 0);
	endpoint = fork();
	if (endpoint == 0)
		serve(s, status, body);
	close(s);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/token",
	    (unsigned)ntohs(a.sin_port));
	profile.oauth.token_url = url;
}

/* ---- fill, and see what comes */

static void
count(void *ctx)
{
	++*(int *)ctx;
}

static struct cred *
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

static void
expect_secret(const struct cred *c, const char *want)
{
	ck_assert_msg(
	    cred_secret(c) != NULL, "no secret: %s", cred_outcome(c)->text);
	ck_assert_str_eq(secret_reveal(cred_secret(c)), want);
	ck_assert_uint_eq(secret_len(cred_secret(c)), strlen(want));
}

static void
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

static bool
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

/* ---- passwords */

START_TEST(plain_password)
{
	struct cred *c;

	profile.password.form = PROFILE_PLAIN;
	secret_add_str(&profile.password.plain, "Hush \n!");
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_secret(c, "Hush \n!");
	ck_assert(!cred_was_cached(c));
	cred_free(c);

	secret_clear(&profile.password.plain);
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(
	    c, OUTCOME_CLASS_C, "profiles.noreply.password: it is empty");
	ck_assert_int_eq(cred_outcome(c)->stage, OUTCOME_AT_AUTH);
	cred_free(c);

	profile.password.form = PROFILE_NO_SECRET;
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "none is given");
	cred_free(c);
}
END_TEST

/* Contents of a file; n counts where a NUL is in it. */
static const struct {
	const char *label, *content;
	size_t n;
	mode_t mode;
	const char *secret; /* or NULL, and then */
	const char *text;
} files[] = {
#define FILE_OF(s) s, sizeof(s) - 1
	{ "one line", FILE_OF("Hush\n"), 0600, "Hush", NULL },
	{ "no newline", FILE_OF("Hush"), 0600, "Hush", NULL },
	{ "CR LF", FILE_OF("Hush\r\n"), 0600, "Hush", NULL },
	{ "read only", FILE_OF("Hush\n"), 0400, "Hush", NULL },
	{ "blanks belong to it", FILE_OF(" Hu sh \n"), 0600, " Hu sh ", NULL },
	{ "first line of more", FILE_OF("Hush\nother\n"), 0600, "Hush", NULL },
	{ "a NUL behind it", FILE_OF("Hush\n\0"), 0600, "Hush", NULL },
	{ "UTF-8", FILE_OF("H\303\274sh\n"), 0600, "H\303\274sh", NULL },
	{ "empty file", FILE_OF(""), 0600, NULL, "it is empty" },
	{ "empty line", FILE_OF("\nHush\n"), 0600, NULL, "it is empty" },
	{ "empty line, CR LF", FILE_OF("\r\n"), 0600, NULL, "it is empty" },
	{ "a NUL in it", FILE_OF("Hush\0Hush\n"), 0600, NULL, "NUL" },
	{ "a NUL alone", FILE_OF("\0"), 0600, NULL, "NUL" },
	{ "others read", FILE_OF("Hush\n"), 0604, NULL, "mode 0604" },
	{ "group reads", FILE_OF("Hush\n"), 0640, NULL, "mode 0640" },
	{ "group writes", FILE_OF("Hush\n"), 0620, NULL, "mode 0620" },
	{ "all may", FILE_OF("Hush\n"), 0644, NULL, "others may read it" },
#undef FILE_OF
};

static void
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

START_TEST(password_file)
{
	char path[PATH_ROOM + 16];
	struct cred *c;
	size_t i;

	snprintf(path, sizeof(path), "%s/secret", dir);
	profile.password.form = PROFILE_FILE;
	profile.password.path = path;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		write_file(path, files[i].content, files[i].n, files[i].mode);
		c = fill(PROFILE_AUTH_PASSWORD, NULL);
		if (files[i].secret != NULL) {
			expect_secret(c, files[i].secret);
		} else {
			expect_failure(c, OUTCOME_CLASS_C, files[i].text);
			expect_failure(c, OUTCOME_CLASS_C, path);
			expect_failure(
			    c, OUTCOME_CLASS_C, "profiles.noreply.password: ");
		}
		cred_free(c);
	}
}
END_TEST

START_TEST(password_file_too_long)
{
	static char content[5000];
	char path[PATH_ROOM + 16];
	struct cred *c;

	snprintf(path, sizeof(path), "%s/secret", dir);
	profile.password.form = PROFILE_FILE;
	profile.password.path = path;
	memset(content, 'x', sizeof(content));
	content[4096] = '\n';
	write_file(path, content, sizeof(content), 0600);
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	ck_assert_ptr_nonnull(cred_secret(c));
	ck_assert_uint_eq(secret_len(cred_secret(c)), 4096);
	cred_free(c);

	content[4096] = 'x';
	write_file(path, content, sizeof(content), 0600);
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "longer than 4096 octets");
	ck_assert_ptr_null(strstr(cred_outcome(c)->text, "xx"));
	cred_free(c);
}
END_TEST

START_TEST(password_file_not_there)
{
	char path[PATH_ROOM + 16];
	struct cred *c;

	profile.password.form = PROFILE_FILE;
	snprintf(path, sizeof(path), "%s/none", dir);
	profile.password.path = path;
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, path);
	expect_failure(c, OUTCOME_CLASS_C, strerror(ENOENT));
	cred_free(c);

	profile.password.path = dir;
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, dir);
	cred_free(c);

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	profile.password.path = path;
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, path);
	cred_free(c);
}
END_TEST

/* ---- tokens */

static void
store(const char *access, const struct oauth_client *asked, int64_t obtained,
    int64_t expires)
{
	struct err e = ERR_NONE;
	struct oauth_token t;
	struct secret blob;

	oauth_token_init(&t);
	secret_init(&blob);
	secret_add_str(&t.access, access);
	t.obtained = obtained;
	t.expires = expires;
	oauth_pack(&t, asked, &blob);
	ck_assert_msg(
	    vault_write(tokens, profile.name, &blob, &e) == 0, "%s", e.text);
	secret_clear(&blob);
	oauth_token_clear(&t);
}

#define ANSWER "{\"access_token\":\"new-#\",\"expires_in\":3600}"

START_TEST(cached_token)
{
	struct cred *c;

	store("old", &profile.oauth, sys_now(), sys_now() + HOUR);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "old");
	ck_assert(cred_was_cached(c));
	ck_assert(!log_has("token"));
	cred_free(c);
}
END_TEST

START_TEST(cache_of_no_use)
{
	static const struct {
		const char *label;
		int64_t obtained, expires; /* from now, ms */
		const char *client_id, *scope;
	} cases[] = {
		{ "too little left", -HOUR, 299 * 1000, "id", "mail" },
		{ "expired", -2 * HOUR, -HOUR, "id", "mail" },
		{ "from the future", HOUR, 2 * HOUR, "id", "mail" },
		{ "of another client", 0, HOUR, "other", "mail" },
		{ "of another scope", 0, HOUR, "id", "mail more" },
	};
	struct oauth_client asked;
	struct cred *c;
	size_t i;

	start_endpoint(200, "{\"access_token\":\"new\",\"expires_in\":#}");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		asked = profile.oauth;
		asked.client_id = cases[i].client_id;
		asked.scope = cases[i].scope;
		store("old", &asked, sys_now() + cases[i].obtained,
		    sys_now() + cases[i].expires);
		c = fill(PROFILE_AUTH_OAUTH, NULL);
		expect_secret(c, "new");
		ck_assert_msg(!cred_was_cached(c), "%s", cases[i].label);
		cred_free(c);
	}
}
END_TEST

START_TEST(new_token_is_kept)
{
	struct cred *c;

	start_endpoint(200, ANSWER);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	ck_assert(!cred_was_cached(c));
	cred_free(c);
	ck_assert(log_has("profile=noreply"));
	ck_assert(log_has("result=obtained"));
	ck_assert(log_has("life=1h"));
	ck_assert(!log_has("new-1"));
	ck_assert(!log_has("Hush"));

	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	ck_assert(cred_was_cached(c));
	cred_free(c);
}
END_TEST

/* Twenty that were refused with one token ask for one new token. */
START_TEST(refused_token)
{
	struct secret refused;
	struct cred *c;

	start_endpoint(200, ANSWER);
	secret_init(&refused);
	secret_add_str(&refused, "old");
	store("old", &profile.oauth, sys_now(), sys_now() + HOUR);
	c = fill(PROFILE_AUTH_OAUTH, &refused);
	expect_secret(c, "new-1");
	ck_assert(!cred_was_cached(c));
	cred_free(c);
	c = fill(PROFILE_AUTH_OAUTH, &refused);
	expect_secret(c, "new-1");
	cred_free(c);
	secret_set(&refused, "new-1", 5);
	c = fill(PROFILE_AUTH_OAUTH, &refused);
	expect_secret(c, "new-2");
	cred_free(c);
	secret_clear(&refused);
}
END_TEST

/* Two ask at the same time: who gets the lock second finds a token. */
START_TEST(one_request_for_two)
{
	struct cred *a, *b;
	int called = 0;

	start_endpoint(200, ANSWER);
	a = cred_fill(loop, &profile, PROFILE_AUTH_OAUTH, NULL, count, &called);
	b = cred_fill(loop, &profile, PROFILE_AUTH_OAUTH, NULL, count, &called);
	loop_run(loop);
	ck_assert_int_eq(called, 2);
	expect_secret(a, "new-1");
	expect_secret(b, "new-1");
	cred_free(a);
	cred_free(b);
}
END_TEST

START_TEST(token_that_cannot_be_kept)
{
	struct cred *c;

	start_endpoint(200, ANSWER);
	write_file(tokens, "", 0, 0600); /* where the directory should be */
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	cred_free(c);
	ck_assert(log_has("not kept"));
	ck_assert(!log_has("new-1"));
}
END_TEST

START_TEST(no_endpoint)
{
	struct cred *c = fill(PROFILE_AUTH_OAUTH, NULL);

	expect_failure(c, OUTCOME_CLASS_L, "http://127.0.0.1:1/nobody: ");
	ck_assert_int_eq(cred_outcome(c)->stage, OUTCOME_AT_TOKEN);
	ck_assert_int_eq(cred_outcome(c)->code, 0);
	cred_free(c);
	ck_assert(log_has("result=failed"));
	ck_assert(log_has("class=L"));
}
END_TEST

START_TEST(refused_client)
{
	struct cred *c;

	start_endpoint(401, "{\"error\":\"invalid_client\","
			    "\"error_description\":\"try # failed\"}");
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "invalid_client: try 1 failed");
	ck_assert_int_eq(cred_outcome(c)->code, 401);
	ck_assert(!cred_outcome(c)->ours);
	cred_free(c);
}
END_TEST

/* An endpoint that repeats the request in its refusal. */
START_TEST(echoed_secret)
{
	struct cred *c;

	start_endpoint(401, "{\"error\":\"invalid_client\","
			    "\"error_description\":\"#: Hush is wrong\"}");
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "invalid_client: ");
	ck_assert(!log_has("Hush"));
	cred_free(c);
}
END_TEST

START_TEST(wrong_url)
{
	struct cred *c;

	start_endpoint(404, "number #");
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_failure(c, OUTCOME_CLASS_C, url);
	expect_failure(c, OUTCOME_CLASS_C, "check token_url");
	cred_free(c);
}
END_TEST

START_TEST(client_secret_file)
{
	char path[PATH_ROOM + 16];
	struct cred *c;

	start_endpoint(200, ANSWER);
	snprintf(path, sizeof(path), "%s/secret", dir);
	profile.client_secret.form = PROFILE_FILE;
	profile.client_secret.path = path;
	write_file(path, "Hush\n", 5, 0644);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_failure(c, OUTCOME_CLASS_C, path);
	ck_assert_int_eq(cred_outcome(c)->stage, OUTCOME_AT_TOKEN);
	cred_free(c);

	ck_assert_int_eq(chmod(path, 0600), 0);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	cred_free(c);
}
END_TEST

/* Whoever gives up leaves a token for the next. */
START_TEST(freed_early)
{
	struct cred *c;
	int called = 0;

	start_endpoint(200, ANSWER);
	c = cred_fill(loop, &profile, PROFILE_AUTH_OAUTH, NULL, count, &called);
	cred_free(c);
	loop_run(loop);
	ck_assert_int_eq(called, 0);
	c = fill(PROFILE_AUTH_OAUTH, NULL);
	expect_secret(c, "new-1");
	cred_free(c);

	profile.password.form = PROFILE_PLAIN;
	secret_add_str(&profile.password.plain, "Hush");
	c = cred_fill(
	    loop, &profile, PROFILE_AUTH_PASSWORD, NULL, count, &called);
	cred_free(c);
	cred_free(NULL);
	loop_run(loop);
	ck_assert_int_eq(called, 0);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, plain_password);
	tcase_add_test(tc, password_file);
	tcase_add_test(tc, password_file_too_long);
	tcase_add_test(tc, password_file_not_there);
	tcase_add_test(tc, cached_token);
	tcase_add_test(tc, cache_of_no_use);
	tcase_add_test(tc, new_token_is_kept);
	tcase_add_test(tc, refused_token);
	tcase_add_test(tc, one_request_for_two);
	tcase_add_test(tc, token_that_cannot_be_kept);
	tcase_add_test(tc, no_endpoint);
	tcase_add_test(tc, refused_client);
	tcase_add_test(tc, echoed_secret);
	tcase_add_test(tc, wrong_url);
	tcase_add_test(tc, client_secret_file);
	tcase_add_test(tc, freed_early);
}

int
main(void)
{
	return unit_main("cred", add);
}
