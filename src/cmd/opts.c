/* SPDX-License-Identifier: ISC */
/* opts: read the sendmail command line. */
#include "cmd/opts_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* How a letter takes a value: not at all, glued if at all, glued or as the next
 * word. */
enum takes { NONE, MAYBE, VALUE };

struct letter {
	char c;
	enum takes takes;
	opts_set *set; /* NULL: taken, and of no effect */
};

/* Comments say why what is taken has no effect. */
static const struct letter letters[] = {
	{ 'a', VALUE, opts_set_profile },
	{ 'A', VALUE, NULL }, /* -Ac, -Am: there is one configuration */
	{ 'b', VALUE, opts_set_mode },
	{ 'B', VALUE, NULL }, /* the body's octets decide, not a hint */
	{ 'c', NONE, NULL },  /* obsolete: put off what is expensive */
	{ 'C', VALUE, opts_set_conf_file },
	{ 'd', MAYBE, NULL }, /* debugging of another program */
	{ 'e', VALUE, NULL }, /* errors are told by status and stderr, later by
				 a report; no caller may lose them */
	{ 'f', VALUE, opts_set_sender }, { 'F', VALUE, opts_set_full_name },
	{ 'G', NONE, NULL },  /* relayed, or new: there is one way */
	{ 'h', VALUE, NULL }, /* hops are counted in the header */
	{ 'i', NONE, opts_set_ignore_dots }, { 'I', NONE, opts_set_aliases },
	{ 'L', VALUE, opts_set_label },
	{ 'm', NONE, NULL }, /* the sender always counts as recipient */
	{ 'n', NONE, opts_set_no_aliases }, { 'N', VALUE, opts_set_notify },
	{ 'o', VALUE, opts_set_other }, { 'O', VALUE, opts_set_long_other },
	{ 'p', VALUE, NULL }, /* by which protocol it came: claims anything */
	{ 'q', MAYBE, opts_set_run_queue }, { 'r', VALUE, opts_set_sender },
	{ 'R', VALUE, opts_set_ret },
	{ 's', NONE, NULL }, /* obsolete: keep a From line of UNIX */
	{ 't', NONE, opts_set_from_header },
	{ 'T', NONE, NULL }, /* obsolete: time-outs are the configuration's */
	{ 'U', NONE, NULL }, /* as -G */
	{ 'v', NONE, opts_set_verbose }, { 'V', VALUE, opts_set_envid },
	{ 'x', NONE, NULL },  /* of other systems: no meaning in mail */
	{ 'X', VALUE, NULL }, /* a log of the traffic: no caller who passes on a
				 stranger's options may write a file */
};

/* What would act on the queue of another program, or on its parts. */
static const struct {
	char c;
	const char *instead;
} refused[] = {
	{ 'D', "is not supported: there are no macros and no debugging file" },
	{ 'M', "is not supported: osmtp queue acts on single messages" },
	{ 'S', "is not supported: the queue run of chosen senders is -qS" },
	{ 'Q', "is not supported: osmtp queue hold keeps a message back" },
};

const char opts_usage[] =
    "usage: sendmail [-itv] [-a PROFILE] [-f SENDER] [-F NAME] [-N WHEN] "
    "[-bm|-bs|-bp|-bi|-bv|-q] [--] [ADDRESS ..]; the manual is "
    "osmtp-sendmail(8)";

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

static int
complain_of_letter(char c, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (refused[i].c == c)
			return err_set(e, EX_USAGE, "option -%c: %s", c,
			    refused[i].instead);
	return err_set(e, EX_USAGE, "option -%c: unknown", c);
}

/* The words that are read, one after another. */
struct words {
	int argc;
	char *const *argv;
	int at; /* the one at hand */
};

/* The next word is the value of letter c. */
static int
take_next(struct words *w, char c, const char **value, struct err *e)
{
	if (w->at + 1 >= w->argc)
		return err_set(
		    e, EX_USAGE, "option -%c: a value is missing", c);
	*value = w->argv[++w->at];
	return 0;
}

/* A letter and what stands behind it in its word. */
static int
take_letter(struct opts *o, const struct letter *l, const char *rest,
    struct words *w, struct err *e)
{
	const char *value = l->takes == NONE ? "" : rest;
	int r = 0;

	if (l->takes == VALUE && *value == '\0')
		r = take_next(w, l->c, &value, e);
	if (r == 0 && l->set != NULL)
		r = l->set(o, value, e);
	/* -qI, -qR and -qS need a text, as an option does that needs a value */
	if (r == 0 && l->c == 'q' && o->select.by != SPOOL_ALL &&
	    o->select.text[0] == '\0')
		r = take_next(w, l->c, &o->select.text, e);
	return r;
}

/* A cluster of letters, of which the last may take the next word. */
static int
take_letters(struct opts *o, struct words *w, struct err *e)
{
	const char *p = w->argv[w->at] + 1;
	const struct letter *l;
	int r = 0;

	for (; *p != '\0' && r == 0; p++) {
		l = find_letter(*p);
		if (l == NULL)
			return complain_of_letter(*p, e);
		r = take_letter(o, l, p + 1, w, e);
		if (l->takes != NONE)
			break;
	}
	return r;
}

enum opts_mode
opts_mode_of(const char *program)
{
	size_t n = strlen(program), tail = strlen(".osmtp");

	/* As alternatives are named beside those of other mailers. */
	if (n > tail && strcmp(program + n - tail, ".osmtp") == 0)
		n -= tail;
	if (n == strlen("mailq") && memcmp(program, "mailq", n) == 0)
		return OPTS_LIST_QUEUE;
	if (n == strlen("newaliases") && memcmp(program, "newaliases", n) == 0)
		return OPTS_INIT_ALIASES;
	return OPTS_SEND;
}

int
opts_parse(struct opts *o, int argc, char *const *argv, struct err *e)
{
	struct words w = { argc, argv, 1 };
	const char *word;
	int r;

	for (; w.at < argc; w.at++) {
		word = argv[w.at];
		if (word[0] != '-' || word[1] == '\0')
			break;
		if (strcmp(word, "--") == 0) {
			w.at++;
			break;
		}
		r = text_starts(word, "--") ? take_word(o, word, e)
					    : take_letters(o, &w, e);
		if (r != 0)
			return r;
	}
	o->n_rcpts = w.at < argc ? (size_t)(argc - w.at) : 0;
	o->rcpts = o->n_rcpts > 0 ? argv + w.at : NULL;
	return 0;
}

void
opts_clear(struct opts *o)
{
	dsn_wish_clear(&o->dsn);
	memset(o, 0, sizeof(*o));
}
