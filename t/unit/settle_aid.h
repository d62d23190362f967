/* SPDX-License-Identifier: ISC */
/*
 * settle_aid: a spool, two profiles and results, to be settled; and what stands
 * in spool, account and log then.
 */
#ifndef T_SETTLE_AID_H
#define T_SETTLE_AID_H

#include "core/settle.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/sys.h"
#include "core/account.h"
#include "spool_aid.h"

#define HOUR ((int64_t)60 * 60 * 1000)
#define DAY  (24 * HOUR)

#define REPORT_A "R" ID_A
#define DELAY_A	 "D" ID_A
#define RELAY_A	 "S" ID_A

enum { BOX, SYSTEM, PROFILES };

static struct profile_home home;
static struct profile profiles[PROFILES];
static struct conf conf;
static struct outcome result[2];
static struct settle_attempt attempt;
static enum settle_end end;
static struct err e;

/* ---- places */

static inline void
fill_profile(struct profile *p, const char *name, enum profile_kind kind,
    const char *address)
{
	memset(p, 0, sizeof(*p));
	p->name = mem_dup(name);
	p->kind = kind;
	p->home = &home;
	p->user = mem_dup(address);
	p->servers[0].wire.host = "mail.example.com";
	p->n_servers = 1;
	ck_assert_int_eq(addr_parse(address, false, &p->address, &e), 0);
}

static char log_path[PATH_MAX];

static inline void
begin(void)
{
	static struct log_settings log = { .level = LOG_LEVEL_INFO,
		.facility = "mail" };

	spool_aid_begin();
	memset(&home, 0, sizeof(home));
	memset(&conf, 0, sizeof(conf));
	memset(&e, 0, sizeof(e));
	home.path = mem_dup("/etc/osmtp/osmtp.conf");
	home.state = mem_dup(aid_path("state"));
	home.stamp = 7;
	home.queue = (struct profile_queue){ .lifetime = 4 * DAY,
		.warn_after = 4 * HOUR,
		.retry_first = 60 * 1000,
		.retry_max = HOUR,
		.reports_per_hour = 60 };
	fill_profile(
	    &profiles[BOX], "default", PROFILE_MAILBOX, "box@example.com");
	fill_profile(&profiles[SYSTEM], "noreply", PROFILE_SYSTEM,
	    "noreply@example.com");
	profiles[SYSTEM].rewrite = true;
	conf.domain = mem_dup("d.example.com");
	conf.set.v = profiles;
	conf.set.n = PROFILES;
	conf.set.for_local = &profiles[SYSTEM];
	conf.hostname = mem_dup("host.example.com");
	attempt = (struct settle_attempt){ .profile = &profiles[BOX],
		.result = result,
		.server = "mail.example.com:587" };
	snprintf(log_path, sizeof(log_path), "%s", aid_path("log"));
	log.to = log_path; /* borrowed for good */
	ck_assert_int_eq(log_open(&log, &e), 0);
}

static inline void
end_all(void)
{
	size_t i;

	for (i = 0; i < PROFILES; i++)
		profile_clear(&profiles[i]);
	addr_clear(&conf.admin);
	free(conf.domain);
	free(conf.hostname);
	free(home.path);
	free(home.state);
	spool_aid_end();
}

/* How often does the log have that? */
static inline int
logged(const char *words)
{
	static char text[64 * 1024];
	const char *at;
	int n = 0;

	if (access(aid_path("log"), F_OK) != 0)
		return 0;
	aid_read(aid_path("log"), text, sizeof(text));
	for (at = text; (at = strstr(at, words)) != NULL; at++)
		n++;
	return n;
}

/* ---- attempts */

static inline void
say(size_t i, enum outcome_kind kind, enum outcome_class class,
    enum outcome_stage stage, int code)
{
	outcome_set(&result[i], kind, class, stage, code, "5.0.0 words");
}

static inline void
say_delivered(size_t i)
{
	say(i, OUTCOME_DELIVERED, OUTCOME_CLASS_NONE, OUTCOME_AT_FINAL, 250);
}

/* By a server that tells of no success, though that is wanted. */
static inline void
say_relayed(size_t i)
{
	say_delivered(i);
	result[i].relayed = true;
}

static inline void
say_refused(size_t i)
{
	say(i, OUTCOME_REFUSED, OUTCOME_CLASS_M, OUTCOME_AT_RCPT, 550);
}

static inline void
say_later(size_t i)
{
	say(i, OUTCOME_LATER, OUTCOME_CLASS_T, OUTCOME_AT_RCPT, 450);
}

static inline void
say_trouble(enum outcome_class class, enum outcome_stage stage, int code)
{
	say(0, OUTCOME_LATER, class, stage, code);
	result[1] = result[0];
}

/* As put_claimed(), with what is wanted of both recipients, "hdrs" and an
 * ENVID. */
static inline struct spool_claim *
put_wish(const char *id, unsigned first, unsigned second)
{
	struct dsn_rcpt one = { first,
		(char *)(void *)"rfc822;root@example.com" };
	struct dsn_rcpt two = { .notify = second };
	struct spool_item head = make_head(id);
	struct spool_draft *d;
	struct spool_claim *c;

	head.envelope.dsn.ret = DSN_RET_HDRS;
	head.envelope.dsn.envid = mem_dup("QQ+2B1");
	envelope_set_wish(&head.envelope, 0, &one);
	envelope_set_wish(&head.envelope, 1, &two);
	ck_assert_int_eq(spool_begin(spool, &head, &d, &e), 0);
	ck_assert_int_eq(
	    spool_sink(d)->write(spool_sink(d), TEXT, strlen(TEXT)), 0);
	ck_assert_int_eq(spool_commit(d, false, false, &c, &e), 0);
	spool_item_clear(&head);
	return c;
}

static inline int
settle(struct spool_claim *c)
{
	return settle_message(spool, c, &conf, &attempt, &end, &e);
}

static inline void
must_settle(struct spool_claim *c, enum settle_end want)
{
	int code = settle(c);

	ck_assert_msg(code == 0, "%s", e.text);
	ck_assert_int_eq(end, want);
}

static inline struct spool_item
peek(unsigned place, const char *id)
{
	struct spool_item i;
	bool busy;

	ck_assert_msg(
	    spool_peek(spool, place, id, &i, &busy, &e) == 0, "%s", e.text);
	ck_assert(!busy);
	return i;
}

static inline enum account_state
account_now(void)
{
	struct account a;
	enum account_state s;

	account_load(&profiles[BOX], &a);
	s = a.state;
	account_clear(&a);
	return s;
}

#endif
