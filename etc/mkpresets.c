/* SPDX-License-Identifier: ISC */
/*
 * mkpresets: etc/presets.conf -> src/core/preset_table.inc, for
 * src/core/preset.c; run when the program is built:
 *
 *	mkpresets etc/presets.conf >src/core/preset_table.inc
 *
 * It looks at the form: members, types, names, dates, sources. What a key of a
 * configuration takes is known to conf_table, and t/unit/test_preset holds
 * every value against it. Whatever does not fit is told with its line, all at
 * once, and the exit status is 1.
 */
#include <libconfig.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PRESETS = 200, MAX_DAYS = 3650, MAX_COUNT = 100000000 };

#define KEYS_GROUP "profiles.NAME"

/* What is looked at, and how much was wrong with it. */
struct look {
	const char *path;
	unsigned faults;
};

static void
complain(struct look *l, const config_setting_t *s, const char *name,
    const char *what)
{
	fprintf(stderr, "%s:%u: %s: %s\n", l->path,
	    config_setting_source_line(s), name != NULL ? name : "presets",
	    what);
	l->faults++;
}

/* ---- is it well formed? */

static bool
is_clean(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

/* Small letters, digits, dots and hyphens; a letter first. */
static bool
is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return s[0] >= 'a' && s[0] <= 'z' && s[n] == '\0';
}

static bool
is_date(const char *s)
{
	static const char form[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	return true;
}

static bool
is_url(const char *s)
{
	return strncmp(s, "https://", 8) == 0 && strpbrk(s, " \"<>") == NULL;
}

/* A string without control characters, or NULL. */
static const char *
text_of(struct look *l, const config_setting_t *s, const char *name)
{
	const char *text = config_setting_get_string(s);

	if (text == NULL || *text == '\0')
		complain(l, s, name, "must be a string with something in it");
	else if (is_clean(text))
		return text;
	else
		complain(l, s, name, "has control characters in it");
	return NULL;
}

static const char *
member_text(struct look *l, config_setting_t *preset, const char *name)
{
	config_setting_t *s = config_setting_get_member(preset, name);

	if (s != NULL)
		return text_of(l, s, name);
	complain(l, preset, name, "is missing");
	return NULL;
}

/* Only members of that list. */
static void
check_members(struct look *l, config_setting_t *group, const char *const *words)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *s =
		    config_setting_get_elem(group, (unsigned)i);
		size_t k = 0;

		while (words[k] != NULL &&
		       strcmp(words[k], config_setting_name(s)) != 0)
			k++;
		if (words[k] == NULL)
			complain(
			    l, s, config_setting_name(s), "unknown member");
	}
}

/* A group's keys: strings, arrays of strings, and groups of them. */
static unsigned
check_keys(struct look *l, config_setting_t *group, bool inner)
{
	unsigned n = 0;

	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *s =
		    config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(s);

		if (config_setting_is_group(s) && !inner) {
			n += check_keys(l, s, true);
			continue;
		}
		if (config_setting_is_array(s)) {
			for (int k = 0; k < config_setting_length(s); k++, n++)
				text_of(l,
				    config_setting_get_elem(s, (unsigned)k),
				    name);
			continue;
		}
		text_of(l, s, name);
		n++;
	}
	return n;
}

static void
check_lines(
    struct look *l, config_setting_t *preset, const char *name, bool required)
{
	config_setting_t *s = config_setting_get_member(preset, name);
	int n = s != NULL ? config_setting_length(s) : 0;

	if (s != NULL && !config_setting_is_array(s))
		complain(l, s, name, "must be an array of strings");
	else
		for (int i = 0; i < n; i++)
			text_of(
			    l, config_setting_get_elem(s, (unsigned)i), name);
	if (required && n == 0)
		complain(l, preset, name, "must have a line");
}

static void
check_facts(struct look *l, config_setting_t *facts)
{
	static const char *const words[] = { "authorize", "assertion_typ",
		"idle_days", "max_days", "connections", "per_minute", "per_day",
		NULL };

	check_members(l, facts, words);
	for (int i = 0; i < config_setting_length(facts); i++) {
		config_setting_t *s =
		    config_setting_get_elem(facts, (unsigned)i);
		const char *name = config_setting_name(s);
		bool days = strstr(name, "_days") != NULL;
		int n = config_setting_get_int(s);

		if (name[0] == 'a')
			text_of(l, s, name);
		else if (config_setting_type(s) != CONFIG_TYPE_INT || n < 1 ||
			 n > (days ? MAX_DAYS : MAX_COUNT))
			complain(l, s, name, "must be a number above 0");
	}
}

static void
check_preset(struct look *l, config_setting_t *p)
{
	static const char *const words[] = { "name", "title", "as_of", "source",
		"keys", "facts", "example", "steps", "notes", NULL };
	config_setting_t *keys, *facts;
	const char *text;

	if (!config_setting_is_group(p)) {
		complain(l, p, NULL, "each preset must be a group");
		return;
	}
	check_members(l, p, words);
	text = member_text(l, p, "name");
	if (text != NULL && !is_name(text))
		complain(l, p, text, "is no name");
	member_text(l, p, "title");
	text = member_text(l, p, "as_of");
	if (text != NULL && !is_date(text))
		complain(l, p, text, "is no date");
	text = member_text(l, p, "source");
	if (text != NULL && !is_url(text))
		complain(l, p, text, "is no https URL");
	keys = config_setting_get_member(p, "keys");
	if (keys == NULL || !config_setting_is_group(keys) ||
	    check_keys(l, keys, false) == 0)
		complain(l, p, "keys", "must be a group with something in it");
	facts = config_setting_get_member(p, "facts");
	if (facts != NULL && config_setting_is_group(facts))
		check_facts(l, facts);
	else if (facts != NULL)
		complain(l, facts, "facts", "must be a group");
	check_lines(l, p, "example", true);
	check_lines(l, p, "steps", true);
	check_lines(l, p, "notes", false);
}

/* ---- written as C */

static void
put_string(const char *s)
{
	putchar('"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}

static void
put_value(const char *group, const char *key, const config_setting_t *s)
{
	printf("\t{ ");
	printf("\"" KEYS_GROUP "%s%s\", \"%s\", ", *group != '\0' ? "." : "",
	    group, key);
	put_string(config_setting_get_string(s));
	printf(" },\n");
}

static void
put_keys(config_setting_t *group, const char *name)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *s =
		    config_setting_get_elem(group, (unsigned)i);
		const char *key = config_setting_name(s);

		if (config_setting_is_group(s))
			put_keys(s, key);
		else if (!config_setting_is_array(s))
			put_value(name, key, s);
		else
			for (int k = 0; k < config_setting_length(s); k++)
				put_value(name, key,
				    config_setting_get_elem(s, (unsigned)k));
	}
}

static void
put_lines(config_setting_t *preset, const char *name, int number)
{
	config_setting_t *s = config_setting_get_member(preset, name);

	printf("static const char *const %s_%d[] = {\n", name, number);
	for (int i = 0; s != NULL && i < config_setting_length(s); i++) {
		printf("\t");
		put_string(config_setting_get_string_elem(s, i));
		printf(",\n");
	}
	printf("\tNULL\n};\n");
}

static void
put_text(config_setting_t *group, const char *name)
{
	const char *text;

	if (config_setting_lookup_string(group, name, &text)) {
		printf("\t  .%s = ", name);
		put_string(text);
		printf(",\n");
	}
}

static void
put_facts(config_setting_t *facts)
{
	for (int i = 0; i < config_setting_length(facts); i++) {
		config_setting_t *s =
		    config_setting_get_elem(facts, (unsigned)i);

		if (config_setting_type(s) == CONFIG_TYPE_INT)
			printf("\t  .%s = %d,\n", config_setting_name(s),
			    config_setting_get_int(s));
		else
			put_text(facts, config_setting_name(s));
	}
}

static void
put_parts(config_setting_t *p, int number)
{
	printf("static const struct preset_value values_%d[] = {\n", number);
	put_keys(config_setting_get_member(p, "keys"), "");
	printf("};\n");
	put_lines(p, "example", number);
	put_lines(p, "steps", number);
	put_lines(p, "notes", number);
}

static void
put_preset(config_setting_t *p, int number)
{
	config_setting_t *facts = config_setting_get_member(p, "facts");

	printf("\t{\n");
	put_text(p, "name");
	put_text(p, "title");
	put_text(p, "as_of");
	put_text(p, "source");
	printf("\t  .values = values_%d,\n"
	       "\t  .n_values = sizeof(values_%d) / sizeof(values_%d[0]),\n"
	       "\t  .example = example_%d, .steps = steps_%d, "
	       ".notes = notes_%d,\n",
	    number, number, number, number, number, number);
	if (facts != NULL)
		put_facts(facts);
	printf("\t},\n");
}

/* ---- all of them */

static const char *
name_of(config_setting_t *p)
{
	const char *name = "";

	config_setting_lookup_string(p, "name", &name);
	return name;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(name_of(*(config_setting_t *const *)a),
	    name_of(*(config_setting_t *const *)b));
}

static void
make(struct look *l, config_setting_t *list)
{
	config_setting_t *all[MAX_PRESETS];
	int n = config_setting_length(list);

	if (!config_setting_is_list(list) || n == 0 || n > MAX_PRESETS) {
		complain(l, list, NULL, "must be a list ( { ... }, ... )");
		return;
	}
	for (int i = 0; i < n; i++) {
		all[i] = config_setting_get_elem(list, (unsigned)i);
		check_preset(l, all[i]);
	}
	if (l->faults > 0)
		return;
	qsort(all, (size_t)n, sizeof(all[0]), by_name);
	for (int i = 1; i < n; i++)
		if (by_name(&all[i - 1], &all[i]) == 0)
			complain(
			    l, all[i], name_of(all[i]), "stands here twice");
	printf("/* Made of etc/presets.conf by etc/mkpresets. */\n");
	for (int i = 0; i < n; i++)
		put_parts(all[i], i);
	printf("static const struct preset presets[] = {\n");
	for (int i = 0; i < n; i++)
		put_preset(all[i], i);
	printf("};\n");
}

int
main(int argc, char **argv)
{
	struct look l = { 0 };
	config_setting_t *list;
	config_t cfg;

	if (argc != 2) {
		fprintf(stderr, "usage: mkpresets FILE\n");
		return 2;
	}
	l.path = argv[1];
	config_init(&cfg);
	if (!config_read_file(&cfg, l.path)) {
		fprintf(stderr, "%s:%d: %s\n", l.path, config_error_line(&cfg),
		    config_error_text(&cfg));
		l.faults++;
	} else if ((list = config_lookup(&cfg, "presets")) == NULL) {
		fprintf(stderr, "%s: there is no list presets\n", l.path);
		l.faults++;
	} else
		make(&l, list);
	config_destroy(&cfg);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "%s: the table cannot be written\n", l.path);
		l.faults++;
	}
	return l.faults > 0;
}
