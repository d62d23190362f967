/* SPDX-License-Identifier: ISC */
/*
 * mime: the plan.
 *
 * It is a list of edits, one for each part that changes, by the number of the
 * part in the order of headers. A part is judged at its end, when all is known
 * of its text and of the parts in it; what it is then, its parent hears.
 */
#include "mail/mime_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What is known while a plan is made. */
struct mime_making {
	struct mime_plan *plan;
	struct err *e;
	int code; /* of the first failure; the rest is only read then */
};

/* ---- a text, seen */

static void
mime_see_utf8(struct mime_seen *s, unsigned char c)
{
	if (s->utf8_left > 0) {
		s->not_utf8 |= c < s->utf8_low || c > s->utf8_high;
		s->utf8_left--;
		s->utf8_low = 0x80;
		s->utf8_high = 0xbf;
		return;
	}
	if (c < 0x80)
		return;
	s->utf8_left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	s->utf8_low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	s->utf8_high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	s->not_utf8 |= c < 0xc2 || c > 0xf4;
}

static void
mime_see_text(struct mime_seen *s, const char *p, size_t n)
{
	const unsigned char *octets = (const unsigned char *)p;
	unsigned char all = 0;
	size_t i, escapes = 0;

	for (i = 0; i < n; i++) {
		all |= octets[i];
		escapes +=
		    (octets[i] < ' ') | (octets[i] > 126) | (octets[i] == '=');
	}
	s->octets += n;
	s->escapes += escapes;
	s->column += n;
	s->long_line |= s->column > MESSAGE_MAX_LINE;
	if (escapes > 0)
		s->odd |=
		    memchr(p, '\0', n) != NULL || memchr(p, '\r', n) != NULL;
	s->eight_bit |= all > 127;
	if ((all > 127 || s->utf8_left > 0) && !s->not_utf8)
		for (i = 0; i < n; i++)
			mime_see_utf8(s, octets[i]);
}

static void
mime_see_line_end(struct mime_seen *s)
{
	s->octets += 2;
	s->column = 0;
	s->not_utf8 |= s->utf8_left > 0;
}

/* ---- edits */

/* May nothing of this text be changed, and why? */
static enum mime_lock
mime_text_lock(const struct mime_part *p)
{
	if (p->lock != MIME_FREE || p->head.kind != MIME_MULTIPART)
		return p->lock;
	return p->head.inside;
}

static bool
mime_is_in_need(const struct mime_making *m, const struct mime_seen *s)
{
	return (s->eight_bit && m->plan->seven_bit) || s->long_line || s->odd;
}

static bool
mime_head_is_in_need(const struct mime_making *m, const struct mime_head *h)
{
	return (h->eight_bit && m->plan->seven_bit) || h->misfit;
}

/* There is no plan. */
static void
mime_refuse(
    struct mime_making *m, enum mime_lock lock, bool eight_bit, bool long_line)
{
	static const char *const which[] = { [MIME_SIGNED] = "a signed part",
		[MIME_ENCRYPTED] = "an encrypted part",
		[MIME_PIECE] = "a piece of a message (message/partial or "
			       "message/external-body)",
		[MIME_DEEP] = "a part that lies too deep in others" };
	const char *why = "has a NUL or a carriage return";

	if (m->code != 0)
		return;
	if (eight_bit && m->plan->seven_bit)
		why = "has 8-bit text, and the server does not offer 8BITMIME";
	else if (long_line)
		why = "has a line of more than 998 octets";
	if (lock == MIME_SIGNED || lock == MIME_ENCRYPTED)
		m->code = err_set(m->e, EX_DATAERR,
		    "%s %s: to encode it here would break it: it must be made "
		    "with quoted-printable or base64 inside",
		    which[lock], why);
	else
		m->code = err_set(m->e, EX_DATAERR,
		    "%s %s, and it can't be encoded", which[lock], why);
}

static void
mime_add_edit(struct mime_making *m, const struct mime_edit *edit)
{
	struct mime_plan *plan = m->plan;

	if (m->code != 0)
		return;
	if (plan->n == MIME_MAX_CHANGED) {
		m->code = err_set(m->e, EX_DATAERR,
		    "more than %d parts must be encoded", MIME_MAX_CHANGED);
		return;
	}
	if (plan->n == plan->cap) {
		plan->cap = plan->cap > 0 ? 2 * plan->cap : 16;
		plan->v = mem_grow(plan->v, plan->cap, sizeof(*plan->v));
	}
	plan->v[plan->n++] = *edit;
}

static enum mime_code
mime_choose(const struct mime_part *p)
{
	const struct mime_seen *s = &p->seen;

	if (p->head.label == MIME_LABEL_QP)
		return MIME_CODE_QP_AGAIN;
	if (p->head.label == MIME_LABEL_BASE64)
		return MIME_CODE_BASE64_AGAIN;
	/* An escape adds two octets, base64 to all a little over a third. */
	if (s->escapes > s->octets / (p->head.is_text ? 2 : 6))
		return MIME_CODE_BASE64;
	return MIME_CODE_QP;
}

static enum mime_charset
mime_charset_of(const struct mime_seen *s)
{
	if (!s->eight_bit)
		return MIME_CHARSET_ASCII;
	return s->not_utf8 || s->utf8_left > 0 ? MIME_CHARSET_UNKNOWN
					       : MIME_CHARSET_UTF8;
}

static void
mime_note_reasons(struct mime_plan *plan, const struct mime_seen *s)
{
	if (s->eight_bit && plan->seven_bit)
		plan->reasons |= MIME_FOR_EIGHT_BIT;
	if (s->long_line)
		plan->reasons |= MIME_FOR_LONG_LINE;
	if (s->odd)
		plan->reasons |= MIME_FOR_NUL;
}

/* Its text is to be changed. */
static void
mime_plan_text(
    struct mime_making *m, struct mime_part *p, struct mime_edit *edit)
{
	enum mime_lock lock = mime_text_lock(p);

	if (lock != MIME_FREE) {
		mime_refuse(m, lock, p->seen.eight_bit, p->seen.long_line);
		return;
	}
	mime_note_reasons(m->plan, &p->seen);
	p->changed = true;
	if (p->head.kind != MIME_LEAF || p->is_block) {
		edit->code = MIME_CODE_PLAIN;
		return;
	}
	edit->code = (unsigned char)mime_choose(p);
	if (edit->code == MIME_CODE_QP)
		edit->label = MIME_LABEL_QP;
	else if (edit->code == MIME_CODE_BASE64)
		edit->label = MIME_LABEL_BASE64;
	edit->flags |= MIME_EDIT_COUNTS;
	if (p->head.is_lost)
		edit->flags |= MIME_EDIT_TYPE;
	else if (!p->head.has_type)
		edit->flags |= MIME_EDIT_NO_TYPE;
}

/* What it is called, once it is known what will be in it. */
static void
mime_plan_label(
    struct mime_making *m, struct mime_part *p, struct mime_edit *edit)
{
	enum mime_label label = p->head.label;
	bool less = p->eight_bit && !p->eight_bit_left;
	bool encoded = label >= MIME_LABEL_QP; /* which it can't be */

	if (p->lock != MIME_FREE || p->is_block ||
	    edit->label != MIME_LABEL_NONE ||
	    edit->code == MIME_CODE_QP_AGAIN ||
	    edit->code == MIME_CODE_BASE64_AGAIN)
		return;
	if (label == MIME_LABEL_BINARY)
		m->plan->reasons |= MIME_FOR_BINARY;
	else if (p->head.kind == MIME_LEAF ||
		 !((label == MIME_LABEL_8BIT && less) ||
		     (encoded && p->changed)))
		return;
	edit->label = p->eight_bit_left ? MIME_LABEL_8BIT : MIME_LABEL_7BIT;
	p->changed = true;
}

/* Its header, for its own sake. */
static void
mime_plan_head(struct mime_making *m, struct mime_part *p)
{
	if (!mime_head_is_in_need(m, &p->head))
		return;
	if (p->lock != MIME_FREE) {
		mime_refuse(m, p->lock, p->head.eight_bit, true);
		return;
	}
	m->plan->reasons |= MIME_FOR_HEADER;
	p->changed = true;
}

/* What its header lacks or should lose, now that it is another text. */
static unsigned char
mime_plan_fields(const struct mime_part *p, const struct mime_edit *edit)
{
	unsigned char flags = edit->flags;

	if (!p->is_message || !p->changed)
		return flags;
	flags |= MIME_EDIT_COUNTS | MIME_EDIT_VERSION;
	if (!p->head.has_type && edit->label != MIME_LABEL_NONE)
		flags |= MIME_EDIT_NO_TYPE;
	return flags;
}

/* A multipart without a part is what readers show of it: text. */
static void
mime_plan_undelimited(struct mime_part *p)
{
	if (p->head.kind != MIME_MULTIPART || p->delimited)
		return;
	p->lock = mime_text_lock(p);
	p->head.kind = MIME_LEAF;
	p->head.is_lost = p->head.is_text = true;
}

/* What it is, its parent hears. */
static void
mime_plan_pass_on(
    struct mime_making *m, const struct mime_part *p, struct mime_part *parent)
{
	bool left = p->head.eight_bit && !m->plan->seven_bit;

	if (parent == NULL) {
		m->plan->eight_bit = p->eight_bit_left || left;
		return;
	}
	parent->eight_bit |= p->eight_bit || p->head.eight_bit;
	parent->eight_bit_left |= p->eight_bit_left || left;
	parent->changed |= p->changed;
}

static void
mime_plan_end(
    void *ctx, struct mime_part *p, struct mime_part *parent, bool last)
{
	struct mime_making *m = ctx;
	struct mime_edit edit = { .number = (uint32_t)p->number,
		.charset = (unsigned char)mime_charset_of(&p->seen) };
	bool left = !m->plan->seven_bit;

	(void)last;
	mime_plan_undelimited(p);
	p->eight_bit |= p->seen.eight_bit;
	if (mime_is_in_need(m, &p->seen))
		mime_plan_text(m, p, &edit);
	left &= edit.code == MIME_CODE_NONE || edit.code == MIME_CODE_PLAIN;
	p->eight_bit_left |= p->seen.eight_bit && left;
	mime_plan_label(m, p, &edit);
	edit.flags = mime_plan_fields(p, &edit);
	mime_plan_head(m, p);
	if (edit.code != MIME_CODE_NONE || edit.label != MIME_LABEL_NONE ||
	    edit.flags != 0 || mime_head_is_in_need(m, &p->head))
		mime_add_edit(m, &edit);
	mime_plan_pass_on(m, p, parent);
}

/* An address in the header of the message itself can't be put otherwise. */
static void
mime_plan_see_head(void *ctx, struct mime_part *p, const char *head, size_t n,
    bool blank, bool text_follows)
{
	struct mime_making *m = ctx;
	char *name;

	(void)blank;
	(void)text_follows;
	if (p->number > 0 || !p->head.eight_bit || !m->plan->seven_bit)
		return;
	name = mime_head_find_unfit(head, n);
	if (name != NULL)
		m->code = err_set(m->e, EX_DATAERR,
		    "%s: an address in it is not ASCII, and the server takes "
		    "no 8-bit text: give the address in ASCII",
		    name);
	free(name);
}

static void
mime_plan_see_text(void *ctx, struct mime_part *p, const char *s, size_t n)
{
	(void)ctx;
	mime_see_text(&p->seen, s, n);
}

static void
mime_plan_see_line_end(void *ctx, struct mime_part *p)
{
	(void)ctx;
	mime_see_line_end(&p->seen);
}

/* It is ASCII, and short, or it would be none. What follows begins a line. */
static void
mime_plan_see_delimiter(
    void *ctx, struct mime_part *p, const char *s, size_t n, bool line_open)
{
	(void)ctx;
	(void)s;
	(void)n;
	(void)line_open;
	p->seen.column = 0;
}

/* ---- the plan */

static int
mime_by_number(const void *a, const void *b)
{
	const struct mime_edit *x = a;
	const struct mime_edit *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int
mime_cannot_read(struct err *e)
{
	return err_set_errno(e, EX_NOINPUT, errno, "message: cannot be read");
}

/* Read all of in into the parser. */
static int
mime_read_all(struct mime_parser *ps, struct stream_source *in, uint64_t *size,
    struct err *e)
{
	char *chunk = mem_new(MIME_CHUNK, 1);
	int code = 0;
	ssize_t n;

	while ((n = in->read(in, chunk, MIME_CHUNK)) > 0) {
		mime_parser_feed(ps, chunk, (size_t)n);
		*size += (uint64_t)n;
	}
	if (n < 0)
		code = mime_cannot_read(e);
	else
		mime_parser_end(ps);
	free(chunk);
	return code;
}

int
mime_plan_make(struct stream_source *in, bool seven_bit, struct mime_plan **out,
    struct err *e)
{
	static const struct mime_events events = { .head = mime_plan_see_head,
		.text = mime_plan_see_text,
		.line_end = mime_plan_see_line_end,
		.delimiter = mime_plan_see_delimiter,
		.end = mime_plan_end };
	struct mime_plan *plan = mem_new(1, sizeof(*plan));
	struct mime_making m = { .plan = plan, .e = e };
	struct mime_parser *ps = mime_parser_new(&events, &m, seven_bit);
	int code;

	plan->seven_bit = seven_bit;
	code = mime_read_all(ps, in, &plan->size, e);
	mime_parser_free(ps);
	if (code == 0)
		code = m.code;
	if (code != 0) {
		mime_plan_free(plan);
		return code;
	}
	if (plan->n > 0)
		qsort(plan->v, plan->n, sizeof(*plan->v), mime_by_number);
	*out = plan;
	return 0;
}

int
mime_plan_measure(struct mime_plan *p, struct stream_source *in, struct err *e)
{
	struct mime_filter *f;
	struct stream_source *out;
	char *chunk;
	uint64_t size = 0;
	ssize_t n;

	if (p->n == 0)
		return 0;
	p->measured = false;
	f = mime_filter_new(p, in);
	out = mime_filter_source(f);
	chunk = mem_new(MIME_CHUNK, 1);
	p->eight_bit = false;
	while ((n = out->read(out, chunk, MIME_CHUNK)) > 0) {
		size += (uint64_t)n;
		p->eight_bit |= mime_octets_over_127(chunk, (size_t)n);
	}
	free(chunk);
	mime_filter_free(f);
	if (n < 0)
		return mime_cannot_read(e);
	p->size = size;
	p->measured = true;
	return 0;
}

void
mime_plan_free(struct mime_plan *p)
{
	if (p == NULL)
		return;
	free(p->v);
	free(p);
}

bool
mime_plan_is_needed(const struct mime_plan *p)
{
	return p->n > 0;
}

uint64_t
mime_plan_size(const struct mime_plan *p)
{
	return p->size;
}

bool
mime_plan_is_eight_bit(const struct mime_plan *p)
{
	return p->eight_bit;
}

void
mime_plan_add_reasons(struct buf *b, const struct mime_plan *p)
{
	static const struct {
		unsigned reason;
		const char *words;
	} all[] = { { MIME_FOR_EIGHT_BIT, "8-bit" },
		{ MIME_FOR_LONG_LINE, "long-line" }, { MIME_FOR_NUL, "nul" },
		{ MIME_FOR_BINARY, "binary" }, { MIME_FOR_HEADER, "header" } };
	const char *comma = "";
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!(p->reasons & all[i].reason))
			continue;
		buf_add_fmt(b, "%s%s", comma, all[i].words);
		comma = ",";
	}
}
