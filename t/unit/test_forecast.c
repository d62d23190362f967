/* SPDX-License-Identifier: ISC */
/*
 * forecast: what ends and when, by server, preset, experience, configuration
 * and certificates; thresholds; and that each is announced once at each.
 */
#include "aid.h"

#include <sys/stat.h>
#include <time.h>

#include "base/sys.h"
#include "core/forecast.h"

#define DAY INT64_C(86400000)
#define NOW INT64_C(1764547200000) /* 2025-12-01 00:00 UTC */

static struct profile_home home;
static struct profile profile;
static struct preset preset;
static struct cred_status status;
static struct forecast v[FORECAST_MAX];

static void
begin(void)
{
	aid_make_dir();
	setenv("TZ", "UTC", 1);
	memset(&home, 0, sizeof(home));
	memset(&profile, 0, sizeof(profile));
	memset(&preset, 0, sizeof(preset));
	memset(&status, 0, sizeof(status));
	home.state = aid_dir;
	profile.name = (char *)"anna";
	profile.home = &home;
	profile.has_oauth = true;
	profile.auth[0] = PROFILE_AUTH_OAUTH;
	profile.n_auth = 1;
	profile.oauth.grant = OAUTH_REFRESH_TOKEN;
	profile.oauth.client_auth = OAUTH_AUTH_NONE;
	profile.servers[0].wire.host = "smtp.example.com";
	profile.n_servers = 1;
	status.state = CRED_OK;
	status.refreshable = true;
	status.consent = NOW - 5 * DAY;
	status.refreshed = NOW - 2 * DAY;
}

static size_t
make(void)
{
	return forecast_make(&profile, &status, NOW, v);
}

static void
expect(size_t i, enum forecast_what what, int64_t when, bool guessed,
    const char *text, const char *remedy)
{
	ck_assert_str_eq(forecast_name(v[i].what), forecast_name(what));
	ck_assert_int_eq(v[i].when, when);
	ck_assert_int_eq(v[i].guessed, guessed);
	ck_assert_msg(strstr(v[i].text, text) != NULL, "%s", v[i].text);
	ck_assert_msg(strstr(v[i].remedy, remedy) != NULL, "%s", v[i].remedy);
}

START_TEST(nothing_known)
{
	ck_assert_uint_eq(make(), 0);
	profile.preset = &preset;
	ck_assert_uint_eq(make(), 0);
}
END_TEST

START_TEST(by_the_server)
{
	status.refresh_expires = NOW + 6 * DAY;
	ck_assert_uint_eq(make(), 1);
	expect(0, FORECAST_CONSENT_IDLE, NOW + 6 * DAY, false,
	    "consent ends on 2025-12-07, in 6 days, if it is not used",
	    "osmtp run --once");
	ck_assert_int_eq(v[0].span, 8 * DAY);
	status.refresh_fixed = true;
	ck_assert_uint_eq(make(), 1);
	expect(0, FORECAST_CONSENT_MAX, NOW + 6 * DAY, false,
	    "consent ends on 2025-12-07, in 6 days", "osmtp login anna");
	ck_assert_int_eq(v[0].span, 11 * DAY);
}
END_TEST

START_TEST(by_the_preset)
{
	preset.idle_days = 90;
	preset.max_days = 60;
	profile.preset = &preset;
	ck_assert_uint_eq(make(), 2);
	expect(0, FORECAST_CONSENT_MAX, NOW + 55 * DAY, true, "in 55 days",
	    "login");
	expect(1, FORECAST_CONSENT_IDLE, NOW + 88 * DAY, true, "in 88 days",
	    "run --once");
	/* Of what began before anybody looked nothing can be told but that. */
	status.consent = 0;
	ck_assert_uint_eq(make(), 1);
	ck_assert_int_eq(v[0].what, FORECAST_CONSENT_IDLE);
	/* The server knows better. */
	status.refresh_expires = NOW + 3 * DAY;
	ck_assert_uint_eq(make(), 1);
	ck_assert_int_eq(v[0].when, NOW + 3 * DAY);
	ck_assert(!v[0].guessed);
}
END_TEST

START_TEST(by_experience)
{
	status.lives[0] = 7 * DAY;
	status.lives[1] = 7 * DAY + DAY / 10;
	ck_assert_uint_eq(make(), 0); /* two are no rule */
	status.lives[2] = 7 * DAY - DAY / 10;
	ck_assert_uint_eq(make(), 1);
	expect(0, FORECAST_CONSENT_MAX, NOW + 2 * DAY - DAY / 10, true,
	    "in 1 day: the last 3 consents lasted 6.9 days", "login anna");
	ck_assert_ptr_null(strstr(v[0].text, "Google"));
	profile.servers[0].wire.host = "smtp.gmail.com";
	ck_assert_uint_eq(make(), 1);
	ck_assert_ptr_nonnull(strstr(v[0].text, "\"Testing\" after 7 days"));
	status.lives[2] = 9 * DAY;
	ck_assert_uint_eq(make(), 0);
	/* What comes first counts. */
	status.lives[2] = 7 * DAY;
	preset.max_days = 6;
	profile.preset = &preset;
	ck_assert_uint_eq(make(), 1);
	ck_assert_int_eq(v[0].when, NOW + DAY);
	preset.max_days = 60;
	ck_assert_uint_eq(make(), 1);
	ck_assert_int_eq(v[0].when, NOW + 2 * DAY);
}
END_TEST

/* A consent that has ended, and who needs none. */
START_TEST(no_consent)
{
	preset.idle_days = 90;
	profile.preset = &preset;
	ck_assert_uint_eq(make(), 1);
	status.state = CRED_NEEDS_LOGIN;
	ck_assert_uint_eq(make(), 0);
	status.state = CRED_OK;
	profile.oauth.grant = OAUTH_CLIENT_CREDENTIALS;
	ck_assert_uint_eq(make(), 0);
	profile.oauth.grant = OAUTH_REFRESH_TOKEN;
	profile.grants[0] = PROFILE_GRANT_COMMAND;
	profile.n_grants = 1;
	ck_assert_uint_eq(make(), 0);
}
END_TEST

START_TEST(client_secret)
{
	profile.oauth.grant = OAUTH_CLIENT_CREDENTIALS;
	profile.secret_expires = NOW + 10 * DAY + DAY / 2;
	ck_assert_uint_eq(make(), 0);
	profile.oauth.client_auth = OAUTH_AUTH_BASIC;
	ck_assert_uint_eq(make(), 1);
	expect(0, FORECAST_SECRET, profile.secret_expires, false,
	    "client secret ends on 2025-12-11, in 10 days",
	    "osmtp rotate anna");
	profile.secret_expires = NOW - 1;
	ck_assert_uint_eq(make(), 1);
	expect(0, FORECAST_SECRET, NOW - 1, false,
	    "client secret ended on 2025-11-30", "rotate");
	/* A day that was given is that day in America, too; another end is as
	 * the clock on the wall has it. */
	setenv("TZ", "EST5", 1);
	tzset();
	profile.secret_expires = (NOW / DAY + 3) * DAY;
	status.refresh_expires = profile.secret_expires;
	ck_assert_uint_eq(make(), 1);
	ck_assert_str_eq(v[0].date, "2025-12-04");
	profile.oauth.grant = OAUTH_REFRESH_TOKEN;
	ck_assert_uint_eq(make(), 2);
	ck_assert_str_eq(v[v[0].what == FORECAST_SECRET].date, "2025-12-03");
	profile.oauth.grant = OAUTH_CLIENT_CREDENTIALS;
	setenv("TZ", "UTC", 1);
	tzset();
	profile.secret_expires = NOW + 1;
	ck_assert_uint_eq(make(), 1);
	ck_assert_ptr_nonnull(strstr(v[0].text, "within a day"));
}
END_TEST

START_TEST(sealed_client_secret)
{
	const struct seal_use use = { "config", "anna", "client_secret" };
	struct seal_ring *ring = NULL;
	struct err e = ERR_NONE;
	struct secret s;
	struct buf blob;
	int64_t now = sys_now();
	size_t n;

	secret_init(&s);
	secret_add_str(&s, "Hush");
	buf_init(&blob, 4096);
	ck_assert_msg(
	    cred_load_ring(&home, true, &ring, &e) == 0, "%s", e.text);
	ck_assert_int_eq(seal_close(ring, &use, &s, &blob, &e), 0);
	profile.oauth.grant = OAUTH_CLIENT_CREDENTIALS;
	profile.oauth.client_auth = OAUTH_AUTH_POST;
	profile.client_secret.form = PROFILE_SEALED;
	profile.client_secret.text = blob.data;
	profile.client_secret.field = (char *)"client_secret";
	n = forecast_make(&profile, &status, now, v);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(v[0].what, FORECAST_SECRET_AGE);
	ck_assert_int_gt(v[0].when, now + 179 * DAY);
	ck_assert_int_lt(v[0].when, now + 181 * DAY);
	ck_assert_ptr_nonnull(strstr(v[0].text, "was sealed on 20"));
	ck_assert_ptr_null(strstr(v[0].text, "Hush"));
	/* It is not announced before it is that old. */
	ck_assert_int_eq(forecast_threshold(&v[0], v[0].when - 1), -1);
	ck_assert_int_eq(forecast_threshold(&v[0], v[0].when), 0);
	profile.secret_expires = now + DAY;
	n = forecast_make(&profile, &status, now, v);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(v[0].what, FORECAST_SECRET);
	profile.secret_expires = 0;
	profile.client_secret.text[40] ^= 1; /* it does not open */
	ck_assert_uint_eq(forecast_make(&profile, &status, now, v), 0);
	buf_clear(&blob);
	secret_clear(&s);
	seal_free(ring);
}
END_TEST

/* One of 20 days. */
static void
make_cert(const char *path)
{
	char command[2048];
	int status_of;
	pid_t pid;

	snprintf(command, sizeof(command),
	    "exec >/dev/null 2>&1; openssl ecparam -name prime256v1 -genkey "
	    "-noout -out %s.key && openssl req -new -x509 -key %s.key -subj "
	    "/CN=anna -days 20 -out %s",
	    path, path, path);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status_of, 0), pid);
	ck_assert_int_eq(status_of, 0);
}

START_TEST(certificates)
{
	const char *path = aid_path("c.pem");
	int64_t now = sys_now();

	make_cert(path);
	profile.oauth.grant = OAUTH_CLIENT_CREDENTIALS;
	profile.signer.cert = path;
	profile.servers[0].wire.cert = path;
	profile.servers[1].wire.cert = path;
	profile.n_servers = 2;
	ck_assert_uint_eq(forecast_make(&profile, &status, now, v), 2);
	ck_assert_int_eq(v[0].what, FORECAST_CERT);
	ck_assert_msg(
	    strstr(v[0].text, "client certificate ends on 20") != NULL, "%s",
	    v[0].text);
	ck_assert_ptr_nonnull(strstr(v[0].text, path));
	ck_assert_int_gt(v[0].when, now + 19 * DAY);
	ck_assert_int_lt(v[0].when, now + 21 * DAY);
	ck_assert_int_eq(v[0].span, 20 * DAY);
	/* What can't be read is nothing to foresee; the use of it complains. */
	profile.signer.cert = aid_path("absent.pem");
	profile.servers[0].wire.cert = NULL;
	profile.servers[1].wire.cert = aid_path("c.pem.key");
	ck_assert_uint_eq(forecast_make(&profile, &status, now, v), 0);
}
END_TEST

START_TEST(passwords)
{
	profile.has_oauth = false;
	profile.auth[0] = PROFILE_AUTH_PASSWORD;
	profile.servers[0].wire.host = "SMTP.Office365.com";
	ck_assert_uint_eq(make(), 1);
	expect(0, FORECAST_PASSWORDS, INT64_C(1798675200000), true,
	    "with a password ends on 2026-12-31", "preset");
	profile.auth[0] = PROFILE_AUTH_OAUTH;
	ck_assert_uint_eq(make(), 0);
}
END_TEST

START_TEST(thresholds)
{
	static const struct {
		int64_t left, span;
		int days;
	} cases[] = {
		{ 31 * DAY, 0, -1 },
		{ 30 * DAY + 1, 0, -1 },
		{ 30 * DAY, 0, 30 },
		{ 15 * DAY, 0, 30 },
		{ 14 * DAY, 0, 14 },
		{ 7 * DAY, 0, 7 },
		{ DAY + 1, 0, 7 },
		{ DAY, 0, 1 },
		{ 1, 0, 1 },
		{ 0, 0, 0 },
		{ -900 * DAY, 0, 0 },
		{ 7 * DAY, 90 * DAY, 7 },
		/* A week of a week is the beginning, no end. */
		{ 6 * DAY, 7 * DAY, -1 },
		{ 2 * DAY, 7 * DAY, -1 },
		{ DAY, 7 * DAY, 1 },
		{ 20 * DAY, 30 * DAY, -1 },
		{ 13 * DAY, 30 * DAY, 14 },
		{ DAY / 4, DAY, -1 },
		{ -1, DAY, 0 },
	};
	struct forecast f = { .what = FORECAST_CERT };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f.when = NOW + cases[i].left;
		f.span = cases[i].span;
		ck_assert_msg(forecast_threshold(&f, NOW) == cases[i].days,
		    "case %zu: %d", i, forecast_threshold(&f, NOW));
	}
}
END_TEST

/* How many are news so many days later. */
static size_t
news(int days)
{
	struct err e = ERR_NONE;
	size_t n = make();

	n = forecast_news(&profile, v, n, NOW + days * DAY, &e);
	ck_assert_int_eq(e.code, 0);
	return n;
}

START_TEST(each_once)
{
	struct stat st;

	profile.oauth.grant = OAUTH_CLIENT_CREDENTIALS;
	profile.oauth.client_auth = OAUTH_AUTH_POST;
	profile.secret_expires = NOW + 40 * DAY;
	profile.servers[0].wire.host = "smtp.office365.com";
	profile.auth[1] = PROFILE_AUTH_PASSWORD;
	profile.n_auth = 2;
	ck_assert_uint_eq(news(0), 0);
	ck_assert_int_ne(stat(aid_path("accounts/anna.told"), &st), 0);
	ck_assert_uint_eq(news(10), 1);
	ck_assert_int_eq(v[0].what, FORECAST_SECRET);
	ck_assert_uint_eq(news(10), 0);
	ck_assert_uint_eq(news(20), 0);
	ck_assert_uint_eq(news(26), 1);
	ck_assert_uint_eq(news(27), 0);
	ck_assert_uint_eq(news(39), 1); /* two thresholds in one */
	ck_assert_uint_eq(news(40), 1);
	ck_assert_uint_eq(news(100), 0);
	/* The other one comes first, where it alone is news. */
	ck_assert_uint_eq(news(380), 1);
	ck_assert_int_eq(v[0].what, FORECAST_PASSWORDS);
	ck_assert_int_eq(v[1].what, FORECAST_SECRET);
	/* Another end is another forecast. */
	profile.secret_expires = NOW + 400 * DAY;
	ck_assert_uint_eq(news(380), 1);
	ck_assert_int_eq(v[0].what, FORECAST_SECRET);
	ck_assert_uint_eq(news(380), 0);
	/* A damaged memory tells once more, and is whole then. */
	aid_write(aid_path("accounts/anna.told"), "what is that\n");
	ck_assert_uint_eq(news(380), 2);
	ck_assert_uint_eq(news(380), 0);
}
END_TEST

START_TEST(nowhere_to_note_it)
{
	struct err e = ERR_NONE;

	aid_write(aid_path("file"), "x");
	home.state = (char *)aid_path("file");
	profile.secret_expires = NOW;
	profile.oauth.client_auth = OAUTH_AUTH_POST;
	ck_assert_uint_eq(forecast_news(&profile, v, make(), NOW, &e), 1);
	ck_assert_int_eq(e.code, EX_CANTCREAT);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, aid_remove_dir);
	tcase_add_test(tc, nothing_known);
	tcase_add_test(tc, by_the_server);
	tcase_add_test(tc, by_the_preset);
	tcase_add_test(tc, by_experience);
	tcase_add_test(tc, no_consent);
	tcase_add_test(tc, client_secret);
	tcase_add_test(tc, sealed_client_secret);
	tcase_add_test(tc, certificates);
	tcase_add_test(tc, passwords);
	tcase_add_test(tc, thresholds);
	tcase_add_test(tc, each_once);
	tcase_add_test(tc, nowhere_to_note_it);
}

int
main(void)
{
	return unit_main("forecast", add);
}
