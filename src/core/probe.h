/* SPDX-License-Identifier: ISC */
/*
 * probe: a look at a submission server, step by step, as far as told: names,
 * TCP, TLS, EHLO, AUTH, MAIL, RCPT; no message is sent. It blocks, by a loop of
 * its own.
 *
 * Must not know: how a secret is had, who is told.
 */
#ifndef CORE_PROBE_H
#define CORE_PROBE_H

#include "core/profile.h"
#include "gate/crypt.h"
#include "gate/smtp.h"

enum probe_step {
	PROBE_NAMES, /* the host's addresses */
	PROBE_CONNECT,
	PROBE_TLS,
	PROBE_EHLO,
	PROBE_AUTH,
	PROBE_MAIL,
	PROBE_RCPT,
	PROBE_STEPS
};

/* Borrowed. */
struct probe_order {
	const struct profile *profile; /* its account's servers are asked */
	size_t server;		       /* which of them */
	enum probe_step until;
	enum profile_auth way;	     /* of AUTH */
	const struct secret *secret; /* token or password of that way; NULL for
					NONE and CERT */
	const struct secret *key_passphrase; /* of tls.key, or NULL */
	const char *rcpt;		     /* for RCPT */
	smtp_trace_fn *trace;		     /* or NULL */
	void *trace_ctx;
};

struct probe {
	enum probe_step reached; /* the last step that was done, if ok */
	bool ok;
	enum probe_step failed; /* else */
	struct outcome outcome; /* of the last step that was tried */
	char server[300];	/* "host:port" */
	char names[512];	/* addresses of the host, comma-separated */
	char address[64];	/* that it is connected to */
	bool has_chain;
	struct crypt_chain chain;  /* as crypt_chain_look() sees it */
	struct smtp_offer offer;   /* from EHLO on */
	enum sasl_mech mech;	   /* tried, from AUTH on */
	int64_t took[PROBE_STEPS]; /* ms */
};

void probe_run(const struct probe_order *q, struct probe *out);

const char *probe_step_name(enum probe_step s); /* "DNS", "TCP", .. */

#endif
