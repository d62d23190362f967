/* SPDX-License-Identifier: ISC */
/*
 * test_preset: the presets, against what the providers' own pages say, written
 * down here once more by hand; and what a configuration makes of them.
 */
#include "core/preset.h"

#include <stdio.h>

#include "conf_aid.h"

#define LOGIN(host, what) "https://" host "/{tenant}/oauth2/v2.0/" what
#define ENTRA		  "login.microsoftonline.com"
#define ENTRA_US	  "login.microsoftonline.us"
#define ENTRA_CN	  "login.partner.microsoftonline.cn"

/* Several values are joined by blanks; NULL: there is none. */
static const struct fact {
	const char *name, *server, *sasl, *grant;
	const char *authorize, *token, *device, *scope;
	unsigned idle_days;
} facts[] = {
	{ "m365", "smtp://smtp.office365.com", "XOAUTH2",
	    "device_code authorization_code", LOGIN(ENTRA, "authorize"),
	    LOGIN(ENTRA, "token"), LOGIN(ENTRA, "devicecode"),
	    "https://outlook.office.com/SMTP.Send offline_access", 90 },
	{ "m365-app", "smtp://smtp.office365.com", "XOAUTH2",
	    "client_credentials", NULL, LOGIN(ENTRA, "token"), NULL,
	    "https://outlook.office365.com/.default", 0 },
	{ "m365-hve",
	    "smtp://smtp-hve.office365.com smtp://smtp.hve.mx.microsoft",
	    "XOAUTH2", "client_credentials", NULL, LOGIN(ENTRA, "token"), NULL,
	    "https://outlook.office365.com/.default", 0 },
	{ "m365-usgov", "smtp://smtp.office365.us", "XOAUTH2",
	    "device_code authorization_code", LOGIN(ENTRA_US, "authorize"),
	    LOGIN(ENTRA_US, "token"), LOGIN(ENTRA_US, "devicecode"),
	    "https://outlook.office365.us/SMTP.Send offline_access", 90 },
	{ "m365-dod", "smtp://outlook-dod.office365.us", "XOAUTH2",
	    "device_code authorization_code", LOGIN(ENTRA_US, "authorize"),
	    LOGIN(ENTRA_US, "token"), LOGIN(ENTRA_US, "devicecode"),
	    "https://outlook.office365.us/SMTP.Send offline_access", 90 },
	{ "m365-china", "smtp://smtp.partner.outlook.cn", "XOAUTH2",
	    "device_code authorization_code", LOGIN(ENTRA_CN, "authorize"),
	    LOGIN(ENTRA_CN, "token"), LOGIN(ENTRA_CN, "devicecode"),
	    "https://partner.outlook.cn/SMTP.Send offline_access", 90 },
	{ "outlook.com", "smtp://smtp-mail.outlook.com", "XOAUTH2",
	    "device_code authorization_code", LOGIN(ENTRA, "authorize"),
	    LOGIN(ENTRA, "token"), LOGIN(ENTRA, "devicecode"),
	    "https://outlook.office.com/SMTP.Send offline_access", 90 },
	{ "gmail", "smtps://smtp.gmail.com smtp://smtp.gmail.com",
	    "XOAUTH2 OAUTHBEARER PLAIN LOGIN", "authorization_code",
	    "https://accounts.google.com/o/oauth2/v2/auth",
	    "https://oauth2.googleapis.com/token", NULL,
	    "https://mail.google.com/", 180 },
	{ "workspace-app", "smtps://smtp.gmail.com smtp://smtp.gmail.com",
	    "XOAUTH2 OAUTHBEARER", "jwt_bearer", NULL,
	    "https://oauth2.googleapis.com/token", NULL,
	    "https://mail.google.com/", 0 },
	{ "workspace-relay", "smtp://smtp-relay.gmail.com", NULL, NULL, NULL,
	    NULL, NULL, NULL, 0 },
	{ "yahoo", "smtps://smtp.mail.yahoo.com",
	    "XOAUTH2 OAUTHBEARER PLAIN LOGIN", "authorization_code",
	    "https://api.login.yahoo.com/oauth2/request_auth",
	    "https://api.login.yahoo.com/oauth2/get_token", NULL, "mail-w", 0 },
	{ "aol", "smtps://smtp.aol.com", "XOAUTH2 OAUTHBEARER PLAIN LOGIN",
	    "authorization_code",
	    "https://api.login.aol.com/oauth2/request_auth",
	    "https://api.login.aol.com/oauth2/get_token", NULL, "mail-w", 0 },
	{ "fastmail", "smtps://smtp.fastmail.com",
	    "OAUTHBEARER XOAUTH2 PLAIN LOGIN", "authorization_code",
	    "https://api.fastmail.com/oauth/authorize",
	    "https://api.fastmail.com/oauth/refresh", NULL,
	    "https://www.fastmail.com/dev/protocol-smtp", 0 },
	{ "yandex", "smtps://smtp.yandex.ru", "XOAUTH2 PLAIN LOGIN",
	    "device_code authorization_code",
	    "https://oauth.yandex.ru/authorize",
	    "https://oauth.yandex.ru/token",
	    "https://oauth.yandex.ru/device/code", "mail:smtp", 0 },
	{ "mail.ru", "smtps://smtp.mail.ru", "XOAUTH2 PLAIN LOGIN",
	    "authorization_code", "https://o2.mail.ru/login",
	    "https://o2.mail.ru/token", NULL, "mail.imap", 0 },
	{ "zoho", "smtps://smtp.zoho.com", "PLAIN LOGIN", NULL, NULL, NULL,
	    NULL, NULL, 0 },
	{ "icloud", "smtp://smtp.mail.me.com", "PLAIN LOGIN", NULL, NULL, NULL,
	    NULL, NULL, 0 },
	{ "proton-bridge", "smtp://127.0.0.1:1025", "PLAIN LOGIN", NULL, NULL,
	    NULL, NULL, NULL, 0 },
	{ "oidc", NULL, "OAUTHBEARER XOAUTH2", NULL, NULL, NULL, NULL,
	    "openid offline_access", 30 },
	{ "stalwart", NULL, "OAUTHBEARER XOAUTH2", NULL, NULL, NULL, NULL,
	    "urn:ietf:params:oauth:scope:mail", 0 },
	{ "ses", NULL, "PLAIN LOGIN", NULL, NULL, NULL, NULL, NULL, 0 },
	{ "sendgrid", "smtp://smtp.sendgrid.net", "PLAIN LOGIN", NULL, NULL,
	    NULL, NULL, NULL, 0 },
	{ "mailgun", "smtp://smtp.mailgun.org", "PLAIN LOGIN", NULL, NULL, NULL,
	    NULL, NULL, 0 },
	{ "postmark", "smtp://smtp.postmarkapp.com", "PLAIN LOGIN", NULL, NULL,
	    NULL, NULL, NULL, 0 },
	{ "brevo", "smtp://smtp-relay.brevo.com", "PLAIN LOGIN", NULL, NULL,
	    NULL, NULL, NULL, 0 },
};

enum { FACTS = sizeof(facts) / sizeof(facts[0]) };

/* The preset's values of a key, joined by blanks; "(none)". */
static const char *
value(const struct preset *s, const char *group, const char *key)
{
	static char text[1000];
	size_t n = 0;

	for (size_t i = 0; i < s->n_values; i++)
		if (strcmp(s->values[i].group, group) == 0 &&
		    strcmp(s->values[i].key, key) == 0)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%s", n > 0 ? " " : "", s->values[i].text);
	return n > 0 ? text : "(none)";
}

static void
check(const struct preset *s, const char *group, const char *key,
    const char *want)
{
	const char *is = value(s, group, key);

	ck_assert_msg(strcmp(is, want != NULL ? want : "(none)") == 0,
	    "%s: %s: %s", s->name, key, is);
}

START_TEST(each_is_as_known)
{
	static const char top[] = "profiles.NAME", in[] = "profiles.NAME.oauth";
	size_t n = 0;

	while (preset_at(n) != NULL)
		n++;
	ck_assert_uint_eq(n, FACTS);
	for (size_t i = 0; i < FACTS; i++) {
		const struct fact *f = &facts[i];
		const struct preset *s = preset_find(f->name);

		ck_assert_msg(s != NULL, "%s", f->name);
		check(s, top, "server", f->server);
		check(s, top, "sasl", f->sasl);
		check(s, in, "grant", f->grant);
		check(s, in, "authorize_url", f->authorize);
		check(s, in, "token_url", f->token);
		check(s, in, "device_url", f->device);
		check(s, in, "scope", f->scope);
		check(s, in, "client_id", NULL); /* never another's */
		check(s, in, "client_secret", NULL);
		ck_assert_msg(
		    s->idle_days == f->idle_days, "%s: idle_days", s->name);
		ck_assert_uint_eq(s->max_days, 0);
	}
}
END_TEST

START_TEST(further_facts)
{
	const struct preset *s = preset_find("m365");

	ck_assert_uint_eq(s->connections, 3);
	ck_assert_uint_eq(s->per_minute, 30);
	ck_assert_uint_eq(s->per_day, 10000);
	ck_assert_ptr_null(s->authorize);
	ck_assert_ptr_null(s->assertion_typ);
	ck_assert_str_eq(preset_find("gmail")->authorize,
	    "access_type=offline&prompt=consent");
	ck_assert_str_eq(
	    preset_find("oidc")->assertion_typ, "client-authentication+jwt");
}
END_TEST

START_TEST(sorted_and_whole)
{
	const struct preset *s;

	for (size_t i = 0; (s = preset_at(i)) != NULL; i++) {
		ck_assert(
		    i == 0 || strcmp(preset_at(i - 1)->name, s->name) < 0);
		ck_assert_ptr_eq(preset_find(s->name), s);
		ck_assert_uint_eq(strlen(s->as_of), 10);
		ck_assert_ptr_nonnull(strstr(s->source, "https://"));
		ck_assert_ptr_nonnull(s->steps[0]);
		ck_assert_ptr_nonnull(s->example[0]);
	}
	ck_assert_ptr_null(preset_find(""));
	ck_assert_ptr_null(preset_find("m36"));
	ck_assert_ptr_null(preset_find("zzz"));
	ck_assert_ptr_null(preset_at(SIZE_MAX));
	ck_assert_str_eq(preset_nearest("m365-ap"), "m365-app");
	ck_assert_str_eq(preset_nearest("gmial"), "gmail");
	ck_assert_ptr_null(preset_nearest("something else"));
}
END_TEST

START_TEST(expand)
{
	static const struct {
		const char *text, *tenant, *want;
	} rows[] = {
		{ "", NULL, "" },
		{ "plain", NULL, "plain" },
		{ "{tenant", NULL, "{tenant" },
		{ "{tenant}", NULL, NULL },
		{ "a{tenant}b", "x", "axb" },
		{ "{tenant}{tenant}", "xy", "xyxy" },
		{ "{tenant}", "{tenant}", "{tenant}" },
		{ "{{tenant}}", "", "{}" },
		{ "a{tenant}b{tenant}", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b;
		bool ok;

		buf_init(&b, 100);
		buf_add_str(&b, "-");
		ok = preset_expand(&b, rows[i].text, rows[i].tenant);
		ck_assert_msg(ok == (rows[i].want != NULL), "%s", rows[i].text);
		ck_assert_str_eq(b.data + 1, ok ? rows[i].want : "");
		buf_clear(&b);
	}
}
END_TEST

/* ---- in a configuration */

static const char *
joined(const struct profile *p)
{
	static char text[200];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < p->n_sasl; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
		    i > 0 ? " " : "", sasl_name(p->sasl[i]));
	return text;
}

/* The example of each loads as it stands, and goes where the preset says. */
START_TEST(examples_load)
{
	const struct preset *s;

	for (size_t i = 0; (s = preset_at(i)) != NULL; i++) {
		const struct profile *p;
		struct buf b;

		buf_init(&b, SIZE_MAX);
		buf_add_fmt(
		    &b, "profiles = { p = { preset = \"%s\";\n", s->name);
		for (const char *const *line = s->example; *line; line++)
			buf_add_fmt(&b, "%s\n", *line);
		buf_add_str(&b, "}; };\n");
		ck_assert_msg(load(b.data, SYSTEM | READABLE) == 0, "%s: %s",
		    s->name, e.text);
		p = profile("p");
		ck_assert_ptr_eq(p->preset, s);
		ck_assert_uint_ge(p->n_servers, 1);
		ck_assert_msg(
		    p->servers[0].wire.tls != WIRE_CLEAR, "%s", s->name);
		buf_clear(&b);
	}
}
END_TEST

/* Every key that a preset may have is one, and none is left unread. */
START_TEST(values_are_keys)
{
	const struct preset *s;
	const char *group, *key;

	for (size_t i = 0; (s = preset_at(i)) != NULL; i++)
		for (size_t k = 0; k < s->n_values; k++) {
			bool found = false;

			for (size_t n = 0; conf_key(n, &group, &key); n++)
				found |=
				    strcmp(group, s->values[k].group) == 0 &&
				    strcmp(key, s->values[k].key) == 0;
			ck_assert_msg(found, "%s: %s.%s", s->name,
			    s->values[k].group, s->values[k].key);
		}
}
END_TEST

#define CLIENT "oauth = { client_id = \"id\"; "

START_TEST(mailbox_at_m365)
{
	const struct profile *p;

	must_load(P(BOX ADDRESS "preset = \"m365\";" CLIENT "};"), 0);
	p = profile("p");
	ck_assert_str_eq(p->servers[0].wire.host, "smtp.office365.com");
	ck_assert_uint_eq(p->servers[0].wire.port, 587);
	ck_assert_int_eq(p->servers[0].wire.tls, WIRE_STARTTLS);
	ck_assert_str_eq(joined(p), "XOAUTH2");
	ck_assert_str_eq(p->oauth.token_url,
	    "https://login.microsoftonline.com/organizations/oauth2/v2.0/"
	    "token");
	ck_assert_uint_eq(p->n_grants, 2);
	ck_assert_int_eq(p->grants[0], PROFILE_GRANT_DEVICE_CODE);
	ck_assert_int_eq(p->oauth.grant, OAUTH_REFRESH_TOKEN);
	ck_assert_int_eq(p->oauth.client_auth, OAUTH_AUTH_NONE);
	ck_assert_str_eq(p->redirect_host, "localhost");
	ck_assert(!p->signer.has_alg); /* there is no key */
	ck_assert_str_eq(p->user, "a@example.com");

	must_load(P(BOX ADDRESS "preset = \"m365\";" CLIENT
				"tenant = \"t-1.example\"; client_key = \"/k\";"
				"grant = \"authorization_code\"; };"),
	    0);
	p = profile("p");
	ck_assert_str_eq(p->oauth.authorize_url,
	    "https://login.microsoftonline.com/t-1.example/oauth2/v2.0/"
	    "authorize");
	ck_assert_ptr_null(p->oauth.device_url); /* of no use here */
	ck_assert_uint_eq(p->n_grants, 1);
	ck_assert(p->signer.has_alg);
	ck_assert_int_eq(p->signer.alg, CRYPT_PS256);
}
END_TEST

START_TEST(application_at_m365)
{
	const struct profile *p;

	must_load(P(WHO "preset = \"m365-hve\";" CLIENT
			"tenant = \"t\"; client_secret = { file = \"/s\"; };"
			"};"),
	    0);
	p = profile("p");
	ck_assert_uint_eq(p->n_servers, 2);
	ck_assert_int_eq(p->servers[0].timeouts.greeting, 60000);
	ck_assert_int_eq(p->oauth.grant, OAUTH_CLIENT_CREDENTIALS);
	ck_assert_int_eq(p->min_life, 600000);
	ck_assert_uint_eq(p->max_rcpts, 50);
	ck_assert(!p->signer.has_alg);
	must_load(
	    P(WHO "preset = \"m365-hve\"; limits = { recipients = 7; };"
		  "server = \"smtp://a.test\"; sasl = \"OAUTHBEARER\";" CLIENT
		  "tenant = \"t\"; client_secret = { file = \"/s\"; };"
		  "min_life = \"1m\"; scope = \"s\";"
		  "token_url = \"https://a.test/t\"; };"),
	    0);
	p = profile("p");
	ck_assert_uint_eq(p->n_servers, 1);
	ck_assert_str_eq(p->servers[0].wire.host, "a.test");
	ck_assert_str_eq(joined(p), "OAUTHBEARER");
	ck_assert_uint_eq(p->max_rcpts, 7);
	ck_assert_int_eq(p->min_life, 60000);
	ck_assert_str_eq(p->oauth.scope, "s");
	ck_assert_str_eq(p->oauth.token_url, "https://a.test/t");
}
END_TEST

/* What does not fit what is written is left out, and nobody is blamed. */
START_TEST(what_does_not_fit)
{
	const struct profile *p;

	/* A password, though there is OAuth. */
	must_load(P(BOX ADDRESS "preset = \"gmail\";" PASSWORD), 0);
	p = profile("p");
	ck_assert(!p->has_oauth);
	ck_assert_str_eq(joined(p), "PLAIN LOGIN");
	ck_assert_ptr_null(p->oauth.token_url);
	/* A password, though only a token has a mechanism. */
	must_load(P(BOX ADDRESS "preset = \"m365\";" PASSWORD), 0);
	ck_assert_uint_eq(profile("p")->n_sasl, 0); /* whatever is offered */
	must_load(
	    P(BOX ADDRESS "preset = \"m365\";" PASSWORD
			  "auth = [ \"oauth\", \"password\" ];" CLIENT "};"),
	    0);
	ck_assert_str_eq(
	    joined(profile("p")), "XOAUTH2 SCRAM-SHA-256 PLAIN LOGIN");
	/* A program has the token. */
	must_load(P(BOX ADDRESS "preset = \"m365\"; oauth = {"
				"token_command = \"/bin/t\"; };"),
	    0);
	p = profile("p");
	ck_assert_int_eq(p->grants[0], PROFILE_GRANT_COMMAND);
	ck_assert_ptr_null(p->oauth.token_url);
	ck_assert_ptr_null(p->oauth.scope);
	ck_assert_str_eq(p->redirect_host, "127.0.0.1");
	/* A service account where a person was thought of. */
	must_load(P(BOX ADDRESS "preset = \"gmail\"; oauth = {"
				"service_account = \"/a\"; };"),
	    0);
	p = profile("p");
	ck_assert_int_eq(p->grants[0], PROFILE_GRANT_JWT_BEARER);
	ck_assert_ptr_null(p->oauth.authorize_url);
	ck_assert_ptr_null(p->oauth.revoke_url);
	ck_assert_str_eq(p->oauth.scope, "https://mail.google.com/");
}
END_TEST

START_TEST(server_of_ones_own)
{
	const struct profile *p;

	must_load(P(BOX ADDRESS SERVER
		      "preset = \"oidc\";" CLIENT
		      "issuer = \"https://a.test\"; client_key = \"/k\"; };"),
	    0);
	p = profile("p");
	ck_assert_uint_eq(p->n_grants, 2);
	ck_assert_str_eq(p->oauth.scope, "openid offline_access");
	ck_assert_str_eq(p->signer.audience, "issuer");
	ck_assert_str_eq(p->signer.typ, "client-authentication+jwt");
	/* No person, nothing to stay signed in for. */
	must_load(P(WHO SERVER
		      "preset = \"oidc\";" CLIENT
		      "issuer = \"https://a.test\"; client_key = \"/k\"; };"),
	    0);
	p = profile("p");
	ck_assert_int_eq(p->oauth.grant, OAUTH_CLIENT_CREDENTIALS);
	ck_assert_ptr_null(p->oauth.scope);
	/* No issuer that could be the audience. */
	must_load(P(WHO SERVER "preset = \"oidc\";" CLIENT
			       "token_url = \"https://a.test/t\";"
			       "client_key = \"/k\"; };"),
	    0);
	ck_assert_str_eq(profile("p")->signer.audience, "token_url");
	must_load(P(WHO SERVER "preset = \"oidc\";" CLIENT
			       "issuer = \"https://a.test\";"
			       "client_secret = { file = \"/s\"; }; };"),
	    0);
	ck_assert_str_eq(profile("p")->signer.audience, "token_url");
	must_load(P(WHO "preset = \"sendgrid\";" PASSWORD), 0);
	ck_assert_str_eq(profile("p")->user, "apikey");
	must_load(P(WHO "preset = \"sendgrid\"; user = \"u\";" PASSWORD), 0);
	ck_assert_str_eq(profile("p")->user, "u");
}
END_TEST

static const struct bad {
	const char *label, *text, *says;
} bad[] = {
	{ "unknown", P(WHO "\npreset = \"gmial\";" PASSWORD),
	    "x.conf:3: profiles.p.preset: \"gmial\": there is no such preset; "
	    "did you mean \"gmail\"?" },
	{ "unknown, none near", P(WHO "preset = \"wxyzwxyz\";" PASSWORD),
	    "preset: \"wxyzwxyz\": there is no such preset; osmtp preset lists "
	    "them" },
	{ "empty", P(WHO "preset = \"\";" PASSWORD),
	    "profiles.p.preset: \"\": must not be empty" },
	{ "no tenant",
	    P(WHO "\npreset = \"m365-app\"; \n" CLIENT
		  "client_secret = { file = \"/s\"; }; };"),
	    "x.conf:3: profiles.p.oauth.tenant: is missing: preset "
	    "\"m365-app\" needs it" },
	{ "everybody's tenant",
	    P(WHO "preset = \"m365-app\";\n" CLIENT "tenant = \"Common\";"
		  "client_secret = { file = \"/s\"; }; };"),
	    "x.conf:3: profiles.p.oauth.tenant: \"Common\": without a person "
	    "it must be your organization's" },
	{ "everybody's tenant, by the preset",
	    P(WHO "preset = \"m365\";" CLIENT
		  "grant = \"client_credentials\"; scope = \"x\";"
		  "client_secret = { file = \"/s\"; }; };"),
	    "oauth.tenant: is missing: preset \"m365\" needs it" },
	{ "tenant of another kind",
	    P(BOX ADDRESS "preset = \"m365\";" CLIENT "tenant = \"a/b\"; };"),
	    "oauth.tenant: \"a/b\": must be a domain" },
	{ "tenant without a preset", P(WHO SERVER OAUTH("tenant = \"x\";")),
	    "profiles.p.oauth.tenant: has no effect: there is no preset" },
	{ "tenant without use",
	    P(BOX ADDRESS "preset = \"gmail\";" CLIENT "tenant = \"x\"; };"),
	    "profiles.p.oauth.tenant: has no effect: there is no preset" },
	{ "beside credentials",
	    "profiles = { a = {" WHO "credentials = \"b\";\n"
	    "preset = \"gmail\"; }; b = {" GOOD "}; };",
	    "x.conf:2: profiles.a.preset: must not stand beside credentials" },
	{ "no server", P(WHO "preset = \"ses\";" PASSWORD),
	    "profiles.p.server: is missing: such as "
	    "\"smtp://mail.example.com\"; the preset has none" },
	{ "no client_id", P(BOX ADDRESS "preset = \"m365\"; oauth = { };"),
	    "profiles.p.oauth.client_id: is missing" },
	{ "no credentials", P(BOX ADDRESS "preset = \"m365\";"),
	    "auth: neither oauth nor a password is given" },
	{ "OAuth where there is none",
	    P(BOX ADDRESS "preset = \"icloud\";" CLIENT "};"),
	    "profiles.p.oauth.grant: a mailbox needs somebody's consent" },
	{ "a key without effect, though there is a preset",
	    P(WHO "preset = \"m365-app\";" CLIENT "tenant = \"t\";"
		  "client_secret = { file = \"/s\"; };"
		  "signing_alg = \"PS256\"; };"),
	    "oauth.signing_alg: there is no client_key" },
	{ "a mechanism that does not fit, though there is a preset",
	    P(BOX ADDRESS "preset = \"gmail\"; sasl = \"XOAUTH2\";" PASSWORD),
	    "sasl: \"XOAUTH2\" takes a token" },
};

START_TEST(bad_by_table)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int rc = load(bad[i].text, 0);

		ck_assert_msg(rc == EX_CONFIG, "%s: code %d", bad[i].label, rc);
		ck_assert_msg(strstr(e.text, bad[i].says) != NULL, "%s: %s",
		    bad[i].label, e.text);
	}
}
END_TEST

/* osmtp.conf(5) names each. */
START_TEST(manual_has_them)
{
	static char text[128 * 1024];
	const char *t = getenv("T"), *list, *end;
	char *path = mem_printf("%s%s", t ? t : "t", "/../man/osmtp.conf.5");
	const struct preset *s;

	aid_read(path, text, sizeof(text));
	free(path);
	list = strstr(text, ".Ss Presets\n");
	ck_assert_ptr_nonnull(list);
	end = strstr(list + 1, "\n.Ss ");
	ck_assert_ptr_nonnull(end);
	text[end - text] = '\0';
	for (size_t i = 0; (s = preset_at(i)) != NULL; i++)
		ck_assert_msg(
		    strstr(list, s->name) != NULL, "not there: %s", s->name);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, each_is_as_known);
	tcase_add_test(tc, further_facts);
	tcase_add_test(tc, sorted_and_whole);
	tcase_add_test(tc, expand);
	tcase_add_test(tc, examples_load);
	tcase_add_test(tc, values_are_keys);
	tcase_add_test(tc, mailbox_at_m365);
	tcase_add_test(tc, application_at_m365);
	tcase_add_test(tc, what_does_not_fit);
	tcase_add_test(tc, server_of_ones_own);
	tcase_add_test(tc, bad_by_table);
	tcase_add_test(tc, manual_has_them);
}

int
main(void)
{
	return unit_main("preset", add);
}
