/* SPDX-License-Identifier: ISC */
/* Test gate/jwt: assertions that openssl verifies; a look into tokens; the key
 * files of service accounts and what is taken for them. */
#include "gate/jwt.h"

#include <string.h>

#include "base/text.h"
#include "crypt_aid.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

/* An instant; the second has begun 345 ms ago. */
#define NOW INT64_C(1767225600345)

static const char script[] =
    "new() { openssl genpkey -out $1 -algorithm $2 ${3+-pkeyopt $3}\n"
    "	openssl pkey -in $1 -pubout -out $1.pub; }\n"
    "new rsa RSA rsa_keygen_bits:2048\n"
    "new ec EC ec_paramgen_curve:P-256\n"
    "new p384 EC ec_paramgen_curve:P-384\n"
    "new ed25519 ED25519\n"
    "openssl req -x509 -new -key rsa -subj /CN=app -days 30 -out crt\n"
    "for h in sha1 sha256; do\n"
    "	openssl x509 -in crt -outform DER | openssl dgst -$h -binary | "
    "openssl base64 -A | tr -- +/ -_ | tr -d = >crt.$h\n"
    "done\n";

static void
begin(void)
{
	crypt_aid_make(script);
}

/* ---- assertions */

static void
make(const struct jwt_order *q, struct secret *out)
{
	struct err e = ERR_NONE;

	secret_init(out);
	ck_assert_msg(jwt_make(q, NOW, out, &e) == 0, "%s", e.text);
}

/* Header and claims of a token of ours, and what stands in them. */
static void
is_text(const struct secret *token, bool header, const char *want)
{
	struct json *h, *c;
	struct buf b;

	ck_assert(jwt_look(token, &h, &c));
	buf_init(&b, 8192);
	json_add_to(&b, header ? h : c);
	ck_assert_str_eq(b.data, want);
	buf_clear(&b);
	json_free(h);
	json_free(c);
}

static const struct {
	const char *key, *public;
	enum crypt_sign alg;
	const char *header;
} ways[] = {
	{ "rsa", "rsa.pub", CRYPT_RS256,
	    "{\"alg\":\"RS256\",\"typ\":\"JWT\"}" },
	{ "rsa", "rsa.pub", CRYPT_PS256,
	    "{\"alg\":\"PS256\",\"typ\":\"JWT\"}" },
	{ "ec", "ec.pub", CRYPT_ES256, "{\"alg\":\"ES256\",\"typ\":\"JWT\"}" },
};

START_TEST(openssl_verifies)
{
	struct jwt_order q = { .alg = ways[_i].alg, .life = JWT_LIFE };
	struct crypt_key *k;
	struct secret token;
	const char *p, *dot;
	struct buf sig;

	if (!crypt_aid_ready)
		return;
	q.key = k = crypt_aid_key(ways[_i].key);
	q.iss = q.sub = "client";
	make(&q, &token);
	is_text(&token, true, ways[_i].header);
	p = secret_reveal(&token);
	dot = strrchr(p, '.');
	ck_assert_uint_eq(
	    strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
		      "wxyz0123456789-_."),
	    secret_len(&token));
	buf_init(&sig, 1024);
	ck_assert(text_add_unbase64url(&sig, dot + 1, strlen(dot + 1)));
	ck_assert(crypt_aid_verify(ways[_i].public, ways[_i].alg, p,
	    (size_t)(dot - p), sig.data, sig.len));
	ck_assert(!crypt_aid_verify(ways[_i].public, ways[_i].alg, p,
	    (size_t)(dot - p) - 1, sig.data, sig.len));
	buf_clear(&sig);
	secret_clear(&token);
	crypt_key_free(k);
}
END_TEST

/* The claims with jti, which is random, cut off. */
static void
is_claims(const struct secret *token, const char *want)
{
	struct json *c;
	struct buf b, jti;
	char *at;

	ck_assert(jwt_look(token, NULL, &c));
	buf_init(&b, 8192);
	buf_init(&jti, 64);
	json_add_to(&b, c);
	at = strstr(b.data, ",\"jti\":\"");
	ck_assert_ptr_nonnull(at);
	ck_assert(
	    text_add_unbase64url(&jti, at + 8, strlen(at + 8) - strlen("\"}")));
	ck_assert_uint_eq(jti.len, 16);
	*at = '\0';
	ck_assert_str_eq(b.data, want);
	buf_clear(&jti);
	buf_clear(&b);
	json_free(c);
}

START_TEST(claims_are_what_was_ordered)
{
	struct jwt_order q = { .alg = CRYPT_ES256, .life = JWT_LIFE };
	struct crypt_key *k;
	struct secret token;

	if (!crypt_aid_ready)
		return;
	q.key = k = crypt_aid_key("ec");
	make(&q, &token);
	is_claims(&token,
	    "{\"iat\":1767225600,\"nbf\":1767225540,\"exp\":1767225900");
	secret_clear(&token);
	q.iss = "app@example.com";
	q.sub = "it's \"me\"\n";
	q.aud = "https://login.example.com/token";
	q.scope = "https://mail.example.com/ b";
	q.life = 3600;
	q.typ = "client-authentication+jwt";
	q.kid = "key 1";
	make(&q, &token);
	is_claims(&token,
	    "{\"iss\":\"app@example.com\",\"sub\":\"it's \\\"me\\\"\\n\","
	    "\"aud\":\"https://login.example.com/token\","
	    "\"scope\":\"https://mail.example.com/ b\","
	    "\"iat\":1767225600,\"nbf\":1767225540,\"exp\":1767229200");
	is_text(&token, true,
	    "{\"alg\":\"ES256\",\"typ\":\"client-authentication+jwt\","
	    "\"kid\":\"key 1\"}");
	secret_clear(&token);
	crypt_key_free(k);
}
END_TEST

START_TEST(a_certificate_gives_its_marks)
{
	struct jwt_order q = { .alg = CRYPT_PS256, .life = JWT_LIFE };
	char pem[8192], sha1[128], sha256[128];
	struct crypt_cert cert;
	struct crypt_key *k;
	struct secret token;
	struct json *h;

	if (!crypt_aid_ready)
		return;
	aid_read(aid_path("crt"), pem, sizeof(pem));
	ck_assert_int_eq(crypt_cert_load(pem, strlen(pem), &cert, NULL), 0);
	q.key = k = crypt_aid_key("rsa");
	q.cert = &cert;
	make(&q, &token);
	ck_assert(jwt_look(&token, &h, NULL));
	ck_assert_str_eq(json_get_string(h, "x5t"),
	    aid_read(aid_path("crt.sha1"), sha1, sizeof(sha1)));
	ck_assert_str_eq(json_get_string(h, "x5t#S256"),
	    aid_read(aid_path("crt.sha256"), sha256, sizeof(sha256)));
	json_free(h);
	secret_clear(&token);
	crypt_key_free(k);
}
END_TEST

START_TEST(no_two_are_equal)
{
	struct jwt_order q = { .alg = CRYPT_RS256, .life = JWT_LIFE };
	struct secret a, b;
	struct crypt_key *k;

	if (!crypt_aid_ready)
		return;
	q.key = k = crypt_aid_key("rsa");
	make(&q, &a);
	make(&q, &b);
	ck_assert_str_ne(secret_reveal(&a), secret_reveal(&b));
	secret_clear(&a);
	secret_clear(&b);
	crypt_key_free(k);
}
END_TEST

static const struct {
	const char *key;
	enum crypt_sign alg;
	const char *text;
} misfits[] = {
	{ "rsa", CRYPT_ES256,
	    "assertion: ES256 does not fit the key (RSA, 2048 bits): it can "
	    "sign RS256 and PS256" },
	{ "ec", CRYPT_RS256,
	    "assertion: RS256 does not fit the key (EC, P-256): it can sign "
	    "ES256" },
	{ "ec", CRYPT_PS256,
	    "assertion: PS256 does not fit the key (EC, P-256): it can sign "
	    "ES256" },
	{ "p384", CRYPT_ES256,
	    "assertion: ES256 does not fit the key (EC, P-384): it can sign "
	    "none of RS256, PS256 (both RSA), ES256 (EC, P-256)" },
	{ "ed25519", CRYPT_RS256,
	    "assertion: RS256 does not fit the key (Ed25519): it can sign none "
	    "of RS256, PS256 (both RSA), ES256 (EC, P-256)" },
};

START_TEST(a_key_that_can_not_is_named)
{
	struct jwt_order q = { .alg = misfits[_i].alg, .life = JWT_LIFE };
	struct err e = ERR_NONE;
	struct crypt_key *k;
	struct secret token;

	if (!crypt_aid_ready)
		return;
	q.key = k = crypt_aid_key(misfits[_i].key);
	secret_init(&token);
	ck_assert_int_eq(jwt_make(&q, NOW, &token, &e), EX_CONFIG);
	ck_assert_str_eq(e.text, misfits[_i].text);
	ck_assert_uint_eq(secret_len(&token), 0);
	crypt_key_free(k);
}
END_TEST

START_TEST(endless_claims_are_refused)
{
	struct jwt_order q = { .alg = CRYPT_ES256, .life = JWT_LIFE };
	struct err e = ERR_NONE;
	struct crypt_key *k;
	struct secret token;
	static char huge[100000];

	if (!crypt_aid_ready)
		return;
	q.key = k = crypt_aid_key("ec");
	secret_init(&token);
	memset(huge, 'a', sizeof(huge) - 1);
	q.scope = huge;
	ck_assert_int_eq(jwt_make(&q, NOW, &token, &e), EX_SOFTWARE);
	ck_assert_ptr_nonnull(strstr(e.text, "longer than"));
	ck_assert_uint_eq(secret_len(&token), 0);
	/* In clear it would still fit. */
	huge[50000] = '\0';
	ck_assert_int_eq(jwt_make(&q, NOW, &token, &e), EX_SOFTWARE);
	ck_assert_uint_eq(secret_len(&token), 0);
	crypt_key_free(k);
}
END_TEST

/* ---- looks */

static bool
looks(const char *text, size_t n, struct json **h, struct json **c)
{
	struct secret s;
	bool ok;

	secret_init(&s);
	secret_set(&s, text, n);
	ok = jwt_look(&s, h, c);
	secret_clear(&s);
	return ok;
}

/* RFC 7515 A.1 and A.5 (an unsecured one). */
#define A1_HEADER "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
#define A1_CLAIMS                                                    \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly" \
	"9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define A1_MAC	  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define A5_HEADER "eyJhbGciOiJub25lIn0"

START_TEST(published_tokens_are_read)
{
	static const char a1[] = A1_HEADER "." A1_CLAIMS "." A1_MAC;
	static const char a5[] = A5_HEADER "." A1_CLAIMS ".";
	struct json *h, *c;
	int64_t n;

	ck_assert(looks(a1, sizeof(a1) - 1, &h, &c));
	ck_assert_str_eq(json_get_string(h, "alg"), "HS256");
	ck_assert_str_eq(json_get_string(c, "iss"), "joe");
	ck_assert(json_get_number(c, "exp", &n));
	ck_assert_int_eq(n, 1300819380);
	ck_assert(json_get_bool(c, "http://example.com/is_root"));
	json_free(h);
	json_free(c);
	ck_assert(looks(a5, sizeof(a5) - 1, &h, NULL));
	ck_assert_str_eq(json_get_string(h, "alg"), "none");
	json_free(h);
	ck_assert(looks(a5, sizeof(a5) - 1, NULL, NULL));
}
END_TEST

static const char *const no_tokens[] = {
	"",
	".",
	"..",
	"...",
	"e30",
	"e30.e30",	       /* two parts */
	"e30.e30.e30.e30",     /* four */
	"e30.e30.e30.e30.e30", /* five: encrypted */
	".e30.e30",	       /* no header */
	"e30..e30",	       /* no claims */
	"e30.e30.e",	       /* no base64url */
	"e30.e30.e3=",	       /* padded */
	"e30=.e30.e30",
	"e31.e30.e30",	  /* bits left over */
	"e30.e30.a+b/",	  /* the other alphabet */
	"e30.W10.e30",	  /* claims are [] */
	"IjEi.e30.e30",	  /* header is "1" */
	"e30.bm9uZQ.e30", /* claims are no JSON */
	" e30.e30.e30",
	"e30.e30.e30\n",
	"ya29.a0AfH6SMBx-y_z.q", /* what looks a little like one */
	A1_HEADER "." A1_CLAIMS,
};

START_TEST(others_are_no_tokens)
{
	struct json *h = NULL, *c = NULL;
	const char *text = no_tokens[_i];

	ck_assert_msg(!looks(text, strlen(text), &h, &c), "%s", text);
	ck_assert_ptr_null(h);
	ck_assert_ptr_null(c);
}
END_TEST

START_TEST(octets_and_lengths_are_bounded)
{
	static const char nul[] = "e30.e3\0.e30";
	struct json *h = NULL;
	struct buf b;
	int i;

	ck_assert(!looks(nul, sizeof(nul) - 1, &h, NULL));
	ck_assert(looks("e30.e30.", 8, &h, NULL));
	json_free(h);
	buf_init(&b, 1 << 20);
	buf_add_str(&b, "e30.e30.");
	for (i = 0; i < 16380; i++)
		buf_add_str(&b, "AAAA");
	ck_assert(looks(b.data, b.len, &h, NULL));
	json_free(h);
	for (i = 0; i < 100; i++)
		buf_add_str(&b, "AAAA");
	ck_assert(!looks(b.data, b.len, &h, NULL));
	buf_clear(&b);
}
END_TEST

/* ---- service accounts */

static int
account(const char *text, size_t n, struct jwt_account *a, struct err *e)
{
	struct secret s;
	int rc;

	secret_init(&s);
	secret_set(&s, text, n);
	rc = jwt_account_read(&s, a, e);
	secret_clear(&s);
	return rc;
}

#define PEM  "-----BEGIN PRIVATE KEY-----\\nHUSH\\n-----END PRIVATE KEY-----\\n"
#define TYPE "\"type\":\"service_account\","
#define REST                                        \
	"\"private_key_id\":\"0123456789abcdef\","  \
	"\"client_email\":\"a@p.iam.example.com\"," \
	"\"client_id\":\"1234567890\","             \
	"\"token_uri\":\"https://oauth2.example.com/token\"}"

START_TEST(an_account_is_read)
{
	static const char text[] =
	    "\xef\xbb\xbf{" TYPE "\"private_key\":\"" PEM "\"," REST;
	static const char small[] =
	    "{" TYPE "\"private_key\":\"" PEM "\",\"client_email\":\"a\","
	    "\"token_uri\":\"https://b/\"}\n";
	struct err e = ERR_NONE;
	struct jwt_account a;

	ck_assert_msg(
	    account(text, sizeof(text) - 1, &a, &e) == 0, "%s", e.text);
	ck_assert_str_eq(a.email, "a@p.iam.example.com");
	ck_assert_str_eq(a.key_id, "0123456789abcdef");
	ck_assert_str_eq(a.token_url, "https://oauth2.example.com/token");
	ck_assert_str_eq(secret_reveal(&a.key),
	    "-----BEGIN PRIVATE KEY-----\nHUSH\n-----END PRIVATE KEY-----\n");
	jwt_account_clear(&a);
	ck_assert_ptr_null(a.email);
	ck_assert_uint_eq(secret_len(&a.key), 0);
	jwt_account_clear(&a);
	ck_assert_int_eq(account(small, sizeof(small) - 1, &a, &e), 0);
	ck_assert_ptr_null(a.key_id);
	jwt_account_clear(&a);
}
END_TEST

static const struct {
	const char *text, *reason;
	bool fetch; /* does it say what to fetch instead? */
} bad_accounts[] = {
	{ "", "it is empty", true },
	{ "hello", "no JSON (json: line 1", true },
	{ "[]", "no JSON (json: input: not an object)", true },
	{ "{\"type\":\"service_account\"", "it ends too early", true },
	{ "-----BEGIN PRIVATE KEY-----\nHUSH\n", "this is PEM", true },
	{ "0\x82HUSH", "a key of type P12", true },
	{ "{}", "no member \"type\"", true },
	{ "{\"type\":1}", "no member \"type\"", true },
	{ "{\"type\":\"x\\u001b[2J\"}", "its type is \"x?[2J\"", true },
	{ "{\"type\":\"\"}", "its type is \"\"", true },
	{ "{\"type\":\"authorized_user\",\"client_id\":\"i\","
	  "\"client_secret\":\"HUSH\",\"refresh_token\":\"HUSH\"}",
	    "the consent of a person", true },
	{ "{\"type\":\"external_account\"}", "workload identity", true },
	{ "{\"type\":\"external_account_authorized_user\"}",
	    "workforce identity", true },
	{ "{\"type\":\"impersonated_service_account\"}",
	    "by way of another account", true },
	{ "{\"type\":\"gdch_service_account\"}", "Distributed Cloud", true },
	{ "{\"installed\":{\"client_secret\":\"HUSH\"}}",
	    "an OAuth client, which belongs in client_id", true },
	{ "{\"web\":{\"client_secret\":\"HUSH\"}}", "an OAuth client", true },
	{ "{" TYPE REST, "member \"private_key\" is missing", true },
	{ "{" TYPE "\"private_key\":[\"HUSH\"]," REST,
	    "member \"private_key\" is no string", true },
	{ "{" TYPE "\"private_key\":\"\"," REST,
	    "member \"private_key\" is empty", true },
	{ "{" TYPE "\"private_key\":\"HUSH\"," REST, "private_key is no PEM",
	    true },
	{ "{" TYPE "\"private_key\":\"-----BEGIN PRIVATE "
	  "KEY-----\\\\nHUSH\\\\n-----END PRIVATE KEY-----\\\\n\"," REST,
	    "the line ends of private_key are \"\\\\n\"", false },
	{ "{" TYPE "\"private_key\":\"" PEM "\",\"token_uri\":\"u\"}",
	    "member \"client_email\" is missing", true },
	{ "{" TYPE "\"private_key\":\"" PEM "\",\"client_email\":\"a\"}",
	    "member \"token_uri\" is missing", true },
	{ "{" TYPE "\"private_key\":\"" PEM "\",\"client_email\":null,"
	  "\"token_uri\":\"u\"}",
	    "member \"client_email\" is no string", true },
	{ "{" TYPE "\"private_key\":\"HUSH\\u0000\"," REST, "NUL character",
	    true },
};

START_TEST(other_files_are_named)
{
	const char *text = bad_accounts[_i].text;
	struct err e = ERR_NONE;
	struct jwt_account a;

	ck_assert_msg(
	    account(text, strlen(text), &a, &e) == EX_CONFIG, "%s", text);
	ck_assert_int_eq(e.code, EX_CONFIG);
	ck_assert_msg(text_starts(e.text, "service account: "), "%s", e.text);
	ck_assert_msg(
	    strstr(e.text, bad_accounts[_i].reason) != NULL, "%s", e.text);
	ck_assert_msg((strstr(e.text, "make a key of type JSON") != NULL) ==
			  bad_accounts[_i].fetch,
	    "%s", e.text);
	ck_assert_msg(strstr(e.text, "HUSH") == NULL, "%s", e.text);
	ck_assert_uint_eq(secret_len(&a.key), 0);
	ck_assert_ptr_null(a.email);
	jwt_account_clear(&a);
}
END_TEST

START_TEST(a_huge_file_is_none)
{
	static char huge[100000];
	struct err e = ERR_NONE;
	struct jwt_account a;

	memset(huge, ' ', sizeof(huge));
	ck_assert_int_eq(account(huge, sizeof(huge), &a, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "too large"));
	jwt_account_clear(&a);
}
END_TEST

/* The whole way: a file as it is downloaded, its key, an assertion. */
START_TEST(an_account_signs)
{
	struct jwt_order q = { .alg = CRYPT_RS256, .life = 3600 };
	struct jwt_account a;
	struct secret word, token;
	struct crypt_key *k;
	struct json *file;
	struct buf b;
	char pem[8192];

	if (!crypt_aid_ready)
		return;
	file = json_new();
	json_set_string(file, "type", "service_account");
	json_set_string(
	    file, "private_key", aid_read(aid_path("rsa"), pem, sizeof(pem)));
	json_set_string(file, "private_key_id", "k1");
	json_set_string(file, "client_email", "a@p.iam.example.com");
	json_set_string(file, "token_uri", "https://oauth2.example.com/token");
	buf_init(&b, 16384);
	json_add_to(&b, file);
	ck_assert_int_eq(account(b.data, b.len, &a, NULL), 0);
	secret_init(&word);
	ck_assert_int_eq(crypt_key_load(&a.key, &word, &k, NULL), 0);
	q.key = k;
	q.kid = a.key_id;
	q.iss = a.email;
	q.aud = a.token_url;
	q.sub = "mailbox@example.com";
	q.scope = "https://mail.google.com/";
	make(&q, &token);
	is_claims(&token,
	    "{\"iss\":\"a@p.iam.example.com\","
	    "\"sub\":\"mailbox@example.com\","
	    "\"aud\":\"https://oauth2.example.com/token\","
	    "\"scope\":\"https://mail.google.com/\","
	    "\"iat\":1767225600,\"nbf\":1767225540,\"exp\":1767229200");
	secret_clear(&token);
	crypt_key_free(k);
	jwt_account_clear(&a);
	buf_clear(&b);
	json_free(file);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, begin, aid_remove_dir);
	tcase_add_loop_test(tc, openssl_verifies, 0, COUNT(ways));
	tcase_add_test(tc, claims_are_what_was_ordered);
	tcase_add_test(tc, a_certificate_gives_its_marks);
	tcase_add_test(tc, no_two_are_equal);
	tcase_add_loop_test(tc, a_key_that_can_not_is_named, 0, COUNT(misfits));
	tcase_add_test(tc, endless_claims_are_refused);
	tcase_add_test(tc, published_tokens_are_read);
	tcase_add_loop_test(tc, others_are_no_tokens, 0, COUNT(no_tokens));
	tcase_add_test(tc, octets_and_lengths_are_bounded);
	tcase_add_test(tc, an_account_is_read);
	tcase_add_loop_test(tc, other_files_are_named, 0, COUNT(bad_accounts));
	tcase_add_test(tc, a_huge_file_is_none);
	tcase_add_test(tc, an_account_signs);
}

int
main(void)
{
	return unit_main("jwt", add);
}
