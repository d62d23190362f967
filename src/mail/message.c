/* SPDX-License-Identifier: ISC */
/* message: the fields of a header, by name, and what is known of the whole. */
#include "mail/message_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void
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
message_insert(
    struct message *m, size_t at, const char *name, const char *value)
{
	struct field f;
	char *text;

	err_bug_if(at > m->n || !message_is_writable(name, value));
	text = mem_printf(" %s", value);
	message_add_field(m, mem_dup(name), text, strlen(text));
	f = m->v[m->n - 1];
	memmove(m->v + at + 1, m->v + at, (m->n - 1 - at) * sizeof(f));
	m->v[at] = f;
}

void
message_prepend(struct message *m, const char *name, const char *value)
{
	message_insert(m, 0, name, value);
}

size_t
message_count_fields(const struct message *m, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < m->n; i++)
		n += field_is(&m->v[i], name);
	return n;
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

/* Of the first four each resending has one at most: a second one is of an
 * earlier resending. */
static const char *const message_resent[] = { "Resent-From", "Resent-Date",
	"Resent-Sender", "Resent-Message-ID", "Resent-To", "Resent-Cc" };

enum {
	MESSAGE_RESENT = sizeof(message_resent) / sizeof(message_resent[0]),
	MESSAGE_RESENT_ONCE = 4
};

bool
message_resent_block(const struct message *m, size_t *begin, size_t *end)
{
	bool seen[MESSAGE_RESENT] = { false };
	bool begun = false;
	size_t i, j;

	for (i = 0; i < m->n; i++) {
		const struct field *f = &m->v[i];

		/* Trace fields stand between the blocks. */
		if (begun &&
		    (field_is(f, "Received") || field_is(f, "Return-Path")))
			break;
		for (j = 0; j < MESSAGE_RESENT; j++)
			if (field_is(f, message_resent[j]))
				break;
		if (j == MESSAGE_RESENT)
			continue;
		if (j < MESSAGE_RESENT_ONCE && seen[j])
			break;
		seen[j] = true;
		if (!begun)
			*begin = i;
		begun = true;
		*end = i + 1;
	}
	return begun;
}

bool
message_has_between(
    const struct message *m, size_t begin, size_t end, const char *name)
{
	for (; begin < end; begin++) {
		if (field_is(&m->v[begin], name))
			return true;
	}
	return false;
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
	size_t i;

	for (i = 0; i < m->n; i++) {
		f = &m->v[i];
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

bool
message_tidy(struct message *m)
{
	struct field *f;
	bool utf8 = false;
	size_t i;

	for (i = 0; i < m->n; i++) {
		f = &m->v[i];
		utf8 = field_encode(f) || utf8;
		field_fold(f);
	}
	return utf8;
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
	size_t i;

	for (i = 0; i < m->n; i++) {
		f = &m->v[i];
		if (!text_is_ascii(f->value, f->value_len))
			return true;
	}
	return m->facts.eight_bit;
}

/* Is a field's whole value that word, whatever its case, but for blanks and
 * comments behind it? */
static bool
message_is_word(const struct field *f, const char *word)
{
	struct buf b;
	size_t n = strlen(word);
	bool is;

	buf_init(&b, MESSAGE_MAX_HEAD);
	field_unfold(&b, f);
	is = b.len >= n && text_case_eq_n(b.data, word, n) &&
	     (b.len == n || strchr(" \t(;", b.data[n]) != NULL);
	buf_clear(&b);
	return is;
}

bool
message_needs_repair(const struct message *m)
{
	const struct field *f = message_field(m, "Content-Transfer-Encoding");
	size_t i;

	if (m->facts.nul || m->facts.long_line > 0 ||
	    (f != NULL && message_is_word(f, "binary")))
		return true;
	for (i = 0; i < m->n; i++)
		if (message_longest_line(&m->v[i]) > MESSAGE_MAX_LINE)
			return true;
	return false;
}
