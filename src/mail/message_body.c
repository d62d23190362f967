/* SPDX-License-Identifier: ISC */
/*
 * message_body: the body, copied once.
 *
 * It goes through a state machine that forgets nothing at the edge of a
 * buffer. Only LF, with or without a CR before it, begins a line for the rule
 * of the lone dot; a bare CR becomes a line end after that, so that no
 * combination of CR, LF and dots ends the message early.
 *
 *	state	 seen so far			next
 *	START	 a line end, or nothing		'.' DOT (if it may end), TEXT
 *	DOT	 a dot, not written yet		LF end, CR DOT_CR, TEXT
 *	DOT_CR	 a dot and a CR, not written	LF end, CR
 *	TEXT	 other octets of a line		LF START, CR CR, TEXT
 *	CR	 a CR, not written yet		LF START, else a line end, TEXT
 */
#include "mail/message_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum message_state {
	MESSAGE_START,
	MESSAGE_DOT,
	MESSAGE_DOT_CR,
	MESSAGE_TEXT,
	MESSAGE_CR
};

/* What is known while the body is copied. */
struct message_copy {
	struct message *m;
	struct stream_sink *sink;
	struct err *e;
	enum message_state state;
	bool dot;      /* the lone dot was seen */
	size_t column; /* octets of the current line that were written */
	size_t n_out;
	char out[MESSAGE_CHUNK];
	char in[MESSAGE_CHUNK];
};

/* Functions return 0, or a code after setting c->e. */

static int
message_flush(struct message_copy *c)
{
	size_t n = c->n_out;

	c->n_out = 0;
	if (n > 0 && c->sink->write(c->sink, c->out, n) != 0)
		return err_set_errno(
		    c->e, EX_IOERR, errno, "message: cannot be written");
	return 0;
}

/* Is the message, with n octets more, still small enough? */
static int
message_count(struct message_copy *c, size_t n)
{
	struct message *m = c->m;

	m->facts.size += n;
	if (m->how.max_size > 0 && m->facts.size > m->how.max_size)
		return err_set(c->e, EX_DATAERR,
		    "message: larger than %llu octets",
		    (unsigned long long)m->how.max_size);
	return 0;
}

static int
message_write(struct message_copy *c, const char *p, size_t n)
{
	size_t room;
	int code = message_count(c, n);

	while (code == 0 && n > 0) {
		room = sizeof(c->out) - c->n_out;
		room = n < room ? n : room;
		memcpy(c->out + c->n_out, p, room);
		c->n_out += room;
		p += room;
		n -= room;
		if (c->n_out == sizeof(c->out))
			code = message_flush(c);
	}
	return code;
}

/* Write octets of a line, which hold neither CR nor LF. */
static int
message_write_text(struct message_copy *c, const char *p, size_t n)
{
	struct message_facts *facts = &c->m->facts;

	c->column += n;
	if (c->column > MESSAGE_MAX_LINE && facts->long_line == 0)
		facts->long_line = c->m->lines + 1;
	return message_write(c, p, n);
}

static int
message_write_end(struct message_copy *c)
{
	c->column = 0;
	c->m->lines++;
	return message_write(c, "\r\n", 2);
}

/*
 * The first what in p..end, or end. *found is what the last call returned: it
 * holds until p has passed it, so that a chunk is searched once.
 */
static const char *
message_find(const char *p, const char *end, char what, const char **found)
{
	if (*found == NULL || *found < p)
		*found = memchr(p, what, (size_t)(end - p));
	if (*found == NULL)
		*found = end;
	return *found;
}

/*
 * Take one octet in any state but TEXT. Where *used is false afterwards, it
 * comes again in the new state.
 */
static int
message_step(struct message_copy *c, char octet, bool *used)
{
	*used = true;
	switch (c->state) {
	case MESSAGE_START:
		if (octet == '.' && c->m->how.dot_ends) {
			c->state = MESSAGE_DOT;
			return 0;
		}
		break;
	case MESSAGE_DOT:
	case MESSAGE_DOT_CR:
		if (octet == '\n') {
			c->dot = true;
			return 0;
		}
		if (c->state == MESSAGE_DOT && octet == '\r') {
			c->state = MESSAGE_DOT_CR;
			return 0;
		}
		*used = false;
		c->state = c->state == MESSAGE_DOT ? MESSAGE_TEXT : MESSAGE_CR;
		return message_write_text(c, ".", 1);
	case MESSAGE_CR:
		if (octet == '\n') {
			c->state = MESSAGE_START;
			return message_write_end(c);
		}
		*used = false;
		c->m->facts.bare_cr = true;
		c->state = MESSAGE_TEXT;
		return message_write_end(c);
	case MESSAGE_TEXT:
		break;
	}
	*used = false;
	c->state = MESSAGE_TEXT;
	return 0;
}

/* Note what octets of the message are among these. */
static void
message_look_at(struct message_facts *facts, const char *p, size_t n)
{
	if (!facts->nul && n > 0 && memchr(p, '\0', n) != NULL)
		facts->nul = true;
	if (!facts->eight_bit && !text_is_ascii(p, n))
		facts->eight_bit = true;
}

static int
message_copy_chunk(struct message_copy *c, const char *chunk, size_t n)
{
	const char *p = chunk;
	const char *end = p + n;
	const char *lf = NULL, *cr = NULL;
	const char *stop;
	bool used;
	int code = 0;

	while (code == 0 && p < end && !c->dot) {
		if (c->state != MESSAGE_TEXT) {
			code = message_step(c, *p, &used);
			p += used;
			continue;
		}
		stop = message_find(p, end, '\n', &lf);
		if (message_find(p, end, '\r', &cr) < stop)
			stop = cr;
		code = message_write_text(c, p, (size_t)(stop - p));
		p = stop;
		if (code != 0 || p == end)
			continue;
		c->state = *p == '\r' ? MESSAGE_CR : MESSAGE_START;
		if (*p++ == '\n')
			code = message_write_end(c);
	}
	message_look_at(&c->m->facts, chunk, (size_t)(p - chunk));
	return code;
}

/* The input has ended; what was held back is text now, but for a lone dot. */
static int
message_end_copy(struct message_copy *c)
{
	int code = 0;

	if (c->state == MESSAGE_DOT_CR) {
		c->state = MESSAGE_CR;
		code = message_write_text(c, ".", 1);
	}
	if (c->state == MESSAGE_CR)
		c->m->facts.bare_cr = true;
	if (code == 0 && (c->state == MESSAGE_CR || c->state == MESSAGE_TEXT))
		code = message_write_end(c);
	return code;
}

/* Copy what is pending, then in to its end or to the lone dot. */
static int
message_copy_all(struct message_copy *c, struct stream_source *in)
{
	struct message *m = c->m;
	ssize_t n = 1;
	int code = message_count(c, 0);

	if (code == 0)
		code = message_copy_chunk(c, m->pending.data, m->pending.len);
	buf_clear(&m->pending);
	while (code == 0 && !c->dot && !m->ended) {
		n = in->read(in, c->in, sizeof(c->in));
		if (n < 0)
			return err_set_errno(
			    c->e, EX_NOINPUT, errno, "message: cannot be read");
		m->ended = n == 0;
		code = message_copy_chunk(c, c->in, (size_t)n);
	}
	m->ended = true;
	if (code == 0 && !c->dot)
		code = message_end_copy(c);
	return code != 0 ? code : message_flush(c);
}

int
message_copy_body(struct message *m, struct stream_source *in,
    struct stream_sink *out, struct err *e)
{
	struct message_copy *c = mem_new(1, sizeof(*c));
	int code;

	c->m = m;
	c->sink = out;
	c->e = e;
	code = message_copy_all(c, in);
	free(c);
	return code;
}
