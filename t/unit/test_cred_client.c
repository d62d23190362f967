/* SPDX-License-Identifier: ISC */
/*
 * cred: what a request goes with: client secrets and assertions, and what is
 * said of keys and files that are no good.
 */
#include "cred_client_aid.h"

#include "gate/jwt.h"

/* Keys, made once for all tests. */
static char keys[PATH_ROOM];

static const char *
key_path(const char *name)
{
	static char paths[4][PATH_ROOM + 32];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", keys, name);
	return path;
}

static void
make_keys(void)
{
	static const char script[] =
	    "umask 077; cd \"$0\" && exec >/dev/null 2>&1 || exit 1\n"
	    "openssl ecparam -name prime256v1 -genkey -noout -out ec.pem\n"
	    "openssl ecparam -name prime256v1 -genkey -noout -out ec2.pem\n"
	    "openssl ecparam -name secp384r1 -genkey -noout -out p384.pem\n"
	    "openssl genrsa -out rsa.pem 2048\n"
	    "openssl pkcs8 -topk8 -in ec.pem -passout pass:Tin-lid "
	    "-out locked.pem\n"
	    "for k in ec ec2 rsa; do openssl req -new -x509 -key $k.pem "
	    "-subj /CN=$k -days 30 -out $k.crt; done\n"
	    "chmod 644 *.crt; cp ec.pem open.pem; chmod 644 open.pem\n"
	    ": >empty.pem; echo 'no key' >text.pem\n"
	    "test -s rsa.crt";
	const char *tmp = getenv("TMPDIR");
	pid_t pid;
	int status;

	snprintf(keys, sizeof(keys), "%s/cred-keys.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(keys));
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", script, keys, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void
remove_keys(void)
{
	nftw(keys, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
begin(void)
{
	set_up();
	secret_init(&profile.signer.passphrase.plain);
	profile.signer.passphrase.key =
	    (char *)"profiles.noreply.oauth.client_key_passphrase";
	memset(&client, 0, sizeof(client));
}

static void
end(void)
{
	cred_client_clear(&client);
	secret_clear(&profile.signer.passphrase.plain);
	tear_down();
}

START_TEST(no_endpoint_at_all)
{
	profile.oauth.token_url = NULL;
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C,
	    "profiles.noreply.oauth.token_url: not set");
	ck_assert(!client.asked);
}
END_TEST

/* ---- assertions */

static struct json *header, *claims;

/* What the assertion says. */
static void
look_at(const struct secret *assertion)
{
	json_free(header);
	json_free(claims);
	header = claims = NULL;
	ck_assert(jwt_look(assertion, &header, &claims));
}

static void
says(const struct json *j, const char *key, const char *want)
{
	const char *got = json_get_string(j, key);

	if (want == NULL)
		ck_assert_msg(!json_has(j, key), "%s is there", key);
	else
		ck_assert_msg(got != NULL && strcmp(got, want) == 0,
		    "%s is %s, not %s", key, got != NULL ? got : "absent",
		    want);
}

static void
forget_looks(void)
{
	json_free(header);
	json_free(claims);
	header = claims = NULL;
}

START_TEST(signed_by_a_key)
{
	int64_t exp, iat;
	struct secret first;

	profile.oauth.client_auth = OAUTH_AUTH_JWT;
	profile.signer.key = key_path("ec.pem");
	loads(CRED_NEED_TOKEN);
	look_at(client.proof.client_assertion);
	ck_assert_uint_eq(secret_len(client.proof.client_secret), 0);
	ck_assert_uint_eq(secret_len(client.proof.assertion), 0);
	says(header, "alg", "ES256");
	says(header, "typ", "JWT");
	says(header, "kid", NULL);
	says(header, "x5t", NULL);
	says(claims, "iss", "id");
	says(claims, "sub", "id");
	says(claims, "aud", profile.oauth.token_url);
	says(claims, "scope", NULL);
	ck_assert(json_get_number(claims, "exp", &exp));
	ck_assert(json_get_number(claims, "iat", &iat));
	ck_assert_int_eq(exp - iat, JWT_LIFE);
	/* Each is another. */
	secret_init(&first);
	secret_move(&first, &client.client_assertion);
	loads(CRED_NEED_TOKEN);
	ck_assert(!cred_secret_is_same(&first, &client.client_assertion));
	secret_clear(&first);
	forget_looks();
}
END_TEST

START_TEST(as_configured)
{
	profile.oauth.client_auth = OAUTH_AUTH_JWT;
	profile.oauth.issuer = "https://login.example.com";
	profile.signer.key = key_path("rsa.pem");
	profile.signer.cert = key_path("rsa.crt");
	profile.signer.key_id = "key-7";
	profile.signer.typ = "client-authentication+jwt";
	profile.signer.audience = "issuer";
	loads(CRED_NEED_TOKEN);
	look_at(client.proof.client_assertion);
	says(header, "alg", "RS256");
	says(header, "typ", "client-authentication+jwt");
	says(header, "kid", "key-7");
	ck_assert(json_has(header, "x5t"));
	ck_assert(json_has(header, "x5t#S256"));
	says(claims, "aud", "https://login.example.com");
	profile.signer.has_alg = true;
	profile.signer.alg = CRYPT_PS256;
	profile.signer.audience = "https://other.example.com/x";
	loads(CRED_NEED_TOKEN);
	look_at(client.proof.client_assertion);
	says(header, "alg", "PS256");
	says(claims, "aud", "https://other.example.com/x");
	profile.signer.audience = "issuer";
	profile.oauth.issuer = NULL;
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "oauth.assertion_audience: ");
	forget_looks();
}
END_TEST

START_TEST(locked_key)
{
	profile.oauth.client_auth = OAUTH_AUTH_JWT;
	profile.signer.key = key_path("locked.pem");
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "locked.pem");
	profile.signer.passphrase.form = PROFILE_PLAIN;
	secret_set(&profile.signer.passphrase.plain, "Tin-lad", 7);
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "locked.pem");
	ck_assert_ptr_null(strstr(trouble.outcome.text, "Tin"));
	secret_set(&profile.signer.passphrase.plain, "Tin-lid", 7);
	loads(CRED_NEED_TOKEN);
	profile.signer.passphrase.form = PROFILE_FILE;
	profile.signer.passphrase.text = (char *)"/nowhere/at-all";
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "client_key_passphrase: ");
}
END_TEST

START_TEST(bad_keys)
{
	static const struct {
		const char *key, *cert, *part;
		int alg; /* or -1 */
	} cases[] = {
		{ "absent.pem", NULL, "client_key: ", -1 },
		{ "absent.pem", NULL, "absent.pem", -1 },
		{ "open.pem", NULL, "open.pem: others may read it", -1 },
		{ "empty.pem", NULL, "empty.pem: it is empty", -1 },
		{ "text.pem", NULL, "text.pem", -1 },
		{ "ec.crt", NULL, "ec.crt: others may read it", -1 },
		{ "ec.pem", "ec2.crt", "client_cert: ", -1 },
		{ "ec.pem", "ec2.crt", "ec2.crt: it is not the certificate of",
		    -1 },
		{ "ec.pem", "rsa.crt", "rsa.crt: it is not", -1 },
		{ "ec.pem", "absent.crt", "absent.crt", -1 },
		{ "ec.pem", "ec.pem", "client_cert: ", -1 },
		{ "ec.pem", NULL, "RS256 does not fit", CRYPT_RS256 },
		{ "rsa.pem", NULL, "signing_alg: ", CRYPT_ES256 },
		{ "p384.pem", NULL, "client_key: ", -1 },
		{ "p384.pem", NULL, "it can sign none of", -1 },
	};
	size_t i;

	profile.oauth.client_auth = OAUTH_AUTH_JWT;
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "client_key: not set");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		profile.signer.key = key_path(cases[i].key);
		profile.signer.cert =
		    cases[i].cert != NULL ? key_path(cases[i].cert) : NULL;
		profile.signer.has_alg = cases[i].alg >= 0;
		profile.signer.alg = (enum crypt_sign)cases[i].alg;
		fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, cases[i].part);
	}
}
END_TEST

START_TEST(assertion_of_others)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *want, *part;
	} cases[] = {
		{ "a.b.c", 0600, "a.b.c", NULL },
		{ "\n a.b.c\r\n\n", 0640, "a.b.c", NULL },
		{ "a.b.c\n", 0440, "a.b.c", NULL },
		{ "a.b.c\n", 0644, NULL, "others may read it" },
		{ "a.b.c\nd.e.f\n", 0600, NULL, "one line" },
		{ "a b\n", 0600, NULL, "one line" },
		{ "a\001b\n", 0600, NULL, "one line" },
		{ "\n", 0600, NULL, "one line" },
		{ "", 0600, NULL, "it is empty" },
	};
	char path[PATH_ROOM + 16];
	size_t i;

	snprintf(path, sizeof(path), "%s/assertion", dir);
	profile.oauth.client_auth = OAUTH_AUTH_JWT;
	profile.signer.file = path;
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, path);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(
		    path, cases[i].text, strlen(cases[i].text), cases[i].mode);
		if (cases[i].part != NULL) {
			fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, cases[i].part);
			fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C,
			    "oauth.assertion_file: ");
			continue;
		}
		loads(CRED_NEED_TOKEN);
		ck_assert_str_eq(secret_reveal(client.proof.client_assertion),
		    cases[i].want);
	}
}
END_TEST

/* ---- JWT bearer */

/* Google's file, with the RSA key in it. */
static void
write_account_of(const char *path, const char *type, const char *place)
{
	char pem[4096], text[2 * sizeof(pem)];
	FILE *f = fopen(key_path("rsa.pem"), "r");
	size_t n, i, k;

	ck_assert_ptr_nonnull(f);
	n = fread(pem, 1, sizeof(pem) - 1, f);
	fclose(f);
	k = (size_t)snprintf(text, sizeof(text),
	    "{\"type\":\"%s\",\"client_email\":\"robot@p.example.com\","
	    "\"private_key_id\":\"k1\",\"token_uri\":\"%s\","
	    "\"private_key\":\"",
	    type, place);
	for (i = 0; i < n; i++) {
		if (pem[i] == '\n')
			text[k++] = '\\';
		text[k++] = pem[i] == '\n' ? 'n' : pem[i];
	}
	k += (size_t)snprintf(text + k, sizeof(text) - k, "\"}");
	write_file(path, text, k, 0600);
}

static void
write_account(const char *path, const char *type)
{
	write_account_of(path, type, "https://token.example.com/t");
}

static void
write_account_at(const char *path, const char *place)
{
	write_account_of(path, "service_account", place);
}

START_TEST(service_account)
{
	char path[PATH_ROOM + 16];

	snprintf(path, sizeof(path), "%s/account.json", dir);
	write_account(path, "service_account");
	profile.oauth.grant = OAUTH_JWT_BEARER;
	profile.oauth.client_auth = OAUTH_AUTH_NONE;
	profile.oauth.client_id = NULL;
	profile.oauth.token_url = NULL;
	profile.signer.service_account = path;
	profile.signer.subject = "anna@example.com";
	loads(CRED_NEED_TOKEN);
	ck_assert_str_eq(
	    client.client.token_url, "https://token.example.com/t");
	ck_assert_uint_eq(secret_len(client.proof.client_assertion), 0);
	look_at(client.proof.assertion);
	says(header, "alg", "RS256");
	says(header, "kid", "k1");
	says(claims, "iss", "robot@p.example.com");
	says(claims, "sub", "anna@example.com");
	says(claims, "aud", "https://token.example.com/t");
	says(claims, "scope", "mail");
	/* The configured endpoint wins. */
	profile.oauth.token_url = "https://login.example.com/mine";
	loads(CRED_NEED_TOKEN);
	look_at(client.proof.assertion);
	says(claims, "aud", "https://login.example.com/mine");

	/* What the file names is no better than what is configured. */
	write_account_at(path, "http://token.example.com/t");
	profile.oauth.token_url = NULL;
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "token_uri: not an https URL");
	write_account_at(path, "https://anna:secret@token.example.com/t");
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "token_uri: not an https URL");

	write_account(path, "authorized_user");
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "the consent of a person");
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "oauth.service_account: ");
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, path);
	write_file(path, "{", 1, 0600);
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, path);
	ck_assert_int_eq(chmod(path, 0604), 0);
	fails(CRED_NEED_TOKEN, OUTCOME_CLASS_C, "others may read it");
	forget_looks();
}
END_TEST

START_TEST(grant_by_a_key)
{
	char path[PATH_ROOM + 16];

	snprintf(path, sizeof(path), "%s/assertion", dir);
	write_file(path, "x.y.z", 5, 0600);
	profile.oauth.grant = OAUTH_JWT_BEARER;
	profile.oauth.client_auth = OAUTH_AUTH_POST;
	profile.signer.key = key_path("ec.pem");
	profile.signer.subject = "anna@example.com";
	loads(CRED_NEED_TOKEN);
	look_at(client.proof.assertion);
	says(claims, "iss", "id");
	says(claims, "sub", "anna@example.com");
	says(claims, "scope", NULL);
	ck_assert_str_eq(secret_reveal(client.proof.client_secret), "Hush");
	/* With a file beside it, that is the client's. */
	profile.oauth.client_auth = OAUTH_AUTH_JWT;
	profile.signer.file = path;
	loads(CRED_NEED_TOKEN);
	look_at(client.proof.assertion);
	ck_assert_str_eq(secret_reveal(client.proof.client_assertion), "x.y.z");
	profile.oauth.client_auth = OAUTH_AUTH_NONE;
	profile.signer.key = NULL;
	loads(CRED_NEED_TOKEN);
	ck_assert_str_eq(secret_reveal(client.proof.assertion), "x.y.z");
	/* A login has no use for the grant's. */
	profile.oauth.device_url = "https://login.example.com/device";
	loads(CRED_NEED_DEVICE);
	ck_assert_uint_eq(secret_len(client.proof.assertion), 0);
	forget_looks();
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, make_keys, remove_keys);
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, no_endpoint_at_all);
	tcase_add_test(tc, signed_by_a_key);
	tcase_add_test(tc, as_configured);
	tcase_add_test(tc, locked_key);
	tcase_add_test(tc, bad_keys);
	tcase_add_test(tc, assertion_of_others);
	tcase_add_test(tc, service_account);
	tcase_add_test(tc, grant_by_a_key);
}

int
main(void)
{
	return unit_main("cred_client", add);
}
