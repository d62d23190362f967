/* SPDX-License-Identifier: ISC */
/* queue_show: the queue as a person or a script reads it. */
#include "cmd/queue_part.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cmd/tell.h"
#include "core/account.h"
#include "mail/field.h"

static const char *const place_names[] = {
	[SPOOL_QUEUE] = "queue", [SPOOL_FAILED] = "failed", [SPOOL_BAD] = "bad"
};

static void
print_time(const char *what, int64_t ms)
{
	struct buf b;

	buf_init(&b, 128);
	tell_add_time(&b, ms);
	printf("%s%s\n", what, b.data);
	buf_clear(&b);
}

/* "held", "busy", "waiting", .. */
static const char *
state_word(enum spool_place place, const struct spool_item *i, bool busy)
{
	if (place == SPOOL_FAILED)
		return i->state.by_pause ? "put aside" : "failed";
	if (busy)
		return "being sent";
	if (i->state.held)
		return "held";
	return i->state.attempts > 0 ? "waiting" : "ready";
}

struct tell
queue_tell(const struct queue *q, const struct spool_item *i)
{
	return (struct tell){ .call = q->call,
		.profile = spools_profile(&q->spools, i->profile),
		.envelope = &i->envelope,
		.result = i->state.result,
		.server = i->state.server };
}

static void
print_json(const struct queue *q, const struct spool_item *i, bool busy,
    enum spool_place place)
{
	struct tell t = queue_tell(q, i);
	struct json *j = tell_json(&t);

	json_set_string(j, "place", place_names[place]);
	json_set_string(j, "state", state_word(place, i, busy));
	if (t.profile == NULL)
		json_set_string(j, "profile", i->profile);
	json_set_number(j, "size", (int64_t)i->envelope.size);
	json_set_number(j, "accepted", i->accepted / 1000);
	json_set_number(j, "attempts", i->state.attempts);
	if (i->state.last != 0)
		json_set_number(j, "last", i->state.last / 1000);
	if (i->state.next != 0)
		json_set_number(j, "next", i->state.next / 1000);
	json_set_bool(j, "report", i->report);
	tell_print(j);
}

/* "ADDRESS: later: 450 ..", of each, with what helps. */
static void
print_rcpts(const struct queue *q, const struct spool_item *i)
{
	const struct profile *p = spools_profile(&q->spools, i->profile);
	struct buf b;
	size_t k;

	buf_init(&b, 8192);
	for (k = 0; k < i->envelope.n_rcpts; k++) {
		const struct outcome *o = &i->state.result[k];

		printf("    %s", i->envelope.rcpts[k]);
		if (o->kind != OUTCOME_OPEN) {
			buf_reset(&b);
			tell_add_words(&b, o, i->state.server);
			printf(": %s: %s", outcome_kind_name(o->kind), b.data);
		}
		putchar('\n');
		buf_reset(&b);
		profile_add_advice(&b, o, p);
		if (b.len > 0)
			printf("        %s\n", b.data);
	}
	buf_clear(&b);
}

/* ---- a list, as Postfix has it */

enum { RCPT_COLUMN = 41 };

/*
 * Scripts read lists of this form: a paragraph for each message, in which what
 * begins with a bracket is to be read by people.
 *
 *	-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------
 *	ID*     1234 Mon Nov 23 17:05:00  sender@example.com
 *	(state, next try, profile)
 *	(result: reply, for the recipients below it)
 *	                                         recipient@example.org
 *
 *	-- 2 Kbytes in 1 Request.
 *
 * "*" stands behind the ID of one that is being sent, "!" of one that is held.
 */
static void
print_list_head(void)
{
	puts("-Queue ID-  --Size-- ----Arrival Time---- "
	     "-Sender/Recipient-------");
}

/* Those who have not got it, each with its answer if it is not the one
 * before. */
static void
print_open_rcpts(const struct spool_item *i)
{
	struct buf said, b;
	size_t k;

	buf_init(&said, 8192);
	buf_init(&b, 8192);
	for (k = 0; k < i->envelope.n_rcpts; k++) {
		const struct outcome *o = &i->state.result[k];

		if (o->kind == OUTCOME_DELIVERED)
			continue;
		buf_reset(&b);
		if (o->kind != OUTCOME_OPEN) {
			buf_add_fmt(&b, "(%s: ", outcome_kind_name(o->kind));
			tell_add_words(&b, o, i->state.server);
			buf_add_char(&b, ')');
		}
		if (b.len > 0 && (b.len != said.len ||
				     memcmp(b.data, said.data, b.len) != 0)) {
			puts(b.data);
			buf_reset(&said);
			buf_add(&said, b.data, b.len);
		}
		printf("%*s%s\n", RCPT_COLUMN, "", i->envelope.rcpts[k]);
	}
	buf_clear(&b);
	buf_clear(&said);
}

static void
print_item(const struct queue *q, const struct spool_item *i, bool busy)
{
	const char *sender = i->envelope.sender;
	struct buf b;

	buf_init(&b, 512);
	buf_add_fmt(&b, "%s%s", i->envelope.id,
	    busy	    ? "*"
	    : i->state.held ? "!"
			    : "");
	printf("%-17s %8" PRIu64, b.data, i->envelope.size);
	buf_reset(&b);
	field_add_brief_date(&b, i->accepted);
	printf(" %-20s %s\n", b.data,
	    sender[0] != '\0' ? sender : "MAILER-DAEMON");
	printf("(%s", state_word(q->place, i, busy));
	if (q->place == SPOOL_QUEUE && i->state.next > 0 && !i->state.held) {
		buf_reset(&b);
		tell_add_time(&b, i->state.next);
		printf(", next try %s", b.data);
	}
	printf(", profile %s)\n", i->profile);
	buf_clear(&b);
	print_open_rcpts(i);
	putchar('\n');
}

/* A message that can't be read: say so and go on. */
static void
say_unreadable(const struct queue *q, const char *id, const struct err *e)
{
	if (e->code != EX_NOINPUT) /* else it has gone meanwhile */
		cmd_say(q->call, "%s: %s", id, e->text);
}

int
queue_list_one(struct queue *q, const char *id)
{
	struct spool_item i = { .profile = NULL };
	struct err e = ERR_NONE;
	bool busy;

	if (spool_peek(q->spool, q->place, id, &i, &busy, &e) != 0) {
		say_unreadable(q, id, &e);
		return EX_OK;
	}
	if (q->select == NULL || spool_is_selected(q->select, &i)) {
		if (q->json && !q->count)
			print_json(q, &i, busy, q->place);
		else if (!q->count) {
			if (q->listed == 0)
				print_list_head();
			print_item(q, &i, busy);
		}
		q->octets += i.envelope.size;
		q->listed++;
	}
	spool_item_clear(&i);
	return EX_OK;
}

/* The header of a message that was claimed or only looked at. */
static void
print_header(struct queue *q, const char *id)
{
	struct spool_claim *c;
	struct err e = ERR_NONE;
	char room[16384];
	const char *end;
	ssize_t n;

	if (spool_claim(q->spool, q->place, id, &c, &e) != 0) {
		say_unreadable(q, id, &e);
		return;
	}
	n = spool_read(c, room, sizeof(room), 0);
	if (n > 0) {
		end = memmem(room, (size_t)n, "\r\n\r\n", 4);
		putchar('\n');
		tell_print_text(
		    room, end != NULL ? (size_t)(end - room) : (size_t)n);
	}
	spool_release(c);
}

/* What is wrong with the account of p, if anything. */
static void
print_account(const struct profile *p)
{
	struct account a;
	struct buf b;

	buf_init(&b, 8192);
	account_load(p, &a);
	if (a.state >= ACCOUNT_PAUSED) {
		tell_add_words(&b, &a.why, a.server);
		printf("profile %s: %s: %s\n", profile_account(p)->name,
		    account_state_name(a.state), b.data);
		buf_reset(&b);
		profile_add_advice(&b, &a.why, p);
		if (b.len > 0)
			printf("    %s\n", b.data);
		print_time("    next try ", a.next);
	}
	account_clear(&a);
	buf_clear(&b);
}

static void
print_whole(const struct queue *q, const struct spool_item *i, bool busy)
{
	const struct profile *p = spools_profile(&q->spools, i->profile);

	printf("id: %s (%s)\n", i->envelope.id, state_word(q->place, i, busy));
	printf("from: <%s>\nprofile: %s\nuid: %u\nsize: %" PRIu64 "\n",
	    i->envelope.sender, i->profile, (unsigned)i->uid, i->envelope.size);
	print_time("accepted: ", i->accepted);
	printf("attempts: %u\n", i->state.attempts);
	if (i->state.last > 0)
		print_time("last try: ", i->state.last);
	if (i->state.next > 0 && q->place == SPOOL_QUEUE)
		print_time("next try: ", i->state.next);
	if (i->state.perhaps_sent)
		puts("some recipients may have got it: its state was "
		     "lost");
	puts("to:");
	print_rcpts(q, i);
	if (p != NULL)
		print_account(p);
}

int
queue_show_one(struct queue *q, const char *id)
{
	struct spool_item i = { .profile = NULL };
	struct err e = ERR_NONE;
	bool busy;

	if (spool_peek(q->spool, q->place, id, &i, &busy, &e) != 0) {
		say_unreadable(q, id, &e);
		return EX_DATAERR;
	}
	if (q->json) {
		print_json(q, &i, busy, q->place);
	} else {
		print_whole(q, &i, busy);
		print_header(q, id);
	}
	spool_item_clear(&i);
	return EX_OK;
}

void
queue_print_accounts(const struct queue *q)
{
	const struct profile_set *set = &q->spools.conf.set;
	size_t i;

	for (i = 0; i < set->n; i++)
		if (set->v[i].home == q->home &&
		    profile_account(&set->v[i]) == &set->v[i])
			print_account(&set->v[i]);
}

void
queue_print_sum(const struct queue *q)
{
	if (q->count)
		printf("%zu\n", q->listed);
	if (q->json || q->count)
		return;
	if (q->listed == 0 && q->place == SPOOL_QUEUE)
		/* Scripts look for the word "empty" on standard output. */
		puts("Mail queue is empty");
	else
		printf("-- %" PRIu64 " Kbytes in %zu Request%s.\n",
		    (q->octets + 1023) / 1024, q->listed,
		    q->listed == 1 ? "" : "s");
	if (q->failed > 0 && q->place == SPOOL_QUEUE)
		printf("-- %zu failed: osmtp queue list --failed\n", q->failed);
	if (q->bad > 0 && q->place == SPOOL_QUEUE)
		printf("-- %zu damaged: osmtp queue list --bad\n", q->bad);
}
