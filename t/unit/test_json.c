/* SPDX-License-Identifier: ISC */
/* Test base/json: bounded reading, typed getters, one-line writing. */

#include "base/json.h"

#include <signal.h>
#include <string.h>

#include "aid.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

static struct json *
parsed(const char *text)
{
	struct err e = ERR_NONE;
	struct json *j = NULL;

	ck_assert_msg(
	    json_parse(text, strlen(text), &j, &e) == 0, "%s", e.text);
	ck_assert_ptr_nonnull(j);
	ck_assert_int_eq(e.code, 0);
	return j;
}

static const struct {
	const char *label;
	const char *text;
	const char *reason;
} bad_cases[] = {
	{ "nothing", "", "line 1, column 0: it ends too early" },
	{ "blanks", " \n", "line 2, column 0: it ends too early" },
	{ "open", "{\"secret\": ", "it ends too early" },
	{ "open string", "{\"secret\": \"hush", "it ends too early" },
	{ "array", "[\"secret\"]", "not an object" },
	{ "string", "\"secret\"", "not valid JSON" },
	{ "two", "{}\n{\"secret\":1}", "line 2, column 1: something follows" },
	{ "no JSON", "<html>secret", "line 1, column 1: not valid JSON" },
	{ "comment", "{} // secret", "something follows the object" },
	{ "comma", "{\"secret\":1,}", "column 13: not valid JSON" },
	{ "single quotes", "{'secret':1}", "not valid JSON" },
	{ "line end in string", "{\"a\":\"secret\n\"}", "not valid JSON" },
	{ "NUL in string", "{\"a\":\"secret\\u0000x\"}", "NUL character" },
	{ "NUL in key", "{\"secret\\u0000\":1}", "NUL character" },
	{ "not UTF-8", "{\"a\":\"secret\xff\"}", "not valid UTF-8" },
	{ "half a surrogate", "{\"a\":\"secret\\ud800\"}", "not valid JSON" },
	{ "number", "{\"secret\":01}", "not valid JSON" },
	{ "NaN", "{\"secret\":NaN}", "not valid JSON" },
	{ "huge, and more behind it", "{\"secret\":1e999e9}",
	    "a number is too large" },
};

START_TEST(bad_input_is_located_not_quoted)
{
	struct err e = ERR_NONE;
	struct json *j = NULL;
	const char *label = bad_cases[_i].label;

	ck_assert_msg(json_parse(bad_cases[_i].text, strlen(bad_cases[_i].text),
			  &j, &e) == EX_DATAERR,
	    "%s", label);
	ck_assert_int_eq(e.code, EX_DATAERR);
	ck_assert_msg(j == NULL, "%s", label);
	ck_assert_msg(strstr(e.text, bad_cases[_i].reason) != NULL, "%s: %s",
	    label, e.text);
	ck_assert_msg(strncmp(e.text, "json: ", 6) == 0, "%s", e.text);
	ck_assert_msg(strstr(e.text, "secret") == NULL, "%s", e.text);
}
END_TEST

START_TEST(raw_nul_is_refused)
{
	static const char text[] = "{\"a\":\"x\0y\"}";
	struct err e = ERR_NONE;
	struct json *j = NULL;

	ck_assert_int_eq(
	    json_parse(text, sizeof(text) - 1, &j, &e), EX_DATAERR);
	ck_assert_ptr_null(j);
}
END_TEST

START_TEST(mark_is_skipped_once)
{
	struct json *j = parsed("\xef\xbb\xbf{\"a\":\"b\"}");
	const char *twice = "\xef\xbb\xbf\xef\xbb\xbf{}";

	ck_assert_str_eq(json_get_string(j, "a"), "b");
	json_free(j);
	ck_assert_int_eq(
	    json_parse(twice, strlen(twice), &j, NULL), EX_DATAERR);
}
END_TEST

/* An object that holds arrays, depth levels in all. */
static void
nest(struct buf *b, int depth)
{
	int i;

	buf_reset(b);
	buf_add_str(b, "{\"a\":");
	for (i = 1; i < depth; i++)
		buf_add_char(b, '[');
	for (i = 1; i < depth; i++)
		buf_add_char(b, ']');
	buf_add_char(b, '}');
}

START_TEST(depth_is_bounded)
{
	struct err e = ERR_NONE;
	struct json *j;
	struct buf b;

	buf_init(&b, 1024);
	nest(&b, 32);
	json_free(parsed(b.data));
	nest(&b, 33);
	ck_assert_int_eq(json_parse(b.data, b.len, &j, &e), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "nested deeper than 32"));
	buf_clear(&b);
}
END_TEST

START_TEST(brackets_in_strings_do_not_nest)
{
	struct json *j = parsed("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
				"\\\"{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{\","
				"\"b\":[],\"c\":[],\"d\":{}}");

	ck_assert(json_has(j, "d"));
	json_free(j);
}
END_TEST

START_TEST(strings_are_strings)
{
	struct json *j =
	    parsed("{\"s\":\"a\\u00fc\\n\",\"e\":\"\",\"n\":1,\"t\":true,"
		   "\"z\":null,\"o\":{\"s\":\"inner\"},\"l\":[\"x\"]}");

	ck_assert_str_eq(json_get_string(j, "s"), "a\xc3\xbc\n");
	ck_assert_str_eq(json_get_string(j, "e"), "");
	ck_assert_ptr_null(json_get_string(j, "n"));
	ck_assert_ptr_null(json_get_string(j, "t"));
	ck_assert_ptr_null(json_get_string(j, "z"));
	ck_assert_ptr_null(json_get_string(j, "o"));
	ck_assert_ptr_null(json_get_string(j, "l"));
	ck_assert_ptr_null(json_get_string(j, "S"));
	ck_assert(json_has(j, "z"));
	ck_assert(json_has(j, "o"));
	ck_assert(!json_has(j, "inner"));
	json_free(j);
	json_free(NULL);
}
END_TEST

static const struct {
	const char *value;
	bool ok;
	int64_t n;
} number_cases[] = {
	{ "3600", true, 3600 },
	{ "-5", true, -5 },
	{ "0", true, 0 },
	{ "3599.9", true, 3599 },
	{ "-1.5", true, -1 },
	{ "1e3", true, 1000 },
	{ "9223372036854775807", true, INT64_MAX },
	{ "-9223372036854775808", true, INT64_MIN },
	{ "9223372036854775808", true, INT64_MAX },
	{ "-99999999999999999999", true, INT64_MIN },
	{ "1e400", true, INT64_MAX },
	{ "-1e400", true, INT64_MIN },
	{ "123.5E+99999", true, INT64_MAX },
	{ "[\"1e400\\\"1e400\", 1e999]", false, 0 },
	{ "1e300", true, INT64_MAX },
	{ "-1e300", true, INT64_MIN },
	{ "\"3600\"", true, 3600 },
	{ "\"0\"", true, 0 },
	{ "\"99999999999999999999\"", true, INT64_MAX },
	{ "\"\"", false, 0 },
	{ "\"-1\"", false, 0 },
	{ "\"3600.0\"", false, 0 },
	{ "\" 1\"", false, 0 },
	{ "\"1s\"", false, 0 },
	{ "true", false, 0 },
	{ "null", false, 0 },
	{ "[1]", false, 0 },
	{ "{}", false, 0 },
};

START_TEST(numbers_are_read_as_written)
{
	const char *value = number_cases[_i].value;
	struct json *j;
	struct buf b;
	int64_t n = 4711;
	bool ok;

	buf_init(&b, 256);
	buf_add_fmt(&b, "{\"x\":%s,\"k\":\"kept\"}", value);
	j = parsed(b.data);
	ok = json_get_number(j, "x", &n);
	ck_assert_msg(ok == number_cases[_i].ok, "%s", value);
	ck_assert_msg(
	    n == (ok ? number_cases[_i].n : 4711), "%s: %jd", value, n);
	ck_assert(!json_get_number(j, "absent", &n));
	ck_assert_str_eq(json_get_string(j, "k"), "kept");
	json_free(j);
	buf_clear(&b);
}
END_TEST

START_TEST(only_true_is_true)
{
	struct json *j =
	    parsed("{\"t\":true,\"f\":false,\"s\":\"true\",\"n\":1,"
		   "\"z\":null,\"l\":[true],\"o\":{\"t\":true}}");
	static const char *const others[] = { "f", "s", "n", "z", "l", "o",
		"absent", "" };
	size_t i;

	ck_assert(json_get_bool(j, "t"));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_msg(!json_get_bool(j, others[i]), "%s", others[i]);
	json_free(j);
}
END_TEST

START_TEST(texts_are_one_or_many)
{
	struct json *j = parsed(
	    "{\"one\":\"a\",\"many\":[\"b\",\"\",\"c\"],\"none\":[],"
	    "\"mixed\":[\"d\",1,[\"e\"],\"f\"],\"n\":1,\"o\":{\"x\":1}}");

	ck_assert_str_eq(json_get_text(j, "one", 0), "a");
	ck_assert_ptr_null(json_get_text(j, "one", 1));
	ck_assert_str_eq(json_get_text(j, "many", 0), "b");
	ck_assert_str_eq(json_get_text(j, "many", 1), "");
	ck_assert_str_eq(json_get_text(j, "many", 2), "c");
	ck_assert_ptr_null(json_get_text(j, "many", 3));
	ck_assert_ptr_null(json_get_text(j, "many", SIZE_MAX));
	ck_assert_ptr_null(json_get_text(j, "none", 0));
	ck_assert_str_eq(json_get_text(j, "mixed", 0), "d");
	ck_assert_ptr_null(json_get_text(j, "mixed", 1));
	ck_assert_ptr_null(json_get_text(j, "mixed", 2));
	ck_assert_str_eq(json_get_text(j, "mixed", 3), "f");
	ck_assert_ptr_null(json_get_text(j, "n", 0));
	ck_assert_ptr_null(json_get_text(j, "o", 0));
	ck_assert_ptr_null(json_get_text(j, "absent", 0));
	json_free(j);
}
END_TEST

START_TEST(object_is_one_line)
{
	struct json *j = json_new(), *back;
	struct buf b;
	int64_t n;

	buf_init(&b, 1024);
	json_add_to(&b, j);
	ck_assert_str_eq(b.data, "{}");
	buf_reset(&b);
	json_set_string(j, "z", "a \"b\"\n\\/\x01");
	json_set_number(j, "y", INT64_MIN);
	json_set_bool(j, "x", true);
	json_set_bool(j, "w", false);
	json_set_string(j, "v", "M\xc3\xbcnster");
	json_set_string(j, "z", "a \"b\"\n\\/\x02");
	buf_add_str(&b, "> ");
	json_add_to(&b, j);
	ck_assert_str_eq(b.data,
	    "> {\"z\":\"a \\\"b\\\"\\n\\\\/\\u0002\","
	    "\"y\":-9223372036854775808,"
	    "\"x\":true,\"w\":false,\"v\":\"M\xc3\xbcnster\"}");
	back = parsed(b.data + 2);
	ck_assert_str_eq(json_get_string(back, "z"), "a \"b\"\n\\/\x02");
	ck_assert(json_get_number(back, "y", &n));
	ck_assert_int_eq(n, INT64_MIN);
	json_free(back);
	json_free(j);
	buf_clear(&b);
}
END_TEST

START_TEST(bad_octets_are_masked)
{
	struct json *j = json_new();

	json_set_string(j, "a", "x\xff\xfez");
	ck_assert_str_eq(json_get_string(j, "a"), "x??z");
	json_free(j);
}
END_TEST

START_TEST(full_buf_takes_nothing)
{
	struct json *j = json_new();
	struct buf b;

	buf_init(&b, 8);
	buf_add_char(&b, '>');
	json_set_number(j, "a", 12);
	json_add_to(&b, j);
	ck_assert_str_eq(b.data, ">");
	ck_assert(b.full);
	json_free(j);
	buf_clear(&b);
}
END_TEST

/* An object with one number. */
static struct json *
one(const char *key, int64_t n)
{
	struct json *j = json_new();

	json_set_number(j, key, n);
	return j;
}

static void
writes(const struct json *j, const char *want)
{
	struct buf b;

	buf_init(&b, 1024);
	json_add_to(&b, j);
	ck_assert_str_eq(b.data, want);
	buf_clear(&b);
}

START_TEST(objects_hold_objects)
{
	struct json *j = json_new(), *child = one("a", 1);

	json_set_object(child, "in", one("b", 2));
	json_set_object(j, "out", child);
	json_set_number(j, "after", 3);
	writes(j, "{\"out\":{\"a\":1,\"in\":{\"b\":2}},\"after\":3}");
	json_set_object(j, "out", json_new());
	writes(j, "{\"out\":{},\"after\":3}");
	json_set_string(j, "out", "gone");
	writes(j, "{\"out\":\"gone\",\"after\":3}");
	json_free(j);
}
END_TEST

START_TEST(arrays_grow_in_order)
{
	struct json *j = json_new(), *child;

	json_append_object(j, "list", one("n", 1));
	json_append_string(j, "words", "a \"b\"");
	json_append_object(j, "list", one("n", 2));
	child = json_new();
	json_append_string(child, "deep", "x");
	json_append_object(j, "list", child);
	json_append_string(j, "words", "");
	json_append_string(j, "list", "mixed");
	writes(j,
	    "{\"list\":[{\"n\":1},{\"n\":2},{\"deep\":[\"x\"]},\"mixed\"],"
	    "\"words\":[\"a \\\"b\\\"\",\"\"]}");
	json_free(j);
}
END_TEST

START_TEST(bad_octets_in_arrays_are_masked)
{
	struct json *j = json_new();

	json_append_string(j, "a", "x\xff\xfez");
	writes(j, "{\"a\":[\"x??z\"]}");
	json_free(j);
}
END_TEST

static void
append_to_number(void)
{
	struct json *j = one("a", 1);

	json_append_string(j, "a", "x");
}

START_TEST(appending_to_no_array_is_a_bug)
{
	char text[512];
	int status = aid_child(append_to_number, text, sizeof(text));

	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	ck_assert_ptr_nonnull(strstr(text, "json.c"));
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(
	    tc, bad_input_is_located_not_quoted, 0, COUNT(bad_cases));
	tcase_add_test(tc, raw_nul_is_refused);
	tcase_add_test(tc, mark_is_skipped_once);
	tcase_add_test(tc, depth_is_bounded);
	tcase_add_test(tc, brackets_in_strings_do_not_nest);
	tcase_add_test(tc, strings_are_strings);
	tcase_add_loop_test(
	    tc, numbers_are_read_as_written, 0, COUNT(number_cases));
	tcase_add_test(tc, only_true_is_true);
	tcase_add_test(tc, texts_are_one_or_many);
	tcase_add_test(tc, object_is_one_line);
	tcase_add_test(tc, bad_octets_are_masked);
	tcase_add_test(tc, full_buf_takes_nothing);
	tcase_add_test(tc, objects_hold_objects);
	tcase_add_test(tc, arrays_grow_in_order);
	tcase_add_test(tc, bad_octets_in_arrays_are_masked);
	tcase_add_test(tc, appending_to_no_array_is_a_bug);
}

int
main(void)
{
	return unit_main("json", add);
}
