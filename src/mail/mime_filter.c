/* SPDX-License-Identifier: ISC */
/*
 * mime_filter: the text as planned.
 *
 * The same parser as for the plan finds the same parts; each looks up its edit
 * when its header comes. A chunk is read when all that came of the one before
 * has been taken, so that no more than a few chunks, or a header, are in
 * memory.
 */
#include "mail/mime_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct mime_filter {
	struct stream_source source; /* first: a source is its filter */
	const struct mime_plan *plan;
	struct stream_source *in;
	struct mime_parser *parser;
	size_t next;		 /* of the plan's edits */
	bool inner;		 /* the message is a multipart, or in one */
	struct mime_coder coder; /* of the text that is open, if it changes */
	struct buf out;
	size_t out_at;
	uint64_t given;
	int error; /* errno of a read that failed */
	bool ended;
	char chunk[MIME_CHUNK];
};

/* The edit of the part with that number; parts come in their order. */
static const struct mime_edit *
mime_find_edit(struct mime_filter *f, size_t number)
{
	const struct mime_plan *plan = f->plan;

	while (f->next < plan->n && plan->v[f->next].number < number)
		f->next++;
	if (f->next == plan->n || plan->v[f->next].number != number)
		return NULL;
	return &plan->v[f->next];
}

static bool
mime_is_encoding(const struct mime_part *p)
{
	return p->edit != NULL && p->edit->code != MIME_CODE_NONE;
}

static void
mime_begin_coder(struct mime_filter *f, const struct mime_part *p)
{
	enum mime_code code = mime_is_encoding(p)
				  ? (enum mime_code)p->edit->code
				  : MIME_CODE_NONE;

	mime_coder_begin(
	    &f->coder, code, &f->out, f->plan->seven_bit, f->inner);
}

static void
mime_filter_head(void *ctx, struct mime_part *p, const char *head, size_t n,
    bool blank, bool text_follows)
{
	struct mime_filter *f = ctx;
	struct mime_change how = { .seven_bit = f->plan->seven_bit };

	f->inner |= p->head.kind == MIME_MULTIPART;
	p->edit = mime_find_edit(f, p->number);
	if (p->edit == NULL) {
		buf_add(&f->out, head, n);
	} else {
		how.drop_counts = (p->edit->flags & MIME_EDIT_COUNTS) != 0;
		how.set_type = (p->edit->flags & MIME_EDIT_TYPE) != 0;
		how.add_type = (p->edit->flags & MIME_EDIT_NO_TYPE) != 0;
		how.add_version = (p->edit->flags & MIME_EDIT_VERSION) != 0;
		how.label = (enum mime_label)p->edit->label;
		how.charset = (enum mime_charset)p->edit->charset;
		mime_head_write(&f->out, head, n, &how);
	}
	if (blank || (text_follows && p->edit != NULL))
		buf_add_str(&f->out, "\r\n");
	mime_begin_coder(f, p);
}

static void
mime_filter_text(void *ctx, struct mime_part *p, const char *s, size_t n)
{
	struct mime_filter *f = ctx;

	if (mime_is_encoding(p))
		mime_coder_text(&f->coder, s, n);
	else
		buf_add(&f->out, s, n);
}

static void
mime_filter_line_end(void *ctx, struct mime_part *p)
{
	struct mime_filter *f = ctx;

	if (mime_is_encoding(p))
		mime_coder_line_end(&f->coder);
	else
		buf_add_str(&f->out, "\r\n");
}

static void
mime_filter_delimiter(
    void *ctx, struct mime_part *p, const char *s, size_t n, bool line_open)
{
	struct mime_filter *f = ctx;

	(void)p;
	if (line_open)
		buf_add_str(&f->out, "\r\n");
	buf_add(&f->out, s, n);
	buf_add_str(&f->out, "\r\n");
}

/* What follows, if anything, is text of the parent. */
static void
mime_filter_end(
    void *ctx, struct mime_part *p, struct mime_part *parent, bool last)
{
	struct mime_filter *f = ctx;

	if (mime_is_encoding(p))
		mime_coder_end(&f->coder, last);
	if (parent != NULL)
		mime_begin_coder(f, parent);
}

/* Have the text's next chunk in out. */
static void
mime_filter_fill(struct mime_filter *f)
{
	ssize_t n = f->in->read(f->in, f->chunk, sizeof(f->chunk));

	buf_reset(&f->out);
	f->out_at = 0;
	if (n < 0) {
		f->error = errno != 0 ? errno : EIO;
	} else if (n == 0) {
		mime_parser_end(f->parser);
		f->ended = true;
	} else {
		mime_parser_feed(f->parser, f->chunk, (size_t)n);
	}
}

/* It is over: did it come as it was planned? */
static ssize_t
mime_filter_finish(struct mime_filter *f)
{
	if (f->error == 0 && f->plan->measured && f->given != f->plan->size)
		f->error = EBADMSG;
	if (f->error == 0)
		return 0;
	errno = f->error;
	return -1;
}

static ssize_t
mime_filter_read(struct stream_source *s, void *p, size_t n)
{
	struct mime_filter *f = (struct mime_filter *)s;
	size_t left;

	while (f->out_at == f->out.len && !f->ended && f->error == 0)
		mime_filter_fill(f);
	left = f->out.len - f->out_at;
	if (left == 0 || f->error != 0)
		return mime_filter_finish(f);
	n = n < left ? n : left;
	memcpy(p, f->out.data + f->out_at, n);
	f->out_at += n;
	f->given += n;
	return (ssize_t)n;
}

struct mime_filter *
mime_filter_new(const struct mime_plan *p, struct stream_source *in)
{
	static const struct mime_events events = { .head = mime_filter_head,
		.text = mime_filter_text,
		.line_end = mime_filter_line_end,
		.delimiter = mime_filter_delimiter,
		.end = mime_filter_end };
	struct mime_filter *f = mem_new(1, sizeof(*f));

	f->source.read = mime_filter_read;
	f->source.fd = -1;
	f->plan = p;
	f->in = in;
	f->parser = mime_parser_new(&events, f, p->seven_bit);
	buf_init(&f->out, SIZE_MAX / 2);
	return f;
}

struct stream_source *
mime_filter_source(struct mime_filter *f)
{
	return &f->source;
}

void
mime_filter_free(struct mime_filter *f)
{
	if (f == NULL)
		return;
	mime_parser_free(f->parser);
	buf_clear(&f->out);
	free(f);
}
