/* SPDX-License-Identifier: ISC */
/* test_conf_oauth: the group oauth: what follows from what is written. */
#include "core/conf.h"

#include "conf_aid.h"

/* A group that has only what is given, of a system profile and a mailbox. */
#define SYS(keys)  P(WHO SERVER "oauth = {" keys "};")
#define MBOX(keys) P(BOX ADDRESS SERVER "oauth = {" keys "};")
#define ID	   "client_id = \"id\"; "
#define URL	   "token_url = \"https://a.test/token\"; "
#define SECRET	   "client_secret = { file = \"/s\"; }; "
#define KEY	   "client_key = \"/k.pem\"; "
#define DEVICE	   "device_url = \"https://a.test/device\"; "
#define CODE	   "authorize_url = \"https://a.test/authorize\"; "
#define ISSUER	   "issuer = \"https://a.test/x\"; "
#define SEED	   "refresh_token = { file = \"/r\"; }; "
#define ACCOUNT	   "service_account = \"/a.json\"; "
#define COMMAND	   "token_command = [ \"/bin/token\", \"x y\" ]; "

/* Grants, in order, as "device_code refresh_token". */
static const char *
grants(const struct profile *p)
{
	static char text[200];

	text[0] = '\0';
	for (size_t i = 0; i < p->n_grants; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s%s", i > 0 ? " " : "",
		    profile_grant_name(p->grants[i]));
	}
	return text;
}

static const struct good {
	const char *text, *grants;
	enum oauth_grant how;
	enum oauth_client_auth auth;
} good[] = {
	/* What stands for a grant that is not written. */
	{ SYS(ID URL SECRET), "client_credentials", OAUTH_CLIENT_CREDENTIALS,
	    OAUTH_AUTH_POST },
	{ SYS(ID ISSUER SECRET), "client_credentials", OAUTH_CLIENT_CREDENTIALS,
	    OAUTH_AUTH_POST },
	{ SYS(ID URL KEY), "client_credentials", OAUTH_CLIENT_CREDENTIALS,
	    OAUTH_AUTH_JWT },
	{ SYS(ID URL "assertion_file = \"/j\";"), "client_credentials",
	    OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_JWT },
	{ SYS(ACCOUNT), "jwt_bearer", OAUTH_JWT_BEARER, OAUTH_AUTH_NONE },
	{ SYS(ACCOUNT ID SECRET URL), "jwt_bearer", OAUTH_JWT_BEARER,
	    OAUTH_AUTH_POST },
	{ MBOX(ACCOUNT), "jwt_bearer", OAUTH_JWT_BEARER, OAUTH_AUTH_NONE },
	{ SYS(COMMAND), "command", OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_NONE },
	{ MBOX(COMMAND), "command", OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_NONE },
	{ MBOX(ID ISSUER), "device_code authorization_code",
	    OAUTH_REFRESH_TOKEN, OAUTH_AUTH_NONE },
	{ MBOX(ID URL DEVICE CODE), "device_code authorization_code",
	    OAUTH_REFRESH_TOKEN, OAUTH_AUTH_NONE },
	{ MBOX(ID URL DEVICE), "device_code", OAUTH_REFRESH_TOKEN,
	    OAUTH_AUTH_NONE },
	{ MBOX(ID URL CODE SECRET), "authorization_code", OAUTH_REFRESH_TOKEN,
	    OAUTH_AUTH_POST },
	{ MBOX(ID URL CODE SEED KEY), "authorization_code", OAUTH_REFRESH_TOKEN,
	    OAUTH_AUTH_JWT },
	{ MBOX(ID URL SEED), "refresh_token", OAUTH_REFRESH_TOKEN,
	    OAUTH_AUTH_NONE },
	/* One that is. */
	{ MBOX("grant = \"client_credentials\";" ID URL SECRET),
	    "client_credentials", OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_POST },
	{ SYS("grant = \"device_code\";" ID URL DEVICE), "device_code",
	    OAUTH_REFRESH_TOKEN, OAUTH_AUTH_NONE },
	{ SYS("grant = \"device_code\";" ID ISSUER), "device_code",
	    OAUTH_REFRESH_TOKEN, OAUTH_AUTH_NONE },
	{ MBOX("grant = [ \"authorization_code\", \"device_code\" ];" ID URL
		  DEVICE CODE),
	    "authorization_code device_code", OAUTH_REFRESH_TOKEN,
	    OAUTH_AUTH_NONE },
	{ MBOX("grant = [ \"refresh_token\", \"device_code\" ];" ID URL DEVICE),
	    "refresh_token device_code", OAUTH_REFRESH_TOKEN, OAUTH_AUTH_NONE },
	{ MBOX("grant = \"refresh_token\";" ID URL SEED SECRET),
	    "refresh_token", OAUTH_REFRESH_TOKEN, OAUTH_AUTH_POST },
	{ SYS("grant = \"jwt_bearer\";" ID URL KEY), "jwt_bearer",
	    OAUTH_JWT_BEARER, OAUTH_AUTH_NONE },
	{ SYS("grant = \"jwt_bearer\"; client_auth = \"private_key_jwt\";" ID
		  URL KEY),
	    "jwt_bearer", OAUTH_JWT_BEARER, OAUTH_AUTH_JWT },
	{ SYS("grant = \"jwt_bearer\"; assertion_file = \"/j\";" ID URL),
	    "jwt_bearer", OAUTH_JWT_BEARER, OAUTH_AUTH_NONE },
	{ SYS("client_auth = \"basic\";" ID URL SECRET), "client_credentials",
	    OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_BASIC },
	{ SYS("client_auth = \"post\";" ID URL SECRET), "client_credentials",
	    OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_POST },
	{ SYS("client_auth = \"basic_raw\";" ID URL SECRET),
	    "client_credentials", OAUTH_CLIENT_CREDENTIALS,
	    OAUTH_AUTH_BASIC_RAW },
	{ SYS("client_auth = \"private_key_jwt\";" ID URL KEY),
	    "client_credentials", OAUTH_CLIENT_CREDENTIALS, OAUTH_AUTH_JWT },
	{ MBOX("client_auth = \"none\";" ID URL DEVICE), "device_code",
	    OAUTH_REFRESH_TOKEN, OAUTH_AUTH_NONE },
};

START_TEST(grants_by_what_is_given)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const struct good *g = &good[i];
		const struct profile *p;

		must_load(g->text, 0);
		p = profile("p");
		ck_assert_msg(strcmp(grants(p), g->grants) == 0, "%s: %s",
		    g->text, grants(p));
		ck_assert_msg(p->oauth.grant == g->how, "%s", g->text);
		ck_assert_msg(p->oauth.client_auth == g->auth, "%s: %d",
		    g->text, (int)p->oauth.client_auth);
		ck_assert_int_eq(p->n_auth, 1);
		ck_assert_int_eq(p->auth[0], PROFILE_AUTH_OAUTH);
	}
}
END_TEST

START_TEST(defaults)
{
	const struct profile *p;

	must_load(SYS(ID URL SECRET), 0);
	p = profile("p");
	ck_assert_ptr_null(p->preset);
	ck_assert_ptr_null(p->oauth.issuer);
	ck_assert_ptr_null(p->oauth.authorize_url);
	ck_assert_ptr_null(p->oauth.device_url);
	ck_assert_ptr_null(p->oauth.revoke_url);
	ck_assert_ptr_null(p->oauth.scope);
	ck_assert_ptr_null(p->oauth.audience);
	ck_assert_ptr_null(p->oauth.resource);
	ck_assert_uint_eq(p->oauth.n_parameters, 0);
	ck_assert_ptr_null(p->signer.key);
	ck_assert_ptr_null(p->signer.cert);
	ck_assert_ptr_null(p->signer.key_id);
	ck_assert(!p->signer.has_alg);
	ck_assert_ptr_null(p->signer.file);
	ck_assert_str_eq(p->signer.audience, "token_url");
	ck_assert_ptr_null(p->signer.service_account);
	ck_assert_str_eq(p->signer.subject, "a@example.com");
	ck_assert_int_eq(p->signer.passphrase.form, PROFILE_NO_SECRET);
	ck_assert_uint_eq(p->token_command.n, 0);
	ck_assert_str_eq(p->redirect_host, "127.0.0.1");
	ck_assert_uint_eq(p->redirect_port, 0);
	ck_assert_int_eq(p->secret_expires, 0);
}
END_TEST

START_TEST(keys_of_a_signer)
{
	const struct profile *p;

	must_load(
	    SYS(ID ISSUER "client_key = \"~/k\"; client_cert = \"/c\";"
			  "client_key_passphrase = \"open\"; key_id = \"7\";"
			  "signing_alg = \"ES256\"; audience = \"aud\";"
			  "assertion_audience = \"issuer\"; scope = \"a b\";"
			  "resource = \"urn:x\";"
			  "parameters = { a = \"b\"; c-d = \"\"; };"
			  "grant = \"client_credentials\";"),
	    0);
	p = profile("p");
	ck_assert_str_eq(p->signer.key, "/home/alice/k");
	ck_assert_str_eq(p->signer.cert, "/c");
	ck_assert_int_eq(p->signer.passphrase.form, PROFILE_PLAIN);
	ck_assert_str_eq(
	    p->signer.passphrase.key, "profiles.p.oauth.client_key_passphrase");
	ck_assert_str_eq(
	    p->signer.passphrase.field, "oauth.client_key_passphrase");
	ck_assert_str_eq(p->signer.key_id, "7");
	ck_assert(p->signer.has_alg);
	ck_assert_int_eq(p->signer.alg, CRYPT_ES256);
	ck_assert_str_eq(p->signer.audience, "issuer");
	ck_assert_str_eq(p->oauth.issuer, "https://a.test/x");
	ck_assert_ptr_null(p->oauth.token_url);
	ck_assert_str_eq(p->oauth.scope, "a b");
	ck_assert_str_eq(p->oauth.audience, "aud");
	ck_assert_str_eq(p->oauth.resource, "urn:x");
	ck_assert_uint_eq(p->oauth.n_parameters, 2);
	ck_assert_str_eq(p->oauth.parameters[0], "a");
	ck_assert_str_eq(p->oauth.parameters[1], "b");
	ck_assert_str_eq(p->oauth.parameters[2], "c-d");
	ck_assert_str_eq(p->oauth.parameters[3], "");
}
END_TEST

START_TEST(keys_of_a_login)
{
	const struct profile *p;

	must_load(MBOX(ID URL CODE DEVICE SEED SECRET
		      "revoke_url = \"http://localhost:1/r\";"
		      "redirect_host = \"::1\"; redirect_port = 65535;"
		      "secret_expires = \"2028-02-29\";"),
	    0);
	p = profile("p");
	ck_assert_str_eq(p->oauth.authorize_url, "https://a.test/authorize");
	ck_assert_str_eq(p->oauth.device_url, "https://a.test/device");
	ck_assert_str_eq(p->oauth.revoke_url, "http://localhost:1/r");
	ck_assert_str_eq(p->redirect_host, "::1");
	ck_assert_uint_eq(p->redirect_port, 65535);
	ck_assert_int_eq(p->secret_expires, INT64_C(1835395200000));
	ck_assert_int_eq(p->refresh_token.form, PROFILE_FILE);
	must_load(MBOX(ID URL CODE "redirect_host = \"localhost\";"), 0);
	ck_assert_str_eq(profile("p")->redirect_host, "localhost");
}
END_TEST

START_TEST(keys_of_an_account)
{
	const struct profile *p;

	must_load(
	    P(WHO SERVER "user = \"u@example.com\"; oauth = {" ACCOUNT "};"),
	    0);
	p = profile("p");
	ck_assert_str_eq(p->signer.service_account, "/a.json");
	ck_assert_str_eq(p->signer.subject, "u@example.com");
	ck_assert_ptr_null(p->oauth.client_id);
	ck_assert_ptr_null(p->oauth.token_url);
	must_load(
	    SYS(ACCOUNT "subject = \"s\"; assertion_audience = \"x\";"), 0);
	ck_assert_str_eq(profile("p")->signer.subject, "s");
	ck_assert_str_eq(profile("p")->signer.audience, "x");
	must_load(SYS("token_command = \"~/token\"; min_life = \"1m\";"), 0);
	p = profile("p");
	ck_assert_uint_eq(p->token_command.n, 1);
	ck_assert_str_eq(p->token_command.v[0], "/home/alice/token");
	ck_assert_int_eq(p->min_life, 60000);
	must_load(SYS(COMMAND), 0);
	ck_assert_str_eq(profile("p")->token_command.v[1], "x y");
}
END_TEST

static const struct bad {
	const char *label, *text, *says;
	int flags;
} bad[] = {
	{ "oauth without client_id",
	    P(WHO SERVER "\noauth = { token_url = \"https://a.test/\"; };"),
	    "x.conf:1: profiles.p.oauth.client_id: is missing", 0 },
	{ "oauth without token_url",
	    P(WHO SERVER "oauth = { client_id = \"x\"; };"),
	    "profiles.p.oauth.token_url: is missing", 0 },
	{ "refresh_token without one",
	    P(BOX ADDRESS SERVER
		"oauth = { grant = \"refresh_token\"; client_id = \"x\"; "
		"token_url = \"https://a.test/\"; };"),
	    "profiles.p.oauth.refresh_token: is missing: grant "
	    "\"refresh_token\" needs one to begin with",
	    0 },
	{ "client_auth none with a secret",
	    P(WHO SERVER OAUTH("\nclient_auth = \"none\";")),
	    "x.conf:3: profiles.p.oauth.client_auth: \"none\": there is a "
	    "client_secret",
	    0 },
	{ "client_auth without a secret",
	    P(WHO SERVER REFRESH("client_auth = \"basic\";")),
	    "oauth.client_auth: there is no client_secret", 0 },
	{ "oauth client_id empty",
	    P(WHO SERVER "oauth = { client_id = \"\"; };"),
	    "oauth.client_id: \"\": must not be empty", 0 },
	{ "oauth scope empty", P(WHO SERVER OAUTH("scope = \"\";")),
	    "oauth.scope: \"\": must not be empty", 0 },
	{ "token_url in clear",
	    P(WHO SERVER "oauth = { token_url = \"http://a.test/\"; };"),
	    "oauth.token_url: \"http://a.test/\": must begin with https://",
	    0 },
	{ "token_url without host",
	    P(WHO SERVER "oauth = { token_url = \"https:///x\"; };"),
	    "oauth.token_url: \"https:///x\": has no host", 0 },
	{ "token_url with a blank",
	    P(WHO SERVER "oauth = { token_url = \"https://a.test/a b\"; };"),
	    "must not have blanks", 0 },
	{ "token_url with a bad port",
	    P(WHO SERVER "oauth = { token_url = \"https://a.test:x/\"; };"),
	    "has a port that is no number", 0 },
	{ "token_url with too high a port",
	    P(WHO SERVER "oauth = { token_url = \"https://a.test:65536/\"; };"),
	    "has a port that is no number", 0 },
	{ "token_url with a port without end",
	    P(WHO SERVER
		"oauth = { token_url = \"https://a.test:0000000000443\"; };"),
	    "has a port that is no number", 0 },
	{ "token_url that is none",
	    P(WHO SERVER "oauth = { token_url = \"token\"; };"),
	    "oauth.token_url: \"token\": must begin with https://", 0 },
	{ "min_life", P(WHO SERVER OAUTH("min_life = \"25h\";")),
	    "oauth.min_life: \"25h\": must be from 0", 0 },
	{ "a secret or what stands for it", SYS(ID URL),
	    "profiles.p.oauth.client_secret: is missing: grant "
	    "\"client_credentials\" rests on it, on a client_key or an "
	    "assertion_file",
	    0 },
	{ "jwt_bearer without anything", SYS("grant = \"jwt_bearer\";" ID URL),
	    "oauth.service_account: is missing: grant \"jwt_bearer\"", 0 },
	{ "command without one", SYS("grant = \"command\";"),
	    "oauth.token_command: is missing: grant \"command\" rests on it",
	    0 },
	{ "a grant that there is not",
	    SYS("\ngrant = \"device\";" ID URL SECRET),
	    "x.conf:3: profiles.p.oauth.grant: \"device\": must be "
	    "\"client_credentials\", \"jwt_bearer\", \"authorization_code\", "
	    "\"device_code\", \"refresh_token\" or \"command\"",
	    0 },
	{ "a grant twice",
	    MBOX("grant = [ \"device_code\", \"device_code\" ];" ID URL DEVICE),
	    "oauth.grant: \"device_code\": stands in the list twice", 0 },
	{ "no grant", SYS("grant = [ ];" ID URL SECRET),
	    "oauth.grant: must have from 1 to 4 values, not 0", 0 },
	{ "grants that do not mix",
	    SYS("grant = [ \"device_code\", \"client_credentials\" ];" ID URL
		    DEVICE SECRET),
	    "oauth.grant: \"client_credentials\" stands alone: it needs "
	    "nobody's consent, and the others rest on one",
	    0 },
	{ "grants that stand alone, both",
	    SYS("grant = [ \"command\", \"jwt_bearer\" ];" ACCOUNT COMMAND),
	    "oauth.grant: \"command\" stands alone: it needs nobody's consent",
	    0 },
	{ "a mailbox without a place to ask", MBOX(ID URL SECRET),
	    "x.conf:1: profiles.p.oauth.grant: a mailbox needs somebody's "
	    "consent, and it is not known where to ask for it: set device_url "
	    "or authorize_url, or the issuer",
	    0 },
	{ "device_code without its URL",
	    MBOX("grant = \"device_code\";" ID URL),
	    "oauth.device_url: is missing, and there is no issuer", 0 },
	{ "authorization_code without its URL",
	    MBOX("grant = [ \"device_code\", \"authorization_code\" ];" ID URL
		    DEVICE),
	    "oauth.authorize_url: is missing, and there is no issuer", 0 },
	{ "an issuer with a query", MBOX(ID "issuer = \"https://a.test/?x\";"),
	    "oauth.issuer: \"https://a.test/?x\": an issuer has no query", 0 },
	/* Keys without effect */
	{ "refresh token without use", SYS(ID URL SECRET SEED),
	    "oauth.refresh_token: has no effect beside grant "
	    "\"client_credentials\": it is for \"authorization_code\", "
	    "\"device_code\", \"refresh_token\"",
	    0 },
	{ "device_url without use", SYS(ID URL SECRET DEVICE),
	    "oauth.device_url: has no effect beside grant "
	    "\"client_credentials\": it is for \"device_code\"",
	    0 },
	{ "authorize_url without use",
	    MBOX("grant = \"device_code\";" ID URL DEVICE CODE),
	    "oauth.authorize_url: has no effect beside grant \"device_code\"",
	    0 },
	{ "redirect_host without use",
	    MBOX(ID URL DEVICE "redirect_host = \"localhost\";"),
	    "oauth.redirect_host: has no effect", 0 },
	{ "redirect_port without use",
	    SYS(ID URL SECRET "redirect_port = 8080;"),
	    "oauth.redirect_port: has no effect", 0 },
	{ "service_account without use",
	    SYS("grant = \"client_credentials\";" ID URL SECRET ACCOUNT),
	    "oauth.service_account: has no effect beside grant "
	    "\"client_credentials\": it is for \"jwt_bearer\"",
	    0 },
	{ "subject without use", SYS(ID URL SECRET "subject = \"x\";"),
	    "oauth.subject: has no effect", 0 },
	{ "token_command without use",
	    SYS("grant = \"client_credentials\";" ID URL SECRET COMMAND),
	    "oauth.token_command: has no effect", 0 },
	{ "client_id without use", SYS(COMMAND ID),
	    "oauth.client_id: has no effect beside grant \"command\"", 0 },
	{ "token_url without use", SYS(COMMAND URL),
	    "oauth.token_url: has no effect beside grant \"command\"", 0 },
	{ "parameters without use", SYS(COMMAND "parameters = { a = \"b\"; };"),
	    "oauth.parameters: has no effect beside grant \"command\"", 0 },
	{ "pin without use", SYS(COMMAND "pin = \"" PIN "\";"),
	    "oauth.pin: has no effect beside grant \"command\"", 0 },
	{ "secret_expires without a secret",
	    SYS(ID URL KEY "secret_expires = \"2027-01-01\";"),
	    "oauth.secret_expires: there is no client_secret", 0 },
	/* What signs */
	{ "certificate without key", SYS(ID URL SECRET "client_cert = \"/c\";"),
	    "oauth.client_cert: there is no client_key", 0 },
	{ "passphrase without key",
	    SYS(ID URL SECRET "client_key_passphrase = \"x\";"),
	    "oauth.client_key_passphrase: there is no client_key", 0 },
	{ "key_id without key", SYS(ACCOUNT "key_id = \"x\";"),
	    "oauth.key_id: there is no client_key", 0 },
	{ "signing_alg without key",
	    SYS(ID URL SECRET "signing_alg = \"ES256\";"),
	    "oauth.signing_alg: there is no client_key", 0 },
	{ "signing_alg", SYS(ID URL KEY "signing_alg = \"HS256\";"),
	    "oauth.signing_alg: \"HS256\": must be \"RS256\", \"PS256\" or "
	    "\"ES256\"",
	    0 },
	{ "audience of nothing",
	    SYS(ID URL SECRET "assertion_audience = \"issuer\";"),
	    "oauth.assertion_audience: there is no client_key", 0 },
	{ "audience of no issuer",
	    SYS(ID URL KEY "assertion_audience = \"issuer\";"),
	    "oauth.assertion_audience: \"issuer\": issuer is not set", 0 },
	{ "key beside an account", SYS(ACCOUNT KEY),
	    "oauth.client_key: has no effect beside service_account", 0 },
	{ "assertion beside a key", SYS(ID URL KEY "assertion_file = \"/j\";"),
	    "oauth.assertion_file: has no effect beside client_key", 0 },
	{ "assertion beside an account",
	    SYS(ACCOUNT "assertion_file = \"/j\";"),
	    "oauth.assertion_file: has no effect beside service_account", 0 },
	/* How the client shows who it is */
	{ "client_auth", SYS(ID URL SECRET "client_auth = \"raw\";"),
	    "client_auth: \"raw\": must be \"none\", \"post\", \"basic\", "
	    "\"basic_raw\" or \"private_key_jwt\"",
	    0 },
	{ "private_key_jwt without key",
	    SYS(ID URL SECRET "client_auth = \"private_key_jwt\";"),
	    "oauth.client_auth: \"private_key_jwt\": there is no client_key "
	    "and no assertion_file",
	    0 },
	{ "private_key_jwt of an account",
	    SYS(ACCOUNT "client_auth = \"private_key_jwt\";"),
	    "oauth.client_auth: \"private_key_jwt\": there is no client_key: "
	    "set it",
	    0 },
	{ "secret and key", SYS(ID URL SECRET KEY),
	    "oauth.client_secret: has no effect beside client_key", 0 },
	{ "secret and assertion", SYS(ID URL SECRET "assertion_file = \"/j\";"),
	    "oauth.client_secret: has no effect beside assertion_file", 0 },
	{ "post beside a key", SYS(ID URL SECRET KEY "client_auth = \"post\";"),
	    "oauth.client_auth: there is a client_key, which would not be used",
	    0 },
	{ "none beside a key", SYS(ID URL KEY "client_auth = \"none\";"),
	    "oauth.client_auth: there is a client_key, which would not be used",
	    0 },
	/* Values */
	{ "parameter with a key of its own",
	    SYS(ID URL SECRET "parameters = { a = \"b\";\nscope = \"x\"; };"),
	    "x.conf:3: profiles.p.oauth.parameters: \"scope\": has a key of "
	    "its own: set oauth.scope",
	    0 },
	{ "parameter that we send",
	    SYS(ID URL SECRET "parameters = { grant_type = \"password\"; };"),
	    "oauth.parameters: \"grant_type\": is sent by osmtp itself", 0 },
	{ "parameter without end",
	    SYS(ID URL SECRET "parameters = { a = \"x\\ny\"; };"),
	    "oauth.parameters: \"a\": must have a value of UTF-8", 0 },
	{ "parameter that is a number",
	    SYS(ID URL SECRET "parameters = { a = 1; };"),
	    "oauth.parameters: must be a group of strings { name = \"value\"; "
	    "}, and is a number",
	    0 },
	{ "parameters in an array",
	    SYS(ID URL SECRET "parameters = [ \"a\" ];"),
	    "oauth.parameters: must be a group of strings", 0 },
	{ "a date with words", SYS(ID URL SECRET "secret_expires = \"soon\";"),
	    "oauth.secret_expires: \"soon\": must be a date such as", 0 },
	{ "a day that there is not",
	    SYS(ID URL SECRET "secret_expires = \"2027-02-29\";"),
	    "oauth.secret_expires: \"2027-02-29\": must be a date", 0 },
	{ "a month that there is not",
	    SYS(ID URL SECRET "secret_expires = \"2027-13-01\";"),
	    "must be a date", 0 },
	{ "a date with a time",
	    SYS(ID URL SECRET "secret_expires = \"2027-01-01T00:00\";"),
	    "must be a date", 0 },
	{ "a date before dates",
	    SYS(ID URL SECRET "secret_expires = \"0000-00-00\";"),
	    "must be a date", 0 },
	{ "redirect_host", MBOX(ID URL CODE "redirect_host = \"a.test\";"),
	    "oauth.redirect_host: \"a.test\": must be \"127.0.0.1\", "
	    "\"localhost\" or \"::1\"",
	    0 },
	{ "redirect_port", MBOX(ID URL CODE "redirect_port = 65536;"),
	    "oauth.redirect_port: \"65536\": must be from 0 to 65535", 0 },
	{ "token_command relative", SYS("token_command = \"token\";"),
	    "oauth.token_command: \"token\": must be an absolute path", 0 },
	{ "token_command empty", SYS("token_command = [ ];"),
	    "oauth.token_command: must have from 1", 0 },
	{ "token_command of nothing", SYS("token_command = [ \"\", \"x\" ];"),
	    "oauth.token_command: \"\": must be an absolute path", 0 },
	{ "client_key relative", SYS(ID URL "client_key = \"k\";"),
	    "oauth.client_key: \"k\": must be an absolute path", 0 },
	{ "passphrase in clear where all can read",
	    SYS(ID URL KEY "client_key_passphrase = \"hunter2\";"),
	    "oauth.client_key_passphrase: a secret may stand in clear only",
	    READABLE },
};

START_TEST(bad_by_table)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int rc = load(bad[i].text, bad[i].flags);

		ck_assert_msg(rc == EX_CONFIG, "%s: code %d", bad[i].label, rc);
		ck_assert_msg(strstr(e.text, bad[i].says) != NULL, "%s: %s",
		    bad[i].label, e.text);
		ck_assert_ptr_null(strstr(e.text, "hunter2"));
	}
}
END_TEST

START_TEST(too_many_parameters)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add_str(&b, "profiles = { p = {" WHO SERVER
			"oauth = {" ID URL SECRET "parameters = {\n");
	for (int i = 0; i < 51; i++)
		buf_add_fmt(&b, "p%d = \"x\";\n", i);
	buf_add_str(&b, "}; }; }; };\n");
	ck_assert_int_eq(load(b.data, 0), EX_CONFIG);
	ck_assert_ptr_nonnull(
	    strstr(e.text, "x.conf:52: profiles.p.oauth.parameters: \"p50\": "
			   "is one too many: at most 50"));
	buf_clear(&b);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, grants_by_what_is_given);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, keys_of_a_signer);
	tcase_add_test(tc, keys_of_a_login);
	tcase_add_test(tc, keys_of_an_account);
	tcase_add_test(tc, bad_by_table);
	tcase_add_test(tc, too_many_parameters);
}

int
main(void)
{
	return unit_main("conf_oauth", add);
}
