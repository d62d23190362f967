/* SPDX-License-Identifier: ISC */
/*
 * conf_file: configuration files as one text.
 *
 * libconfig could follow @include by itself, but it opens what it is told to
 * by name, so that owner and mode could only be looked at afterwards, and a
 * directory under that name ends the process (flex calls exit(3)). So the
 * text is put together here: the directive gives way to the included lines,
 * and a table says for each line of the result which file and line it was.
 * For that it takes a scanner which knows comments and strings.
 */
#include "core/conf_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/text.h"

#define INCLUDE "@include"

/* Of a line of the flat text. */
struct conf_line {
	unsigned part, line;
};

static void
begin_line(struct conf_text *t, unsigned part, unsigned line)
{
	/* Powers of two: grow when n is one. */
	if ((t->n_lines & (t->n_lines - 1)) == 0)
		t->lines = mem_grow(t->lines,
		    t->n_lines == 0 ? 1 : 2 * t->n_lines, sizeof(*t->lines));
	t->lines[t->n_lines].part = part;
	t->lines[t->n_lines].line = line;
	t->n_lines++;
}

struct conf_place
conf_file_place(const struct conf_text *t, unsigned flat_line)
{
	struct conf_place at = { NULL, 0, NULL };
	size_t i = flat_line;

	if (t->n_lines == 0)
		return at;
	if (i > t->n_lines)
		i = t->n_lines;
	if (i > 0)
		i--;
	at.path = t->parts[t->lines[i].part]->path;
	at.st = &t->parts[t->lines[i].part]->st;
	at.line = t->lines[i].line;
	return at;
}

/* Open, check, read: the octets go to content, and the file becomes a part. */
static int
add_part(struct conf_text *t, const struct conf_source *s, const char *path,
    struct buf *content, struct err *e)
{
	struct conf_part *part;
	struct stat st;
	int fd, rc;

	rc = fsio_open_read(path, &fd, &st, e);
	if (rc != 0)
		return rc;
	rc = fsio_check_writers(path, &st, s->owners[0], s->owners[1], e);
	if (rc == 0)
		rc = fsio_read_all(fd, path, content, e);
	close(fd);
	if (rc != 0)
		return rc;
	part = mem_new(1, sizeof(*part));
	part->path = mem_dup(path);
	part->st = st;
	t->parts =
	    mem_grow(t->parts, t->n_parts + 1, sizeof(struct conf_part *));
	t->parts[t->n_parts++] = part;
	return 0;
}

enum scan_state { SCAN_PLAIN, SCAN_STRING, SCAN_LINE, SCAN_BLOCK };

/* Step over what stands at p: its length, and the state behind it. */
static size_t
scan_step(enum scan_state *state, const char *p)
{
	switch (*state) {
	case SCAN_PLAIN:
		if (*p == '"')
			*state = SCAN_STRING;
		else if (*p == '#' || (p[0] == '/' && p[1] == '/'))
			*state = SCAN_LINE;
		else if (p[0] == '/' && p[1] == '*') {
			*state = SCAN_BLOCK;
			return 2;
		}
		return 1;
	case SCAN_STRING:
		if (p[0] == '\\' && (p[1] == '"' || p[1] == '\\'))
			return 2;
		if (*p == '"')
			*state = SCAN_PLAIN;
		return 1;
	case SCAN_LINE:
		if (*p == '\n')
			*state = SCAN_PLAIN;
		return 1;
	case SCAN_BLOCK:
		if (p[0] == '*' && p[1] == '/') {
			*state = SCAN_PLAIN;
			return 2;
		}
		return 1;
	}
	return 1;
}

/* A decimal or hexadecimal number at p that libconfig would wrap around? */
static bool
is_huge_number(const char *p)
{
	bool hex = p[0] == '0' && text_lower(p[1]) == 'x';
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(p, &end, hex ? 16 : 10);
	if (*end == 'L')
		return errno == ERANGE || v > LLONG_MAX;
	return v > INT_MAX;
}

static bool
begins_number(const char *text, const char *p)
{
	if (!text_is_digit(*p))
		return false;
	return p == text ||
	       (!text_is_alnum(p[-1]) && strchr("_-*.", p[-1]) == NULL) ||
	       (p[-1] == '-' && (p - 1 == text || !text_is_alnum(p[-2])));
}

/* The name that an @include at the beginning of a line gives, and its end. */
static char *
include_name(const char *line, const char **end)
{
	const char *p = line, *from;

	while (text_is_blank(*p))
		p++;
	if (!text_case_eq_n(p, INCLUDE, sizeof(INCLUDE) - 1))
		return NULL;
	p += sizeof(INCLUDE) - 1;
	from = p;
	while (text_is_blank(*p))
		p++;
	if (p == from || *p != '"')
		return NULL;
	from = ++p;
	p += strcspn(p, "\"\n");
	if (*p != '"')
		return NULL;
	*end = p + 1;
	return mem_dup_n(from, (size_t)(p - from));
}

/* Where the scanner stands in one of the files. */
struct scan {
	struct conf_text *t;
	const struct conf_source *s;
	unsigned part, line, depth;
	bool absent; /* there is no such file */
	struct err *e;
};

/* A name relative to the directory of the file that includes it. */
static char *
included_path(const struct scan *x, const char *name)
{
	const char *from = x->t->parts[x->part]->path;
	const char *slash = strrchr(from, '/');

	if (name[0] == '/' || slash == NULL)
		return mem_dup(name);
	return mem_printf("%.*s/%s", (int)(slash - from), from, name);
}

static int splice(struct scan *x, const char *path);

static int
include(const struct scan *x, const char *name)
{
	struct scan inner = *x;
	char *path;
	int rc;

	if (x->depth >= CONF_FILE_MAX_DEPTH)
		return err_set(x->e, EX_CONFIG,
		    "%s:%u: @include: includes nest deeper than %d",
		    x->t->parts[x->part]->path, x->line, CONF_FILE_MAX_DEPTH);
	path = included_path(x, name);
	inner.depth++;
	rc = splice(&inner, path);
	free(path);
	if (rc == 0)
		return 0;
	/* Only a fault of opening has no place in front of it yet. */
	if (inner.line == 0)
		err_wrap(x->e, "%s:%u: @include", x->t->parts[x->part]->path,
		    x->line);
	return EX_CONFIG;
}

/* Walk over the text of a part, copying it and what it includes. */
static int
scan_text(struct scan *x, const char *text)
{
	enum scan_state state = SCAN_PLAIN;
	unsigned opened = 0;
	const char *p = text, *copied = text, *end;
	bool at_start = true;

	while (*p != '\0') {
		enum scan_state before = state;
		char *name = NULL;
		size_t n;

		if (at_start && state == SCAN_PLAIN)
			name = include_name(p, &end);
		if (name != NULL) {
			int rc;

			buf_add(&x->t->flat, copied, (size_t)(p - copied));
			buf_add_char(&x->t->flat, '\n');
			rc = include(x, name);
			free(name);
			if (rc != 0)
				return rc;
			begin_line(x->t, x->part, x->line);
			p = copied = end;
			at_start = false;
			continue;
		}
		if (state == SCAN_PLAIN && begins_number(text, p) &&
		    is_huge_number(p))
			return err_set(x->e, EX_CONFIG,
			    "%s:%u: the number is too large; sizes may be "
			    "strings such as \"5G\"",
			    x->t->parts[x->part]->path, x->line);
		n = scan_step(&state, p);
		if (state != before)
			opened = x->line;
		at_start = *p == '\n';
		p += n;
		if (at_start)
			begin_line(x->t, x->part, ++x->line);
	}
	buf_add(&x->t->flat, copied, (size_t)(p - copied));
	if (state == SCAN_STRING || state == SCAN_BLOCK)
		return err_set(x->e, EX_CONFIG,
		    "%s:%u: the %s that begins here does not end",
		    x->t->parts[x->part]->path, opened,
		    state == SCAN_STRING ? "string" : "comment");
	return 0;
}

/* Append the file at path to the flat text. x->line stays 0 where the file
 * could not be had. */
static int
splice(struct scan *x, const char *path)
{
	struct buf content;
	int rc;

	x->line = 0;
	buf_init(&content, CONF_FILE_MAX);
	errno = 0;
	rc = add_part(x->t, x->s, path, &content, x->e);
	x->absent = rc != 0 && (errno == ENOENT || errno == ENOTDIR);
	if (rc != 0)
		goto out;
	x->part = (unsigned)x->t->n_parts - 1;
	x->line = 1;
	begin_line(x->t, x->part, x->line);
	if (content.len > 0 && memchr(content.data, '\0', content.len) != NULL)
		rc = err_set(
		    x->e, EX_CONFIG, "%s: there is a NUL octet in it", path);
	else
		rc = scan_text(x, content.data);
	/* A last line without its end must not swallow what follows. */
	if (rc == 0 && x->depth > 0)
		buf_add_char(&x->t->flat, '\n');
	if (rc == 0 && x->t->flat.full)
		rc = err_set(x->e, EX_CONFIG,
		    "%s: longer than %d octets, with includes", path,
		    CONF_FILE_MAX);
out:
	if (content.len > 0)
		buf_wipe(content.data, content.len);
	buf_clear(&content);
	return rc;
}

int
conf_file_read(struct conf_text *t, const struct conf_source *s, struct err *e)
{
	struct scan x = { .t = t, .s = s, .e = e };
	int rc;

	buf_init(&t->flat, CONF_FILE_MAX);
	rc = splice(&x, s->path);
	if (rc == 0 || (rc == EX_NOINPUT && x.absent))
		return rc;
	if (e != NULL)
		e->code = EX_CONFIG;
	return EX_CONFIG;
}

void
conf_file_clear(struct conf_text *t)
{
	if (t->flat.len > 0)
		buf_wipe(t->flat.data, t->flat.len);
	buf_clear(&t->flat);
	for (size_t i = 0; i < t->n_parts; i++) {
		free(t->parts[i]->path);
		free(t->parts[i]);
	}
	free(t->parts);
	free(t->lines);
	memset(t, 0, sizeof(*t));
}

void
conf_source_clear(struct conf_source *s)
{
	free(s->path);
	free(s->home);
	free(s->state);
	free(s->spool);
	memset(s, 0, sizeof(*s));
}
