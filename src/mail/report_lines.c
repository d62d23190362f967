/* SPDX-License-Identifier: ISC */
/*
 * report_lines: fields and paragraphs, folded. What comes from others has its
 * controls masked here, so that it can neither end a line nor begin one.
 */
#include "mail/report_part.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "mail/field.h"

enum {
	REPORT_WIDTH = 78,   /* of a line, where its words allow (RFC 5322) */
	REPORT_QP_WIDTH = 75 /* and the "=" of a soft line end (RFC 2045) */
};

void
report_flush(struct report_out *o)
{
	if (o->error == 0 && o->sink->write(o->sink, o->b.data, o->b.len) != 0)
		o->error = errno;
	buf_reset(&o->b);
}

void
report_make_ascii(struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++)
		if ((unsigned char)b->data[i] > 127)
			b->data[i] = '?';
}

/*
 * How much of s[0..n) goes on a line with that much room: all, or what stands
 * before a blank; a word that is longer gets a longer line, and one that no
 * line could take is cut, between characters.
 */
static size_t
report_piece(const char *s, size_t n, size_t room)
{
	size_t end;

	if (n <= room)
		return n;
	for (end = room; end > 0; end--)
		if (s[end] == ' ' && s[end + 1] != ' ')
			return end;
	for (end = room + 1; end < n && end < REPORT_WORD_MAX; end++)
		if (s[end] == ' ' && s[end + 1] != ' ')
			return end;
	while (end < n && ((unsigned char)s[end] & 0xc0) == 0x80)
		end--;
	return end;
}

void
report_field(struct report_out *o, const char *name, const char *value)
{
	size_t room = REPORT_WIDTH - strlen(name) - 2;
	struct buf safe;
	size_t at, len;

	buf_init(&safe, REPORT_VALUE_MAX);
	text_add_safe(&safe, value, strlen(value), REPORT_VALUE_MAX);
	buf_add_fmt(&o->b, "%s: ", name);
	for (at = 0; at < safe.len; at += len) {
		if (at > 0)
			buf_add_str(
			    &o->b, safe.data[at] == ' ' ? "\r\n" : "\r\n ");
		len = report_piece(safe.data + at, safe.len - at, room);
		buf_add(&o->b, safe.data + at, len);
		room = REPORT_WIDTH - 1;
	}
	buf_add_str(&o->b, "\r\n");
	buf_clear(&safe);
}

void
report_date_field(struct report_out *o, const char *name, int64_t when)
{
	buf_add_fmt(&o->b, "%s: ", name);
	field_add_date(&o->b, when);
	buf_add_str(&o->b, "\r\n");
}

void
report_status_field(
    struct report_out *o, const char *name, const char *type, const char *value)
{
	struct buf b;

	buf_init(&b, REPORT_VALUE_MAX);
	buf_add_fmt(&b, "%s; %s", type, value);
	report_make_ascii(&b);
	report_field(o, name, b.data);
	buf_clear(&b);
}

void
report_line(struct report_out *o, const char *s, size_t n)
{
	size_t width = 0, i;
	bool plain;

	for (i = 0; i < n; i++) {
		plain =
		    !o->quoted || (s[i] >= ' ' && s[i] < 127 && s[i] != '=');
		if (o->quoted && width + (plain ? 1 : 3) > REPORT_QP_WIDTH) {
			buf_add_str(&o->b, "=\r\n");
			width = 0;
		}
		if (plain)
			buf_add_char(&o->b, s[i]);
		else
			buf_add_fmt(&o->b, "=%02X", (unsigned char)s[i]);
		width += plain ? 1 : 3;
	}
	buf_add_str(&o->b, "\r\n");
}

void
report_say(struct report_out *o, int indent)
{
	size_t width = o->quoted ? REPORT_QP_WIDTH : REPORT_WIDTH;
	struct buf safe, line;
	size_t at, len;

	buf_init(&safe, REPORT_VALUE_MAX);
	buf_init(&line, REPORT_VALUE_MAX);
	text_add_safe(&safe, o->words.data, o->words.len, REPORT_VALUE_MAX);
	for (at = 0; at < safe.len; at += len) {
		at += safe.data[at] == ' ' ? 1 : 0;
		len = report_piece(
		    safe.data + at, safe.len - at, width - (size_t)indent);
		buf_reset(&line);
		buf_add_fmt(
		    &line, "%*s%.*s", indent, "", (int)len, safe.data + at);
		report_line(o, line.data, line.len);
	}
	buf_clear(&line);
	buf_clear(&safe);
	buf_reset(&o->words);
}

void
report_say_text(struct report_out *o, int indent, const char *text)
{
	buf_add_str(&o->words, text);
	report_say(o, indent);
}
