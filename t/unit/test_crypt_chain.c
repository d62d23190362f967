/* SPDX-License-Identifier: ISC */
/* Test what crypt finds wrong with chains of certificates, made by openssl;
 * where openssl can tell, it is asked, too. */
#include "gate/crypt.h"

#include <string.h>
#include <time.h>

#include "base/text.h"
#include "crypt_aid.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

/* issue NAME CA DAYS EXTENSION..: certificate and key; CA "-": self-signed. */
static const char script[] =
    "subject() { case $1 in *root*) echo \"/CN=root $1\";; "
    "*) echo \"/O=Example/CN=$1\";; esac; }\n"
    "issue() { name=$1 from=$2 days=$3 hash=-sha256; shift 3\n"
    "	case $name in weak*) hash=-sha1;; esac\n"
    "	openssl ecparam -genkey -noout -name prime256v1 -out $name.key\n"
    "	printf '%s\\n' \"$@\" >ext\n"
    "	openssl req -new -key $name.key -subj \"$(subject ${cn-$name})\" "
    "-out csr\n"
    "	if [ $from = - ]; then by=\"-signkey $name.key\"\n"
    "	else by=\"-CA $from.pem -CAkey $from.key -set_serial 0x$$$days$#\"; "
    "fi\n"
    "	openssl x509 -req -in csr $hash -days $days -extfile ext $by "
    "-out $name.pem; }\n"
    "ca='basicConstraints=critical,CA:TRUE'\n"
    "k='subjectKeyIdentifier=hash'; a='authorityKeyIdentifier=keyid'\n"
    "n='subjectAltName=DNS:mail.example.com,DNS:*.example.org,"
    "IP:192.0.2.7,IP:2001:db8::1'\n"
    "s='extendedKeyUsage=serverAuth'\n"
    "at='authorityInfoAccess=OCSP;URI:http://ocsp.example.com/,"
    "caIssuers;URI:http://ca.example.com/inter.crt'\n"
    "issue root - 1000 \"$ca\" $k\n"
    "issue root-other - 1000 \"$ca\" $k\n"
    "issue inter root 100 \"$ca\" $k $a\n"
    "issue inter-short root 5 \"$ca\" $k $a\n"
    "issue inter-no-ca root 100 basicConstraints=critical,CA:FALSE $k $a\n"
    "issue inter-narrow root 100 \"$ca\" $k $a "
    "'nameConstraints=critical,permitted;DNS:example.net'\n"
    "issue rogue root-other 100 \"$ca\" $k $a\n"
    "issue server inter 10 \"$n\" $s $k $a\n"
    "issue direct root 10 \"$n\" $s $k $a\n"
    "issue short inter-short 10 \"$n\" $s $k $a\n"
    "issue no-ca inter-no-ca 10 \"$n\" $s $k $a\n"
    "issue narrow inter-narrow 10 \"$n\" $s $k $a\n"
    "issue aia inter 10 \"$n\" $s $k $a \"$at\"\n"
    "issue foreign rogue 10 \"$n\" $s $k $a\n"
    "issue foreign-direct root-other 10 \"$n\" $s $k $a\n"
    "issue self - 10 \"$n\" $s $k\n"
    "issue client inter 10 \"$n\" extendedKeyUsage=clientAuth $k $a\n"
    "issue weak inter 10 \"$n\" $s $k $a\n"
    "cn=mail.example.com issue old-fashioned inter 10 $s $k $a\n"
    /* A CA that says it is root, and one that both have signed. */
    "cn=root issue root-forged - 1000 \"$ca\"\n"
    "issue forged root-forged 10 \"$n\" $s\n"
    "cp inter.key cross.key\n"
    "openssl req -new -key cross.key -subj '/O=Example/CN=inter' -out csr\n"
    "printf '%s\\n' \"$ca\" $k $a >ext\n"
    "openssl x509 -req -in csr -days 3 -extfile ext -CA root-other.pem "
    "-CAkey root-other.key -set_serial 77 -out cross.pem\n"
    /* Two that have signed each other. */
    "issue ring-a - 50 \"$ca\" $k\n"
    "issue ring-b ring-a 50 \"$ca\" $k $a\n"
    "openssl req -new -key ring-a.key -subj '/O=Example/CN=ring-a' -out csr\n"
    "openssl x509 -req -in csr -days 50 -extfile ext -CA ring-b.pem "
    "-CAkey ring-b.key -set_serial 78 -out ring-a.pem\n"
    "issue ring ring-a 10 \"$n\" $s $k $a\n"
    "cat root.pem root-other.pem >both.pem\n"
    ": >empty.pem\n"
    "echo text >text.pem\n"
    "sed 4d server.pem >damaged.pem\n"
    "i=0; while [ $i -lt 40 ]; do cat rogue.pem; i=$((i + 1)); done "
    ">rogues.pem\n";

static void
begin(void)
{
	crypt_aid_make(script);
}

#define DAY		  INT64_C(86400000)
#define GOOD		  0
#define UNSIGNED_BY(more) (CRYPT_CHAIN_UNKNOWN_CA | (more))

static const struct {
	const char *label;
	const char *chain; /* files, the server's first */
	const char *ca, *name;
	int64_t after; /* days since all were made */
	unsigned faults;
	const char *unknown;
} cases[] = {
	{ "whole", "server inter", "root", "mail.example.com", 1, GOOD, "" },
	{ "with its root", "server inter root", "root", "mail.example.com", 1,
	    GOOD, "" },
	{ "without order", "server root inter", "root", "mail.example.com", 1,
	    GOOD, "" },
	{ "by a root", "direct", "root", "mail.example.com", 1, GOOD, "" },
	{ "two trusted", "server inter", "both", "mail.example.com", 1, GOOD,
	    "" },
	{ "something beside", "server inter rogue", "root", "mail.example.com",
	    1, GOOD, "" },
	{ "the signer trusted", "server", "inter", "mail.example.com", 1, GOOD,
	    "" },
	{ "itself trusted", "server", "server", "mail.example.com", 1, GOOD,
	    "" },
	{ "self-signed and trusted", "self", "self", "mail.example.com", 1,
	    GOOD, "" },
	{ "40 more", "server inter rogues", "root", "mail.example.com", 1, GOOD,
	    "" },
	{ "wildcard", "server inter", "root", "a.example.org", 1, GOOD, "" },
	{ "any case", "server inter", "root", "MAIL.Example.COM", 1, GOOD, "" },
	{ "IPv4", "server inter", "root", "192.0.2.7", 1, GOOD, "" },
	{ "IPv6", "server inter", "root", "2001:db8::1", 1, GOOD, "" },
	{ "IPv6 at length", "server inter", "root", "2001:db8:0:0:0:0:0:1", 1,
	    GOOD, "" },
	{ "common name", "old-fashioned inter", "root", "mail.example.com", 1,
	    GOOD, "" },

	{ "other name", "server inter", "root", "mail.example.net", 1,
	    CRYPT_CHAIN_WRONG_NAME, "" },
	{ "wildcard is one label", "server inter", "root", "a.b.example.org", 1,
	    CRYPT_CHAIN_WRONG_NAME, "" },
	{ "wildcard is a label", "server inter", "root", "example.org", 1,
	    CRYPT_CHAIN_WRONG_NAME, "" },
	{ "the common name beside names", "server inter", "root", "server", 1,
	    CRYPT_CHAIN_WRONG_NAME, "" },
	{ "other IPv4", "server inter", "root", "192.0.2.8", 1,
	    CRYPT_CHAIN_WRONG_NAME, "" },
	{ "other IPv6", "server inter", "root", "2001:db8::2", 1,
	    CRYPT_CHAIN_WRONG_NAME, "" },
	{ "IPv4 in IPv6", "server inter", "root", "::ffff:192.0.2.7", 1,
	    CRYPT_CHAIN_WRONG_NAME, "" },
	{ "no name", "server inter", "root", "", 1, CRYPT_CHAIN_WRONG_NAME,
	    "" },

	{ "expired", "server inter", "root", "mail.example.com", 11,
	    CRYPT_CHAIN_EXPIRED, "" },
	{ "intermediate expired", "short inter-short", "root",
	    "mail.example.com", 6, CRYPT_CHAIN_EXPIRED, "" },
	{ "trusted signer expired", "short", "inter-short", "mail.example.com",
	    6, CRYPT_CHAIN_EXPIRED, "" },
	{ "all expired", "server inter root", "root", "mail.example.com", 2000,
	    CRYPT_CHAIN_EXPIRED, "" },
	{ "expired, but not used", "server inter cross", "root",
	    "mail.example.com", 4, GOOD, "" },
	{ "not yet", "server inter", "root", "mail.example.com", -1,
	    CRYPT_CHAIN_NOT_YET, "" },

	{ "unknown CA", "server inter", "root-other", "mail.example.com", 1,
	    UNSIGNED_BY(0), "CN=root root" },
	{ "unknown CA, root sent", "server inter root", "root-other",
	    "mail.example.com", 1, UNSIGNED_BY(0), "CN=root root" },
	{ "another's", "foreign rogue", "root", "mail.example.com", 1,
	    UNSIGNED_BY(0), "CN=root root-other" },
	{ "self-signed", "self", "root", "mail.example.com", 1,
	    UNSIGNED_BY(CRYPT_CHAIN_SELF_SIGNED), "CN=self,O=Example" },
	{ "self-signed, with more", "self inter root", "root",
	    "mail.example.com", 1, UNSIGNED_BY(CRYPT_CHAIN_SELF_SIGNED),
	    "CN=self,O=Example" },
	{ "intermediate left out", "server", "root", "mail.example.com", 1,
	    UNSIGNED_BY(CRYPT_CHAIN_INCOMPLETE), "CN=inter,O=Example" },
	{ "another intermediate", "server rogue", "both", "mail.example.com", 1,
	    UNSIGNED_BY(CRYPT_CHAIN_INCOMPLETE), "CN=inter,O=Example" },
	{ "a root that signs itself", "foreign-direct", "root",
	    "mail.example.com", 1, UNSIGNED_BY(CRYPT_CHAIN_INCOMPLETE),
	    "CN=root root-other" },
	{ "a ring", "ring ring-a ring-b", "root", "mail.example.com", 1,
	    UNSIGNED_BY(0), "CN=ring-a,O=Example" },

	{ "not for servers", "client inter", "root", "mail.example.com", 1,
	    CRYPT_CHAIN_OTHER, "" },
	{ "SHA-1", "weak inter", "root", "mail.example.com", 1,
	    CRYPT_CHAIN_OTHER, "" },
	{ "signed by no CA", "no-ca inter-no-ca", "root", "mail.example.com", 1,
	    CRYPT_CHAIN_OTHER, "" },
	{ "beyond constraints", "narrow inter-narrow", "root",
	    "mail.example.com", 1, CRYPT_CHAIN_OTHER, "" },

	{ "expired, other name", "server inter", "root", "x.example.com", 11,
	    CRYPT_CHAIN_EXPIRED | CRYPT_CHAIN_WRONG_NAME, "" },
	{ "self-signed, expired, other name", "self", "root", "x", 11,
	    UNSIGNED_BY(CRYPT_CHAIN_SELF_SIGNED | CRYPT_CHAIN_EXPIRED |
			CRYPT_CHAIN_WRONG_NAME),
	    "CN=self,O=Example" },
	{ "left out, not yet, other name", "server", "root", "x", -1,
	    UNSIGNED_BY(CRYPT_CHAIN_INCOMPLETE | CRYPT_CHAIN_NOT_YET |
			CRYPT_CHAIN_WRONG_NAME),
	    "CN=inter,O=Example" },
	{ "not for servers, expired", "client inter", "root",
	    "mail.example.com", 11, CRYPT_CHAIN_OTHER | CRYPT_CHAIN_EXPIRED,
	    "" },
};

/* The files' certificates, one behind the other. */
static void
collect(const char *files, struct buf *b)
{
	static char part[65536];
	char names[256], path[300], *name, *rest;
	size_t n;

	buf_init(b, 1 << 20);
	snprintf(names, sizeof(names), "%s", files);
	for (name = strtok_r(names, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest)) {
		snprintf(path, sizeof(path), "%s.pem", name);
		n = crypt_aid_octets(path, part, sizeof(part));
		buf_add(b, part, n);
	}
}

static int
look(const char *files, const char *ca, const char *name, int64_t now,
    struct crypt_chain *c, struct err *e)
{
	struct buf b;
	char file[300];
	int rc;

	collect(files, &b);
	snprintf(file, sizeof(file), "%s.pem", ca);
	rc = crypt_chain_look(b.data, b.len, aid_path(file), name, now, c, e);
	buf_clear(&b);
	return rc;
}

/* When a certificate begins, to count days from. */
static struct crypt_cert
certificate(const char *name)
{
	struct crypt_cert c;
	struct buf b;

	collect(name, &b);
	ck_assert_int_eq(crypt_cert_load(b.data, b.len, &c, NULL), 0);
	buf_clear(&b);
	return c;
}

START_TEST(faults_are_found)
{
	const char *label = cases[_i].label;
	struct err e = ERR_NONE;
	struct crypt_chain c;
	int64_t now;

	if (!crypt_aid_ready)
		return;
	now = certificate("server").not_before + cases[_i].after * DAY;
	ck_assert_msg(look(cases[_i].chain, cases[_i].ca, cases[_i].name, now,
			  &c, &e) == 0,
	    "%s: %s", label, e.text);
	ck_assert_msg(c.faults == cases[_i].faults, "%s: %u, %s", label,
	    c.faults, c.other);
	ck_assert_str_eq(c.unknown, cases[_i].unknown);
	ck_assert_int_eq(
	    c.other[0] != '\0', (c.faults & CRYPT_CHAIN_OTHER) != 0);
	ck_assert_str_eq(c.missing_at, "");
}
END_TEST

/* Does openssl agree, where the times of the machine will do? */
START_TEST(openssl_agrees)
{
	char script_text[512], chain[256], *rest;
	int status;

	/* Without a name it asks for none. */
	if (!crypt_aid_ready || cases[_i].after != 1 || !cases[_i].name[0])
		return;
	snprintf(chain, sizeof(chain), "%s", cases[_i].chain);
	strtok_r(chain, " ", &rest);
	snprintf(script_text, sizeof(script_text),
	    ": >others; for f in %s; do cat $f.pem >>others; done\n"
	    "case '%s' in *:*|*.2.[78]) how=-verify_ip;; "
	    "*) how=-verify_hostname;; esac\n"
	    "openssl verify -partial_chain -auth_level 1 -purpose sslserver "
	    "-CAfile %s.pem -untrusted others $how '%s' %s.pem",
	    cases[_i].chain, cases[_i].name, cases[_i].ca, cases[_i].name,
	    chain);
	status = crypt_aid_run(script_text);
	ck_assert_msg((status == 0) == (cases[_i].faults == 0), "%s: %d",
	    cases[_i].label, status);
}
END_TEST

START_TEST(the_first_end_counts)
{
	struct crypt_chain c;
	int64_t now;

	if (!crypt_aid_ready)
		return;
	now = certificate("server").not_before + DAY;
	look("server inter", "root", "mail.example.com", now, &c, NULL);
	ck_assert_int_eq(c.ends, certificate("server").not_after);
	ck_assert_int_eq(c.ends, c.leaf.not_after);
	ck_assert_str_eq(c.leaf.subject, "CN=server,O=Example");
	ck_assert_str_eq(c.leaf.issuer, "CN=inter,O=Example");
	ck_assert_str_eq(c.leaf.names,
	    "mail.example.com, *.example.org, 192.0.2.7, 2001:db8::1");
	look("short inter-short", "root", "mail.example.com", now, &c, NULL);
	ck_assert_int_eq(c.ends, certificate("inter-short").not_after);
	look("short", "inter-short", "mail.example.com", now, &c, NULL);
	ck_assert_int_eq(c.ends, certificate("inter-short").not_after);
	/* What was sent beside the way to a trusted one does not count. */
	look("server inter cross", "root", "mail.example.com", now, &c, NULL);
	ck_assert_int_eq(c.ends, certificate("server").not_after);
	/* The last instant is good. */
	look("server inter", "root", "mail.example.com", c.ends, &c, NULL);
	ck_assert_uint_eq(c.faults, 0);
	look("server inter", "root", "mail.example.com", c.ends + 1, &c, NULL);
	ck_assert_uint_eq(c.faults, CRYPT_CHAIN_EXPIRED);
	look("root", "root", "root", 0, &c, NULL);
	ck_assert_int_eq(c.ends, certificate("root").not_after);
}
END_TEST

START_TEST(what_is_missing_is_told)
{
	struct crypt_chain c;
	int64_t now;

	if (!crypt_aid_ready)
		return;
	now = certificate("server").not_before + DAY;
	look("aia", "root", "mail.example.com", now, &c, NULL);
	ck_assert_uint_eq(
	    c.faults, CRYPT_CHAIN_UNKNOWN_CA | CRYPT_CHAIN_INCOMPLETE);
	ck_assert_str_eq(c.missing_at, "http://ca.example.com/inter.crt");
	look("aia inter", "root", "mail.example.com", now, &c, NULL);
	ck_assert_uint_eq(c.faults, 0);
	ck_assert_str_eq(c.missing_at, "");
}
END_TEST

/* Whoever has taken a trusted CA's name has not got its key. */
START_TEST(a_name_is_no_trust)
{
	struct crypt_chain c;
	int64_t now;

	if (!crypt_aid_ready)
		return;
	now = certificate("server").not_before + DAY;
	look("forged", "root", "mail.example.com", now, &c, NULL);
	ck_assert_uint_ne(c.faults, 0);
	ck_assert_uint_eq(
	    c.faults & ~(unsigned)(CRYPT_CHAIN_OTHER | CRYPT_CHAIN_UNKNOWN_CA |
				   CRYPT_CHAIN_INCOMPLETE),
	    0);
	look("forged root-forged", "root", "mail.example.com", now, &c, NULL);
	ck_assert_uint_ne(c.faults, 0);
}
END_TEST

static const struct {
	const char *chain, *ca, *words;
} worded[] = {
	{ "client inter", "root", "it is not for servers" },
	{ "weak inter", "root", "the key or the way of signing is too weak" },
	{ "no-ca inter-no-ca", "root", "signed by who is no CA" },
	{ "narrow inter-narrow", "root", "the CA may not sign for that name" },
};

START_TEST(other_faults_have_words)
{
	struct crypt_chain c;
	int64_t now;

	if (!crypt_aid_ready)
		return;
	now = certificate("server").not_before + DAY;
	look(
	    worded[_i].chain, worded[_i].ca, "mail.example.com", now, &c, NULL);
	ck_assert_str_eq(c.other, worded[_i].words);
}
END_TEST

static const struct {
	const char *chain, *ca, *reason;
} unreadable[] = {
	{ "empty", "root", "server's certificates: there is none" },
	{ "text", "root", "server's certificates: there is none" },
	{ "damaged", "root", "certificate: damaged" },
	{ "server damaged", "root", "certificate: damaged" },
	{ "server inter", "empty", "empty.pem: holds no usable certificate" },
	{ "server inter", "text", "text.pem: holds no usable certificate" },
	{ "server inter", "damaged", "damaged.pem: holds no usable" },
	{ "server inter", "absent", "absent.pem" },
};

START_TEST(the_unreadable_is_named)
{
	struct err e = ERR_NONE;
	struct crypt_chain c;

	if (!crypt_aid_ready)
		return;
	ck_assert_int_eq(look(unreadable[_i].chain, unreadable[_i].ca,
			     "mail.example.com", 0, &c, &e),
	    EX_CONFIG);
	ck_assert_int_eq(e.code, EX_CONFIG);
	ck_assert_msg(
	    strstr(e.text, unreadable[_i].reason) != NULL, "%s", e.text);
	ck_assert_int_eq(look(unreadable[_i].chain, unreadable[_i].ca,
			     "mail.example.com", 0, &c, NULL),
	    EX_CONFIG);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, begin, aid_remove_dir);
	tcase_add_loop_test(tc, faults_are_found, 0, COUNT(cases));
	tcase_add_loop_test(tc, openssl_agrees, 0, COUNT(cases));
	tcase_add_test(tc, the_first_end_counts);
	tcase_add_test(tc, what_is_missing_is_told);
	tcase_add_test(tc, a_name_is_no_trust);
	tcase_add_loop_test(tc, other_faults_have_words, 0, COUNT(worded));
	tcase_add_loop_test(tc, the_unreadable_is_named, 0, COUNT(unreadable));
}

int
main(void)
{
	return unit_main("crypt_chain", add);
}
