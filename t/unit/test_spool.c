/* SPDX-License-Identifier: ISC */
/* The queue: accepting, finding, claiming, damage. */
#include "gate/spool.h"

#include <signal.h>
#include "spool_aid.h"

/* ---- a message's way in */

START_TEST(goes_in_and_comes_out)
{
	struct spool_claim *c = put_claimed(ID_A);
	struct spool_item *i = spool_item(c);
	char text[256];
	int turn;

	for (turn = 0; turn < 2; turn++) {
		ck_assert_str_eq(i->envelope.id, ID_A);
		ck_assert_str_eq(i->envelope.sender, "ann@example.com");
		ck_assert_uint_eq(i->envelope.n_rcpts, 2);
		ck_assert_str_eq(i->envelope.rcpts[1], "\"c d\"@example.net");
		ck_assert_uint_eq(i->envelope.size, strlen(TEXT));
		ck_assert(!i->envelope.eight_bit && !i->envelope.utf8);
		ck_assert(!i->envelope.repair);
		ck_assert_str_eq(i->profile, "default");
		ck_assert_uint_eq(i->uid, 1000);
		ck_assert_int_eq(i->accepted, 1700000000000);
		ck_assert(!i->report && spool_is_open(i));
		ck_assert_int_eq(
		    read_text(c, text, sizeof(text), 7), (ssize_t)strlen(TEXT));
		ck_assert_int_eq(memcmp(text, TEXT, strlen(TEXT)), 0);
		ck_assert(!spool_is_damaged(c));
		spool_release(c);
		open_again();
		c = claim(SPOOL_QUEUE, ID_A);
		i = spool_item(c);
	}
	spool_release(c);
	ck_assert_int_eq(count_in("new"), 0);
}
END_TEST

/* Null sender, a report, UTF-8, octets over 127. */
START_TEST(keeps_what_is_odd)
{
	struct spool_item head = { .uid = 0, .report = true }, i;
	struct spool_draft *d;
	struct spool_claim *c;
	bool busy = true;

	snprintf(head.envelope.id, sizeof(head.envelope.id), "%s", "R" ID_A);
	head.profile = strdup("p\xc3\xb6st");
	head.envelope.sender = strdup("");
	add_rcpt(&head, "j\xc3\xb6rg@example.com");
	ck_assert_int_eq(spool_begin(spool, &head, &d, NULL), 0);
	ck_assert_int_eq(spool_commit(d, true, true, &c, NULL), 0);
	spool_release(c);
	spool_item_clear(&head);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "R" ID_A " ");
	ck_assert_int_eq(
	    spool_peek(spool, SPOOL_QUEUE, "R" ID_A, &i, &busy, NULL), 0);
	ck_assert(!busy && i.report && i.envelope.eight_bit);
	ck_assert(i.envelope.repair);
	ck_assert(i.envelope.utf8);
	ck_assert_str_eq(i.envelope.sender, "");
	ck_assert_str_eq(i.profile, "p\xc3\xb6st");
	ck_assert_uint_eq(i.envelope.size, 0);
	spool_item_clear(&i);
}
END_TEST

/* Larger than any buffer, in odd pieces. */
START_TEST(takes_large_ones)
{
	size_t size = 300001, at, n;
	char *text = malloc(size), *back = malloc(size + 1);
	struct spool_item head = make_head(ID_A);
	struct spool_draft *d;
	struct spool_claim *c;

	for (at = 0; at < size; at++)
		text[at] = (char)('a' + at % 23);
	ck_assert_int_eq(spool_begin(spool, &head, &d, NULL), 0);
	for (at = 0, n = 1; at < size; at += n, n = n * 3 % 70001) {
		if (n > size - at)
			n = size - at;
		ck_assert_int_eq(
		    spool_sink(d)->write(spool_sink(d), text + at, n), 0);
	}
	ck_assert_int_eq(spool_commit(d, false, false, &c, NULL), 0);
	ck_assert_int_eq(read_text(c, back, size + 1, 8191), (ssize_t)size);
	ck_assert_int_eq(memcmp(text, back, size), 0);
	spool_release(c);
	spool_item_clear(&head);
	free(text);
	free(back);
}
END_TEST

/* A value that would be two lines is refused before there is a file. */
START_TEST(refuses_what_is_no_head)
{
	static const char *const profiles[] = { "a\nrcpt x@example.com", "a\r",
		"\x7f", "" };
	struct spool_item head = make_head(ID_A);
	struct spool_draft *d;
	size_t i;

	for (i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		free(head.profile);
		head.profile = strdup(profiles[i]);
		ck_assert_int_eq(
		    spool_begin(spool, &head, &d, NULL), EX_DATAERR);
	}
	free(head.profile);
	head.profile = strdup("default");
	free(head.envelope.rcpts[1]);
	head.envelope.rcpts[1] = strdup("a@example.com\nreport");
	ck_assert_int_eq(spool_begin(spool, &head, &d, NULL), EX_DATAERR);
	free(head.envelope.rcpts[1]);
	head.envelope.rcpts[1] = strdup("bob@example.org");
	ck_assert_int_eq(spool_begin(spool, &head, &d, NULL), EX_DATAERR);
	free(head.envelope.rcpts[1]);
	head.envelope.n_rcpts = 1;
	head.envelope.id[3] = 'U';
	ck_assert_int_eq(spool_begin(spool, &head, &d, NULL), EX_DATAERR);
	head.envelope.id[3] = '7';
	head.accepted = -1;
	ck_assert_int_eq(spool_begin(spool, &head, &d, NULL), EX_DATAERR);
	spool_item_clear(&head);
	ck_assert_int_eq(count_in("new"), 0);
}
END_TEST

START_TEST(refuses_a_second_of_its_id)
{
	struct spool_draft *d;
	struct spool_claim *c = NULL;
	struct err e = ERR_NONE;
	char text[64];

	put(ID_A);
	d = begin_text(ID_A, "other", 5);
	ck_assert_int_eq(spool_commit(d, false, false, &c, &e), EX_CANTCREAT);
	ck_assert_ptr_null(c);
	spool_discard(d);
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(
	    read_text(c, text, sizeof(text), 64), (ssize_t)strlen(TEXT));
	spool_release(c);
}
END_TEST

/* Its two syncs, in order, after its name. */
START_TEST(syncs_twice)
{
	put(ID_A); /* the folder is there then */
	calls_mend();
	put("1hf7yat00aaaax01");
	ck_assert_int_eq(calls[CALL_FSYNC].count, 2);
	ck_assert_int_eq(calls[CALL_LINKAT].count, 1);
	calls_mend();
	put(ID_B); /* a new folder is synced, too */
	ck_assert_int_eq(calls[CALL_FSYNC].count, 3);
}
END_TEST

static void
check_draft_text(struct spool_draft *d)
{
	struct stream_source *in;
	char text[256];
	ssize_t got;
	int turn;

	for (turn = 0; turn < 2; turn++) {
		in = spool_draft_text(d, NULL);
		ck_assert_ptr_nonnull(in);
		got = in->read(in, text, 10);
		ck_assert_int_eq(got, 10);
		got += in->read(in, text + 10, sizeof(text) - 10);
		ck_assert_int_eq(got, (ssize_t)strlen(TEXT));
		ck_assert_int_eq(memcmp(text, TEXT, (size_t)got), 0);
		ck_assert_int_eq(in->read(in, text, 1), 0);
	}
}

static const struct {
	const char *label;
	enum spool_aid_call call;
	int from, until;
	int error, code;
} commit_faults[] = {
	{ "write", CALL_PWRITE, 1, 0, ENOSPC, EX_IOERR },
	{ "link", CALL_LINKAT, 1, 0, ENOSPC, EX_CANTCREAT },
	{ "sync of the file", CALL_FSYNC, 1, 2, EIO, EX_IOERR },
	{ "sync of the folder", CALL_FSYNC, 2, 3, ENOSPC, EX_IOERR },
	{ "all syncs", CALL_FSYNC, 1, 0, EIO, EX_IOERR },
};

/* Nothing is left, and the text can be read. */
START_TEST(withdraws)
{
	struct spool_claim *c = NULL;
	struct spool_draft *d;
	struct err e = ERR_NONE;
	const char *label = commit_faults[_i].label;

	put(ID_B);
	ck_assert_int_eq(unlink(path_of(SPOOL_QUEUE, ID_B, "")), 0);
	d = begin_text("1hf7yat00aaaax02", TEXT, strlen(TEXT));
	calls_fail(commit_faults[_i].call, commit_faults[_i].from,
	    commit_faults[_i].until, commit_faults[_i].error);
	ck_assert_msg(
	    spool_commit(d, false, false, &c, &e) == commit_faults[_i].code,
	    "%s: %s", label, e.text);
	ck_assert_msg(
	    calls[commit_faults[_i].call].count > 0, "%s: unseen", label);
	/* That the name is gone is synced, not once more the file. */
	if (_i == 2)
		ck_assert_int_eq(calls[CALL_FSYNC].count, 2);
	calls_mend();
	ck_assert_msg(
	    !is_there(SPOOL_QUEUE, "1hf7yat00aaaax02", ""), "%s", label);
	check_draft_text(d);
	spool_discard(d);
	ck_assert_int_eq(count_in("new"), 0);
}
END_TEST

/* It has its name and can't lose it again. */
START_TEST(may_still_be_sent)
{
	struct spool_draft *d = begin_text(ID_A, TEXT, strlen(TEXT));
	struct spool_claim *c;
	struct err e = ERR_NONE;

	calls_fail(CALL_FSYNC, 2, 0, EIO); /* 1: the new folder */
	calls_fail(CALL_UNLINKAT, 1, 0, EROFS);
	ck_assert_int_eq(spool_commit(d, false, false, &c, &e), EX_TEMPFAIL);
	ck_assert_int_eq(e.code, EX_TEMPFAIL);
	ck_assert_ptr_nonnull(strstr(e.text, "may still be sent"));
	calls_mend();
	check_draft_text(d);
	spool_discard(d);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), 0);
}
END_TEST

/* What a write did not take is not lost for dead.letter. */
START_TEST(keeps_what_the_disk_refused)
{
	enum { SIZE = 100000 };
	struct spool_draft *d = begin_text(ID_A, TEXT, strlen(TEXT));
	struct stream_source *in;
	char *text = malloc(SIZE), *back = malloc(SIZE + 1000);
	size_t len = 0;
	ssize_t got;

	memset(text, 'x', SIZE);
	calls_fail(CALL_PWRITE, 1, 0, ENOSPC);
	ck_assert_int_eq(spool_sink(d)->write(spool_sink(d), text, SIZE), -1);
	ck_assert_int_eq(errno, ENOSPC);
	in = spool_draft_text(d, NULL);
	while ((got = in->read(in, back + len, 1000)) > 0)
		len += (size_t)got;
	ck_assert_uint_eq(len, SIZE + strlen(TEXT));
	ck_assert_int_eq(memcmp(back + strlen(TEXT), text, SIZE), 0);
	spool_discard(d);
	free(text);
	free(back);
}
END_TEST

/* Where a file can't be without a name it has one in new/. */
START_TEST(works_with_named_drafts)
{
	struct spool_draft *d;
	struct spool_claim *c;

	calls_fail(CALL_ACCESS, 1, 0, ENOENT);
	d = begin_text(ID_A, TEXT, strlen(TEXT));
	ck_assert_int_eq(count_in("new"), 1);
	ck_assert_int_eq(spool_commit(d, false, false, &c, NULL), 0);
	ck_assert_int_eq(count_in("new"), 0);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), EX_TEMPFAIL);
	deliver_first(c);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	spool_release(c);
	ck_assert(is_first_delivered(SPOOL_QUEUE, ID_A));
	d = begin_text(ID_A, TEXT, strlen(TEXT));
	ck_assert_int_eq(spool_commit(d, false, false, &c, NULL), EX_CANTCREAT);
	ck_assert_int_eq(count_in("new"), 1);
	spool_discard(d);
	/* Nor does every file system know a rename that replaces nothing. */
	calls_fail(CALL_RENAMEAT2, 1, 0, EINVAL);
	d = begin_text(ID_A, TEXT, strlen(TEXT));
	ck_assert_int_eq(spool_commit(d, false, false, &c, NULL), EX_CANTCREAT);
	spool_discard(d);
	put(ID_B);
	ck_assert_int_eq(count_in("new"), 0);
}
END_TEST

/* ---- finding */

START_TEST(passes_over_foreign_names)
{
	char name[PATH_MAX];
	int i;

	put(ID_A);
	put(ID_B);
	/* A good ID in the wrong folder is one more copy, no message. */
	ck_assert_int_eq(link(path_of(SPOOL_QUEUE, ID_A, ""),
			     aid_path("spool/queue/02/" ID_A)),
	    0);
	aid_write(aid_path("spool/queue/01/README"), "x");
	aid_write(aid_path("spool/queue/01/.hidden"), "x");
	aid_write(aid_path("spool/queue/01/" ID_A "~"), "x");
	aid_write(aid_path("spool/queue/01/\xff\n\x01"), "x");
	aid_write(aid_path("spool/queue/stray"), "x");
	ck_assert_int_eq(mkdir(aid_path("spool/queue/zz"), 0700), 0);
	ck_assert_int_eq(mkdir(aid_path("spool/queue/zz/dir"), 0700), 0);
	ck_assert_int_eq(mkdir(aid_path("spool/queue/old-stuff"), 0700), 0);
	ck_assert_int_eq(symlink("/", aid_path("spool/queue/yy")), 0);
	snprintf(name, sizeof(name), "%s/spool/queue/01/", aid_dir);
	for (i = 0; i < 200; i++)
		snprintf(name + strlen(name), 2, "a");
	aid_write(name, "x");
	if (strcmp(names_of(SPOOL_QUEUE), ID_A " " ID_B " ") != 0)
		ck_assert_str_eq(names_of(SPOOL_QUEUE), ID_B " " ID_A " ");
	ck_assert_str_eq(names_of(SPOOL_FAILED), "");
	ck_assert_str_eq(names_of(SPOOL_BAD), "");
}
END_TEST

START_TEST(knows_ids)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = { { ID_A, true }, { "R" ID_A, true }, { "D" ID_A, true },
		{ "S" ID_A, true }, { "SR" ID_A, false }, { "", false },
		{ "R", false }, { "E" ID_A, false }, { "RR" ID_A, false },
		{ "1hf7yat00aaaaa0", false }, { ID_A "x", false },
		{ "1hf7yat00aaaaai1", false }, { "1HF7YAT00AAAAA01", false },
		{ "../../../../../x", false } };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(spool_is_id(cases[i].text) == cases[i].is, "%s",
		    cases[i].text);
}
END_TEST

START_TEST(lists_while_claimed)
{
	struct spool_claim *c = put_claimed(ID_A);
	struct spool_item i;
	bool busy = false;

	ck_assert_int_eq(
	    spool_peek(spool, SPOOL_QUEUE, ID_A, &i, &busy, NULL), 0);
	ck_assert(busy);
	spool_item_clear(&i);
	spool_release(c);
	ck_assert_int_eq(
	    spool_peek(spool, SPOOL_QUEUE, ID_A, &i, &busy, NULL), 0);
	ck_assert(!busy);
	spool_item_clear(&i);
	ck_assert_int_eq(
	    spool_peek(spool, SPOOL_QUEUE, ID_B, &i, &busy, NULL), EX_NOINPUT);
	spool_item_clear(&i);
}
END_TEST

/* ---- claims */

START_TEST(is_claimed_once)
{
	struct spool_claim *c, *second;

	put(ID_A);
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(try_claim(SPOOL_QUEUE, ID_A, &second), EX_TEMPFAIL);
	spool_release(c);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), 0);
	ck_assert_int_eq(claim_code(SPOOL_FAILED, ID_A), EX_NOINPUT);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_B), EX_NOINPUT);
}
END_TEST

/* A child claims it, says so, and waits to be killed. */
START_TEST(claim_dies_with_its_process)
{
	int fds[2], status;
	char octet;
	pid_t pid;

	put(ID_A);
	ck_assert_int_eq(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		open_again();
		claim(SPOOL_QUEUE, ID_A);
		if (write(fds[1], "c", 1) == 1)
			pause();
		_exit(1);
	}
	ck_assert_int_eq(read(fds[0], &octet, 1), 1);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), EX_TEMPFAIL);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* An open draft is locked before anybody can see it, and gone with us. */
START_TEST(draft_dies_with_its_process)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		begin_text(ID_A, TEXT, strlen(TEXT));
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(count_in("new"), 0);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
}
END_TEST

/* What a child has taken over stays claimed when the parent lets go. */
START_TEST(claim_is_inherited)
{
	struct spool_claim *c = put_claimed(ID_A);
	int fds[2], status;
	char octet;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(fds[1]);
		_exit(read(fds[0], &octet, 1) != 0);
	}
	close(fds[0]);
	spool_release(c);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), EX_TEMPFAIL);
	close(fds[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), 0);
}
END_TEST

static void
take_away(void)
{
	ck_assert_int_eq(unlink(path_of(SPOOL_QUEUE, ID_A, "")), 0);
}

static void
put_another(void)
{
	take_away();
	put(ID_A);
}

/* A lock can be had on a file that has lost its name meanwhile. */
START_TEST(looks_at_the_name_again)
{
	put(ID_A);
	before_flock = take_away;
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), EX_NOINPUT);
	put(ID_A);
	before_flock = put_another;
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), EX_NOINPUT);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), 0);
}
END_TEST

/* ---- the spool itself */

START_TEST(makes_what_is_absent)
{
	struct stat st;

	spool_close(spool);
	ck_assert_int_eq(spool_open(aid_path("a/b/spool"), &spool, NULL), 0);
	ck_assert_str_eq(spool_path(spool), aid_path("a/b/spool"));
	ck_assert_int_eq(stat(aid_path("a/b/spool/queue"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(stat(aid_path("a/b/spool"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
}
END_TEST

/* Also what is taken away while it is open. */
START_TEST(makes_folders_again)
{
	put(ID_A);
	ck_assert_int_eq(
	    rename(aid_path("spool/queue"), aid_path("elsewhere")), 0);
	put(ID_A);
	ck_assert_int_eq(rmdir(aid_path("spool/new")), 0);
	put(ID_B);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_B), 0);
}
END_TEST

START_TEST(refuses_a_foreign_spool)
{
	struct spool *other;
	struct err e = ERR_NONE;

	ck_assert_int_eq(chmod(aid_path("spool"), 0770), 0);
	ck_assert_int_eq(spool_open(aid_path("spool"), &other, &e), EX_NOPERM);
	ck_assert_ptr_nonnull(strstr(e.text, "0770"));
	ck_assert_ptr_nonnull(strstr(e.text, "spool: owner uid"));
	aid_write(aid_path("file"), "");
	ck_assert_int_eq(
	    spool_open(aid_path("file"), &other, &e), EX_CANTCREAT);
	if (geteuid() == 0)
		return;
	ck_assert_int_eq(chmod(aid_path("spool"), 0), 0);
	ck_assert_int_eq(spool_open(aid_path("spool"), &other, &e), EX_NOPERM);
	ck_assert_int_eq(chmod(aid_path("spool"), 0700), 0);
}
END_TEST

START_TEST(looks_for_room)
{
	struct err e = ERR_NONE;
	uint64_t much = UINT64_C(1) << 60;

	ck_assert_int_eq(spool_check_room(spool, 1000, 0, 0, &e), 0);
	ck_assert_int_eq(
	    spool_check_room(spool, 1000, much, 0, &e), EX_TEMPFAIL);
	ck_assert_ptr_nonnull(strstr(e.text, "1099511627776 MB"));
	ck_assert_int_eq(spool_check_room(spool, much, 0, 0, &e), EX_TEMPFAIL);
	ck_assert_int_eq(
	    spool_check_room(spool, UINT64_MAX, much, 0, &e), EX_TEMPFAIL);
}
END_TEST

static void
add(TCase *tc)
{
	size_t faults = sizeof(commit_faults) / sizeof(commit_faults[0]);

	tcase_add_checked_fixture(tc, spool_aid_begin, spool_aid_end);
	tcase_add_test(tc, goes_in_and_comes_out);
	tcase_add_test(tc, keeps_what_is_odd);
	tcase_add_test(tc, takes_large_ones);
	tcase_add_test(tc, refuses_what_is_no_head);
	tcase_add_test(tc, refuses_a_second_of_its_id);
	tcase_add_test(tc, syncs_twice);
	tcase_add_loop_test(tc, withdraws, 0, (int)faults);
	tcase_add_test(tc, may_still_be_sent);
	tcase_add_test(tc, keeps_what_the_disk_refused);
	tcase_add_test(tc, works_with_named_drafts);
	tcase_add_test(tc, passes_over_foreign_names);
	tcase_add_test(tc, knows_ids);
	tcase_add_test(tc, lists_while_claimed);
	tcase_add_test(tc, is_claimed_once);
	tcase_add_test(tc, claim_dies_with_its_process);
	tcase_add_test(tc, draft_dies_with_its_process);
	tcase_add_test(tc, claim_is_inherited);
	tcase_add_test(tc, looks_at_the_name_again);
	tcase_add_test(tc, makes_what_is_absent);
	tcase_add_test(tc, makes_folders_again);
	tcase_add_test(tc, refuses_a_foreign_spool);
	tcase_add_test(tc, looks_for_room);
}

int
main(void)
{
	return unit_main("spool", add);
}
