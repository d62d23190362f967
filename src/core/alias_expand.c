/* SPDX-License-Identifier: ISC */
/*
 * alias_expand: what a name stands for.
 *
 * Names and included files are followed depth first. Each is carried out once:
 * one that is done is passed over, one that is under way is a loop, so that
 * time and memory grow with the files, not with the paths through them. How
 * deep the done ones went is kept, so that what is too deep does not depend on
 * what was followed before.
 */
#include "core/alias_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define INCLUDE ":include:"

enum state { STATE_NEW, STATE_UNDER_WAY, STATE_DONE };

/* How far an entry, or an included file, has been followed. */
struct mark {
	enum state state;
	int height; /* of what it leads to, once it is done */
	bool has_rcpt;
};

struct file {
	char *path;
	struct mark mark;
};

struct expansion {
	const struct alias_map *map;
	bool (*is_local)(void *ctx, const struct addr *a);
	void *ctx;
	struct addr_list *out;
	struct mark *marks; /* one for each entry */
	struct file *files; /* ALIAS_MAX_FILES; their marks keep their places */
	size_t n_files;
	int depth, deepest;
	size_t n_values; /* that were looked at */
	size_t n_rcpts;	 /* that were found, those of what is done as well */
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
	x->n_rcpts++;
	return 0;
}

/* ---- what is followed once */

/* It is done: what was found there counts here as well. */
static int
pass(struct expansion *x, const struct place *at, const struct mark *m,
    const char *too_deep)
{
	int end = x->depth + m->height;

	x->n_rcpts += m->has_rcpt;
	if (end > ALIAS_MAX_DEPTH)
		return complain(x, at, too_deep);
	if (end > x->deepest)
		x->deepest = end;
	return 0;
}

/* What leave() needs to know again. */
struct way {
	struct mark *mark;
	int deepest;
	size_t n_rcpts;
};

static struct way
enter(struct expansion *x, struct mark *m)
{
	struct way w = { m, x->deepest, x->n_rcpts };

	m->state = STATE_UNDER_WAY;
	x->deepest = ++x->depth;
	return w;
}

static void
leave(struct expansion *x, const struct way *w)
{
	x->depth--;
	w->mark->state = STATE_DONE;
	w->mark->height = x->deepest - x->depth;
	w->mark->has_rcpt = x->n_rcpts > w->n_rcpts;
	if (w->deepest > x->deepest)
		x->deepest = w->deepest;
}

/* Carry out an entry; a is what named it, or NULL for the first. */
static int
follow(struct expansion *x, const struct place *from,
    const struct alias_entry *entry, const struct addr *a)
{
	static const char too_deep[] = "aliases of aliases, too many";
	struct place at = { entry, x->map->path, entry->line };
	struct mark *mark = &x->marks[entry - x->map->v];
	size_t values = x->n_values;
	struct addr self;
	struct way way;
	int code;

	if (mark->state == STATE_DONE)
		return pass(x, from, mark, too_deep);
	if (mark->state == STATE_UNDER_WAY && from->entry == entry) {
		self = *a;
		self.keep_bare = true;
		return emit(x, from, &self);
	}
	if (mark->state == STATE_UNDER_WAY)
		return complain(x, from, "leads back to itself: a loop");
	if (x->depth == ALIAS_MAX_DEPTH)
		return complain(x, from, too_deep);
	way = enter(x, mark);
	code = take_list(x, &at, entry->value, strlen(entry->value));
	leave(x, &way);
	if (code == 0 && x->n_values == values)
		code = complain(x, &at, "has no recipient");
	return code;
}

/* Line by line, each a list. */
static int
take_lines(struct expansion *x, struct place *at, const struct buf *b)
{
	const char *p = b->data, *end = p + b->len, *lf;
	int code = 0;

	for (; code == 0 && p < end; at->line++) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		code = take_list(x, at, p, (size_t)(lf - p));
		p = lf < end ? lf + 1 : end;
	}
	return code;
}

/* The included file of that path, or NULL where there are too many. */
static struct file *
find_file(struct expansion *x, const char *path)
{
	size_t i;

	for (i = 0; i < x->n_files; i++)
		if (strcmp(x->files[i].path, path) == 0)
			return &x->files[i];
	if (x->n_files == ALIAS_MAX_FILES)
		return NULL;
	if (x->files == NULL)
		x->files = mem_new(ALIAS_MAX_FILES, sizeof(*x->files));
	x->files[i].path = mem_dup(path);
	x->n_files++;
	return &x->files[i];
}

static int
include(struct expansion *x, const struct place *from, const char *path)
{
	static const char too_deep[] = "files in files, too many";
	struct place at = { from->entry, path, 1 };
	struct err why = ERR_NONE;
	struct file *f;
	struct way way;
	struct buf b;
	int code;

	if (path[0] != '/')
		return complain(x, from, ":include: needs an absolute path");
	f = find_file(x, path);
	if (f == NULL)
		return complain(x, from, "more than 1000 included files");
	if (f->mark.state == STATE_DONE)
		return pass(x, from, &f->mark, too_deep);
	if (f->mark.state == STATE_UNDER_WAY)
		return complain(x, from, "includes itself: a loop");
	if (x->depth == ALIAS_MAX_DEPTH)
		return complain(x, from, too_deep);
	buf_init(&b, ALIAS_MAX_FILE);
	way = enter(x, &f->mark);
	code = alias_read_file(path, &b, &why);
	if (code != 0)
		code = complain(x, from, why.text);
	else
		code = take_lines(x, &at, &b);
	leave(x, &way);
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

/* ---- the interface */

/* Carry out the entry of a name that somebody may write to. */
static int
begin(struct expansion *x, const struct alias_entry *entry)
{
	struct place at = { entry, x->map->path, entry->line };
	size_t before = x->n_rcpts;
	int code = follow(x, &at, entry, NULL);

	if (code == 0 && x->n_rcpts == before)
		code = complain(x, &at, "has no recipient");
	return code;
}

static void
forget_files(struct expansion *x)
{
	size_t i;

	for (i = 0; i < x->n_files; i++)
		free(x->files[i].path);
	free(x->files);
	x->files = NULL;
	x->n_files = 0;
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
	int code;

	if (entry == NULL)
		return 0;
	x.marks = mem_new(m->n, sizeof(*x.marks));
	code = begin(&x, entry);
	forget_files(&x);
	free(x.marks);
	return code;
}

/* Entries that were followed already are done: what they lead to is not read
 * again. Files may be, once for each name: they are limited for each. */
int
alias_check(const struct alias_map *m,
    bool (*is_local)(void *ctx, const struct addr *a), void *ctx, struct err *e)
{
	struct addr_list l = { 0 };
	struct expansion x = {
		.map = m, .is_local = is_local, .ctx = ctx, .out = &l, .e = e
	};
	size_t i;
	int code = 0;

	x.marks = mem_new(m->n + 1, sizeof(*x.marks));
	for (i = 0; i < m->n && code == 0; i++) {
		code = begin(&x, &m->v[i]);
		addr_list_clear(&l);
		forget_files(&x);
	}
	free(x.marks);
	return code;
}
