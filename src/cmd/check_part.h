/* SPDX-License-Identifier: ISC */
/* check_part: what the parts of check share; for them alone. */
#ifndef CMD_CHECK_PART_H
#define CMD_CHECK_PART_H

#include "base/json.h"
#include "cmd/cmd.h"
#include "core/cred.h"
#include "core/probe.h"

enum check_mark { CHECK_OK, CHECK_SKIP, CHECK_WARN, CHECK_FAIL };

/* What the command line says; borrowed. */
struct check_asked {
	const char *profile, *rcpt, *conf_file;
	bool json, verbose;
};

/* A profile that is looked at. */
struct check {
	const struct check_asked *asked;
	const struct profile *profile, *account;
	struct loop *loop;
	struct json *object; /* with --json: told at the end */
	const char *server;  /* that the steps are about, or NULL */
	enum check_mark worst;
	/* What is of one way to authenticate among others is no failure as
	 * long as another works. */
	enum check_mark worst_way;
	bool some_way;
	struct cred *cred[PROFILE_MAX_AUTH]; /* one for each way, or NULL */
	struct cred *key;		     /* passphrase of the client key */
};

/* A step that is being looked at: filled in, then told. */
struct check_step {
	const char *name;
	enum check_mark mark;
	bool of_way;
	int64_t took;	 /* ms; -1: of no interest */
	int64_t expires; /* ms since 1970, or 0 */
	struct buf text, remedy;
	const struct outcome *outcome; /* of a failure, or NULL */
};

/* ---- check_report */

void check_step_begin(struct check_step *s, const char *name);
/* It has failed so; the outcome's words go behind its text, and its advice is
 * given unless there is a remedy. o must live as long as s. */
void check_step_fail(struct check_step *s, const struct outcome *o);
/* Something is not well; a remedy goes behind those that are there. */
void check_step_warn(struct check_step *s);
/* Tell it, and count it. */
void check_step_end(struct check *k, struct check_step *s);

/* Steps that an earlier one keeps from being tried. */
void check_skip(struct check *k, const char *name);

void check_report_begin(struct check *k);
/* Of the profile: 0, 1, 2. */
int check_report_end(struct check *k);

/* "58 minutes". */
void check_add_length(struct buf *b, int64_t ms);

/* "in 58 minutes", "12 days ago": from now to when. */
void check_add_span(struct buf *b, int64_t now, int64_t when);

/* " (FILE:LINE)" of the profile. */
void check_add_place(struct buf *b, const struct profile *p);

/* ---- check_files: what is looked at on this machine */

void check_files(struct check *k);

/* ---- check_token: secrets, and what they are worth */

void check_secrets(struct check *k);

/* Another token in place of the one of way i, which a server has refused. False
 * if none is to be had; that is told. */
bool check_refill(struct check *k, size_t i);

/* Fill k->key, if a passphrase is needed. False if it is not to be had; that
 * is told. */
bool check_key(struct check *k);

/* ---- check_server */

void check_servers(struct check *k);

/* ---- check_tls: a certificate, and what to do about it */

/* What the server's certificate is like, or why it was not accepted. */
void check_tls(struct check *k, const struct wire_target *t,
    const struct probe *p, bool ok);

#endif
