/* SPDX-License-Identifier: ISC */
/*
 * crypt_aid: keys and certificates that openssl makes in aid_dir, once for all
 * tests of a program. Where there is no openssl, crypt_aid_ready is false.
 */
#ifndef T_CRYPT_AID_H
#define T_CRYPT_AID_H

#include "aid.h"
#include "base/buf.h"
#include "gate/crypt.h"

static bool crypt_aid_ready;

/* Run a script in aid_dir; its exit status. What it says is in the file log. */
static inline int
crypt_aid_run(const char *script)
{
	int status, fd;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fd = chdir(aid_dir) == 0
			 ? open("log", O_WRONLY | O_CREAT | O_APPEND, 0600)
			 : -1;
		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			_exit(126);
		execl("/bin/sh", "sh", "-ec", script, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* A fixture's work: the directory, and what the script makes in it. */
static inline void
crypt_aid_make(const char *script)
{
	char text[4096];

	aid_make_dir();
	crypt_aid_ready = crypt_aid_run("openssl version") == 0;
	if (!crypt_aid_ready) {
		printf("# there is no openssl: what needs it is left out\n");
		return;
	}
	ck_assert_msg(crypt_aid_run(script) == 0, "%s",
	    aid_read(aid_path("log"), text, sizeof(text)));
}

/* The octets of a file; how many. */
static inline size_t
crypt_aid_octets(const char *name, char *p, size_t size)
{
	int fd = open(aid_path(name), O_RDONLY);
	size_t n = 0;
	ssize_t got;

	ck_assert_msg(fd >= 0, "%s", name);
	while ((got = read(fd, p + n, size - n)) > 0)
		n += (size_t)got;
	ck_assert_int_eq(got, 0);
	close(fd);
	return n;
}

/* A file as a secret. */
static inline void
crypt_aid_load(const char *name, struct secret *s)
{
	enum { SIZE = 6000000 };
	char *p = malloc(SIZE);

	ck_assert_ptr_nonnull(p);
	secret_init(s);
	secret_set(s, p, crypt_aid_octets(name, p, SIZE));
	free(p);
}

/* Make a file of octets. */
static inline void
crypt_aid_save(const char *name, const void *p, size_t n)
{
	FILE *f = fopen(aid_path(name), "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

/* Try to load the key of a file; word: NULL for no passphrase. */
static inline int
crypt_aid_key_try(
    const char *name, const char *word, struct crypt_key **k, struct err *e)
{
	struct secret pem, passphrase;
	int rc;

	crypt_aid_load(name, &pem);
	secret_init(&passphrase);
	if (word != NULL)
		secret_add_str(&passphrase, word);
	rc = crypt_key_load(&pem, &passphrase, k, e);
	secret_clear(&passphrase);
	secret_clear(&pem);
	return rc;
}

static inline struct crypt_key *
crypt_aid_key(const char *name)
{
	struct err e = ERR_NONE;
	struct crypt_key *k = NULL;

	ck_assert_msg(
	    crypt_aid_key_try(name, NULL, &k, &e) == 0, "%s: %s", name, e.text);
	return k;
}

/* An INTEGER of DER out of 32 octets, at p; returns its end. */
static inline unsigned char *
crypt_aid_integer(unsigned char *p, const unsigned char *part)
{
	size_t n = 32;

	while (n > 1 && *part == 0) {
		part++;
		n--;
	}
	*p++ = 0x02;
	*p++ = (unsigned char)(n + (*part >> 7));
	if (*part >> 7)
		*p++ = 0;
	memcpy(p, part, n);
	return p + n;
}

/* The signature of ES256 as openssl wants it; its length. */
static inline size_t
crypt_aid_der(const unsigned char rs[64], unsigned char der[80])
{
	unsigned char *end =
	    crypt_aid_integer(crypt_aid_integer(der + 2, rs), rs + 32);

	der[0] = 0x30;
	der[1] = (unsigned char)(end - der - 2);
	return (size_t)(end - der);
}

/* Does openssl find that the signature is of that text, by a public key? */
static inline bool
crypt_aid_verify(const char *public, enum crypt_sign how, const char *text,
    size_t n, const void *sig, size_t sig_n)
{
	unsigned char der[80];
	char script[512];

	crypt_aid_save("text", text, n);
	if (how == CRYPT_ES256) {
		ck_assert_uint_eq(sig_n, 64);
		crypt_aid_save("sig", der, crypt_aid_der(sig, der));
	} else {
		crypt_aid_save("sig", sig, sig_n);
	}
	snprintf(script, sizeof(script),
	    "openssl dgst -sha256 %s -verify %s -signature sig text",
	    how == CRYPT_PS256 ? "-sigopt rsa_padding_mode:pss "
				 "-sigopt rsa_pss_saltlen:32"
			       : "",
	    public);
	return crypt_aid_run(script) == 0;
}

#endif
