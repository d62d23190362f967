/* SPDX-License-Identifier: ISC */
/*
 * fuzz_opts: a command line, its words separated by NUL. The words and the
 * array of them are as long as they are and no longer, so that a sanitizer sees
 * a read beyond them. The same line, taken apart letter by letter and with each
 * value as a word of its own, must mean the same.
 */
#include "cmd/opts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_WORDS = 256 };

/* Words; the array has no NULL at its end. */
struct line {
	char **v;
	int n;
};

static void
add(struct line *l, const char *text, size_t n)
{
	l->v = mem_grow(l->v, (size_t)l->n + 1, sizeof(*l->v));
	l->v[l->n++] = mem_dup_n(text, n);
}

static void
drop(struct line *l)
{
	int i;

	for (i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

/* "-q!Iid" out of "-q!I" and "id", and the other way round. */
static void
add_selection(struct line *out, const char *rest, const char *next, bool *taken)
{
	size_t n = rest[0] == '!';
	char *word;

	if (rest[n] == '\0' || strchr("IRS", rest[n]) == NULL) {
		word = mem_printf("-q%s", rest);
		add(out, word, strlen(word));
	} else if (rest[n + 1] != '\0') {
		word = mem_printf("-q%.*s", (int)n + 1, rest);
		add(out, word, strlen(word));
		add(out, rest + n + 1, strlen(rest + n + 1));
	} else {
		*taken = next != NULL;
		word = mem_printf("-q%s%s", rest, next != NULL ? next : "");
		add(out, word, strlen(word));
		if (next != NULL && next[0] == '\0')
			add(out, "", 0);
	}
	free(word);
}

/* A cluster, letter by letter. True if its value is the next word. */
static bool
take_apart(struct line *out, const char *p, const char *next)
{
	char letter[3] = "-";
	bool taken = false;

	for (; *p != '\0'; p++) {
		letter[1] = *p;
		if (*p == 'q') {
			add_selection(out, p + 1, next, &taken);
			return taken;
		}
		if (*p == '-') { /* would be another word, alone */
			letter[1] = 'Z';
			add(out, letter, 2);
			return false;
		}
		if (*p == 'd') {
			add(out, letter, 2);
			return false;
		}
		add(out, letter, 2);
		if (strchr("aAbBCefFhLNoOprRVX", *p) == NULL)
			continue;
		taken = p[1] == '\0' && next != NULL;
		if (p[1] != '\0')
			add(out, p + 1, strlen(p + 1));
		else if (taken)
			add(out, next, strlen(next));
		return taken;
	}
	return false;
}

static void
respell(struct line *out, const struct line *in)
{
	const char *word, *next;
	bool options = true;
	int i;

	add(out, "x", 1);
	for (i = 1; i < in->n; i++) {
		word = in->v[i];
		next = i + 1 < in->n ? in->v[i + 1] : NULL;
		if (word[0] != '-' || word[1] == '\0' || word[1] == '-')
			options = options && word[0] == '-' && word[1] == '-' &&
				  word[2] != '\0';
		else if (options) {
			i += take_apart(out, word + 1, next);
			continue;
		}
		add(out, word, strlen(word));
	}
}

static bool
is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
compare(const struct opts *a, const struct opts *b)
{
	size_t i;

	err_bug_if(a->mode != b->mode || a->delivery != b->delivery ||
		   a->notify != b->notify || a->dsn.ret != b->dsn.ret);
	err_bug_if(a->no_aliases != b->no_aliases ||
		   a->from_header != b->from_header ||
		   a->ignore_dots != b->ignore_dots ||
		   a->verbose != b->verbose || a->now != b->now ||
		   a->json != b->json || a->dry_run != b->dry_run);
	err_bug_if(!is_same(a->profile, b->profile) ||
		   !is_same(a->conf_file, b->conf_file) ||
		   !is_same(a->sender, b->sender) ||
		   !is_same(a->full_name, b->full_name) ||
		   !is_same(a->label, b->label) ||
		   !is_same(a->dsn.envid, b->dsn.envid));
	err_bug_if(a->select.by != b->select.by ||
		   a->select.negated != b->select.negated ||
		   !is_same(a->select.text, b->select.text));
	err_bug_if(a->n_rcpts != b->n_rcpts);
	for (i = 0; i < a->n_rcpts; i++)
		err_bug_if(!is_same(a->rcpts[i], b->rcpts[i]));
}

static void
check(const struct line *first, const struct line *second)
{
	struct opts a = { .mode = OPTS_SEND }, b = { .mode = OPTS_SEND };
	struct err e = ERR_NONE, f = ERR_NONE;
	int code = opts_parse(&a, first->n, first->v, &e);

	err_bug_if(code != 0 && (code != EX_USAGE || e.text[0] == '\0'));
	err_bug_if(opts_parse(&b, second->n, second->v, &f) != code);
	if (code == 0)
		compare(&a, &b);
	opts_clear(&a);
	opts_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *nul;
	struct line line = { NULL, 0 }, again = { NULL, 0 };

	add(&line, "x", 1);
	while (p < end && line.n < MAX_WORDS) {
		nul = memchr(p, '\0', (size_t)(end - p));
		if (nul == NULL)
			nul = end;
		add(&line, p, (size_t)(nul - p));
		p = nul + 1;
	}
	respell(&again, &line);
	check(&line, &again);
	drop(&line);
	drop(&again);
	return 0;
}
