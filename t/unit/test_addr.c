/* SPDX-License-Identifier: ISC */
/* Addresses: every form of the contract, and what is none. */
#include "mail/addr.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "unit.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* "spec", "spec {name}" and, with a backslash, "\spec", by blanks. */
static char *
shown(const struct addr_list *l)
{
	struct buf b;
	size_t i;

	buf_init(&b, SIZE_MAX);
	for (i = 0; i < l->n; i++) {
		if (i > 0)
			buf_add_char(&b, ' ');
		if (l->v[i].keep_bare)
			buf_add_char(&b, '\\');
		addr_add_to(&b, &l->v[i]);
		if (l->v[i].name != NULL)
			buf_add_fmt(&b, " {%s}", l->v[i].name);
	}
	return buf_take(&b);
}

static const struct {
	const char *label;
	const char *text;
	const char *want;
} good[] = {
	{ "two, comma", "a@b,c@d", "a@b c@d" },
	{ "two, comma and blank", "a@b, c@d", "a@b c@d" },
	{ "angle", "<a@b>", "a@b" },
	{ "name and angle", "Ann <a@b>", "a@b {Ann}" },
	{ "quoted comma", "\"Last, Ann\" <a@b>", "a@b {Last, Ann}" },
	{ "quoted semicolon, at sign", "\"L; A@x\" <a@b>", "a@b {L; A@x}" },
	{ "comment as name", "a@b (Ann)", "a@b {Ann}" },
	{ "comment of a bare name", "root (Cron Daemon)",
	    "root {Cron Daemon}" },
	{ "blanks around a comment", "a@b ( Ann\t)", "a@b {Ann}" },
	{ "empty comment", "a@b ()", "a@b" },
	{ "escape in a comment", "a@b (A \\) \\( B)", "a@b {A ) ( B}" },
	{ "folded comment", "a@b (A\r\n B)", "a@b {A B}" },
	{ "first comment of two", "a@b (A) (B)", "a@b {A}" },
	{ "nested comment", "a@b (A (x (y)) B)", "a@b {A (x (y)) B}" },
	{ "quote in a comment", "a@b (the \" mark), c@d",
	    "a@b {the \" mark} c@d" },
	{ "comma in a comment", "a@b (x, y), c@d", "a@b {x, y} c@d" },
	{ "address in a comment", "(x@y) a@b", "a@b" },
	{ "angle in a comment", "(<x@y>) Ann (<u@v>) <a@b>", "a@b {Ann}" },
	{ "comments inside", "a (x) @ (y) b", "a@b" },
	{ "comments everywhere", "(p) a (x) @ (y) b (z)", "a@b {z}" },
	{ "comments between labels", "a@b (x) . (y) c", "a@b.c" },
	{ "quoted local part", "\"a b\"@c", "\"a b\"@c" },
	{ "local part with a comma", "\"a,b\"@c", "\"a,b\"@c" },
	{ "local part with an at sign", "\"a@b\"@c", "\"a@b\"@c" },
	{ "local part with an escaped quote", "\"a\\\"b\"@c", "\"a\\\"b\"@c" },
	{ "local part with a needless escape", "\"a\\ b\"@c", "\"a\\ b\"@c" },
	{ "folded quoted local part", "\"a\r\n b\"@c", "\"a b\"@c" },
	{ "needless quotes", "\"ab\"@c", "ab@c" },
	{ "needless quotes, dot", "\"a.b\"@c", "a.b@c" },
	{ "empty quoted local part", "\"\"@c", "\"\"@c" },
	{ "words and quotes mixed", "a.\"b c\"@d", "\"a.b c\"@d" },
	{ "dots as they should not be", "a..b@c", "\"a..b\"@c" },
	{ "dot before the at sign", "a.@c", "\"a.\"@c" },
	{ "all atext", "!#$%&'*+/=?^_`{|}~-@b", "!#$%&'*+/=?^_`{|}~-@b" },
	{ "case kept", "Ann.Lee@Example.COM", "Ann.Lee@Example.COM" },
	{ "literal", "a@[192.0.2.1]", "a@[192.0.2.1]" },
	{ "IPv6 literal", "<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]" },
	{ "route", "<@r,@q:a@b>", "a@b" },
	{ "route with gaps", "Ann <@r, , @q.example : a@b>", "a@b {Ann}" },
	{ "bare", "root", "root" },
	{ "bare with a dot", "first.last", "first.last" },
	{ "bare in angles", "Anacron <root>", "root {Anacron}" },
	{ "bare quoted", "\"a b\"", "\"a b\"" },
	{ "backslash", "\\root", "\\root" },
	{ "backslash in angles", "<\\root>", "\\root" },
	{ "backslash and a domain", "\\root@b", "\\root@b" },
	{ "quoted address as name", "\"x@y\" <a@b>", "a@b {x@y}" },
	{ "address as name", "x@y <a@b>", "a@b {x@y}" },
	{ "addresses as name", "x@y u@v <a@b>", "a@b {x@y u@v}" },
	{ "address and word as name", "x@y Ann <a@b>", "a@b {x@y Ann}" },
	{ "unquoted dot", "John Q. Public <a@b>", "a@b {John Q. Public}" },
	{ "dots in a name", "J.R. Ewing Jr. <a@b>", "a@b {J.R. Ewing Jr.}" },
	{ "UTF-8 name", "J\xc3\xb6rg <a@b>", "a@b {J\xc3\xb6rg}" },
	{ "Latin-1 name", "J\xf6rg <a@b>", "a@b {J\xf6rg}" },
	{ "encoded name", "=?utf-8?q?J=C3=B6rg?= <a@b>",
	    "a@b {=?utf-8?q?J=C3=B6rg?=}" },
	{ "white space in a name", "Ann \t\r\n  Lee <a@b>", "a@b {Ann Lee}" },
	{ "white space in quotes", "\"Ann  Lee\" <a@b>", "a@b {Ann  Lee}" },
	{ "escape in quotes", "\"A \\\"B\\\" C\" <a@b>", "a@b {A \"B\" C}" },
	{ "dash first", "-x@b", "-x@b" },
	{ "group", "Team: a@b, Bob <c@d>;", "a@b c@d {Bob}" },
	{ "quoted group name", "\"The: Team\": a@b;, c@d", "a@b c@d" },
	{ "group of two words", "The Team: a@b;", "a@b" },
	{ "two groups", "A: a@b;, B: c@d;", "a@b c@d" },
	{ "no comma behind a group", "A: a@b; c@d", "a@b c@d" },
	{ "bare names in a group", "A: x, y;", "x y" },
	{ "empty group", "undisclosed-recipients:;", "" },
	{ "empty group, blanks", "undisclosed-recipients: ;", "" },
	{ "empty group without end", "undisclosed-recipients:", "" },
	{ "empty elements", "a@b,, ,c@d,", "a@b c@d" },
	{ "nothing", "", "" },
	{ "blanks and comments", " (x)\t", "" },
	{ "commas", ",,", "" },
	{ "addresses without a comma", "a@b c@d", "a@b c@d" },
	{ "the same with comments", "a@b (A) c@d (C)", "a@b {A} c@d {C}" },
	{ "angles without a comma", "<a@b> <c@d>", "a@b c@d" },
	{ "folded list", "a@b,\r\n\tc@d\r\n ,e@f", "a@b c@d e@f" },
	{ "fold inside", "a\r\n @\r\n b", "a@b" },
	{ "UTF-8 local part", "j\xc3\xb6rg@b", "j\xc3\xb6rg@b" },
	{ "UTF-8 domain",
	    "a@b\xc3\xbc"
	    "cher.example",
	    "a@b\xc3\xbc"
	    "cher.example" },
	{ "odd bare words stay harmless", "/file, |prog", "/file |prog" },
};

START_TEST(parses)
{
	const char *text = good[_i].text;
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	char *got;

	ck_assert_msg(addr_parse_list(text, strlen(text), &l, &e) == 0,
	    "%s: %s", good[_i].label, e.text);
	got = shown(&l);
	ck_assert_msg(
	    strcmp(got, good[_i].want) == 0, "%s: got %s", good[_i].label, got);
	ck_assert_int_eq(e.code, 0);
	free(got);
	addr_list_clear(&l);
}
END_TEST

static const struct {
	const char *label;
	const char *text;
	const char *want; /* in the error text */
} bad[] = {
	{ "two at signs", "x@@b", "x@@b: two at signs" },
	{ "control beyond ASCII", "\"x\xc2\x85y\"@b", "a control character" },
	{ "last of them", "x\xc2\x9f@b", "a control character" },
	{ "line end beyond ASCII", "\"x\xe2\x80\xa8y\"@b", "a control" },
	{ "paragraph end", "x\xe2\x80\xa9@b", "a control character" },
	{ "two at signs later", "a@b@c", "a@b@c: two at signs" },
	{ "two at signs in angles", "<a@b@c>", "two at signs" },
	{ "no address", "Jane Roe", "Jane Roe: a name needs an address" },
	{ "no address, dot", "Q. Public", "a name needs an address" },
	{ "name at sign", "Jane Roe@b", "a name needs an address" },
	{ "word behind an address", "a@b root", "a name needs an address" },
	{ "the element in the text", "a@b, Jane Roe , c@d",
	    "address: Jane Roe: a name" },
	{ "open quote", "\"a@b", "a quote is not closed" },
	{ "open quote behind", "a@b, \"c", "address: \"c: a quote" },
	{ "escaped last quote", "\"a\\\"@b", "a quote is not closed" },
	{ "open comment", "a@b (x", "a parenthesis is not closed" },
	{ "open comment, escaped", "a@b (x\\)", "a parenthesis is not" },
	{ "closed too often", "a@b )", "a character that needs quotes" },
	{ "open angle", "Ann <a@b", "no > behind the address" },
	{ "open angle, comma", "Ann <a@b, c@d", "no > behind the address" },
	{ "closing angle alone", "a@b>", "a bracket in the wrong place" },
	{ "words in angles", "<a b>", "no > behind the address" },
	{ "null address", "<>", "no address between < and >" },
	{ "text behind angles", "<a@b> Ann", "a comma is missing" },
	{ "parameter", "a@b> NOTIFY=NEVER X=<", "a bracket in the wrong" },
	{ "parameter in angles", "<a@b NOTIFY=NEVER>", "no > behind" },
	{ "no local part", "@b", "no name before the at sign" },
	{ "no domain", "a@", "no domain behind the at sign" },
	{ "no domain, comma", "a@, c@d", "a@: no domain behind" },
	{ "dot first in the domain", "a@.b", "no domain behind" },
	{ "dot last in the domain", "a@b.", "no domain behind" },
	{ "two dots in the domain", "a@b..c", "no domain behind" },
	{ "quoted domain", "a@\"b\"", "no domain behind the at sign" },
	{ "slash in the domain", "a@b/c", "no domain behind the at sign" },
	{ "empty literal", "a@[]", "no domain behind the at sign" },
	{ "open literal", "a@[192.0.2.1", "a bracket is not closed" },
	{ "blank in a literal", "a@[1 2]", "no domain behind the at sign" },
	{ "literal alone", "[192.0.2.1]", "a bracket in the wrong place" },
	{ "dot alone", ".", "a dot in the wrong place" },
	{ "dot behind a literal", "a@[192.0.2.1] .", "a name needs" },
	{ "bare with a last dot", "root.", "a dot in the wrong place" },
	{ "empty quotes", "\"\"", "an empty name" },
	{ "backslash inside", "a\\b@c", "a name needs an address" },
	{ "backslash behind a dot", "a.\\b@c", "a backslash in the wrong" },
	{ "backslash alone", "\\", "a character that needs quotes" },
	{ "LF", "a@b\nRCPT TO:<x@y>", "a control character" },
	{ "CR", "a@b\rc@d", "a control character" },
	{ "CRLF", "a@b\r\nc@d", "a control character" },
	{ "CRLF at the end", "a@b\r\n", "a control character" },
	{ "LF and blank", "a@b\n c@d", "a control character" },
	{ "LF in quotes", "\"a\nb\"@c", "a control character" },
	{ "escaped LF in quotes", "\"a\\\nb\"@c", "a control character" },
	{ "LF in a comment", "a@b (x\ny)", "a control character" },
	{ "DEL", "a\177@b", "a control character" },
	{ "ESC in a name", "A\033[1m <a@b>", "a control character" },
	{ "not UTF-8 before the at sign", "j\xf6rg@b", "not UTF-8" },
	{ "not UTF-8 behind it", "a@j\xf6rg", "not UTF-8" },
	{ "route without a colon", "<@r a@b>", "a source route without" },
	{ "route without an address", "<@r:>", "no name before the at" },
	{ "group in a group", "A: B: a@b;;", "a colon in the wrong place" },
	{ "group without a name", ": a@b;", "a colon in the wrong place" },
	{ "group named by an address", "a@b: c@d;", "a colon in the wrong" },
	{ "group without end", "A: a@b", "a group without its semicolon" },
	{ "semicolon", "a@b; c@d", "a semicolon outside a group" },
	{ "include", ":include:/file", "a colon in the wrong place" },
	{ "program with a word", "|prog x", "a name needs an address" },
};

START_TEST(refuses)
{
	const char *text = bad[_i].text;
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	char *got;

	ck_assert_int_eq(addr_parse_list("kept@x", 6, &l, &e), 0);
	ck_assert_msg(addr_parse_list(text, strlen(text), &l, &e) == EX_DATAERR,
	    "%s: taken", bad[_i].label);
	ck_assert_int_eq(e.code, EX_DATAERR);
	ck_assert_msg(strstr(e.text, bad[_i].want) != NULL, "%s: %s",
	    bad[_i].label, e.text);
	ck_assert_msg(strncmp(e.text, "address: ", 9) == 0, "%s", e.text);
	got = shown(&l);
	ck_assert_str_eq(got, "kept@x");
	free(got);
	addr_list_clear(&l);
}
END_TEST

START_TEST(refuses_nul)
{
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;

	ck_assert_int_eq(addr_parse_list("a@b\0c@d", 7, &l, &e), EX_DATAERR);
	ck_assert_int_eq(addr_parse_list("\"a\0b\"@d", 7, &l, &e), EX_DATAERR);
	ck_assert_int_eq(addr_parse_list("\0", 1, &l, &e), EX_DATAERR);
	ck_assert_uint_eq(l.n, 0);
	/* only n octets count */
	ck_assert_int_eq(addr_parse_list("a@b\0c@d", 3, &l, &e), 0);
	ck_assert_uint_eq(l.n, 1);
	addr_list_clear(&l);
}
END_TEST

/* n times unit between head and tail. */
static char *
repeated(const char *head, const char *unit, size_t n, const char *tail)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add_str(&b, head);
	while (n-- > 0)
		buf_add_str(&b, unit);
	buf_add_str(&b, tail);
	return buf_take(&b);
}

static int
parse_repeated(const char *head, const char *unit, size_t n, const char *tail)
{
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	char *text = repeated(head, unit, n, tail);
	int code = addr_parse_list(text, strlen(text), &l, &e);

	free(text);
	addr_list_clear(&l);
	return code;
}

START_TEST(is_bounded)
{
	ck_assert_int_eq(parse_repeated("", "a", ADDR_MAX_LOCAL, "@b"), 0);
	ck_assert_int_eq(
	    parse_repeated("", "a", ADDR_MAX_LOCAL + 1, "@b"), EX_DATAERR);
	ck_assert_int_eq(
	    parse_repeated("\" ", "a", ADDR_MAX_LOCAL - 3, "\"@b"), 0);
	ck_assert_int_eq(
	    parse_repeated("\" ", "a", ADDR_MAX_LOCAL - 2, "\"@b"), EX_DATAERR);
	ck_assert_int_eq(parse_repeated("a@", "b", ADDR_MAX_DOMAIN, ""), 0);
	ck_assert_int_eq(
	    parse_repeated("a@", "b", ADDR_MAX_DOMAIN + 1, ""), EX_DATAERR);
	ck_assert_int_eq(parse_repeated("a@b ", "(", ADDR_MAX_DEPTH,
			     "))))))))))))))))))))))))))))))))"),
	    0);
	ck_assert_int_eq(parse_repeated("a@b ", "(", ADDR_MAX_DEPTH + 1,
			     ")))))))))))))))))))))))))))))))))"),
	    EX_DATAERR);
	ck_assert_int_eq(parse_repeated("", "a@b,", ADDR_MAX_LIST, ""), 0);
	ck_assert_int_eq(
	    parse_repeated("", "a@b,", ADDR_MAX_LIST + 1, ""), EX_DATAERR);
	/* names are as long as their text */
	ck_assert_int_eq(parse_repeated("", "name ", 10000, "<a@b>"), 0);
}
END_TEST

/* 2 MB of what could cost more than its length. */
static const char *const heavy[] = { "(", "()", "\"", "\"\"", "<", "a ", "a.",
	"a@b ", "@", ",", ";", ":", ".", "\\", "[", "a", "a\"", "(\\", "a:;",
	"<@a,", "\r\n ", "\xc3\xb6", "<a@b>", "a@b <c@d>" };

START_TEST(is_fast)
{
	size_t n = 2 * 1024 * 1024 / strlen(heavy[_i]);
	clock_t begun = clock();

	parse_repeated("", heavy[_i], n, "");
	/* some 0.2 s; what is not linear would take an hour */
	ck_assert_msg(clock() - begun < 8 * CLOCKS_PER_SEC, "%s", heavy[_i]);
}
END_TEST

static const struct {
	const char *label;
	const char *text;
	bool null_too;
	const char *want; /* or NULL: refused */
} single[] = {
	{ "plain", "a@b", false, "a@b" },
	{ "named", "Foo Bar <a@b>", false, "a@b {Foo Bar}" },
	{ "bare", "foo", false, "foo" },
	{ "VERP", "list+a=b.example@c", false, "list+a=b.example@c" },
	{ "null", "<>", true, "" },
	{ "null with blanks", " < > ", true, "" },
	{ "null not wanted", "<>", false, NULL },
	{ "nothing", "", true, NULL },
	{ "blanks", "  ", true, NULL },
	{ "two", "a@b,c@d", false, NULL },
	{ "two without a comma", "a@b c@d", false, NULL },
	{ "comma", "a@b,", false, NULL },
	{ "comma first", ",a@b", false, NULL },
	{ "group", "A: a@b;", false, NULL },
	{ "bad", "a@@b", false, NULL },
};

START_TEST(parses_one)
{
	struct addr_list l = { 0 };
	struct addr a = { 0 };
	struct err e = ERR_NONE;
	int code = addr_parse(single[_i].text, single[_i].null_too, &a, &e);
	char *got;

	if (single[_i].want == NULL) {
		ck_assert_msg(code == EX_DATAERR, "%s", single[_i].label);
		ck_assert_int_eq(e.code, EX_DATAERR);
		ck_assert_ptr_null(a.local);
		return;
	}
	ck_assert_msg(code == 0, "%s: %s", single[_i].label, e.text);
	addr_list_add(&l, &a);
	got = shown(&l);
	ck_assert_msg(strcmp(got, single[_i].want) == 0, "%s: got %s",
	    single[_i].label, got);
	free(got);
	addr_clear(&a);
	addr_list_clear(&l);
}
END_TEST

START_TEST(tells_kinds_apart)
{
	static const struct {
		const char *text;
		bool null, bare, ascii;
	} v[] = {
		{ "<>", true, false, true },
		{ "root", false, true, true },
		{ "a@b", false, false, true },
		{ "\"\"@b", false, false, true },
		{ "j\xc3\xb6rg@b", false, false, false },
		{ "a@b\xc3\xbc"
		  "cher",
		    false, false, false },
		{ "J\xc3\xb6rg <a@b>", false, false, true },
	};
	struct addr a = { 0 };
	struct err e = ERR_NONE;
	int i;

	for (i = 0; i < N(v); i++) {
		ck_assert_int_eq(addr_parse(v[i].text, true, &a, &e), 0);
		ck_assert_msg(addr_is_null(&a) == v[i].null, "%s", v[i].text);
		ck_assert_msg(addr_is_bare(&a) == v[i].bare, "%s", v[i].text);
		ck_assert_msg(addr_is_ascii(&a) == v[i].ascii, "%s", v[i].text);
		addr_clear(&a);
	}
}
END_TEST

START_TEST(compares)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} v[] = {
		{ "a@b", "a@b", true },
		{ "a@Example.COM", "Ann <a@example.com>", true },
		{ "A@b", "a@b", false },
		{ "a@b", "a@c", false },
		{ "a@b", "a", false },
		{ "a", "a", true },
		{ "\"ab\"@c", "ab@c", true },
		{ "\"a b\"@c", "\"a\\ b\"@c", true },
		{ "\"a b\"@c", "\"a  b\"@c", false },
		{ "\"a\\\"\"@c", "\"a\"@c", false },
		{ "\"a\\\\\"@c", "\"a\\\\\"@c", true },
		{ "ab@c", "abc@c", false },
		{ "a@\xc3\xbc.de", "a@XN--TDA.de", true },
		{ "a@\xc3\xbc.de", "a@\xc3\x9c.DE", true },
		{ "a@\xc3\xbc.de", "a@\xc3\xb6.de", false },
		{ "a@-\xc3\xbc.de", "a@-\xc3\xbc.DE", true },
		{ "a@-\xc3\xbc.de", "a@xn--tda.de", false },
	};
	struct addr a = { 0 }, b = { 0 };
	struct err e = ERR_NONE;
	int i;

	for (i = 0; i < N(v); i++) {
		ck_assert_int_eq(addr_parse(v[i].a, false, &a, &e), 0);
		ck_assert_int_eq(addr_parse(v[i].b, false, &b, &e), 0);
		ck_assert_msg(
		    addr_equal(&a, &b) == v[i].equal, "%s %s", v[i].a, v[i].b);
		ck_assert_msg(
		    addr_equal(&b, &a) == v[i].equal, "%s %s", v[i].b, v[i].a);
		addr_clear(&a);
		addr_clear(&b);
	}
}
END_TEST

START_TEST(copies)
{
	struct addr a = { 0 }, b;
	struct err e = ERR_NONE;
	char *text;

	ck_assert_int_eq(addr_parse("Ann <\\a@b>", false, &a, &e), 0);
	addr_copy(&b, &a);
	addr_clear(&a);
	ck_assert_ptr_null(a.local);
	ck_assert_str_eq(b.name, "Ann");
	ck_assert(b.keep_bare);
	text = addr_text(&b);
	ck_assert_str_eq(text, "a@b");
	free(text);
	addr_clear(&b);
}
END_TEST

static const struct {
	const char *label;
	const char *text;
	const char *want; /* or NULL: refused */
} completed[] = {
	{ "bare", "root", "root@d.example" },
	{ "as in a header", " root", " root@d.example" },
	{ "comment kept", "root (Cron Daemon)",
	    "root@d.example (Cron Daemon)" },
	{ "name kept", "Anacron <root>", "Anacron <root@d.example>" },
	{ "blanks in angles", "A < root >", "A < root@d.example >" },
	{ "not bare", "a@b, <c@d>", "a@b, <c@d>" },
	{ "some bare", "a@b, x,y ,c@d", "a@b, x@d.example,y@d.example ,c@d" },
	{ "fold kept", "x,\r\n\ty", "x@d.example,\r\n\ty@d.example" },
	{ "group kept", "T: x, Bob <y>;",
	    "T: x@d.example, Bob <y@d.example>;" },
	{ "quoted", "\"a b\"", "\"a b\"@d.example" },
	{ "backslash goes", "a@b, \\root (x)", "a@b, root@d.example (x)" },
	{ "backslash and domain", "\\root@b", "\\root@b" },
	{ "empty group", "undisclosed-recipients:;",
	    "undisclosed-recipients:;" },
	{ "name of an address", "root@x <y>", "root@x <y@d.example>" },
	{ "nothing", "", "" },
	{ "a domain beyond ASCII", "J\xc3\xb6rg <j@\xc3\xbc.de> (\xc3\xbc)",
	    "J\xc3\xb6rg <j@xn--tda.de> (\xc3\xbc)" },
	{ "comments around it", "a (x) @ (y) \xc3\xbc.de (z), b",
	    "a (x) @ (y) xn--tda.de (z), b@d.example" },
	{ "a comment inside it goes", "a@\xc3\xbc (y).\r\n de (z)",
	    "a@xn--tda.de (z)" },
	{ "a group of them", "G: a@\xc3\xbc.de, <\xc3\xb6@\xc3\xbc.de>;",
	    "G: a@xn--tda.de, <\xc3\xb6@xn--tda.de>;" },
	{ "a domain that has no labels stays", "x, a@-\xc3\xbc.de",
	    "x@d.example, a@-\xc3\xbc.de" },
	{ "no address", "Jane Roe", NULL },
	{ "bad", "root, a@@b", NULL },
};

START_TEST(completes)
{
	const char *text = completed[_i].text;
	struct err e = ERR_NONE;
	struct buf b;
	int code;

	buf_init(&b, 1000);
	buf_add_str(&b, "<<");
	code = addr_complete_list(&b, text, strlen(text), "d.example", &e);
	if (completed[_i].want == NULL) {
		ck_assert_msg(code == EX_DATAERR, "%s", completed[_i].label);
		ck_assert_str_eq(b.data, "<<");
	} else {
		ck_assert_msg(code == 0, "%s: %s", completed[_i].label, e.text);
		ck_assert_msg(strcmp(b.data + 2, completed[_i].want) == 0,
		    "%s: got %s", completed[_i].label, b.data + 2);
	}
	buf_clear(&b);
}
END_TEST

START_TEST(completes_domains_alone)
{
	static const char text[] = "x, \\y, J <j@\xc3\xbc.de>";
	struct buf b;

	buf_init(&b, 1000);
	ck_assert_int_eq(
	    addr_complete_list(&b, text, sizeof(text) - 1, NULL, NULL), 0);
	ck_assert_str_eq(b.data, "x, \\y, J <j@xn--tda.de>");
	buf_clear(&b);
}
END_TEST

START_TEST(makes_domains_ascii)
{
	static const struct {
		const char *text, *want;
	} v[] = {
		{ "a@\xc3\xbc.de", "a@xn--tda.de" },
		{ "\xc3\xb6@\xc3\xbc.de", "\xc3\xb6@xn--tda.de" },
		{ "a@Example.com", "a@Example.com" },
		{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
		{ "root", "root" },
		{ "<>", "" },
		{ "a@-\xc3\xbc.de", NULL },
	};
	struct addr a = { 0 };
	struct err e = ERR_NONE;
	char *text;
	int i;

	for (i = 0; i < N(v); i++) {
		ck_assert_int_eq(addr_parse(v[i].text, true, &a, &e), 0);
		ck_assert_int_eq(addr_to_ascii_domain(&a, &e),
		    v[i].want != NULL ? 0 : EX_DATAERR);
		text = addr_text(&a);
		ck_assert_str_eq(
		    text, v[i].want != NULL ? v[i].want : v[i].text);
		free(text);
		addr_clear(&a);
	}
}
END_TEST

START_TEST(completes_within_bounds)
{
	struct err e = ERR_NONE;
	struct buf b;

	buf_init(&b, 5);
	ck_assert_int_eq(addr_complete_list(&b, "x,y", 3, "z", &e), EX_DATAERR);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(addr_complete_list(&b, "x,y@", 1, "abc", &e), 0);
	ck_assert_str_eq(b.data, "x@abc");
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *label;
	const char *name;
	const char *want;
} phrases[] = {
	{ "atoms", "Ann Lee", "Ann Lee" },
	{ "empty", "", "" },
	{ "blanks only", " \t", "" },
	{ "dot", "John Q. Public", "\"John Q. Public\"" },
	{ "comma", "Lee, Ann", "\"Lee, Ann\"" },
	{ "quote and backslash", "A \"B\" \\C", "\"A \\\"B\\\" \\\\C\"" },
	{ "parentheses", "a) (b", "\"a) (b\"" },
	{ "address", "x@y <a@b>", "\"x@y <a@b>\"" },
	{ "two blanks", "a  b", "\"a  b\"" },
	{ "blank at the end", "a ", "\"a \"" },
	{ "header injection", "a\r\nBcc: x@y", "\"a  Bcc: x@y\"" },
	{ "encoded already", "=?utf-8?q?J=C3=B6rg?=", "=?utf-8?q?J=C3=B6rg?=" },
	{ "UTF-8", "J\xc3\xb6rg", "=?UTF-8?Q?J=C3=B6rg?=" },
	{ "not UTF-8", "J\xf6rg", "J?rg" },
	{ "cut UTF-8", "J\xc3", "J?" },
	{ "both", "\xc3\xb6\xf6", "=?UTF-8?B?w7Y/?=" },
	{ "UTF-8 and a control", "\xc3\xb6\nB", "=?UTF-8?Q?=C3=B6_B?=" },
};

START_TEST(makes_phrases)
{
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	addr_add_phrase(&b, phrases[_i].name);
	ck_assert_msg(strcmp(b.data, phrases[_i].want) == 0, "%s: got %s",
	    phrases[_i].label, b.data);
	buf_add_str(&b, " <a@b>");
	ck_assert_msg(addr_parse_list(b.data, b.len, &l, &e) == 0, "%s: %s",
	    phrases[_i].label, e.text);
	ck_assert_uint_eq(l.n, 1);
	ck_assert_str_eq(l.v[0].local, "a");
	addr_list_clear(&l);
	buf_clear(&b);
}
END_TEST

/* Every ASCII name comes back as it was, but for controls. */
START_TEST(phrases_come_back)
{
	static const char odd[] = " ab.,;:<>()[]@\"\\'=?_";
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	char name[4] = "";
	struct buf b;
	size_t n = sizeof(odd) - 1, i;

	buf_init(&b, SIZE_MAX);
	for (i = 0; i < n * n * n; i++) {
		name[0] = odd[i % n];
		name[1] = odd[i / n % n];
		name[2] = odd[i / n / n];
		if (strcmp(name, "   ") == 0)
			continue;
		buf_reset(&b);
		addr_add_phrase(&b, name);
		buf_add_str(&b, "<a@b>");
		ck_assert_int_eq(addr_parse_list(b.data, b.len, &l, &e), 0);
		ck_assert_uint_eq(l.n, 1);
		ck_assert_str_eq(l.v[0].name, name);
		addr_list_clear(&l);
	}
	buf_clear(&b);
}
END_TEST

/* Append what the encoded word at[0..n) stands for. */
static void
add_decoded(struct buf *b, const char *at, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i;

	if (at[8] == 'B') {
		ck_assert(text_add_unbase64(b, at + 10, n - 12));
		return;
	}
	for (i = 10; i < n - 2; i++) {
		if (at[i] != '=') {
			buf_add_char(b, at[i]);
			continue;
		}
		buf_add_char(
		    b, (char)((strchr(digits, at[i + 1]) - digits) * 16 +
			      (strchr(digits, at[i + 2]) - digits)));
		i += 2;
	}
}

/* Words of a long name: not over 75 octets, each whole UTF-8. */
START_TEST(encodes_long_names)
{
	static const char *const units[] = { "\xc3\xb6", "\xe2\x82\xac",
		"\xf0\x9f\x93\xa7", "abc\xc3\xb6", "a\xe2\x82\xac" };
	char *name = repeated(_i % 2 ? "x" : "", units[_i / 2], 500, "");
	struct buf b, words;
	char *at, *end;

	buf_init(&b, SIZE_MAX);
	buf_init(&words, SIZE_MAX);
	addr_add_phrase(&b, name);
	for (at = b.data;; at = end + 5) {
		ck_assert_msg(text_starts(at, "=?UTF-8?"), "%s", at);
		end = strstr(at + 10, "?=");
		ck_assert_ptr_nonnull(end);
		ck_assert_int_le(end + 2 - at, 75);
		buf_reset(&words);
		add_decoded(&words, at, (size_t)(end + 2 - at));
		ck_assert(text_is_utf8(words.data, words.len));
		ck_assert_int_eq(strncmp(name, words.data, words.len), 0);
		memmove(name, name + words.len, strlen(name + words.len) + 1);
		if (end[2] == '\0')
			break;
		ck_assert_int_eq(strncmp(end + 2, "\r\n ", 3), 0);
	}
	ck_assert_str_eq(name, "");
	buf_clear(&words);
	buf_clear(&b);
	free(name);
}
END_TEST

static const struct {
	const char *label;
	const char *text;
	size_t n;
	bool ok;
} wire[] = {
	{ "null", "", 0, true },
	{ "plain", "a@b", 3, true },
	{ "quoted", "\"a b\"@c", 7, true },
	{ "angle in quotes", "\"<a>\"@c", 7, true },
	{ "escaped quote", "\"a\\\" b\"@c", 9, true },
	{ "UTF-8", "\xc3\xb6@b", 4, true },
	{ "CR", "a@b\r", 4, false },
	{ "LF", "a\n@b", 4, false },
	{ "NUL", "a@b\0c", 5, false },
	{ "tab", "a\t@b", 4, false },
	{ "LF in quotes", "\"a\nb\"@c", 7, false },
	{ "escaped LF in quotes", "\"\\\n\"@c", 6, false },
	{ "DEL", "a\177@b", 4, false },
	{ "blank", "a @b", 4, false },
	{ "parameter", "a@b> SIZE=1", 11, false },
	{ "angle", "<a@b", 4, false },
	{ "blank behind quotes", "\"a\\\"\" @c", 8, false },
	{ "open quote", "\"a b@c", 6, false },
	{ "escaped closing quote", "\"a b@c\\\"", 8, false },
};

START_TEST(guards_the_wire)
{
	struct err e = ERR_NONE;
	int code = addr_check_wire(wire[_i].text, wire[_i].n, &e);

	ck_assert_msg(
	    code == (wire[_i].ok ? 0 : EX_DATAERR), "%s", wire[_i].label);
	ck_assert_int_eq(e.code, code);
}
END_TEST

/* No octets behind n are looked at, in error texts neither. */
START_TEST(guards_within_bounds)
{
	char *text = mem_new(4, 1);
	struct err e = ERR_NONE;

	memcpy(text, "a b\377", 4);
	ck_assert_int_eq(addr_check_wire(text, 3, &e), EX_DATAERR);
	ck_assert_ptr_null(strchr(e.text, '?'));
	memcpy(text, "<a@b", 4);
	ck_assert_int_eq(addr_check_wire(text, 4, &e), EX_DATAERR);
	free(text);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, parses, 0, N(good));
	tcase_add_loop_test(tc, refuses, 0, N(bad));
	tcase_add_test(tc, refuses_nul);
	tcase_add_test(tc, is_bounded);
	tcase_add_loop_test(tc, is_fast, 0, N(heavy));
	tcase_add_loop_test(tc, parses_one, 0, N(single));
	tcase_add_test(tc, tells_kinds_apart);
	tcase_add_test(tc, compares);
	tcase_add_test(tc, copies);
	tcase_add_loop_test(tc, completes, 0, N(completed));
	tcase_add_test(tc, completes_domains_alone);
	tcase_add_test(tc, makes_domains_ascii);
	tcase_add_test(tc, completes_within_bounds);
	tcase_add_loop_test(tc, makes_phrases, 0, N(phrases));
	tcase_add_test(tc, phrases_come_back);
	tcase_add_loop_test(tc, encodes_long_names, 0, 10);
	tcase_add_loop_test(tc, guards_the_wire, 0, N(wire));
	tcase_add_test(tc, guards_within_bounds);
}

int
main(void)
{
	return unit_main("addr", add);
}
