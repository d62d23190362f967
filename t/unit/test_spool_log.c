/* SPDX-License-Identifier: ISC */
/* Settling in batches: the log, its crashes, its limits. */
#include "gate/spool.h"

#include "base/mem.h"
#include "spool_aid.h"

/* ---- a batch */

static void
begin_batch(void)
{
	struct err e = ERR_NONE;

	ck_assert_msg(spool_batch_begin(spool, &e) == 0, "%s", e.text);
}

static void
end_batch(void)
{
	struct err e = ERR_NONE;

	ck_assert_msg(spool_batch_end(spool, &e) == 0, "%s", e.text);
}

static void
make_id(char id[ENVELOPE_ID_LENGTH + 1], unsigned n)
{
	snprintf(id, ENVELOPE_ID_LENGTH + 1, "1hf7yat00%05u01", n);
}

/* n messages; the first of them is number from. */
static void
put_many(unsigned from, unsigned n)
{
	char id[ENVELOPE_ID_LENGTH + 1];

	for (; n > 0; n--) {
		make_id(id, from++);
		put(id);
	}
}

static void
settle_one(unsigned n, unsigned to)
{
	char id[ENVELOPE_ID_LENGTH + 1];
	struct spool_claim *c;
	struct err e = ERR_NONE;
	int code;

	make_id(id, n);
	c = claim(SPOOL_QUEUE, id);
	deliver_first(c);
	if (to == SPOOL_GONE)
		code = spool_remove(c, &e);
	else
		code = spool_move(c, to, &e);
	ck_assert_msg(code == 0, "%s", e.text);
	spool_release(c);
}

static bool
has(unsigned place, unsigned n, const char *suffix)
{
	char id[ENVELOPE_ID_LENGTH + 1];

	make_id(id, n);
	return is_there(place, id, suffix);
}

static int
code_of(unsigned n)
{
	char id[ENVELOPE_ID_LENGTH + 1];

	make_id(id, n);
	return claim_code(SPOOL_QUEUE, id);
}

/* One fdatasync a batch, and nothing is applied or free before it. */
START_TEST(settles_with_one_sync)
{
	put_many(0, 3);
	begin_batch();
	ck_assert(spool_is_flushed(spool));
	calls_mend();
	settle_one(0, SPOOL_GONE);
	settle_one(1, SPOOL_QUEUE);
	settle_one(2, SPOOL_FAILED);
	ck_assert(!spool_is_flushed(spool));
	ck_assert(has(SPOOL_QUEUE, 0, "") && has(SPOOL_QUEUE, 2, ""));
	ck_assert(!has(SPOOL_QUEUE, 1, ".state"));
	ck_assert_int_eq(calls[CALL_FDATASYNC].count, 0);
	ck_assert_int_eq(spool_flush(spool, NULL), 0);
	ck_assert_int_eq(calls[CALL_FDATASYNC].count, 1);
	ck_assert_int_eq(calls[CALL_FSYNC].count, 1); /* made: failed/01 */
	ck_assert(spool_is_flushed(spool));
	ck_assert(!has(SPOOL_QUEUE, 0, "") && !has(SPOOL_QUEUE, 2, ""));
	ck_assert(has(SPOOL_QUEUE, 1, "") && has(SPOOL_QUEUE, 1, ".state"));
	ck_assert(has(SPOOL_FAILED, 2, "") && has(SPOOL_FAILED, 2, ".state"));
	ck_assert_int_eq(spool_flush(spool, NULL), 0);
	ck_assert_int_eq(calls[CALL_FDATASYNC].count, 1);
	end_batch();
	ck_assert_int_eq(calls[CALL_SYNCFS].count, 1);
	ck_assert_int_eq(count_in("new"), 0);
}
END_TEST

START_TEST(flushes_by_itself)
{
	unsigned i;

	put_many(0, SPOOL_BATCH + 1);
	begin_batch();
	calls_mend();
	for (i = 0; i < SPOOL_BATCH - 1; i++)
		settle_one(i, SPOOL_GONE);
	ck_assert_int_eq(calls[CALL_FDATASYNC].count, 0);
	ck_assert(has(SPOOL_QUEUE, 0, ""));
	settle_one(i, SPOOL_GONE);
	ck_assert_int_eq(calls[CALL_FDATASYNC].count, 1);
	ck_assert(!has(SPOOL_QUEUE, 0, "") && !has(SPOOL_QUEUE, i, ""));
	ck_assert(has(SPOOL_QUEUE, i + 1, ""));
	end_batch();
}
END_TEST

START_TEST(has_one_holder)
{
	struct spool *mine = spool, *other;
	struct err e = ERR_NONE;

	ck_assert_int_eq(spool_open(aid_path("spool"), &other, NULL), 0);
	begin_batch();
	spool = other;
	ck_assert_int_eq(spool_batch_begin(spool, &e), EX_TEMPFAIL);
	ck_assert_ptr_nonnull(strstr(e.text, "another process"));
	spool = mine;
	end_batch();
	spool = other;
	begin_batch();
	end_batch();
	spool = mine;
	spool_close(other);
}
END_TEST

static bool
is_locked(unsigned n)
{
	char id[ENVELOPE_ID_LENGTH + 1];
	int fd;
	bool yes;

	make_id(id, n);
	fd = open(path_of(SPOOL_QUEUE, id, ""), O_RDONLY);
	ck_assert_int_ge(fd, 0);
	yes = flock(fd, LOCK_EX | LOCK_NB) == -1;
	close(fd);
	return yes;
}

/* What waits for its flush is locked though its claim has ended; behind that,
 * others see that the log has results of it. */
START_TEST(waiting_ones_are_not_free)
{
	struct spool *mine = spool, *other;

	put_many(0, 2);
	ck_assert_int_eq(spool_open(aid_path("spool"), &other, NULL), 0);
	begin_batch();
	settle_one(0, SPOOL_QUEUE);
	ck_assert(is_locked(0) && !is_locked(1));
	spool = other;
	ck_assert_int_eq(code_of(0), EX_TEMPFAIL);
	ck_assert_int_eq(code_of(1), 0);
	ck_assert_int_eq(spool_flush(mine, NULL), 0);
	ck_assert(!is_locked(0));
	ck_assert_int_eq(code_of(0), EX_TEMPFAIL);
	ck_assert_int_eq(code_of(1), 0);
	ck_assert_int_eq(spool_batch_end(mine, NULL), 0);
	ck_assert_int_eq(code_of(0), 0);
	spool = mine;
	spool_close(other);
}
END_TEST

/* Its holder may have it again, with its results. */
START_TEST(holder_claims_again)
{
	struct spool_claim *c;
	char id[ENVELOPE_ID_LENGTH + 1];

	put_many(0, 1);
	make_id(id, 0);
	begin_batch();
	settle_one(0, SPOOL_QUEUE);
	c = claim(SPOOL_QUEUE, id);
	ck_assert_uint_eq(spool_item(c)->state.attempts, 1);
	spool_item(c)->state.held = true;
	ck_assert_int_eq(spool_save(c, NULL), 0);
	spool_item(c)->state.warned = true;
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert_int_eq(spool_move(c, SPOOL_FAILED, NULL), 0);
	ck_assert_int_eq(spool_move(c, SPOOL_QUEUE, NULL), 0);
	spool_release(c);
	end_batch();
	ck_assert(!has(SPOOL_FAILED, 0, "") && !has(SPOOL_FAILED, 0, ".state"));
	c = claim(SPOOL_QUEUE, id);
	ck_assert(spool_item(c)->state.held && spool_item(c)->state.warned);
	spool_release(c);
}
END_TEST

/* ---- crashes */

/* In a child that ends with what is at hand: settle and die. */
static void
die_settling(bool flushed, void (*act)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		open_again();
		begin_batch();
		act();
		if (flushed)
			spool_flush(spool, NULL);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void
settle_three(void)
{
	settle_one(0, SPOOL_GONE);
	settle_one(1, SPOOL_QUEUE);
	settle_one(2, SPOOL_FAILED);
}

static void
check_three(void)
{
	char id[ENVELOPE_ID_LENGTH + 1];

	ck_assert(!has(SPOOL_QUEUE, 0, "") && !has(SPOOL_QUEUE, 0, ".state"));
	make_id(id, 1);
	ck_assert(is_first_delivered(SPOOL_QUEUE, id));
	make_id(id, 2);
	ck_assert(!has(SPOOL_QUEUE, 2, ""));
	ck_assert(is_first_delivered(SPOOL_FAILED, id));
}

START_TEST(next_batch_applies_a_log)
{
	put_many(0, 4);
	die_settling(_i != 0, settle_three);
	if (_i == 0)
		ck_assert(has(SPOOL_QUEUE, 0, "") && has(SPOOL_QUEUE, 2, ""));
	begin_batch();
	check_three();
	end_batch();
	check_three();
	ck_assert_int_eq(code_of(3), 0);
}
END_TEST

/* Whoever claims one applies all; what was removed is gone. */
START_TEST(next_claim_applies_a_log)
{
	put_many(0, 4);
	die_settling(_i % 2 != 0, settle_three);
	switch (_i / 2) {
	case 0:
		ck_assert_int_eq(code_of(0), EX_NOINPUT);
		break;
	case 1:
		ck_assert_int_eq(code_of(1), 0);
		break;
	case 2:
		ck_assert_int_eq(code_of(2), EX_NOINPUT);
		break;
	default:
		ck_assert_int_eq(code_of(3), 0);
		break;
	}
	check_three();
	ck_assert_int_eq(code_of(3), 0);
	/* And the log has begun anew: it does not do it again. */
	calls_mend();
	ck_assert_int_eq(code_of(3), 0);
	ck_assert_int_eq(calls[CALL_SYNCFS].count, 0);
}
END_TEST

/* A log that is applied again, after a crash in the middle: the same. */
START_TEST(applies_twice)
{
	char *octets = malloc(300000);
	size_t n;

	put_many(0, 4);
	die_settling(false, settle_three);
	n = slurp(aid_path("spool/settle.log"), octets, 300000);
	ck_assert_uint_eq(n, 256 * 1024);
	begin_batch();
	end_batch();
	spew(aid_path("spool/settle.log"), octets, n);
	begin_batch();
	end_batch();
	check_three();
	free(octets);
}
END_TEST

static void
settle_first(void)
{
	settle_one(0, SPOOL_GONE);
}

/* A message that took the ID of one that the log removes is another one. */
START_TEST(spares_another_of_its_id)
{
	char id[ENVELOPE_ID_LENGTH + 1];

	put_many(0, 1);
	die_settling(false, settle_first);
	make_id(id, 0);
	ck_assert_int_eq(unlink(path_of(SPOOL_QUEUE, id, "")), 0);
	put_many(0, 1);
	ck_assert_int_eq(code_of(0), 0);
}
END_TEST

/* Records of an earlier round that lie behind the present ones don't count. */
START_TEST(forgets_earlier_rounds)
{
	unsigned i;

	put_many(0, 20);
	die_settling(true, settle_first);
	begin_batch();
	for (i = 1; i < 10; i++)
		settle_one(i, SPOOL_FAILED);
	end_batch();
	/* Back where they came from, by hand; the log would move them again. */
	for (i = 1; i < 10; i++) {
		char id[ENVELOPE_ID_LENGTH + 1];

		make_id(id, i);
		ck_assert_int_eq(rename(path_of(SPOOL_FAILED, id, ""),
				     path_of(SPOOL_QUEUE, id, "")),
		    0);
	}
	put_many(0, 1);
	die_settling(false, settle_first);
	begin_batch();
	end_batch();
	ck_assert(!has(SPOOL_QUEUE, 0, ""));
	for (i = 1; i < 10; i++)
		ck_assert_msg(has(SPOOL_QUEUE, i, ""), "%u", i);
}
END_TEST

static void
hold_first(void)
{
	char id[ENVELOPE_ID_LENGTH + 1];
	struct spool_claim *c;

	make_id(id, 0);
	c = claim(SPOOL_QUEUE, id);
	spool_item(c)->state.held = !spool_item(c)->state.held;
	ck_assert_int_eq(spool_save(c, NULL), 0);
	spool_release(c);
}

/* Not even if the first record is the same as then. */
START_TEST(forgets_the_same_round)
{
	char id[ENVELOPE_ID_LENGTH + 1];
	struct spool_claim *c;

	put_many(0, 2);
	begin_batch();
	hold_first();
	settle_one(1, SPOOL_FAILED);
	end_batch();
	hold_first();
	make_id(id, 1);
	c = claim(SPOOL_FAILED, id);
	ck_assert_int_eq(spool_move(c, SPOOL_QUEUE, NULL), 0);
	spool_release(c);
	die_settling(false, hold_first);
	begin_batch();
	end_batch();
	ck_assert(has(SPOOL_QUEUE, 0, ".state"));
	ck_assert(has(SPOOL_QUEUE, 1, ""));
}
END_TEST

/* A torn last record is none; those before it are. */
START_TEST(ends_at_a_torn_record)
{
	FILE *f;

	put_many(0, 3);
	die_settling(false, settle_three);
	f = fopen(aid_path("spool/settle.log"), "r+");
	ck_assert_ptr_nonnull(f);
	/* The second one: behind the head and a record without state. */
	ck_assert_int_eq(fseek(f, SPOOL_LOG_HEAD + 18 + 43 + 30, SEEK_SET), 0);
	ck_assert_int_ge(fputs("#", f), 0);
	fclose(f);
	begin_batch();
	ck_assert(!has(SPOOL_QUEUE, 0, ""));
	ck_assert(has(SPOOL_QUEUE, 1, "") && has(SPOOL_QUEUE, 2, ""));
	ck_assert(!has(SPOOL_QUEUE, 1, ".state"));
	/* And it goes on there. */
	settle_one(2, SPOOL_GONE);
	end_batch();
	ck_assert(!has(SPOOL_QUEUE, 2, ""));
}
END_TEST

START_TEST(begins_anew_after_damage)
{
	static const char *const logs[] = { "", "junk", "osmtp-settle 1\nxx" };
	size_t i;

	put_many(0, 3);
	for (i = 0; i < 3; i++) {
		aid_write(aid_path("spool/settle.log"), logs[i]);
		ck_assert_int_eq(code_of((unsigned)i), 0);
		begin_batch();
		settle_one((unsigned)i, SPOOL_GONE);
		end_batch();
		ck_assert(!has(SPOOL_QUEUE, (unsigned)i, ""));
	}
}
END_TEST

START_TEST(leaves_a_later_version)
{
	char *octets = mem_new(256 * 1024, 1);

	put_many(0, 1);
	snprintf(octets, 64, "osmtp-settle 2\n");
	octets[64] = 'x';
	spew(aid_path("spool/settle.log"), octets, 256 * 1024);
	ck_assert_int_eq(spool_batch_begin(spool, NULL), EX_CONFIG);
	ck_assert_int_eq(code_of(0), EX_CONFIG);
	free(octets);
}
END_TEST

/* ---- limits */

/* More than the log holds: it is applied and begins anew by itself. */
START_TEST(holds_any_number)
{
	char id[ENVELOPE_ID_LENGTH + 1];
	struct spool_claim *c;
	unsigned i;

	put_many(0, 1);
	make_id(id, 0);
	begin_batch();
	calls_mend();
	c = claim(SPOOL_QUEUE, id);
	for (i = 1; i <= 2000; i++) {
		deliver_first(c);
		ck_assert_int_eq(spool_save(c, NULL), 0);
	}
	spool_release(c);
	end_batch();
	ck_assert_int_ge(calls[CALL_SYNCFS].count, 2);
	ck_assert_int_le(calls[CALL_SYNCFS].count, 12);
	c = claim(SPOOL_QUEUE, id);
	ck_assert_uint_eq(spool_item(c)->state.attempts, 2000);
	spool_release(c);
}
END_TEST

/* A state larger than the log is written at once. */
START_TEST(takes_a_large_state)
{
	struct spool_item head = make_head(ID_A);
	struct spool_draft *d;
	struct spool_claim *c;
	char text[64];
	size_t i;

	for (i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "u%zu@example.com", i);
		add_rcpt(&head, text);
	}
	ck_assert_int_eq(spool_begin(spool, &head, &d, NULL), 0);
	ck_assert_int_eq(spool_commit(d, false, false, &c, NULL), 0);
	put_many(0, 1);
	begin_batch();
	settle_one(0, SPOOL_QUEUE);
	for (i = 0; i < 3002; i++) {
		snprintf(text, sizeof(text),
		    "%zu refused, and a reason that takes some room", i);
		outcome_set(&spool_item(c)->state.result[i], OUTCOME_REFUSED,
		    OUTCOME_CLASS_M, OUTCOME_AT_RCPT, 550, text);
	}
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ".state"));
	ck_assert(has(SPOOL_QUEUE, 0, ".state"));
	ck_assert_int_eq(spool_check_record(spool, NULL), 0);
	spool_release(c);
	end_batch();
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(
	    spool_item(c)->state.result[3001].kind, OUTCOME_REFUSED);
	spool_release(c);
	spool_item_clear(&head);
}
END_TEST

/*
 * A disk that takes no more states: removals go on; what could not be applied
 * stays in the log and locked, and is applied when it can be.
 */
START_TEST(drains_a_full_disk)
{
	struct spool *mine = spool, *other;
	char id[ENVELOPE_ID_LENGTH + 1];

	put_many(0, 4);
	ck_assert_int_eq(spool_open(aid_path("spool"), &other, NULL), 0);
	begin_batch();
	calls_fail(CALL_LINKAT, 1, 0, ENOSPC);
	settle_one(0, SPOOL_QUEUE);
	ck_assert_int_eq(spool_flush(spool, NULL), 0);
	ck_assert(!has(SPOOL_QUEUE, 0, ".state"));
	ck_assert_int_eq(spool_check_record(spool, NULL), 0);
	settle_one(1, SPOOL_GONE);
	ck_assert_int_eq(spool_flush(spool, NULL), 0);
	ck_assert(!has(SPOOL_QUEUE, 1, ""));
	ck_assert_int_eq(code_of(0), EX_TEMPFAIL); /* ours, but not as it is */
	end_batch();
	ck_assert_int_eq(calls[CALL_SYNCFS].count, 0);
	/* The next one finds it in the log. */
	ck_assert_int_eq(code_of(0), EX_TEMPFAIL);
	ck_assert_int_eq(code_of(2), 0);
	begin_batch();
	settle_one(2, SPOOL_GONE);
	spool = other;
	ck_assert_int_eq(code_of(0), EX_TEMPFAIL);
	spool = mine;
	calls_mend();
	end_batch();
	make_id(id, 0);
	ck_assert(is_first_delivered(SPOOL_QUEUE, id));
	ck_assert_int_eq(code_of(0), 0);
	ck_assert(!has(SPOOL_QUEUE, 2, ""));
	spool_close(other);
}
END_TEST

/* Full of what can't be applied: nothing may be tried any more. */
START_TEST(a_full_log_is_told)
{
	char id[ENVELOPE_ID_LENGTH + 1];
	struct spool_claim *c;
	struct err e = ERR_NONE;
	unsigned i;

	put_many(0, 1);
	make_id(id, 0);
	begin_batch();
	calls_fail(CALL_LINKAT, 1, 0, ENOSPC);
	c = claim(SPOOL_QUEUE, id);
	for (i = 0; spool_check_record(spool, &e) == 0; i++) {
		ck_assert_uint_lt(i, 3000);
		deliver_first(c);
		ck_assert_int_eq(spool_save(c, NULL), 0);
	}
	ck_assert_int_eq(e.code, EX_IOERR);
	calls_mend();
	ck_assert_int_eq(spool_check_record(spool, NULL), 0);
	spool_release(c);
	end_batch();
	c = claim(SPOOL_QUEUE, id);
	ck_assert_uint_eq(spool_item(c)->state.attempts, i);
	spool_release(c);
}
END_TEST

static const struct {
	const char *label;
	enum spool_aid_call call;
	int error;
} log_faults[] = { { "write", CALL_PWRITE, EIO },
	{ "sync", CALL_FDATASYNC, EIO }, { "sync of all", CALL_SYNCFS, EIO } };

/* The log fails once: results are applied with a sync each, nothing more may
 * be tried, and the next batch has a new log. */
START_TEST(a_failed_log_is_left)
{
	const char *label = log_faults[_i].label;
	struct err e = ERR_NONE;
	char id[ENVELOPE_ID_LENGTH + 1];

	put_many(0, 3);
	begin_batch();
	calls_fail(log_faults[_i].call, 1, 2, log_faults[_i].error);
	settle_one(0, SPOOL_GONE);
	if (log_faults[_i].call == CALL_PWRITE)
		ck_assert_int_eq(spool_flush(spool, &e), 0);
	else if (log_faults[_i].call == CALL_FDATASYNC)
		ck_assert_int_eq(spool_flush(spool, &e), EX_IOERR);
	if (log_faults[_i].call == CALL_SYNCFS) {
		ck_assert_int_eq(spool_batch_end(spool, &e), EX_IOERR);
	} else {
		ck_assert_msg(
		    spool_check_record(spool, &e) == EX_IOERR, "%s", label);
		/* What was under way is recorded nevertheless. */
		settle_one(1, SPOOL_QUEUE);
		make_id(id, 1);
		ck_assert_msg(is_first_delivered(SPOOL_QUEUE, id), "%s", label);
		spool_batch_end(spool, NULL);
	}
	ck_assert_msg(!has(SPOOL_QUEUE, 0, ""), "%s", label);
	/* A log that is sound is kept, to be applied again. */
	ck_assert_msg((access(aid_path("spool/settle.log"), F_OK) == 0) ==
			  (log_faults[_i].call == CALL_SYNCFS),
	    "%s", label);
	begin_batch();
	ck_assert_int_eq(spool_check_record(spool, NULL), 0);
	settle_one(2, SPOOL_GONE);
	end_batch();
	ck_assert_int_eq(code_of(1), 0);
}
END_TEST

/* Nothing can be recorded: neither in the log nor beside it. */
START_TEST(keeps_what_it_can_not_record)
{
	struct spool_claim *c;
	char id[ENVELOPE_ID_LENGTH + 1];

	put_many(0, 1);
	make_id(id, 0);
	begin_batch();
	c = claim(SPOOL_QUEUE, id);
	deliver_first(c);
	calls_fail(CALL_PWRITE, 1, 0, EIO);
	ck_assert_int_eq(spool_save(c, NULL), EX_IOERR);
	spool_release(c);
	ck_assert_int_eq(code_of(0), EX_TEMPFAIL); /* still locked */
	calls_mend();
	spool_batch_end(spool, NULL);
	ck_assert(is_first_delivered(SPOOL_QUEUE, id));
	ck_assert_int_eq(code_of(0), 0);
}
END_TEST

START_TEST(needs_a_log)
{
	struct err e = ERR_NONE;

	ck_assert_int_eq(mkdir(aid_path("spool/settle.log"), 0700), 0);
	ck_assert_int_eq(spool_batch_begin(spool, &e), EX_CANTCREAT);
	ck_assert_int_eq(rmdir(aid_path("spool/settle.log")), 0);
	calls_fail(CALL_PWRITE, 1, 0, ENOSPC);
	ck_assert_int_eq(spool_batch_begin(spool, &e), EX_CANTCREAT);
	calls_mend();
	begin_batch(); /* the lock was given back */
	end_batch();
	ck_assert_int_eq(spool_batch_end(spool, NULL), 0);
	ck_assert_int_eq(spool_flush(spool, NULL), 0);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, spool_aid_begin, spool_aid_end);
	tcase_add_test(tc, settles_with_one_sync);
	tcase_add_test(tc, flushes_by_itself);
	tcase_add_test(tc, has_one_holder);
	tcase_add_test(tc, waiting_ones_are_not_free);
	tcase_add_test(tc, holder_claims_again);
	tcase_add_loop_test(tc, next_batch_applies_a_log, 0, 2);
	tcase_add_loop_test(tc, next_claim_applies_a_log, 0, 8);
	tcase_add_test(tc, applies_twice);
	tcase_add_test(tc, spares_another_of_its_id);
	tcase_add_test(tc, forgets_earlier_rounds);
	tcase_add_test(tc, forgets_the_same_round);
	tcase_add_test(tc, ends_at_a_torn_record);
	tcase_add_test(tc, begins_anew_after_damage);
	tcase_add_test(tc, leaves_a_later_version);
	tcase_add_test(tc, holds_any_number);
	tcase_add_test(tc, takes_a_large_state);
	tcase_add_test(tc, drains_a_full_disk);
	tcase_add_test(tc, a_full_log_is_told);
	tcase_add_loop_test(tc, a_failed_log_is_left, 0,
	    (int)(sizeof(log_faults) / sizeof(log_faults[0])));
	tcase_add_test(tc, keeps_what_it_can_not_record);
	tcase_add_test(tc, needs_a_log);
}

int
main(void)
{
	return unit_main("spool_log", add);
}
