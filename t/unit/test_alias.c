/* SPDX-License-Identifier: ISC */
/* test_alias: aliases(5), as sendmail has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aid.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/alias.h"

/* Bare names, and those at "here", are local. */
static bool
is_local(void *ctx, const struct addr *a)
{
	(void)ctx;
	return a->domain == NULL || text_case_eq(a->domain, "here");
}

/* What name stands for, with blanks between; "\name" is kept bare. Or the
 * complaint. */
static void
expect_path(
    const char *path, const char *text, const char *name, const char *expect)
{
	struct alias_map *m = NULL;
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	struct buf b;
	size_t i;
	int code = alias_parse(path, text, strlen(text), &m, &e);

	buf_init(&b, SIZE_MAX / 2);
	if (code == 0)
		code = alias_expand(m, name, is_local, NULL, &l, &e);
	if (code != 0) {
		ck_assert_int_eq(code, EX_CONFIG);
		buf_add_str(&b, e.text);
	}
	for (i = 0; code == 0 && i < l.n; i++) {
		buf_add_str(&b, i > 0 ? " " : "");
		buf_add_str(&b, l.v[i].keep_bare ? "\\" : "");
		addr_add_to(&b, &l.v[i]);
	}
	ck_assert_str_eq(b.len > 0 ? b.data : "", expect);
	buf_clear(&b);
	addr_list_clear(&l);
	alias_free(m);
}

static const struct {
	const char *label, *text, *name, *expect;
} cases[] = {
	{ "one", "root: ann@example.org\n", "root", "ann@example.org" },
	{ "no line end", "root: ann@example.org", "root", "ann@example.org" },
	{ "CRLF", "root: ann@example.org\r\n", "root", "ann@example.org" },
	{ "none of that name", "root: ann@example.org\n", "bob", "" },
	{ "case", "Root: ann@example.org\n", "rOOT", "ann@example.org" },
	{ "several", "root: a@x.org, b@x.org,c@x.org\n", "root",
	    "a@x.org b@x.org c@x.org" },
	{ "continued", "root: a@x.org,\n\tb@x.org\n  , c@x.org\n", "root",
	    "a@x.org b@x.org c@x.org" },
	{ "comments and empty lines",
	    "# top\n\nroot: a@x.org,\n# between\n\n   # indented\n b@x.org\n",
	    "root", "a@x.org b@x.org" },
	{ "blanks around the colon", "root  :   a@x.org\n", "root", "a@x.org" },
	{ "a chain", "a: b\nb: c\nc: d@x.org\n", "a", "d@x.org" },
	{ "local names without an alias come out", "a: b, c@here\n", "a",
	    "b c@here" },
	{ "an alias at a local domain is followed", "a: b@here\nb: x@y.org\n",
	    "a", "x@y.org" },
	{ "one elsewhere is not", "a: b@x.org\nb: c@x.org\n", "a", "b@x.org" },
	{ "itself", "root: root, ann@x.org\n", "root", "\\root ann@x.org" },
	{ "a backslash", "root: \\root, ann@x.org\n", "root",
	    "\\root ann@x.org" },
	{ "a diamond is carried out once", "a: b, c\nb: d\nc: d\nd: e@x.org\n",
	    "a", "e@x.org" },
	{ "quoted name", "\"a b\": c@x.org\n", "\"a b\"", "c@x.org" },
	{ "quoted name with a colon", "\"a:b\": c@x.org\n", "\"a:b\"",
	    "c@x.org" },
	{ "quoted value with a comma", "a: \"x,y\"@x.org, b@x.org\n", "a",
	    "\"x,y\"@x.org b@x.org" },
	{ "display names and comments",
	    "a: Ann (a, b) <ann@x.org>, b@x.org (B)\n", "a",
	    "ann@x.org b@x.org" },
	{ "a group", "a: Team: b@x.org, c@x.org;\n", "a",
	    "f:1: a: address: b@x.org: a group without its semicolon" },
	{ "a program", "a: b@x.org, |/bin/cat\n", "a",
	    "f:1: a: a program: osmtp runs none; name an address instead" },
	{ "a quoted program", "# x\na: \"|/bin/cat -n, x\"\n", "a",
	    "f:2: a: a program: osmtp runs none; name an address instead" },
	{ "a file", "a: /var/mail/a\n", "a",
	    "f:1: a: a file: osmtp writes to none; name an address instead" },
	{ "a program further down names its line", "a: b\n\nb:\n |/bin/cat\n",
	    "a",
	    "f:3: b: a program: osmtp runs none; name an address instead" },
	{ "a loop", "a: b\nb: c\nc: a\n", "a",
	    "f:3: c: leads back to itself: a loop" },
	{ "nothing", "a:\n", "a", "f:1: a: has no recipient" },
	{ "nothing but commas", "a: , ,\n", "a", "f:1: a: has no recipient" },
	{ "a name for an address", "a: b c\n", "a",
	    "f:1: a: address: b c: a name needs an address: write Name "
	    "<user@example.com>" },
	{ "two of a name", "a: b@x.org\nb: c@x.org\nA: d@x.org\n", "a",
	    "f:3: A: has an alias in line 1 already" },
	{ "no colon", "a b@x.org\n", "a",
	    "f:1: a b@x.org: no alias: write name: address, .." },
	{ "a name with a domain", "a@here: b@x.org\n", "a",
	    "f:1: a@here: only local names, without @, have aliases" },
	{ "continues nothing", "  b@x.org\n", "a",
	    "f:1: b@x.org: continues no alias" },
	{ "a relative include", "a: :include:list\n", "a",
	    "f:1: a: :include: needs an absolute path" },
	{ "a null address", "a: <>\n", "a",
	    "f:1: a: address: <>: no address between < and >" },
};

START_TEST(test_case)
{
	expect_path("f", cases[_i].text, cases[_i].name, cases[_i].expect);
}
END_TEST

START_TEST(test_too_deep)
{
	struct buf b;
	int i;

	buf_init(&b, SIZE_MAX / 2);
	for (i = 0; i < 20; i++)
		buf_add_fmt(&b, "n%d: n%d\n", i, i + 1);
	expect_path("f", b.data, "n10", "n20");
	expect_path(
	    "f", b.data, "n0", "f:16: n15: aliases of aliases, too many");
	buf_clear(&b);
}
END_TEST

/* 128 paths, each line carried out once. */
START_TEST(test_many_paths)
{
	struct buf b;
	int i;

	buf_init(&b, SIZE_MAX / 2);
	for (i = 0; i < 7; i++)
		buf_add_fmt(&b, "a%d: b%d, c%d\nb%d: a%d\nc%d: a%d\n", i, i, i,
		    i, i + 1, i, i + 1);
	expect_path("f", b.data, "a0", "a7 a7");
	buf_clear(&b);
}
END_TEST

START_TEST(test_include)
{
	const char *list = aid_path("list"), *more = aid_path("more");
	char *text = mem_printf("a: b@x.org, :include:%s\nz: z@x.org\n", list);
	char *quoted = mem_printf("a: \":include:%s\"\n", list);
	char *words;

	aid_write(more, "e@x.org");
	words = mem_printf(
	    "# a list\nc@x.org, d@x.org\n\n  z\n:include:%s\n", more);
	aid_write(list, words);
	expect_path("f", text, "a", "b@x.org c@x.org d@x.org z@x.org e@x.org");
	expect_path("f", quoted, "a", "c@x.org d@x.org z e@x.org");
	free(words);
	aid_write(list, "c@x.org\n|/bin/cat\n");
	words = mem_printf("%s:2: a: a program: osmtp runs none; name an "
			   "address instead",
	    list);
	expect_path("f", text, "a", words);
	free(words);
	aid_write(list, "# nobody yet\n");
	expect_path("f", quoted, "a", "f:1: a: has no recipient");
	free(text);
	text = mem_printf("a: :include:%s\n", list);
	words = mem_printf(":include:%s\n", list);
	aid_write(list, words);
	free(words);
	words = mem_printf("%s:1: a: includes itself: a loop", list);
	expect_path("f", text, "a", words);
	free(words);
	free(text);
	free(quoted);
}
END_TEST

/* Each of 12 files includes the next one four times: 4^12 paths, of which one
 * is walked. */
START_TEST(test_include_many_paths)
{
	char *path, *text, *line;
	int i, lines;
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	for (i = 0; i < 12; i++) {
		path = mem_printf("%s%d", aid_path("list"), i);
		line = mem_printf(":include:%s%d\n", aid_path("list"), i + 1);
		buf_reset(&b);
		for (lines = 0; i < 11 && lines < 4; lines++)
			buf_add_str(&b, line);
		aid_write(path, i < 11 ? b.data : "b@x.org\n");
		free(path);
		free(line);
	}
	text = mem_printf("a: :include:%s0\n", aid_path("list"));
	expect_path("f", text, "a", "b@x.org");
	free(text);
	buf_clear(&b);
}
END_TEST

/* alias_check() finds what alias_expand() would, whatever was done before. */
START_TEST(test_check)
{
	static const char no_rcpt[] = "a: undisclosed:;\n";
	struct alias_map *m = NULL;
	struct err e = ERR_NONE;
	struct buf b;
	int i;

	ck_assert_int_eq(alias_parse("f", no_rcpt, strlen(no_rcpt), &m, &e), 0);
	ck_assert_int_eq(alias_check(m, is_local, NULL, &e), EX_CONFIG);
	ck_assert_str_eq(e.text, "f:1: a: has no recipient");
	alias_free(m);
	buf_init(&b, SIZE_MAX / 2);
	for (i = 0; i < 16; i++)
		buf_add_fmt(&b, "n%02d: n%02d\n", i, i + 1);
	ck_assert_int_eq(alias_parse("f", b.data, b.len, &m, &e), 0);
	ck_assert_int_eq(alias_check(m, is_local, NULL, &e), 0);
	alias_free(m);
	buf_add_str(&b, "z: n00\n");
	ck_assert_int_eq(alias_parse("f", b.data, b.len, &m, &e), 0);
	ck_assert_int_eq(alias_check(m, is_local, NULL, &e), EX_CONFIG);
	ck_assert_str_eq(e.text, "f:17: z: aliases of aliases, too many");
	alias_free(m);
	buf_clear(&b);
}
END_TEST

START_TEST(test_include_unfit)
{
	const char *list = aid_path("list");
	char *text = mem_printf("a: :include:%s\n", list);
	struct alias_map *m = NULL;
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;

	ck_assert_int_eq(alias_parse("f", text, strlen(text), &m, &e), 0);
	ck_assert_int_eq(
	    alias_expand(m, "a", is_local, NULL, &l, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "f:1: a: "));
	ck_assert_ptr_nonnull(strstr(e.text, "No such file"));
	aid_write(list, "b@x.org\n");
	ck_assert_int_eq(chmod(list, 0666), 0);
	ck_assert_int_eq(
	    alias_expand(m, "a", is_local, NULL, &l, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "must not be writable"));
	ck_assert_int_eq(alias_check(m, is_local, NULL, &e), EX_CONFIG);
	ck_assert_int_eq(chmod(list, 0644), 0);
	ck_assert_int_eq(alias_check(m, is_local, NULL, &e), 0);
	alias_free(m);
	addr_list_clear(&l);
	free(text);
}
END_TEST

START_TEST(test_load)
{
	const char *path = aid_path("aliases");
	struct alias_map *m = NULL;
	struct err e = ERR_NONE;

	ck_assert_int_eq(alias_load(path, &m, &e), 0);
	ck_assert_uint_eq(alias_count(m), 0);
	ck_assert(!alias_has(m, "root"));
	alias_free(m);
	m = NULL;
	aid_write(path, "root: ann@x.org\nbob: root\n");
	ck_assert_int_eq(alias_load(path, &m, &e), 0);
	ck_assert_uint_eq(alias_count(m), 2);
	ck_assert(alias_has(m, "ROOT"));
	ck_assert_int_eq(alias_check(m, is_local, NULL, &e), 0);
	alias_free(m);
	m = NULL;
	ck_assert_int_eq(chmod(path, 0664), 0);
	ck_assert_int_eq(alias_load(path, &m, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "must not be writable"));
	ck_assert_ptr_null(m);
}
END_TEST

START_TEST(test_many)
{
	struct alias_map *m = NULL;
	struct addr_list l = { 0 };
	struct err e = ERR_NONE;
	struct buf b;
	int i;

	buf_init(&b, SIZE_MAX / 2);
	buf_add_str(&b, "all: x@x.org");
	for (i = 0; i < 20000; i++)
		buf_add_fmt(&b, ",\n u%d", i);
	buf_add_char(&b, '\n');
	for (i = 0; i < 20000; i++)
		buf_add_fmt(&b, "u%d: u%d@x.org\n", i, i);
	ck_assert_int_eq(alias_parse("f", b.data, b.len, &m, &e), 0);
	ck_assert_int_eq(alias_expand(m, "all", is_local, NULL, &l, &e), 0);
	ck_assert_uint_eq(l.n, 20001);
	ck_assert_int_eq(alias_check(m, is_local, NULL, &e), 0);
	addr_list_clear(&l);
	alias_free(m);
	buf_clear(&b);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, aid_make_dir, aid_remove_dir);
	tcase_add_loop_test(tc, test_case, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, test_too_deep);
	tcase_add_test(tc, test_many_paths);
	tcase_add_test(tc, test_include);
	tcase_add_test(tc, test_include_many_paths);
	tcase_add_test(tc, test_check);
	tcase_add_test(tc, test_include_unfit);
	tcase_add_test(tc, test_load);
	tcase_add_test(tc, test_many);
}

int
main(void)
{
	return unit_main("alias", add);
}
