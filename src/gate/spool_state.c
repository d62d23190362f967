/* SPDX-License-Identifier: ISC */
/*
 * spool_state: the form of a state file.
 *
 *	osmtp-state 1
 *	id 1hf7yat00abcdefg
 *	attempts 2
 *	last 1700000060000
 *	next 1700000180000
 *	able 60000
 *	held				(and warned, returned, by-pause,
 *					perhaps-sent: each only if so)
 *	server smtp.example.com:587	(only if known)
 *	result 1-3 later T RCPT 450 4.2.1 - - - theirs 4.2.1 mailbox busy
 *	result 5 delivered - FINAL 250 - - - google theirs 2.0.0 OK
 *	crc 8a9136aa
 *
 * in this order. A result: the recipients whom it is of, by their place in the
 * message's file; kind (where a report on success is due from us: relayed
 * instead of delivered), class, stage, code, enhanced status, error, detail,
 * provider, whose words the text is, and the text. Neighbours with the same
 * result share a line, so that a message to thousands that waits for a server
 * has a small state; a recipient of whom nothing is known has none. An empty
 * word is "-"; "%xx" stands for a blank in a word, for "%", and for a "-"
 * alone. The checksum is of all lines before it.
 *
 * A state is bound to its message by the ID, since under another name it would
 * make recipients delivered who were not.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/crc.h"
#include "base/mem.h"
#include "base/text.h"
#include "gate/spool_part.h"

#define STATE_KIND    "osmtp-state"
#define STATE_RELAYED "relayed"

enum { STATE_CRC = sizeof("crc 01234567\n") - 1, STATE_CODE_MAX = 9999 };

static const struct {
	const char *name;
	size_t at; /* of a bool in struct spool_state */
} state_flags[] = {
	{ "held", offsetof(struct spool_state, held) },
	{ "warned", offsetof(struct spool_state, warned) },
	{ "returned", offsetof(struct spool_state, returned) },
	{ "by-pause", offsetof(struct spool_state, by_pause) },
	{ "perhaps-sent", offsetof(struct spool_state, perhaps_sent) },
};

enum { STATE_FLAGS = sizeof(state_flags) / sizeof(state_flags[0]) };

static bool *
state_flag(struct spool_state *s, size_t i)
{
	return (bool *)((char *)s + state_flags[i].at);
}

/* ---- writing */

/* is_text: the last on its line, so that blanks may stay. */
static void
add_word(struct buf *b, const char *s, bool is_text)
{
	if (*s == '\0')
		buf_add_char(b, '-');
	else if (strcmp(s, "-") == 0)
		buf_add_str(b, "%2d");
	else
		for (; *s != '\0'; s++) {
			if (*s == '%' || (*s == ' ' && !is_text))
				buf_add_fmt(b, "%%%02x", (unsigned)*s);
			else if ((unsigned char)*s < ' ' || *s == 127)
				buf_add_char(b, '?');
			else
				buf_add_char(b, *s);
		}
}

static void
add_outcome(struct buf *b, const struct outcome *o)
{
	const char *const words[] = { o->relayed ? STATE_RELAYED
						 : outcome_kind_name(o->kind),
		outcome_class_name(o->class), outcome_stage_name(o->stage) };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		buf_add_fmt(b, " %s", words[i]);
	buf_add_fmt(b, " %d ", o->code);
	add_word(b, o->enhanced, false);
	buf_add_char(b, ' ');
	add_word(b, o->error, false);
	buf_add_char(b, ' ');
	add_word(b, o->detail, false);
	buf_add_char(b, ' ');
	add_word(b, o->provider, false);
	buf_add_str(b, o->ours ? " ours " : " theirs ");
	add_word(b, o->text, true);
	buf_add_char(b, '\n');
}

static bool
same_outcome(const struct outcome *a, const struct outcome *b)
{
	return a->kind == b->kind && a->class == b->class &&
	       a->stage == b->stage && a->code == b->code &&
	       a->ours == b->ours && a->relayed == b->relayed &&
	       strcmp(a->enhanced, b->enhanced) == 0 &&
	       strcmp(a->error, b->error) == 0 &&
	       strcmp(a->detail, b->detail) == 0 &&
	       strcmp(a->provider, b->provider) == 0 &&
	       strcmp(a->text, b->text) == 0;
}

static void
add_results(struct buf *b, const struct outcome *v, size_t n)
{
	static const struct outcome nothing;
	size_t i, end;

	for (i = 0; i < n; i = end) {
		end = i + 1;
		while (end < n && same_outcome(&v[i], &v[end]))
			end++;
		if (same_outcome(&v[i], &nothing))
			continue;
		buf_add_fmt(b, "result %zu", i + 1);
		if (end > i + 1)
			buf_add_fmt(b, "-%zu", end);
		add_outcome(b, &v[i]);
	}
}

/* A number as it can be read back. */
static void
add_number(struct buf *b, const char *key, int64_t n)
{
	buf_add_fmt(b, "%s %lld\n", key, (long long)(n > 0 ? n : 0));
}

void
spool_state_add_to(struct buf *b, const struct spool_item *item)
{
	struct spool_state s = item->state;
	size_t i, begin = b->len, first;

	buf_add_fmt(b, STATE_KIND " 1\nid %s\n", item->envelope.id);
	first = b->len;
	add_number(b, "attempts", s.attempts);
	add_number(b, "last", s.last);
	add_number(b, "next", s.next);
	add_number(b, "able", s.able);
	for (i = 0; i < STATE_FLAGS; i++) {
		if (*state_flag(&s, i))
			buf_add_fmt(b, "%s\n", state_flags[i].name);
	}
	if (s.server[0] != '\0') {
		buf_add_str(b, "server ");
		add_word(b, s.server, true);
		buf_add_char(b, '\n');
	}
	add_results(b, s.result, item->envelope.n_rcpts);
	if (strcmp(b->data + first, "attempts 0\nlast 0\nnext 0\nable 0\n") ==
	    0) {
		b->len = begin;
		b->data[begin] = '\0';
		return;
	}
	buf_add_fmt(b, "crc %08lx\n",
	    (unsigned long)crc_add(0, b->data + begin, b->len - begin));
}

/* ---- reading */

/* Cut the word at *at off; NULL if there is none. */
static char *
next_word(char **at)
{
	char *word = *at;
	char *end = strchr(word, ' ');

	if (end == NULL || end == word)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return word;
}

/* Undo add_word() into out of size octets. */
static bool
take_word(const char *word, char *out, size_t size)
{
	uint64_t octet;
	size_t n = 0;

	if (word == NULL || *word == '\0')
		return false;
	if (strcmp(word, "-") == 0)
		word = "";
	for (; *word != '\0'; word++) {
		octet = (unsigned char)*word;
		if (octet == '%') {
			if (!spool_parse_hex(word + 1, 2, &octet))
				return false;
			word += 2;
		}
		if (octet < ' ' || octet == 127 || n + 1 >= size)
			return false;
		out[n++] = (char)octet;
	}
	out[n] = '\0';
	return true;
}

/* The enum constant of that name, or -1. */
static int
find_kind(const char *word)
{
	int k;

	for (k = OUTCOME_OPEN; k <= OUTCOME_UNCLEAR; k++) {
		if (strcmp(word, outcome_kind_name(k)) == 0)
			return k;
	}
	return -1;
}

static int
find_class(const char *word)
{
	int c;

	for (c = OUTCOME_CLASS_NONE; c <= OUTCOME_CLASS_M; c++) {
		if (strcmp(word, outcome_class_name(c)) == 0)
			return c;
	}
	return -1;
}

static int
find_stage(const char *word)
{
	int s;

	for (s = OUTCOME_AT_TOKEN; s <= OUTCOME_AT_FINAL; s++) {
		if (strcmp(word, outcome_stage_name(s)) == 0)
			return s;
	}
	return -1;
}

static bool
take_enum(int (*find)(const char *word), const char *word, int *out)
{
	*out = word != NULL ? find(word) : -1;
	return *out != -1;
}

static bool
take_outcome(char *line, struct outcome *o)
{
	int kind, class, stage;
	uint64_t code;
	const char *word = next_word(&line);

	o->relayed = word != NULL && strcmp(word, STATE_RELAYED) == 0;
	if (o->relayed)
		word = outcome_kind_name(OUTCOME_DELIVERED);
	if (!take_enum(find_kind, word, &kind) ||
	    !take_enum(find_class, next_word(&line), &class) ||
	    !take_enum(find_stage, next_word(&line), &stage))
		return false;
	o->kind = kind;
	o->class = class;
	o->stage = stage;
	word = next_word(&line);
	if (word == NULL || !text_parse_uint(word, STATE_CODE_MAX, &code))
		return false;
	o->code = (int)code;
	if (!take_word(next_word(&line), o->enhanced, sizeof(o->enhanced)) ||
	    !take_word(next_word(&line), o->error, sizeof(o->error)) ||
	    !take_word(next_word(&line), o->detail, sizeof(o->detail)) ||
	    !take_word(next_word(&line), o->provider, sizeof(o->provider)))
		return false;
	word = next_word(&line);
	if (word == NULL ||
	    (strcmp(word, "ours") != 0 && strcmp(word, "theirs") != 0))
		return false;
	o->ours = strcmp(word, "ours") == 0;
	return take_word(line, o->text, sizeof(o->text));
}

/* "3" or "3-5": indices [*first, *end), not before index from. */
static bool
take_range(char *word, size_t from, size_t n, size_t *first, size_t *end)
{
	uint64_t a, b;
	char *dash = word != NULL ? strchr(word, '-') : NULL;

	if (word == NULL)
		return false;
	if (dash != NULL)
		*dash = '\0';
	if (!text_parse_uint(word, n, &a) || a <= from)
		return false;
	b = a;
	if (dash != NULL && (!text_parse_uint(dash + 1, n, &b) || b <= a))
		return false;
	*first = (size_t)a - 1;
	*end = (size_t)b;
	return true;
}

/* Line by line into v, which has n elements, all open. */
static bool
take_results(struct spool_lines *l, struct outcome *v, size_t n)
{
	size_t first, end = 0;

	while (spool_lines_value(l, "result") != NULL) {
		char *line = l->line.data + strlen("result ");
		struct outcome o = { 0 };

		if (!take_range(next_word(&line), end, n, &first, &end) ||
		    !take_outcome(line, &o))
			return false;
		for (; first < end; first++)
			v[first] = o;
	}
	return true;
}

static bool
take_state(
    struct spool_lines *l, const char *id, struct spool_state *s, size_t n)
{
	uint64_t attempts, last, next, able;
	const char *value;
	size_t i;

	spool_lines_next(l); /* its version was looked at */
	value = spool_lines_value(l, "id");
	if (value == NULL || strcmp(value, id) != 0 ||
	    !spool_lines_number(l, "attempts", UINT32_MAX, &attempts) ||
	    !spool_lines_number(l, "last", INT64_MAX, &last) ||
	    !spool_lines_number(l, "next", INT64_MAX, &next) ||
	    !spool_lines_number(l, "able", INT64_MAX, &able))
		return false;
	s->attempts = (unsigned)attempts;
	s->last = (int64_t)last;
	s->next = (int64_t)next;
	s->able = (int64_t)able;
	for (i = 0; i < STATE_FLAGS; i++)
		*state_flag(s, i) = spool_lines_flag(l, state_flags[i].name);
	value = spool_lines_value(l, "server");
	if (value != NULL && !take_word(value, s->server, sizeof(s->server)))
		return false;
	return take_results(l, s->result, n) && l->left == 0;
}

/* Does the last line hold the checksum of those before? */
static bool
has_good_crc(const char *p, size_t n)
{
	uint64_t told;

	return n > STATE_CRC && memcmp(p + n - STATE_CRC, "crc ", 4) == 0 &&
	       p[n - STATE_CRC - 1] == '\n' && p[n - 1] == '\n' &&
	       spool_parse_hex(p + n - STATE_CRC + 4, 8, &told) &&
	       told == crc_add(0, p, n - STATE_CRC);
}

int
spool_state_parse(const char *p, size_t n, struct spool_item *i, struct err *e)
{
	struct spool_lines l = { .at = p };
	struct spool_state s = { 0 };
	size_t n_rcpts = i->envelope.n_rcpts;
	int code = spool_check_version(p, n, STATE_KIND, e);

	if (code != 0)
		return code;
	if (!has_good_crc(p, n))
		return err_set(e, EX_DATAERR, "its checksum is wrong");
	l.left = n - STATE_CRC;
	s.result = mem_new(n_rcpts, sizeof(*s.result));
	if (take_state(&l, i->envelope.id, &s, n_rcpts)) {
		free(i->state.result);
		i->state = s;
	} else {
		free(s.result);
		code = err_set(e, EX_DATAERR, "not a state of this message");
	}
	buf_clear(&l.line);
	return code;
}
