/* SPDX-License-Identifier: ISC */
/* Test mail/mime: what becomes of which part, to the octet. */
#include "mail/mime.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "unit.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))
#define UML	     "\xc3\xa4" /* an 8-bit character, in UTF-8 */
#define X10	     "xxxxxxxxxx"
#define X100	     X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X998                                                                 \
	X100 X100 X100 X100 X100 X100 X100 X100 X100 X10 X10 X10 X10 X10 X10 \
	    X10 X10 X10 "xxxxxxxx"
#define QP	   "Content-Transfer-Encoding: quoted-printable\r\n"
#define BASE64	   "Content-Transfer-Encoding: base64\r\n"
#define BINARY	   "Content-Transfer-Encoding: binary\r\n"
#define SEVEN	   "Content-Transfer-Encoding: 7bit\r\n"
#define EIGHT	   "Content-Transfer-Encoding: 8bit\r\n"
#define MIME_1_0   "MIME-Version: 1.0\r\n"
#define PLAIN(set) "Content-Type: text/plain; charset=" set "\r\n"
#define MIXED(b)   "Content-Type: multipart/mixed; boundary=" b "\r\n"

static struct err e;

/* The message as the filter gives it, into out, after a plan; its code. */
static int
repair(const char *text, size_t n, bool seven_bit, struct buf *out)
{
	struct stream_source in = stream_from_mem(text, n);
	struct mime_plan *plan;
	struct mime_filter *f;
	struct stream_source *s;
	char chunk[100];
	ssize_t got;
	int code;

	e = (struct err)ERR_NONE;
	code = mime_plan_make(&in, seven_bit, &plan, &e);
	ck_assert_int_eq(code, e.code);
	if (code != 0)
		return code;
	in = stream_from_mem(text, n);
	ck_assert_int_eq(mime_plan_measure(plan, &in, &e), 0);
	in = stream_from_mem(text, n);
	f = mime_filter_new(plan, &in);
	s = mime_filter_source(f);
	while ((got = s->read(s, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)got);
	ck_assert_int_eq(got, 0);
	ck_assert_uint_eq(out->len, mime_plan_size(plan));
	mime_filter_free(f);
	mime_plan_free(plan);
	return 0;
}

static void
gives(const char *name, const char *text, size_t n, bool seven_bit,
    const char *want)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	ck_assert_int_eq(repair(text, n, seven_bit, &out), 0);
	ck_assert_msg(strlen(want) == out.len && strcmp(want, out.data) == 0,
	    "%s: got:\n%s\nexpected:\n%s\n", name, out.data, want);
	buf_clear(&out);
}

/* ---- what becomes of it; NULL: it stays */

static const struct {
	const char *name, *text, *seven, *eight;
} messages[] = {
	{ "nothing to do", "A: b\r\n\r\nx\r\n", NULL, NULL },
	{ "no text", "A: b\r\n\r\n", NULL, NULL },
	{ "no MIME fields", "A: b\r\n\r\n" UML "\r\n",
	    "A: b\r\n" MIME_1_0 PLAIN("utf-8") QP "\r\n=C3=A4\r\n", NULL },
	{ "not UTF-8", "A: b\r\n\r\nx\xe4x\r\n",
	    "A: b\r\n" MIME_1_0 PLAIN("unknown-8bit") QP "\r\nx=E4x\r\n",
	    NULL },
	{ "UTF-8 that is cut", "A: b\r\n\r\nx\xc3\r\n\xa4\r\n",
	    "A: b\r\n" MIME_1_0 PLAIN("unknown-8bit") QP "\r\nx=C3\r\n=A4\r\n",
	    NULL },
	{ "a label and a type are there",
	    MIME_1_0 "Content-Type: text/html\r\n" EIGHT "Lines: 1\r\n"
		     "Content-Length: 4\r\nContent-MD5: x\r\n\r\n<p>" UML
		     "\r\n",
	    MIME_1_0 "Content-Type: text/html\r\n" QP
		     "Content-MD5: x\r\n\r\n<p>=C3=A4\r\n",
	    NULL },
	{ "labels, twice and odd",
	    MIME_1_0 PLAIN("x") "content-transfer-encoding :\r\n (c) 8BIT "
				"(\\))\r\n" BINARY "\r\n" UML "xxxx\r\n",
	    MIME_1_0 PLAIN("x") QP "\r\n=C3=A4xxxx\r\n", NULL },
	{ "an encoding of which we know nothing",
	    MIME_1_0 PLAIN("x") "Content-Transfer-Encoding: x-uu\r\n\r\n" UML
				"xxxx\r\n",
	    MIME_1_0 PLAIN("x") QP "\r\n=C3=A4xxxx\r\n", NULL },
	{ "binary that is ASCII", MIME_1_0 PLAIN("x") BINARY "\r\nx\r\n",
	    MIME_1_0 PLAIN("x") SEVEN "\r\nx\r\n",
	    MIME_1_0 PLAIN("x") SEVEN "\r\nx\r\n" },
	{ "binary that is 8-bit", MIME_1_0 PLAIN("x") BINARY "\r\nx" UML "\r\n",
	    MIME_1_0 PLAIN("x") QP "\r\nx=C3=A4\r\n",
	    MIME_1_0 PLAIN("x") EIGHT "\r\nx" UML "\r\n" },
	{ "more octets to escape than not",
	    MIME_1_0 PLAIN("utf-8") "\r\n" UML UML UML "\r\n",
	    MIME_1_0 PLAIN("utf-8") BASE64 "\r\nw6TDpMOkDQo=\r\n", NULL },
	{ "no text, and few octets to escape",
	    MIME_1_0 "Content-Type: image/x\r\n\r\n" UML X10 X10 "\r\n",
	    MIME_1_0 "Content-Type: image/x\r\n" QP "\r\n=C3=A4" X10 X10 "\r\n",
	    NULL },
	{ "no text, and many", MIME_1_0 "Content-Type: a/b\r\n\r\n\xff\xfe\r\n",
	    MIME_1_0 "Content-Type: a/b\r\n" BASE64 "\r\n//4NCg==\r\n", NULL },
	{ "what ends lines, and begins them",
	    MIME_1_0 PLAIN("x") "\r\n" UML " \t\r\nFrom a\r\nFro\r\nFrom\r\n"
				".\r\n..x\r\n--\r\n=\x7f\t\f\r\n \r\n",
	    MIME_1_0 PLAIN("x") QP "\r\n=C3=A4 =09\r\n=46rom a\r\nFro\r\n"
				   "From\r\n=2E\r\n=2E.x\r\n--\r\n=3D=7F\t=0C"
				   "\r\n=20\r\n",
	    NULL },
	{ "a multipart",
	    MIME_1_0 MIXED("b") EIGHT "\r\nbefore\r\n--b\r\n\r\nascii \r\n"
				      "--b\r\n\r\n" UML
				      "\r\n--x\r\n\r\n--b--\r\nbehind\r\n",
	    MIME_1_0 MIXED("b") SEVEN "\r\nbefore\r\n--b\r\n\r\nascii \r\n"
				      "--b\r\n" PLAIN("utf-8") QP
	    "\r\n=C3=A4\r\n=2D-x\r\n\r\n--b--\r\n"
	    "behind\r\n",
	    NULL },
	{ "binary inside and out",
	    MIME_1_0 MIXED("b") BINARY "\r\n--b\r\n" BINARY "\r\nxx" UML
				       "\r\n--b--\r\n",
	    MIME_1_0 MIXED("b") SEVEN
	    "\r\n--b\r\n" QP PLAIN("utf-8") "\r\nxx=C3=A4\r\n--b--\r\n",
	    MIME_1_0 MIXED("b") EIGHT "\r\n--b\r\n" EIGHT "\r\nxx" UML
				      "\r\n--b--\r\n" },
	{ "what is around parts",
	    MIXED("b") "\r\n" UML "\r\n--\r\n--b\r\n\r\nx\r\n--b--\r\n" UML
		       "\r\n",
	    MIXED("b") MIME_1_0 "\r\n??\r\n --\r\n--b\r\n\r\nx\r\n--b--\r\n"
				"??\r\n",
	    NULL },
	{ "boundaries that begin alike, and an end that is missing",
	    MIME_1_0 MIXED("a") "\r\n--a\r\n" MIXED(
		"ab") "\r\n--ab\r\n\r\n" UML "\r\n--abc\r\n--a\r\n\r\nx" UML
		      "\r\n--a-\r\n--a-- \t\r\n",
	    MIME_1_0 MIXED("a") "\r\n--a\r\n" MIXED("ab") "\r\n--ab\r\n" PLAIN(
		"utf-8") QP "\r\n=C3=A4\r\n=2D-abc\r\n--a\r\n" PLAIN("utf-8") QP
	    "\r\nx=C3=A4\r\n=2D-a-\r\n--a-- \t\r\n",
	    NULL },
	{ "parts without text",
	    MIXED("b") "\r\n--b\r\n\r\n--b\r\n" PLAIN(
		"x") "--b\r\n\r\n\r\n--b--\r\n",
	    NULL, NULL },
	{ "no blank line behind a header",
	    MIME_1_0 MIXED("b") "\r\n--b\r\nxx" UML "\r\n--b--\r\n",
	    MIME_1_0 MIXED("b") "\r\n--b\r\n" PLAIN("utf-8") QP
	    "\r\nxx=C3=A4\r\n--b--\r\n",
	    NULL },
	{ "no boundary",
	    MIME_1_0 "Content-Type: multipart/mixed\r\n\r\n--x" UML "\r\n",
	    MIME_1_0 PLAIN("utf-8") QP "\r\n--x=C3=A4\r\n", NULL },
	{ "a quoted boundary, folded, behind others",
	    MIME_1_0 "Content-Type: multipart/mixed (x;boundary=z);\r\n\ttype="
		     "\"a;boundary=y\" ;\r\n Boundary = \"a\\b \"\r\n\r\n"
		     "--ab\r\n\r\nxx" UML "\r\n--ab--\r\n",
	    MIME_1_0 "Content-Type: multipart/mixed (x;boundary=z);\r\n\ttype="
		     "\"a;boundary=y\" ;\r\n Boundary = \"a\\b \"\r\n\r\n"
		     "--ab\r\n" PLAIN("utf-8") QP "\r\nxx=C3=A4\r\n--ab--\r\n",
	    NULL },
	{ "a message in it",
	    MIME_1_0 "Content-Type: message/rfc822\r\n" EIGHT
		     "\r\nLines: 2\r\nA: b\r\n\r\n" UML "\r\n",
	    MIME_1_0 "Content-Type: message/rfc822\r\n" SEVEN
		     "\r\nA: b\r\n" MIME_1_0 PLAIN("utf-8") QP "\r\n=C3=A4\r\n",
	    NULL },
	{ "messages in a digest",
	    MIME_1_0 "Content-Type: multipart/digest; boundary=b\r\n\r\n"
		     "--b\r\n\r\nA: b\r\n\r\nxx" UML "\r\n--b--\r\n",
	    MIME_1_0 "Content-Type: multipart/digest; boundary=b\r\n\r\n"
		     "--b\r\n\r\nA: b\r\n" MIME_1_0 PLAIN("utf-8") QP
	    "\r\nxx=C3=A4\r\n--b--\r\n",
	    NULL },
	{ "quoted-printable with 8-bit text",
	    MIME_1_0 PLAIN("x") QP "\r\n=c3=A4 " UML "=\r\n=zz= \t\r\nx \r\n"
				   "y=\r\n",
	    MIME_1_0 PLAIN("x") QP "\r\n=c3=A4 =C3=A4=\r\n=3Dzz=\r\nx \r\n"
				   "y=\r\n",
	    NULL },
	{ "base64 with what is none",
	    MIME_1_0 "Content-Type: a/b\r\n" BASE64 "\r\nQUJD\r\nQU" UML
		     "I=\r\n-- \r\n",
	    MIME_1_0 "Content-Type: a/b\r\n" BASE64 "\r\nQUJDQU??I=\r\n-- \r\n",
	    NULL },
	{ "a line that is long enough", MIME_1_0 PLAIN("x") "\r\n" X998 "\r\n",
	    NULL, NULL },
	{ "a signed part that is fine",
	    MIME_1_0 "Content-Type: multipart/signed; boundary=s\r\n" BINARY
		     "\r\n--s\r\n" BINARY "\r\nx\r\n--s--\r\n",
	    MIME_1_0 "Content-Type: multipart/signed; boundary=s\r\n" SEVEN
		     "\r\n--s\r\n" BINARY "\r\nx\r\n--s--\r\n",
	    MIME_1_0 "Content-Type: multipart/signed; boundary=s\r\n" SEVEN
		     "\r\n--s\r\n" BINARY "\r\nx\r\n--s--\r\n" },
};

START_TEST(makes_fit)
{
	const char *text = messages[_i].text;
	const char *seven = messages[_i].seven;
	const char *eight = messages[_i].eight;

	gives(messages[_i].name, text, strlen(text), true,
	    seven != NULL ? seven : text);
	gives(messages[_i].name, text, strlen(text), false,
	    eight != NULL ? eight : text);
}
END_TEST

START_TEST(encodes_nul)
{
	static const char text[] = "A: b\r\n\r\na\0b\r\n";

	gives("NUL", text, sizeof(text) - 1, false,
	    "A: b\r\n" MIME_1_0 PLAIN("us-ascii") QP "\r\na=00b\r\n");
}
END_TEST

/* ---- what may not be changed */

#define SIGNED(inside)                                                     \
	MIME_1_0                                                           \
	"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" inside \
	"\r\n--s--\r\n"

static const struct {
	const char *name, *text, *why;
	bool eight_too;
} locked[] = {
	{ "signed", SIGNED("\r\n" UML),
	    "a signed part has 8-bit text, and "
	    "the server does not offer 8BITMIME",
	    false },
	{ "signed, deeper",
	    SIGNED(MIXED("b") "\r\n--b\r\nContent-Type: message/rfc822\r\n"
			      "\r\nA: b\r\n\r\n" UML "\r\n--b--"),
	    "a signed part has 8-bit text", false },
	{ "signed, long", SIGNED("\r\nx" X998), "998 octets", true },
	{ "signed, between", SIGNED("\r\n\r\n--s--\r\n" UML), "a signed part",
	    false },
	{ "encrypted",
	    "Content-Type: multipart/encrypted; boundary=s\r\n\r\n--s\r\n\r\n"
	    "x" UML "\r\n--s--\r\n",
	    "an encrypted part has 8-bit text", false },
	{ "a piece", "Content-Type: message/partial\r\n\r\n" UML "\r\n",
	    "message/partial", false },
};

START_TEST(refuses)
{
	const char *text = locked[_i].text;
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	ck_assert_int_eq(repair(text, strlen(text), true, &out), EX_DATAERR);
	ck_assert_msg(strstr(e.text, locked[_i].why) != NULL, "%s: %s",
	    locked[_i].name, e.text);
	if (locked[_i].eight_too)
		ck_assert_int_eq(
		    repair(text, strlen(text), false, &out), EX_DATAERR);
	else
		gives(locked[_i].name, text, strlen(text), false, text);
	buf_clear(&out);
}
END_TEST

/* Deeper than we look: untouched if it is fit, else refused. */
START_TEST(bounds_depth)
{
	struct buf b, out;
	int i;

	buf_init(&b, SIZE_MAX / 2);
	buf_init(&out, SIZE_MAX / 2);
	for (i = 0; i <= MIME_MAX_DEPTH; i++)
		buf_add_fmt(&b, MIXED("b%d") "\r\n--b%d\r\n", i, i);
	buf_add_str(&b, "\r\nx\r\n");
	gives("depth", b.data, b.len, true, b.data);
	buf_add_str(&b, UML "\r\n");
	ck_assert_int_eq(repair(b.data, b.len, true, &out), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "too deep"));
	buf_clear(&b);
	buf_clear(&out);
}
END_TEST

START_TEST(bounds_parts)
{
	struct buf b, out;
	int i;

	buf_init(&b, SIZE_MAX / 2);
	buf_init(&out, SIZE_MAX / 2);
	buf_add_str(&b, MIME_1_0 MIXED("b") "\r\n");
	for (i = 0; i < MIME_MAX_CHANGED - 1; i++)
		buf_add_str(&b, "--b\r\n\r\n" UML "\r\n--b\r\n\r\nx\r\n");
	ck_assert_int_eq(repair(b.data, b.len, true, &out), 0);
	buf_add_str(&b, "--b\r\n\r\n" UML "\r\n--b\r\n\r\n" UML "\r\n");
	ck_assert_int_eq(repair(b.data, b.len, true, &out), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "parts"));
	buf_clear(&b);
	buf_clear(&out);
}
END_TEST

/* ---- headers of parts */

START_TEST(mends_headers)
{
	static const char text[] =
	    MIME_1_0 MIXED("b") "\r\n--b\r\nContent-Description: gr" UML "n\r\n"
				"X-Y: a\r\n b\r\n\r\nx\r\n--b--\r\n";
	struct buf out;
	size_t i;

	buf_init(&out, SIZE_MAX / 2);
	ck_assert_int_eq(repair(text, sizeof(text) - 1, true, &out), 0);
	for (i = 0; i < out.len; i++)
		ck_assert((unsigned char)out.data[i] < 128);
	ck_assert_ptr_nonnull(strstr(out.data, "X-Y: a\r\n b\r\n\r\nx\r\n"));
	gives("8-bit header", text, sizeof(text) - 1, false, text);
	buf_clear(&out);
}
END_TEST

/* Fields as far as we collect; behind that, and in a line without an end, all
 * is text, and nothing is lost. */
START_TEST(bounds_headers)
{
	struct buf b, out;
	int i;

	buf_init(&b, SIZE_MAX / 2);
	buf_init(&out, SIZE_MAX / 2);
	buf_add_str(&b, MIME_1_0 MIXED("b") "\r\n--b\r\n");
	for (i = 0; i < 200000; i++)
		buf_add_str(&b, "Some-Field: x\r\n");
	gives("many fields", b.data, b.len, true, b.data);
	buf_add_str(&b, UML "\r\n");
	ck_assert_int_eq(repair(b.data, b.len, true, &out), 0);
	ck_assert_uint_gt(out.len, b.len);
	ck_assert_ptr_nonnull(strstr(out.data, "x\r\n=C3=A4\r\n"));
	buf_clear(&b);
	buf_clear(&out);
}
END_TEST

/* ---- properties */

/* Another decoder: quoted-printable, strictly as we write it. */
static void
decode(struct buf *b, const char *p)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *high, *low;
	size_t column = 0;

	for (; *p != '\0'; p++, column++) {
		ck_assert(column <= 76);
		if (p[0] == '\r')
			ck_assert(p[1] == '\n' &&
				  (column == 0 || !text_is_blank(p[-1])));
		if (p[0] != '=') {
			column = p[0] == '\n' ? (size_t)-1 : column;
			ck_assert((*p >= ' ' && *p < 127) || *p == '\t' ||
				  *p == '\r' || *p == '\n');
			buf_add_char(b, *p);
		} else if (p[1] == '\r') {
			ck_assert(p[2] == '\n');
			p += 2;
			column = (size_t)-1;
		} else {
			high = memchr(digits, p[1], 16);
			low = memchr(digits, p[2], 16);
			ck_assert(high != NULL && low != NULL);
			buf_add_char(
			    b, (char)((high - digits) * 16 + (low - digits)));
			p += 2;
			column += 2;
		}
	}
}

/* Lines of what must be escaped, and of what need not, of many lengths. */
START_TEST(decodes_to_the_same)
{
	static const char octets[] = "F.- =\x01\tx";
	struct buf text, out, again;
	unsigned seed = 1 + (unsigned)_i;
	const char *body;
	size_t i, n, head;

	buf_init(&text, SIZE_MAX / 2);
	buf_init(&out, SIZE_MAX / 2);
	buf_init(&again, SIZE_MAX / 2);
	buf_add_str(&text, "A: b\r\n\r\n");
	head = text.len;
	for (i = 0; i < 40; i++) {
		seed = seed * 1103515245 + 12345;
		for (n = (seed >> 16) % 90; n > 0; n--) {
			seed = seed * 1103515245 + 12345;
			if ((seed >> 16) % 3 == 0)
				buf_add_char(&text,
				    octets[(seed >> 20) % sizeof(octets)]);
			else
				buf_add_str(&text, n % 7 == 0 ? "From " : "y");
		}
		buf_add_str(&text, "\r\n");
	}
	buf_add_str(&text, X998 "z " X998 UML " \r\n");
	ck_assert_int_eq(repair(text.data, text.len, true, &out), 0);
	body = strstr(out.data, "\r\n\r\n");
	ck_assert_ptr_nonnull(body);
	decode(&again, body + 4);
	ck_assert_uint_eq(again.len, text.len - head);
	ck_assert(memcmp(again.data, text.data + head, again.len) == 0);
	buf_clear(&text);
	buf_clear(&out);
	buf_clear(&again);
}
END_TEST

/* ---- errors */

struct failing {
	struct stream_source source; /* first */
	const char *text;
	size_t left;
};

static ssize_t
fail_read(struct stream_source *s, void *p, size_t n)
{
	struct failing *f = (struct failing *)s;

	if (f->left == 0) {
		errno = EBADMSG;
		return -1;
	}
	n = n < f->left ? n : f->left;
	memcpy(p, f->text, n);
	f->text += n;
	f->left -= n;
	return (ssize_t)n;
}

START_TEST(a_read_error_is_no_end)
{
	static const char text[] = "A: b\r\n\r\n" UML "\r\n";
	struct failing bad = { { .read = fail_read }, text, 10 };
	struct stream_source in = stream_from_mem(text, sizeof(text) - 1);
	struct stream_source *s;
	struct mime_plan *plan = NULL;
	struct mime_filter *f;
	char out[4096];

	ck_assert_int_eq(
	    mime_plan_make(&bad.source, true, &plan, &e), EX_NOINPUT);
	ck_assert_ptr_null(plan);
	ck_assert_int_eq(mime_plan_make(&in, true, &plan, &e), 0);
	bad = (struct failing){ { .read = fail_read }, text, 10 };
	ck_assert_int_eq(mime_plan_measure(plan, &bad.source, &e), EX_NOINPUT);
	bad = (struct failing){ { .read = fail_read }, text, sizeof(text) - 1 };
	f = mime_filter_new(plan, &bad.source);
	s = mime_filter_source(f);
	while (s->read(s, out, sizeof(out)) > 0)
		continue;
	ck_assert_int_eq(s->read(s, out, sizeof(out)), -1);
	ck_assert_int_eq(errno, EBADMSG);
	mime_filter_free(f);
	mime_plan_free(plan);
}
END_TEST

/* The text that is sent must be the one that was planned. */
START_TEST(notices_another_text)
{
	static const char text[] = "A: b\r\n\r\n" UML "\r\n";
	struct stream_source in = stream_from_mem(text, sizeof(text) - 1);
	struct stream_source *s;
	struct mime_plan *plan;
	struct mime_filter *f;
	char out[4096];
	ssize_t n;

	ck_assert_int_eq(mime_plan_make(&in, true, &plan, &e), 0);
	in = stream_from_mem(text, sizeof(text) - 1);
	ck_assert_int_eq(mime_plan_measure(plan, &in, &e), 0);
	in = stream_from_mem(text, sizeof(text) - 4);
	f = mime_filter_new(plan, &in);
	s = mime_filter_source(f);
	while ((n = s->read(s, out, sizeof(out))) > 0)
		continue;
	ck_assert_int_eq(n, -1);
	mime_filter_free(f);
	mime_plan_free(plan);
}
END_TEST

START_TEST(says_why)
{
	static const char text[] =
	    MIME_1_0 PLAIN("x") BINARY "\r\n" UML "\0" X998 "\r\n";
	struct stream_source in = stream_from_mem(text, sizeof(text) - 1);
	struct mime_plan *plan;
	struct buf b;

	buf_init(&b, 100);
	ck_assert_int_eq(mime_plan_make(&in, true, &plan, &e), 0);
	ck_assert(mime_plan_is_needed(plan));
	mime_plan_add_reasons(&b, plan);
	ck_assert_str_eq(b.data, "8-bit,long-line,nul");
	buf_clear(&b);
	mime_plan_free(plan);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, makes_fit, 0, COUNT(messages));
	tcase_add_test(tc, encodes_nul);
	tcase_add_loop_test(tc, refuses, 0, COUNT(locked));
	tcase_add_test(tc, bounds_depth);
	tcase_add_test(tc, bounds_parts);
	tcase_add_test(tc, mends_headers);
	tcase_add_test(tc, bounds_headers);
	tcase_add_loop_test(tc, decodes_to_the_same, 0, 50);
	tcase_add_test(tc, a_read_error_is_no_end);
	tcase_add_test(tc, notices_another_text);
	tcase_add_test(tc, says_why);
}

int
main(void)
{
	return unit_main("mime", add);
}
