/* SPDX-License-Identifier: ISC */
/* oauth_part: what the parts of oauth share; for them alone. */
#ifndef GATE_OAUTH_PART_H
#define GATE_OAUTH_PART_H

#include "gate/oauth.h"

#include "base/json.h"

/* RFC 7523 2.1, RFC 8628 3.4 */
#define OAUTH_GRANT_URN "urn:ietf:params:oauth:grant-type:"

/* ---- asking (oauth.c) */

/* A request: what is sent, and what of it must not be shown. */
struct oauth_ask {
	const struct oauth_client *client;
	const struct oauth_proof *proof;
	enum oauth_grant grant;
	const char *url;
	struct secret form;	      /* empty: GET */
	struct secret authorization;  /* empty: none */
	const struct secret *hush[2]; /* sent beside the proof, or NULL */
};

/* Borrows all three. The grant is the client's until it is set. */
void oauth_ask_begin(struct oauth_ask *q, const struct oauth_client *c,
    const struct oauth_proof *proof, const char *url);
void oauth_ask_end(struct oauth_ask *q);

/* Fields of the form: text and secrets are left out where they are NULL or
 * empty; what the token is for; who the client is. */
void oauth_add_text(struct oauth_ask *q, const char *key, const char *value);
void oauth_add_secret(
    struct oauth_ask *q, const char *key, const struct secret *value);
void oauth_add_service(struct oauth_ask *q);
void oauth_add_client(struct oauth_ask *q);

/* Understand an answer that came at that time: false with *o set where it is
 * not what was asked for. */
typedef bool oauth_reader(int status, const char *body, size_t n, int64_t at,
    void *ctx, struct outcome *o);

/* Send it and read what comes; false with *f filled, as oauth_request(). */
bool oauth_send(const struct oauth_ask *q, int64_t timeout_ms, int64_t now,
    oauth_reader *read, void *ctx, struct oauth_trouble *f);

/* Complete a request of q->grant, whose own fields are in the form, and ask
 * for the token; as oauth_request(). */
bool oauth_exchange(struct oauth_ask *q, int64_t timeout_ms, int64_t now,
    struct oauth_token *t, struct oauth_trouble *f);

/* ---- answers (oauth_answer.c) */

/* What is asked for, and of whom, in the words of a refusal. */
struct oauth_place {
	const char *missed; /* of what is none: "this is not a token .." */
	const char *key;    /* of the configuration: "token_url" */
	const char *member; /* that a good answer has, or NULL */
};

bool oauth_is_success(int status);

/* The word as our table has it, or NULL: not known. */
const char *oauth_known_word(const char *word);

/* Set *o: later, of that class, at TOKEN. False, to be returned. */
bool oauth_refuse(struct outcome *o, enum outcome_class class, int status,
    const char *text, bool ours);

/* An answer without what was asked for; j is NULL if it is no JSON object.
 * Sets *o; false. */
bool oauth_read_refusal(const struct oauth_place *place, int status,
    const char *body, size_t n, const struct json *j, struct outcome *o);

/* Keep foreign text in a field of size octets, made safe; cut if need be. */
void oauth_keep_word(char *field, size_t size, const char *word);

/* Append "word: description" of a refusal, safe and on one line; description
 * may be NULL. */
void oauth_add_error(struct buf *b, const char *word, const char *description);

#endif
