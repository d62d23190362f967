/* SPDX-License-Identifier: ISC */
/*
 * smtp: one session with a submission server as a machine (RFC 5321, 6409,
 * 2920, 4954). Its user steps it and asks what it waits for; it never polls,
 * sleeps or reads a clock. Many messages may follow each other on it.
 *
 *   smtp_open() .. SMTP_IDLE, smtp_auth() .. SMTP_IDLE, smtp_send() ..
 *   SMTP_IDLE, smtp_send() .., smtp_quit()
 *
 * A verdict comes only from a well-formed reply in its place; surplus octets
 * are a breach. What a server says is an outcome, not an error.
 *
 * Must not know: configuration files, how tokens are had, queue, retries.
 */
#ifndef GATE_SMTP_H
#define GATE_SMTP_H

#include "gate/sasl.h"
#include "gate/wire.h"
#include "mail/envelope.h"
#include "mail/outcome.h"

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds, each absolute for its stage. */
struct smtp_timeouts {
	int64_t connect; /* names and all addresses */
	int64_t tls;
	int64_t greeting;
	int64_t reply;
	int64_t data;  /* without progress of the body */
	int64_t final; /* after the last dot */
};

struct smtp_target {
	struct wire_target wire;
	struct smtp_timeouts timeouts;
};

/* What the server offered in its last EHLO. */
struct smtp_offer {
	bool pipelining, eight_bit, utf8, dsn, has_size, has_auth;
	uint64_t size; /* limit, 0 = none told */
	bool auth[SASL_MECHS];
	char auth_words[256]; /* as the server wrote them, made safe */
};

enum smtp_phase {
	SMTP_BUSY,  /* step it when what it waits for has come */
	SMTP_IDLE,  /* the last order is done: give the next */
	SMTP_CLOSED /* over; only smtp_free() is left */
};

/* fd -1: nothing to poll (connecting is watched by wire). */
struct smtp_wait {
	int fd;
	unsigned events; /* LOOP_READ, LOOP_WRITE */
	int64_t due;	 /* step it then, at the latest */
};

/* Where the body comes from: the canonical message, head and body. rewind()
 * is not needed: an smtp_send() reads it once. -1 is a read error. */
struct smtp_body {
	ssize_t (*read)(void *ctx, void *p, size_t n);
	void *ctx;
};

struct smtp;

/* A line of the dialogue for people: sent or received, secrets replaced. */
typedef void smtp_trace_fn(void *ctx, bool sent, const char *line);

/*
 * Begin a session; t is borrowed for its life. wake is called from the loop
 * when the session should be stepped while it connects. EX_SOFTWARE.
 */
int smtp_open(struct wire *w, const struct smtp_target *t, int64_t now,
    void (*wake)(void *ctx), void *ctx, struct smtp **out, struct err *e);
void smtp_free(struct smtp *s); /* takes NULL; closes the link */

void smtp_trace(struct smtp *s, smtp_trace_fn *fn, void *ctx);

/* Go on as far as possible; now is an instant of sys_mono(). */
void smtp_step(struct smtp *s, int64_t now);
enum smtp_phase smtp_phase(const struct smtp *s);
void smtp_waits(const struct smtp *s, struct smtp_wait *w);

/* While IDLE: what is offered. */
const struct smtp_offer *smtp_offer(const struct smtp *s);

/*
 * Outcome of opening (kind OPEN if the session is up), of the last smtp_auth()
 * (DELIVERED if 235; class F stands for a refused secret), or of the last
 * smtp_verify().
 */
const struct outcome *smtp_outcome(const struct smtp *s);

/* Authenticate, while IDLE. Both are borrowed until IDLE or CLOSED again; a
 * refusal leaves the session IDLE if the server left it open. */
void smtp_auth(struct smtp *s, enum sasl_mech m, const struct sasl_identity *id,
    int64_t now);

/* One transaction. The envelope is borrowed until IDLE or CLOSED again. */
struct smtp_order {
	const struct envelope *envelope;
	struct smtp_body body;
	size_t max_rcpts; /* of this transaction */
	bool last;	  /* QUIT may ride along with the final dot */
};

/*
 * Send one message, while IDLE, to the first max_rcpts recipients whose outcome
 * is OPEN; out[i] goes with rcpts[i] of the envelope. None of them is OPEN
 * afterwards; all others stay as they were. Where the server does not offer
 * SMTPUTF8, whoever has an address that needs it is refused beforehand, and all
 * are if the sender or the header needs it. QUIT does not ride along, last or
 * not, where the server has put recipients off behind others (452, or 552 at
 * RCPT): they may follow in another transaction. What is wanted of a message
 * (RFC 3461) is passed on where the server offers DSN; else `relayed` is set in
 * the outcome of each who was delivered and of whom success is to be told.
 */
void smtp_send(struct smtp *s, const struct smtp_order *o, struct outcome *out,
    int64_t now);

/*
 * Ask for sender and recipients as smtp_send() does, while IDLE, but send no
 * message: RSET follows. smtp_outcome() is MAIL's, DELIVERED where the sender
 * was taken; out[i] that of rcpts[i], DELIVERED where it was taken. The
 * envelope may have no recipient. Both are borrowed until IDLE or CLOSED.
 */
void smtp_verify(
    struct smtp *s, const struct envelope *v, struct outcome *out, int64_t now);

/* The link below, to be looked at: address, chain, stage. */
struct wire_link *smtp_link(const struct smtp *s);

/* Has the body begun to flow, or is its verdict awaited? Giving up then
 * wastes what was sent, or leaves open whether it was delivered. */
bool smtp_is_in_data(const struct smtp *s);

/* Say QUIT, if there is room for it, and close without waiting. */
void smtp_quit(struct smtp *s);

#endif
