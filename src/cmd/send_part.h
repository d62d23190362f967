/* SPDX-License-Identifier: ISC */
/* send_part: what the parts of send share; for them alone. */
#ifndef CMD_SEND_PART_H
#define CMD_SEND_PART_H

#include "base/buf.h"
#include "base/stream.h"
#include "base/sys.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "cmd/tell.h"
#include "core/submit.h"
#include "gate/spool.h"

#include <stdbool.h>

/* The input, remembered until the header is understood. */
struct send_input {
	struct stream_source source; /* first: is the input, for its read() */
	struct stream_source *in;
	struct stream_source standard;
	struct buf seen;
	bool remember;
};

/* What a client of -bs is told of its message. */
struct send_reply {
	int code;
	char enhanced[12];
	struct buf text;
};

struct send_job {
	const struct cmd_call *call;
	struct opts opts;
	struct sys_user user;
	struct conf conf;
	struct send_input input;
	struct submit_request request;
	struct submit_admission admission;
	struct send_reply *reply; /* of -bs: there, and not on standard error,
				     is said what came of it, and the text
				     stays the client's; else NULL */
};

/* ---- send */

/* Its file wants the runner: say and log that this command delivers. */
void send_warn_of_runner(const struct send_job *j);

/* ---- send_keep: input and dead.letter */

/* in: NULL for standard input. */
void send_input_begin(struct send_input *i, struct stream_source *in);
void send_input_forget(struct send_input *i);

/* The message will not be sent, for this reason: say and log it. */
int send_refuse(struct send_job *j, const struct err *e);

/* Its text could not be kept either; nothing with --now and --dry-run. */
void send_say_lost(struct send_job *j, const struct err *e);

/* Keep text for these recipients, and say where; or say that it is gone. With
 * --now and --dry-run the caller has the text and asked for nothing else. */
void send_keep(struct send_job *j, const struct text_list *rcpts,
    struct stream_source *text);

/* The same for the recipients as they were given. */
void send_keep_request(struct send_job *j, struct stream_source *text);

/* The header was not understood: keep the input as it came. */
void send_keep_input(struct send_job *j);

/* Nothing will be sent, but the rest of the input is read, to be kept. */
void send_keep_rest(struct send_job *j);

/* Head as it stands, and body, into a file without a name; from its front. */
int send_store(struct send_job *j, uint64_t max_size, int *fd, struct err *e);

/* ---- send_direct: without a queue */

/* Deliver in this process, and tell. */
int send_directly(struct send_job *j);

/* Tell what would be sent. */
int send_show(struct send_job *j);

/* A line of the dialogue on standard output, for -v. */
void send_show_line(void *ctx, bool sent, const char *line);

/* ---- send_answer: replies of -bs */

/* Set j->reply: why it will not be sent; what became of it. */
void send_answer_error(const struct send_job *j, const struct err *e);
void send_answer_outcomes(const struct send_job *j, const struct tell *t);

/* ---- send_serve: SMTP on standard input and output, -bs */

/* Serve until the client goes. Where the configuration has a fault, bad_conf,
 * that is the answer to every message. */
int send_serve(struct send_job *j, const struct err *bad_conf);

/* ---- send_spool: into the queue */

/*
 * Make the message durable in its profile's spool, and claim it. What fails has
 * been told, and the text kept where it is whole; *spool may be open even then.
 * EX_NOPERM, EX_CONFIG, EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL; EX_NOINPUT, or
 * EX_DATAERR for a message that is too large.
 */
int send_into_spool(
    struct send_job *j, struct spool **spool, struct spool_claim **claim);

/* ---- send_queue: through the queue */

/* Make it durable in the spool; let a child deliver it, and wait for it. */
int send_queued(struct send_job *j);

#endif
