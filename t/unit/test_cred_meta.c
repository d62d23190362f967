/* SPDX-License-Identifier: ISC */
/*
 * cred: endpoints by discovery: kept for a day, used for longer where they must
 * be, and never those of another issuer.
 */
#include "cred_client_aid.h"

#include "base/mem.h"

#define DAY (24 * (int64_t)HOUR)

static char issuer[URL_ROOM];

static struct seen {
	int metas; /* requests for metadata */
	int fails; /* status of an answer to them, or 0: they are good */
} * seen;

static void
begin(void)
{
	set_up();
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(seen, MAP_FAILED);
	memset(&client, 0, sizeof(client));
}

static void
end(void)
{
	cred_client_clear(&client);
	munmap(seen, sizeof(*seen));
	tear_down();
}

/* ---- an issuer */

static void
serve_issuer(int s, int status, const char *members)
{
	char request[2048], text[1024];
	ssize_t n;
	int c;

	while ((c = accept(s, NULL, NULL)) >= 0) {
		n = read(c, request, sizeof(request) - 1);
		request[n > 0 ? n : 0] = '\0';
		seen->metas += strstr(request, "oauth-authorization") != NULL;
		snprintf(text, sizeof(text),
		    "{\"issuer\":\"%s\",\"token_endpoint\":\"%s\"%s}", issuer,
		    url, members);
		answer(c, seen->fails != 0 ? seen->fails : status, text);
		close(c);
	}
	_exit(0);
}

static void
prepare_issuer(int s, int status, const char *members)
{
	snprintf(issuer, sizeof(issuer), "%.*s",
	    (int)(strlen(url) - strlen("/token")), url);
	serve_issuer(s, status, members);
}

static void
start_issuer(const char *members)
{
	start_server(prepare_issuer, 200, members);
	snprintf(issuer, sizeof(issuer), "%.*s",
	    (int)(strlen(url) - strlen("/token")), url);
	profile.oauth.token_url = NULL;
	profile.oauth.issuer = issuer;
}

/* Let the kept metadata be of another time. */
static void
let_age(int64_t age)
{
	struct cred_cache k;
	struct secret blob, aged;
	struct err e = ERR_NONE;
	char number[32];
	char *name = cred_meta_name(&profile);
	const char *rest;

	secret_init(&blob);
	secret_init(&aged);
	cred_cache_init(&k, &profile);
	ck_assert_int_eq(cred_cache_load_ring(&k, &profile, false, &e), 0);
	ck_assert_msg(vault_read(&k.vault, name, &blob, &e) == 0, "%s", e.text);
	rest = strchr(secret_reveal(&blob), '\n') + 1;
	secret_set(
	    &aged, secret_reveal(&blob), (size_t)(rest - secret_reveal(&blob)));
	snprintf(number, sizeof(number), "%lld", (long long)(sys_now() - age));
	secret_add_str(&aged, number);
	secret_add_str(&aged, strchr(rest, '\n'));
	ck_assert_int_eq(vault_write(&k.vault, name, &aged, &e), 0);
	secret_clear(&blob);
	secret_clear(&aged);
	cred_cache_clear(&k);
	free(name);
}

START_TEST(discovery)
{
	start_issuer(",\"device_authorization_endpoint\":"
		     "\"https://login.example.com/device\"");
	loads(CRED_NEED_TOKEN);
	ck_assert_str_eq(client.client.token_url, url);
	ck_assert_str_eq(client.client.client_id, "id");
	ck_assert_str_eq(secret_reveal(client.proof.client_secret), "Hush");
	ck_assert_int_eq(seen->metas, 1);
	ck_assert(client.asked);
	/* It is kept, and the account's own blob is another. */
	loads(CRED_NEED_DEVICE);
	ck_assert_str_eq(
	    client.client.device_url, "https://login.example.com/device");
	ck_assert_str_eq(client.meta.issuer, issuer);
	ck_assert(!client.asked);
	ck_assert_int_eq(seen->metas, 1);
	/* What is configured wins, and is asked of nobody. */
	profile.oauth.token_url = "https://login.example.com/mine";
	loads(CRED_NEED_TOKEN);
	ck_assert_str_eq(
	    client.client.token_url, "https://login.example.com/mine");
	ck_assert_ptr_null(client.meta.issuer);
	loads(CRED_NEED_DEVICE);
	ck_assert_str_eq(
	    client.client.token_url, "https://login.example.com/mine");
	/* What it does not name is missing. */
	fails(CRED_NEED_REVOKE, OUTCOME_CLASS_C, "oauth.revoke_url: ");
	fails(CRED_NEED_AUTHORIZE, OUTCOME_CLASS_C, issuer);
	ck_assert_int_eq(seen->metas, 1);
}
END_TEST

START_TEST(kept_for_a_day)
{
	start_issuer("");
	loads(CRED_NEED_TOKEN);
	let_age(DAY - HOUR);
	loads(CRED_NEED_TOKEN);
	ck_assert_int_eq(seen->metas, 1);
	let_age(DAY);
	loads(CRED_NEED_TOKEN);
	ck_assert_int_eq(seen->metas, 2);
	loads(CRED_NEED_TOKEN);
	ck_assert_int_eq(seen->metas, 2);
	/* One from the future is of a wrong clock. */
	let_age(-HOUR);
	loads(CRED_NEED_TOKEN);
	ck_assert_int_eq(seen->metas, 3);
}
END_TEST

START_TEST(stale_is_better_than_none)
{
	start_issuer("");
	loads(CRED_NEED_TOKEN);
	let_age(40 * DAY);
	seen->fails = 503;
	loads(CRED_NEED_TOKEN);
	ck_assert_str_eq(client.client.token_url, url);
	ck_assert(client.asked);
	ck_assert(log_has("result=stale"));
	ck_assert(log_has("age=960h") || log_has("age=40d"));
	/* It is asked again, until it is there again. */
	seen->fails = 0;
	loads(CRED_NEED_TOKEN);
	seen->fails = 503;
	loads(CRED_NEED_TOKEN);
	ck_assert(!client.asked);
}
END_TEST

/* That of another issuer is as none. */
START_TEST(another_issuer)
{
	start_issuer("");
	loads(CRED_NEED_TOKEN);
	profile.oauth.issuer = "http://127.0.0.1:1/realm";
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_L, "127.0.0.1:1");
	ck_assert(client.asked);
	/* Nor is what comes taken for another's. */
	profile.oauth.issuer = mem_printf("%s/realm", issuer);
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "issuer");
	free((char *)profile.oauth.issuer);
}
END_TEST

/* Where nothing can be kept, it is fetched each time. */
START_TEST(nowhere_to_keep_it)
{
	char path[PATH_ROOM + 16];

	start_issuer("");
	snprintf(path, sizeof(path), "%s/file", dir);
	write_file(path, "x", 1, 0600);
	home.state = path;
	loads(CRED_NEED_TOKEN);
	loads(CRED_NEED_TOKEN);
	ck_assert_int_eq(seen->metas, 2);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, discovery);
	tcase_add_test(tc, kept_for_a_day);
	tcase_add_test(tc, stale_is_better_than_none);
	tcase_add_test(tc, another_issuer);
	tcase_add_test(tc, nowhere_to_keep_it);
}

int
main(void)
{
	return unit_main("cred_meta", add);
}
