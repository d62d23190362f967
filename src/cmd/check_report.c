/* SPDX-License-Identifier: ISC */
/*
 * check_report: steps, told as they are done, or kept for one line of JSON;
 * and what they come to.
 */
#include "cmd/check_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/tell.h"

enum { TEXT_MAX = 4096 };

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static const char *const words[] = { "ok", "not tried", "warning", "failed" };

/* ---- words */

void
check_add_length(struct buf *b, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = { { 24 * (int64_t)HOUR, "days" }, { HOUR, "hours" },
		{ MINUTE, "minutes" }, { SECOND, "seconds" } };
	size_t i = 0;

	while (i + 1 < sizeof(units) / sizeof(units[0]) && ms < 2 * units[i].ms)
		i++;
	buf_add_fmt(b, "%lld %s", (long long)(ms / units[i].ms), units[i].name);
}

void
check_add_span(struct buf *b, int64_t now, int64_t when)
{
	buf_add_str(b, when > now ? "in " : "");
	check_add_length(b, when > now ? when - now : now - when);
	buf_add_str(b, when > now ? "" : " ago");
}

void
check_add_place(struct buf *b, const struct profile *p)
{
	buf_add_fmt(b, " (%s:%d)", p->home->path, p->line);
}

/* ---- a step */

void
check_step_begin(struct check_step *s, const char *name)
{
	memset(s, 0, sizeof(*s));
	s->name = name;
	s->took = -1;
	buf_init(&s->text, TEXT_MAX);
	buf_init(&s->remedy, TEXT_MAX);
}

void
check_step_warn(struct check_step *s)
{
	if (s->mark < CHECK_WARN)
		s->mark = CHECK_WARN;
	if (s->remedy.len > 0)
		buf_add_str(&s->remedy, "; ");
}

void
check_step_fail(struct check_step *s, const struct outcome *o)
{
	s->mark = CHECK_FAIL;
	s->outcome = o;
	if (o->code != 0 && !o->ours)
		buf_add_fmt(&s->text, "%d ", o->code);
	buf_add_str(&s->text, o->text);
}

static void
count(struct check *k, const struct check_step *s)
{
	enum check_mark *worst = s->of_way ? &k->worst_way : &k->worst;

	if (s->mark > *worst)
		*worst = s->mark;
}

/* What is known of the trouble, unless the step knows better. */
static void
add_advice(const struct check *k, const struct check_step *s,
    struct buf *meaning, struct buf *remedy)
{
	struct hint_names n = profile_hint_names(k->profile);

	if (s->outcome != NULL)
		hint_add_meaning(meaning, s->outcome);
	if (s->remedy.len > 0)
		buf_add_str(remedy, s->remedy.data);
	else if (s->outcome != NULL)
		hint_add_remedy(remedy, s->outcome, &n);
}

static void
print_more(const char *label, const struct buf *b)
{
	if (b->len == 0)
		return;
	printf("%13s%s: ", "", label);
	tell_print_text(b->data, b->len);
}

static void
print_step(const struct check_step *s, const struct buf *meaning,
    const struct buf *remedy)
{
	struct buf line;

	buf_init(&line, 2 * TEXT_MAX);
	buf_add_fmt(&line, "  %-9s  %s", words[s->mark], s->name);
	if (s->text.len > 0)
		buf_add_fmt(&line, ": %s", s->text.data);
	if (s->took >= 0)
		buf_add_fmt(&line, " (%lld ms)", (long long)s->took);
	tell_print_text(line.data, line.len);
	buf_clear(&line);
	print_more("what it means", meaning);
	print_more("what to do", remedy);
	fflush(stdout);
}

static void
set_text(struct json *j, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		json_set_string(j, key, value);
}

static void
set_outcome(struct json *j, const struct outcome *o)
{
	if (o->class != OUTCOME_CLASS_NONE)
		json_set_string(j, "class", outcome_class_name(o->class));
	if (o->code != 0)
		json_set_number(j, "code", o->code);
	set_text(j, "enhanced", o->enhanced);
	set_text(j, "error", o->error);
	set_text(j, "detail", o->detail);
}

static void
keep_step(struct check *k, const struct check_step *s,
    const struct buf *meaning, const struct buf *remedy)
{
	struct json *j = json_new();

	json_set_string(j, "step", s->name);
	json_set_string(j, "result", words[s->mark]);
	set_text(j, "server", k->server);
	set_text(j, "text", s->text.data);
	if (s->took >= 0)
		json_set_number(j, "ms", s->took);
	if (s->expires != 0)
		json_set_number(j, "expires", s->expires / 1000);
	if (s->outcome != NULL)
		set_outcome(j, s->outcome);
	set_text(j, "meaning", meaning->data);
	set_text(j, "remedy", remedy->data);
	json_append_object(k->object, "steps", j);
}

void
check_step_end(struct check *k, struct check_step *s)
{
	struct buf meaning, remedy;

	buf_init(&meaning, TEXT_MAX);
	buf_init(&remedy, TEXT_MAX);
	if (s->mark > CHECK_SKIP)
		add_advice(k, s, &meaning, &remedy);
	count(k, s);
	if (k->object != NULL)
		keep_step(k, s, &meaning, &remedy);
	else
		print_step(s, &meaning, &remedy);
	buf_clear(&meaning);
	buf_clear(&remedy);
	buf_clear(&s->text);
	buf_clear(&s->remedy);
}

void
check_skip(struct check *k, const char *name)
{
	struct check_step s;

	check_step_begin(&s, name);
	s.mark = CHECK_SKIP;
	check_step_end(k, &s);
}

/* ---- a profile */

void
check_report_begin(struct check *k)
{
	const struct profile *p = k->profile;
	char *address = addr_text(&p->address);

	if (k->asked->json) {
		k->object = json_new();
		json_set_string(k->object, "profile", p->name);
		json_set_string(k->object, "kind", profile_kind_name(p->kind));
		json_set_string(k->object, "address", address);
	} else {
		printf("%s (%s, %s)\n", p->name, profile_kind_name(p->kind),
		    address);
		fflush(stdout);
	}
	free(address);
}

static enum check_mark
total(const struct check *k)
{
	enum check_mark way = k->worst_way;

	if (way == CHECK_FAIL && k->some_way)
		way = CHECK_WARN;
	return way > k->worst ? way : k->worst;
}

int
check_report_end(struct check *k)
{
	enum check_mark worst = total(k);
	int code = worst == CHECK_FAIL ? 2 : worst == CHECK_WARN ? 1 : 0;

	if (k->object != NULL) {
		json_set_string(k->object, "result",
		    words[worst == CHECK_SKIP ? CHECK_OK : worst]);
		json_set_number(k->object, "status", code);
		tell_print(k->object);
		k->object = NULL;
	}
	return code;
}
