/* SPDX-License-Identifier: ISC */
/*
 * alias_expand: what a name stands for.
 *
 * Names are followed depth first. Each entry is carried out once: one that is
 * done is passed over, one that is under way is a loop, so that time and
 * memory grow with the file, not with the paths through it.
 */
#include "core/alias_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define INCLUDE ":include:"

enum mark { MARK_NEW, MARK_UNDER_WAY, MARK_DONE };

struct expansion {
	const struct alias_map *map;
	bool (*is_local)(void *ctx, const struct addr *a);
	void *ctx;
	struct addr_list *out;
	unsigned char *marks; /* one for each entry */
	int depth;
	size_t n_values; /* that were looked at */
	struct err *e;
};

/* Where values stand: whose they are, and what a complaint names. */
struct place {
	const struct alias_entry *entry;
	const char *path;
	size_t line;
};

static int take_list(
    struct expansion *x, const struct place *at, const char *text, size_t n);

static int
complain(const struct expansion *x, const struct place *at, const char *why)
{
	return err_set(x->e, EX_CONFIG, "%s:%zu: %s: %s", at->path, at->line,
	    at->entry->name, why);
}

static int
emit(struct expansion *x, const struct place *at, const struct addr *a)
{
	if (x->out->n >= ALIAS_MAX_RCPTS)
		return complain(x, at, "more than 50000 recipients");
	addr_list_add(x->out, a);
	return 0;
}

/* Carry out an entry; a is what named it, or NULL for the first. */
static int
follow(struct expansion *x, const struct place *from,
    const struct alias_entry *entry, const struct addr *a)
{
	struct place at = { entry, x->map->path, entry->line };
	unsigned char *mark = &x->marks[entry - x->map->v];
	size_t values = x->n_values;
	struct addr self;
	int code;

	if (*mark == MARK_DONE)
		return 0;
	if (*mark == MARK_UNDER_WAY && from->entry == entry) {
		self = *a;
		self.keep_bare = true;
		return emit(x, from, &self);
	}
	if (*mark == MARK_UNDER_WAY)
		return complain(x, from, "leads back to itself: a loop");
	if (x->depth == ALIAS_MAX_DEPTH)
		return complain(x, from, "aliases of aliases, too many");
	*mark = MARK_UNDER_WAY;
	x->depth++;
	code = take_list(x, &at, entry->value, strlen(entry->value));
	x->depth--;
	*mark = MARK_DONE;
	if (code == 0 && x->n_values == values)
		code = complain(x, &at, "has no recipient");
	return code;
}

/* Line by line, each a list. */
static int
include(struct expansion *x, const struct place *from, const char *path)
{
	struct place at = { from->entry, path, 1 };
	struct err why = ERR_NONE;
	const char *p, *end, *lf;
	struct buf b;
	int code;

	if (path[0] != '/')
		return complain(x, from, ":include: needs an absolute path");
	if (x->depth == ALIAS_MAX_DEPTH)
		return complain(x, from, "files in files, too many");
	buf_init(&b, ALIAS_MAX_FILE);
	code = alias_read_file(path, &b, &why);
	if (code != 0)
		code = complain(x, from, why.text);
	x->depth++;
	for (p = b.data, end = p + b.len; code == 0 && p < end; at.line++) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		code = take_list(x, &at, p, (size_t)(lf - p));
		p = lf < end ? lf + 1 : end;
	}
	x->depth--;
	buf_clear(&b);
	return code;
}

static int
take_address(struct expansion *x, const struct place *at, const char *text)
{
	struct addr_list l = { 0 };
	struct err why = ERR_NONE;
	const struct alias_entry *next;
	size_t i;
	int code = addr_parse_list(text, strlen(text), &l, &why);

	if (code != 0)
		code = complain(x, at, why.text);
	for (i = 0; i < l.n && code == 0; i++) {
		const struct addr *a = &l.v[i];

		next = x->is_local(x->ctx, a) && !a->keep_bare
			   ? alias_find(x->map, a->local)
			   : NULL;
		code = next != NULL ? follow(x, at, next, a) : emit(x, at, a);
	}
	addr_list_clear(&l);
	return code;
}

/* One value; its outer quotes are for programs, files and includes. */
static int
take_value(struct expansion *x, const struct place *at, const char *p, size_t n)
{
	char *text = mem_dup_n(p, n);
	char *bare = mem_dup_n(p, n);
	int code;

	x->n_values++;
	if (n > 1 && p[0] == '"' && p[n - 1] == '"') {
		free(bare);
		bare = mem_dup_n(p + 1, n - 2);
	}
	if (bare[0] == '|')
		code = complain(x, at,
		    "a program: osmtp runs none; name an address instead");
	else if (bare[0] == '/')
		code = complain(x, at,
		    "a file: osmtp writes to none; name an address instead");
	else if (text_case_eq_n(bare, INCLUDE, sizeof(INCLUDE) - 1))
		code = include(x, at,
		    bare + strlen(INCLUDE) +
			strspn(bare + strlen(INCLUDE), " \t"));
	else
		code = take_address(x, at, text);
	free(text);
	free(bare);
	return code;
}

/* Octets up to the comma that ends the value at p, or to the end. */
static size_t
value_length(const char *p, size_t n)
{
	bool quoted = false;
	size_t i, depth = 0;

	for (i = 0; i < n; i++) {
		if (p[i] == '\\' && i + 1 < n)
			i++;
		else if (p[i] == '"' && depth == 0)
			quoted = !quoted;
		else if (p[i] == '(' && !quoted)
			depth++;
		else if (p[i] == ')' && !quoted && depth > 0)
			depth--;
		else if (p[i] == ',' && !quoted && depth == 0)
			break;
	}
	return i;
}

/* Values with commas between them; a comment where '#' is the first octet. */
static int
take_list(
    struct expansion *x, const struct place *at, const char *text, size_t n)
{
	const char *end = text + n;
	size_t length, inner;
	int code = 0;

	while (code == 0 && text < end) {
		while (text < end && (text_is_blank(*text) || *text == '\r'))
			text++;
		if (text == end || *text == '#')
			break;
		length = value_length(text, (size_t)(end - text));
		inner = length;
		while (inner > 0 && (text_is_blank(text[inner - 1]) ||
					text[inner - 1] == '\r'))
			inner--;
		if (inner > 0)
			code = take_value(x, at, text, inner);
		text += length < (size_t)(end - text) ? length + 1 : length;
	}
	return code;
}

int
alias_expand(const struct alias_map *m, const char *name,
    bool (*is_local)(void *ctx, const struct addr *a), void *ctx,
    struct addr_list *out, struct err *e)
{
	struct expansion x = {
		.map = m, .is_local = is_local, .ctx = ctx, .out = out, .e = e
	};
	const struct alias_entry *entry = alias_find(m, name);
	struct place nowhere = { NULL, NULL, 0 };
	size_t before = out->n;
	int code;

	if (entry == NULL)
		return 0;
	x.marks = mem_new(m->n, 1);
	code = follow(&x, &nowhere, entry, NULL);
	free(x.marks);
	if (code == 0 && out->n == before) {
		nowhere = (struct place){ entry, m->path, entry->line };
		code = complain(&x, &nowhere, "has no recipient");
	}
	return code;
}

int
alias_check(const struct alias_map *m,
    bool (*is_local)(void *ctx, const struct addr *a), void *ctx, struct err *e)
{
	struct addr_list l = { 0 };
	struct expansion x = {
		.map = m, .is_local = is_local, .ctx = ctx, .out = &l, .e = e
	};
	struct place nowhere = { NULL, NULL, 0 };
	size_t i;
	int code = 0;

	x.marks = mem_new(m->n + 1, 1);
	for (i = 0; i < m->n && code == 0; i++) {
		code = follow(&x, &nowhere, &m->v[i], NULL);
		addr_list_clear(&l);
	}
	free(x.marks);
	return code;
}
