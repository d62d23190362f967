/* SPDX-License-Identifier: ISC */
/* The message: header, body, lone dots, the edges of every buffer. */
#include "mail/message.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "unit.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* A source of pieces of at most fd octets; at its end error, if it is set. */
static int pieces_error;

static ssize_t
read_piece(struct stream_source *s, void *p, size_t n)
{
	if (n > (size_t)s->fd)
		n = (size_t)s->fd;
	if (n > s->left)
		n = s->left;
	if (n == 0 && pieces_error != 0) {
		errno = pieces_error;
		return -1;
	}
	memcpy(p, s->mem, n);
	s->mem += n;
	s->left -= n;
	return (ssize_t)n;
}

static struct stream_source
pieces(const char *text, size_t n, int size)
{
	return (struct stream_source){
		.read = read_piece, .fd = size, .mem = text, .left = n
	};
}

/* Read text in pieces of size; head and body, canonical, are added to out. */
static int
pass(struct message *m, const char *text, size_t n, int size, bool dot_ends,
    struct buf *out, struct err *e)
{
	struct message_reading how = { .dot_ends = dot_ends };
	struct stream_source in = pieces(text, n, size);
	struct stream_sink sink = stream_to_buf(out);
	int code = message_read_head(m, &how, &in, e);

	if (code == 0)
		code = message_write_head(m, &sink, e);
	if (code == 0)
		code = message_copy_body(m, &in, &sink, e);
	return code;
}

static const struct {
	const char *label;
	bool dot_ends;
	const char *text;
	const char *want;
} cases[] = {
	{ "plain", true, "A: b\n\nText\n", "A: b\r\n\r\nText\r\n" },
	{ "CRLF", true, "A: b\r\n\r\nText\r\n", "A: b\r\n\r\nText\r\n" },
	{ "mixed", true, "A: b\r\nC: d\n\r\nText\nx\r\n",
	    "A: b\r\nC: d\r\n\r\nText\r\nx\r\n" },
	{ "no last line end", true, "A: b\n\nText", "A: b\r\n\r\nText\r\n" },
	{ "empty", true, "", "\r\n" },
	{ "one line end", true, "\n", "\r\n" },
	{ "no blank line", true, "A: b\nC: d\n", "A: b\r\nC: d\r\n\r\n" },
	{ "no blank line, no end", true, "A: b\nC: d", "A: b\r\nC: d\r\n\r\n" },
	{ "blank line first", true, "\nA: b\n", "\r\nA: b\r\n" },
	{ "two blank lines first", true, "\n\nA: b\n", "\r\n\r\nA: b\r\n" },
	{ "two blank lines", true, "A: b\n\n\nText\n",
	    "A: b\r\n\r\n\r\nText\r\n" },
	{ "many blank lines", true, "A: b\n\n\n\n\n",
	    "A: b\r\n\r\n\r\n\r\n\r\n" },
	{ "no header", true, "Hello\nworld\n", "\r\nHello\r\nworld\r\n" },
	{ "body without a blank line", true, "A: b\nHello\nC: d\n",
	    "A: b\r\n\r\nHello\r\nC: d\r\n" },
	{ "blank in a name", true, "A: b\nNote well: x\n",
	    "A: b\r\n\r\nNote well: x\r\n" },
	{ "8-bit name", true,
	    "Gr\xc3\xb6\xc3\x9f"
	    "e: x\n",
	    "\r\nGr\xc3\xb6\xc3\x9f"
	    "e: x\r\n" },
	{ "colon first", true, "A: b\n: x\n", "A: b\r\n\r\n: x\r\n" },
	{ "blank first", true, " A: b\nC: d\n", "\r\n A: b\r\nC: d\r\n" },
	{ "error of a shell", true, "sh: 1: not found\n",
	    "sh: 1: not found\r\n\r\n" },
	{ "blank before the colon", true, "To : a\n\nx", "To: a\r\n\r\nx\r\n" },
	{ "no blank behind it", true, "To:a\n\nx", "To:a\r\n\r\nx\r\n" },
	{ "empty field", true, "To:\nA: b\n\n", "To:\r\nA: b\r\n\r\n" },
	{ "folds", true, "A: b\n c\r\n\td\nE: f\n\nx",
	    "A: b\r\n c\r\n\td\r\nE: f\r\n\r\nx\r\n" },
	{ "fold, then end", true, "A: b\n c", "A: b\r\n c\r\n\r\n" },
	{ "line of blanks in the header", true, "A: b\n \t\n c\nD: e\n\nx",
	    "A: b \t\r\n c\r\nD: e\r\n\r\nx\r\n" },
	{ "mbox line", true, "From root Mon Nov 24 14:11:00 2025\nA: b\n\nx",
	    "A: b\r\n\r\nx\r\n" },
	{ "mbox line twice", true, "From a\nFrom b\n", "\r\nFrom b\r\n" },
	{ "quoted mbox line", true, ">From root Mon Nov 24\nA: b\n\nx",
	    "A: b\r\n\r\nx\r\n" },
	{ "a field of that name", true, ">From: b\n\nx",
	    ">From: b\r\n\r\nx\r\n" },
	{ "mbox line later", true, "A: b\nFrom a\n", "A: b\r\n\r\nFrom a\r\n" },
	{ "From with a blank is a field", true, "From : a@b\n\nx",
	    "From: a@b\r\n\r\nx\r\n" },
	{ "From in the body", true, "A: b\n\nFrom a\n",
	    "A: b\r\n\r\nFrom a\r\n" },
	{ "bare CR in a field", true, "Subject: a\rBcc: z\n\nx",
	    "Subject: a Bcc: z\r\n\r\nx\r\n" },
	{ "bare CR at the end of a field", true, "A: b\r\r\nC: d\n\nx",
	    "A: b \r\nC: d\r\n\r\nx\r\n" },
	{ "bare CR first", true, "A: b\n\rBcc: z\n\nx",
	    "A: b\r\n Bcc: z\r\n\r\nx\r\n" },
	{ "header of CR CR LF", true, "A: b\r\r\n\r\r\nText\n",
	    "A: b \r\n\r\nText\r\n" },
	{ "CR at the end of input", true, "A: b\r", "A: b \r\n\r\n" },
	{ "CR in a name", true, "Bcc\r: z\n", "\r\nBcc\r\n: z\r\n" },
	{ "bare CR in the body", true, "\na\rb\n", "\r\na\r\nb\r\n" },
	{ "bare CRs in the body", true, "\n\r\ra\r\r\n\r",
	    "\r\n\r\n\r\na\r\n\r\n\r\n" },

	{ "dot", true, "A: b\n\nText\n.\nmore\n", "A: b\r\n\r\nText\r\n" },
	{ "dot, CRLF", true, "A: b\r\n\r\nText\r\n.\r\nmore\r\n",
	    "A: b\r\n\r\nText\r\n" },
	{ "dot, kept", false, "A: b\n\nText\n.\nmore\n",
	    "A: b\r\n\r\nText\r\n.\r\nmore\r\n" },
	{ "dot first in the body", true, "A: b\n\n.\nmore\n", "A: b\r\n\r\n" },
	{ "dot first in the body, kept", false, "A: b\n\n.\nmore\n",
	    "A: b\r\n\r\n.\r\nmore\r\n" },
	{ "dot behind the header", true, "A: b\n.\nmore\n", "A: b\r\n\r\n" },
	{ "dot behind the header, CRLF", true, "A: b\r\n.\r\nmore\r\n",
	    "A: b\r\n\r\n" },
	{ "dot behind the header, kept", false, "A: b\n.\nmore\n",
	    "A: b\r\n\r\n.\r\nmore\r\n" },
	{ "dot behind the header, no end", true, "A: b\n.", "A: b\r\n\r\n" },
	{ "dot behind it, no end, kept", false, "A: b\n.",
	    "A: b\r\n\r\n.\r\n" },
	{ "dot alone", true, ".\nmore\n", "\r\n" },
	{ "dot alone, kept", false, ".\nA: b\n", "\r\n.\r\nA: b\r\n" },
	{ "dot last, no end", true, "\nText\n.", "\r\nText\r\n" },
	{ "dot last, no end, kept", false, "\nText\n.", "\r\nText\r\n.\r\n" },
	{ "dots, not lone", true, "\n..\n...\n.x\n. \n .\nx.\n",
	    "\r\n..\r\n...\r\n.x\r\n. \r\n .\r\nx.\r\n" },
	{ "dots, not lone, kept", false, "\n..\n...\n.x\n. \n",
	    "\r\n..\r\n...\r\n.x\r\n. \r\n" },
	{ "dots behind the header", true, "A: b\n..\n", "A: b\r\n\r\n..\r\n" },
	{ "dot between bare CRs", true, "\na\r.\rb\n", "\r\na\r\n.\r\nb\r\n" },
	{ "dot behind a bare CR", true, "\na\r.\nb\n", "\r\na\r\n.\r\nb\r\n" },
	{ "dot before a bare CR", true, "\n.\rb\n", "\r\n.\r\nb\r\n" },
	{ "dot before CR CR LF", true, "\n.\r\r\nb\n", "\r\n.\r\n\r\nb\r\n" },
	{ "dot and CR at the end", true, "\n.\r", "\r\n.\r\n" },
	{ "look-alikes", false, "\na\n.\r\nb\r\n.\nc\r\r\n.\r\r\nd\r.\r",
	    "\r\na\r\n.\r\nb\r\n.\r\nc\r\n\r\n.\r\n\r\nd\r\n.\r\n" },
	{ "controls and blanks", true, "\n\f\033[m\177\004\032 \t \n\n",
	    "\r\n\f\033[m\177\004\032 \t \r\n\r\n" },
};

START_TEST(passes)
{
	static const int sizes[] = { 1, 2, 3, 5, 100000 };
	struct message m = { 0 };
	struct err e = ERR_NONE;
	struct buf out;
	int i;

	buf_init(&out, SIZE_MAX);
	for (i = 0; i < N(sizes); i++) {
		buf_reset(&out);
		ck_assert_msg(pass(&m, cases[_i].text, strlen(cases[_i].text),
				  sizes[i], cases[_i].dot_ends, &out, &e) == 0,
		    "%s: %s", cases[_i].label, e.text);
		ck_assert_msg(strcmp(out.data, cases[_i].want) == 0,
		    "%s, pieces of %d: got %s", cases[_i].label, sizes[i],
		    out.data);
		ck_assert_msg(m.facts.size == out.len, "%s: size %d",
		    cases[_i].label, (int)m.facts.size);
		message_clear(&m);
	}
	buf_clear(&out);
}
END_TEST

/* What message_copy_body() should make, the obvious way. */
static void
add_canonical(struct buf *b, const char *text, size_t n, bool dot_ends)
{
	const char *lf;
	size_t line, i;

	while (n > 0) {
		lf = memchr(text, '\n', n);
		line = lf != NULL ? (size_t)(lf - text) : n;
		i = line + (lf != NULL);
		if (lf != NULL && line > 0 && text[line - 1] == '\r')
			line--;
		if (dot_ends && line == 1 && text[0] == '.')
			break;
		n -= i;
		for (i = 0; i < line; i++) {
			if (text[i] == '\r')
				buf_add_str(b, "\r\n");
			else
				buf_add_char(b, text[i]);
		}
		if (lf != NULL || text[line - 1] != '\r')
			buf_add_str(b, "\r\n");
		if (lf == NULL)
			break;
		text = lf + 1;
	}
}

/* Pass a body behind a blank line, and compare. */
static void
check_body(const char *text, size_t n, int size, bool dot_ends,
    struct buf *want, struct buf *got)
{
	struct message m = { 0 };
	struct err e = ERR_NONE;

	buf_reset(want);
	buf_reset(got);
	buf_add_str(want, "\r\n");
	add_canonical(want, text + 1, n - 1, dot_ends);
	ck_assert_int_eq(text[0], '\n');
	ck_assert_int_eq(pass(&m, text, n, size, dot_ends, got, &e), 0);
	ck_assert_msg(want->len == got->len &&
			  memcmp(want->data, got->data, got->len) == 0,
	    "pieces of %d, dot %d: %s", size, dot_ends, text);
	ck_assert_uint_eq(m.facts.size, got->len);
	message_clear(&m);
}

/* Every text of seven octets of these, in pieces of every size. */
START_TEST(passes_all_short_bodies)
{
	static const char octets[] = "\r\n.x";
	char text[9] = "\n";
	struct buf want, got;
	int i, k, rest, size;

	buf_init(&want, SIZE_MAX);
	buf_init(&got, SIZE_MAX);
	for (i = 0; i < 4 * 4 * 4 * 4 * 4 * 4 * 4; i++) {
		for (k = 1, rest = i; k < 8; k++, rest /= 4)
			text[k] = octets[rest % 4];
		for (size = 1; size < 8; size += size < 3 ? 1 : 4) {
			check_body(text, 8, size, true, &want, &got);
			check_body(text, 8, size, false, &want, &got);
		}
	}
	buf_clear(&want);
	buf_clear(&got);
}
END_TEST

/* The same where buffers end: of ours, of pipes, of whoever reads for us. */
START_TEST(survives_buffer_edges)
{
	static const char *const seams[] = { "\n", "\r\n", "\r", "\r\r\n",
		"\n.\n", "\r\n.\r\n", "\n.\r\r\n", "\n..\r\n", "\n.x\n",
		"\r.\r", "\r\n.", "\xc3\xb6" };
	size_t edge = (size_t)1024 << _i; /* to 128 kB */
	char *text = mem_new(edge + 32, 1);
	struct buf want, got;
	size_t at, n;
	int i;

	buf_init(&want, SIZE_MAX);
	buf_init(&got, SIZE_MAX);
	for (i = 0; i < N(seams); i++) {
		n = strlen(seams[i]);
		for (at = edge - n - 2; at <= edge + 2; at++) {
			memset(text, 'x', edge + 32);
			text[0] = '\n';
			memcpy(text + at, seams[i], n);
			check_body(text, at + n, 1 << 20, true, &want, &got);
			check_body(text, edge + 31, 1 << 20, true, &want, &got);
			check_body(
			    text, edge + 31, 1 << 20, false, &want, &got);
			check_body(
			    text, edge + 31, (int)edge, true, &want, &got);
		}
	}
	free(text);
	buf_clear(&want);
	buf_clear(&got);
}
END_TEST

/* Lines that double in size fill the output buffer at other places. */
START_TEST(survives_output_edges)
{
	size_t n = 150000;
	char *text = mem_new(n + 1, 1);
	struct buf want, got;
	int size;

	buf_init(&want, SIZE_MAX);
	buf_init(&got, SIZE_MAX);
	memset(text, _i == 0 ? '\n' : _i == 1 ? '\r' : '.', n);
	text[0] = '\n';
	if (_i == 3)
		text[n / 2] = '\n';
	for (size = 1; size < 100000; size = size * 7 + 1)
		check_body(text, n, size, true, &want, &got);
	free(text);
	buf_clear(&want);
	buf_clear(&got);
}
END_TEST

/* The facts, from lines and their lengths. */
static void
check_facts(const char *text, size_t n, size_t long_line, bool eight_bit,
    bool nul, bool bare_cr)
{
	struct message m = { 0 };
	struct err e = ERR_NONE;
	struct buf out;
	int size;

	buf_init(&out, SIZE_MAX);
	for (size = 1; size < 100000; size = size * 9 + 1) {
		buf_reset(&out);
		ck_assert_int_eq(pass(&m, text, n, size, true, &out, &e), 0);
		ck_assert_uint_eq(m.facts.long_line, long_line);
		ck_assert_int_eq(m.facts.eight_bit, eight_bit);
		ck_assert_int_eq(m.facts.nul, nul);
		ck_assert_int_eq(m.facts.bare_cr, bare_cr);
		ck_assert_uint_eq(m.facts.size, out.len);
		message_clear(&m);
	}
	buf_clear(&out);
}

START_TEST(tells_facts)
{
	check_facts("A: b\n\nx\n", 8, 0, false, false, false);
	check_facts("A: \xc3\xb6\n\nx\n", 9, 0, false, false, false);
	check_facts("A: b\n\n\xc3\xb6\n", 9, 0, true, false, false);
	check_facts("A: b\n\n12345678901\200\n", 19, 0, true, false, false);
	check_facts("A: b\n\nx\0y\n", 10, 0, false, true, false);
	check_facts("A: b\0\n\nx\n", 9, 0, false, false, false);
	check_facts("A: b\rc\n\nx\n", 10, 0, false, false, true);
	check_facts("A: b\n\nx\ry\n", 10, 0, false, false, true);
	check_facts("A: b\n\nx\r", 8, 0, false, false, true);
	check_facts("A: b\n\n.\r", 8, 0, false, false, true);
	/* behind the lone dot nothing counts */
	check_facts("\n.\n\xc3\xb6\0\r", 6, 0, false, false, false);
}
END_TEST

/* A NUL in the header is gone, whatever it may have hidden. */
START_TEST(drops_nuls_in_the_header)
{
	static const char text[] = "A: b\0c\n\0d: e\n";
	static const char hidden[] = "A: b\n \0\n\0\t\0c\r\n \0d\n\nx\n";
	struct message m = { 0 };
	struct err e = ERR_NONE;
	struct buf out;
	int size;

	buf_init(&out, SIZE_MAX);
	for (size = 1; size < 40; size++) {
		ck_assert_int_eq(
		    pass(&m, text, sizeof(text) - 1, size, true, &out, &e), 0);
		/* a line that begins with one is no field */
		ck_assert_uint_eq(out.len, 16);
		ck_assert_int_eq(
		    memcmp(out.data, "A: bc\r\n\r\n\0d: e\r\n", 16), 0);
		ck_assert(m.facts.nul);
		ck_assert_uint_eq(m.facts.size, out.len);
		message_clear(&m);
		buf_reset(&out);
		ck_assert_int_eq(
		    pass(&m, hidden, sizeof(hidden) - 1, size, true, &out, &e),
		    0);
		ck_assert_mem_eq(out.data, "A: b \r\n\r\n\0\t\0c\r\n", 15);
		message_clear(&m);
		buf_reset(&out);
	}
	buf_clear(&out);
}
END_TEST

START_TEST(counts_lines)
{
	char *text = mem_new(5000, 1);
	size_t n;

	/* 2 lines of header, a blank one, a short one, then n times x */
	for (n = MESSAGE_MAX_LINE - 1; n <= MESSAGE_MAX_LINE + 2; n++) {
		int head = snprintf(text, 5000, "A: b\r\n c\r\n\r\nx\r\n");

		memset(text + head, 'x', n);
		memcpy(text + (size_t)head + n, "\r\n", 2);
		check_facts(text, (size_t)head + n + 2,
		    n > MESSAGE_MAX_LINE ? 5 : 0, false, false, false);
		/* a bare CR splits it */
		text[head + 10] = '\r';
		check_facts(text, (size_t)head + n + 2, 0, false, false, true);
	}
	/* one long line of dots, without any line end */
	memset(text, '.', 4999);
	check_facts(text, 4999, 1, false, false, false);
	free(text);
}
END_TEST

START_TEST(heeds_the_size)
{
	static const char text[] = "A: b\n\n1234567\n";
	/* 6 + 2 + 9 octets */
	struct message_reading how = { .max_size = 17 };
	struct message m = { 0 };
	struct err e = ERR_NONE;
	struct stream_source in;
	struct stream_sink sink;
	struct buf out;
	int want;

	buf_init(&out, SIZE_MAX);
	sink = stream_to_buf(&out);
	for (; how.max_size > 0; how.max_size--) {
		in = stream_from_mem(text, sizeof(text) - 1);
		want = how.max_size == 17 ? 0 : EX_DATAERR;
		ck_assert_int_eq(message_read_head(&m, &how, &in, &e), 0);
		ck_assert_int_eq(message_copy_body(&m, &in, &sink, &e), want);
		message_clear(&m);
	}
	ck_assert_ptr_nonnull(strstr(e.text, "larger than 1 octets"));
	buf_clear(&out);
}
END_TEST

START_TEST(read_error_is_no_end)
{
	static const char *const texts[] = { "", "A: b\n", "A: b", "A: b\n\n",
		"A: b\n\nx", "A: b\n\nx\n", "A: b\n\n.", "A: b\nHello" };
	struct message m = { 0 };
	struct err e;
	struct buf out;
	int i, size;

	buf_init(&out, SIZE_MAX);
	pieces_error = EIO;
	for (i = 0; i < N(texts); i++) {
		for (size = 1; size < 100; size += 50) {
			e = (struct err)ERR_NONE;
			ck_assert_int_eq(pass(&m, texts[i], strlen(texts[i]),
					     size, true, &out, &e),
			    EX_NOINPUT);
			ck_assert_int_eq(e.code, EX_NOINPUT);
			ck_assert_ptr_nonnull(strstr(e.text, strerror(EIO)));
			message_clear(&m);
		}
	}
	/* behind the lone dot nothing is read */
	ck_assert_int_eq(pass(&m, "A: b\n\n.\n", 8, 1, true, &out, &e), 0);
	message_clear(&m);
	ck_assert_int_eq(pass(&m, "A: b\n.\n", 7, 1, true, &out, &e), 0);
	message_clear(&m);
	pieces_error = 0;
	buf_clear(&out);
}
END_TEST

START_TEST(write_error_is_told)
{
	struct message_reading how = { 0 };
	struct message m = { 0 };
	struct err e = ERR_NONE;
	struct stream_source in = stream_from_mem("A: b\n\n123456\n", 13);
	struct stream_sink sink;
	struct buf small;

	buf_init(&small, 7);
	sink = stream_to_buf(&small);
	ck_assert_int_eq(message_read_head(&m, &how, &in, &e), 0);
	ck_assert_int_eq(message_write_head(&m, &sink, &e), EX_IOERR);
	ck_assert_int_eq(message_copy_body(&m, &in, &sink, &e), EX_IOERR);
	ck_assert_int_eq(e.code, EX_IOERR);
	ck_assert_ptr_nonnull(strstr(e.text, strerror(EFBIG)));
	message_clear(&m);
	buf_clear(&small);
}
END_TEST

/* A source of left octets, "x" all of them. */
static ssize_t
read_x(struct stream_source *s, void *p, size_t n)
{
	if (n > s->left)
		n = s->left;
	memset(p, 'x', n);
	s->left -= n;
	return (ssize_t)n;
}

static int
write_nowhere(struct stream_sink *s, const void *p, size_t n)
{
	(void)s;
	(void)p;
	(void)n;
	return 0;
}

/* Text without header and line end is body, and needs no memory. */
START_TEST(memory_is_flat)
{
	struct stream_source in = { .read = read_x, .left = 100 << 20 };
	struct stream_sink sink = { .write = write_nowhere };
	struct message_reading how = { .dot_ends = true };
	struct message m = { 0 };
	struct err e = ERR_NONE;
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	ck_assert_int_eq(message_read_head(&m, &how, &in, &e), 0);
	ck_assert_int_eq(message_copy_body(&m, &in, &sink, &e), 0);
	getrusage(RUSAGE_SELF, &after);
	ck_assert_uint_eq(m.facts.size, (100 << 20) + 4);
	ck_assert_uint_eq(m.facts.long_line, 1);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 1024);
	message_clear(&m);
}
END_TEST

/* head and n times unit as a header: the code of message_read_head(). */
static int
read_repeated(const char *head, const char *unit, size_t n, int size)
{
	struct message_reading how = { 0 };
	struct message m = { 0 };
	struct err e = ERR_NONE;
	struct stream_source in;
	struct buf b;
	int code;

	buf_init(&b, SIZE_MAX);
	buf_add_str(&b, head);
	while (n-- > 0)
		buf_add_str(&b, unit);
	in = pieces(b.data, b.len, size);
	code = message_read_head(&m, &how, &in, &e);
	ck_assert_int_eq(code, e.code);
	message_clear(&m);
	buf_clear(&b);
	return code;
}

START_TEST(header_is_bounded)
{
	/* "A:" and a CRLF make four octets */
	const size_t most = MESSAGE_MAX_HEAD - 4;

	ck_assert_int_eq(read_repeated("A:", "x", most, 1 << 20), 0);
	ck_assert_int_eq(
	    read_repeated("A:", "x", most + 1, 1 << 20), EX_DATAERR);
	ck_assert_int_eq(
	    read_repeated("A:", "x", 5 * most, 1 << 20), EX_DATAERR);
	ck_assert_int_eq(read_repeated("A:", "\n x", most / 4, 1 << 20), 0);
	ck_assert_int_eq(
	    read_repeated("A:", "\n x", most / 4 + 1, 1 << 20), EX_DATAERR);
	ck_assert_int_eq(
	    read_repeated("", "A:\n", MESSAGE_MAX_FIELDS, 4096), 0);
	ck_assert_int_eq(
	    read_repeated("", "A:\n", MESSAGE_MAX_FIELDS + 1, 4096),
	    EX_DATAERR);
	/* long fields, an octet at a time */
	ck_assert_int_eq(read_repeated("A:", "x", 200000, 1), 0);
	ck_assert_int_eq(read_repeated("A:", "\n x", 50000, 1), 0);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, passes, 0, N(cases));
	tcase_add_test(tc, passes_all_short_bodies);
	tcase_add_loop_test(tc, survives_buffer_edges, 0, 8);
	tcase_add_loop_test(tc, survives_output_edges, 0, 4);
	tcase_add_test(tc, tells_facts);
	tcase_add_test(tc, drops_nuls_in_the_header);
	tcase_add_test(tc, counts_lines);
	tcase_add_test(tc, heeds_the_size);
	tcase_add_test(tc, read_error_is_no_end);
	tcase_add_test(tc, write_error_is_told);
	tcase_add_test(tc, memory_is_flat);
	tcase_add_test(tc, header_is_bounded);
}

int
main(void)
{
	return unit_main("message", add);
}
