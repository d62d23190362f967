/* SPDX-License-Identifier: ISC */
/* smtp_part: what the parts of smtp share; for them alone. */
#ifndef GATE_SMTP_PART_H
#define GATE_SMTP_PART_H

#include "gate/reply.h"
#include "gate/smtp.h"

enum {
	SMTP_GROUP = 16 * 1024, /* octets of commands put into one write */
	SMTP_CHUNK = 32 * 1024, /* octets of body, before stuffing */
	SMTP_AUTH_MS = 2 * 60 * 1000, /* AUTH and DATA wait no longer */
	SMTP_HIDDEN = 8 /* secrets, and AUTH lines, that are remembered */
};

enum smtp_state {
	SMTP_ST_CONNECT,
	SMTP_ST_IDLE,
	SMTP_ST_AUTH,
	SMTP_ST_ENVELOPE,
	SMTP_ST_BODY,
	SMTP_ST_FINAL,
	SMTP_ST_VOID,
	SMTP_ST_RSET,
	SMTP_ST_CLOSED
};

/* One message on its way. */
struct smtp_transfer {
	const struct envelope *v; /* NULL: none is on its way */
	struct smtp_body body;
	struct outcome *result;
	bool last;   /* QUIT may ride along */
	bool verify; /* no DATA follows */

	size_t *rcpt_of; /* whom it is for: places in v->rcpts */
	size_t n_rcpts;
	size_t commands, sent, answered;
	size_t accepted;   /* recipients */
	bool mail_refused; /* what follows means nothing */
	bool put_off;	   /* a 452 or 552 behind an accepted recipient */

	bool line_start, last_cr; /* where the body stands, for stuffing */
	bool body_done, quit_sent;
	size_t dot_end;	  /* offset in the chunk behind the final dot */
	int64_t pace_due; /* the body must have moved by then */
	size_t pace_octets;
};

struct smtp {
	const struct smtp_target *target;
	struct wire_link *link;
	enum smtp_state state;
	enum wire_stage wire_stage;
	int64_t now;
	int64_t due;	  /* what is awaited must have come by then */
	int64_t patience; /* how far off due was set */
	struct smtp_offer offer;
	struct outcome outcome; /* of opening, or of AUTH */
	smtp_trace_fn *trace;
	void *trace_ctx;

	char in[4096]; /* received, not yet taken */
	size_t in_at, in_n;
	struct reply reply;
	struct secret out; /* commands to send; AUTH's hold secrets */
	size_t out_at;
	char *chunk; /* octets of body to send, behind out */
	size_t chunk_at, chunk_n;
	bool write_broken; /* only reading is left */

	struct sasl sasl;
	bool initial_due, cancelled;
	struct err fault;		   /* why AUTH was cancelled */
	struct secret hidden[SMTP_HIDDEN]; /* what no reply may show again */
	size_t n_hidden;
	struct smtp_transfer tx;
};

/* The only setter of the state. */
void smtp_set_state(struct smtp *s, enum smtp_state state);

/* What is awaited now must come within ms. */
void smtp_give_time(struct smtp *s, int64_t ms);
int64_t smtp_least(int64_t a, int64_t b);

/* Where the dialogue stands, for an outcome. */
enum outcome_stage smtp_stage(const struct smtp *s);

/* ---- endings */

/* The session is over; whoever has no verdict gets this one. */
void smtp_fail(struct smtp *s, enum outcome_kind kind, enum outcome_class class,
    enum outcome_stage stage, int code, const char *text);

/* The link is no good any more: class and kind follow from where it stood. */
void smtp_lose(struct smtp *s, const char *text, bool breach);

/* Set o by the reply that has come. */
void smtp_set_by_reply(
    struct smtp *s, struct outcome *o, enum outcome_stage stage);

/* A 421, or another refusal that ends the session here. */
void smtp_fail_by_reply(struct smtp *s, enum outcome_stage stage);

/* The text of the reply, "" if it has none; not safe to show. */
const char *smtp_reply_text(const struct smtp *s);

/* ---- writing and reading */

/* A server that repeats these octets is not quoted from now on. */
void smtp_hide(struct smtp *s, const char *p, size_t n);

void smtp_trace_line(struct smtp *s, bool sent, const char *line);
void smtp_add_command(struct smtp *s, const char *line);

/* Nothing is left to be sent? */
bool smtp_is_sent(const struct smtp *s);

/* Send as much as goes; true once nothing is left, or nothing can go. */
bool smtp_push(struct smtp *s);

/*
 * Take the next reply. True if s->reply is whole. Else either there is more
 * to wait for, or the session has been lost, and its state tells.
 */
bool smtp_pull(struct smtp *s);

/* Nothing has come that was not asked for; else the session is lost. */
bool smtp_input_is_quiet(struct smtp *s);

/* ---- the states; each goes on as far as it can, true: call me again */

bool smtp_do_auth(struct smtp *s);
bool smtp_do_envelope(struct smtp *s);
bool smtp_do_body(struct smtp *s);
bool smtp_do_final(struct smtp *s);
bool smtp_do_leave(struct smtp *s);

#endif
