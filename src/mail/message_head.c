/* SPDX-License-Identifier: ISC */
/*
 * message_head: the header, read and written.
 *
 * It is read line by line. Lines may have any length and may come an octet at
 * a time, so a line that is not whole yet is judged as soon as it has more
 * octets than a field name may have: text without a header and without line
 * ends must not pile up in memory.
 */
#include "mail/message_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum message_line {
	MESSAGE_LINE_FIELD,
	MESSAGE_LINE_MORE,  /* continues the field before it */
	MESSAGE_LINE_BLANK, /* ends the header */
	MESSAGE_LINE_DOT,   /* ends the message */
	MESSAGE_LINE_MBOX,  /* see message_is_mbox() */
	MESSAGE_LINE_BODY   /* none of these: the first line of the body */
};

/* What is known while the header is read. */
struct message_head {
	struct message *m;
	struct stream_source *in;
	char *name;	  /* of the field that the next line may continue */
	struct buf value; /* of that field, as far as it goes */
	size_t at;	  /* in m->pending: where the current line begins */
	size_t searched;  /* octets of that line without a line feed */
	size_t size;	  /* octets of the fields as they will be written */
	bool done;
};

/* The field that is being read, if any, is complete. */
static void
message_end_field(struct message_head *h)
{
	if (h->name == NULL)
		return;
	message_add_field(h->m, h->name, mem_dup_n(h->value.data, h->value.len),
	    h->value.len);
	h->name = NULL;
	buf_reset(&h->value);
}

/*
 * Append a line's octets to the current value, and count what is kept of them:
 * a bare CR becomes a blank, a NUL nothing.
 */
static void
message_add_value(struct message_head *h, const char *p, size_t n)
{
	size_t i = h->value.len;
	size_t j;

	if (memchr(p, '\0', n) == NULL) {
		buf_add(&h->value, p, n);
	} else {
		for (j = 0; j < n; j++) {
			if (p[j] != '\0')
				buf_add_char(&h->value, p[j]);
		}
	}
	h->size -= n - (h->value.len - i);
	for (; i < h->value.len; i++) {
		if (h->value.data[i] != '\r')
			continue;
		h->value.data[i] = ' ';
		h->m->facts.bare_cr = true;
	}
}

/* Count octets of the header, which is bounded. */
static int
message_count_head(struct message_head *h, size_t n, struct err *e)
{
	h->size += n;
	if (h->size > MESSAGE_MAX_HEAD)
		return err_set(e, EX_DATAERR,
		    "message: header: longer than %d octets", MESSAGE_MAX_HEAD);
	return 0;
}

static int
message_begin_field(
    struct message_head *h, const char *line, size_t n, struct err *e)
{
	size_t value;
	size_t length = field_name_length(line, n, &value);
	int code;

	message_end_field(h);
	if (h->m->n == MESSAGE_MAX_FIELDS)
		return err_set(e, EX_DATAERR,
		    "message: header: more than %d fields", MESSAGE_MAX_FIELDS);
	code = message_count_head(h, length + 1 + n - value + 2, e);
	if (code != 0)
		return code;
	h->name = mem_dup_n(line, length);
	message_add_value(h, line + value, n - value);
	return 0;
}

/*
 * Add a folded line to the current field. A fold before a line of nothing but
 * blanks is not kept: to some servers that line would end the header.
 */
static int
message_continue_field(
    struct message_head *h, const char *line, size_t n, struct err *e)
{
	size_t blanks = 0;
	int code;

	while (blanks < n && strchr(" \t\r", line[blanks]) != NULL)
		blanks++; /* NUL octets, too: they will be gone */
	code = message_count_head(h, blanks < n ? n + 2 : n, e);
	if (code != 0)
		return code;
	if (blanks < n)
		buf_add_str(&h->value, "\r\n");
	message_add_value(h, line, n);
	return 0;
}

/* A separator of mbox files, or one that a program has quoted. */
static bool
message_is_mbox(const char *line, size_t n)
{
	if (n > 0 && line[0] == '>') {
		line++;
		n--;
	}
	return n >= 5 && memcmp(line, "From ", 5) == 0;
}

/* What is this line of n octets, without its end? If !whole, more comes. */
static enum message_line
message_judge_line(
    const struct message_head *h, const char *line, size_t n, bool whole)
{
	size_t crs = 0, value;

	while (whole && crs < n && line[crs] == '\r')
		crs++;
	if (whole && crs == n) /* lines that someone ended with CR CR LF */
		return MESSAGE_LINE_BLANK;
	if (whole && n == 1 && line[0] == '.' && h->m->how.dot_ends)
		return MESSAGE_LINE_DOT;
	if (h->name != NULL && (text_is_blank(line[0]) || line[0] == '\r'))
		return MESSAGE_LINE_MORE;
	if (field_name_length(line, n, &value) > 0)
		return MESSAGE_LINE_FIELD;
	if (whole && h->m->lines == 0 && message_is_mbox(line, n))
		return MESSAGE_LINE_MBOX;
	return MESSAGE_LINE_BODY;
}

/* Take a whole line of n octets, without its end of end octets. */
static int
message_take_line(struct message_head *h, const char *line, size_t n,
    size_t end, struct err *e)
{
	struct message *m = h->m;
	enum message_line kind = message_judge_line(h, line, n, true);
	int code = 0;

	if (kind == MESSAGE_LINE_FIELD)
		code = message_begin_field(h, line, n, e);
	else if (kind == MESSAGE_LINE_MORE)
		code = message_continue_field(h, line, n, e);
	else if (kind != MESSAGE_LINE_MBOX)
		h->done = true;
	if (kind == MESSAGE_LINE_BODY)
		return 0;
	m->lines++;
	h->at += n + end;
	h->searched = 0;
	if (kind == MESSAGE_LINE_DOT) {
		m->ended = true;
		h->at = m->pending.len;
	}
	return code;
}

/* Read what comes next behind what is pending. */
static int
message_fill(struct message_head *h, struct err *e)
{
	struct message *m = h->m;
	char chunk[MESSAGE_CHUNK / 4];
	ssize_t n;

	buf_drop(&m->pending, h->at);
	h->at = 0;
	n = h->in->read(h->in, chunk, sizeof(chunk));
	if (n < 0)
		return err_set_errno(
		    e, EX_NOINPUT, errno, "message: cannot be read");
	if (n == 0)
		m->ended = true;
	buf_add(&m->pending, chunk, (size_t)n);
	return 0;
}

/* Take one line, or read more of it. */
static int
message_read_line(struct message_head *h, struct err *e)
{
	struct message *m = h->m;
	const char *line = m->pending.data + h->at;
	size_t n = m->pending.len - h->at;
	const char *lf = memchr(line + h->searched, '\n', n - h->searched);

	if (lf != NULL) {
		n = (size_t)(lf - line);
		if (n > 0 && line[n - 1] == '\r')
			return message_take_line(h, line, n - 1, 2, e);
		return message_take_line(h, line, n, 1, e);
	}
	if (m->ended && n > 0)
		return message_take_line(h, line, n, 0, e);
	h->searched = n;
	h->done =
	    m->ended || (n > FIELD_MAX_NAME && message_judge_line(h, line, n,
						   false) == MESSAGE_LINE_BODY);
	if (h->done)
		return 0;
	if (n > MESSAGE_MAX_HEAD)
		return message_count_head(h, n, e);
	return message_fill(h, e);
}

int
message_read_head(struct message *m, const struct message_reading *how,
    struct stream_source *in, struct err *e)
{
	struct message_head h = { .m = m, .in = in };
	int code = 0;

	m->how = *how;
	buf_init(&m->pending, MESSAGE_MAX_HEAD + MESSAGE_CHUNK);
	buf_init(&h.value, MESSAGE_MAX_HEAD);
	while (code == 0 && !h.done)
		code = message_read_line(&h, e);
	message_end_field(&h);
	buf_drop(&m->pending, h.at);
	buf_clear(&h.value);
	m->facts.size = h.size + 2; /* the blank line */
	return code;
}

/* Write what is in b, and empty it. */
static int
message_write_buf(struct buf *b, struct stream_sink *out, struct err *e)
{
	if (out->write(out, b->data, b->len) != 0)
		return err_set_errno(
		    e, EX_IOERR, errno, "message: cannot be written");
	buf_reset(b);
	return 0;
}

int
message_write_head(
    const struct message *m, struct stream_sink *out, struct err *e)
{
	const struct field *f;
	struct buf b;
	int code = 0;
	size_t i;

	buf_init(&b, SIZE_MAX);
	for (i = 0; i < m->n && code == 0; i++) {
		f = &m->v[i];
		buf_add_str(&b, f->name);
		buf_add_char(&b, ':');
		buf_add(&b, f->value, f->value_len);
		buf_add_str(&b, "\r\n");
		if (b.len >= MESSAGE_CHUNK)
			code = message_write_buf(&b, out, e);
	}
	buf_add_str(&b, "\r\n");
	if (code == 0)
		code = message_write_buf(&b, out, e);
	buf_clear(&b);
	return code;
}
