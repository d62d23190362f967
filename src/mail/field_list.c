/* SPDX-License-Identifier: ISC */
/*
 * field: lists of addresses whose names or comments are not ASCII.
 *
 * addr tells where the addresses stand. Those stay as they are; what is
 * between the marks of a list around them are phrases. A list that addr can't
 * read has no addresses, and all of it is phrases; or text, where quotes or
 * parentheses are not closed.
 */
#include "mail/field_part.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "mail/addr.h"
#include "mail/lex.h"

struct field_list {
	struct field_writer *w;
	const char *s;
	size_t n;
	struct addr_list addrs;
	size_t next; /* address */
};

/* Is each quoted string and each comment closed? */
static bool
field_is_closed(const char *s, size_t n)
{
	bool quoted = false;
	size_t depth = 0, i;

	for (i = 0; i < n; i++) {
		if (s[i] == '\\')
			i++;
		else if (s[i] == '"' && depth == 0)
			quoted = !quoted;
		else if (s[i] == '(' && !quoted)
			depth++;
		else if (s[i] == ')' && !quoted && depth > 0)
			depth--;
	}
	return !quoted && depth == 0;
}

/* The address that begins at s[at], or NULL. */
static const struct addr *
field_address_at(const struct field_list *l, size_t at)
{
	const struct addr *a;

	if (l->next == l->addrs.n)
		return NULL;
	a = &l->addrs.v[l->next];
	return a->spec_begin == at ? a : NULL;
}

/* An address, its comments encoded; returns where it ends. */
static size_t
field_write_address(struct field_list *l, const struct addr *a)
{
	size_t from = a->spec_begin, i = from, end;

	while (i < a->spec_end) {
		if (l->s[i] != '"' && l->s[i] != '(') {
			i++;
			continue;
		}
		end = lex_closed_end(l->s, i, a->spec_end);
		if (l->s[i] == '(') {
			field_write(l->w, l->s + from, i - from);
			field_write_comment(l->w, l->s + i, end - i);
			from = end;
		}
		i = end;
	}
	field_write(l->w, l->s + from, i - from);
	l->next++;
	return i;
}

/* An opening angle; a source route that is not ASCII goes. */
static size_t
field_write_angle(struct field_list *l, size_t at)
{
	size_t end;

	field_write(l->w, "<", 1);
	if (l->next >= l->addrs.n)
		return at + 1;
	end = l->addrs.v[l->next].spec_begin;
	return text_is_ascii(l->s + at, end - at) ? at + 1 : end;
}

/* Where the phrase that begins at s[at] ends, without white space behind it. */
static size_t
field_phrase_end(const struct field_list *l, size_t at)
{
	size_t end = at;

	while (at < l->n && strchr("<>,;:(", l->s[at]) == NULL &&
	       field_address_at(l, at) == NULL) {
		if (field_is_space(l->s[at])) {
			at++;
			continue;
		}
		if (l->s[at] == '"')
			at = lex_closed_end(l->s, at, l->n);
		else
			at += l->s[at] == '\\' && at + 1 < l->n ? 2 : 1;
		end = at;
	}
	return end;
}

/* Write what follows the white space from s[space] to s[at]. */
static size_t
field_write_item(struct field_list *l, size_t space, size_t at)
{
	const struct addr *a = field_address_at(l, at);
	const char *blanks = l->s + space;
	size_t n_blanks = at - space;
	size_t end;

	if (a != NULL) {
		field_write_space(
		    l->w, blanks, n_blanks, a->spec_end - at, false);
		return field_write_address(l, a);
	}
	if (l->s[at] == '(') {
		end = lex_closed_end(l->s, at, l->n);
		if (text_is_ascii(l->s + at, end - at))
			field_write_space(
			    l->w, blanks, n_blanks, end - at, false);
		else
			field_write_space(
			    l->w, blanks, n_blanks, LEX_ENCODED_ROOM + 1, true);
		field_write_comment(l->w, l->s + at, end - at);
		return end;
	}
	if (l->s[at] == '<') {
		end = l->next < l->addrs.n ? l->addrs.v[l->next].spec_end + 2
					   : at + 1;
		field_write_space(l->w, blanks, n_blanks, end - at, false);
		return field_write_angle(l, at);
	}
	if (strchr(">,;:", l->s[at]) != NULL) {
		field_write_space(l->w, blanks, n_blanks, 1, false);
		field_write(l->w, l->s + at, 1);
		return at + 1;
	}
	end = field_phrase_end(l, at);
	field_write_text(l->w, blanks, end - space, FIELD_IN_PHRASE);
	return end;
}

static void
field_write_items(struct field_list *l)
{
	size_t at = 0, space;

	for (;;) {
		for (space = at; at < l->n && field_is_space(l->s[at]);)
			at++;
		if (at == l->n)
			break;
		at = field_write_item(l, space, at);
	}
	field_write(l->w, l->s + space, at - space);
}

void
field_write_phrases(struct field_writer *w, const char *s, size_t n)
{
	struct field_list l = { .w = w, .s = s, .n = n };

	if (field_is_closed(s, n))
		field_write_items(&l);
	else
		field_write_text(w, s, n, FIELD_IN_TEXT);
}

bool
field_write_list(struct field_writer *w, const char *s, size_t n)
{
	struct field_list l = { .w = w };
	struct buf ready;
	bool left = false;
	size_t i;

	buf_init(&ready, SIZE_MAX);
	if (addr_complete_list(&ready, s, n, NULL, NULL) != 0)
		buf_add(&ready, s, n);
	l.s = ready.data;
	l.n = ready.len;
	if (addr_parse_list(l.s, l.n, &l.addrs, NULL) == 0)
		field_write_items(&l);
	else
		field_write_phrases(w, l.s, l.n);
	for (i = 0; i < l.addrs.n; i++)
		left = left || !addr_is_ascii(&l.addrs.v[i]);
	addr_list_clear(&l.addrs);
	buf_clear(&ready);
	return left;
}
