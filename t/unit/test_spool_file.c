/* SPDX-License-Identifier: ISC */
/* What is no message, or not as it was: never sent to its end. */
#include "gate/spool.h"

#include "base/mem.h"
#include "spool_aid.h"

START_TEST(sets_aside_what_is_no_file)
{
	ck_assert_int_eq(mkdir(aid_path("spool/queue/01"), 0700), 0);
	ck_assert_int_eq(mkdir(aid_path("spool/queue/02"), 0700), 0);
	ck_assert_int_eq(mkdir(aid_path("spool/queue/03"), 0700), 0);
	ck_assert_int_eq(
	    symlink("/etc/passwd", path_of(SPOOL_QUEUE, ID_A, "")), 0);
	ck_assert_int_eq(mkfifo(path_of(SPOOL_QUEUE, ID_B, ""), 0600), 0);
	ck_assert_int_eq(mkdir(path_of(SPOOL_QUEUE, ID_C, ""), 0700), 0);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), EX_DATAERR);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_B), EX_DATAERR);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_C), EX_DATAERR);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
	ck_assert_int_eq(count_in("bad"), 3);
}
END_TEST

/* Under another name it is no second message: copied, or linked. */
START_TEST(knows_a_copy)
{
	char octets[1024];
	size_t n;

	put(ID_A);
	put(ID_B);
	n = slurp(path_of(SPOOL_QUEUE, ID_A, ""), octets, sizeof(octets));
	spew(path_of(SPOOL_QUEUE, ID_B, ""), octets, n);
	ck_assert_int_eq(mkdir(aid_path("spool/queue/03"), 0700), 0);
	ck_assert_int_eq(link(path_of(SPOOL_QUEUE, ID_A, ""),
			     path_of(SPOOL_QUEUE, ID_C, "")),
	    0);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_B), EX_DATAERR);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_C), EX_DATAERR);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), 0);
	ck_assert_str_eq(names_of(SPOOL_QUEUE), ID_A " ");
}
END_TEST

/* That an address of the header needs SMTPUTF8 is known after a crash, too. */
START_TEST(keeps_utf8)
{
	struct spool_item head = make_head(ID_A), again;
	struct err e = ERR_NONE;
	struct buf b;
	int utf8;

	buf_init(&b, SPOOL_HEAD_MAX);
	for (utf8 = 0; utf8 < 2; utf8++) {
		memset(&again, 0, sizeof(again));
		head.envelope.utf8_head = utf8;
		ck_assert_int_eq(spool_file_add_head(&b, &head, &again, &e), 0);
		ck_assert_int_eq(again.envelope.utf8, utf8);
		ck_assert(!again.report);
		spool_item_clear(&again);
		buf_reset(&b);
	}
	/* Where an address of the envelope shows it, no line is needed. */
	buf_add_str(&b,
	    "osmtp-item 1\nid " ID_A "\nprofile p\nuid 1\n"
	    "accepted 1\nsender <>\nrcpt j\xc3\xb6rg@example.org\n\n");
	memset(&again, 0, sizeof(again));
	ck_assert_int_eq(spool_file_parse_head(b.data, b.len, &again, &e), 0);
	ck_assert(again.envelope.utf8);
	spool_item_clear(&again);
	spool_item_clear(&head);
	buf_clear(&b);
}
END_TEST

/*
 * Claim the file that holds these octets and read it to its end: EX_DATAERR
 * if it is refused before, EX_IOERR if while it is read, 0 if it is sent.
 */
static int
try_octets(const char *p, size_t n)
{
	struct spool_claim *c;
	char text[1024];
	ssize_t got;
	int code;

	spew(path_of(SPOOL_QUEUE, ID_A, ""), p, n);
	code = try_claim(SPOOL_QUEUE, ID_A, &c);
	if (code != 0)
		return code;
	got = read_text(c, text, sizeof(text), 5);
	ck_assert_int_eq(got == -1, spool_is_damaged(c));
	if (got == -1)
		ck_assert_int_eq(errno, EBADMSG);
	spool_release(c);
	return got == -1 ? EX_IOERR : 0;
}

static size_t
stored(char *octets, size_t size)
{
	put(ID_A);
	return slurp(path_of(SPOOL_QUEUE, ID_A, ""), octets, size);
}

START_TEST(each_octet_counts)
{
	char octets[1024];
	size_t n = stored(octets, sizeof(octets)), i;
	size_t text = n - SPOOL_TRAILER - strlen(TEXT);
	int bit, code;

	ck_assert_int_eq(try_octets(octets, n), 0);
	for (i = 0; i < n; i++) {
		for (bit = 0; bit < 8; bit += 3) {
			octets[i] ^= (char)(1 << bit);
			code = try_octets(octets, n);
			octets[i] ^= (char)(1 << bit);
			ck_assert_msg(code != 0, "octet %zu", i);
			/* A head is believed only after its checksum. */
			ck_assert_msg(code != EX_IOERR || i >= text,
			    "octet %zu of the head", i);
			ck_assert_msg(code != EX_CONFIG || i < 16,
			    "octet %zu: a version", i);
			unlink(path_of(SPOOL_BAD, ID_A, ""));
		}
	}
	ck_assert_int_eq(try_octets(octets, n), 0);
}
END_TEST

START_TEST(each_length_counts)
{
	char octets[1025];
	size_t n = stored(octets, 1024), i;

	for (i = 0; i < n; i++) {
		ck_assert_msg(
		    try_octets(octets, i) == EX_DATAERR, "length %zu", i);
		ck_assert(is_there(SPOOL_BAD, ID_A, ""));
		unlink(path_of(SPOOL_BAD, ID_A, ""));
	}
	octets[n] = '\n';
	ck_assert_int_eq(try_octets(octets, n + 1), EX_DATAERR);
}
END_TEST

/* An octet taken out: the lengths don't add up any more. */
START_TEST(each_shift_counts)
{
	char octets[1024], altered[1024];
	size_t n = stored(octets, sizeof(octets)), i;

	for (i = 0; i < n; i++) {
		memcpy(altered, octets, i);
		memcpy(altered + i, octets + i + 1, n - i - 1);
		ck_assert_int_eq(try_octets(altered, n - 1), EX_DATAERR);
		unlink(path_of(SPOOL_BAD, ID_A, ""));
	}
}
END_TEST

/* ---- the head */

static int
parse_head(const char *wish, const char *rcpts, struct spool_item *i)
{
	char text[2048];

	snprintf(text, sizeof(text),
	    "osmtp-item 1\nid %s\nprofile default\nuid 1\naccepted 1\n"
	    "sender ann@example.com\n%s%s\n",
	    ID_A, wish, rcpts);
	return spool_file_parse_head(text, strlen(text), i, NULL);
}

START_TEST(keeps_what_is_wanted)
{
	struct dsn_rcpt w = { DSN_SUCCESS | DSN_DELAY,
		(char *)(void *)"rfc822;b+2Bc@example.org" };
	struct spool_item head = make_head(ID_A), out = { 0 };
	struct buf b;

	head.envelope.dsn.ret = DSN_RET_HDRS;
	head.envelope.dsn.envid = mem_dup("a+2Bb");
	envelope_set_wish(&head.envelope, 1, &w);
	buf_init(&b, SPOOL_HEAD_MAX);
	ck_assert_int_eq(spool_file_add_head(&b, &head, &out, NULL), 0);
	ck_assert_ptr_nonnull(strstr(b.data,
	    "\nsender ann@example.com\nret hdrs\nenvid a+2Bb\n"
	    "rcpt bob@example.org\nrcpt \"c d\"@example.net\n"
	    "notify SUCCESS,DELAY\norcpt rfc822;b+2Bc@example.org\n\n"));
	ck_assert_int_eq(out.envelope.dsn.ret, DSN_RET_HDRS);
	ck_assert_str_eq(out.envelope.dsn.envid, "a+2Bb");
	ck_assert_uint_eq(envelope_wish(&out.envelope, 0)->notify, 0);
	ck_assert_uint_eq(envelope_wish(&out.envelope, 1)->notify, w.notify);
	ck_assert_str_eq(envelope_wish(&out.envelope, 1)->orcpt, w.orcpt);
	spool_item_clear(&out);

	/* What could not be read back is not written. */
	mem_replace(&head.envelope.dsn.envid, mem_dup("a\nrcpt x@example.org"));
	ck_assert_int_eq(
	    spool_file_add_head(&b, &head, &out, NULL), EX_DATAERR);
	spool_item_clear(&out);
	mem_replace(&head.envelope.dsn.envid, NULL);
	w.orcpt = (char *)(void *)"rfc822;b\nrcpt x@example.org";
	envelope_set_wish(&head.envelope, 0, &w);
	ck_assert_int_eq(
	    spool_file_add_head(&b, &head, &out, NULL), EX_DATAERR);
	spool_item_clear(&out);
	buf_clear(&b);
	spool_item_clear(&head);
}
END_TEST

#define RCPT "rcpt bob@example.org\n"

static const struct {
	const char *wish, *rcpts;
	bool good;
} heads[] = {
	{ "", RCPT, true }, /* of a time when there were no wishes */
	{ "ret full\n", RCPT, true },
	{ "ret hdrs\nenvid x\n", RCPT "notify NEVER\n", true },
	{ "envid x\n", RCPT "orcpt x;y\n" RCPT, false }, /* twice */
	{ "envid x\n", RCPT "orcpt x;y\nrcpt c@example.org\n", true },
	{ "envid x\nret full\n", RCPT, false },
	{ "ret\n", RCPT, false },
	{ "ret \n", RCPT, false },
	{ "ret both\n", RCPT, false },
	{ "ret full\nret full\n", RCPT, false },
	{ "envid \n", RCPT, false },
	{ "envid a b\n", RCPT, false },
	{ "envid a=b\n", RCPT, false },
	{ "envid a+b\n", RCPT, false },
	{ "notify NEVER\n", RCPT, false },
	{ "", RCPT "notify \n", false },
	{ "", RCPT "notify SOMETIMES\n", false },
	{ "", RCPT "notify NEVER,SUCCESS\n", false },
	{ "", RCPT "notify DELAY\nnotify DELAY\n", false },
	{ "", RCPT "orcpt x;y\nnotify DELAY\n", false },
	{ "", RCPT "orcpt \n", false },
	{ "", RCPT "orcpt bob@example.org\n", false },
	{ "", RCPT "orcpt rfc822;b SIZE=1\n", false },
	{ "", RCPT "orcpt rfc822;b\r\n", false },
};

START_TEST(refuses_hostile_wishes)
{
	struct spool_item i = { 0 };

	ck_assert_int_eq(parse_head(heads[_i].wish, heads[_i].rcpts, &i),
	    heads[_i].good ? 0 : EX_DATAERR);
	spool_item_clear(&i);
}
END_TEST

/* Read backwards, twice, or only at its end: still no last octet. */
START_TEST(verifies_in_any_order)
{
	char octets[1024], text[64];
	size_t n = stored(octets, sizeof(octets));
	struct spool_claim *c;
	uint64_t size = strlen(TEXT);

	octets[n - SPOOL_TRAILER - strlen(TEXT) + 3] ^= 1;
	spew(path_of(SPOOL_QUEUE, ID_A, ""), octets, n);
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(spool_read(c, text, 10, 10), 10);
	ck_assert_int_eq(spool_read(c, text, 10, 0), 10);
	ck_assert_int_eq(spool_read(c, text, 10, 0), 10);
	ck_assert_int_eq(spool_read(c, text, 10, size - 1), -1);
	ck_assert_int_eq(spool_read(c, text, 10, 0), -1);
	ck_assert_int_eq(spool_move(c, SPOOL_FAILED, NULL), EX_DATAERR);
	ck_assert_int_eq(spool_move(c, SPOOL_BAD, NULL), 0);
	spool_release(c);
	ck_assert(is_there(SPOOL_BAD, ID_A, ""));
	ck_assert_str_eq(names_of(SPOOL_QUEUE), "");
}
END_TEST

/* A good one is good in any order; read again it is verified again. */
START_TEST(verifies_each_time)
{
	char octets[1024], text[64];
	size_t n = stored(octets, sizeof(octets));
	struct spool_claim *c = claim(SPOOL_QUEUE, ID_A);
	uint64_t size = strlen(TEXT);
	int fd;

	ck_assert_int_eq(spool_read(c, text, 10, 10), 10);
	ck_assert_int_eq(spool_read(c, text, 10, size - 1), 1);
	ck_assert_int_eq(spool_read(c, text, 10, size), 0);
	ck_assert_int_eq(
	    read_text(c, text, sizeof(text), 7), (ssize_t)strlen(TEXT));
	fd = open(path_of(SPOOL_QUEUE, ID_A, ""), O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "x", 1, (off_t)(n - SPOOL_TRAILER - 9)), 1);
	close(fd);
	ck_assert_int_eq(read_text(c, text, sizeof(text), 7), -1);
	spool_release(c);
}
END_TEST

/* A file that shrinks under us. */
START_TEST(is_cut_while_read)
{
	struct spool_claim *c;
	char text[64];

	put(ID_A);
	c = claim(SPOOL_QUEUE, ID_A);
	ck_assert_int_eq(truncate(path_of(SPOOL_QUEUE, ID_A, ""), 160), 0);
	ck_assert_int_eq(read_text(c, text, sizeof(text), 64), -1);
	ck_assert(spool_is_damaged(c));
	spool_release(c);
}
END_TEST

START_TEST(bad_ones_can_be_removed)
{
	struct spool_claim *c;

	put(ID_A);
	spew(path_of(SPOOL_QUEUE, ID_A, ""), "junk", 4);
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), EX_DATAERR);
	ck_assert_str_eq(names_of(SPOOL_BAD), ID_A " ");
	c = claim(SPOOL_BAD, ID_A);
	ck_assert(spool_is_damaged(c));
	ck_assert_str_eq(spool_item(c)->envelope.id, ID_A);
	ck_assert_int_eq(spool_save(c, NULL), 0);
	ck_assert_int_eq(spool_move(c, SPOOL_QUEUE, NULL), EX_DATAERR);
	ck_assert_int_eq(spool_remove(c, NULL), 0);
	spool_release(c);
	ck_assert_str_eq(names_of(SPOOL_BAD), "");
}
END_TEST

/* A later version is left where it is, whatever it looks like. */
START_TEST(leaves_a_later_version)
{
	struct spool_item i;
	bool busy;

	put(ID_A);
	aid_write(path_of(SPOOL_QUEUE, ID_A, ""), "osmtp-item 2\nnew: yes\n");
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_A), EX_CONFIG);
	ck_assert_int_eq(
	    spool_peek(spool, SPOOL_QUEUE, ID_A, &i, &busy, NULL), EX_CONFIG);
	ck_assert(is_there(SPOOL_QUEUE, ID_A, ""));
	put(ID_B);
	aid_write(path_of(SPOOL_QUEUE, ID_B, ".state"), "osmtp-state 7\n");
	ck_assert_int_eq(claim_code(SPOOL_QUEUE, ID_B), EX_CONFIG);
	ck_assert(is_there(SPOOL_QUEUE, ID_B, ".state"));
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, spool_aid_begin, spool_aid_end);
	tcase_add_test(tc, sets_aside_what_is_no_file);
	tcase_add_test(tc, knows_a_copy);
	tcase_add_test(tc, keeps_utf8);
	tcase_add_test(tc, each_octet_counts);
	tcase_add_test(tc, each_length_counts);
	tcase_add_test(tc, each_shift_counts);
	tcase_add_test(tc, keeps_what_is_wanted);
	tcase_add_loop_test(tc, refuses_hostile_wishes, 0,
	    (int)(sizeof(heads) / sizeof(heads[0])));
	tcase_add_test(tc, verifies_in_any_order);
	tcase_add_test(tc, verifies_each_time);
	tcase_add_test(tc, is_cut_while_read);
	tcase_add_test(tc, bad_ones_can_be_removed);
	tcase_add_test(tc, leaves_a_later_version);
}

int
main(void)
{
	return unit_main("spool_file", add);
}
