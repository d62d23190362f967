/* SPDX-License-Identifier: ISC */
/*
 * field: parameters that are not ASCII, as RFC 2231 has them:
 *
 *	filename="Größe.txt"  ->  filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt
 *
 * and, where that is too long for a line, in sections name*0*, name*1*, ..
 */
#include "mail/field_part.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "mail/lex.h"

enum {
	FIELD_PARAM_LINE = 76, /* octets that we fill of a line */
	FIELD_SECTION_MIN = 16 /* octets of a section behind a long name */
};

/* A parameter's name, and its value without quotes. */
struct field_param {
	size_t name_len;
	struct buf value;
	size_t end; /* behind the value */
};

/* Octets of the parameter name in front of s: a token without '*'. */
static size_t
field_param_name(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] >= 127 ||
		    strchr("()<>@,;:\\\"/[]?=*'%", s[i]) != NULL)
			break;
	return i;
}

/* Read "name = value" in s[0..n); false if it is none. */
static bool
field_read_param(struct field_param *p, const char *s, size_t n)
{
	size_t i = p->name_len = field_param_name(s, n);

	while (i < n && field_is_space(s[i]))
		i++;
	if (p->name_len == 0 || i == n || s[i] != '=')
		return false;
	for (i++; i < n && field_is_space(s[i]);)
		i++;
	if (i == n)
		return false;
	if (s[i] == '"') {
		p->end = lex_closed_end(s, i, n);
		lex_add_unquoted(&p->value, s, (struct lex_span){ i, p->end });
		return true;
	}
	p->end = n;
	while (field_is_space(s[p->end - 1]))
		p->end--;
	for (; i < p->end; i++)
		if (s[i] != '\r' && s[i] != '\n')
			buf_add_char(&p->value, s[i]);
	return true;
}

/* May it stand for itself in a value (RFC 2231, 7: attribute-char)? */
static bool
field_is_attribute_char(char c)
{
	return text_is_alnum(c) ||
	       (c > ' ' && c < 127 && strchr("!#$&+-.^_`{|}~", c) != NULL);
}

static void
field_add_octets(struct buf *b, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (field_is_attribute_char(s[i]))
			buf_add_char(b, s[i]);
		else
			buf_add_fmt(b, "%%%02X", (unsigned char)s[i]);
	}
}

/*
 * Add characters of the value from its octet at on to line, as many as fit, but
 * some in any case. Returns where they end.
 */
static size_t
field_add_section(struct buf *line, const struct buf *value, size_t at)
{
	size_t begin = line->len;
	size_t length, before;

	while (at < value->len) {
		length = lex_char_length(value->data + at, value->len - at);
		length = length > 0 ? length : 1;
		before = line->len;
		field_add_octets(line, value->data + at, length);
		if (line->len + 2 > FIELD_PARAM_LINE &&
		    before - begin >= FIELD_SECTION_MIN) {
			line->len = before; /* it begins the next one */
			break;
		}
		at += length;
	}
	return at;
}

/* Write the parameter name[0..n) with a value that is not ASCII. */
static void
field_write_param(
    struct field_writer *w, const char *name, size_t n, const struct buf *value)
{
	const char *charset =
	    text_is_utf8(value->data, value->len) ? "UTF-8" : "unknown-8bit";
	struct buf line;
	size_t section = 0, at = 0;

	buf_init(&line, SIZE_MAX);
	buf_add(&line, name, n);
	buf_add_fmt(&line, "*=%s''", charset);
	field_add_octets(&line, value->data, value->len);
	if (line.len + 2 <= FIELD_PARAM_LINE) {
		field_write_space(w, " ", 1, line.len + 1, true);
		field_write(w, line.data, line.len);
		at = value->len;
	}
	for (; at < value->len; section++) {
		buf_reset(&line);
		buf_add(&line, name, n);
		buf_add_fmt(&line, "*%zu*=", section);
		if (section == 0)
			buf_add_fmt(&line, "%s''", charset);
		at = field_add_section(&line, value, at);
		field_write(w, "\r\n ", 3);
		field_write(w, line.data, line.len);
		if (at < value->len)
			field_write(w, ";", 1);
	}
	buf_clear(&line);
}

/*
 * What is between two semicolons. Where it is not ASCII and no parameter, and
 * in the first of a value (the type), there are no words.
 */
static void
field_write_part(struct field_writer *w, const char *s, size_t n, bool first)
{
	struct field_param p = { 0 };
	size_t at = 0;

	while (at < n && field_is_space(s[at]))
		at++;
	buf_init(&p.value, SIZE_MAX);
	if (!first && !text_is_ascii(s, n) &&
	    field_read_param(&p, s + at, n - at) &&
	    !text_is_ascii(p.value.data, p.value.len)) {
		field_write_param(w, s + at, p.name_len, &p.value);
		at += p.end;
		field_write_marks(w, s + at, n - at);
	} else
		field_write_marks(w, s, n);
	buf_clear(&p.value);
}

void
field_write_params(struct field_writer *w, const char *s, size_t n)
{
	size_t from = 0, i = 0;
	bool first = true;

	while (i < n) {
		if (s[i] == '"' || s[i] == '(') {
			i = lex_closed_end(s, i, n);
			continue;
		}
		if (s[i++] != ';')
			continue;
		field_write_part(w, s + from, i - 1 - from, first);
		field_write(w, ";", 1);
		from = i;
		first = false;
	}
	field_write_part(w, s + from, n - from, first);
}
