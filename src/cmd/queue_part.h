/* SPDX-License-Identifier: ISC */
/* queue_part: what the parts of queue share; for them alone. */
#ifndef CMD_QUEUE_PART_H
#define CMD_QUEUE_PART_H

#include "base/text.h"
#include "cmd/spools.h"
#include "cmd/tell.h"

struct queue;

/* An act: what it does with one message that it has claimed. */
struct act {
	const char *word;
	const char *usage;
	bool claims; /* works on claimed messages; else it only looks */
	int (*one)(struct queue *q, const char *id);
};

/* What was asked for. */
struct queue {
	const struct cmd_call *call;
	const struct act *act;
	struct spools spools;
	const char *conf_file;
	enum spool_place place;		   /* that is listed */
	const struct spool_select *select; /* what is listed of it, or NULL */
	bool json, all;
	bool count; /* how many there are, and nothing else */
	char *const *ids;
	size_t n_ids;
	/* The queue at hand. */
	struct spool *spool;
	const struct profile_home *home;
	struct text_list found; /* IDs */
	struct text_list seen;	/* IDs of the command line that were there */
	uint64_t octets;
	size_t listed, failed, bad;
	int code;
};

/* ---- queue_show: looking */

/* Print one message, as a line of a list or with all that is known of it. */
int queue_list_one(struct queue *q, const char *id);
int queue_show_one(struct queue *q, const char *id);

/* What there is to tell of i; borrowed from both. */
struct tell queue_tell(const struct queue *q, const struct spool_item *i);

/* What is wrong with accounts explains why their mail waits. */
void queue_print_accounts(const struct queue *q);

/* The last lines of a list. */
void queue_print_sum(const struct queue *q);

#endif
