/* SPDX-License-Identifier: ISC */
/*
 * message: an RFC 5322 message on its way through.
 *
 * The header is read line by line. Lines may have any length and may come an
 * octet at a time, so a line that is not whole yet is judged as soon as it
 * has more octets than a field name may have: text without a header and
 * without line ends must not pile up in memory.
 *
 * The body goes through a state machine that forgets nothing at the edge of a
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
#include "mail/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { MESSAGE_CHUNK = 32 * 1024 }; /* one in, one out: 64 kB */

enum message_line {
	MESSAGE_LINE_FIELD,
	MESSAGE_LINE_MORE,  /* continues the field before it */
	MESSAGE_LINE_BLANK, /* ends the header */
	MESSAGE_LINE_DOT,   /* ends the message */
	MESSAGE_LINE_MBOX,  /* "From ", the separator of mbox files */
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

/* Append a field that owns name and value. */
static void
message_add_field(struct message *m, char *name, char *value, size_t value_len)
{
	if (m->n == m->cap) {
		m->cap = m->cap > 0 ? 2 * m->cap : 16;
		m->v = mem_grow(m->v, m->cap, sizeof(*m->v));
	}
	m->v[m->n++] = (struct field){
		.name = name, .value = value, .value_len = value_len
	};
}

/* The header. */

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

/* Append a line's octets to the current value; a bare CR becomes a blank. */
static void
message_add_value(struct message_head *h, const char *p, size_t n)
{
	struct message_facts *facts = &h->m->facts;
	size_t i = h->value.len;

	if (memchr(p, '\0', n) != NULL)
		facts->nul = true;
	buf_add(&h->value, p, n);
	for (; i < h->value.len; i++) {
		if (h->value.data[i] != '\r')
			continue;
		h->value.data[i] = ' ';
		facts->bare_cr = true;
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

	while (
	    blanks < n && (text_is_blank(line[blanks]) || line[blanks] == '\r'))
		blanks++;
	code = message_count_head(h, blanks < n ? n + 2 : n, e);
	if (code != 0)
		return code;
	if (blanks < n)
		buf_add_str(&h->value, "\r\n");
	message_add_value(h, line, n);
	return 0;
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
	if (whole && h->m->lines == 0 && n >= 5 &&
	    memcmp(line, "From ", 5) == 0)
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

/* The body. Functions return 0, or a code after setting c->e. */

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

/* Is there an octet over 127? Eight at a time: bodies are long. */
static bool
message_octets_over_127(const char *p, size_t n)
{
	uint64_t seen = 0;
	uint64_t octets;

	for (; n >= sizeof(octets); n -= sizeof(octets)) {
		memcpy(&octets, p, sizeof(octets));
		seen |= octets;
		p += sizeof(octets);
	}
	while (n-- > 0)
		seen |= (unsigned char)*p++;
	return (seen & UINT64_C(0x8080808080808080)) != 0;
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
	if (!facts->eight_bit && message_octets_over_127(p, n))
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

	buf_init(&b, SIZE_MAX);
	for (f = m->v; f < m->v + m->n && code == 0; f++) {
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

void
message_clear(struct message *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		field_clear(&m->v[i]);
	free(m->v);
	buf_clear(&m->pending);
	*m = (struct message){ 0 };
}

/* Fields by name. */

struct field *
message_field(const struct message *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (field_is(&m->v[i], name))
			return &m->v[i];
	}
	return NULL;
}

/* Remove the fields of that name from the one with index from on. */
static size_t
message_remove_from(struct message *m, size_t from, const char *name)
{
	size_t kept = from;
	size_t i;

	for (i = from; i < m->n; i++) {
		if (field_is(&m->v[i], name))
			field_clear(&m->v[i]);
		else
			m->v[kept++] = m->v[i];
	}
	m->n = kept;
	return i - kept;
}

size_t
message_remove(struct message *m, const char *name)
{
	return message_remove_from(m, 0, name);
}

/* Can these octets, which end nowhere in the middle, be one field? */
static bool
message_is_writable(const char *name, const char *value)
{
	size_t n = strlen(name);
	size_t i;

	for (i = 0; i < n; i++) {
		if (name[i] <= ' ' || name[i] >= 127 || name[i] == ':')
			return false;
	}
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			return false;
		if (*value == '\r' &&
		    (*++value != '\n' || !text_is_blank(value[1])))
			return false;
	}
	return n > 0 && n <= FIELD_MAX_NAME;
}

void
message_set(struct message *m, const char *name, const char *value)
{
	struct field *f = message_field(m, name);
	char *text;

	err_bug_if(!message_is_writable(name, value));
	text = mem_printf(" %s", value);
	if (f == NULL) {
		message_add_field(m, mem_dup(name), text, strlen(text));
		return;
	}
	mem_replace(&f->value, text);
	f->value_len = strlen(text);
	message_remove_from(m, (size_t)(f - m->v) + 1, name);
}

/* Append the mailboxes of one field. */
static int
message_parse_field(const struct field *f, struct addr_list *out, struct err *e)
{
	int code = addr_parse_list(f->value, f->value_len, out, e);

	if (code != 0 && e != NULL)
		err_wrap(e, "%s", f->name);
	return code;
}

int
message_recipients(
    const struct message *m, struct addr_list *out, struct err *e)
{
	static const char *const names[] = { "Resent-To", "Resent-Cc",
		"Resent-Bcc", "To", "Cc", "Bcc" };
	size_t first, i, j;
	bool resent = false;
	int code = 0;

	for (j = 0; j < 3; j++)
		resent = resent || message_field(m, names[j]) != NULL;
	first = resent ? 0 : 3;
	for (i = 0; i < m->n && code == 0; i++) {
		for (j = first; j < first + 3; j++) {
			if (field_is(&m->v[i], names[j]))
				code = message_parse_field(&m->v[i], out, e);
		}
	}
	return code;
}

int
message_addresses(const struct message *m, const char *name,
    struct addr_list *out, struct err *e)
{
	const struct field *f = message_field(m, name);

	return f != NULL ? message_parse_field(f, out, e) : 0;
}

/* Does the field hold addresses that are to be completed? */
static bool
message_is_completed(const struct field *f)
{
	static const char *const names[] = { "From", "Sender", "Reply-To", "To",
		"Cc" };
	const char *name = f->name;
	size_t i;

	if (text_case_eq_n(name, "Resent-", 7))
		name += 7;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (text_case_eq(name, names[i]))
			return true;
	}
	return false;
}

void
message_complete(struct message *m, const char *domain)
{
	struct buf b;
	struct field *f;

	for (f = m->v; f < m->v + m->n; f++) {
		if (!message_is_completed(f))
			continue;
		buf_init(&b, MESSAGE_MAX_HEAD);
		if (addr_complete_list(
			&b, f->value, f->value_len, domain, NULL) == 0) {
			f->value_len = b.len;
			mem_replace(&f->value, buf_take(&b));
		}
		buf_clear(&b);
	}
}

/* Octets of the longest line of a field as it is written. */
static size_t
message_longest_line(const struct field *f)
{
	const char *p = f->value;
	const char *end = p + f->value_len;
	size_t column = strlen(f->name) + 1;
	size_t longest = 0;
	const char *cr;

	while ((cr = memchr(p, '\r', (size_t)(end - p))) != NULL) {
		column += (size_t)(cr - p);
		longest = column > longest ? column : longest;
		column = 0;
		p = cr + 2;
	}
	column += (size_t)(end - p);
	return column > longest ? column : longest;
}

bool
message_is_eight_bit(const struct message *m)
{
	const struct field *f;

	for (f = m->v; f < m->v + m->n; f++)
		if (message_octets_over_127(f->value, f->value_len))
			return true;
	return m->facts.eight_bit;
}

int
message_check_wire(const struct message *m, struct err *e)
{
	const struct field *f;
	size_t longest;

	if (m->facts.nul)
		return err_set(e, EX_DATAERR, "message: a NUL octet in it");
	for (f = m->v; f < m->v + m->n; f++) {
		longest = message_longest_line(f);
		if (longest > MESSAGE_MAX_LINE)
			return err_set(e, EX_DATAERR,
			    "message: %s: a line of %zu octets, at most %d "
			    "are allowed",
			    f->name, longest, MESSAGE_MAX_LINE);
	}
	if (m->facts.long_line > 0)
		return err_set(e, EX_DATAERR,
		    "message: line %zu: longer than %d octets",
		    m->facts.long_line, MESSAGE_MAX_LINE);
	return 0;
}
