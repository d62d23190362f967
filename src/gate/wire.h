/* SPDX-License-Identifier: ISC */
/*
 * wire: the door to libcurl. A link is a stream of octets to a mail server,
 * made by libcurl's connect-only SMTP: names, TCP, TLS or STARTTLS with
 * verification, greeting and EHLO; what comes after, its user speaks. A
 * request is one https POST or GET. libcurl gets no user and no password.
 *
 * Certificates are always verified, and TLS is at least 1.2. The CA bundle is
 * one file; the hashed directory is switched off, since reading it costs 20 ms
 * a process.
 *
 * Must not know: SMTP commands, OAuth, profiles.
 */
#ifndef GATE_WIRE_H
#define GATE_WIRE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum wire_tls {
	WIRE_STARTTLS, /* smtp://: required, never skipped */
	WIRE_TLS,      /* smtps:// */
	WIRE_CLEAR     /* tls.mode = "none", and unix sockets */
};

/* Where a link goes. Strings are borrowed for the link's life. */
struct wire_target {
	const char *host; /* name or address literal without brackets */
	unsigned port;
	const char *unix_path; /* instead of host and port, or NULL */
	enum wire_tls tls;
	bool tls13;	     /* at least TLS 1.3 */
	const char *ca_file; /* instead of the system's CAs, or NULL */
	/* "sha256//BASE64;sha256//..", or NULL. Without ca_file it replaces
	 * chain and name, with it both must hold. */
	const char *pin;
	/* Client certificate and its key, PEM, or NULL. Without key, it stands
	 * in cert. */
	const char *cert, *key;
	const struct secret *key_passphrase; /* or NULL */
	/* SNI and the name to verify, instead of host; or NULL. */
	const char *server_name;
	const char *hello; /* what EHLO says */
	bool keep_chain;   /* for wire_chain() */
};

enum wire_stage {
	WIRE_CONNECTING, /* names and TCP */
	WIRE_SECURING,	 /* implicit TLS, or TLS behind STARTTLS */
	WIRE_GREETING,	 /* the server's first line is awaited */
	WIRE_HELLO,	 /* EHLO, STARTTLS, EHLO */
	WIRE_UP,
	WIRE_FAILED
};

/* Why a link did not come up. */
struct wire_failure {
	enum wire_stage stage; /* where it stood */
	bool certificate;      /* the server's certificate was not accepted */
	bool no_tls;	       /* STARTTLS not offered or refused */
	bool local;	       /* our side: the CA file, or the client's
				  certificate or key, can't be used */
	int code;	       /* the last SMTP reply code, or 0 */
	char text[512];	       /* the reply's words or libcurl's, made safe */
	bool theirs;	       /* text is the server's */
};

struct wire;
struct wire_link;

/* Called from the loop whenever the link may have changed its stage. */
typedef void wire_changed_fn(void *ctx);

/* One for a process; it watches its sockets by l, which must outlive it. */
struct wire *wire_new(struct loop *l);
void wire_free(struct wire *w); /* its links are closed; takes NULL */

/*
 * Begin to connect. No deadline is kept here: whoever opened the link closes
 * it when wire_stage() has stood too long. EX_SOFTWARE if libcurl refuses an
 * option.
 */
int wire_open(struct wire *w, const struct wire_target *t,
    wire_changed_fn *changed, void *ctx, struct wire_link **out, struct err *e);
void wire_close(struct wire_link *k); /* takes NULL; sends nothing */

enum wire_stage wire_stage(struct wire_link *k);
const struct wire_failure *wire_failure(const struct wire_link *k);

/*
 * Once WIRE_UP: the lines of the last EHLO's reply without code and CRLF, the
 * first (the server's name) too, each ended by LF. A reply that came before
 * TLS is not in it.
 */
const char *wire_hello_lines(const struct wire_link *k);

/* What EHLO was refused with, so that libcurl said HELO: code, or 0, and the
 * last line's words, not safe to show. */
int wire_hello_refusal(const struct wire_link *k, const char **words);

/* Once WIRE_UP. wire_fd() is what to poll. */
int wire_fd(const struct wire_link *k);

enum { WIRE_AGAIN = -1, WIRE_BROKEN = -2 };

/*
 * Read or write without waiting: octets moved; WIRE_AGAIN: poll and repeat (a
 * write with the same octets); WIRE_BROKEN: the link is gone. A read gives 0
 * at the end. Read before polling: TLS may hold octets back.
 */
ssize_t wire_read(struct wire_link *k, void *p, size_t n);
ssize_t wire_write(struct wire_link *k, const void *p, size_t n);

/*
 * The server's certificates as PEM, its own first, also where they were not
 * accepted; "" where TLS did not get as far. Known for links that were opened
 * with keep_chain. Borrowed.
 */
const char *wire_chain(const struct wire_link *k);

/* The address that a link is or was connected to, "" before. Borrowed. */
const char *wire_address(const struct wire_link *k);

/* The CA bundle that counts where no ca_file is named. */
const char *wire_ca_file(void);

/* One https request; blocks, so only in a child. Redirects are not followed. */
struct wire_request {
	const char *url; /* https, or http to a loopback address */
	const char *content_type;
	const struct secret *body;	    /* sent by POST; NULL: GET */
	const struct secret *authorization; /* header value, or NULL */
	const char *ca_file, *pin;	    /* as in wire_target */
	int64_t timeout_ms;		    /* all in all */
	size_t max_body;		    /* a longer answer is a failure */
};

struct wire_response {
	int status;	     /* HTTP status */
	struct secret body;  /* may hold tokens */
	char location[256];  /* of a redirect, made safe */
	int64_t retry_after; /* ms to wait by Retry-After (RFC 9110 10.2.3,
				both forms; at most 6 h); -1: not said */
	int64_t date;	     /* ms since 1970 by Date; -1: not said */
};

/*
 * Perform it. False with *f filled where no whole answer came: stage UP if the
 * request, or some of it, had gone out. The response is begun here and ended by
 * wire_response_clear() in any case.
 */
bool wire_post(const struct wire_request *q, struct wire_response *r,
    struct wire_failure *f);
void wire_response_clear(struct wire_response *r);

/* Does the URL name a loopback address or "localhost", over plain http? */
bool wire_is_loopback_http(const char *url);

#endif
