/* SPDX-License-Identifier: ISC */
/* reply: take an SMTP reply out of a stream. */
#include "gate/reply.h"

#include <string.h>

#include "base/text.h"

void
reply_init(struct reply *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->text, REPLY_MAX_OCTETS);
	buf_init(&r->line, REPLY_MAX_KEPT);
}

void
reply_clear(struct reply *r)
{
	buf_clear(&r->text);
	buf_clear(&r->line);
}

void
reply_reset(struct reply *r)
{
	buf_reset(&r->text);
	buf_reset(&r->line);
	r->code = 0;
	r->octets = 0;
	r->lines = 0;
}

bool
reply_has_begun(const struct reply *r)
{
	return r->octets > 0;
}

/* The line is whole: check it and keep its text. */
static enum reply_state
end_line(struct reply *r)
{
	const char *p;
	size_t n;
	int code;

	if (r->line.len > 0 && r->line.data[r->line.len - 1] == '\r')
		r->line.data[--r->line.len] = '\0';
	p = r->line.data;
	n = r->line.len;
	if (n < 3 || p[0] < '2' || p[0] > '5' || !text_is_digit(p[1]) ||
	    !text_is_digit(p[2]))
		return REPLY_BAD;
	code = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
	if ((r->code != 0 && code != r->code) ||
	    (n > 3 && p[3] != ' ' && p[3] != '-') ||
	    ++r->lines > REPLY_MAX_LINES)
		return REPLY_BAD;
	r->code = code;
	if (n > 4) {
		if (r->text.len > 0)
			buf_add_char(&r->text, ' ');
		buf_add(&r->text, p + 4, n - 4);
	}
	buf_reset(&r->line);
	return n > 3 && p[3] == '-' ? REPLY_MORE : REPLY_DONE;
}

enum reply_state
reply_take(struct reply *r, const char *p, size_t n, size_t *used)
{
	enum reply_state state;
	size_t i;

	for (i = 0; i < n; i++) {
		if (++r->octets > REPLY_MAX_OCTETS) {
			*used = i;
			return REPLY_BAD;
		}
		if (p[i] != '\n') {
			/* What is beyond the buffer is not kept. */
			buf_add_char(&r->line, p[i]);
			continue;
		}
		state = end_line(r);
		if (state != REPLY_MORE) {
			*used = i + 1;
			return state;
		}
	}
	*used = n;
	return REPLY_MORE;
}
