/* SPDX-License-Identifier: ISC */
/*
 * alias: the file, read into a sorted list.
 *
 * A line is "name: value"; one that begins with a blank continues the one
 * before it. A comment is a line whose first octet that is no blank is '#'.
 * Values stay text: sendmail takes "|/usr/bin/prog -a, b" and :include: as
 * well, which alias_expand tells apart.
 */
#include "core/alias_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/text.h"

enum { SHOWN = 80 }; /* octets of a bad line */

/* The file while it is read. */
struct alias_reader {
	struct alias_map *map;
	const char *at, *end;
	size_t line;	  /* number of the line that begins at `at` */
	struct buf value; /* of the last entry, as far as it goes */
	struct err *e;
};

/* what: n octets, of which the first few are shown. */
static int
complain(struct alias_reader *r, const char *what, size_t n, const char *why)
{
	return err_set(r->e, EX_CONFIG, "%s:%zu: %.*s: %s", r->map->path,
	    r->line, n < SHOWN ? (int)n : SHOWN, what, why);
}

/* Blanks at both ends go. */
static void
trim(const char **p, size_t *n)
{
	while (*n > 0 && text_is_blank(**p)) {
		(*p)++;
		(*n)--;
	}
	while (*n > 0 && (text_is_blank((*p)[*n - 1]) || (*p)[*n - 1] == '\r'))
		(*n)--;
}

/* Octets of the name in front of the colon, or 0. A quoted name may have a
 * colon in it. */
static size_t
name_length(const char *line, size_t n)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (line[i] == '\\' && i + 1 < n)
			i++;
		else if (line[i] == '"')
			quoted = !quoted;
		else if (line[i] == ':' && !quoted)
			return i;
	}
	return 0;
}

/* The entry that is being read has all its lines. */
static void
end_entry(struct alias_reader *r)
{
	struct alias_map *m = r->map;

	if (m->n > 0 && m->v[m->n - 1].value == NULL)
		m->v[m->n - 1].value = mem_dup_n(r->value.data, r->value.len);
	buf_reset(&r->value);
}

static int
begin_entry(struct alias_reader *r, const char *line, size_t n)
{
	struct alias_map *m = r->map;
	size_t length = name_length(line, n);
	char *text = mem_dup_n(line, length);
	struct addr a = { 0 };
	struct err why = ERR_NONE;
	int code = 0;

	end_entry(r);
	if (length == 0)
		code =
		    complain(r, line, n, "no alias: write name: address, ..");
	else if (addr_parse(text, false, &a, &why) != 0)
		code = complain(r, text, length, "no name of an alias");
	else if (a.domain != NULL)
		code = complain(r, text, length,
		    "only local names, without @, have aliases");
	free(text);
	if (code == 0) {
		if (m->n == m->cap) {
			m->cap = m->cap > 0 ? 2 * m->cap : 16;
			m->v = mem_grow(m->v, m->cap, sizeof(*m->v));
		}
		m->v[m->n++] =
		    (struct alias_entry){ .name = a.local, .line = r->line };
		a.local = NULL;
		buf_add(&r->value, line + length + 1, n - length - 1);
	}
	addr_clear(&a);
	return code;
}

/* Take the line of n octets, without its end. */
static int
take_line(struct alias_reader *r, const char *line, size_t n)
{
	bool more = n > 0 && text_is_blank(line[0]);

	trim(&line, &n);
	if (n == 0 || line[0] == '#')
		return 0;
	if (memchr(line, '\0', n) != NULL)
		return complain(r, "NUL", 3, "an octet that no text has");
	if (!more)
		return begin_entry(r, line, n);
	if (r->map->n == 0)
		return complain(r, line, n, "continues no alias");
	buf_add_char(&r->value, ' ');
	buf_add(&r->value, line, n);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct alias_entry *x = a, *y = b;
	int order = text_case_cmp(x->name, y->name);

	if (order != 0)
		return order;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* Sort; a name may have one line. */
static int
sort_entries(struct alias_map *m, struct err *e)
{
	size_t i;

	if (m->n == 0)
		return 0;
	qsort(m->v, m->n, sizeof(*m->v), by_name);
	for (i = 1; i < m->n; i++) {
		if (text_case_eq(m->v[i].name, m->v[i - 1].name))
			return err_set(e, EX_CONFIG,
			    "%s:%zu: %.80s: has an alias in line %zu already",
			    m->path, m->v[i].line, m->v[i].name,
			    m->v[i - 1].line);
	}
	return 0;
}

int
alias_parse(const char *path, const char *text, size_t n,
    struct alias_map **out, struct err *e)
{
	struct alias_reader r = {
		.at = text, .end = text + n, .line = 1, .e = e
	};
	const char *lf;
	int code = 0;

	r.map = mem_new(1, sizeof(*r.map));
	r.map->path = mem_dup(path);
	buf_init(&r.value, SIZE_MAX / 2);
	for (; code == 0 && r.at < r.end; r.at = lf + 1, r.line++) {
		lf = memchr(r.at, '\n', (size_t)(r.end - r.at));
		if (lf == NULL)
			lf = r.end;
		code = take_line(&r, r.at, (size_t)(lf - r.at));
		if (lf == r.end)
			break;
	}
	end_entry(&r);
	buf_clear(&r.value);
	if (code == 0)
		code = sort_entries(r.map, e);
	if (code == 0)
		*out = r.map;
	else
		alias_free(r.map);
	return code;
}

int
alias_read_file(const char *path, struct buf *b, struct err *e)
{
	struct err why = ERR_NONE;
	struct stat st;
	int fd = -1;
	int code = fsio_open_read(path, &fd, &st, &why);
	int errnum = errno;

	if (code == 0)
		code = fsio_check_writers(path, &st, 0, geteuid(), &why);
	if (code == 0)
		code = fsio_read_all(fd, path, b, &why);
	if (fd >= 0)
		close(fd);
	errno = errnum;
	return code != 0 ? err_set(e, EX_CONFIG, "%s", why.text) : 0;
}

int
alias_load(const char *path, struct alias_map **out, struct err *e)
{
	struct err why = ERR_NONE;
	struct buf b;
	int code;

	buf_init(&b, ALIAS_MAX_FILE);
	errno = 0;
	code = alias_read_file(path, &b, &why);
	if (code != 0 && errno == ENOENT)
		code = 0;
	else if (code != 0)
		err_set(e, code, "aliases: %s", why.text);
	if (code == 0)
		code = alias_parse(path, b.data, b.len, out, e);
	buf_clear(&b);
	return code;
}

void
alias_free(struct alias_map *m)
{
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->n; i++) {
		free(m->v[i].name);
		free(m->v[i].value);
	}
	free(m->v);
	free(m->path);
	free(m);
}

size_t
alias_count(const struct alias_map *m)
{
	return m->n;
}

static int
compare_name(const void *name, const void *entry)
{
	const struct alias_entry *x = entry;

	return text_case_cmp(name, x->name);
}

const struct alias_entry *
alias_find(const struct alias_map *m, const char *name)
{
	if (m == NULL || m->n == 0)
		return NULL;
	return bsearch(name, m->v, m->n, sizeof(*m->v), compare_name);
}

bool
alias_has(const struct alias_map *m, const char *name)
{
	return alias_find(m, name) != NULL;
}
