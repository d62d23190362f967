/* SPDX-License-Identifier: ISC */
/* addr: mailboxes as values: lists, texts, equality, the last guard. */
#include "mail/addr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "mail/addr_part.h"
#include "mail/idna.h"
#include "mail/lex.h"

void
addr_copy(struct addr *to, const struct addr *from)
{
	*to = *from;
	to->local = mem_dup(from->local);
	to->domain = mem_dup(from->domain);
	to->name = mem_dup(from->name);
}

void
addr_clear(struct addr *a)
{
	free(a->local);
	free(a->domain);
	free(a->name);
	*a = (struct addr){ 0 };
}

void
addr_list_cut(struct addr_list *l, size_t n)
{
	while (l->n > n)
		addr_clear(&l->v[--l->n]);
}

void
addr_list_take(struct addr_list *l, const struct addr *a)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 4;
		l->v = mem_grow(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->n++] = *a;
}

void
addr_list_clear(struct addr_list *l)
{
	addr_list_cut(l, 0);
	free(l->v);
	*l = (struct addr_list){ 0 };
}

void
addr_list_add(struct addr_list *l, const struct addr *a)
{
	struct addr copy;

	addr_copy(&copy, a);
	addr_list_take(l, &copy);
}

void
addr_add_to(struct buf *b, const struct addr *a)
{
	buf_add_str(b, a->local);
	if (a->domain != NULL) {
		buf_add_char(b, '@');
		buf_add_str(b, a->domain);
	}
}

char *
addr_text(const struct addr *a)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	addr_add_to(&b, a);
	return buf_take(&b);
}

bool
addr_is_null(const struct addr *a)
{
	return a->local[0] == '\0' && a->domain == NULL;
}

bool
addr_is_bare(const struct addr *a)
{
	return a->local[0] != '\0' && a->domain == NULL;
}

bool
addr_is_ascii(const struct addr *a)
{
	return text_is_ascii(a->local, strlen(a->local)) &&
	       (a->domain == NULL ||
		   text_is_ascii(a->domain, strlen(a->domain)));
}

int
addr_to_ascii_domain(struct addr *a, struct err *e)
{
	char *made;
	int code;

	if (a->domain == NULL)
		return 0;
	code = idna_to_ascii(a->domain, &made, e);
	if (code == 0)
		mem_replace(&a->domain, made);
	return code;
}

/*
 * The next octet that a local part stands for, NUL at its end. *s moves on;
 * *quoted begins false.
 */
static char
addr_next_octet(const char **s, bool *quoted)
{
	while (**s == '"') {
		*quoted = !*quoted;
		(*s)++;
	}
	if (*quoted && **s == '\\' && (*s)[1] != '\0')
		(*s)++;
	return **s != '\0' ? *(*s)++ : '\0';
}

static bool
addr_equal_local(const char *a, const char *b)
{
	bool a_quoted = false, b_quoted = false;
	char c;

	do {
		c = addr_next_octet(&a, &a_quoted);
		if (c != addr_next_octet(&b, &b_quoted))
			return false;
	} while (c != '\0');
	return true;
}

/* Domains without case; where only one is in A-labels, by these. */
static bool
addr_equal_domain(const char *a, const char *b)
{
	char *a_ascii = NULL, *b_ascii = NULL;
	bool equal = text_case_eq(a, b);

	if (equal ||
	    (text_is_ascii(a, strlen(a)) && text_is_ascii(b, strlen(b))))
		return equal;
	if (idna_to_ascii(a, &a_ascii, NULL) == 0 &&
	    idna_to_ascii(b, &b_ascii, NULL) == 0)
		equal = text_case_eq(a_ascii, b_ascii);
	free(a_ascii);
	free(b_ascii);
	return equal;
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	if (!addr_equal_local(a->local, b->local))
		return false;
	if (a->domain == NULL || b->domain == NULL)
		return a->domain == b->domain;
	return addr_equal_domain(a->domain, b->domain);
}

int
addr_check_wire(const char *text, size_t n, struct err *e)
{
	int shown = n < ADDR_SHOWN ? (int)n : ADDR_SHOWN;
	bool quoted = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (lex_is_control(text[i]))
			return err_set(e, EX_DATAERR,
			    "address: %.*s: a control character", shown, text);
	}
	for (i = 0; i < n; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted && text[i] == '\\')
			i++;
		else if (!quoted && strchr(" <>", text[i]) != NULL)
			return err_set(e, EX_DATAERR,
			    "address: %.*s: a blank or an angle bracket", shown,
			    text);
	}
	if (quoted)
		return err_set(e, EX_DATAERR,
		    "address: %.*s: a quote is not closed", shown, text);
	return 0;
}
