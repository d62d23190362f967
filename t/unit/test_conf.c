/* SPDX-License-Identifier: ISC */
/* test_conf: good configurations, key by key. */
#include "core/conf.h"

#include <stdio.h>

#include "conf_aid.h"

#define HOUR ((int64_t)3600 * 1000)
#define DAY  (24 * HOUR)

START_TEST(defaults_of_a_system_profile)
{
	const struct profile *p;
	const struct smtp_target *t;

	must_load(P(WHO SERVER PASSWORD), SYSTEM | READABLE);
	p = profile("p");
	t = &p->servers[0];
	ck_assert_int_eq(p->kind, PROFILE_SYSTEM);
	ck_assert_int_eq(p->line, 1);
	ck_assert_str_eq(p->address.local, "a");
	ck_assert_str_eq(p->address.domain, "example.com");
	ck_assert_str_eq(p->display, "%u on %h");
	ck_assert_uint_eq(p->users.n, 1);
	ck_assert_str_eq(p->users.v[0], "*");
	ck_assert(p->rewrite);
	ck_assert(p->auto_submitted);
	ck_assert_ptr_null(p->reply_to);
	ck_assert_uint_eq(p->also.n, 0);
	ck_assert_str_eq(p->user, "a@example.com");
	ck_assert_uint_eq(p->n_auth, 1);
	ck_assert_int_eq(p->auth[0], PROFILE_AUTH_PASSWORD);
	ck_assert_uint_eq(p->n_sasl, 0);
	ck_assert_int_eq(p->password.form, PROFILE_FILE);
	ck_assert_str_eq(p->password.text, "/secret");
	ck_assert_str_eq(p->password.key, "profiles.p.password");
	ck_assert_str_eq(p->password.field, "password");
	ck_assert_int_eq(p->client_secret.form, PROFILE_NO_SECRET);
	ck_assert(!p->has_oauth);
	ck_assert_uint_eq(p->n_servers, 1);
	ck_assert_str_eq(t->wire.host, "mail.example.com");
	ck_assert_uint_eq(t->wire.port, 587);
	ck_assert_int_eq(t->wire.tls, WIRE_STARTTLS);
	ck_assert(!t->wire.tls13);
	ck_assert_ptr_null(t->wire.ca_file);
	ck_assert_ptr_null(t->wire.pin);
	ck_assert_ptr_null(t->wire.cert);
	ck_assert_ptr_null(t->wire.key);
	ck_assert_ptr_null(t->wire.server_name);
	ck_assert(!p->has_key_passphrase);
	ck_assert_ptr_null(t->wire.unix_path);
	ck_assert_str_eq(t->wire.hello, c.hostname);
	ck_assert_int_eq(t->timeouts.connect, 30000);
	ck_assert_int_eq(t->timeouts.tls, 60000);
	ck_assert_int_eq(t->timeouts.reply, 300000);
	ck_assert_int_eq(t->timeouts.data, 180000);
	ck_assert_int_eq(t->timeouts.final, 600000);
	ck_assert_int_eq(p->token_timeout, 60000);
	ck_assert_int_eq(p->foreground, 25000);
	ck_assert_int_eq(p->min_life, 300000);
	ck_assert_uint_eq(p->max_rcpts, 100);
	ck_assert_ptr_null(p->credentials);
	ck_assert_ptr_eq(profile_account(p), p);
}
END_TEST

START_TEST(defaults_of_a_mailbox)
{
	const struct profile *p;

	must_load(P(BOX ADDRESS SERVER OPEN), 0);
	p = profile("p");
	ck_assert_int_eq(p->kind, PROFILE_MAILBOX);
	ck_assert_ptr_null(p->display);
	ck_assert(!p->rewrite);
	ck_assert(!p->auto_submitted);
	ck_assert_int_eq(p->auth[0], PROFILE_AUTH_NONE);
	ck_assert_ptr_null(c.set.for_local);
	ck_assert_ptr_null(c.set.for_unmatched);
	/* Its owner, who is not alice but whoever runs this. */
	ck_assert_uint_eq(p->users.n, 1);
	sys_user_clear(&me);
	sys_user_load(&me, geteuid());
	ck_assert(profile_allows(p, &me));
}
END_TEST

START_TEST(owner_is_the_caller)
{
	me.uid = geteuid();
	must_load(P(BOX ADDRESS SERVER OPEN), GIVEN);
	ck_assert_str_eq(profile("p")->users.v[0], "alice");
}
END_TEST

START_TEST(defaults_of_a_file)
{
	const struct profile_home *h;

	must_load(P(GOOD), SYSTEM | READABLE);
	h = profile("p")->home;
	ck_assert_ptr_eq(h, &c.homes[0]);
	ck_assert_uint_eq(c.n_homes, 1);
	ck_assert_str_eq(h->path, aid_path("x.conf"));
	ck_assert(h->is_system);
	ck_assert(h->runner);
	ck_assert_str_eq(h->state, "/state/of/system");
	ck_assert_str_eq(h->spool, "/spool/of/system");
	ck_assert_int_eq(h->queue.lifetime, 5 * DAY);
	ck_assert_int_eq(h->queue.warn_after, 4 * HOUR);
	ck_assert_int_eq(h->queue.keep_failed, 30 * DAY);
	ck_assert_int_eq(h->queue.retry_first, 60 * 1000);
	ck_assert_int_eq(h->queue.retry_max, HOUR);
	ck_assert_uint_eq(h->queue.max_message, 50 << 20);
	ck_assert_uint_eq(h->queue.min_free, 64 << 20);
	ck_assert_uint_eq(h->queue.min_inodes, 1000);
	ck_assert_int_eq(h->queue.reports_per_hour, 60);
	ck_assert_str_eq(h->log.to, "syslog");
	ck_assert_str_eq(h->log.facility, "mail");
	ck_assert_int_eq(h->log.level, LOG_LEVEL_INFO);
	ck_assert(!h->log.json);
	ck_assert_int_eq(c.unaliased, CONF_UNALIASED_AUTO);
	ck_assert(c.received);
	ck_assert_ptr_null(c.admin.local);
	ck_assert(!c.domain_set);
	ck_assert_ptr_nonnull(c.domain);
	ck_assert_ptr_eq(c.set.for_local, profile("p"));
	ck_assert_ptr_eq(c.set.for_unmatched, profile("p"));
	ck_assert(text_list_has(&c.set.local_names, "localhost"));

	must_load("runner = false;\n" P(GOOD), SYSTEM);
	ck_assert(!c.homes[0].runner);
	must_load(P(GOOD), 0);
	ck_assert(!c.homes[0].runner);
	ck_assert(!c.homes[0].is_system);
	ck_assert_str_eq(c.homes[0].state, "/state/of/user");
	ck_assert_str_eq(c.homes[0].spool, "/state/of/user/spool");
}
END_TEST

START_TEST(names_of_the_host)
{
	char brief[sizeof(full_name)];

	must_load(P(GOOD), 0);
	snprintf(brief, sizeof(brief), "%.*s", (int)strcspn(full_name, "."),
	    full_name);
	ck_assert_str_eq(c.hostname, full_name);
	ck_assert(text_list_has_case(&c.set.local_names, full_name));
	ck_assert(text_list_has_case(&c.set.local_names, brief));
	must_load("local_names = [ ];\n" P(GOOD), 0);
	ck_assert_uint_eq(c.set.local_names.n, 0);
}
END_TEST

START_TEST(every_key_of_the_top)
{
	const struct profile_home *h;

	must_load(
	    "domain = \"example.com\"; hostname = \"[IPv6:2001:db8::1]\";"
	    "local_names = [ \"localhost\", \"web1.example.com\" ];"
	    "admin = \"ops@example.com\"; unaliased = \"reject\";"
	    "received = false;"
	    "default = \"r\"; unmatched = \"reject\"; runner = false;"
	    "state = \"~/state\"; spool = \"~/spool\"; queue = {"
	    "lifetime = \"60d\"; warn_after = \"0\"; keep_failed = \"1h\";"
	    "retry_first = \"1s\"; retry_max = \"1d\";"
	    "max_message = \"200M\"; min_free = 0; min_inodes = 7;"
	    "reports_per_hour = 1; };"
	    "log = { to = \"/log\"; level = \"debug\"; format = \"json\";"
	    "facility = \"local0\"; };"
	    "profiles = { q = {" GOOD "}; r = {" GOOD "}; };\n",
	    0);
	h = &c.homes[0];
	ck_assert_str_eq(c.domain, "example.com");
	ck_assert(c.domain_set);
	ck_assert_str_eq(c.hostname, "[IPv6:2001:db8::1]");
	ck_assert_str_eq(
	    profile("q")->servers[0].wire.hello, "[IPv6:2001:db8::1]");
	ck_assert_uint_eq(c.set.local_names.n, 2);
	ck_assert_str_eq(c.set.local_names.v[1], "web1.example.com");
	ck_assert_str_eq(c.admin.local, "ops");
	ck_assert_int_eq(c.unaliased, CONF_UNALIASED_REJECT);
	ck_assert(!c.received);
	ck_assert_ptr_eq(c.set.for_local, profile("r"));
	ck_assert_ptr_null(c.set.for_unmatched);
	ck_assert_str_eq(h->state, "/home/alice/state");
	ck_assert_str_eq(h->spool, "/home/alice/spool");
	ck_assert_int_eq(h->queue.lifetime, 60 * DAY);
	ck_assert_int_eq(h->queue.warn_after, 0);
	ck_assert_int_eq(h->queue.keep_failed, HOUR);
	ck_assert_int_eq(h->queue.retry_first, 1000);
	ck_assert_int_eq(h->queue.retry_max, DAY);
	ck_assert_uint_eq(h->queue.max_message, 200 << 20);
	ck_assert_uint_eq(h->queue.min_free, 0);
	ck_assert_uint_eq(h->queue.min_inodes, 7);
	ck_assert_int_eq(h->queue.reports_per_hour, 1);
	ck_assert_str_eq(h->log.to, "/log");
	ck_assert_int_eq(h->log.level, LOG_LEVEL_DEBUG);
	ck_assert(h->log.json);
	ck_assert_str_eq(h->log.facility, "local0");

	must_load("unaliased = \"admin\"; admin = \"a@b.test\";" P(GOOD), 0);
	ck_assert_int_eq(c.unaliased, CONF_UNALIASED_ADMIN);
	must_load("unaliased = \"domain\";" P(GOOD), 0);
	ck_assert_int_eq(c.unaliased, CONF_UNALIASED_DOMAIN);
	must_load("queue = { max_message = 4096; };" P(GOOD), 0);
	ck_assert_uint_eq(c.homes[0].queue.max_message, 4096);
	must_load("queue = { max_message = 5000000000L; };" P(GOOD), 0);
	ck_assert_uint_eq(c.homes[0].queue.max_message, 5000000000u);
}
END_TEST

/* Of the test below: secrets, timeouts, oauth. */
static void
check_groups(const struct profile *p)
{
	ck_assert_int_eq(p->password.form, PROFILE_PLAIN);
	ck_assert_str_eq(secret_reveal(&p->password.plain), "hunter2");
	ck_assert_int_eq(p->client_secret.form, PROFILE_PLAIN);
	ck_assert_str_eq(
	    p->client_secret.key, "profiles.p.oauth.client_secret");
	ck_assert_str_eq(p->client_secret.field, "oauth.client_secret");
	ck_assert_int_eq(p->servers[0].timeouts.connect, 1000);
	ck_assert_int_eq(p->servers[0].timeouts.tls, 2000);
	ck_assert_int_eq(p->servers[0].timeouts.reply, 3000);
	ck_assert_int_eq(p->servers[0].timeouts.data, 4000);
	ck_assert_int_eq(p->servers[0].timeouts.final, 3600000);
	ck_assert_int_eq(p->token_timeout, 100);
	ck_assert_int_eq(p->foreground, 7000);
	ck_assert(p->has_oauth);
	ck_assert_str_eq(p->oauth.client_id, "id");
	ck_assert_int_eq(p->oauth.client_auth, OAUTH_AUTH_BASIC_RAW);
	ck_assert_str_eq(p->oauth.token_url, "https://a.test:8443/token?x=y");
	ck_assert_str_eq(p->oauth.scope, "mail.send");
	ck_assert_str_eq(p->oauth.ca_file, "/oauth.pem");
	ck_assert_str_eq(p->oauth.pin, PIN);
	ck_assert_int_eq(p->oauth.grant, OAUTH_CLIENT_CREDENTIALS);
	ck_assert_int_eq(p->min_life, 0);
}

START_TEST(every_key_of_a_profile)
{
	const struct profile *p;

	must_load(
	    P(BOX ADDRESS "also = [ \"b@example.com\", \"*@example.org\", "
			  "\"c+*@example.com\" ]; name = \"\"; users = [ "
			  "\"alice\", \"@staff\", \"1000\" ];"
			  "rewrite = true; reply_to = \"r@example.com\";"
			  "auto_submitted = true; user = \"login\";"
			  "server = \"smtps://mail.example.com\";"
			  "tls = { ca_file = \"~/ca.pem\"; min = \"1.3\";"
			  "pin = [ \"" PIN "\", \"" PIN "\" ]; cert = \"~/c\";"
			  "key = \"/k\"; key_passphrase = \"open\";"
			  "server_name = \"x.example.com\"; };"
			  "auth = [ \"oauth\", \"password\", \"cert\", "
			  "\"none\" ];"
			  "sasl = [ \"login\", \"OAUTHBEARER\", \"EXTERNAL\", "
			  "\"cram-md5\", \"SCRAM-SHA-256\" ];"
			  "limits = { recipients = 50000; };"
			  "password = \"hunter2\";"
			  "timeouts = { connect = \"1s\"; tls = \"2s\";"
			  "reply = \"3s\"; data = \"4s\"; final = \"1h\";"
			  "token = \"100ms\"; foreground = \"7s\"; };"
			  "oauth = { grant = [ \"client_credentials\" ];"
			  "client_id = \"id\"; client_secret = \"shh\";"
			  "client_auth = \"basic_raw\"; scope = \"mail.send\";"
			  "token_url = \"https://a.test:8443/token?x=y\";"
			  "ca_file = \"/oauth.pem\"; pin = \"" PIN "\";"
			  "min_life = \"0\"; };"),
	    0);
	p = profile("p");
	ck_assert_uint_eq(p->also.n, 3);
	ck_assert_str_eq(p->also.v[2], "c+*@example.com");
	ck_assert_str_eq(p->display, "");
	ck_assert_uint_eq(p->users.n, 3);
	ck_assert(p->rewrite);
	ck_assert(p->auto_submitted);
	ck_assert_str_eq(p->reply_to, "r@example.com");
	ck_assert_str_eq(p->user, "login");
	ck_assert_str_eq(p->servers[0].wire.ca_file, "/home/alice/ca.pem");
	ck_assert(p->servers[0].wire.tls13);
	ck_assert_int_eq(p->servers[0].wire.tls, WIRE_TLS);
	ck_assert_uint_eq(p->servers[0].wire.port, 465);
	ck_assert_str_eq(p->servers[0].wire.pin, PIN ";" PIN);
	ck_assert_str_eq(p->servers[0].wire.cert, "/home/alice/c");
	ck_assert_str_eq(p->servers[0].wire.key, "/k");
	ck_assert_str_eq(p->servers[0].wire.server_name, "x.example.com");
	ck_assert_str_eq(p->servers[0].wire.host, "mail.example.com");
	ck_assert(p->has_key_passphrase);
	ck_assert_int_eq(p->key_passphrase.form, PROFILE_PLAIN);
	ck_assert_str_eq(p->key_passphrase.field, "tls.key_passphrase");
	ck_assert_uint_eq(p->max_rcpts, 50000);
	ck_assert_uint_eq(p->n_auth, 4);
	ck_assert_int_eq(p->auth[0], PROFILE_AUTH_OAUTH);
	ck_assert_int_eq(p->auth[2], PROFILE_AUTH_CERT);
	ck_assert_int_eq(p->auth[3], PROFILE_AUTH_NONE);
	ck_assert_uint_eq(p->n_sasl, 5);
	ck_assert_int_eq(p->sasl[0], SASL_LOGIN);
	ck_assert_int_eq(p->sasl[1], SASL_OAUTHBEARER);
	ck_assert_int_eq(p->sasl[3], SASL_CRAM_MD5);
	check_groups(p);
}
END_TEST

START_TEST(way_by_what_is_given)
{
	must_load(P(WHO SERVER PASSWORD OAUTH("")), 0);
	ck_assert_uint_eq(profile("p")->n_auth, 1);
	ck_assert_int_eq(profile("p")->auth[0], PROFILE_AUTH_OAUTH);
	ck_assert_int_eq(profile("p")->oauth.client_auth, OAUTH_AUTH_POST);
	ck_assert_ptr_null(profile("p")->oauth.scope);
	must_load(
	    P(BOX ADDRESS SERVER OAUTH("grant = \"client_credentials\";")), 0);
	ck_assert_int_eq(profile("p")->auth[0], PROFILE_AUTH_OAUTH);
}
END_TEST

START_TEST(grant_of_a_refresh_token)
{
	const struct profile *p;

	must_load(P(BOX ADDRESS SERVER REFRESH("")), 0);
	p = profile("p");
	ck_assert_int_eq(p->oauth.grant, OAUTH_REFRESH_TOKEN);
	ck_assert_int_eq(p->oauth.client_auth, OAUTH_AUTH_NONE);
	ck_assert_int_eq(p->refresh_token.form, PROFILE_FILE);
	ck_assert_str_eq(p->refresh_token.field, "oauth.refresh_token");
	must_load(
	    P(WHO SERVER REFRESH("client_secret = { file = \"/s\"; };")), 0);
	ck_assert_int_eq(profile("p")->oauth.client_auth, OAUTH_AUTH_POST);
	must_load(P(WHO SERVER REFRESH("client_auth = \"none\";")), 0);
	ck_assert_int_eq(profile("p")->oauth.client_auth, OAUTH_AUTH_NONE);
	must_load(P(WHO SERVER OAUTH("client_auth = \"basic\";")), 0);
	ck_assert_int_eq(profile("p")->oauth.client_auth, OAUTH_AUTH_BASIC);
	must_load(P(WHO SERVER OAUTH("client_auth = \"post\";")), 0);
	ck_assert_int_eq(profile("p")->oauth.client_auth, OAUTH_AUTH_POST);
}
END_TEST

START_TEST(way_of_a_certificate)
{
	must_load(
	    P(WHO SERVER "auth = \"cert\"; tls = { cert = \"/c\"; };"), 0);
	ck_assert_int_eq(profile("p")->auth[0], PROFILE_AUTH_CERT);
	ck_assert_str_eq(profile("p")->servers[0].wire.cert, "/c");
	ck_assert_ptr_null(profile("p")->servers[0].wire.key);
	/* TLS may want one where the login is by password. */
	must_load(P(WHO SERVER PASSWORD "tls = { cert = \"/c\"; };"), 0);
	ck_assert_uint_eq(profile("p")->n_auth, 1);
	ck_assert_int_eq(profile("p")->auth[0], PROFILE_AUTH_PASSWORD);
}
END_TEST

/* The account is another's: its servers too, but not its time limits. */
START_TEST(credentials_of_another)
{
	const struct profile *p, *q;

	must_load(
	    "profiles = { p = {" WHO "credentials = \"q\";"
	    "timeouts = { reply = \"7s\"; }; limits = { recipients = 9; };"
	    "}; q = {" BOX "address = \"b@example.com\"; user = \"u\";"
	    "server = [ \"smtps://a.test\", \"smtps://b.test\" ];"
	    "tls = { pin = \"" PIN "\"; };" PASSWORD "}; };",
	    0);
	p = profile("p");
	q = profile("q");
	ck_assert_ptr_eq(p->credentials, q);
	ck_assert_ptr_eq(profile_account(p), q);
	ck_assert_str_eq(profile_user_text(p), "u");
	ck_assert_uint_eq(p->n_servers, 2);
	ck_assert_str_eq(p->servers[1].wire.host, "b.test");
	ck_assert_str_eq(p->servers[1].wire.pin, PIN);
	ck_assert_str_eq(p->servers[1].wire.hello, c.hostname);
	ck_assert_int_eq(p->servers[0].timeouts.reply, 7000);
	ck_assert_int_eq(p->servers[0].timeouts.greeting, 7000);
	ck_assert_int_eq(q->servers[0].timeouts.reply, 300000);
	ck_assert_int_eq(q->servers[0].timeouts.greeting, 60000);
	ck_assert_uint_eq(p->max_rcpts, 9);
	ck_assert_uint_eq(q->max_rcpts, 100);
	ck_assert_uint_eq(p->n_auth, 0);
	ck_assert_int_eq(p->kind, PROFILE_SYSTEM);
}
END_TEST

/* Pointers hold though the set has grown, and stay in their file. */
START_TEST(credentials_in_two_files)
{
	ck_assert_msg(
	    load_both("profiles = { q = {" WHO "credentials = \"r\"; }; "
		      "r = {" GOOD "}; };",
		"profiles = { r = {" GOOD "}; s = {" GOOD "};"
		"t = {" WHO "credentials = \"r\"; }; };") == 0,
	    "%s", e.text);
	ck_assert_uint_eq(c.set.n, 5);
	ck_assert_ptr_eq(c.set.v[0].credentials, &c.set.v[1]);
	ck_assert_ptr_eq(c.set.v[4].credentials, &c.set.v[2]);
	ck_assert_str_eq(c.set.v[4].servers[0].wire.host, "mail.example.com");
}
END_TEST

START_TEST(no_queue)
{
	must_load("spool = \"none\";\n" P(GOOD), 0);
	ck_assert_ptr_null(c.homes[0].spool);
	must_load("spool = \"none\"; runner = false;\n" P(GOOD), SYSTEM);
	ck_assert_ptr_null(c.homes[0].spool);
	/* Where the state goes, the spool goes along, but for the system's. */
	must_load("state = \"/s\";\n" P(GOOD), 0);
	ck_assert_str_eq(c.homes[0].spool, "/s/spool");
	must_load("state = \"/s\";\n" P(GOOD), SYSTEM);
	ck_assert_str_eq(c.homes[0].spool, "/spool/of/system");
	/* A default gives way to what is written. */
	must_load("queue = { retry_max = \"30s\"; };\n" P(GOOD), 0);
	ck_assert_int_eq(c.homes[0].queue.retry_first, 30000);
	must_load("queue = { lifetime = \"2h\"; };\n" P(GOOD), 0);
	ck_assert_int_eq(c.homes[0].queue.warn_after, 4 * HOUR);
}
END_TEST

/* Any change of the text is seen, in an included file too. */
START_TEST(stamp_of_a_file)
{
	uint32_t stamp;

	put("a.conf", "domain = \"a.test\";\n", 0);
	must_load("@include \"a.conf\"\n" P(GOOD), 0);
	stamp = c.homes[0].stamp;
	must_load("@include \"a.conf\"\n" P(GOOD), 0);
	ck_assert_uint_eq(c.homes[0].stamp, stamp);
	put("a.conf", "domain = \"b.test\";\n", 0);
	must_load("@include \"a.conf\"\n" P(GOOD), 0);
	ck_assert_uint_ne(c.homes[0].stamp, stamp);
}
END_TEST

START_TEST(servers)
{
	static const struct {
		const char *text, *host, *path;
		unsigned port;
		enum wire_tls tls;
	} rows[] = {
		{ "smtp://a.test", "a.test", NULL, 587, WIRE_STARTTLS },
		{ "smtp://a.test:25", "a.test", NULL, 25, WIRE_STARTTLS },
		{ "smtps://a.test", "a.test", NULL, 465, WIRE_TLS },
		{ "smtps://a.test:65535", "a.test", NULL, 65535, WIRE_TLS },
		{ "smtp://192.0.2.1:2525", "192.0.2.1", NULL, 2525,
		    WIRE_STARTTLS },
		{ "smtp://[2001:db8::1]", "2001:db8::1", NULL, 587,
		    WIRE_STARTTLS },
		{ "smtps://[::1]:4650", "::1", NULL, 4650, WIRE_TLS },
		{ "smtp+unix:/run/relay/socket", NULL, "/run/relay/socket", 0,
		    WIRE_CLEAR },
	};
	char text[2000] = "";
	size_t n = sizeof(rows) / sizeof(rows[0]);

	for (size_t i = 0; i < 2 * n; i++) {
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "%s\"%s\"",
		    i > 0 ? ", " : "", rows[i % n].text);
	}
	{
		char *whole =
		    mem_printf(P(WHO PASSWORD "server = [ %s ];"), text);

		must_load(whole, 0);
		free(whole);
	}
	ck_assert_uint_eq(profile("p")->n_servers, PROFILE_MAX_SERVERS);
	for (size_t i = 0; i < 2 * n; i++) {
		const struct wire_target *w = &profile("p")->servers[i].wire;

		if (rows[i % n].host != NULL)
			ck_assert_str_eq(w->host, rows[i % n].host);
		else
			ck_assert_ptr_null(w->host);
		if (rows[i % n].path != NULL)
			ck_assert_str_eq(w->unix_path, rows[i % n].path);
		else
			ck_assert_ptr_null(w->unix_path);
		ck_assert_uint_eq(w->port, rows[i % n].port);
		ck_assert_int_eq(w->tls, rows[i % n].tls);
	}
	{
		char *whole = mem_printf(
		    P(WHO PASSWORD "server = [ %s, \"smtp://x.test\" ];"),
		    text);

		ck_assert_int_eq(load(whole, 0), EX_CONFIG);
		ck_assert_ptr_nonnull(
		    strstr(e.text, "must have from 1 to 16 values, not 17"));
		free(whole);
	}
}
END_TEST

START_TEST(clear_where_nobody_listens)
{
	static const char *const hosts[] = { "127.0.0.1", "127.9.9.9", "[::1]",
		"localhost", "LocalHost" };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		char *text = mem_printf(
		    P(WHO PASSWORD "server = \"smtp://%s:2525\"; tls = { mode "
				   "= \"none\"; };"),
		    hosts[i]);

		must_load(text, 0);
		ck_assert_int_eq(profile("p")->servers[0].wire.tls, WIRE_CLEAR);
		free(text);
	}
	/* An open relay anywhere, since nothing secret goes there. */
	must_load(P(GOOD "tls = { mode = \"none\"; };"), 0);
	ck_assert_int_eq(profile("p")->servers[0].wire.tls, WIRE_CLEAR);
}
END_TEST

START_TEST(plain_http_to_loopback)
{
	must_load(
	    P(WHO SERVER
		"oauth = { client_id = \"x\"; client_secret = { file = "
		"\"/s\"; }; token_url = \"http://127.0.0.1:8080/token\"; };"),
	    0);
	ck_assert_str_eq(
	    profile("p")->oauth.token_url, "http://127.0.0.1:8080/token");
}
END_TEST

/* A secret's file need not be there: loading never looks. */
START_TEST(secrets_are_not_read)
{
	must_load(P(WHO SERVER "password = { file = \"~/none\"; };"), 0);
	ck_assert_int_eq(profile("p")->password.form, PROFILE_FILE);
	ck_assert_str_eq(profile("p")->password.text, "/home/alice/none");
}
END_TEST

/* 144 octets of base64: salt, nonce, one block of 64, tag. */
#define A24    "AAAAAAAAAAAAAAAAAAAAAAAA"
#define SEALED "sealed:v1:abcd2345:" A24 A24 A24 A24 A24 A24

START_TEST(forms_of_a_secret)
{
	static const struct {
		const char *value, *text;
		enum profile_secret_form form;
		size_t argc;
	} rows[] = {
		{ "\"" SEALED "\"", SEALED, PROFILE_SEALED, 0 },
		{ "{ file = \"/a\"; }", "/a", PROFILE_FILE, 0 },
		{ "{ credential = \"mail.pw\"; }", "mail.pw",
		    PROFILE_CREDENTIAL, 0 },
		{ "{ env = \"_MAIL_PW1\"; }", "_MAIL_PW1", PROFILE_ENV, 0 },
		{ "{ command = \"/bin/pw\"; }", NULL, PROFILE_COMMAND, 1 },
		{ "{ command = [ \"~/pw\", \"\", \"~/x y\" ]; }", NULL,
		    PROFILE_COMMAND, 3 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text =
		    mem_printf(P(WHO SERVER "password = %s;"), rows[i].value);
		const struct profile_secret *s;

		must_load(text, READABLE); /* none of them is in clear */
		s = &profile("p")->password;
		ck_assert_int_eq(s->form, rows[i].form);
		if (rows[i].text != NULL)
			ck_assert_str_eq(s->text, rows[i].text);
		else
			ck_assert_ptr_null(s->text);
		ck_assert_uint_eq(s->argv.n, rows[i].argc);
		ck_assert_str_eq(s->key, "profiles.p.password");
		free(text);
	}
	ck_assert_str_eq(profile("p")->password.argv.v[0], "/home/alice/pw");
	ck_assert_str_eq(profile("p")->password.argv.v[1], "");
	ck_assert_str_eq(profile("p")->password.argv.v[2], "~/x y");
}
END_TEST

START_TEST(home_that_is_not_known)
{
	struct conf_source s = source("x.conf", 0);

	mem_replace(&s.home, NULL);
	put("x.conf", P(WHO SERVER "password = { file = \"~/pw\"; };"), 0);
	ck_assert_int_eq(conf_load_files(&c, &s, 1, &me, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "there is no home directory"));
	conf_clear(&c);
	mem_replace(&s.state, NULL);
	put("x.conf", P(GOOD), 0);
	ck_assert_int_eq(conf_load_files(&c, &s, 1, &me, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "x.conf: state: "));
	conf_source_clear(&s);
}
END_TEST

START_TEST(included_files)
{
	ck_assert_int_eq(mkdir(aid_path("sub"), 0700), 0);
	put("sub/a.conf", "p = {" GOOD "};\n@include \"b.conf\"", 0);
	put("sub/b.conf",
	    "# no end of line behind\nq = {" WHO SERVER "password = \"x\"; };",
	    0);
	put("domain.conf", "domain = \"example.com\";\n", READABLE);
	must_load("/* \"\n@include \"none.conf\"\n*/\n"
		  "state = \"/a\\\"\\\\b\"; # \"\n"
		  "  @include \"domain.conf\" default = \"q\";\n"
		  "profiles = {\n"
		  "\t@include\t\"sub/a.conf\"\n"
		  " r = {" GOOD "};\n};\n"
		  "// @include \"none.conf\"\n",
	    0);
	ck_assert_str_eq(c.domain, "example.com");
	ck_assert_uint_eq(c.set.n, 3);
	ck_assert_ptr_eq(c.set.for_local, profile("q"));
	ck_assert_int_eq(profile("q")->line, 2);
	ck_assert_int_eq(profile("r")->line, 8);
}
END_TEST

START_TEST(faults_in_included_files)
{
	put("a.conf", "\n\ndomian = \"x.test\";\n", 0);
	ck_assert_int_eq(load("\n@include \"a.conf\"\n" MORE, 0), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "/a.conf:3: domian: unknown"));

	/* The lines behind an include keep their numbers. */
	put("a.conf", "\n\ndomain = \"x.test\";\n", 0);
	ck_assert_int_eq(
	    load("\n@include \"a.conf\"\nx = 1;\n" MORE, 0), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "x.conf:3: x: unknown"));
	ck_assert_int_eq(
	    load("\n@include \"a.conf\" y = 1;\n" MORE, 0), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "x.conf:2: y: unknown"));

	put("a.conf", "x = ;\n", 0);
	ck_assert_int_eq(load("@include \"a.conf\"\n" MORE, 0), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "/a.conf:1: syntax error"));

	/* What does not end must not swallow the rest. */
	put("a.conf", "/* x\n", 0);
	ck_assert_int_eq(load("@include \"a.conf\"\n" MORE, 0), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "/a.conf:1: the comment"));

	/* A secret is judged by the file in which it stands. */
	put("a.conf", WHO SERVER "password = \"x\";\n", READABLE);
	ck_assert_int_eq(
	    load("profiles = { p = {\n@include \"a.conf\"\n}; };\n", 0),
	    EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "/a.conf:1: profiles.p.password"));
	put("a.conf", WHO SERVER "password = \"x\";\n", 0);
	must_load("profiles = { p = {\n@include \"a.conf\"\n}; };\n", READABLE);

	put("a.conf", "domain = \"x.test\";\n", 0);
	ck_assert_int_eq(chmod(aid_path("a.conf"), 0620), 0);
	ck_assert_int_eq(load("\n@include \"a.conf\"\n" MORE, 0), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "x.conf:2: @include: "));
	ck_assert_ptr_nonnull(strstr(e.text, "must not be writable by group"));
}
END_TEST

START_TEST(table_of_keys)
{
	static const struct {
		const char *group, *key;
	} some[] = { { "", "domain" }, { "", "profiles" }, { "log", "to" },
		{ "profiles.NAME", "kind" }, { "profiles.NAME.tls", "mode" },
		{ "profiles.NAME.oauth", "min_life" } };
	const char *group, *key, *other_group, *other_key;
	size_t n, found = 0;

	for (n = 0; conf_key(n, &group, &key); n++) {
		ck_assert_ptr_nonnull(group);
		ck_assert_ptr_nonnull(key);
		for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
			found += strcmp(group, some[i].group) == 0 &&
				 strcmp(key, some[i].key) == 0;
		for (size_t i = 0; i < n; i++) {
			conf_key(i, &other_group, &other_key);
			ck_assert_msg(strcmp(group, other_group) != 0 ||
					  strcmp(key, other_key) != 0,
			    "%s.%s twice", group, key);
		}
	}
	ck_assert_uint_eq(found, sizeof(some) / sizeof(some[0]));
	ck_assert_uint_eq(n, 94);
	ck_assert(!conf_key(n + 1, &group, &key));
}
END_TEST

/* Row of the table that a group and key of the manual stand for, or -1. */
static int
find_key(const char *group, const char *key)
{
	const char *g, *k;

	for (size_t i = 0; conf_key(i, &g, &k); i++)
		if (strcmp(k, key) == 0 &&
		    strcmp(g, strcmp(group, "Top level") == 0 ? "" : group) ==
			0)
			return (int)i;
	return -1;
}

/* osmtp.conf(5) has each key once, below its group, and no other. */
START_TEST(manual_has_the_keys)
{
	const char *t = getenv("T");
	char *path = mem_printf("%s%s", t ? t : "t", "/../man/osmtp.conf.5");
	FILE *f = fopen(path, "r");
	char line[512], group[128] = "";
	const char *g, *k;
	bool seen[128] = { false };
	int row;

	ck_assert_msg(f != NULL, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, ".Ss ", 4) == 0)
			snprintf(group, sizeof(group), "%.100s", line + 4);
		if (strncmp(line, ".It Ic ", 7) != 0)
			continue;
		row = find_key(group, line + 7);
		ck_assert_msg(row >= 0, "no such key: %s %s", group, line + 7);
		ck_assert_msg(!seen[row], "twice: %s %s", group, line + 7);
		seen[row] = true;
	}
	fclose(f);
	free(path);
	for (size_t i = 0; conf_key(i, &g, &k); i++)
		ck_assert_msg(seen[i], "not in the manual: %s %s", g, k);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, defaults_of_a_system_profile);
	tcase_add_test(tc, defaults_of_a_mailbox);
	tcase_add_test(tc, owner_is_the_caller);
	tcase_add_test(tc, defaults_of_a_file);
	tcase_add_test(tc, names_of_the_host);
	tcase_add_test(tc, every_key_of_the_top);
	tcase_add_test(tc, every_key_of_a_profile);
	tcase_add_test(tc, way_by_what_is_given);
	tcase_add_test(tc, grant_of_a_refresh_token);
	tcase_add_test(tc, way_of_a_certificate);
	tcase_add_test(tc, credentials_of_another);
	tcase_add_test(tc, credentials_in_two_files);
	tcase_add_test(tc, no_queue);
	tcase_add_test(tc, stamp_of_a_file);
	tcase_add_test(tc, servers);
	tcase_add_test(tc, clear_where_nobody_listens);
	tcase_add_test(tc, plain_http_to_loopback);
	tcase_add_test(tc, secrets_are_not_read);
	tcase_add_test(tc, forms_of_a_secret);
	tcase_add_test(tc, home_that_is_not_known);
	tcase_add_test(tc, included_files);
	tcase_add_test(tc, faults_in_included_files);
	tcase_add_test(tc, table_of_keys);
	tcase_add_test(tc, manual_has_the_keys);
}

int
main(void)
{
	return unit_main("conf", add);
}
