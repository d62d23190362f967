/* SPDX-License-Identifier: ISC */
/*
 * conf_read: settings of libconfig, looked up in the table one by one in the
 * order in which they stand, so that the first fault is the first complaint.
 */
#include "core/conf_read.h"

#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "core/conf_secret.h"
#include "core/conf_value.h"

enum { MAX_NAME = 64, MAX_KEY = 256, MAX_WORD = 40 };

/* A group while it is read. */
struct group {
	struct conf_draft *d;
	const char *name;    /* in the table */
	const char *profile; /* that it belongs to, or NULL */
	void *base;	     /* struct conf_top or struct conf_entry */
	struct conf_place *at;
	struct err *e;
};

static struct conf_place
place_of(const struct group *g, const config_setting_t *s)
{
	return conf_file_place(&g->d->text, config_setting_source_line(s));
}

/* "path:line: key" goes before the reason that stands in e. */
static int
blame(const struct group *g, const config_setting_t *s,
    const struct conf_row *row)
{
	struct conf_place at = place_of(g, s);
	struct buf key;

	buf_init(&key, MAX_KEY);
	conf_table_add_key(&key, row, g->profile);
	err_wrap(g->e, "%s:%u: %s", at.path, at.line, key.data);
	buf_clear(&key);
	return EX_CONFIG;
}

static const char *
type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array";
	default:
		return "a list in ( )";
	}
}

static int
wrong_type(const struct group *g, const config_setting_t *s,
    const struct conf_row *row)
{
	err_set(g->e, EX_CONFIG, "must be %s, and is %s",
	    conf_value_wants(row->type), type_name(s));
	return blame(g, s, row);
}

static int
take(const struct group *g, const config_setting_t *s,
    const struct conf_row *row, const char *text)
{
	if (conf_value_take(g->d->source, row, text, g->base, g->e) != 0)
		return blame(g, s, row);
	return 0;
}

static int
read_list(
    const struct group *g, config_setting_t *s, const struct conf_row *row)
{
	int n = config_setting_length(s);
	int rc = 0;

	if (config_setting_type(s) == CONFIG_TYPE_STRING)
		return take(g, s, row, config_setting_get_string(s));
	if (!config_setting_is_array(s))
		return wrong_type(g, s, row);
	if (n < row->min || n > row->max) {
		err_set(g->e, EX_CONFIG,
		    "must have from %d to %d values, not %d", (int)row->min,
		    (int)row->max, n);
		return blame(g, s, row);
	}
	for (int i = 0; rc == 0 && i < n; i++) {
		const config_setting_t *v =
		    config_setting_get_elem(s, (unsigned)i);

		if (config_setting_type(v) != CONFIG_TYPE_STRING)
			return wrong_type(g, v, row);
		rc = take(g, v, row, config_setting_get_string(v));
	}
	return rc;
}

/* The words of a secret's form: a string, or for a command several. */
static int
gather_words(const struct group *g, config_setting_t *v, bool several,
    struct text_list *words)
{
	int n = config_setting_length(v);

	if (config_setting_type(v) == CONFIG_TYPE_STRING) {
		text_list_add(words, config_setting_get_string(v));
		return 0;
	}
	for (int i = 0; several && config_setting_is_array(v) && i < n; i++) {
		const char *word = config_setting_get_string_elem(v, i);

		if (word == NULL)
			break;
		text_list_add(words, word);
	}
	if (several && config_setting_is_array(v) && words->n == (size_t)n)
		return 0;
	return err_set(g->e, EX_CONFIG, "%s must be %s, and is %s",
	    config_setting_name(v), several ? CONF_VALUE_LIST : "a string",
	    type_name(v));
}

/* { file = "/path"; } and its like. */
static int
read_secret_group(const struct group *g, config_setting_t *s,
    const struct conf_row *row, struct profile_secret *out)
{
	config_setting_t *v = config_setting_get_elem(s, 0);
	struct text_list words = { 0 };
	enum profile_secret_form form;
	int rc;

	if (config_setting_length(s) != 1) {
		err_set(g->e, EX_CONFIG,
		    "a group with %d members is no form of a "
		    "secret, which is " CONF_SECRET_FORMS,
		    config_setting_length(s));
		return blame(g, s, row);
	}
	rc = conf_secret_form(config_setting_name(v), &form, g->e);
	if (rc == 0)
		rc = gather_words(g, v, form == PROFILE_COMMAND, &words);
	if (rc == 0)
		rc = conf_secret_take(g->d->source, form, &words, out, g->e);
	text_list_clear(&words);
	return rc != 0 ? blame(g, v, row) : 0;
}

/* Only the form is looked at: everybody's sendmail comes by here. */
static int
read_secret(
    const struct group *g, config_setting_t *s, const struct conf_row *row)
{
	struct profile_secret *out = (void *)((char *)g->base + row->offset);
	struct conf_place at = place_of(g, s);
	struct buf key;

	buf_init(&key, MAX_KEY);
	conf_table_add_key(&key, row, g->profile);
	mem_replace(&out->key, buf_take(&key));
	mem_replace(&out->field, conf_table_field(row));
	if (config_setting_is_group(s))
		return read_secret_group(g, s, row, out);
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return wrong_type(g, s, row);
	if (take(g, s, row, config_setting_get_string(s)) != 0)
		return EX_CONFIG;
	if (out->form == PROFILE_SEALED || fsio_is_private(at.st, "osmtp"))
		return 0;
	err_set(g->e, EX_CONFIG,
	    "a secret may stand in clear only in a file of mode 0600, or 0640 "
	    "with group osmtp, and this one has %04o: seal it, or use { file = "
	    "\"/path\"; }",
	    (unsigned)at.st->st_mode & 07777);
	return blame(g, s, row);
}

/* A group whose members have names of the writer's own. */
static int
read_pairs(
    const struct group *g, config_setting_t *s, const struct conf_row *row)
{
	int n = config_setting_length(s);

	if (!config_setting_is_group(s))
		return wrong_type(g, s, row);
	for (int i = 0; i < n; i++) {
		const config_setting_t *v =
		    config_setting_get_elem(s, (unsigned)i);

		if (config_setting_type(v) != CONFIG_TYPE_STRING)
			return wrong_type(g, v, row);
		if (conf_value_take_pair(row, config_setting_name(v),
			config_setting_get_string(v), g->base, g->e) != 0)
			return blame(g, v, row);
	}
	return 0;
}

static int
read_value(
    const struct group *g, config_setting_t *s, const struct conf_row *row)
{
	int type = config_setting_type(s);
	char number[32];

	if (row->type == CONF_TYPE_SECRET)
		return read_secret(g, s, row);
	if (row->type == CONF_TYPE_PAIRS)
		return read_pairs(g, s, row);
	if (conf_value_is_list(row->type))
		return read_list(g, s, row);
	if (row->type == CONF_TYPE_BOOL) {
		if (type != CONFIG_TYPE_BOOL)
			return wrong_type(g, s, row);
		return take(
		    g, s, row, config_setting_get_bool(s) ? "true" : "false");
	}
	if ((row->type == CONF_TYPE_SIZE || row->type == CONF_TYPE_INT) &&
	    (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)) {
		snprintf(number, sizeof(number), "%lld",
		    type == CONFIG_TYPE_INT ? config_setting_get_int(s)
					    : config_setting_get_int64(s));
		return take(g, s, row, number);
	}
	if (type != CONFIG_TYPE_STRING || row->type == CONF_TYPE_INT)
		return wrong_type(g, s, row);
	return take(g, s, row, config_setting_get_string(s));
}

static int
unknown_key(const struct group *g, const config_setting_t *s)
{
	const char *words[CONF_IDS], *key = config_setting_name(s), *near;
	struct conf_place at = place_of(g, s);
	struct conf_row unknown = { .group = g->name, .key = key };
	struct buf text;
	size_t n = 0;

	for (size_t i = 0; i < CONF_IDS; i++)
		if (strcmp(conf_rows[i].group, g->name) == 0)
			words[n++] = conf_rows[i].key;
	near = text_nearest(key, words, n);
	buf_init(&text, ERR_TEXT_MAX);
	conf_table_add_key(&text, &unknown, g->profile);
	buf_add_str(&text, ": unknown key");
	if (near != NULL)
		buf_add_fmt(&text, "; did you mean \"%s\"?", near);
	else {
		buf_add_str(&text, "; known here:");
		for (size_t i = 0; i < n; i++)
			buf_add_fmt(&text, " %s", words[i]);
	}
	err_set(g->e, EX_CONFIG, "%s:%u: %s", at.path, at.line, text.data);
	buf_clear(&text);
	return EX_CONFIG;
}

static int read_group(const struct group *g, config_setting_t *s);

/* A letter, then letters, digits, "-" and "_". */
static bool
is_profile_name(const char *s)
{
	size_t n = strlen(s);

	if (n > MAX_NAME || !text_is_alpha(s[0]))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!text_is_alnum(s[i]) && s[i] != '-' && s[i] != '_')
			return false;
	return true;
}

static int
read_profile(const struct group *top, config_setting_t *s)
{
	struct conf_draft *d = top->d;
	struct conf_place at = place_of(top, s);
	const char *name = config_setting_name(s);
	struct conf_entry *x;
	struct group g;

	if (!is_profile_name(name))
		return err_set(top->e, EX_CONFIG,
		    "%s:%u: profiles: \"%s\": a profile's name is a letter, "
		    "then letters, digits, \"-\" and \"_\", at most %d",
		    at.path, at.line, name, MAX_NAME);
	if (!config_setting_is_group(s))
		return err_set(top->e, EX_CONFIG,
		    "%s:%u: profiles.%s: must be a group { ... }, and is %s",
		    at.path, at.line, name, type_name(s));
	d->entries = mem_grow(d->entries, d->n + 1, sizeof(*d->entries));
	x = &d->entries[d->n++];
	memset(x, 0, sizeof(*x));
	conf_value_defaults(true, x);
	x->begin = at;
	x->p.name = mem_dup(name);
	g = (struct group){ d, CONF_TABLE_PROFILE, name, x, x->at, top->e };
	return read_group(&g, s);
}

static int
read_profiles(const struct group *top, config_setting_t *s)
{
	int n = config_setting_length(s);
	int rc = 0;

	for (int i = 0; rc == 0 && i < n; i++)
		rc = read_profile(top, config_setting_get_elem(s, (unsigned)i));
	if (rc == 0 && n == 0) {
		err_set(top->e, EX_CONFIG, "must have at least one profile");
		return blame(top, s, &conf_rows[CONF_PROFILES]);
	}
	return rc;
}

/* A key whose value is a group of keys. */
static int
read_subgroup(
    const struct group *g, config_setting_t *s, const struct conf_row *row)
{
	char name[MAX_KEY];
	struct group inner = *g;

	if (!config_setting_is_group(s))
		return wrong_type(g, s, row);
	if (row == &conf_rows[CONF_PROFILES])
		return read_profiles(g, s);
	snprintf(name, sizeof(name), "%s%s%s", row->group,
	    row->group[0] != '\0' ? "." : "", row->key);
	inner.name = name;
	return read_group(&inner, s);
}

static int
read_group(const struct group *g, config_setting_t *s)
{
	int n = config_setting_length(s);
	int rc = 0;

	for (int i = 0; rc == 0 && i < n; i++) {
		config_setting_t *v = config_setting_get_elem(s, (unsigned)i);
		enum conf_id id =
		    conf_table_find(g->name, config_setting_name(v));

		if (id == CONF_IDS)
			return unknown_key(g, v);
		g->at[id] = place_of(g, v);
		if (conf_rows[id].type == CONF_TYPE_GROUP)
			rc = read_subgroup(g, v, &conf_rows[id]);
		else
			rc = read_value(g, v, &conf_rows[id]);
	}
	return rc;
}

/* The first word of that line, if it stands where a name should and is none;
 * a line that begins with a quote may be part of a secret. */
static bool
bad_name(const char *line, char word[MAX_WORD])
{
	size_t n, blanks;

	line += strspn(line, " \t{(");
	n = strcspn(line, " \t\r\n=:{}\"';,");
	blanks = strspn(line + n, " \t");
	if (n == 0 || n >= MAX_WORD || strchr("=:", line[n + blanks]) == NULL ||
	    line[n + blanks] == '\0')
		return false;
	memcpy(word, line, n);
	word[n] = '\0';
	if (!text_is_alpha(word[0]) && word[0] != '*')
		return true;
	for (size_t i = 0; i < n; i++)
		if (!text_is_alnum(word[i]) && strchr("-_*", word[i]) == NULL)
			return true;
	return false;
}

static int
syntax_error(const struct conf_draft *d, const config_t *cfg, struct err *e)
{
	unsigned line = (unsigned)config_error_line(cfg);
	struct conf_place at = conf_file_place(&d->text, line);
	const char *text = d->text.flat.data, *reason = config_error_text(cfg);
	char word[MAX_WORD];

	if (reason == NULL)
		reason = "cannot be read";
	for (unsigned i = 1; i < line && text != NULL; i++) {
		text = strchr(text, '\n');
		if (text != NULL)
			text++;
	}
	if (text != NULL && bad_name(text, word))
		return err_set(e, EX_CONFIG,
		    "%s:%u: %s: \"%s\" is no name: a name is a letter, then "
		    "letters, digits, \"-\" and \"_\"",
		    at.path, at.line, reason, word);
	if (strcmp(reason, "syntax error") == 0)
		return err_set(e, EX_CONFIG,
		    "%s:%u: syntax error here or just before: a setting is "
		    "name = value; and a string stands in quotes",
		    at.path, at.line);
	return err_set(e, EX_CONFIG, "%s:%u: %s", at.path, at.line, reason);
}

int
conf_read(struct conf_draft *d, struct err *e)
{
	struct group top = { d, "", NULL, &d->top, d->top.at, e };
	config_t cfg;
	int rc;

	rc = conf_file_read(&d->text, d->source, e);
	if (rc != 0)
		return rc;
	conf_value_defaults(false, &d->top);
	config_init(&cfg);
	/* An @include that is left is none: nothing can be opened there. */
	config_set_include_dir(&cfg, "/dev/null");
	if (!config_read_string(&cfg, d->text.flat.data))
		rc = syntax_error(d, &cfg, e);
	else
		rc = read_group(&top, config_root_setting(&cfg));
	config_destroy(&cfg);
	return rc;
}

void
conf_draft_clear(struct conf_draft *d)
{
	for (size_t i = 0; i < d->n; i++)
		conf_entry_clear(&d->entries[i]);
	free(d->entries);
	conf_top_clear(&d->top);
	conf_file_clear(&d->text);
	memset(d, 0, sizeof(*d));
}
