/* SPDX-License-Identifier: ISC */
/* Tokens of structured fields; test_addr.c has what is made of them. */
#include "mail/lex.h"

#include <stdint.h>
#include <string.h>

#include "unit.h"

static const struct {
	const char *label;
	const char *text;
	const char *want; /* kinds: w q l ! or the character itself */
} cases[] = {
	{ "nothing", "", "" },
	{ "word", "abc", "w" },
	{ "words", "a b\tc", "www" },
	{ "characters", "<>@,;:.", "<>@,;:." },
	{ "address", "a.b@c.d", "w.w@w.w" },
	{ "8-bit octets", "\xc3\xb6 \xff", "ww" },
	{ "quoted", "\"a b\"c", "qw" },
	{ "quoted, escaped quote", "\"a\\\"\"", "q" },
	{ "literal", "[a b]", "l" },
	{ "comment", "a(b)c", "ww" },
	{ "fold", "a\r\n b", "ww" },
	{ "fold at the end", "a\r\n ", "w" },
	{ "no fold", "a\r\nb", "w!" },
	{ "half a fold", "a\r\n", "w!" },
	{ "backslash", "\\a", "w" },
	{ "backslash and quote", "\\\"a\"", "!" },
	{ "bad stays bad", "\001 a b", "!" },
};

START_TEST(cuts_tokens)
{
	struct lex l = { .text = cases[_i].text,
		.n = strlen(cases[_i].text),
		.max_depth = 2 };
	struct buf got;

	buf_init(&got, 100);
	for (lex_next(&l); l.kind != LEX_END; lex_next(&l)) {
		buf_add_char(&got, l.kind == LEX_CHAR ? l.text[l.token.begin]
						      : " wql.!"[l.kind]);
		if (l.kind == LEX_BAD)
			break;
	}
	ck_assert_msg(strcmp(got.data, cases[_i].want) == 0, "%s: got %s",
	    cases[_i].label, got.data);
	ck_assert((l.kind == LEX_BAD) == (l.fault != NULL));
	lex_next(&l);
	ck_assert(l.kind == LEX_BAD || l.kind == LEX_END);
	buf_clear(&got);
}
END_TEST

START_TEST(bounds_comments)
{
	struct lex l = { .text = "((a)(b)) c", .n = 10, .max_depth = 2 };
	char *text;

	lex_next(&l);
	ck_assert_int_eq(l.kind, LEX_WORD);
	ck_assert_uint_eq(l.comment.begin, 0);
	ck_assert_uint_eq(l.comment.end, 8);
	text = lex_comment_text(l.text, l.comment);
	ck_assert_str_eq(text, "(a)(b)");
	free(text);

	l = (struct lex){ .text = "((a)(b)) c", .n = 10, .max_depth = 1 };
	lex_next(&l);
	ck_assert_int_eq(l.kind, LEX_BAD);
	ck_assert_str_eq(l.fault, "comments nested too deeply");
}
END_TEST

START_TEST(shows_phrases)
{
	static const struct {
		const char *text, *want;
	} v[] = {
		{ "Ann  Lee ", "Ann Lee" },
		{ " \"A \\\"B\\\"\"\t(x) C", "A \"B\" C" },
		{ "a(b)c", "a c" },
		{ "(a (\\) b))", NULL },
		{ "", NULL },
		{ "\"\"", NULL },
	};
	size_t i;
	char *got;

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		got = lex_phrase_text(
		    v[i].text, (struct lex_span){ 0, strlen(v[i].text) });
		if (v[i].want == NULL)
			ck_assert_ptr_null(got);
		else
			ck_assert_str_eq(got, v[i].want);
		free(got);
	}
}
END_TEST

START_TEST(quotes)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	lex_add_quoted(&b, "a\"\\b", 4);
	ck_assert_str_eq(b.data, "\"a\\\"\\\\b\"");
	buf_clear(&b);
}
END_TEST

START_TEST(knows_dot_atoms)
{
	ck_assert(lex_is_dot_atom("a", 1));
	ck_assert(lex_is_dot_atom("a.b", 3));
	ck_assert(lex_is_dot_atom("\xc3\xb6", 2));
	ck_assert(!lex_is_dot_atom("", 0));
	ck_assert(!lex_is_dot_atom(".a", 2));
	ck_assert(!lex_is_dot_atom("a.", 2));
	ck_assert(!lex_is_dot_atom("a..b", 4));
	ck_assert(!lex_is_dot_atom("a b", 3));
	ck_assert(!lex_is_dot_atom("a\0b", 3));
}
END_TEST

static const struct {
	const char *text;
	size_t want;
} encoded[] = {
	{ "=?utf-8?q?a?=", 13 },
	{ "=?utf-8*de?B?YQ==?= b", 19 },
	{ "=?utf-8?q?"
	  "?=",
	    12 },
	{ "=?utf-8?q?=?=", 13 },
	{ "=?utf-8?q?a?==?utf-8?q?b?=", 13 },
	{ "=?utf-8?x?a?=", 0 },
	{ "=?utf-8?q?a b?=", 0 },
	{ "=?utf-8?q?\xc3\xb6?=", 0 },
	{ "=?utf-8?q?a?", 0 },
	{ "=?utf-8?q?a", 0 },
	{ "=?utf-8?q", 0 },
	{ "=?utf-8", 0 },
	{ "=?", 0 },
	{ "=??q?a?=", 0 },
	{ "a=?utf-8?q?a?=", 0 },
	{ "", 0 },
};

START_TEST(knows_encoded_words)
{
	ck_assert_msg(lex_encoded_length(encoded[_i].text,
			  strlen(encoded[_i].text)) == encoded[_i].want,
	    "%s", encoded[_i].text);
}
END_TEST

static const struct {
	const char *text;
	bool in_text;
	size_t column;
	const char *want;
	size_t want_column;
} words[] = {
	{ "J\xc3\xb6rg", false, 0, "=?UTF-8?Q?J=C3=B6rg?=", 21 },
	{ "J\xc3\xb6rg", false, 42, "=?UTF-8?Q?J=C3=B6rg?=", 63 },
	{ "J\xc3\xb6rg", false, 43, "\r\n =?UTF-8?Q?J=C3=B6rg?=", 22 },
	{ "J\xf6rg", false, 0, "=?unknown-8bit?Q?J=F6rg?=", 25 },
	{ "abc = \xc3\xb6", true, 0, "=?UTF-8?Q?abc_=3D_=C3=B6?=", 26 },
	{ "\xc3\xb6\xc3\xb6", false, 0, "=?UTF-8?B?w7bDtg==?=", 20 },
	{ "a, b.c (\xc3\xb6)", true, 0, "=?UTF-8?Q?a,_b.c_(=C3=B6)?=", 27 },
	{ "a, \xc3\xb6 \"b\"", false, 0, "=?UTF-8?B?YSwgw7YgImIi?=", 24 },
	{ "Gr\xc3\xb6\xc3\x9f"
	  "e_=?",
	    true, 0, "=?UTF-8?B?R3LDtsOfZV89Pw==?=", 28 },
};

START_TEST(encodes_words)
{
	struct buf b;
	size_t column;

	buf_init(&b, SIZE_MAX);
	column = lex_add_encoded(&b, words[_i].text, strlen(words[_i].text),
	    words[_i].in_text, words[_i].column);
	ck_assert_str_eq(b.data, words[_i].want);
	ck_assert_uint_eq(column, words[_i].want_column);
	buf_clear(&b);
}
END_TEST

START_TEST(encodes_anything)
{
	char text[200];
	struct buf b;

	memset(text, 0x80, sizeof(text));
	buf_init(&b, SIZE_MAX);
	lex_add_encoded(&b, text, sizeof(text), false, 0);
	ck_assert_uint_gt(b.len, sizeof(text));
	ck_assert_int_eq(strncmp(b.data, "=?unknown-8bit?B?", 17), 0);
	buf_clear(&b);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(
	    tc, cuts_tokens, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, bounds_comments);
	tcase_add_test(tc, shows_phrases);
	tcase_add_test(tc, quotes);
	tcase_add_test(tc, knows_dot_atoms);
	tcase_add_loop_test(tc, knows_encoded_words, 0,
	    (int)(sizeof(encoded) / sizeof(encoded[0])));
	tcase_add_loop_test(
	    tc, encodes_words, 0, (int)(sizeof(words) / sizeof(words[0])));
	tcase_add_test(tc, encodes_anything);
}

int
main(void)
{
	return unit_main("lex", add);
}
