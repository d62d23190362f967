/* SPDX-License-Identifier: ISC */
/*
 * conf_edit: values replaced where they stand.
 *
 * libconfig can write a configuration, but drops comments, order and includes.
 * So a scanner finds the octets of a value. It knows comments, strings, names
 * and brackets, as the grammar has them:
 *
 *	settings: { NAME ("=" | ":") value [";" | ","] }
 *	value:    string { string } | "{" settings "}" | "[" .. "]" | "(" .. ")"
 *	          | a word
 *
 * The value is sought in the text with all that it includes (conf_file), and
 * the place there leads back to one of the files, where the same octets must
 * stand; else there is an @include in the middle of it, and we leave it alone.
 */
#include "core/conf_edit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "base/text.h"

#define NAME_LETTERS                 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz*"
#define DIGITS "0123456789"
#define BLANKS " \t\r\n\f"

/* ---- scanner; each moves *p behind what it is about */

static void
skip_blanks(const char **p)
{
	const char *end;

	for (;;) {
		*p += strspn(*p, BLANKS);
		if (**p == '#' || **p == '@' || text_starts(*p, "//")) {
			*p += strcspn(*p, "\n");
		} else if (text_starts(*p, "/*")) {
			end = strstr(*p + 2, "*/");
			*p = end != NULL ? end + 2 : *p + strlen(*p);
		} else {
			return;
		}
	}
}

static bool
skip_string(const char **p)
{
	const char *at = *p + 1;

	while (*at != '"' && *at != '\0')
		at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
	if (*at == '\0')
		return false;
	*p = at + 1;
	return true;
}

/* Strings that stand side by side are one. */
static bool
skip_strings(const char **p)
{
	const char *next = *p;

	while (*next == '"') {
		if (!skip_string(&next))
			return false;
		*p = next;
		skip_blanks(&next);
	}
	return true;
}

/* A group, array or list to its end; *p is at its bracket. */
static bool
skip_brackets(const char **p)
{
	const char *at = *p;
	size_t depth = 0;

	for (;;) {
		if (*at == '\0')
			return false;
		if (*at == '"') {
			if (!skip_string(&at))
				return false;
		} else {
			if (strchr("{[(", *at) != NULL)
				depth++;
			else if (strchr("}])", *at) != NULL)
				depth--;
			at++;
		}
		if (depth == 0) {
			*p = at;
			return true;
		}
		skip_blanks(&at);
	}
}

static bool
skip_value(const char **p)
{
	size_t n;

	if (**p == '"')
		return skip_strings(p);
	if (**p != '\0' && strchr("{[(", **p) != NULL)
		return skip_brackets(p);
	n = strcspn(*p, BLANKS ";,{}[]()\"#/=:");
	*p += n;
	return n > 0;
}

/* ---- finding */

/* Where the search stands: in a group, whose name is the last one found. */
struct search {
	const char *text, *at;
	const struct conf_edit_path *path;
	struct conf_edit_spot *spot;
	const char *member; /* first one of the group, or NULL */
	struct err *e;
};

static int
make_no_sense(struct search *s)
{
	s->spot->from = s->spot->to = (size_t)(s->at - s->text);
	return err_set(s->e, EX_CONFIG, "syntax error here or just before");
}

/* The setting whose name is at s->at, n octets of it. *over: it was what we
 * look for. */
static int
take_setting(struct search *s, size_t n, bool *over)
{
	size_t found = s->spot->found;
	const char *wanted = s->path->names[found], *name = s->at;
	bool last = found + 1 == s->path->n;

	if (s->member == NULL)
		s->member = name;
	s->at += n;
	skip_blanks(&s->at);
	if (*s->at != '=' && *s->at != ':')
		return make_no_sense(s);
	s->at++;
	skip_blanks(&s->at);
	if (strlen(wanted) == n && memcmp(name, wanted, n) == 0) {
		s->spot->from = (size_t)(s->at - s->text);
		s->spot->found++;
		if (!last && *s->at == '{') {
			s->at++;
			s->member = NULL;
			return 0;
		}
		if (!last)
			return err_set(s->e, EX_CONFIG,
			    "%s: must be a group { ... }", wanted);
		*over = true;
	}
	if (!skip_value(&s->at))
		return make_no_sense(s);
	if (*over)
		s->spot->to = (size_t)(s->at - s->text);
	return 0;
}

int
conf_edit_find(const char *text, const struct conf_edit_path *path,
    struct conf_edit_spot *spot, struct err *e)
{
	struct search s = { text, text, path, spot, NULL, e };
	bool over = false;
	int rc = 0;

	memset(spot, 0, sizeof(*spot));
	while (rc == 0 && !over) {
		skip_blanks(&s.at);
		if (*s.at == ';' || *s.at == ',') {
			s.at++;
		} else if (*s.at == (spot->found > 0 ? '}' : '\0')) {
			spot->from = spot->to = (size_t)(s.at - text);
			over = true;
		} else if (*s.at != '\0' &&
			   strchr(NAME_LETTERS, *s.at) != NULL) {
			rc = take_setting(
			    &s, strspn(s.at, NAME_LETTERS DIGITS "-_"), &over);
		} else {
			rc = make_no_sense(&s);
		}
	}
	spot->member =
	    s.member != NULL ? (size_t)(s.member - text) : spot->from;
	return rc;
}

/* ---- replacing */

/* The blanks in front of text[at], if nothing but they stand before it on its
 * line; else NULL. */
static const char *
indent_of(const char *text, size_t at, size_t *n)
{
	size_t from = at;

	while (from > 0 && text_is_blank(text[from - 1]))
		from--;
	*n = at - from;
	return from == 0 || text[from - 1] == '\n' ? text + from : NULL;
}

/* As a string of libconfig. */
static void
add_string(struct buf *b, const char *value)
{
	const char *p;

	buf_add_char(b, '"');
	for (p = value; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_add_fmt(b, "\\%c", *p);
		else if ((unsigned char)*p < ' ')
			buf_add_fmt(b, "\\x%02x", (unsigned)*p);
		else
			buf_add_char(b, *p);
	}
	buf_add_char(b, '"');
}

/* NAME = "VALUE"; or, where groups are missing, NAME = { NAME = "VALUE"; }; */
static void
add_setting(struct buf *b, const struct conf_edit_path *path, size_t found,
    const char *value)
{
	size_t i;

	for (i = found; i + 1 < path->n; i++)
		buf_add_fmt(b, "%s = { ", path->names[i]);
	buf_add_fmt(b, "%s = ", path->names[i]);
	add_string(b, value);
	buf_add_char(b, ';');
	for (i = found; i + 1 < path->n; i++)
		buf_add_str(b, " };");
}

/*
 * What to put in place of the spot's octets. An absent setting goes to the end
 * of its group, on a line of its own where the group has several; from and to
 * move there.
 */
static void
make_patch(struct buf *b, const char *text, const struct conf_edit_path *path,
    struct conf_edit_spot *spot, const char *value)
{
	const char *end_indent, *indent;
	size_t end_n, n;

	if (spot->found == path->n) {
		add_string(b, value);
		return;
	}
	end_indent = indent_of(text, spot->from, &end_n);
	indent = indent_of(text, spot->member, &n);
	if (end_indent != NULL) {
		if (spot->member != spot->from && indent != NULL)
			buf_add(b, indent, n);
		else
			buf_add_fmt(b, "%.*s  ", (int)end_n, end_indent);
		add_setting(b, path, spot->found, value);
		buf_add_char(b, '\n');
		spot->from -= end_n;
	} else {
		while (text_is_blank(text[spot->from - 1]))
			spot->from--;
		buf_add_char(b, ' ');
		add_setting(b, path, spot->found, value);
		if (!text_is_blank(text[spot->from]))
			buf_add_char(b, ' ');
	}
	spot->to = spot->from;
}

/* Octets of the flat text to be replaced, and where they stand in the file. */
struct patch {
	struct conf_edit_spot spot;
	struct buf text;
	struct conf_place at;
	size_t off; /* of spot.from, in the file */
};

/* Replace n octets of *text at from; what was there is wiped. */
static void
splice(char **text, size_t *len, size_t from, size_t n, const struct buf *patch)
{
	size_t rest = *len - from - n, len_now = from + patch->len + rest;
	char *out = mem_new(len_now + 1, 1);

	memcpy(out, *text, from);
	memcpy(out + from, patch->data, patch->len);
	memcpy(out + from + patch->len, *text + from + n, rest);
	buf_wipe(*text, *len);
	free(*text);
	*text = out;
	*len = len_now;
}

/* The line of text[at], from 1, and where it begins. */
static unsigned
line_of(const char *text, size_t at, size_t *begin)
{
	unsigned line = 1;
	size_t i;

	*begin = 0;
	for (i = 0; i < at; i++)
		if (text[i] == '\n') {
			line++;
			*begin = i + 1;
		}
	return line;
}

/* Where that line begins; the end of the text if it has not so many. */
static size_t
begin_of(const struct buf *text, unsigned line)
{
	const char *p = text->data, *lf;

	for (; line > 1; line--) {
		lf = strchr(p, '\n');
		if (lf == NULL)
			return text->len;
		p = lf + 1;
	}
	return (size_t)(p - text->data);
}

static void
wipe(struct buf *b)
{
	if (b->len > 0)
		buf_wipe(b->data, b->len);
	buf_clear(b);
}

/* Read the file again, which must be the one that was read before. */
static int
read_part(const struct conf_place *at, struct buf *content, struct err *e)
{
	struct stat st;
	int fd, rc;

	rc = fsio_open_read(at->path, &fd, &st, e);
	if (rc != 0)
		return rc;
	if (st.st_dev != at->st->st_dev || st.st_ino != at->st->st_ino ||
	    st.st_size != at->st->st_size)
		rc = err_set(e, EX_TEMPFAIL,
		    "%s: somebody is changing it: try again", at->path);
	else
		rc = fsio_read_all(fd, at->path, content, e);
	close(fd);
	return rc;
}

/*
 * The spot of the flat text lies in the file whose content that is: all from
 * the beginning of its line to its end must be the same in both.
 */
static int
find_in_part(const struct conf_text *t, const struct buf *content,
    struct patch *p, struct err *e)
{
	const struct conf_edit_spot *spot = &p->spot;
	const char *flat = t->flat.data;
	size_t begin, off;

	line_of(flat, spot->from, &begin);
	off = begin_of(content, p->at.line);
	if (spot->to - begin > content->len - off ||
	    memcmp(content->data + off, flat + begin, spot->to - begin) != 0)
		return err_set(e, EX_CONFIG,
		    "%s:%u: there is an @include in the midst of it: change it "
		    "by hand",
		    p->at.path, p->at.line);
	p->off = off + spot->from - begin;
	return 0;
}

/* The one of n patches that comes last in the text and is not done yet; of
 * those at one place, the last. */
static struct patch *
last_patch(struct patch *v, size_t n, const bool done[])
{
	struct patch *last = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (!done[i] &&
		    (last == NULL || v[i].spot.from >= last->spot.from))
			last = &v[i];
	return last;
}

/* From the end to the front, so that no place moves before its turn. */
static void
apply(const struct conf_text *t, const struct buf *content, struct patch *v,
    size_t n, struct conf_edit *c)
{
	bool done[CONF_EDIT_VALUES] = { false };
	size_t i;

	c->text = mem_dup_n(content->data, content->len);
	c->n = content->len;
	c->whole = mem_dup_n(t->flat.data, t->flat.len);
	c->whole_n = t->flat.len;
	for (i = 0; i < n; i++) {
		struct patch *p = last_patch(v, n, done);
		size_t old = p->spot.to - p->spot.from;

		splice(&c->text, &c->n, p->off, old, &p->text);
		splice(&c->whole, &c->whole_n, p->spot.from, old, &p->text);
		done[p - v] = true;
	}
}

/* The patches lie in one of the files: make the change there. */
static int
change_part(const struct conf_text *t, struct patch *v, size_t n,
    struct conf_edit *c, struct err *e)
{
	const struct conf_place *at = &v[0].at;
	struct buf content;
	size_t i, begin;
	int rc = 0;

	for (i = 0; i < n; i++) {
		v[i].at = conf_file_place(
		    t, line_of(t->flat.data, v[i].spot.from, &begin));
		if (v[i].at.st != at->st)
			return err_set(e, EX_CONFIG,
			    "%s:%u: what belongs to it is in another file, "
			    "%s: change both by hand",
			    v[i].at.path, v[i].at.line, at->path);
	}
	buf_init(&content, CONF_FILE_MAX);
	rc = read_part(at, &content, e);
	for (i = 0; rc == 0 && i < n; i++)
		rc = find_in_part(t, &content, &v[i], e);
	if (rc == 0) {
		c->path = realpath(at->path, NULL);
		if (c->path == NULL)
			rc = err_set_errno(e, EX_CONFIG, errno, "%s", at->path);
	}
	if (rc == 0) {
		c->like = *at->st;
		c->line = at->line;
		apply(t, &content, v, n, c);
	}
	wipe(&content);
	return rc;
}

/* Look for the path in the configuration. */
static int
look(const struct conf_source *s, const struct conf_text *t,
    const struct conf_edit_path *path, struct conf_edit_spot *spot,
    struct err *e)
{
	struct err why = ERR_NONE;
	struct conf_place at;
	size_t begin;

	if (conf_edit_find(t->flat.data, path, spot, &why) != 0) {
		at = conf_file_place(
		    t, line_of(t->flat.data, spot->from, &begin));
		return err_set(
		    e, EX_CONFIG, "%s:%u: %s", at.path, at.line, why.text);
	}
	if (spot->found < 2)
		return err_set(e, EX_NOINPUT, "%s: there is no profile \"%s\"",
		    s->path, path->names[1]);
	return 0;
}

int
conf_edit_look(const struct conf_source *s, const struct conf_edit_path *path,
    struct err *e)
{
	struct conf_edit_spot spot;
	struct conf_text t = { 0 };
	int rc = conf_file_read(&t, s, e);

	if (rc == 0)
		rc = look(s, &t, path, &spot, e);
	conf_file_clear(&t);
	return rc;
}

int
conf_edit_where(const struct conf_source *s, const struct conf_edit_path *path,
    char **file, unsigned *line, struct err *e)
{
	struct conf_edit_spot spot;
	struct conf_text t = { 0 };
	struct conf_place at;
	size_t begin;
	int rc = conf_file_read(&t, s, e);

	if (rc == 0)
		rc = look(s, &t, path, &spot, e);
	if (rc == 0 && spot.found < path->n)
		rc = err_set(e, EX_NOINPUT, "%s: there is no %s of \"%s\"",
		    s->path, path->names[path->n - 1], path->names[1]);
	if (rc == 0) {
		at = conf_file_place(
		    &t, line_of(t.flat.data, spot.from, &begin));
		*file = mem_dup(at.path);
		*line = at.line;
	}
	conf_file_clear(&t);
	return rc;
}

int
conf_edit_set_all(const struct conf_source *s, const struct conf_edit_value *v,
    size_t n, struct conf_edit *c, struct err *e)
{
	struct patch patches[CONF_EDIT_VALUES];
	struct conf_text t = { 0 };
	size_t i;
	int rc;

	err_bug_if(n == 0 || n > CONF_EDIT_VALUES);
	for (i = 0; i < n; i++)
		buf_init(&patches[i].text, CONF_FILE_MAX);
	rc = conf_file_read(&t, s, e);
	for (i = 0; rc == 0 && i < n; i++) {
		struct patch *p = &patches[i];

		err_bug_if(v[i].path.n < 2);
		rc = look(s, &t, &v[i].path, &p->spot, e);
		if (rc != 0)
			break;
		make_patch(
		    &p->text, t.flat.data, &v[i].path, &p->spot, v[i].text);
		if (p->text.full)
			rc = err_set(
			    e, EX_CONFIG, "%s: the value is too long", s->path);
	}
	if (rc == 0)
		rc = change_part(&t, patches, n, c, e);
	for (i = 0; i < n; i++)
		buf_clear(&patches[i].text);
	conf_file_clear(&t);
	return rc;
}

int
conf_edit_set(const struct conf_source *s, const struct conf_edit_path *path,
    const char *value, struct conf_edit *c, struct err *e)
{
	const struct conf_edit_value v = { *path, value };

	return conf_edit_set_all(s, &v, 1, c, e);
}

static void
wipe_text(char **text, size_t n)
{
	if (*text != NULL)
		buf_wipe(*text, n);
	free(*text);
	*text = NULL;
}

void
conf_edit_clear(struct conf_edit *c)
{
	wipe_text(&c->text, c->n);
	wipe_text(&c->whole, c->whole_n);
	free(c->path);
	c->path = NULL;
}
