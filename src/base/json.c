/* SPDX-License-Identifier: ISC */
/*
 * json: the door to jansson.
 *
 * What passes here may hold tokens and client secrets. jansson allocates
 * through json_claim() and json_release(), which wipe memory before it is
 * given back; each block has its size in front for that.
 */

#include "base/json.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "base/text.h"

enum { JSON_DEPTH_MAX = 32 };

struct json {
	json_t *root;
};

union json_block {
	size_t size;
	max_align_t align;
};

static void *
json_claim(size_t size)
{
	union json_block *block;

	if (size > SIZE_MAX - sizeof(*block))
		return NULL;
	block = mem_new(1, sizeof(*block) + size);
	block->size = size;
	return block + 1;
}

static void
json_release(void *p)
{
	union json_block *block = p;

	if (p == NULL)
		return;
	block--;
	buf_wipe(block, sizeof(*block) + block->size);
	free(block);
}

/* To be called before anything else of jansson; may be called again. */
static void
json_begin(void)
{
	json_set_alloc_funcs(json_claim, json_release);
}

static struct json *
json_wrap(json_t *root)
{
	struct json *j = mem_new(1, sizeof(*j));

	j->root = root;
	return j;
}

/*
 * Is it nested deeper than we allow? jansson's own limit is a fixed one and
 * too high. Counts brackets outside strings, so it need not be valid.
 */
static bool
json_is_deep(const char *p, size_t n)
{
	bool in_string = false;
	size_t depth = 0, i;

	for (i = 0; i < n; i++) {
		if (in_string && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			in_string = !in_string;
		else if (in_string)
			continue;
		else if (p[i] == '{' || p[i] == '[')
			depth++;
		else if ((p[i] == '}' || p[i] == ']') && depth > 0)
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

/* jansson's own words quote the input. */
static const char *
json_reason(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_premature_end_of_input:
		return "it ends too early";
	case json_error_end_of_input_expected:
		return "something follows the object";
	case json_error_invalid_utf8:
		return "not valid UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a string holds a NUL character";
	case json_error_numeric_overflow:
		return "a number is too large";
	default:
		return "not valid JSON";
	}
}

/*
 * Write 9e99 over each number outside strings that no double holds (1e400):
 * whoever reads it as an integer gets the same. None of these is shorter, and
 * what is left of it becomes blanks.
 */
static void
json_tame_numbers(char *p, size_t n)
{
	bool in_string = false;
	size_t i, len, sign;
	char *end;

	for (i = 0; i < n; i += len) {
		len = in_string && p[i] == '\\' ? 2 : 1;
		if (p[i] == '"')
			in_string = !in_string;
		if (in_string || (p[i] != '-' && !text_is_digit(p[i])))
			continue;
		len = strspn(p + i, "+-.0123456789Ee");
		if (!isinf(strtod(p + i, &end)) || end != p + i + len)
			continue;
		sign = p[i] == '-';
		memset(p + i + sign, ' ', len - sign);
		memcpy(p + i + sign, "9e99", 4);
	}
}

/*
 * A number that is too large is no fault: it is clamped when read. Once more,
 * then, with all integers as reals, and reals as large as they can be.
 */
static json_t *
json_load_large(const char *p, size_t n, json_error_t *error)
{
	json_t *root;
	char *text;

	root = json_loadb(p, n, JSON_DECODE_INT_AS_REAL, error);
	if (root != NULL ||
	    json_error_code(error) != json_error_numeric_overflow)
		return root;
	text = mem_dup_n(p, n);
	json_tame_numbers(text, n);
	root = json_loadb(text, n, JSON_DECODE_INT_AS_REAL, error);
	buf_wipe(text, n);
	free(text);
	return root;
}

int
json_parse(const char *p, size_t n, struct json **out, struct err *e)
{
	static const char mark[3] = { '\xef', '\xbb', '\xbf' };
	json_error_t error;
	json_t *root;

	json_begin();
	if (n >= sizeof(mark) && memcmp(p, mark, sizeof(mark)) == 0) {
		p += sizeof(mark);
		n -= sizeof(mark);
	}
	if (json_is_deep(p, n))
		return err_set(e, EX_DATAERR,
		    "json: input: nested deeper than %d", JSON_DEPTH_MAX);
	root = json_loadb(p, n, 0, &error);
	if (root == NULL &&
	    json_error_code(&error) == json_error_numeric_overflow)
		root = json_load_large(p, n, &error);
	if (root == NULL)
		return err_set(e, EX_DATAERR, "json: line %d, column %d: %s",
		    error.line, error.column, json_reason(&error));
	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(e, EX_DATAERR, "json: input: not an object");
	}
	*out = json_wrap(root);
	return 0;
}

struct json *
json_new(void)
{
	json_begin();
	return json_wrap(json_object());
}

void
json_free(struct json *j)
{
	if (j == NULL)
		return;
	json_decref(j->root);
	free(j);
}

const char *
json_get_string(const struct json *j, const char *key)
{
	return json_string_value(json_object_get(j->root, key));
}

static int64_t
json_clamp(double value)
{
	/* 2^63, which a double holds exactly, unlike INT64_MAX. */
	const double end = 9223372036854775808.0;

	if (value >= end)
		return INT64_MAX;
	return value <= -end ? INT64_MIN : (int64_t)value;
}

/* A string of digits, and nothing else, of any length. */
static bool
json_read_digits(const char *s, int64_t *out)
{
	uint64_t n;

	if (*s == '\0' || s[strspn(s, "0123456789")] != '\0')
		return false;
	if (!text_parse_uint(s, INT64_MAX, &n))
		n = INT64_MAX;
	*out = (int64_t)n;
	return true;
}

bool
json_get_number(const struct json *j, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(j->root, key);

	if (json_is_integer(value))
		*out = json_integer_value(value);
	else if (json_is_real(value))
		*out = json_clamp(json_real_value(value));
	else if (json_is_string(value))
		return json_read_digits(json_string_value(value), out);
	else
		return false;
	return true;
}

bool
json_get_bool(const struct json *j, const char *key)
{
	return json_is_true(json_object_get(j->root, key));
}

const char *
json_get_text(const struct json *j, const char *key, size_t i)
{
	const json_t *value = json_object_get(j->root, key);

	if (json_is_array(value))
		return json_string_value(json_array_get(value, i));
	return i == 0 ? json_string_value(value) : NULL;
}

bool
json_has(const struct json *j, const char *key)
{
	return json_object_get(j->root, key) != NULL;
}

/* A string; octets that are not UTF-8, which jansson refuses, are masked. */
static json_t *
json_make_string(const char *value)
{
	size_t n = strlen(value);
	struct buf safe;
	json_t *made;

	if (text_is_utf8(value, n))
		return json_stringn(value, n);
	buf_init(&safe, SIZE_MAX);
	text_add_safe(&safe, value, n, SIZE_MAX);
	made = json_stringn(safe.data, safe.len);
	buf_clear(&safe);
	return made;
}

void
json_set_string(struct json *j, const char *key, const char *value)
{
	json_object_set_new(j->root, key, json_make_string(value));
}

void
json_set_number(struct json *j, const char *key, int64_t value)
{
	json_object_set_new(j->root, key, json_integer(value));
}

void
json_set_bool(struct json *j, const char *key, bool value)
{
	json_object_set_new(j->root, key, json_boolean(value));
}

/* What child holds, without the child: whoever takes it owns it. */
static json_t *
json_unwrap(struct json *child)
{
	json_t *root = child->root;

	free(child);
	return root;
}

/* Takes value. A member of that name that is no array is our own fault. */
static void
json_append(struct json *j, const char *key, json_t *value)
{
	json_t *array = json_object_get(j->root, key);

	if (array == NULL) {
		array = json_array();
		json_object_set_new(j->root, key, array);
	}
	err_bug_if(json_array_append_new(array, value) != 0);
}

void
json_set_object(struct json *j, const char *key, struct json *child)
{
	err_bug_if(child == j);
	json_object_set_new(j->root, key, json_unwrap(child));
}

void
json_append_object(struct json *j, const char *key, struct json *child)
{
	err_bug_if(child == j);
	json_append(j, key, json_unwrap(child));
}

void
json_append_string(struct json *j, const char *key, const char *value)
{
	json_append(j, key, json_make_string(value));
}

void
json_add_to(struct buf *b, const struct json *j)
{
	char *s = json_dumps(j->root, JSON_COMPACT);

	if (s != NULL)
		buf_add_str(b, s);
	json_release(s);
}
