/* SPDX-License-Identifier: ISC */
/*
 * preset: what is known of providers: a list, or all about one of them, with
 * what is to be done there and a profile to begin with. No configuration is
 * read.
 */
#include "core/preset.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cmd/cmd.h"

#define USAGE "usage: osmtp preset [NAME] [--json]"

enum { MAX_TEXT = 64 * 1024, MAX_KEY = 64, KEY_WIDTH = 24, COLUMNS = 78 };

/* What a preset knows as a number: as a member of JSON, and for people. */
struct fact {
	const char *name;
	unsigned value;
	const char *before, *after;
};

enum { FACTS = 5 };

static void
facts_of(const struct preset *s, struct fact v[FACTS])
{
	const struct fact all[FACTS] = {
		{ "connections", s->connections, "at most ",
		    " connections at once" },
		{ "per_minute", s->per_minute, "at most ",
		    " messages a minute" },
		{ "per_day", s->per_day, "at most ", " recipients a day" },
		{ "idle_days", s->idle_days, "a consent ends after ",
		    " days without use" },
		{ "max_days", s->max_days, "a consent ends after ", " days" },
	};

	memcpy(v, all, sizeof(all));
}

/* "oauth.scope" */
static const char *
key_of(const struct preset_value *v, char key[MAX_KEY])
{
	const char *inner = strchr(v->group, '.');

	inner = inner != NULL ? strchr(inner + 1, '.') : NULL;
	snprintf(key, MAX_KEY, "%s%s%s", inner != NULL ? inner + 1 : "",
	    inner != NULL ? "." : "", v->key);
	return key;
}

/* A file that can be pasted; the key preset stands as wide as those below. */
static void
add_example(struct buf *b, const struct preset *s, const char *indent)
{
	int width = (int)strcspn(s->example[0], "=") - 1;

	buf_add_fmt(b, "%sprofiles = {\n%s  mail = {\n", indent, indent);
	buf_add_fmt(
	    b, "%s    %-*s = \"%s\";\n", indent, width, "preset", s->name);
	for (const char *const *p = s->example; *p != NULL; p++)
		buf_add_fmt(b, "%s    %s\n", indent, *p);
	buf_add_fmt(b, "%s  };\n%s};\n", indent, indent);
}

/* ---- for people */

static void
show_values(const struct preset *s)
{
	char key[MAX_KEY], last[MAX_KEY] = "";

	for (size_t i = 0; i < s->n_values; i++) {
		key_of(&s->values[i], key);
		if (strcmp(key, last) == 0)
			printf(", %s", s->values[i].text);
		else
			printf("%s  %-*s  %s", i > 0 ? "\n" : "", KEY_WIDTH,
			    key, s->values[i].text);
		memcpy(last, key, sizeof(last));
	}
	printf("\n");
}

/* A line behind its mark, broken at blanks. */
static void
show_line(const char *mark, const char *line)
{
	int indent = (int)strlen(mark), column = indent;

	printf("%s", mark);
	while (*line != '\0') {
		int n = (int)strcspn(line, " ");

		if (column > indent && column + 1 + n > COLUMNS) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (column > indent)
			column += printf(" ");
		column += printf("%.*s", n, line);
		line += n;
		line += strspn(line, " ");
	}
	printf("\n");
}

static void
show_facts(const struct preset *s)
{
	struct fact v[FACTS];
	bool begun = false;

	facts_of(s, v);
	for (size_t i = 0; i < FACTS; i++) {
		if (v[i].value == 0)
			continue;
		printf("%s  %s%u%s\n", begun ? "" : "\nWhat holds there:\n",
		    v[i].before, v[i].value, v[i].after);
		begun = true;
	}
}

static void
show(const struct preset *s)
{
	struct buf example;
	char mark[16];
	unsigned n = 0;

	buf_init(&example, MAX_TEXT);
	add_example(&example, s, "  ");
	printf("%s: %s\nAs of %s, from %s\n\nIt stands for:\n", s->name,
	    s->title, s->as_of, s->source);
	show_values(s);
	show_facts(s);
	printf("\nWhat to do:\n");
	for (const char *const *p = s->steps; *p != NULL; p++) {
		snprintf(mark, sizeof(mark), "  %u. ", ++n);
		show_line(mark, *p);
	}
	if (s->notes[0] != NULL)
		printf("\nTo be known:\n");
	for (const char *const *p = s->notes; *p != NULL; p++)
		show_line("  - ", *p);
	printf("\nA configuration to begin with:\n%s", example.data);
	buf_clear(&example);
}

static void
show_list(void)
{
	const struct preset *s;

	printf("%-16s  %-10s  %s\n", "NAME", "AS OF", "WHAT");
	for (size_t i = 0; (s = preset_at(i)) != NULL; i++)
		printf("%-16s  %-10s  %s\n", s->name, s->as_of, s->title);
}

/* ---- for programs */

static struct json *
head_of(const struct preset *s)
{
	struct json *j = json_new();

	json_set_string(j, "name", s->name);
	json_set_string(j, "title", s->title);
	json_set_string(j, "as_of", s->as_of);
	json_set_string(j, "source", s->source);
	return j;
}

static void
set_lines(struct json *j, const char *name, const char *const *lines)
{
	for (; *lines != NULL; lines++)
		json_append_string(j, name, *lines);
}

/* One line; j is gone. */
static void
print_json(struct json *j)
{
	struct buf b;

	buf_init(&b, MAX_TEXT);
	json_add_to(&b, j);
	printf("%s\n", b.data);
	buf_clear(&b);
	json_free(j);
}

static void
print_one(const struct preset *s)
{
	struct json *j = head_of(s), *keys = json_new();
	struct fact v[FACTS];
	char key[MAX_KEY];
	struct buf example;

	for (size_t i = 0; i < s->n_values; i++)
		json_append_string(
		    keys, key_of(&s->values[i], key), s->values[i].text);
	json_set_object(j, "keys", keys);
	facts_of(s, v);
	for (size_t i = 0; i < FACTS; i++)
		if (v[i].value > 0)
			json_set_number(j, v[i].name, v[i].value);
	set_lines(j, "steps", s->steps);
	set_lines(j, "notes", s->notes);
	buf_init(&example, MAX_TEXT);
	add_example(&example, s, "");
	json_set_string(j, "example", example.data);
	buf_clear(&example);
	print_json(j);
}

static void
print_list(void)
{
	const struct preset *s;

	for (size_t i = 0; (s = preset_at(i)) != NULL; i++)
		print_json(head_of(s));
}

static int
unknown(const struct cmd_call *c, const char *name)
{
	const char *near = preset_nearest(name);

	if (near != NULL)
		cmd_say(c,
		    "preset: %s: there is no such preset; did you mean %s?",
		    name, near);
	else
		cmd_say(c,
		    "preset: %s: there is no such preset; osmtp preset "
		    "lists them",
		    name);
	return EX_USAGE;
}

int
cmd_preset(const struct cmd_call *c)
{
	const struct preset *s = NULL;
	const char *name = NULL;
	struct err e = ERR_NONE;
	bool json = false;

	for (int i = 1; i < c->argc; i++) {
		if (strcmp(c->argv[i], "--json") == 0)
			json = true;
		else if (c->argv[i][0] != '-' && name == NULL)
			name = c->argv[i];
		else {
			err_set(&e, EX_USAGE, USAGE);
			return cmd_complain(c, &e);
		}
	}
	if (name != NULL) {
		s = preset_find(name);
		if (s == NULL)
			return unknown(c, name);
	}
	if (s != NULL && json)
		print_one(s);
	else if (s != NULL)
		show(s);
	else if (json)
		print_list();
	else
		show_list();
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	err_set(&e, EX_IOERR, "standard output: cannot be written");
	return cmd_complain(c, &e);
}
