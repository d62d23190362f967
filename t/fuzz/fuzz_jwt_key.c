/* SPDX-License-Identifier: ISC */
/*
 * fuzz_jwt_key: what a key, a certificate, a server's chain, a service
 * account's file and a token may hold. The first octet says which:
 *
 *   P R E L	DER of a private key in PKCS #8, PKCS #1, SEC 1, or PKCS #8
 *		encrypted under "word"
 *   K		a private key's PEM
 *   D		DER of a certificate
 *   C		PEM of a chain; the last of it is what is trusted
 *   A		a service account's JSON
 *
 * all else, with that octet, is a token. DER comes as it is, since what is
 * changed in base64 is mostly no DER any more.
 */
#include "gate/jwt.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 64 * 1024 };

/* One line that a terminal can show, and that is whole. */
static void
check_words(const char *s, size_t size)
{
	size_t n = strnlen(s, size), i;

	err_bug_if(n == size);
	err_bug_if(!text_is_utf8(s, n));
	for (i = 0; i < n; i++)
		err_bug_if((unsigned char)s[i] < ' ' || s[i] == 0x7f);
}

static void
check_error(const struct err *e)
{
	err_bug_if(e->code != EX_CONFIG || e->text[0] == '\0');
	check_words(e->text, sizeof(e->text));
}

static void
add_pem(struct secret *s, const char *label, const char *p, size_t n)
{
	struct buf b;
	size_t i;

	buf_init(&b, 2 * INPUT_MAX);
	text_add_base64(&b, p, n);
	secret_add_str(s, "-----BEGIN ");
	secret_add_str(s, label);
	secret_add_str(s, "-----\n");
	for (i = 0; i < b.len; i += 64) {
		secret_add(s, b.data + i, b.len - i < 64 ? b.len - i : 64);
		secret_add_str(s, "\n");
	}
	secret_add_str(s, "-----END ");
	secret_add_str(s, label);
	secret_add_str(s, "-----\n");
	buf_clear(&b);
}

/* ---- keys */

/* What can be signed has the form that it must have. */
static void
check_key(const struct crypt_key *k)
{
	struct crypt_octets in = { "text", 4 };
	struct buf b;
	int how;

	check_words(crypt_key_kind(k), 64);
	buf_init(&b, 4096);
	for (how = CRYPT_RS256; how <= CRYPT_ES256; how++) {
		buf_reset(&b);
		if (!crypt_key_can(k, how) ||
		    crypt_sign(k, how, in, &b, NULL) != 0)
			continue;
		err_bug_if(how == CRYPT_ES256 ? b.len != 64 : b.len < 256);
	}
	buf_clear(&b);
}

static void
take_key(const struct secret *pem)
{
	struct err e = ERR_NONE;
	struct crypt_key *k = NULL;
	struct secret word;

	secret_init(&word);
	secret_add_str(&word, "word");
	if (crypt_key_load(pem, &word, &k, &e) == 0)
		check_key(k);
	else
		check_error(&e);
	crypt_key_free(k);
	secret_clear(&word);
}

/* ---- certificates */

static void
check_cert(const struct crypt_cert *c)
{
	check_words(c->subject, sizeof(c->subject));
	check_words(c->issuer, sizeof(c->issuer));
	check_words(c->names, sizeof(c->names));
}

static void
check_chain(const struct crypt_chain *c)
{
	const unsigned ca = CRYPT_CHAIN_UNKNOWN_CA,
		       beside =
			   CRYPT_CHAIN_SELF_SIGNED | CRYPT_CHAIN_INCOMPLETE;

	check_cert(&c->leaf);
	check_words(c->unknown, sizeof(c->unknown));
	check_words(c->missing_at, sizeof(c->missing_at));
	check_words(c->other, sizeof(c->other));
	err_bug_if((c->faults & beside) != 0 && (c->faults & ca) == 0);
	err_bug_if((c->faults & beside) == beside);
	err_bug_if(
	    (c->other[0] != '\0') != ((c->faults & CRYPT_CHAIN_OTHER) != 0));
	err_bug_if(c->ends > c->leaf.not_after);
}

/* A file of those octets; its path. The same for every call. */
static const char *
memory_file(const char *p, size_t n)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("ca", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	err_bug_if(ftruncate(fd, 0) != 0);
	err_bug_if(pwrite(fd, p, n, 0) != (ssize_t)n);
	return path;
}

/* The last block of it. */
static const char *
last_block(const char *p, size_t n)
{
	static const char begin[] = "-----BEGIN ";
	const char *at = p, *next;

	while (n - (size_t)(at - p) > 1 &&
	       (next = memmem(at + 1, n - (size_t)(at - p) - 1, begin,
		    sizeof(begin) - 1)) != NULL)
		at = next;
	return at;
}

static void
take_certificates(const char *p, size_t n)
{
	const char *last = last_block(p, n);
	struct err e = ERR_NONE;
	struct crypt_chain chain;
	struct crypt_cert c;

	if (crypt_cert_load(p, n, &c, &e) == 0)
		check_cert(&c);
	else
		check_error(&e);
	if (crypt_chain_look(p, n, memory_file(last, n - (size_t)(last - p)),
		"mail.example.com", INT64_C(1767225600000), &chain, &e) == 0)
		check_chain(&chain);
	else
		check_error(&e);
}

/* ---- tokens and accounts */

static void
take_account(const struct secret *text)
{
	struct err e = ERR_NONE;
	struct jwt_account a;

	if (jwt_account_read(text, &a, &e) == 0) {
		err_bug_if(a.email == NULL || a.token_url == NULL);
		err_bug_if(secret_len(&a.key) == 0);
		take_key(&a.key);
	} else {
		check_error(&e);
		err_bug_if(a.email != NULL || secret_len(&a.key) > 0);
	}
	jwt_account_clear(&a);
}

static void
take_token(const struct secret *text)
{
	struct json *header = NULL, *claims = NULL;
	bool ok = jwt_look(text, &header, &claims);

	err_bug_if(ok != (header != NULL) || ok != (claims != NULL));
	if (ok) {
		json_get_string(header, "alg");
		json_get_text(claims, "aud", 0);
	}
	json_free(header);
	json_free(claims);
}

static void
take_der(const char *label, const char *p, size_t n)
{
	struct secret pem;

	secret_init(&pem);
	add_pem(&pem, label, p, n);
	if (strcmp(label, "CERTIFICATE") == 0)
		take_certificates(secret_reveal(&pem), secret_len(&pem));
	else
		take_key(&pem);
	secret_clear(&pem);
}

static void
take_text(void (*take)(const struct secret *text), const char *p, size_t n)
{
	struct secret text;

	secret_init(&text);
	secret_set(&text, p, n);
	take(&text);
	secret_clear(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;

	if (size == 0 || size > INPUT_MAX)
		return 0;
	switch (p[0]) {
	case 'P':
		take_der("PRIVATE KEY", p + 1, size - 1);
		break;
	case 'R':
		take_der("RSA PRIVATE KEY", p + 1, size - 1);
		break;
	case 'E':
		take_der("EC PRIVATE KEY", p + 1, size - 1);
		break;
	case 'L':
		take_der("ENCRYPTED PRIVATE KEY", p + 1, size - 1);
		break;
	case 'D':
		take_der("CERTIFICATE", p + 1, size - 1);
		break;
	case 'C':
		take_certificates(p + 1, size - 1);
		break;
	case 'K':
		take_text(take_key, p + 1, size - 1);
		break;
	case 'A':
		take_text(take_account, p + 1, size - 1);
		break;
	default:
		take_text(take_token, p, size);
	}
	return 0;
}
