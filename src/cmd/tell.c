/* SPDX-License-Identifier: ISC */
/* tell: what became of a message, told to whoever sent it. */
#include "cmd/tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "mail/hint.h"

enum { WORDS_MAX = 4096 };

void
tell_add_words(struct buf *b, const struct outcome *o, const char *server)
{
	bool at_server = o->stage != OUTCOME_AT_TOKEN && server[0] != '\0';

	if (o->code != 0 && !o->ours)
		buf_add_fmt(b, "%d ", o->code);
	buf_add_fmt(b, "%s (%s%s%s)", o->text, outcome_stage_name(o->stage),
	    at_server ? ", " : "", at_server ? server : "");
}

static void
add_remedy(struct buf *b, const struct outcome *o, const struct profile *p)
{
	struct hint_names n = profile_hint_names(p);

	hint_add_remedy(b, o, &n);
}

/* ---- lines */

static void say(const struct tell *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(const struct tell *t, const char *fmt, ...)
{
	va_list ap;
	char *text, *line;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	if (t->into != NULL) {
		line = mem_printf("%s\n", text);
		buf_add_str(t->into, line);
		free(line);
	} else {
		cmd_say(t->call, "%s", text);
	}
	free(text);
}

static void
say_one(const struct tell *t, const char *who, const char *what,
    const struct outcome *o)
{
	struct buf b;

	buf_init(&b, WORDS_MAX);
	tell_add_words(&b, o, t->server);
	say(t, "%s: %s: %s", who, what, b.data);
	buf_clear(&b);
}

/* Where several ways to authenticate have failed, each has its words. */
static void
say_ways(const struct tell *t)
{
	const struct profile *p = profile_account(t->profile);
	size_t i;

	for (i = 0; t->n_trouble > 1 && i < t->n_trouble; i++)
		say_one(t, profile_auth_name(p->auth[i]), "refused",
		    &t->trouble[i]);
}

/* What o means, and what to do; what was said is not said again. */
static void
say_advice(
    const struct tell *t, const struct outcome *o, struct text_list *said)
{
	struct buf b;

	buf_init(&b, WORDS_MAX);
	hint_add_meaning(&b, o);
	if (b.len > 0 && !text_list_has(said, b.data)) {
		text_list_add(said, b.data);
		say(t, "what it means: %s", b.data);
	}
	buf_reset(&b);
	add_remedy(&b, o, t->profile);
	if (b.len > 0 && !text_list_has(said, b.data)) {
		text_list_add(said, b.data);
		say(t, "what to do: %s", b.data);
	}
	buf_clear(&b);
}

void
tell_advice(
    const struct cmd_call *c, const struct outcome *o, const struct profile *p)
{
	struct tell t = { .call = c, .profile = p };
	struct text_list said = { NULL, 0 };

	say_advice(&t, o, &said);
	text_list_clear(&said);
}

void
tell_lines(const struct tell *t)
{
	struct text_list said = { NULL, 0 };
	size_t i;

	for (i = 0; i < t->envelope->n_rcpts; i++) {
		const struct outcome *o = &t->result[i];

		say_one(t, t->envelope->rcpts[i],
		    o->kind == OUTCOME_UNCLEAR
			? "unclear, may have been delivered"
			: outcome_kind_name(o->kind),
		    o);
		if (o->kind != OUTCOME_DELIVERED)
			say_advice(t, o, &said);
	}
	if (t->profile != NULL)
		say_ways(t);
	text_list_clear(&said);
}

void
tell_add_time(struct buf *b, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[64];
	struct tm tm;

	if (localtime_r(&t, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		buf_add_str(b, text);
}

void
tell_print_text(const char *p, size_t n)
{
	const char *end = p + n, *lf;
	struct buf b;
	size_t len;

	buf_init(&b, SIZE_MAX / 2);
	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		len = (size_t)(lf - p);
		if (len > 0 && p[len - 1] == '\r')
			len--;
		buf_reset(&b);
		text_add_safe(&b, p, len, SIZE_MAX / 4);
		puts(b.data);
	}
	buf_clear(&b);
}

/* ---- JSON */

static void
set_text(struct json *j, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		json_set_string(j, key, value);
}

void
tell_set_outcome(
    struct json *j, const struct outcome *o, const struct profile *p)
{
	struct buf b;

	json_set_string(j, "result", outcome_kind_name(o->kind));
	if (o->kind == OUTCOME_OPEN)
		return;
	if (o->class != OUTCOME_CLASS_NONE)
		json_set_string(j, "class", outcome_class_name(o->class));
	json_set_string(j, "stage", outcome_stage_name(o->stage));
	if (o->code != 0)
		json_set_number(j, "code", o->code);
	set_text(j, "enhanced", o->enhanced);
	set_text(j, "error", o->error);
	set_text(j, "detail", o->detail);
	set_text(j, "text", o->text);
	buf_init(&b, WORDS_MAX);
	hint_add_meaning(&b, o);
	set_text(j, "meaning", b.data);
	buf_reset(&b);
	add_remedy(&b, o, p);
	set_text(j, "remedy", b.data);
	buf_clear(&b);
}

struct json *
tell_json(const struct tell *t)
{
	const struct envelope *v = t->envelope;
	struct json *j = json_new();
	size_t i;

	json_set_string(j, "id", v->id);
	json_set_string(j, "from", v->sender);
	if (t->profile != NULL)
		json_set_string(j, "profile", t->profile->name);
	set_text(j, "server", t->server);
	for (i = 0; i < v->n_rcpts; i++) {
		struct json *r = json_new();

		json_set_string(r, "address", v->rcpts[i]);
		tell_set_outcome(r, &t->result[i], t->profile);
		json_append_object(j, "recipients", r);
	}
	for (i = 0; i < t->n_trouble; i++) {
		struct json *w = json_new();
		const struct profile *p = profile_account(t->profile);

		json_set_string(w, "way", profile_auth_name(p->auth[i]));
		tell_set_outcome(w, &t->trouble[i], t->profile);
		json_append_object(j, "ways", w);
	}
	return j;
}

void
tell_print(struct json *j)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	json_add_to(&b, j);
	puts(b.data);
	buf_clear(&b);
	json_free(j);
}
