/* SPDX-License-Identifier: ISC */
/* test_profile: the choice of a profile, rule by rule. */
#include "core/profile.h"

#include <string.h>

#include "base/mem.h"
#include "unit.h"

/*
 * The set of the table below, in its order: the user's own file first. Names
 * say what they are for.
 */
static const struct {
	const char *name, *address, *also, *users;
	enum profile_kind kind;
} specs[] = {
	/* The user's own file. */
	{ "mine", "alice@example.com", "al@example.com *@alice.example.net",
	    "alice", PROFILE_MAILBOX },
	{ "minecron", "cron@alice.example.net", "", "*", PROFILE_SYSTEM },
	{ "shared", "same@example.net", "", "*", PROFILE_MAILBOX },
	/* The system's file. */
	{ "noreply", "noreply@example.com", "bounce@example.com *@example.org",
	    "*", PROFILE_SYSTEM },
	{ "support", "support@example.com",
	    "help@example.com *@desk.example.com help+*@example.com "
	    "\"Help\"@quoted.example.com",
	    "www-data @helpdesk 4711", PROFILE_MAILBOX },
	{ "tie-system", "tie@example.net", "tie-also@example.net *@tie.test",
	    "*", PROFILE_SYSTEM },
	{ "tie-mailbox", "tie@example.net", "tie-also@example.net *@tie.test",
	    "*", PROFILE_MAILBOX },
	{ "tie-later", "tie@example.net", "tie-also@example.net *@tie.test",
	    "*", PROFILE_MAILBOX },
	{ "shared2", "same@example.net", "", "*", PROFILE_MAILBOX },
	{ "long", "long@example.test",
	    "*@desk.example.test help+*@desk.example.test", "*",
	    PROFILE_MAILBOX },
	{ "exact", "exact@example.test", "one@desk.example.test", "*",
	    PROFILE_SYSTEM },
	{ "owner", "two@desk.example.test", "", "*", PROFILE_SYSTEM },
	{ "rival", "rival@example.test", "two@desk.example.test", "*",
	    PROFILE_MAILBOX },
	{ "rootonly", "rootonly@example.test", "", "", PROFILE_SYSTEM },
	{ "daemons", "daemons@example.test", "", "www-data", PROFILE_SYSTEM },
	{ "hostbox", "root@web1.example.com", "", "*", PROFILE_MAILBOX },
};

enum { SPECS = sizeof(specs) / sizeof(specs[0]) };

static struct profile profiles[SPECS];
static struct profile_set set;

static void
add_words(struct text_list *l, const char *words)
{
	while (*words != '\0') {
		size_t n = strcspn(words, " ");
		char *word = mem_dup_n(words, n);

		text_list_add(l, word);
		free(word);
		words += n + strspn(words + n, " ");
	}
}

static const struct profile *
named(const char *name)
{
	const struct profile *p = profile_find(&set, name);

	ck_assert_msg(p != NULL, "no profile %s in the test", name);
	return p;
}

static void
make_set(void)
{
	for (size_t i = 0; i < SPECS; i++) {
		struct profile *p = &profiles[i];

		memset(p, 0, sizeof(*p));
		p->name = mem_dup(specs[i].name);
		p->kind = specs[i].kind;
		ck_assert_int_eq(
		    addr_parse(specs[i].address, false, &p->address, NULL), 0);
		add_words(&p->also, specs[i].also);
		add_words(&p->users, specs[i].users);
	}
	memset(&set, 0, sizeof(set));
	set.v = profiles;
	set.n = SPECS;
	add_words(&set.local_names, "localhost web1 web1.example.com");
	set.for_local = named("noreply");
	set.for_unmatched = named("noreply");
}

static void
clear_set(void)
{
	for (size_t i = 0; i < SPECS; i++)
		profile_clear(&profiles[i]);
	text_list_clear(&set.local_names);
}

static void
make_user(struct sys_user *u, uid_t uid, const char *login, const char *groups)
{
	memset(u, 0, sizeof(*u));
	u->uid = uid;
	u->known = login != NULL;
	u->login = login != NULL ? mem_dup(login) : mem_printf("uid%u", uid);
	u->gecos = mem_dup("");
	add_words(&u->groups, groups);
}

enum { ALICE, WWW, AGENT, ROOT, NUMBER, STRANGER, USERS };

static const struct {
	uid_t uid;
	const char *login, *groups;
} users[USERS] = {
	[ALICE] = { 1000, "alice", "alice" },
	[WWW] = { 33, "www-data", "www-data" },
	[AGENT] = { 1001, "bob", "bob helpdesk" },
	[ROOT] = { 0, "root", "root" },
	[NUMBER] = { 4711, NULL, "" },
	[STRANGER] = { 1002, "carol", "carol" },
};

/* What is expected besides the profile. */
enum {
	LOCAL = 1,
	UNMATCHED = 2,
	/* How the set is changed. */
	REJECT = 16,
	NO_DEFAULT = 32,
	TO_DAEMONS = 64, /* default and unmatched */
	TO_SUPPORT = 128 /* unmatched alone */
};

static const struct choice {
	const char *label, *wanted, *sender, *from;
	int user;
	int code;
	const char *profile; /* or a part of the error's text */
	int rule, flags;
} choices[] = {
	/* Rule 1 */
	{ "-a chooses", "support", NULL, NULL, WWW, 0, "support", 1, LOCAL },
	{ "-a before a sender that matches another", "noreply",
	    "support@example.com", NULL, WWW, 0, "noreply", 1, 0 },
	{ "-a before From", "noreply", NULL, "alice@example.com", ALICE, 0,
	    "noreply", 1, LOCAL },
	{ "-a with a local sender", "support", "www-data", NULL, WWW, 0,
	    "support", 1, LOCAL },
	{ "-a of a mailbox by one who may not", "support", NULL, NULL, STRANGER,
	    EX_NOPERM, "profile \"support\", chosen by rule 1 (-a)", 1, LOCAL },
	{ "the error names the users", "support", NULL, NULL, STRANGER,
	    EX_NOPERM, "www-data, @helpdesk, 4711", 1, LOCAL },
	{ "-a by root, who always may", "mine", NULL, NULL, ROOT, 0, "mine", 1,
	    LOCAL },
	{ "-a of an unknown name, with the nearest", "suport", NULL, NULL, WWW,
	    EX_CONFIG, "did you mean \"support\"", 1, LOCAL },
	{ "-a of an unknown name far from any", "zzzzzzzzzzzz", NULL, NULL, WWW,
	    EX_CONFIG, "osmtp profiles", 1, LOCAL },
	{ "-a is exact", "Support", NULL, NULL, WWW, EX_CONFIG,
	    "no profile has this name", 1, LOCAL },
	{ "-a of the empty name", "", NULL, NULL, WWW, EX_CONFIG,
	    "no profile has this name", 1, LOCAL },
	/* Rule 2: local senders */
	{ "a bare sender is local", NULL, "alice", NULL, ALICE, 0, "noreply", 4,
	    LOCAL },
	{ "a domain of local_names is local", NULL, "alice@localhost", NULL,
	    ALICE, 0, "noreply", 4, LOCAL },
	{ "local_names without case", NULL, "root@WEB1.example.COM", NULL, ROOT,
	    0, "noreply", 4, LOCAL },
	{ "local before any address", NULL, "root@web1.example.com", NULL, ROOT,
	    0, "noreply", 4, LOCAL },
	{ "a local sender makes From of no account", NULL, "alice",
	    "alice@example.com", ALICE, 0, "noreply", 4, LOCAL },
	{ "a subdomain of a local name is not local", NULL, "a@sub.localhost",
	    NULL, ALICE, 0, "noreply", 4, UNMATCHED },
	/* Rule 2: matches */
	{ "address", NULL, "support@example.com", NULL, WWW, 0, "support", 2,
	    0 },
	{ "domains without case", NULL, "support@EXAMPLE.com", NULL, WWW, 0,
	    "support", 2, 0 },
	{ "local parts with case", NULL, "Support@example.com", NULL, WWW, 0,
	    "noreply", 4, UNMATCHED },
	{ "exact also", NULL, "help@example.com", NULL, WWW, 0, "support", 2,
	    0 },
	{ "also that needs no quotes", NULL, "Help@quoted.example.com", NULL,
	    WWW, 0, "support", 2, 0 },
	{ "pattern *@domain", NULL, "any.one@desk.example.com", NULL, WWW, 0,
	    "support", 2, 0 },
	{ "a pattern's domain without case", NULL, "any@DESK.example.com", NULL,
	    WWW, 0, "support", 2, 0 },
	{ "a pattern is not for subdomains", NULL, "a@x.desk.example.com", NULL,
	    WWW, 0, "noreply", 4, UNMATCHED },
	{ "pattern name+*@domain", NULL, "help+42@example.com", NULL, WWW, 0,
	    "support", 2, 0 },
	{ "pattern with nothing for the star", NULL, "help+@example.com", NULL,
	    WWW, 0, "support", 2, 0 },
	{ "pattern with another name", NULL, "helper+1@example.com", NULL, WWW,
	    0, "noreply", 4, UNMATCHED },
	{ "a system profile's also", NULL, "bounce@example.com", NULL, STRANGER,
	    0, "noreply", 2, 0 },
	{ "address before exact also", NULL, "two@desk.example.test", NULL,
	    ALICE, 0, "owner", 2, 0 },
	{ "exact also before a pattern", NULL, "one@desk.example.test", NULL,
	    ALICE, 0, "exact", 2, 0 },
	{ "a profile's longest pattern counts", NULL,
	    "help+1@desk.example.test", NULL, ALICE, 0, "long", 2, 0 },
	{ "tie of addresses: mailbox before system", NULL, "tie@example.net",
	    NULL, ALICE, 0, "tie-mailbox", 2, 0 },
	{ "tie of also: mailbox before system", NULL, "tie-also@example.net",
	    NULL, ALICE, 0, "tie-mailbox", 2, 0 },
	{ "tie of patterns: mailbox before system", NULL, "x@tie.test", NULL,
	    ALICE, 0, "tie-mailbox", 2, 0 },
	{ "tie: own file before the system's", NULL, "same@example.net", NULL,
	    ALICE, 0, "shared", 2, 0 },
	{ "the sender counts and not From", NULL, "bounce@example.com",
	    "alice@example.com", ALICE, 0, "noreply", 2, 0 },
	/* Rule 2: permission */
	{ "a member of a group may", NULL, "support@example.com", NULL, AGENT,
	    0, "support", 2, 0 },
	{ "a uid may", NULL, "support@example.com", NULL, NUMBER, 0, "support",
	    2, 0 },
	{ "one who is not listed may not", NULL, "support@example.com", NULL,
	    ALICE, EX_NOPERM, "rule 2 (support@example.com)", 2, 0 },
	{ "by a pattern neither", NULL, "x@desk.example.com", NULL, ALICE,
	    EX_NOPERM, "alice may not send by profile \"support\"", 2, 0 },
	{ "root may by what lists nobody", NULL, "rootonly@example.test", NULL,
	    ROOT, 0, "rootonly", 2, 0 },
	{ "nobody else may", NULL, "rootonly@example.test", NULL, ALICE,
	    EX_NOPERM, "nobody but root", 2, 0 },
	/* Rule 3 */
	{ "no sender: From names a mailbox", NULL, NULL, "alice@example.com",
	    ALICE, 0, "mine", 3, 0 },
	{ "no sender: From by also", NULL, NULL, "al@example.com", ALICE, 0,
	    "mine", 3, 0 },
	{ "no sender: From by a pattern", NULL, NULL, "x@alice.example.net",
	    ALICE, 0, "mine", 3, 0 },
	{ "From names a mailbox that the user may not use", NULL, NULL,
	    "support@example.com", ALICE, 0, "noreply", 4, LOCAL },
	{ "From names a system profile", NULL, NULL, "cron@alice.example.net",
	    STRANGER, 0, "noreply", 4, LOCAL },
	{ "From of a system profile and a mailbox", NULL, NULL,
	    "tie@example.net", ALICE, 0, "tie-mailbox", 3, 0 },
	{ "a mailbox's pattern, though a system's address", NULL, NULL,
	    "cron@alice.example.net", ALICE, 0, "mine", 3, 0 },
	{ "From names nobody", NULL, NULL, "who@example.test", ALICE, 0,
	    "noreply", 4, LOCAL },
	{ "From is a bare name", NULL, NULL, "alice", ALICE, 0, "noreply", 4,
	    LOCAL },
	{ "From has a local domain", NULL, NULL, "root@web1.example.com", ROOT,
	    0, "noreply", 4, LOCAL },
	{ "neither sender nor From", NULL, NULL, NULL, ALICE, 0, "noreply", 4,
	    LOCAL },
	{ "the null sender counts as none", NULL, "<>", "alice@example.com",
	    ALICE, 0, "mine", 3, 0 },
	{ "the null sender alone", NULL, "<>", NULL, ALICE, 0, "noreply", 4,
	    LOCAL },
	/* Rule 4 */
	{ "another sender gets unmatched", NULL, "who@example.test", NULL,
	    ALICE, 0, "noreply", 4, UNMATCHED },
	{ "unmatched may be another profile", NULL, "who@example.test", NULL,
	    WWW, 0, "support", 4, UNMATCHED | TO_SUPPORT },
	{ "local senders do not get it", NULL, "alice", NULL, ALICE, 0,
	    "noreply", 4, LOCAL | TO_SUPPORT },
	{ "unmatched = reject", NULL, "who@example.test", NULL, ALICE,
	    EX_NOPERM, "who@example.test: no profile has this address", 4,
	    UNMATCHED | REJECT },
	{ "reject for root too", NULL, "who@example.test", NULL, ROOT,
	    EX_NOPERM, "(rule 4)", 4, UNMATCHED | REJECT },
	{ "reject says what to do", NULL, "who@example.test", NULL, ROOT,
	    EX_NOPERM, "set unmatched", 4, UNMATCHED | REJECT },
	{ "reject leaves local senders alone", NULL, "alice", NULL, ALICE, 0,
	    "noreply", 4, LOCAL | REJECT },
	{ "no default", NULL, NULL, NULL, ALICE, EX_CONFIG,
	    "no profile for local senders (rule 4)", 4, LOCAL | NO_DEFAULT },
	{ "no default is no matter to who matches", NULL, "al@example.com",
	    NULL, ALICE, 0, "mine", 2, NO_DEFAULT },
	{ "default by one who may not", NULL, NULL, NULL, ALICE, EX_NOPERM,
	    "rule 4 (default)", 4, LOCAL | TO_DAEMONS },
	{ "default by one who may", NULL, NULL, NULL, WWW, 0, "daemons", 4,
	    LOCAL | TO_DAEMONS },
	{ "unmatched by one who may not", NULL, "who@example.test", NULL, ALICE,
	    EX_NOPERM, "rule 4 (unmatched)", 4, UNMATCHED | TO_DAEMONS },
};

static void
change_set(int flags)
{
	if (flags & REJECT)
		set.for_unmatched = NULL;
	if (flags & NO_DEFAULT)
		set.for_local = set.for_unmatched = NULL;
	if (flags & TO_DAEMONS)
		set.for_local = set.for_unmatched = named("daemons");
	if (flags & TO_SUPPORT)
		set.for_unmatched = named("support");
}

/* Lines of why, which are the rules that were looked at. */
static int
count_rules(const char *why, const char *label)
{
	int n = 0;

	while (*why != '\0') {
		const char *end = strchr(why, '\n');

		ck_assert_msg(end != NULL, "%s: a line without end", label);
		ck_assert_msg(
		    strncmp(why, "rule ", 5) == 0 && why[5] == '1' + n,
		    "%s: line %d of: %s", label, n + 1, why);
		n++;
		why = end + 1;
	}
	return n;
}

static void
check_choice(const struct choice *t, const struct profile_choice *c, int rc,
    const struct err *e)
{
	ck_assert_msg(rc == t->code, "%s: code %d, not %d: %s", t->label, rc,
	    t->code, e->text);
	ck_assert_msg(e->code == t->code, "%s: err code %d", t->label, e->code);
	if (rc == 0) {
		ck_assert_msg(c->profile != NULL, "%s: no profile", t->label);
		ck_assert_msg(strcmp(c->profile->name, t->profile) == 0,
		    "%s: profile %s, not %s", t->label, c->profile->name,
		    t->profile);
	} else {
		ck_assert_msg(c->profile == NULL, "%s: a profile", t->label);
		ck_assert_msg(strstr(e->text, t->profile) != NULL, "%s: %s",
		    t->label, e->text);
	}
	ck_assert_msg(c->rule == t->rule, "%s: rule %d", t->label, c->rule);
	ck_assert_msg(c->local == !!(t->flags & LOCAL), "%s: local is %d",
	    t->label, c->local);
	ck_assert_msg(c->unmatched == !!(t->flags & UNMATCHED),
	    "%s: unmatched is %d", t->label, c->unmatched);
	ck_assert_msg(count_rules(c->why.data, t->label) == t->rule,
	    "%s: not one line for each rule: %s", t->label, c->why.data);
}

START_TEST(choose_by_table)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		const struct choice *t = &choices[i];
		struct addr sender = { 0 }, from = { 0 };
		struct profile_choice c;
		struct sys_user u;
		struct err e = ERR_NONE;
		struct profile_request q = { .wanted = t->wanted, .user = &u };
		int rc;

		make_set();
		change_set(t->flags);
		make_user(&u, users[t->user].uid, users[t->user].login,
		    users[t->user].groups);
		if (t->sender != NULL) {
			ck_assert_int_eq(
			    addr_parse(t->sender, true, &sender, NULL), 0);
			q.sender = &sender;
		}
		if (t->from != NULL) {
			ck_assert_int_eq(
			    addr_parse(t->from, true, &from, NULL), 0);
			q.from = &from;
		}
		rc = profile_choose(&set, &q, &c, &e);
		check_choice(t, &c, rc, &e);
		profile_choice_clear(&c);
		sys_user_clear(&u);
		addr_clear(&sender);
		addr_clear(&from);
		clear_set();
	}
}
END_TEST

/* The longest pattern wins whatever the order of profiles and kinds. */
START_TEST(longest_pattern_first)
{
	static const char *const also[] = { "*@example.test",
		"help+*@example.test", "help+a+*@example.test" };

	for (size_t first = 0; first < 3; first++) {
		struct profile v[3];
		struct profile_set s = { .v = v, .n = 3 };
		struct profile_choice c;
		struct sys_user u;
		struct addr a = { 0 };
		struct profile_request q = { .sender = &a, .user = &u };

		memset(v, 0, sizeof(v));
		for (size_t i = 0; i < 3; i++) {
			v[i].name = mem_dup(also[(i + first) % 3]);
			v[i].kind = (i + first) % 3 == 0 ? PROFILE_MAILBOX
							 : PROFILE_SYSTEM;
			addr_parse("x@example.net", false, &v[i].address, NULL);
			text_list_add(&v[i].also, v[i].name);
			text_list_add(&v[i].users, "*");
		}
		make_user(&u, 1000, "alice", "");
		addr_parse("help+a+1@example.test", false, &a, NULL);
		ck_assert_int_eq(profile_choose(&s, &q, &c, NULL), 0);
		ck_assert_str_eq(c.profile->name, also[2]);
		ck_assert_ptr_nonnull(strstr(c.why.data, also[2]));
		profile_choice_clear(&c);
		addr_clear(&a);
		sys_user_clear(&u);
		for (size_t i = 0; i < 3; i++)
			profile_clear(&v[i]);
	}
}
END_TEST

START_TEST(explanation_in_words)
{
	struct profile_choice c;
	struct sys_user u;
	struct addr from = { 0 };
	struct profile_request q = { .from = &from, .user = &u };

	make_set();
	make_user(&u, 1000, "alice", "");
	addr_parse("support@example.com", false, &from, NULL);
	ck_assert_int_eq(profile_choose(&set, &q, &c, NULL), 0);
	ck_assert_str_eq(c.why.data,
	    "rule 1: no profile named with -a\n"
	    "rule 2: no sender was given\n"
	    "rule 3: From support@example.com names no mailbox profile that "
	    "alice may use\n"
	    "rule 4: a local sender: default is system profile \"noreply\"; "
	    "alice may use it (users: *)\n");
	profile_choice_clear(&c);
	addr_clear(&from);
	sys_user_clear(&u);
	clear_set();
}
END_TEST

START_TEST(patterns)
{
	static const struct {
		const char *pattern, *address;
		bool matches;
	} rows[] = {
		{ "*@example.com", "a@example.com", true },
		{ "*@example.com", "a@EXAMPLE.COM", true },
		{ "*@example.com", "a@sub.example.com", false },
		{ "*@example.com", "a@xexample.com", false },
		{ "*@example.com", "a", false },
		{ "a+*@example.com", "a+b@example.com", true },
		{ "a+*@example.com", "a+@example.com", true },
		{ "a+*@example.com", "a@example.com", false },
		{ "a+*@example.com", "A+b@example.com", false },
		{ "a+*@example.com", "a+b@example.org", false },
		{ "a@example.com", "a@example.COM", true },
		{ "a@example.com", "b@example.com", false },
		{ "\"a\"@example.com", "a@example.com", true },
		{ "a@example.com", "a", false },
		{ "no address", "a@example.com", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr a = { 0 };

		ck_assert_int_eq(
		    addr_parse(rows[i].address, false, &a, NULL), 0);
		ck_assert_msg(profile_pattern_matches(rows[i].pattern, &a) ==
				  rows[i].matches,
		    "%s and %s", rows[i].pattern, rows[i].address);
		addr_clear(&a);
	}
}
END_TEST

START_TEST(permission)
{
	static const struct {
		const char *users;
		uid_t uid;
		const char *login, *groups;
		bool may;
	} rows[] = {
		{ "*", 1000, "alice", "", true },
		{ "", 1000, "alice", "", false },
		{ "", 0, "root", "", true },
		{ "bob alice", 1000, "alice", "", true },
		{ "Alice", 1000, "alice", "", false },
		{ "1000", 1000, "alice", "", true },
		{ "1000", 1001, "bob", "", false },
		{ "@staff", 1000, "alice", "alice staff", true },
		{ "@staff", 1000, "staff", "alice", false },
		{ "staff", 1000, "alice", "staff", false },
		/* Without an entry the login is made up by us. */
		{ "uid1000", 1000, NULL, "", false },
		{ "1000", 1000, NULL, "", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct profile p = { 0 };
		struct sys_user u;

		add_words(&p.users, rows[i].users);
		make_user(&u, rows[i].uid, rows[i].login, rows[i].groups);
		ck_assert_msg(
		    profile_allows(&p, &u) == rows[i].may, "row %zu", i);
		sys_user_clear(&u);
		profile_clear(&p);
	}
}
END_TEST

START_TEST(display_name)
{
	static const struct {
		const char *template, *full, *host, *want;
	} rows[] = {
		{ "%u on %h", "Root", "web1.example.com", "root on web1" },
		{ "%u on %h", "Root", "web1", "root on web1" },
		{ "%f", "Charlie Root", "web1", "Charlie Root" },
		{ "%f", "", "web1", "root" },
		{ "100%% %u", "", "web1", "100% root" },
		{ "%h", "", "[192.0.2.1]", "[192.0.2.1]" },
		{ "", "", "web1", "" },
		{ NULL, "", "web1", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct profile p = { .display = mem_dup(rows[i].template) };
		struct buf b;
		char *text;

		buf_init(&b, 200);
		profile_add_display(&b, &p, "root", rows[i].full, rows[i].host);
		text = buf_take(&b);
		ck_assert_str_eq(text, rows[i].want);
		free(text);
		profile_clear(&p);
	}
}
END_TEST

START_TEST(small_questions)
{
	struct addr a = { 0 };

	make_set();
	ck_assert_ptr_eq(profile_find(&set, "support"), named("support"));
	ck_assert_ptr_null(profile_find(&set, "SUPPORT"));
	addr_parse("help+x@example.com", false, &a, NULL);
	ck_assert(profile_owns(named("support"), &a));
	ck_assert(!profile_owns(named("noreply"), &a));
	ck_assert(!profile_is_local(&set, &a));
	addr_clear(&a);
	ck_assert_str_eq(profile_kind_name(PROFILE_SYSTEM), "system");
	ck_assert_str_eq(profile_kind_name(PROFILE_MAILBOX), "mailbox");
	ck_assert_str_eq(profile_auth_name(PROFILE_AUTH_OAUTH), "oauth");
	ck_assert_str_eq(profile_auth_name(PROFILE_AUTH_PASSWORD), "password");
	ck_assert_str_eq(profile_auth_name(PROFILE_AUTH_CERT), "cert");
	ck_assert_str_eq(profile_auth_name(PROFILE_AUTH_NONE), "none");
	profiles[0].user = mem_dup("login");
	ck_assert_str_eq(profile_user_text(&profiles[0]), "login");
	ck_assert_ptr_eq(profile_account(&profiles[0]), &profiles[0]);
	/* Who borrows an account logs in as its user. */
	profiles[1].credentials = &profiles[0];
	ck_assert_ptr_eq(profile_account(&profiles[1]), &profiles[0]);
	ck_assert_str_eq(profile_user_text(&profiles[1]), "login");
	clear_set();
}
END_TEST

START_TEST(advice_of_a_login)
{
	char name[] = "p", user[] = "a@example.com", path[] = "x.conf";
	const struct profile_home home = { .path = path };
	struct profile p = { .name = name, .user = user, .home = &home };

	/* Whoever turns from a password to OAuth gets there by a login. */
	ck_assert(profile_hint_names(&p).login);
	p.has_oauth = true;
	p.grants[p.n_grants++] = PROFILE_GRANT_REFRESH_TOKEN;
	ck_assert(!profile_hint_names(&p).login);
	p.grants[p.n_grants++] = PROFILE_GRANT_DEVICE_CODE;
	ck_assert(profile_hint_names(&p).login);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, advice_of_a_login);
	tcase_add_test(tc, choose_by_table);
	tcase_add_test(tc, longest_pattern_first);
	tcase_add_test(tc, explanation_in_words);
	tcase_add_test(tc, patterns);
	tcase_add_test(tc, permission);
	tcase_add_test(tc, display_name);
	tcase_add_test(tc, small_questions);
}

int
main(void)
{
	return unit_main("profile", add);
}
