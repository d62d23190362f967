/* SPDX-License-Identifier: ISC */
/* Test what crypt reads of certificates, against openssl. */
#include "gate/crypt.h"

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "crypt_aid.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

static const char script[] =
    "cert() { n=$1 s=$2 k=$3; shift 3\n"
    "	openssl req -x509 -new -key $k -subj \"$s\" -out $n.pem \"$@\"; }\n"
    "n=0; while [ $n -lt 60 ]; do\n"
    "	many=$many${many+,}DNS:host$n.example.com; n=$((n + 1)); done\n"
    "long=a; while [ ${#long} -lt 200 ]; do long=$long.$long; done\n"
    "openssl ecparam -genkey -noout -name prime256v1 -out ec\n"
    "openssl ecparam -genkey -noout -name prime256v1 -out other\n"
    "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa\n"
    "openssl genpkey -algorithm ED25519 -out ed25519\n"
    "cert plain '/O=Example/CN=app.example.com' ec -days 30\n"
    "cert rsa /CN=rsa rsa\n"
    "cert ed25519 /CN=ed ed25519\n"
    "cert nameless / ec\n"
    "cert utf8 '/O=M\303\274nster/CN=b\303\266se' ec -utf8\n"
    "cert controls \"/CN=a$(printf '\\033')[31mb\" ec\n"
    "cert names /CN=unused ec -addext 'subjectAltName=DNS:a.example.com,"
    "DNS:*.example.org,IP:192.0.2.7,IP:2001:db8::1,email:x@example.com,"
    "URI:https://example.com/'\n"
    "cert many /CN=unused ec -addext subjectAltName=$many\n"
    "cert long /CN=unused ec -addext subjectAltName=DNS:$long\n"
    "{ echo 'some text'; cat ec plain.pem rsa.pem; } >first.pem\n"
    "sed 's/$/\\r/' plain.pem >crlf.pem\n"
    "sed 's/BEGIN CERT/BEGIN X509 CERT/;s/END CERT/END X509 CERT/' plain.pem "
    ">x509.pem\n"
    ": >empty.pem\n"
    "echo text >text.pem\n"
    "sed 4d plain.pem >line-lost.pem\n"
    "sed '$d' plain.pem >end-lost.pem\n"
    "sed '3s/./!/7' plain.pem >letter.pem\n"
    "{ head -c 99 plain.pem; printf '\\0'; tail -c +100 plain.pem; } "
    ">nul.pem\n"
    "openssl x509 -in plain.pem -outform DER -out der.pem\n"
    "openssl req -new -key ec -subj /CN=x -out csr.pem\n"
    "openssl pkey -in ec -pubout -out public.pem\n"
    "head -c 5000000 /dev/zero >huge.pem\n"
    "for h in sha1 sha256; do\n"
    "	openssl x509 -in plain.pem -noout -fingerprint -$h >plain.$h\n"
    "done\n"
    "printf 'pin=' >plain.pin; openssl x509 -in plain.pem -noout -pubkey | "
    "openssl pkey -pubin -outform DER | openssl dgst -sha256 -c | "
    "sed 's/.*= *//' | tr a-f A-F >>plain.pin\n"
    "openssl x509 -in plain.pem -noout -dates -dateopt iso_8601 >plain.dates\n";

static void
begin(void)
{
	crypt_aid_make(script);
}

static char text[6000000];
static size_t text_n;

static int
load(const char *name, struct crypt_cert *c, struct err *e)
{
	text_n = crypt_aid_octets(name, text, sizeof(text));
	return crypt_cert_load(text, text_n, c, e);
}

static void
good(const char *name, struct crypt_cert *c)
{
	struct err e = ERR_NONE;

	ck_assert_msg(load(name, c, &e) == 0, "%s: %s", name, e.text);
}

/* "sha1 Fingerprint=AB:CD..": of the same octets? */
static void
fingerprint(const char *name, const unsigned char *p, size_t n)
{
	char line[256], want[256] = "";
	const char *at;
	size_t i;

	at = strchr(aid_read(aid_path(name), line, sizeof(line)), '=');
	ck_assert_ptr_nonnull(at);
	for (i = 0; i < n; i++)
		snprintf(want + strlen(want), sizeof(want) - strlen(want),
		    i > 0 ? ":%02X" : "%02X", p[i]);
	ck_assert_msg(strncmp(at + 1, want, strlen(want)) == 0, "%s", line);
	ck_assert_uint_eq(strspn(at + 1, ":0123456789ABCDEF"), strlen(want));
}

static int64_t
date(const char *dates, const char *name)
{
	const char *at = strstr(dates, name);
	struct tm tm = { 0 };

	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(
	    strptime(at + strlen(name), "%Y-%m-%d %H:%M:%SZ", &tm));
	return (int64_t)timegm(&tm) * 1000;
}

START_TEST(openssl_reads_the_same)
{
	struct crypt_cert c;
	char dates[256];

	if (!crypt_aid_ready)
		return;
	good("plain.pem", &c);
	fingerprint("plain.sha1", c.sha1, sizeof(c.sha1));
	fingerprint("plain.sha256", c.sha256, sizeof(c.sha256));
	fingerprint("plain.pin", c.pin, sizeof(c.pin));
	aid_read(aid_path("plain.dates"), dates, sizeof(dates));
	ck_assert_int_eq(c.not_before, date(dates, "notBefore="));
	ck_assert_int_eq(c.not_after, date(dates, "notAfter="));
	ck_assert_int_eq(c.not_after - c.not_before, INT64_C(30) * 86400000);
	ck_assert_str_eq(c.subject, "CN=app.example.com,O=Example");
	ck_assert_str_eq(c.issuer, "CN=app.example.com,O=Example");
	ck_assert_str_eq(c.names, "app.example.com");
}
END_TEST

START_TEST(forms_make_no_difference)
{
	static const char *const forms[] = { "first.pem", "crlf.pem",
		"x509.pem" };
	struct crypt_cert plain, c;
	int i;

	if (!crypt_aid_ready)
		return;
	good("plain.pem", &plain);
	for (i = 0; i < COUNT(forms); i++) {
		good(forms[i], &c);
		ck_assert_mem_eq(&c, &plain, sizeof(c));
	}
}
END_TEST

START_TEST(names_are_shown)
{
	struct crypt_cert c;

	if (!crypt_aid_ready)
		return;
	good("names.pem", &c);
	ck_assert_str_eq(c.names, "a.example.com, *.example.org, 192.0.2.7, "
				  "2001:db8::1, x@example.com");
	good("nameless.pem", &c);
	ck_assert_str_eq(c.subject, "");
	ck_assert_str_eq(c.names, "");
	good("utf8.pem", &c);
	ck_assert_str_eq(c.subject, "CN=b\303\266se,O=M\303\274nster");
	good("many.pem", &c);
	ck_assert(text_starts(c.names, "host0.example.com, host1.example.com"));
	ck_assert_uint_gt(strlen(c.names), sizeof(c.names) - 32);
	ck_assert_str_eq(c.names + strlen(c.names) - 9, ".com, ...");
	good("long.pem", &c);
	ck_assert(text_starts(c.names, "a.a.a"));
}
END_TEST

START_TEST(nothing_reaches_a_terminal)
{
	struct crypt_cert c;

	if (!crypt_aid_ready)
		return;
	good("controls.pem", &c);
	ck_assert_ptr_null(strchr(c.subject, '\033'));
	ck_assert_ptr_null(strchr(c.names, '\033'));
	ck_assert_ptr_nonnull(strstr(c.names, "a?[31mb"));
}
END_TEST

static const struct {
	const char *name, *reason;
} bad_certs[] = {
	{ "empty.pem", "there is none in it, for it is empty" },
	{ "text.pem", "there is none in it, and no other PEM" },
	{ "der.pem", "there is none in it, but perhaps one in DER" },
	{ "ec", "there is none in it, but a private key" },
	{ "csr.pem", "there is none in it, but a certificate request" },
	{ "public.pem", "there is none in it, but a public key" },
	{ "line-lost.pem", "damaged" },
	{ "end-lost.pem", "damaged" },
	{ "letter.pem", "damaged" },
	{ "nul.pem", "damaged" },
	{ "huge.pem", "too large" },
};

START_TEST(bad_certificates_are_named)
{
	const char *name = bad_certs[_i].name;
	struct err e = ERR_NONE;
	struct crypt_cert c;

	if (!crypt_aid_ready)
		return;
	ck_assert_msg(load(name, &c, &e) == EX_CONFIG, "%s", name);
	ck_assert_int_eq(e.code, EX_CONFIG);
	ck_assert_msg(text_starts(e.text, "certificate: "), "%s", e.text);
	ck_assert_msg(strstr(e.text, bad_certs[_i].reason) != NULL, "%s: %s",
	    name, e.text);
}
END_TEST

static const struct {
	const char *cert, *key;
	bool fits;
} pairs[] = {
	{ "plain.pem", "ec", true },
	{ "first.pem", "ec", true },
	{ "rsa.pem", "rsa", true },
	{ "ed25519.pem", "ed25519", true },
	{ "plain.pem", "other", false },
	{ "plain.pem", "rsa", false },
	{ "rsa.pem", "ec", false },
	{ "public.pem", "ec", false },
	{ "empty.pem", "ec", false },
	{ "nul.pem", "ec", false },
};

START_TEST(a_key_fits_or_not)
{
	struct crypt_key *k;

	if (!crypt_aid_ready)
		return;
	k = crypt_aid_key(pairs[_i].key);
	text_n = crypt_aid_octets(pairs[_i].cert, text, sizeof(text));
	ck_assert_msg(crypt_cert_fits(text, text_n, k) == pairs[_i].fits,
	    "%s, %s", pairs[_i].cert, pairs[_i].key);
	crypt_key_free(k);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, begin, aid_remove_dir);
	tcase_add_test(tc, openssl_reads_the_same);
	tcase_add_test(tc, forms_make_no_difference);
	tcase_add_test(tc, names_are_shown);
	tcase_add_test(tc, nothing_reaches_a_terminal);
	tcase_add_loop_test(
	    tc, bad_certificates_are_named, 0, COUNT(bad_certs));
	tcase_add_loop_test(tc, a_key_fits_or_not, 0, COUNT(pairs));
}

int
main(void)
{
	return unit_main("crypt_cert", add);
}
