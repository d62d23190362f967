/* SPDX-License-Identifier: ISC */
/*
 * rotate_put: the new secret in the place of the old one: sealed in the
 * configuration, or in the file that it names; a key as the paths that the
 * configuration says. Only if that place is still as it was when all began.
 */
#include "cmd/rotate_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "cmd/blob.h"
#include "core/conf_put.h"
#include "core/cred.h"

#define PASSPHRASE "oauth.client_key_passphrase"

bool
rotate_is_ours(const struct rotate *r)
{
	return r->from == NULL || (r->from->form != PROFILE_COMMAND &&
				      r->from->form != PROFILE_ENV &&
				      r->from->form != PROFILE_CREDENTIAL);
}

static bool
is_in_file(const struct rotate *r)
{
	return r->from != NULL && r->from->form == PROFILE_FILE;
}

static int
check_file(struct rotate *r, struct err *e)
{
	int fd, rc;

	rc = fsio_open_read(r->from->text, &fd, &r->was, e);
	if (rc != 0)
		return rc;
	close(fd);
	rc = conf_put_check(r->from->text, e);
	if (rc == 0 && r->expires != NULL)
		rc = conf_put_check(r->file->path, e);
	return rc;
}

/* The file of the configuration in which a key stands. */
static int
check_key(const struct rotate *r, const char *key, struct err *e)
{
	char *path = NULL;
	unsigned line;
	int rc =
	    conf_put_where(r->file, r->profile->name, key, &path, &line, e);

	if (rc == 0)
		rc = conf_put_check(path, e);
	free(path);
	return rc;
}

int
rotate_check_place(struct rotate *r, struct err *e)
{
	if (!rotate_is_ours(r))
		return 0;
	if (is_in_file(r))
		return check_file(r, e);
	return check_key(r, rotate_field(r), e);
}

/* ---- what the configuration was, and will be */

struct meant {
	const struct rotate *r;
	const char *blob;
};

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
is_same(const void *ctx, const struct profile *p)
{
	const struct rotate *r = ((const struct meant *)ctx)->r;
	const struct profile *was = r->profile;
	const struct profile_secret *now;

	if (r->from == NULL)
		return same_text(p->signer.key, was->signer.key) &&
		       same_text(p->signer.cert, was->signer.cert) &&
		       same_text(p->signer.service_account,
			   was->signer.service_account);
	now = profile_secret_of(p, rotate_field(r));
	if (now->form != r->from->form)
		return false;
	/* One in clear is not compared: all of the file is. */
	return now->form == PROFILE_PLAIN ? p->home->stamp == was->home->stamp
					  : same_text(now->text, r->from->text);
}

static bool
is_blob(const struct profile *p, const char *field, const char *blob)
{
	const struct profile_secret *s = profile_secret_of(p, field);

	return s->form == PROFILE_SEALED && same_text(s->text, blob);
}

static bool
is_good(const void *ctx, const struct profile *p)
{
	const struct meant *m = ctx;
	const struct rotate *r = m->r;

	if (is_in_file(r))
		return true; /* the date alone, which was understood */
	if (r->from != NULL)
		return is_blob(p, rotate_field(r), m->blob);
	if (r->what == ROTATE_ACCOUNT)
		return same_text(p->signer.service_account, r->key);
	return same_text(p->signer.key, r->key) &&
	       same_text(p->signer.cert, r->cert) &&
	       (!r->passphrase || is_blob(p, PASSPHRASE, m->blob));
}

/* ---- putting */

static void
add(struct conf_put *q, struct conf_put_value *v, const char *key,
    const char *text)
{
	if (text != NULL)
		v[q->n_values++] = (struct conf_put_value){ key, text };
}

static int
put_values(const struct rotate *r, const char *blob, struct err *e)
{
	const struct meant meant = { r, blob };
	struct conf_put_value v[CONF_EDIT_VALUES];
	struct conf_put q = { .files = r->files,
		.n_files = r->n_files,
		.file = r->file,
		.user = &r->user,
		.profile = r->profile->name,
		.values = v,
		.is_same = is_same,
		.is_good = is_good,
		.ctx = &meant };
	char *path = NULL;
	unsigned line;
	int rc;

	if (r->from == NULL) {
		add(&q, v, rotate_field(r), r->key);
		add(&q, v, "oauth.client_cert", r->cert);
		add(&q, v, "oauth.key_id", r->key_id);
		add(&q, v, PASSPHRASE, blob);
	} else {
		add(&q, v, rotate_field(r), blob);
	}
	add(&q, v, "oauth.secret_expires", r->expires);
	rc = conf_put(&q, &path, &line, e);
	if (rc == 0)
		printf("%s:%u: %s.%s is the new one\n", path, line, r->name,
		    is_in_file(r) ? "oauth.secret_expires" : rotate_field(r));
	free(path);
	return rc;
}

static int
put_in_file(const struct rotate *r, struct err *e)
{
	int rc = cred_new_store(r->from->text, &r->was, &r->fresh, e);

	if (rc != 0)
		return rc;
	printf("%s: %s.%s is the new one\n", r->from->text, r->name,
	    rotate_field(r));
	return r->expires != NULL ? put_values(r, NULL, e) : 0;
}

int
rotate_put(const struct rotate *r, struct err *e)
{
	struct buf blob;
	int rc = 0;

	if (is_in_file(r))
		return put_in_file(r, e);
	buf_init(&blob, 2 * SEAL_MAX_SECRET);
	if (r->from != NULL || r->passphrase)
		rc = blob_make(r->call, r->file, r->profile->name,
		    r->from != NULL ? rotate_field(r) : PASSPHRASE, &r->fresh,
		    &blob, e);
	if (rc == 0)
		rc = put_values(r, blob.len > 0 ? blob.data : NULL, e);
	buf_clear(&blob);
	return rc;
}
