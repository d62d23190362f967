/* SPDX-License-Identifier: ISC */
/* queue: what waits, and what an administrator may do with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "cmd/queue_part.h"
#include "cmd/tell.h"
#include "core/runner.h"

/* ---- acting; each has claimed the message */

static int
with_claim(struct queue *q, const char *id,
    int (*act)(struct queue *q, struct spool_claim *c, struct err *e))
{
	struct spool_claim *c;
	struct err e = ERR_NONE;
	int code = spool_claim(q->spool, q->place, id, &c, &e);

	if (code == 0) {
		code = act(q, c, &e);
		spool_release(c);
	}
	if (code != 0)
		cmd_say(q->call, "%s: %s", id, e.text);
	return code;
}

static int
hold_claim(struct queue *q, struct spool_claim *c, struct err *e)
{
	(void)q;
	spool_item(c)->state.held = true;
	return spool_save(c, e);
}

static int
release_claim(struct queue *q, struct spool_claim *c, struct err *e)
{
	(void)q;
	spool_item(c)->state.held = false;
	return spool_save(c, e);
}

static int
delete_claim(struct queue *q, struct spool_claim *c, struct err *e)
{
	(void)q;
	return spool_remove(c, e);
}

/* What was given up begins anew, for those who have not got it. */
static int
retry_claim(struct queue *q, struct spool_claim *c, struct err *e)
{
	struct spool_state *s = &spool_item(c)->state;
	size_t i, n = spool_item(c)->envelope.n_rcpts;

	s->next = 0;
	if (q->place == SPOOL_QUEUE)
		return spool_save(c, e);
	s->returned = s->by_pause = s->warned = false;
	s->able = 0;
	s->attempts = 0;
	for (i = 0; i < n; i++)
		if (s->result[i].kind == OUTCOME_REFUSED)
			s->result[i].kind = OUTCOME_LATER;
	return spool_move(c, SPOOL_QUEUE, e);
}

static int
hold_one(struct queue *q, const char *id)
{
	return with_claim(q, id, hold_claim);
}

static int
release_one(struct queue *q, const char *id)
{
	return with_claim(q, id, release_claim);
}

static int
delete_one(struct queue *q, const char *id)
{
	return with_claim(q, id, delete_claim);
}

/* Try what is in the queue at once: that message, or with NULL all. */
static int
run_queue(struct queue *q, const char *id)
{
	struct runner_order o = { .spool = q->spool,
		.conf = &q->spools.conf,
		.home = q->home,
		.now = true,
		.only = id };
	struct runner_tally t;
	struct err e = ERR_NONE;

	if (runner_once(&o, &t, &e) != 0)
		return cmd_complain(q->call, &e);
	return EX_OK;
}

/* Try it at once, and say what has come of it; of all of them mailq tells. */
static int
retry_one(struct queue *q, const char *id)
{
	struct spool_item i = { .profile = NULL };
	struct err e = ERR_NONE;
	bool busy;
	int code = with_claim(q, id, retry_claim);

	if (code != 0 || q->all)
		return code;
	code = run_queue(q, id);
	if (code != 0)
		return code;
	if (spool_peek(q->spool, SPOOL_QUEUE, id, &i, &busy, &e) == 0) {
		struct tell said = queue_tell(q, &i);

		tell_lines(&said);
		spool_item_clear(&i);
	}
	return EX_OK;
}

static const struct act acts[] = {
	{ "list", "list [--json] [--failed | --bad]", false, queue_list_one },
	{ "show", "show [--json] ID ..", false, queue_show_one },
	{ "retry", "retry ID .. | --all", true, retry_one },
	{ "hold", "hold ID .. | --all", true, hold_one },
	{ "release", "release ID .. | --all", true, release_one },
	{ "delete", "delete ID .. | --all", true, delete_one },
};

enum { N_ACTS = sizeof(acts) / sizeof(acts[0]) };

/* ---- going through a queue */

static bool
find_id(void *ctx, const char *id)
{
	struct queue *q = ctx;

	text_list_add(&q->found, id);
	return true;
}

static bool
count_id(void *ctx, const char *id)
{
	size_t *n = ctx;

	(void)id;
	(*n)++;
	return true;
}

static int
by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static bool
is_wanted(const struct queue *q, const char *id)
{
	size_t i;

	for (i = 0; i < q->n_ids; i++)
		if (strcmp(q->ids[i], id) == 0)
			return true;
	return q->n_ids == 0; /* all, or a list */
}

/* All messages of a place, oldest first: IDs sort by time. */
static int
go_through(struct queue *q, enum spool_place place)
{
	struct err e = ERR_NONE;
	size_t i;
	int code;

	q->place = place;
	text_list_clear(&q->found);
	code = spool_each(q->spool, place, find_id, q, &e);
	if (code != 0)
		return cmd_complain(q->call, &e);
	if (q->found.n > 1)
		qsort(q->found.v, q->found.n, sizeof(q->found.v[0]), by_text);
	for (i = 0; i < q->found.n; i++) {
		if (!is_wanted(q, q->found.v[i]))
			continue;
		if (q->n_ids > 0)
			text_list_add(&q->seen, q->found.v[i]);
		code = q->act->one(q, q->found.v[i]);
		if (code != 0)
			q->code = code;
	}
	return EX_OK;
}

static int
each_spool(void *ctx, struct spool *s, const struct profile_home *home)
{
	static const enum spool_place places[] = { SPOOL_QUEUE, SPOOL_FAILED,
		SPOOL_BAD };
	struct queue *q = ctx;
	struct err e = ERR_NONE;
	size_t i;

	q->spool = s;
	q->home = home;
	if (q->act->one == queue_list_one) {
		go_through(q, q->place);
		spool_each(s, SPOOL_FAILED, count_id, &q->failed, &e);
		spool_each(s, SPOOL_BAD, count_id, &q->bad, &e);
		if (!q->json && !q->count && q->listed > 0)
			queue_print_accounts(q);
		return q->code;
	}
	/* --all means what waits; an ID may be in either place. */
	for (i = 0; i < (q->n_ids == 0 ? 1 : 2); i++)
		go_through(q, places[i]);
	if (q->act->one == retry_one && q->all && run_queue(q, NULL) != 0)
		q->code = EX_IOERR;
	return q->code;
}

/* IDs that were nowhere. */
static void
say_missing(struct queue *q)
{
	size_t i;

	for (i = 0; i < q->n_ids; i++) {
		if (text_list_has(&q->seen, q->ids[i]))
			continue;
		cmd_say(q->call, "%s: no such message in the queue", q->ids[i]);
		q->code = EX_NOINPUT;
	}
}

static int
perform(struct queue *q)
{
	enum spool_place listed = q->place;
	int code = spools_load(&q->spools, q->call, q->conf_file);

	if (code == 0) {
		code = spools_each(&q->spools, each_spool, q);
		if (q->n_ids > 0) {
			say_missing(q);
			code = q->code;
		}
		q->place = listed;
		if (q->act->one == queue_list_one)
			queue_print_sum(q);
		tell_all_ahead(q->call, &q->spools.conf.set);
	}
	spools_clear(&q->spools);
	text_list_clear(&q->found);
	text_list_clear(&q->seen);
	return code;
}

/* ---- the command line */

static int
complain_of_act(const struct cmd_call *c, const char *word)
{
	size_t i;

	if (word != NULL)
		cmd_say(c, "queue: %s: no such act", word);
	for (i = 0; i < N_ACTS; i++)
		fprintf(stderr, "%s osmtp queue %s\n",
		    i == 0 ? "usage:" : "      ", acts[i].usage);
	return EX_USAGE;
}

static int
take_option(struct queue *q, int *i)
{
	const struct cmd_call *c = q->call;
	const char *word = c->argv[*i];
	bool lists = q->act->one == queue_list_one;

	if (strcmp(word, "--json") == 0 && !q->act->claims)
		q->json = true;
	else if (strcmp(word, "--all") == 0 && q->act->claims)
		q->all = true;
	else if (strcmp(word, "--failed") == 0 && lists)
		q->place = SPOOL_FAILED;
	else if (strcmp(word, "--bad") == 0 && lists)
		q->place = SPOOL_BAD;
	else if (strcmp(word, "-C") == 0 && *i + 1 < c->argc)
		q->conf_file = c->argv[++*i];
	else {
		cmd_say(c, "queue %s: %s: unknown option", q->act->word, word);
		return EX_USAGE;
	}
	return 0;
}

int
cmd_mailq(const struct cmd_call *c, const struct opts *o)
{
	struct queue q = { .call = c,
		.act = &acts[0],
		.conf_file = o->conf_file,
		.select = &o->select,
		.json = o->json,
		.count = o->mode == OPTS_COUNT_QUEUE };

	return perform(&q);
}

int
cmd_queue(const struct cmd_call *c)
{
	struct queue q = { .call = c, .act = &acts[0] };
	bool lists;
	int i = 1;
	size_t k;

	if (c->argc > 1 && c->argv[1][0] != '-') {
		for (k = 0; k < N_ACTS; k++)
			if (strcmp(acts[k].word, c->argv[1]) == 0)
				break;
		if (k == N_ACTS)
			return complain_of_act(c, c->argv[1]);
		q.act = &acts[k];
		i = 2;
	}
	lists = q.act->one == queue_list_one;
	for (; i < c->argc && c->argv[i][0] == '-'; i++)
		if (take_option(&q, &i) != 0)
			return EX_USAGE;
	q.ids = c->argv + i;
	q.n_ids = i < c->argc ? (size_t)(c->argc - i) : 0;
	if (!lists && q.n_ids == 0 && !q.all)
		return complain_of_act(c, NULL);
	if (q.all && q.n_ids > 0)
		return complain_of_act(c, NULL);
	return perform(&q);
}
