/* SPDX-License-Identifier: ISC */
/* The file beside a message: its form, and what its loss means. */
#include "gate/spool.h"

#include "base/crc.h"
#include "spool_aid.h"

/* ---- the form */

static struct spool_item item;

static void
begin_item(void)
{
	int i;
	char rcpt[64];

	item = (struct spool_item){ 0 };
	snprintf(item.envelope.id, sizeof(item.envelope.id), "%s", ID_A);
	for (i = 1; i <= 9; i++) {
		snprintf(rcpt, sizeof(rcpt), "r%d@example.com", i);
		add_rcpt(&item, rcpt);
	}
	item.state.result = calloc(9, sizeof(*item.state.result));
}

static void
end_item(void)
{
	spool_item_clear(&item);
}

/* The text of the item's state; good until the next call. */
static const char *
text_of(const struct spool_item *i)
{
	static char text[64 * 1024];
	struct buf b;

	buf_init(&b, sizeof(text) - 1);
	spool_state_add_to(&b, i);
	snprintf(text, sizeof(text), "%s", b.data);
	buf_clear(&b);
	return text;
}

/* Read a text whose last line the checksum is not yet in. */
static int
parse_body(const char *body)
{
	char text[8192];
	size_t n = strlen(body);

	snprintf(text, sizeof(text), "%scrc %08x\n", body, crc_add(0, body, n));
	return spool_state_parse(text, strlen(text), &item, NULL);
}

START_TEST(needs_no_file_at_first)
{
	ck_assert_str_eq(text_of(&item), "");
	item.state.attempts = 1;
	ck_assert_str_ne(text_of(&item), "");
	item.state.attempts = 0;
	item.state.held = true;
	ck_assert_str_ne(text_of(&item), "");
	item.state.held = false;
	item.state.result[8].kind = OUTCOME_LATER;
	ck_assert_str_ne(text_of(&item), "");
}
END_TEST

static void
fill(struct spool_state *s)
{
	size_t i;

	s->attempts = 4294967295u;
	s->last = INT64_MAX;
	s->next = 1700000000001;
	s->able = 5;
	s->held = s->returned = s->perhaps_sent = true;
	snprintf(s->server, sizeof(s->server), "%s", "[2001:db8::1]:587");
	for (i = 1; i < 4; i++)
		outcome_set(&s->result[i], OUTCOME_LATER, OUTCOME_CLASS_T,
		    OUTCOME_AT_RCPT, 450, "4.2.1 100% full, \xc3\xa9t\xc3\xa9");
	s->result[4].kind = OUTCOME_REFUSED;
	s->result[4].class = OUTCOME_CLASS_M;
	s->result[4].stage = OUTCOME_AT_FINAL;
	s->result[4].ours = true;
	snprintf(s->result[4].error, sizeof(s->result[4].error), "a b%%c");
	snprintf(s->result[4].detail, sizeof(s->result[4].detail), "-");
	snprintf(s->result[4].provider, sizeof(s->result[4].provider), "entra");
	snprintf(s->result[4].text, sizeof(s->result[4].text), "-");
	s->result[8].kind = OUTCOME_UNCLEAR;
	memset(s->result[8].text, 'x', sizeof(s->result[8].text) - 1);
}

START_TEST(reads_what_it_wrote)
{
	const struct spool_state *s = &item.state;
	char *text;

	fill(&item.state);
	text = strdup(text_of(&item));
	memset(item.state.result, 0xee, 9 * sizeof(*item.state.result));
	ck_assert_int_eq(spool_state_parse(text, strlen(text), &item, NULL), 0);
	ck_assert_str_eq(text_of(&item), text);
	ck_assert_uint_eq(s->attempts, 4294967295u);
	ck_assert_int_eq(s->last, INT64_MAX);
	ck_assert(s->held && s->returned && s->perhaps_sent);
	ck_assert(!s->warned && !s->by_pause);
	ck_assert_str_eq(s->server, "[2001:db8::1]:587");
	ck_assert_int_eq(s->result[0].kind, OUTCOME_OPEN);
	ck_assert_int_eq(s->result[1].kind, OUTCOME_LATER);
	ck_assert_int_eq(s->result[3].code, 450);
	ck_assert_str_eq(s->result[3].enhanced, "4.2.1");
	ck_assert_str_eq(
	    s->result[3].text, "4.2.1 100% full, \xc3\xa9t\xc3\xa9");
	ck_assert_str_eq(s->result[4].error, "a b%c");
	ck_assert_str_eq(s->result[4].detail, "-");
	ck_assert_str_eq(s->result[4].provider, "entra");
	ck_assert_str_eq(s->result[4].text, "-");
	ck_assert(s->result[4].ours && !s->result[3].ours);
	ck_assert_int_eq(s->result[7].kind, OUTCOME_OPEN);
	ck_assert_uint_eq(strlen(s->result[8].text), OUTCOME_TEXT_MAX - 1);
	free(text);
}
END_TEST

/* Neighbours that fared alike share a line. */
START_TEST(is_short_for_many)
{
	int i;

	for (i = 0; i < 9; i++)
		outcome_set(&item.state.result[i], OUTCOME_LATER,
		    OUTCOME_CLASS_L, OUTCOME_AT_CONNECT, 0, "no way");
	ck_assert_ptr_nonnull(strstr(text_of(&item),
	    "result 1-9 later L CONNECT 0 - - - - ours no way\n"));
}
END_TEST

/* Delivered, with a report due, is not the same as delivered. */
START_TEST(keeps_that_a_report_is_due)
{
	char *text;
	int i;

	for (i = 0; i < 3; i++) {
		outcome_set(&item.state.result[i], OUTCOME_DELIVERED,
		    OUTCOME_CLASS_NONE, OUTCOME_AT_FINAL, 250, "2.0.0 ok");
		item.state.result[i].relayed = i > 0;
	}
	text = strdup(text_of(&item));
	ck_assert_ptr_nonnull(strstr(text,
	    "\nresult 1 delivered - FINAL 250 2.0.0 - - - theirs 2.0.0 ok\n"
	    "result 2-3 relayed - FINAL 250 2.0.0 - - - theirs 2.0.0 ok\n"));
	ck_assert_int_eq(spool_state_parse(text, strlen(text), &item, NULL), 0);
	ck_assert_str_eq(text_of(&item), text);
	ck_assert_int_eq(item.state.result[2].kind, OUTCOME_DELIVERED);
	ck_assert(item.state.result[2].relayed);
	ck_assert(!item.state.result[0].relayed);
	ck_assert(!item.state.result[3].relayed);
	free(text);
}
END_TEST

/* Words from outside can't begin a line, on the way in or out. */
START_TEST(a_line_stays_a_line)
{
	struct outcome *o = &item.state.result[0];

	snprintf(o->text, sizeof(o->text), "a\r\nheld\n\x7f\t");
	snprintf(o->error, sizeof(o->error), "x\ny");
	o->kind = OUTCOME_LATER;
	ck_assert_ptr_nonnull(
	    strstr(text_of(&item), " x?y - - theirs a??held???\n"));
	ck_assert_int_eq(parse_body("osmtp-state 1\nid " ID_A "\nattempts 1\n"
				    "last 0\nnext 0\nable 0\nresult 1 later L "
				    "RCPT 0 - - - - ours a%0ab\n"),
	    EX_DATAERR);
	ck_assert_int_eq(parse_body("osmtp-state 1\nid " ID_A "\nattempts 1\n"
				    "last 0\nnext 0\nable 0\nresult 1 later L "
				    "RCPT 0 - - - - ours a\rb\n"),
	    EX_DATAERR);
}
END_TEST

#define HEAD	"osmtp-state 1\nid " ID_A "\n"
#define NUMBERS "attempts 1\nlast 2\nnext 3\nable 4\n"
#define OUTCOME " later T RCPT 450 4.2.1 - - - theirs busy\n"

static const struct {
	const char *label, *body;
	int code;
} bodies[] = {
	{ "good", HEAD NUMBERS, 0 },
	{ "results", HEAD NUMBERS "result 1" OUTCOME "result 3-9" OUTCOME, 0 },
	{ "later version", "osmtp-state 2\nanything\n", EX_CONFIG },
	{ "huge version", "osmtp-state 99999999999999\n", EX_DATAERR },
	{ "version 0", "osmtp-state 0\n", EX_DATAERR },
	{ "other kind", "osmtp-item 1\n", EX_DATAERR },
	{ "other id", "osmtp-state 1\nid " ID_B "\n" NUMBERS, EX_DATAERR },
	{ "no id", "osmtp-state 1\n" NUMBERS, EX_DATAERR },
	{ "no numbers", HEAD, EX_DATAERR },
	{ "negative", HEAD "attempts -1\nlast 2\nnext 3\nable 4\n",
	    EX_DATAERR },
	{ "too many", HEAD "attempts 4294967296\nlast 2\nnext 3\nable 4\n",
	    EX_DATAERR },
	{ "order", HEAD "last 2\nattempts 1\nnext 3\nable 4\n", EX_DATAERR },
	{ "flags", HEAD NUMBERS "held\nby-pause\n", 0 },
	{ "flags in disorder", HEAD NUMBERS "by-pause\nheld\n", EX_DATAERR },
	{ "unknown line", HEAD NUMBERS "colour red\n", EX_DATAERR },
	{ "a line without end", HEAD NUMBERS "held", EX_DATAERR },
	{ "an empty line", HEAD NUMBERS "\n", EX_DATAERR },
	{ "recipient 0", HEAD NUMBERS "result 0" OUTCOME, EX_DATAERR },
	{ "recipient 10", HEAD NUMBERS "result 10" OUTCOME, EX_DATAERR },
	{ "range to 10", HEAD NUMBERS "result 2-10" OUTCOME, EX_DATAERR },
	{ "range backwards", HEAD NUMBERS "result 3-2" OUTCOME, EX_DATAERR },
	{ "twice", HEAD NUMBERS "result 2" OUTCOME "result 2" OUTCOME,
	    EX_DATAERR },
	{ "overlap", HEAD NUMBERS "result 2-4" OUTCOME "result 3" OUTCOME,
	    EX_DATAERR },
	{ "kind", HEAD NUMBERS "result 1 sent T RCPT 450 - - - - ours x\n",
	    EX_DATAERR },
	{ "class", HEAD NUMBERS "result 1 later X RCPT 450 - - - - ours x\n",
	    EX_DATAERR },
	{ "stage", HEAD NUMBERS "result 1 later T QUIT 450 - - - - ours x\n",
	    EX_DATAERR },
	{ "code", HEAD NUMBERS "result 1 later T RCPT 4x0 - - - - ours x\n",
	    EX_DATAERR },
	{ "words", HEAD NUMBERS "result 1 later T RCPT 450 - - - ours x\n",
	    EX_DATAERR },
	{ "long word",
	    HEAD NUMBERS "result 1 later T RCPT 450 123456789012 - - - ours "
			 "x\n",
	    EX_DATAERR },
	{ "nobody's", HEAD NUMBERS "result 1 later T RCPT 450 - - - - his x\n",
	    EX_DATAERR },
	{ "no text", HEAD NUMBERS "result 1 later T RCPT 450 - - - - ours\n",
	    EX_DATAERR },
	{ "bad percent",
	    HEAD NUMBERS "result 1 later T RCPT 450 - - - - ours %4\n",
	    EX_DATAERR },
	{ "NUL", HEAD NUMBERS "result 1 later T RCPT 450 - - - - ours %00\n",
	    EX_DATAERR },
};

START_TEST(is_strict)
{
	item.state.attempts = 77;
	ck_assert_msg(parse_body(bodies[_i].body) == bodies[_i].code, "%s",
	    bodies[_i].label);
	if (bodies[_i].code != 0) /* untouched */
		ck_assert_msg(
		    item.state.attempts == 77, "%s", bodies[_i].label);
	else
		ck_assert_msg(item.state.attempts == 1, "%s", bodies[_i].label);
}
END_TEST

START_TEST(each_octet_counts)
{
	char text[4096];
	size_t n, i;

	fill(&item.state);
	n = strlen(text_of(&item));
	ck_assert_uint_lt(n, sizeof(text));
	memcpy(text, text_of(&item), n + 1);
	for (i = 0; i < n; i++) {
		text[i] ^= 1;
		ck_assert_msg(
		    spool_state_parse(text, n, &item, NULL) != 0, "%zu", i);
		text[i] ^= 1;
		ck_assert_msg(
		    spool_state_parse(text, i, &item, NULL) != 0, "%zu", i);
	}
	ck_assert_int_eq(spool_state_parse(text, n, &item, NULL), 0);
}
END_TEST

/* ---- beside a message */

/* A message of which one recipient has it. */
static void
put_half_done(const char *id)
{
	struct spool_claim *c = put_claimed(id);

	deliver_first(c);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	spool_release(c);
}

START_TEST(comes_back)
{
	struct spool_claim *c;
	struct spool_state *s;

	put_half_done(ID_A);
	open_again();
	c = claim(SPOOL_QUEUE, ID_A);
	s = &spool_item(c)->state;
	ck_assert_uint_eq(s->attempts, 1);
	ck_assert_int_eq(s->next, 1700000061000);
	ck_assert(!s->perhaps_sent);
	ck_assert_int_eq(s->result[0].kind, OUTCOME_DELIVERED);
	ck_assert_int_eq(s->result[1].kind, OUTCOME_OPEN);
	ck_assert(spool_is_open(spool_item(c)));
	s->result[1] = s->result[0];
	ck_assert(!spool_is_open(spool_item(c)));
	s->result[1].kind = OUTCOME_UNCLEAR;
	ck_assert(spool_is_open(spool_item(c)));
	spool_release(c);
}
END_TEST

/* It begins anew, marked, and is good again once it is saved. */
static void
check_begun_anew(const char *label)
{
	struct spool_claim *c = claim(SPOOL_QUEUE, ID_A);
	struct spool_state *s = &spool_item(c)->state;

	ck_assert_msg(s->perhaps_sent, "%s", label);
	ck_assert_msg(s->attempts == 0, "%s", label);
	ck_assert_msg(s->result[0].kind == OUTCOME_OPEN, "%s", label);
	deliver_first(c);
	ck_assert_msg(spool_save(c, NULL) == 0, "%s", label);
	spool_release(c);
	c = claim(SPOOL_QUEUE, ID_A);
	s = &spool_item(c)->state;
	ck_assert_msg(s->perhaps_sent, "%s", label);
	ck_assert_msg(s->result[0].kind == OUTCOME_DELIVERED, "%s", label);
	spool_release(c);
}

START_TEST(its_loss_is_marked)
{
	const char *path = path_of(SPOOL_QUEUE, ID_A, ".state");
	char octets[4096];
	size_t n, i;

	put_half_done(ID_A);
	n = slurp(path, octets, sizeof(octets));
	spew(path, octets, n - 1);
	check_begun_anew("cut");
	spew(path, octets, 0);
	check_begun_anew("empty");
	for (i = 0; i < n; i += 17) {
		octets[i] ^= 1;
		spew(path, octets, n);
		octets[i] ^= 1;
		check_begun_anew("altered");
	}
	unlink(path);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	check_begun_anew("a link");
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	check_begun_anew("a FIFO");
}
END_TEST

/* The state of another message is none: nobody is delivered by it. */
START_TEST(belongs_to_its_message)
{
	char octets[4096];
	size_t n;

	put_half_done(ID_B);
	put(ID_A);
	n = slurp(path_of(SPOOL_QUEUE, ID_B, ".state"), octets, sizeof(octets));
	spew(path_of(SPOOL_QUEUE, ID_A, ".state"), octets, n);
	check_begun_anew("of another");
}
END_TEST

/* None at all: nothing happened yet. */
START_TEST(absence_is_no_loss)
{
	struct spool_claim *c;

	put_half_done(ID_A);
	unlink(path_of(SPOOL_QUEUE, ID_A, ".state"));
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert(!spool_item(c)->state.perhaps_sent);
	spool_release(c);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, spool_aid_begin, spool_aid_end);
	tcase_add_checked_fixture(tc, begin_item, end_item);
	tcase_add_test(tc, needs_no_file_at_first);
	tcase_add_test(tc, reads_what_it_wrote);
	tcase_add_test(tc, is_short_for_many);
	tcase_add_test(tc, keeps_that_a_report_is_due);
	tcase_add_test(tc, a_line_stays_a_line);
	tcase_add_loop_test(
	    tc, is_strict, 0, (int)(sizeof(bodies) / sizeof(bodies[0])));
	tcase_add_test(tc, each_octet_counts);
	tcase_add_test(tc, comes_back);
	tcase_add_test(tc, its_loss_is_marked);
	tcase_add_test(tc, belongs_to_its_message);
	tcase_add_test(tc, absence_is_no_loss);
}

int
main(void)
{
	return unit_main("spool_state", add);
}
