/* SPDX-License-Identifier: ISC */
/* settle_report: who hears of a message's fate, and by which way. */
/*
 * A report is a message like any other in the same spool. Its ID follows from
 * that of the message, so that two processes, or one before and one after a
 * crash, can't make two.
 *
 * spool/reports holds one number, the instant up to which reports are booked
 * (settle_may_report()). Losing it costs nothing but an hour's limit.
 */
#include "core/settle_report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/account.h"
#include "core/settle_plan.h"
#include "mail/hint.h"

enum { LOCK_MS = 1000, NUMBER_MAX = 24 };

/* ---- the limit */

static int64_t
read_booked(int fd)
{
	char text[NUMBER_MAX + 1];
	ssize_t n = pread(fd, text, NUMBER_MAX, 0);
	uint64_t booked = 0;
	char *end;

	text[n > 0 ? n : 0] = '\0';
	end = strchr(text, '\n');
	if (end != NULL)
		*end = '\0';
	return text_parse_uint(text, INT64_MAX, &booked) ? (int64_t)booked : 0;
}

static void
write_booked(int fd, int64_t booked)
{
	struct buf b;

	buf_init(&b, NUMBER_MAX);
	buf_add_fmt(&b, "%lld\n", (long long)booked);
	if (ftruncate(fd, 0) == 0 && pwrite(fd, b.data, b.len, 0) < 0)
		log_event(LOG_LEVEL_WARN, NULL, "report", "result",
		    "the limit can't be recorded", NULL);
	buf_clear(&b);
}

/* A limit that can't be read or kept limits nothing. */
static bool
is_within_limit(const struct spool *s, int64_t now, int64_t per_hour)
{
	char *path = mem_printf("%s/reports", spool_path(s));
	int fd = open(
	    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	int64_t booked = 0;
	bool may = true;

	if (fd >= 0) {
		if (fsio_lock_fd(fd, path, sys_mono() + LOCK_MS, NULL) == 0)
			booked = read_booked(fd);
		may = settle_may_report(&booked, now, per_hour);
		if (may)
			write_booked(fd, booked);
		close(fd);
	}
	free(path);
	return may;
}

/* ---- to whom, and by which way */

/* The way that is there just now; a profile of another file would not be
 * delivered from this spool. */
static const struct profile *
way_out(const struct settle_report *r)
{
	const struct profile *other = r->conf->set.for_local;
	struct account a;
	bool paused;

	account_load(r->profile, &a);
	paused = a.state > ACCOUNT_DEGRADED;
	account_clear(&a);
	if (paused && other != NULL && other->home == r->profile->home)
		return other;
	return r->profile;
}

/* Fill head for the report. Of a success hears who asked, nobody else. False
 * if nobody can be told, for the reason in
 * e. */
static bool
address_report(const struct settle_report *r, const struct profile *way,
    struct spool_item *head, struct err *e)
{
	static const char letters[REPORT_KINDS] = { [REPORT_FAILED] = 'R',
		[REPORT_DELAYED] = 'D',
		[REPORT_RELAYED] = 'S' };
	static const struct dsn_rcpt never = { .notify = DSN_NEVER };
	const struct spool_item *i = spool_item(r->claim);
	struct addr null = { .local = NULL };
	struct addr to = { .local = NULL };
	bool ok;

	if (r->profile->kind == PROFILE_SYSTEM &&
	    r->conf->admin.local != NULL && r->kind != REPORT_RELAYED)
		addr_copy(&to, &r->conf->admin);
	ok = (to.local != NULL ||
		 addr_parse(i->envelope.sender, false, &to, e) == 0) &&
	     addr_parse("<>", true, &null, e) == 0 &&
	     envelope_set_sender(&head->envelope, &null, e) == 0 &&
	     envelope_add_rcpt_dsn(&head->envelope, &to, &never, e) == 0;
	addr_clear(&to);
	addr_clear(&null);
	head->envelope.id[0] = letters[r->kind];
	memcpy(head->envelope.id + 1, i->envelope.id, ENVELOPE_ID_LENGTH + 1);
	head->profile = mem_dup(way->name);
	head->uid = i->uid;
	head->accepted = r->now;
	head->report = true;
	return ok;
}

/* Is there one already? EX_TEMPFAIL: who knows. */
static int
look_for(struct spool *s, const char *id, bool *exists, struct err *e)
{
	struct spool_item i = { .uid = 0 };
	struct err why = ERR_NONE;
	bool busy;
	int code = spool_peek(s, SPOOL_QUEUE, id, &i, &busy, &why);

	spool_item_clear(&i);
	*exists = code != EX_NOINPUT;
	return code == EX_TEMPFAIL ? err_set(e, code, "%s", why.text) : 0;
}

/* ---- what it says */

/* Those that it is about; a list for free_rcpts(). */
static struct report_rcpt *
list_rcpts(const struct settle_report *r, size_t *n)
{
	const struct spool_item *i = spool_item(r->claim);
	const struct envelope *v = &i->envelope;
	struct report_rcpt *out = mem_new(v->n_rcpts, sizeof(*out));
	struct buf b;
	size_t at;

	*n = 0;
	for (at = 0; at < v->n_rcpts; at++) {
		const struct outcome *o = &i->state.result[at];
		const struct dsn_rcpt *wish = envelope_wish(v, at);

		if (!settle_concerns(r->kind, o, wish->notify))
			continue;
		buf_init(&b, 8192);
		if (r->kind != REPORT_RELAYED)
			profile_add_advice(&b, o, r->profile);
		out[*n].address = v->rcpts[at];
		out[*n].orcpt = wish->orcpt;
		out[*n].outcome = o;
		out[*n].advice = buf_take(&b);
		++*n;
	}
	return out;
}

static void
free_rcpts(struct report_rcpt *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free((char *)(void *)v[i].advice);
	free(v);
}

/* The text of the message, as a source. */
struct text {
	struct stream_source source; /* first */
	struct spool_claim *claim;
	uint64_t at;
};

static ssize_t
read_text(struct stream_source *s, void *p, size_t n)
{
	struct text *t = (struct text *)(void *)s;
	ssize_t got = spool_read(t->claim, p, n, t->at);

	if (got > 0)
		t->at += (uint64_t)got;
	return got;
}

/* From: a profile that rewrites sends as its address alone, and a mailbox as
 * the person's. */
static char *
from_of(const struct conf *c, const struct profile *way)
{
	if (way->kind == PROFILE_SYSTEM && !way->rewrite && c->domain != NULL)
		return mem_printf("MAILER-DAEMON@%s", c->domain);
	return addr_text(&way->address);
}

static int
write_report(const struct settle_report *r, const struct profile *way,
    const struct spool_item *head, struct spool_draft *d, struct err *e)
{
	const struct spool_item *i = spool_item(r->claim);
	struct text text = { { .read = read_text }, r->claim, 0 };
	char *from = from_of(r->conf, way);
	struct report out = { .kind = r->kind,
		.id = head->envelope.id,
		.from = from,
		.to = head->envelope.rcpts[0],
		.envid = i->envelope.dsn.envid,
		.ret = i->envelope.dsn.ret,
		.queue_id = i->envelope.id,
		.server = i->state.server,
		.now = r->now,
		.arrived = i->accepted,
		.until = r->until };
	struct report_rcpt *rcpts;
	char *host = conf_hostname(r->conf);
	int code;

	out.hostname = host;
	out.rcpts = rcpts = list_rcpts(r, &out.n_rcpts);
	code = report_write(&out, &text.source, i->envelope.size,
	    i->envelope.eight_bit, spool_sink(d), e);
	free_rcpts(rcpts, out.n_rcpts);
	free(host);
	free(from);
	return code;
}

/* ---- all of it */

static int
store_report(struct spool *s, const struct settle_report *r,
    const struct profile *way, const struct spool_item *head,
    struct spool_claim **out, struct err *e)
{
	const char *about = spool_item(r->claim)->envelope.id;
	struct spool_draft *d = NULL;
	int code = spool_begin(s, head, &d, e);

	if (code == 0) {
		code = write_report(r, way, head, d, e);
		if (code == 0)
			code = spool_commit(d,
			    spool_item(r->claim)->envelope.eight_bit,
			    spool_item(r->claim)->envelope.repair, out, e);
		if (code != 0)
			spool_discard(d);
	}
	if (code == 0)
		log_event(LOG_LEVEL_INFO, about, "report", "result", "queued",
		    "as", head->envelope.id, "to", head->envelope.rcpts[0],
		    "profile", way->name, NULL);
	return code;
}

static void
log_none(const char *id, enum log_level level, const char *reason)
{
	log_event(
	    level, id, "report", "result", "none", "reason", reason, NULL);
}

int
settle_make_report(struct spool *s, const struct settle_report *r,
    struct spool_claim **out, struct err *e)
{
	const char *about = spool_item(r->claim)->envelope.id;
	const struct profile *way = way_out(r);
	int64_t limit = r->profile->home->queue.reports_per_hour;
	struct spool_item head = { .report = true };
	struct err why = ERR_NONE;
	bool exists;
	int code = 0;

	*out = NULL;
	if (!address_report(r, way, &head, &why)) {
		log_none(about, LOG_LEVEL_ERROR, why.text);
		exists = true;
	} else {
		code = look_for(s, head.envelope.id, &exists, e);
		if (exists && code == 0)
			log_none(about, LOG_LEVEL_INFO, "there is one already");
	}
	if (!exists && !is_within_limit(s, r->now, limit))
		log_none(about, LOG_LEVEL_WARN, "queue.reports_per_hour");
	else if (!exists)
		code = store_report(s, r, way, &head, out, e);
	spool_item_clear(&head);
	if (code == EX_DATAERR) {
		log_none(about, LOG_LEVEL_ERROR, e->text);
		code = 0;
	}
	return code;
}
