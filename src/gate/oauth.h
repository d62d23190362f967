/* SPDX-License-Identifier: ISC */
/*
 * oauth: ask an authorization server (RFC 6749), and understand its answers:
 * tokens by every grant, device codes, authorization requests and what they
 * come back with, metadata, revocation.
 *
 * Must not know: files, keys, sealing, profiles, SMTP, how a person is asked.
 */
#ifndef GATE_OAUTH_H
#define GATE_OAUTH_H

#include "base/buf.h"
#include "base/err.h"
#include "mail/outcome.h"

#include <stdbool.h>
#include <stdint.h>

enum oauth_grant {
	OAUTH_CLIENT_CREDENTIALS, /* RFC 6749 4.4 */
	OAUTH_JWT_BEARER,	  /* RFC 7523 2.1 */
	OAUTH_REFRESH_TOKEN,	  /* RFC 6749 6 */
	OAUTH_AUTHORIZATION_CODE, /* RFC 6749 4.1, 7636 */
	OAUTH_DEVICE_CODE	  /* RFC 8628 */
};

/* How the client shows who it is (RFC 6749 2.3.1, 7523 2.2). */
enum oauth_client_auth {
	OAUTH_AUTH_NONE,      /* client_id alone: a public client */
	OAUTH_AUTH_POST,      /* client_id and client_secret in the body */
	OAUTH_AUTH_BASIC,     /* Basic, both form-encoded first */
	OAUTH_AUTH_BASIC_RAW, /* Basic, as they are */
	OAUTH_AUTH_JWT	      /* an assertion, in oauth_proof */
};

/* Borrowed strings; each but client_id may be NULL. */
struct oauth_client {
	enum oauth_grant grant;
	const char *client_id; /* NULL: none is sent (a service account) */
	enum oauth_client_auth client_auth;
	const char *issuer;
	const char *token_url, *authorize_url, *device_url, *revoke_url;
	const char *scope, *audience, *resource;
	/* Further fields of each token request: names and values in turn,
	 * n_parameters pairs. */
	char *const *parameters;
	size_t n_parameters;
	const char *ca_file;
	const char *pin; /* as in wire_target */
};

struct oauth_token {
	struct secret access;
	struct secret refresh;	 /* empty: none */
	int64_t obtained;	 /* sys_now() when the answer came */
	int64_t expires;	 /* sys_now() terms */
	bool life_assumed;	 /* expires_in was not said */
	int64_t refresh_expires; /* of the refresh token, or 0: not said */
	char scope[512]; /* granted, made safe; "": not said: as asked for */
	char login[128]; /* who signed in, by the id_token; or "" */
};

enum {
	OAUTH_MAX_ANSWER = 64 * 1024,
	OAUTH_MAX_TOKEN = 16 * 1024,
	OAUTH_DEFAULT_LIFE = 3600, /* s, where the answer has no expires_in */
	OAUTH_MAX_LIFE = 30 * 86400
};

/* May it be asked, or shown to be opened: https, or http to loopback, with a
 * host and without a user in it, and no octet that has no place in a URL. */
bool oauth_is_url(const char *s);

void oauth_token_init(struct oauth_token *t);
void oauth_token_clear(struct oauth_token *t);

/* What is sent along; each may be NULL or empty. */
struct oauth_proof {
	const struct secret *client_secret;
	const struct secret *refresh_token;
	const struct secret *client_assertion; /* for OAUTH_AUTH_JWT */
	const struct secret *assertion;	       /* for OAUTH_JWT_BEARER */
};

/* What else a failed request has shown. */
struct oauth_trouble {
	struct outcome outcome;
	int64_t retry_after; /* ms, or -1 */
	int64_t clock_off;   /* ms that our clock is ahead of the endpoint's,
				where that may be the reason; else 0 */
	bool unanswered; /* the request went out and no whole answer came: it
			    may have been redeemed */
};

/*
 * Ask for a token by c->grant, one of the first three; blocks up to timeout_ms.
 * True with *t filled: a refresh token in it only if the endpoint gave one.
 * Else false with *f: stage TOKEN, code the HTTP status (0: no answer), error
 * and detail (AADSTS number, error_subtype, suberror), class by
 * hint_classify() (P only where a person has consented), text the error word
 * and description as the endpoint wrote them, or ours; no part of what was sent
 * in confidence is in it. now: sys_now().
 */
bool oauth_request(const struct oauth_client *c,
    const struct oauth_proof *proof, int64_t timeout_ms, int64_t now,
    struct oauth_token *t, struct oauth_trouble *f);

/*
 * The part of it that parses: an answer of that HTTP status with n octets of
 * body. For tests and fuzzing.
 */
bool oauth_read_answer(int status, const char *body, size_t n, int64_t now,
    struct oauth_token *t, struct outcome *o);

/* ---- device code (oauth_device.c; RFC 8628) */

struct oauth_device {
	struct secret device_code;
	char user_code[64];	/* made safe, to be shown */
	char uri[512];		/* where it is entered; https */
	char uri_complete[512]; /* with the code in it, or "" */
	int64_t life;		/* ms from the answer on */
	int64_t interval;	/* ms between two polls; oauth_device_poll()
				   makes it longer where it must */
};

void oauth_device_init(struct oauth_device *d);
void oauth_device_clear(struct oauth_device *d);

/* Ask for a code at c->device_url, as oauth_request(); verification_url is
 * taken too. What is missing or can't be shown is class C. */
bool oauth_device_begin(const struct oauth_client *c,
    const struct oauth_proof *proof, int64_t timeout_ms, struct oauth_device *d,
    struct oauth_trouble *f);

enum oauth_poll {
	OAUTH_POLL_TOKEN,   /* *t is filled */
	OAUTH_POLL_PENDING, /* after d->interval once more */
	OAUTH_POLL_FAILED   /* *f says why; P: declined, expired */
};

/*
 * Has the person consented? slow_down adds 5 s to d->interval, for good; no
 * answer, 429 and what else may pass by itself double it (RFC 8628 3.5), up to
 * a minute, and are PENDING with *f filled to be shown, else f->outcome.text is
 * "". Where f->retry_after is longer than d->interval, wait that long.
 */
enum oauth_poll oauth_device_poll(const struct oauth_client *c,
    const struct oauth_proof *proof, struct oauth_device *d, int64_t timeout_ms,
    int64_t now, struct oauth_token *t, struct oauth_trouble *f);

bool oauth_device_read(int status, const char *body, size_t n,
    struct oauth_device *d, struct outcome *o); /* for tests and fuzzing */

/* ---- authorization code with PKCE (oauth_code.c; RFC 6749 4.1, 7636, 9207) */

struct oauth_code {
	struct secret verifier; /* of PKCE */
	char *state;
	char *redirect_uri;
	char *url;    /* of the authorization request, to be opened */
	char *issuer; /* that comes back in iss, or NULL: not known */
	bool iss;     /* it must come back */
};

/*
 * Make verifier, state and URL. extra: further parameters, "a=b&c=d" with
 * values already encoded, or NULL; login: the address that should sign in
 * (login_hint), or NULL. issuer: must come back in iss (RFC 9207), or NULL:
 * need not, but if it does where c->issuer is known, it must be that.
 */
void oauth_code_begin(const struct oauth_client *c, const char *redirect_uri,
    const char *extra, const char *login, const char *issuer,
    struct oauth_code *q);
void oauth_code_clear(struct oauth_code *q);

/*
 * What came back: a whole URL, its query alone, or, pasted by a person (bare),
 * the code alone; blanks, quotes and angle brackets around it are none of it.
 * EX_DATAERR with what is wrong: foreign or missing state or issuer, no code in
 * it, a parameter twice; EX_NOPERM: the server says error, access_denied for
 * instance, with its words. The state is compared in constant time.
 */
int oauth_code_read(const struct oauth_code *q, const char *text, bool bare,
    struct secret *code, struct err *e);

/* Exchange it, once; as oauth_request(). invalid_grant is class P. */
bool oauth_code_redeem(const struct oauth_client *c,
    const struct oauth_proof *proof, const struct oauth_code *q,
    const struct secret *code, int64_t timeout_ms, int64_t now,
    struct oauth_token *t, struct oauth_trouble *f);

/* ---- metadata (oauth_meta.c; RFC 8414, OpenID Connect Discovery) */

struct oauth_meta {
	char *issuer;
	char *token_url, *authorize_url, *device_url, *revoke_url; /* or NULL */
	bool iss_in_answer; /* RFC 9207: iss must come back */
	bool no_pkce;	    /* methods are listed, and S256 is not among them */
};

void oauth_meta_clear(struct oauth_meta *m);

/*
 * Fetch the issuer's, by RFC 8414 and, where that is not there (404 and the
 * like, or no JSON), by OpenID. *text gets the document, for a cache. As
 * oauth_request().
 */
bool oauth_meta_fetch(const char *issuer, const char *ca_file, const char *pin,
    int64_t timeout_ms, struct secret *text, struct oauth_meta *m,
    struct oauth_trouble *f);

/* Understand a document: EX_DATAERR where its issuer is not exactly the one
 * asked for, it is no JSON object, or a URL in it is no https URL (http to
 * loopback). */
int oauth_meta_read(const char *issuer, const char *body, size_t n,
    struct oauth_meta *m, struct err *e);

/* ---- a look (oauth_look.c) */

struct oauth_look {
	struct outcome outcome; /* where it is no good */
	int status;		/* HTTP; 0: no answer */
	bool stranger;	  /* somebody else answers, as captive portals do */
	bool certificate; /* its certificate is not accepted */
	bool has_date;
	int64_t clock_off; /* ms that our clock is ahead of its Date */
	int64_t took;	   /* ms */
};

/* Does a token endpoint answer at c->token_url? It is asked for nothing, and
 * nobody's name or secret is sent. False with k->outcome. It blocks. */
bool oauth_look(
    const struct oauth_client *c, int64_t timeout_ms, struct oauth_look *k);

/* ---- revocation (oauth_revoke.c; RFC 7009) */

/* Revoke a refresh token. True also where the server does not know it. */
bool oauth_revoke(const struct oauth_client *c, const struct oauth_proof *proof,
    const struct secret *refresh, int64_t timeout_ms, struct oauth_trouble *f);

#endif
