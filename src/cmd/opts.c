/* SPDX-License-Identifier: ISC */
/* opts: read the sendmail command line. */
#include "cmd/opts.h"

#include <string.h>

#include "base/text.h"

/* How a letter takes a value: not at all, glued if at all, glued only, glued or
 * next word. */
enum takes { NONE, MAYBE, GLUED, VALUE };

struct letter {
	char c;
	enum takes takes;
	int (*set)(struct opts *o, const char *value, struct err *e);
};

static int
set_profile(struct opts *o, const char *value, struct err *e)
{
	(void)e;
	o->profile = value;
	return 0;
}

static int
set_conf_file(struct opts *o, const char *value, struct err *e)
{
	if (o->conf_file != NULL)
		return err_set(e, EX_USAGE, "option -C: given twice");
	o->conf_file = value;
	return 0;
}

static int
set_sender(struct opts *o, const char *value, struct err *e)
{
	(void)e;
	o->sender = value;
	return 0;
}

static int
set_full_name(struct opts *o, const char *value, struct err *e)
{
	(void)e;
	o->full_name = value;
	return 0;
}

static int
set_from_header(struct opts *o, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	o->from_header = true;
	return 0;
}

static int
set_ignore_dots(struct opts *o, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	o->ignore_dots = true;
	return 0;
}

static int
set_verbose(struct opts *o, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	o->verbose = true;
	return 0;
}

static int
set_mode(struct opts *o, const char *value, struct err *e)
{
	if (strcmp(value, "m") == 0)
		o->mode = OPTS_SEND;
	else if (strcmp(value, "p") == 0)
		o->mode = OPTS_LIST_QUEUE;
	else if (strcmp(value, "i") == 0)
		o->mode = OPTS_INIT_ALIASES;
	else
		return err_set(e, EX_USAGE, "option -b%s: unknown mode", value);
	return 0;
}

static int
set_delivery(struct opts *o, const char *value, struct err *e)
{
	if (strcmp(value, "i") == 0)
		o->delivery = OPTS_INTERACTIVE;
	else if (strcmp(value, "b") == 0)
		o->delivery = OPTS_BACKGROUND;
	else if (strcmp(value, "q") == 0 || strcmp(value, "d") == 0)
		o->delivery = OPTS_QUEUE_ONLY;
	else
		return err_set(e, EX_USAGE,
		    "option -od%s: unknown delivery: i (at once), b "
		    "(background) or q (queue)",
		    value);
	return 0;
}

/* -oi is -i; the others set what osmtp has no choice of. */
static int
set_other(struct opts *o, const char *value, struct err *e)
{
	if (value[0] == 'd')
		return set_delivery(o, value + 1, e);
	if (value[0] == 'i')
		o->ignore_dots = true;
	return 0;
}

/* What follows, an interval or a selection, is for a daemon. */
static int
set_run_queue(struct opts *o, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	o->mode = OPTS_RUN_QUEUE;
	return 0;
}

static int
set_nothing(struct opts *o, const char *value, struct err *e)
{
	(void)o;
	(void)value;
	(void)e;
	return 0;
}

static const struct letter letters[] = {
	{ 'a', VALUE, set_profile },
	{ 'b', GLUED, set_mode },
	{ 'B', VALUE, set_nothing }, /* the body's octets decide, not a hint */
	{ 'C', VALUE, set_conf_file },
	{ 'e', GLUED, set_nothing }, /* errors are told by status and stderr */
	{ 'f', VALUE, set_sender },
	{ 'F', VALUE, set_full_name },
	{ 'i', NONE, set_ignore_dots },
	{ 'm', NONE, set_nothing }, /* the sender always counts as recipient */
	{ 'o', GLUED, set_other },
	{ 'q', MAYBE, set_run_queue },
	{ 'r', VALUE, set_sender },
	{ 't', NONE, set_from_header },
	{ 'v', NONE, set_verbose },
};

static const struct letter *
find_letter(char c)
{
	size_t i;

	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].c == c)
			return &letters[i];
	return NULL;
}

static int
take_word(struct opts *o, const char *word, struct err *e)
{
	if (strcmp(word, "--now") == 0)
		o->now = true;
	else if (strcmp(word, "--json") == 0)
		o->json = true;
	else if (strcmp(word, "--dry-run") == 0)
		o->dry_run = true;
	else
		return err_set(e, EX_USAGE, "option %s: unknown", word);
	return 0;
}

/* A cluster of letters, of which the last may take the next word. */
static int
take_letters(
    struct opts *o, int argc, char *const *argv, int *at, struct err *e)
{
	const char *p = argv[*at] + 1;
	const struct letter *l;
	const char *value;
	int r;

	for (; *p != '\0'; p++) {
		l = find_letter(*p);
		if (l == NULL)
			return err_set(e, EX_USAGE, "option -%c: unknown", *p);
		value = l->takes == NONE ? "" : p + 1;
		if (l->takes == VALUE && *value == '\0') {
			if (*at + 1 >= argc)
				return err_set(e, EX_USAGE,
				    "option -%c: a value is missing", *p);
			value = argv[++*at];
		} else if (l->takes == GLUED && *value == '\0') {
			return err_set(e, EX_USAGE,
			    "option -%c: a value must follow at once", *p);
		}
		r = l->set(o, value, e);
		if (r != 0 || l->takes != NONE)
			return r;
	}
	return 0;
}

int
opts_parse(struct opts *o, int argc, char *const *argv, struct err *e)
{
	int i;
	int r;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		r = text_starts(argv[i], "--")
			? take_word(o, argv[i], e)
			: take_letters(o, argc, argv, &i, e);
		if (r != 0)
			return r;
	}
	o->rcpts = argv + i;
	o->n_rcpts = i < argc ? (size_t)(argc - i) : 0;
	return 0;
}
