/* SPDX-License-Identifier: ISC */
/* addr: what is written into a header: completed lists, phrases. */
#include "mail/addr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mail/addr_part.h"
#include "mail/lex.h"

/* Octets in front of a phrase: a field name as long as those of addresses. */
enum { ADDR_PHRASE_COLUMN = 16 };

/* Append the text that replaces the mailbox, from text[*from] on. */
static void
addr_complete_one(struct buf *b, const char *text, size_t *from, struct addr *a,
    const char *domain)
{
	if (addr_is_bare(a) && domain != NULL) {
		if (a->keep_bare) { /* nothing that others understand */
			buf_add(b, text + *from, a->spec_begin - *from);
			*from = a->spec_begin + 1;
		}
		buf_add(b, text + *from, a->spec_end - *from);
		buf_add_char(b, '@');
		buf_add_str(b, domain);
		*from = a->spec_end;
	} else if (a->domain != NULL &&
		   !text_is_ascii(a->domain, strlen(a->domain)) &&
		   addr_to_ascii_domain(a, NULL) == 0) {
		buf_add(b, text + *from, a->domain_begin - *from);
		buf_add_str(b, a->domain);
		*from = a->spec_end;
	}
}

int
addr_complete_list(struct buf *b, const char *text, size_t n,
    const char *domain, struct err *e)
{
	struct addr_list l = { 0 };
	struct buf done;
	size_t from = 0, i;
	int code = addr_parse_list(text, n, &l, e);

	if (code != 0)
		return code;
	buf_init(&done, b->max - b->len);
	for (i = 0; i < l.n; i++)
		addr_complete_one(&done, text, &from, &l.v[i], domain);
	buf_add(&done, text + from, n - from);
	if (done.full)
		code = err_set(e, EX_DATAERR, "address: the list is too long");
	else
		buf_add(b, done.data, done.len);
	buf_clear(&done);
	addr_list_clear(&l);
	return code;
}

/* Append a name without controls and without what is not UTF-8. */
static void
addr_add_clean(struct buf *b, const char *name)
{
	size_t left = strlen(name);
	size_t length;

	for (; left > 0; name += length, left -= length) {
		length = lex_char_length(name, left);
		if (length == 0) {
			buf_add_char(b, '?');
			length = 1;
		} else if (lex_is_control(*name))
			buf_add_char(b, ' ');
		else
			buf_add(b, name, length);
	}
}

/* Atoms with one blank between them, which are a phrase as they stand? */
static bool
addr_is_atoms(const struct buf *name)
{
	size_t i;
	char last = ' ';

	for (i = 0; i < name->len; i++) {
		char c = name->data[i];

		if (!lex_is_atext(c) && (c != ' ' || last == ' '))
			return false;
		last = c;
	}
	return last != ' ';
}

void
addr_add_phrase(struct buf *b, const char *name)
{
	struct buf clean;

	buf_init(&clean, SIZE_MAX);
	addr_add_clean(&clean, name);
	if (strspn(clean.data, " ") == clean.len)
		; /* no name at all */
	else if (!text_is_ascii(clean.data, clean.len))
		lex_add_encoded(
		    b, clean.data, clean.len, false, ADDR_PHRASE_COLUMN);
	else if (addr_is_atoms(&clean))
		buf_add(b, clean.data, clean.len);
	else
		lex_add_quoted(b, clean.data, clean.len);
	buf_clear(&clean);
}
