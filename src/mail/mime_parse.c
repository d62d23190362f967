/* SPDX-License-Identifier: ISC */
/*
 * mime_parse: a message as parts, while it comes.
 *
 * A stack holds what is open: the message, a multipart, a part in it .. The top
 * is in its header or in its text. A header is collected, up to MIME_MAX_HEAD
 * octets; behind that, or at a line that is no field, begins its text. Text is
 * passed on as it comes, but for two things: the end of a line, which belongs
 * to the delimiter if one follows (RFC 2046 5.1.1), and a line that begins with
 * two hyphens while a multipart is open, until it is known to be no delimiter.
 *
 * Any multipart that is open may be delimited, the innermost first, so that a
 * part that lacks its end ends with the one around it. The line must be just
 * the delimiter, but for blanks: a boundary may be the beginning of another.
 */
#include "mail/mime_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

struct mime_parser {
	const struct mime_events *on;
	void *ctx;
	bool seven_bit;
	struct mime_part stack[MIME_MAX_DEPTH + 1];
	size_t depth;	   /* of the stack; never 0 until the end */
	size_t n_parts;	   /* so far */
	size_t multiparts; /* open and not closed */
	bool in_head;
	struct buf head;
	size_t line_at;	 /* in head: where the current line begins */
	struct buf held; /* of a line that may be a delimiter */
	bool at_start;	 /* of a line of text */
	bool line_open;	 /* an end of line is not passed on yet */
	bool cr;	 /* a CR came last, and nothing was done with it */
};

static struct mime_part *
mime_top(struct mime_parser *ps)
{
	return &ps->stack[ps->depth - 1];
}

/* A part begins with its header. */
static struct mime_part *
mime_push(struct mime_parser *ps, enum mime_lock lock)
{
	struct mime_part *p = &ps->stack[ps->depth++];

	*p = (struct mime_part){ .number = ps->n_parts++, .lock = lock };
	ps->in_head = true;
	ps->line_at = 0;
	buf_reset(&ps->head);
	return p;
}

static void
mime_pop(struct mime_parser *ps, bool last)
{
	struct mime_part *p = mime_top(ps);

	if (p->head.kind == MIME_MULTIPART && !p->closed)
		ps->multiparts--;
	ps->on->end(ps->ctx, p, ps->depth > 1 ? p - 1 : NULL, last);
	ps->depth--;
}

/* ---- text */

static void
mime_pass_text(struct mime_parser *ps, const char *p, size_t n)
{
	if (ps->line_open)
		ps->on->line_end(ps->ctx, mime_top(ps));
	ps->line_open = false;
	ps->at_start = false;
	ps->on->text(ps->ctx, mime_top(ps), p, n);
}

/* What was held is no delimiter. */
static void
mime_release(struct mime_parser *ps)
{
	mime_pass_text(ps, ps->held.data, ps->held.len);
	buf_reset(&ps->held);
}

static void
mime_take_text(struct mime_parser *ps, const char *p, size_t n)
{
	struct buf *held = &ps->held;

	if (!ps->at_start || ps->multiparts == 0 ||
	    (held->len == 0 && *p != '-')) {
		mime_pass_text(ps, p, n);
		return;
	}
	if (n > MIME_MAX_DELIMITER - held->len ||
	    (held->len < 2 && held->len + n >= 2 && p[1 - held->len] != '-')) {
		if (held->len > 0)
			mime_release(ps);
		mime_pass_text(ps, p, n);
		return;
	}
	buf_add(held, p, n);
}

/* ---- delimiters */

/* Is the line one of p? *close: the last. */
static bool
mime_is_delimiter(
    const struct mime_part *p, const char *line, size_t n, bool *close)
{
	const struct mime_head *h = &p->head;

	if (h->kind != MIME_MULTIPART || p->closed || n < h->boundary_n + 2 ||
	    memcmp(line + 2, h->boundary, h->boundary_n) != 0)
		return false;
	line += h->boundary_n + 2;
	n -= h->boundary_n + 2;
	*close = n >= 2 && line[0] == '-' && line[1] == '-';
	if (*close) {
		line += 2;
		n -= 2;
	}
	while (n > 0 && text_is_blank(*line)) {
		line++;
		n--;
	}
	return n == 0;
}

/* The level of the stack whose delimiter the line is; 0: none. */
static size_t
mime_find_delimiter(
    const struct mime_parser *ps, const char *line, size_t n, bool *close)
{
	size_t i;

	if (ps->multiparts == 0 || n < 3 || line[0] != '-' || line[1] != '-' ||
	    n > MIME_MAX_DELIMITER)
		return 0;
	for (i = ps->depth; i > 0; i--)
		if (mime_is_delimiter(&ps->stack[i - 1], line, n, close))
			break;
	return i;
}

static void
mime_take_delimiter(struct mime_parser *ps, size_t level, bool close,
    const char *line, size_t n)
{
	struct mime_part *p = &ps->stack[level - 1];

	while (ps->depth > level)
		mime_pop(ps, false);
	ps->on->delimiter(ps->ctx, p, line, n, ps->line_open);
	ps->line_open = false;
	ps->at_start = true;
	ps->in_head = false;
	p->delimited = true;
	p->closed = close;
	if (close)
		ps->multiparts--;
	else
		mime_push(ps, p->lock != MIME_FREE ? p->lock : p->head.inside)
		    ->in_digest = p->head.is_digest;
}

/* ---- headers */

/* What cannot be looked into, since there is no room for it, is a leaf. */
static void
mime_limit_depth(struct mime_parser *ps, struct mime_part *p)
{
	if (ps->depth <= MIME_MAX_DEPTH || p->head.kind == MIME_LEAF)
		return;
	p->head.kind = MIME_LEAF;
	if (p->lock == MIME_FREE)
		p->lock = MIME_DEEP;
}

/* Blank lines stand between blocks of fields. */
static void
mime_next_block(struct mime_parser *ps)
{
	enum mime_lock lock = mime_top(ps)->lock;

	mime_pop(ps, false);
	mime_push(ps, lock)->is_block = true;
}

/* The header is whole; the text, or that of the message in it, follows. */
static void
mime_end_head(struct mime_parser *ps, bool blank, bool text_follows)
{
	struct mime_part *p = mime_top(ps);

	mime_head_read(
	    &p->head, ps->head.data, ps->head.len, p->in_digest, ps->seven_bit);
	if (p->is_block)
		p->head.kind = MIME_LEAF;
	mime_limit_depth(ps, p);
	if (p->head.kind == MIME_LEAF && p->head.inside == MIME_PIECE &&
	    p->lock == MIME_FREE)
		p->lock = MIME_PIECE;
	ps->on->head(
	    ps->ctx, p, ps->head.data, ps->head.len, blank, text_follows);
	buf_reset(&ps->head);
	ps->line_at = 0;
	ps->in_head = false;
	ps->at_start = true;
	ps->line_open = false;
	if (p->head.kind == MIME_MULTIPART)
		ps->multiparts++;
	else if (p->head.kind == MIME_MESSAGE)
		mime_push(ps, p->lock)->is_message = true;
	else if (p->head.kind == MIME_BLOCKS)
		mime_push(ps, p->lock)->is_block = true;
	else if (p->is_block && blank)
		mime_next_block(ps);
}

static void mime_take_piece(struct mime_parser *ps, const char *p, size_t n);
static void mime_take_line_end(struct mime_parser *ps);

/* The current line is no field: the text begins with it. A message within has
 * its turn with the line, too, but no more than that. */
static void
mime_begin_text(struct mime_parser *ps, bool whole)
{
	size_t n = ps->head.len - ps->line_at;
	char *line = mem_dup_n(ps->head.data + ps->line_at, n);

	ps->head.len = ps->line_at;
	mime_end_head(ps, false, true);
	mime_take_piece(ps, line, n);
	if (whole)
		mime_take_line_end(ps);
	free(line);
}

/* The separator of an mbox file in front of a message, which can stay? */
static bool
mime_is_mbox(const char *line, size_t n)
{
	size_t i;

	if (n < 5 || n > MESSAGE_MAX_LINE || memcmp(line, "From ", 5) != 0)
		return false;
	for (i = 0; i < n; i++)
		if (line[i] == '\0' || line[i] == '\r' ||
		    (unsigned char)line[i] > 127)
			return false;
	return true;
}

static bool
mime_is_of_head(const struct mime_parser *ps, const char *line, size_t n)
{
	const struct mime_part *p = &ps->stack[ps->depth - 1];
	size_t value;

	if (ps->line_at > 0 && text_is_blank(*line))
		return true;
	return field_name_length(line, n, &value) > 0 ||
	       (ps->line_at == 0 && p->is_message && mime_is_mbox(line, n));
}

/* A line of the header is whole, but for its end. */
static void
mime_take_head_line(struct mime_parser *ps)
{
	const char *line = ps->head.data + ps->line_at;
	size_t n = ps->head.len - ps->line_at;
	size_t level;
	bool close = false;
	char *copy;

	if (n == 0) {
		mime_end_head(ps, true, false);
		return;
	}
	level = mime_find_delimiter(ps, line, n, &close);
	if (level > 0) {
		copy = mem_dup_n(line, n);
		ps->head.len = ps->line_at;
		mime_end_head(ps, false, false);
		mime_take_delimiter(ps, level, close, copy, n);
		free(copy);
	} else if (mime_is_of_head(ps, line, n)) {
		buf_add_str(&ps->head, "\r\n");
		ps->line_at = ps->head.len;
	} else {
		mime_begin_text(ps, true);
	}
}

/* ---- lines */

/* A piece of a line, n > 0 octets. */
static void
mime_take_piece(struct mime_parser *ps, const char *p, size_t n)
{
	if (!ps->in_head) {
		mime_take_text(ps, p, n);
		return;
	}
	buf_add(&ps->head, p, n);
	if (ps->head.len > MIME_MAX_HEAD)
		mime_begin_text(ps, false);
}

static void
mime_take_line_end(struct mime_parser *ps)
{
	size_t level = 0;
	bool close = false;

	if (ps->in_head) {
		mime_take_head_line(ps);
		return;
	}
	if (ps->held.len > 0) {
		level = mime_find_delimiter(
		    ps, ps->held.data, ps->held.len, &close);
		if (level > 0) {
			mime_take_delimiter(
			    ps, level, close, ps->held.data, ps->held.len);
			buf_reset(&ps->held);
			return;
		}
		mime_release(ps);
	}
	if (ps->line_open)
		ps->on->line_end(ps->ctx, mime_top(ps));
	ps->line_open = true;
	ps->at_start = true;
}

void
mime_parser_feed(struct mime_parser *ps, const char *p, size_t n)
{
	const char *end = p + n;
	const char *lf;

	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		n = (size_t)((lf != NULL ? lf : end) - p);
		if (ps->cr && n > 0)
			mime_take_piece(ps, "\r", 1);
		ps->cr = n > 0 && p[n - 1] == '\r';
		if (n > ps->cr)
			mime_take_piece(ps, p, n - ps->cr);
		if (lf == NULL)
			break;
		ps->cr = false;
		mime_take_line_end(ps);
	}
}

void
mime_parser_end(struct mime_parser *ps)
{
	if (ps->cr)
		mime_take_piece(ps, "\r", 1);
	if (ps->in_head ? ps->head.len > ps->line_at : ps->held.len > 0)
		mime_take_line_end(ps);
	while (ps->in_head)
		mime_end_head(ps, false, false);
	if (ps->line_open)
		ps->on->line_end(ps->ctx, mime_top(ps));
	while (ps->depth > 0)
		mime_pop(ps, true);
}

struct mime_parser *
mime_parser_new(const struct mime_events *on, void *ctx, bool seven_bit)
{
	struct mime_parser *ps = mem_new(1, sizeof(*ps));

	ps->on = on;
	ps->ctx = ctx;
	ps->seven_bit = seven_bit;
	buf_init(&ps->head, SIZE_MAX / 2);
	buf_init(&ps->held, SIZE_MAX / 2);
	mime_push(ps, MIME_FREE)->is_message = true;
	return ps;
}

void
mime_parser_free(struct mime_parser *ps)
{
	if (ps == NULL)
		return;
	buf_clear(&ps->head);
	buf_clear(&ps->held);
	free(ps);
}
