/* SPDX-License-Identifier: ISC */
/*
 * account: what a pause begins, lengthens and ends with, by a clock and dice of
 * the test; and the file that keeps it.
 */
#include "core/account.h"

#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "aid.h"

#define HOUR ((int64_t)60 * 60 * 1000)
#define DAY  (24 * HOUR)

enum { MIDDLE = 200 /* dice for no jitter */ };

static const int64_t start = INT64_C(1700000000000);
static struct profile_home home;
static struct profile profile;
static struct account a;
static struct err e;

static void
begin(void)
{
	aid_make_dir();
	memset(&profile, 0, sizeof(profile));
	memset(&home, 0, sizeof(home));
	memset(&a, 0, sizeof(a));
	memset(&e, 0, sizeof(e));
	home.state = mem_dup(aid_path("state"));
	home.stamp = 7;
	home.queue.retry_first = 60 * 1000;
	home.queue.retry_max = HOUR;
	home.queue.lifetime = 5 * DAY;
	profile.home = &home;
	profile.name = (char *)"no/reply";
}

static void
end(void)
{
	account_clear(&a);
	free(home.state);
	aid_remove_dir();
}

static struct outcome
outcome(enum outcome_kind kind, enum outcome_class class,
    enum outcome_stage stage, int code)
{
	struct outcome o;

	outcome_set(&o, kind, class, stage, code, "5.7.0 words");
	return o;
}

/* What each class comes as. */
static struct outcome
of_class(char class)
{
	switch (class) {
	case 'L':
		return outcome(
		    OUTCOME_LATER, OUTCOME_CLASS_L, OUTCOME_AT_CONNECT, 0);
	case 'P':
		return outcome(
		    OUTCOME_LATER, OUTCOME_CLASS_P, OUTCOME_AT_TOKEN, 400);
	case 'C':
		return outcome(
		    OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_AUTH, 535);
	case 'S': /* of the sender */
		return outcome(
		    OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_MAIL, 550);
	case 'N': /* not let in after all */
		return outcome(
		    OUTCOME_LATER, OUTCOME_CLASS_C, OUTCOME_AT_MAIL, 530);
	case 'Q': /* a quota, told at MAIL */
		return outcome(
		    OUTCOME_LATER, OUTCOME_CLASS_L, OUTCOME_AT_MAIL, 452);
	case 'T':
		return outcome(
		    OUTCOME_LATER, OUTCOME_CLASS_T, OUTCOME_AT_RCPT, 450);
	case 'M':
		return outcome(
		    OUTCOME_REFUSED, OUTCOME_CLASS_M, OUTCOME_AT_FINAL, 554);
	case 'U':
		return outcome(
		    OUTCOME_UNCLEAR, OUTCOME_CLASS_T, OUTCOME_AT_FINAL, 0);
	case 'V': /* unclear, twice in a row */
		return outcome(
		    OUTCOME_UNCLEAR, OUTCOME_CLASS_L, OUTCOME_AT_FINAL, 0);
	default:
		return outcome(OUTCOME_DELIVERED, OUTCOME_CLASS_NONE,
		    OUTCOME_AT_FINAL, 250);
	}
}

static bool
note(char class, int64_t now)
{
	struct outcome o = of_class(class);

	return account_note(
	    &a, &profile, &o, "ann@example.com", "h:587", now, MIDDLE);
}

/* ---- states */

/* What was seen, a letter each (d: delivered, ' ': a minute later), the state
 * behind it, and how often it has changed. */
static const struct {
	const char *label, *seen;
	enum account_state state;
	unsigned changes;
} states[] = {
	{ "nothing", "", ACCOUNT_OK, 0 },
	{ "delivered", "d", ACCOUNT_OK, 0 },
	{ "L", "L", ACCOUNT_PAUSED, 1 },
	{ "P", "P", ACCOUNT_NEEDS_LOGIN, 1 },
	{ "C", "C", ACCOUNT_MISCONFIGURED, 1 },
	{ "L again is no news", "LLL", ACCOUNT_PAUSED, 1 },
	{ "P again is no news", "PP", ACCOUNT_NEEDS_LOGIN, 1 },
	{ "L becomes P", "LP", ACCOUNT_NEEDS_LOGIN, 2 },
	{ "P becomes C", "PC", ACCOUNT_MISCONFIGURED, 2 },
	{ "L does not mend P", "PL", ACCOUNT_NEEDS_LOGIN, 1 },
	{ "L does not mend C", "CLL", ACCOUNT_MISCONFIGURED, 1 },
	{ "delivered ends L", "LLd", ACCOUNT_OK, 2 },
	{ "delivered ends P", "Pd", ACCOUNT_OK, 2 },
	{ "T ends it", "LT", ACCOUNT_OK, 2 },
	{ "M ends it", "CM", ACCOUNT_OK, 2 },
	{ "unclear ends it", "PU", ACCOUNT_OK, 2 },
	{ "unclear made L pauses", "V", ACCOUNT_PAUSED, 1 },
	{ "T is no trouble of the account", "T", ACCOUNT_OK, 0 },
	{ "M is none", "M", ACCOUNT_OK, 0 },
	{ "a sender's C is none", "S", ACCOUNT_OK, 0 },
	{ "a sender's C ends it: MAIL was reached", "LS", ACCOUNT_OK, 2 },
	{ "530 at MAIL is the account's", "N", ACCOUNT_MISCONFIGURED, 1 },
	{ "L at MAIL is the account's", "Q", ACCOUNT_PAUSED, 1 },
};

START_TEST(test_states)
{
	const char *p;
	unsigned changes = 0;
	int64_t now = start;

	for (p = states[_i].seen; *p != '\0'; p++)
		changes += note(*p, now += 60000);
	ck_assert_msg(a.state == states[_i].state, "%s: %s", states[_i].label,
	    account_state_name(a.state));
	ck_assert_msg(changes == states[_i].changes, "%s: %u changes",
	    states[_i].label, changes);
}
END_TEST

START_TEST(test_what_is_kept)
{
	note('L', start);
	ck_assert_int_eq(a.since, start);
	ck_assert_int_eq(a.tries, 1);
	ck_assert_str_eq(a.server, "h:587");
	ck_assert_int_eq(a.why.stage, OUTCOME_AT_CONNECT);
	a.announced = true;
	note('L', start + HOUR);
	ck_assert_int_eq(a.since, start);
	ck_assert_int_eq(a.last, start + HOUR);
	ck_assert_int_eq(a.able, HOUR);
	ck_assert_int_eq(a.tries, 2);
	ck_assert(a.announced);
	note('P', start + 2 * HOUR);
	ck_assert_int_eq(a.since, start);
	ck_assert_int_eq(a.able, 2 * HOUR);
	ck_assert(!a.announced);
	ck_assert_int_eq(a.why.stage, OUTCOME_AT_TOKEN);
	note('L', start + 3 * HOUR); /* not why it needs a login */
	ck_assert_int_eq(a.why.stage, OUTCOME_AT_TOKEN);
	note('d', start + 4 * HOUR);
	ck_assert_int_eq(a.resumed, start + 4 * HOUR);
	ck_assert_int_eq(a.since, 0);
	ck_assert_int_eq(a.able, 0);
	note('d', start + 5 * HOUR);
	ck_assert_int_eq(a.resumed, start + 4 * HOUR);
	note('C', start + 6 * HOUR); /* begins anew */
	ck_assert_int_eq(a.since, start + 6 * HOUR);
	ck_assert_int_eq(a.able, 0);
	ck_assert_int_eq(a.tries, 1);
}
END_TEST

START_TEST(test_degraded)
{
	struct outcome why = of_class('P');

	account_note_degraded(&a, &why, start);
	ck_assert_int_eq(a.state, ACCOUNT_DEGRADED);
	ck_assert(account_may_try(&a, "ann@example.com", start));
	ck_assert_int_eq(a.since, start);
	a.announced = true;
	ck_assert(!note('d', start + 1));
	account_note_degraded(&a, &why, start + 1);
	ck_assert_int_eq(a.state, ACCOUNT_DEGRADED);
	ck_assert_int_eq(a.since, start);
	ck_assert(a.announced);
	account_note_degraded(&a, NULL, start + 2);
	ck_assert_int_eq(a.state, ACCOUNT_OK);
	account_note_degraded(&a, &why, start + 3);
	ck_assert(!a.announced);
	ck_assert(note('L', start + 4));
	ck_assert_int_eq(a.state, ACCOUNT_PAUSED);
	ck_assert_int_eq(a.since, start + 4);
	account_note_degraded(&a, &why, start + 5); /* not while paused */
	ck_assert_int_eq(a.state, ACCOUNT_PAUSED);
}
END_TEST

/* ---- when */

static const struct {
	const char *label;
	int64_t first, max;
	unsigned tries;
	uint32_t dice;
	int64_t want;
} delays[] = {
	{ "first", 60000, HOUR, 1, MIDDLE, 60000 },
	{ "none yet", 60000, HOUR, 0, MIDDLE, 60000 },
	{ "second", 60000, HOUR, 2, MIDDLE, 120000 },
	{ "sixth", 60000, HOUR, 6, MIDDLE, 32 * 60000 },
	{ "seventh: the most", 60000, HOUR, 7, MIDDLE, HOUR },
	{ "for ever", 60000, HOUR, 4000000000u, MIDDLE, HOUR },
	{ "first is more than the most", 2 * HOUR, HOUR, 1, MIDDLE, HOUR },
	{ "least of the dice", 60000, HOUR, 1, 0, 48000 },
	{ "most of the dice", 60000, HOUR, 1, 400, 72000 },
	{ "dice are folded", 60000, HOUR, 1, 401, 48000 },
	{ "small ones, too", 50, 50, 1, 0, 40 },
	{ "no overflow", 1, INT64_MAX / 2, 100, MIDDLE, INT64_MAX / 2 },
};

START_TEST(test_delay)
{
	int64_t got = account_delay(delays[_i].first, delays[_i].max,
	    delays[_i].tries, delays[_i].dice);

	ck_assert_msg(got == delays[_i].want, "%s: %lld", delays[_i].label,
	    (long long)got);
}
END_TEST

/* The pause that begins with the last of what is seen. */
static const struct {
	const char *label, *seen;
	int64_t retry_max, pause;
} pauses[] = {
	{ "L", "L", HOUR, 60000 },
	{ "L twice", "LL", HOUR, 120000 },
	{ "L, ten times", "LLLLLLLLLL", HOUR, HOUR },
	{ "P", "P", HOUR, HOUR },
	{ "P again is no longer", "PPPP", HOUR, HOUR },
	{ "P: not within an hour", "P", 1000, HOUR },
	{ "C: at least every six", "C", 3 * DAY, 6 * HOUR },
	{ "C: as often as that", "C", 2 * HOUR, 2 * HOUR },
	{ "L in the probe of P", "PL", 2 * HOUR, 2 * HOUR },
	{ "L after a pause that ended", "LLLLdL", HOUR, 60000 },
	{ "P after L begins anew", "LLLLP", HOUR, HOUR },
};

START_TEST(test_pause)
{
	const char *p;

	home.queue.retry_max = pauses[_i].retry_max;
	for (p = pauses[_i].seen; *p != '\0'; p++)
		note(*p, start);
	ck_assert_msg(a.next == start + pauses[_i].pause, "%s: %lld",
	    pauses[_i].label, (long long)(a.next - start));
	ck_assert(!account_may_try(&a, "bob@example.com", a.next - 1));
	ck_assert(account_may_try(&a, "bob@example.com", a.next));
	ck_assert_ptr_eq(account_trouble(&a, "bob@example.com", start), &a.why);
}
END_TEST

START_TEST(test_retry)
{
	note('P', start);
	note('S', start);
	note('P', start);
	ck_assert(!account_may_try(&a, "ann@example.com", start + 1));
	account_retry(&a);
	ck_assert(account_may_try(&a, "ann@example.com", start + 1));
	ck_assert_int_eq(a.state, ACCOUNT_NEEDS_LOGIN); /* still to be shown */
}
END_TEST

/* ---- a clock that jumps */

START_TEST(test_clock_goes_back)
{
	note('L', start);
	ck_assert(!account_may_try(&a, "ann@example.com", start));
	ck_assert(account_may_try(&a, "ann@example.com", start - DAY));
	note('L', start - 1000 * DAY);
	ck_assert_int_eq(a.able, 0);
	ck_assert_int_eq(a.next, start - 1000 * DAY + 120000);
	note('S', start);
	ck_assert(!account_may_try(&a, "ann@example.com", start));
	ck_assert(account_may_try(&a, "ann@example.com", start - DAY));
}
END_TEST

START_TEST(test_clock_steps_expire_nothing)
{
	int i;

	note('P', start);
	note('P', start + 1000 * DAY);
	ck_assert_int_eq(a.able, 6 * HOUR);
	ck_assert(!account_is_given_up(&a, 5 * DAY));
	note('P', start);
	ck_assert_int_eq(a.able, 6 * HOUR);
	for (i = 1; i < 19; i++)
		note('P', start + i * 6 * HOUR);
	ck_assert(!account_is_given_up(&a, 5 * DAY));
	note('P', start + i * 6 * HOUR);
	ck_assert(account_is_given_up(&a, 5 * DAY));
	note('d', start + i * 6 * HOUR);
	ck_assert(!account_is_given_up(&a, 5 * DAY));
}
END_TEST

/* ---- senders */

START_TEST(test_sender)
{
	const struct outcome *why;
	struct outcome o = of_class('S');

	note('S', start);
	why = account_trouble(&a, "ann@example.com", start + 1);
	ck_assert_ptr_nonnull(why);
	ck_assert_int_eq(why->code, 550);
	ck_assert(account_may_try(&a, "bob@example.com", start + 1));
	ck_assert(account_may_try(&a, "ann@example.com", start + HOUR));
	note('S', start + HOUR);
	ck_assert_uint_eq(a.n_senders, 1);
	ck_assert(!account_may_try(&a, "ann@example.com", start + HOUR));
	note('T', start + HOUR); /* shows nothing of the sender */
	ck_assert_uint_eq(a.n_senders, 1);
	note('d', start + HOUR);
	ck_assert_uint_eq(a.n_senders, 0);
	account_note(&a, &profile, &o, "", "h:25", start, MIDDLE);
	ck_assert_uint_eq(a.n_senders, 0); /* a report pauses nothing */
}
END_TEST

START_TEST(test_many_senders)
{
	struct outcome o = of_class('S');
	char address[32];
	int i;

	for (i = 0; i < 150; i++) {
		snprintf(address, sizeof(address), "u%d@example.com", i);
		account_note(
		    &a, &profile, &o, address, "h:25", start + i, MIDDLE);
	}
	ck_assert_uint_eq(a.n_senders, 100);
	ck_assert(account_may_try(&a, "u0@example.com", start + 200));
	ck_assert(!account_may_try(&a, "u149@example.com", start + 200));
	ck_assert(!account_may_try(&a, "u50@example.com", start + 200));
}
END_TEST

/* ---- the file */

#define FILE_NAME "state/accounts/no%2Freply.state"

static void
save(void)
{
	int rc = account_save(&profile, &a, &e);

	ck_assert_msg(rc == 0, "%s", e.text);
}

static void
load(void)
{
	account_clear(&a);
	account_load(&profile, &a);
}

START_TEST(test_file)
{
	struct account was;
	struct outcome o;
	struct stat st;

	outcome_set(&o, OUTCOME_LATER, OUTCOME_CLASS_P, OUTCOME_AT_TOKEN, 400,
	    "5.7.1 100% \303\244 = two\nlines ");
	snprintf(o.error, sizeof(o.error), "invalid_grant");
	snprintf(o.detail, sizeof(o.detail), "700082");
	snprintf(o.provider, sizeof(o.provider), "entra");
	load();
	ck_assert_int_eq(a.state, ACCOUNT_OK); /* there is none yet */
	note('S', start);
	account_note(&a, &profile, &o, "b ob@example.com", "mx.example.com:587",
	    start + 5, MIDDLE);
	a.announced = true;
	a.resumed = 3;
	a.able = 4;
	save();
	ck_assert_int_eq(stat(aid_path(FILE_NAME), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(aid_path("state/accounts"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	was = a;
	memset(&a, 0, sizeof(a));
	account_load(&profile, &a);
	ck_assert_int_eq(a.state, was.state);
	ck_assert_int_eq(a.since, was.since);
	ck_assert_int_eq(a.last, was.last);
	ck_assert_int_eq(a.next, was.next);
	ck_assert_int_eq(a.resumed, 3);
	ck_assert_int_eq(a.able, 4);
	ck_assert_uint_eq(a.tries, was.tries);
	ck_assert(a.announced);
	ck_assert_uint_eq(a.stamp, was.stamp);
	ck_assert_str_eq(a.server, "mx.example.com:587");
	ck_assert_mem_eq(&a.why, &was.why, sizeof(a.why));
	ck_assert_uint_eq(a.n_senders, 1);
	ck_assert_str_eq(a.senders[0].address, "ann@example.com");
	ck_assert_int_eq(a.senders[0].next, was.senders[0].next);
	ck_assert_mem_eq(&a.senders[0].why, &was.senders[0].why, sizeof(a.why));
	account_clear(&was);
}
END_TEST

/* A file that was cut, or in which any octet is another, tells nothing. */
START_TEST(test_damage)
{
	char text[8192], worse[8192];
	size_t n, i;
	FILE *f;

	load();
	note('S', start);
	note('P', start);
	save();
	n = strlen(aid_read(aid_path(FILE_NAME), text, sizeof(text)));
	for (i = 0; i < 2 * n; i++) {
		memcpy(worse, text, n);
		if (i < n)
			worse[i] ^= 1;
		f = fopen(aid_path(FILE_NAME), "w");
		ck_assert_ptr_nonnull(f);
		ck_assert_uint_eq(
		    fwrite(worse, 1, i < n ? n : i - n, f), i < n ? n : i - n);
		ck_assert_int_eq(fclose(f), 0);
		load();
		ck_assert_msg(
		    a.state == ACCOUNT_OK && a.n_senders == 0, "octet %zu", i);
	}
	aid_write(aid_path(FILE_NAME), text);
	load();
	ck_assert_int_eq(a.state, ACCOUNT_NEEDS_LOGIN);
}
END_TEST

START_TEST(test_save_fails)
{
	aid_write(aid_path("state"), "a file");
	load();
	ck_assert_int_ne(account_save(&profile, &a, &e), 0);
	ck_assert_ptr_nonnull(strstr(e.text, "state"));
}
END_TEST

/* An account that another profile lends is one, with one file. */
START_TEST(test_lent)
{
	struct profile other = profile;

	other.name = (char *)"other";
	other.credentials = &profile;
	load();
	note('P', start);
	save();
	account_clear(&a);
	account_load(&other, &a);
	ck_assert_int_eq(a.state, ACCOUNT_NEEDS_LOGIN);
}
END_TEST

/* ---- a change makes a probe due */

static void
change_configuration(void)
{
	home.stamp = 8;
}

static void
change_password(void)
{
	aid_write(aid_path("password"), "longer\n");
}

static void
lose_password(void)
{
	ck_assert_int_eq(remove(aid_path("password")), 0);
}

static void
change_ca(void)
{
	aid_write(aid_path("ca"), "another\n");
}

static void
change_key(void)
{
	aid_write(aid_path("key"), "another\n");
}

static void
change_token_ca(void)
{
	aid_write(aid_path("token-ca"), "another\n");
}

static void
change_credential(void)
{
	aid_write(aid_path("credential"), "another\n");
}

static void
change_assertion(void)
{
	aid_write(aid_path("assertion"), "another\n");
}

static void
change_command(void)
{
	aid_write(aid_path("command"), "another\n");
}

static void
change_nothing(void)
{
	aid_write(aid_path("else"), "another\n");
}

static const struct {
	const char *label;
	void (*change)(void);
	bool due;
} changes[] = {
	{ "nothing", change_nothing, false },
	{ "the configuration", change_configuration, true },
	{ "the password", change_password, true },
	{ "no password any more", lose_password, true },
	{ "the CA", change_ca, true },
	{ "the client key", change_key, true },
	{ "the endpoint's CA", change_token_ca, true },
	{ "a credential", change_credential, true },
	{ "an assertion", change_assertion, true },
	{ "the command for tokens", change_command, true },
};

START_TEST(test_change)
{
	static const char *const files[] = { "password", "ca", "key", "cert",
		"token-ca", "credential", "assertion", "command" };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		aid_write(aid_path(files[i]), "x\n");
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", aid_dir, 1), 0);
	profile.password.form = PROFILE_FILE;
	profile.password.text = mem_dup(aid_path("password"));
	profile.client_secret.form = PROFILE_CREDENTIAL;
	profile.client_secret.text = mem_dup("credential");
	profile.oauth.ca_file = mem_dup(aid_path("token-ca"));
	profile.signer.file = mem_dup(aid_path("assertion"));
	text_list_add(&profile.token_command, aid_path("command"));
	profile.n_servers = 1;
	profile.servers[0].wire.ca_file = mem_dup(aid_path("ca"));
	profile.servers[0].wire.key = mem_dup(aid_path("key"));
	load();
	note('S', start);
	note('C', start);
	note('S', start); /* which ends it */
	note('C', start);
	save();
	changes[_i].change();
	load();
	ck_assert_int_eq(a.state, ACCOUNT_MISCONFIGURED);
	ck_assert_msg(account_may_try(&a, "ann@example.com", start + 1) ==
			  changes[_i].due,
	    "%s", changes[_i].label);
	save(); /* what it is tried with now is no change any more */
	note('C', start + 2);
	save();
	load();
	ck_assert(!account_may_try(&a, "bob@example.com", start + 3));
	free(profile.password.text);
	free(profile.client_secret.text);
	free((char *)(uintptr_t)profile.oauth.ca_file);
	free((char *)(uintptr_t)profile.signer.file);
	text_list_clear(&profile.token_command);
	free((char *)(uintptr_t)profile.servers[0].wire.ca_file);
	free((char *)(uintptr_t)profile.servers[0].wire.key);
}
END_TEST

#define COUNT(v) (int)(sizeof(v) / sizeof((v)[0]))

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_loop_test(tc, test_states, 0, COUNT(states));
	tcase_add_test(tc, test_what_is_kept);
	tcase_add_test(tc, test_degraded);
	tcase_add_loop_test(tc, test_delay, 0, COUNT(delays));
	tcase_add_loop_test(tc, test_pause, 0, COUNT(pauses));
	tcase_add_test(tc, test_retry);
	tcase_add_test(tc, test_clock_goes_back);
	tcase_add_test(tc, test_clock_steps_expire_nothing);
	tcase_add_test(tc, test_sender);
	tcase_add_test(tc, test_many_senders);
	tcase_add_test(tc, test_file);
	tcase_add_test(tc, test_damage);
	tcase_add_test(tc, test_save_fails);
	tcase_add_test(tc, test_lent);
	tcase_add_loop_test(tc, test_change, 0, COUNT(changes));
}

int
main(void)
{
	return unit_main("account", add);
}
