/* SPDX-License-Identifier: ISC */
/*
 * hint_aid: the texts of t/data/refusals.tsv, and what the program makes of
 * one: the outcome that reply, sasl or oauth would hand on.
 */
#ifndef T_HINT_AID_H
#define T_HINT_AID_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "mail/outcome.h"
#include "unit.h"

enum { ROWS_MAX = 400, LINE_LEN = 2048 };

static struct refusal {
	char line[LINE_LEN]; /* the fields stand in it */
	char *id, *host, *stage, *code, *text, *class, *who;
} refusals[ROWS_MAX];
static int n_refusals;

static inline const char *
place(const char *name)
{
	static char path[4096];
	const char *t = getenv("T");

	snprintf(path, sizeof(path), "%s/%s", t != NULL ? t : "t", name);
	return path;
}

static inline char *
take_field(char **p)
{
	char *begin = *p, *tab = strchr(begin, '\t');

	if (tab == NULL)
		*p = begin + strlen(begin);
	else {
		*tab = '\0';
		*p = tab + 1;
	}
	return begin;
}

static inline void
read_refusals(void)
{
	FILE *f = fopen(place("data/refusals.tsv"), "r");
	struct refusal *r = refusals;
	char *p;

	if (f == NULL)
		return;
	while (r < refusals + ROWS_MAX && fgets(r->line, LINE_LEN, f) != NULL) {
		if (r->line[0] == '#')
			continue;
		r->line[strcspn(r->line, "\n")] = '\0';
		p = r->line;
		r->id = take_field(&p);
		r->host = take_field(&p);
		r->stage = take_field(&p);
		r->code = take_field(&p);
		r->text = take_field(&p);
		r->class = take_field(&p);
		r->who = take_field(&p);
		r++;
	}
	fclose(f);
	n_refusals = (int)(r - refusals);
}

/* ---- what becomes of a text */

static inline enum outcome_stage
stage_of(const char *name)
{
	int s;

	if (strcmp(name, "device") == 0 || strcmp(name, "authorize") == 0)
		return OUTCOME_AT_TOKEN;
	for (s = OUTCOME_AT_TOKEN; s <= OUTCOME_AT_FINAL; s++) {
		if (text_case_eq(
			outcome_stage_name((enum outcome_stage)s), name))
			return (enum outcome_stage)s;
	}
	ck_abort_msg("no stage %s", name);
	return OUTCOME_AT_TOKEN;
}

/* "\n", and as well "\r\n", written out as two or four octets. */
static inline char *
skip_escape(char *p)
{
	if (text_starts(p, "\\r"))
		p += 2;
	return text_starts(p, "\\n") ? p + 2 : p;
}

static inline bool
has_code(const char *p)
{
	return text_is_digit(p[0]) && text_is_digit(p[1]) &&
	       text_is_digit(p[2]) && (p[3] == ' ' || p[3] == '-');
}

/* The lines without their codes, a blank between them, as gate/reply. */
static inline void
add_lines(struct buf *b, char *p)
{
	char *next;

	while (*p != '\0') {
		next = p;
		while (*next != '\0' && skip_escape(next) == next)
			next++;
		if (has_code(p))
			p += 4;
		if (b->len > 0)
			buf_add_char(b, ' ');
		buf_add(b, p, (size_t)(next - p));
		p = skip_escape(next);
	}
}

/* The digits behind "AADSTS", as gate/oauth. */
static inline void
set_detail(struct outcome *o, const char *words)
{
	const char *p = strstr(words, "AADSTS");
	size_t n = 0;

	if (p == NULL)
		return;
	p += 6;
	while (text_is_digit(p[n]) && n < sizeof(o->detail) - 1)
		n++;
	memcpy(o->detail, p, n);
	o->detail[n] = '\0';
}

static inline void
copy(char *to, size_t size, const char *from)
{
	ck_assert_uint_lt(strlen(from), size);
	memcpy(to, from, strlen(from) + 1);
}

static inline void
answer_json(struct outcome *o, int status, const char *body)
{
	const char *error, *words, *more;
	struct json *j;
	struct buf b;

	ck_assert_int_eq(json_parse(body, strlen(body), &j, NULL), 0);
	error = json_get_string(j, "error");
	words = json_get_string(j, "error_description");
	buf_init(&b, 4096);
	buf_add_fmt(&b, "%s%s%s", error, words != NULL ? ": " : "",
	    words != NULL ? words : "");
	outcome_set(o, OUTCOME_LATER, OUTCOME_CLASS_NONE, OUTCOME_AT_TOKEN,
	    status, b.data);
	copy(o->error, sizeof(o->error), error);
	set_detail(o, o->text);
	more = json_get_string(j, "error_subtype");
	if (o->detail[0] == '\0' && more != NULL)
		copy(o->detail, sizeof(o->detail), more);
	buf_clear(&b);
	json_free(j);
}

/* A body that is no JSON, an error_description, or no answer at all. */
static inline void
answer_words(struct outcome *o, int status, const char *error, const char *text)
{
	struct buf b;

	buf_init(&b, 4096);
	if (error[0] != '\0')
		buf_add_fmt(&b, "%s: %s", error, text);
	else if (status == 200)
		buf_add_fmt(&b,
		    "HTTP 200: not a JSON object; the answer begins: %s", text);
	else
		buf_add_str(&b, text);
	outcome_set(o, OUTCOME_LATER, OUTCOME_CLASS_NONE, OUTCOME_AT_TOKEN,
	    status, b.data);
	o->ours = error[0] == '\0';
	copy(o->error, sizeof(o->error), error);
	set_detail(o, text);
	buf_clear(&b);
}

static inline int
number(const char *s)
{
	char digits[4] = "";
	uint64_t v;

	memcpy(digits, s, strnlen(s, 3));
	return text_parse_uint(digits, 999, &v) ? (int)v : 0;
}

/* "334 BASE64", and the 535 behind it. */
static inline void
answer_challenge(struct outcome *o, const char *text)
{
	struct json *j;
	struct buf b, words;

	buf_init(&b, 4096);
	buf_init(&words, 4096);
	ck_assert(text_add_unbase64(&b, text + 4, strlen(text + 4)));
	ck_assert_int_eq(json_parse(b.data, b.len, &j, NULL), 0);
	buf_add_fmt(&words, "5.7.8 refused (challenge: %s)", b.data);
	outcome_set(o, OUTCOME_LATER, OUTCOME_CLASS_NONE, OUTCOME_AT_AUTH, 535,
	    words.data);
	copy(o->error, sizeof(o->error), json_get_string(j, "status"));
	json_free(j);
	buf_clear(&words);
	buf_clear(&b);
}

static inline void
answer_reply(struct outcome *o, const struct refusal *r)
{
	struct buf b;

	buf_init(&b, 4096);
	add_lines(&b, r->text);
	outcome_set(o, OUTCOME_LATER, OUTCOME_CLASS_NONE, stage_of(r->stage),
	    has_code(r->text) ? number(r->text) : number(r->code), b.data);
	buf_clear(&b);
}

static inline struct outcome
outcome_of(const struct refusal *r, const char *provider)
{
	const char *error = strchr(r->code, ' ');
	struct outcome o;

	if (strcmp(r->code, "334") == 0)
		answer_challenge(&o, r->text);
	else if (stage_of(r->stage) != OUTCOME_AT_TOKEN)
		answer_reply(&o, r);
	else if (r->text[0] == '{')
		answer_json(&o, number(r->code), r->text);
	else
		answer_words(&o, number(r->code),
		    error != NULL ? error + 1 : "", r->text);
	copy(o.provider, sizeof(o.provider), provider);
	return o;
}

#endif
