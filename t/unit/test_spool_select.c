/* SPDX-License-Identifier: ISC */
/* test_spool_select: some of the messages. */
#include <stdio.h>
#include <string.h>

#include "gate/spool.h"
#include "unit.h"

static const struct {
	enum spool_select_by by;
	bool negated;
	const char *text;
	bool expect;
} cases[] = {
	{ SPOOL_ALL, false, NULL, true },
	{ SPOOL_ALL, true, NULL, true },
	{ SPOOL_BY_ID, false, "1hf7yat00qdfz06f", true },
	{ SPOOL_BY_ID, false, "00q", true },
	{ SPOOL_BY_ID, false, "00Q", true },
	{ SPOOL_BY_ID, false, "06f", true },
	{ SPOOL_BY_ID, false, "06fx", false },
	{ SPOOL_BY_ID, false, "1hf7yat00qdfz06f1hf7yat00qdfz06f", false },
	{ SPOOL_BY_ID, false, "", true },
	{ SPOOL_BY_ID, true, "00q", false },
	{ SPOOL_BY_ID, true, "zzz", true },
	{ SPOOL_BY_RCPT, false, "ann@", true },
	{ SPOOL_BY_RCPT, false, "EXAMPLE.ORG", true },
	{ SPOOL_BY_RCPT, false, "cora", true },
	/* bob has got it, and the sender is no recipient */
	{ SPOOL_BY_RCPT, false, "bob@", false },
	{ SPOOL_BY_RCPT, false, "box@", false },
	{ SPOOL_BY_RCPT, true, "bob@", true },
	{ SPOOL_BY_RCPT, true, "ann@", false },
	{ SPOOL_BY_SENDER, false, "box@example.com", true },
	{ SPOOL_BY_SENDER, false, "ann@", false },
	{ SPOOL_BY_SENDER, true, "box", false },
	{ SPOOL_BY_SENDER, true, "ann", true },
};

START_TEST(is_selected)
{
	char sender[] = "box@example.com", ann[] = "Ann@example.org",
	     bob[] = "bob@example.org", cora[] = "cora@example.net";
	char *rcpts[] = { ann, bob, cora };
	struct outcome result[] = { { .kind = OUTCOME_LATER },
		{ .kind = OUTCOME_DELIVERED }, { .kind = OUTCOME_OPEN } };
	struct spool_item i = { .uid = 0 };
	struct spool_select s = { cases[_i].by, cases[_i].negated,
		cases[_i].text };

	memcpy(i.envelope.id, "1hf7yat00qdfz06f", 17);
	i.envelope.sender = sender;
	i.envelope.rcpts = rcpts;
	i.envelope.n_rcpts = 3;
	i.state.result = result;
	ck_assert_int_eq(spool_is_selected(&s, &i), cases[_i].expect);
}
END_TEST

/* Before an attempt nobody has got it. */
START_TEST(without_results)
{
	char sender[] = "", bob[] = "bob@example.org";
	char *rcpts[] = { bob };
	struct spool_item i = { .uid = 0 };
	struct spool_select s = { SPOOL_BY_RCPT, false, "bob" };

	i.envelope.sender = sender;
	i.envelope.rcpts = rcpts;
	i.envelope.n_rcpts = 1;
	ck_assert(spool_is_selected(&s, &i));
	s = (struct spool_select){ SPOOL_BY_SENDER, false, "x" };
	ck_assert(!spool_is_selected(&s, &i));
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(
	    tc, is_selected, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, without_results);
}

int
main(void)
{
	return unit_main("spool_select", add);
}
