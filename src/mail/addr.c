/* SPDX-License-Identifier: ISC */
/*
 * addr: the parser of addresses.
 *
 * lex cuts the text into tokens; a parser with one function a rule goes over
 * them once, without recursion and without going back, so that time grows
 * with the text alone.
 *
 * Commas separate elements. What an element is shows late: words before '<'
 * are a name, even if they look like addresses; words before ':' name a
 * group; else each must be an address with an at sign, or there is just one
 * word, which is a bare name. So addresses go to the list as they come and
 * are taken back when a '<' follows.
 */
#include "mail/addr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "mail/addr_part.h"
#include "mail/lex.h"

struct addr_parser {
	struct lex lex;
	struct addr_list *out;
	size_t before;	  /* mailboxes in out when we began */
	size_t element;	  /* where the current element begins */
	size_t first;	  /* mailboxes in out when it began */
	bool only_one;	  /* no lists, no groups */
	bool null_too;	  /* "<>" is one */
	bool in_group;	  /* a colon was seen, its semicolon not yet */
	bool group_empty; /* no member until now */
};

/*
 * A run of words and dots, which may become a local part. The content is
 * bounded: in a name the words may be longer than any local part.
 */
struct addr_run {
	struct buf content;	/* without quotes */
	struct lex_span span;	/* where it stands */
	struct lex_span quoted; /* the last quoted string */
	size_t n_words, n_dots;
	bool after_word;     /* the last token was none of the dots */
	bool spaced;	     /* white space or comments in it */
	bool backslash;	     /* before its first word */
	bool more_backslash; /* before a later one */
};

/*
 * Keep why the text is no address, unless lex has said so already. Every
 * function of the parser returns false then.
 */
static bool
addr_fault(struct addr_parser *p, const char *fault)
{
	if (p->lex.fault == NULL)
		p->lex.fault = fault;
	return false;
}

/* Give *a to the list, or free it. */
static bool
addr_emit(struct addr_parser *p, struct addr *a)
{
	if (p->out->n - p->before >= ADDR_MAX_LIST) {
		addr_clear(a);
		return addr_fault(p, "the list is too long");
	}
	addr_list_take(p->out, a);
	p->group_empty = false;
	return true;
}

/* Add the current token, a word, to run. */
static void
addr_run_word(struct addr_run *run, const struct lex *l)
{
	size_t from = l->token.begin;

	if (l->kind == LEX_QUOTED) {
		run->quoted = l->token;
		lex_add_unquoted(&run->content, l->text, l->token);
	} else {
		if (l->text[from] == '\\') {
			if (run->n_words + run->n_dots == 0)
				run->backslash = true;
			else
				run->more_backslash = true;
			from++;
		}
		buf_add(&run->content, l->text + from, l->token.end - from);
	}
	run->n_words++;
	run->after_word = true;
}

/* Read words and dots, until two words have no dot between them. */
static void
addr_read_run(struct addr_parser *p, struct addr_run *run)
{
	struct lex *l = &p->lex;

	*run = (struct addr_run){ .span = { l->token.begin, l->token.begin } };
	buf_init(&run->content, ADDR_MAX_LOCAL);
	for (;; lex_next(l)) {
		if (lex_is_char(l, '.')) {
			buf_add_char(&run->content, '.');
			run->n_dots++;
			run->after_word = false;
		} else if (!run->after_word &&
			   (l->kind == LEX_WORD || l->kind == LEX_QUOTED))
			addr_run_word(run, l);
		else
			break;
		if (l->token.begin > run->span.end)
			run->spaced = true;
		run->span.end = l->token.end;
	}
}

/* Controls beyond ASCII, U+0080 to U+009F, and its line ends, U+2028, U+2029,
 * which some readers take for the end of a field? s is UTF-8. */
static bool
addr_has_control(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i++) {
		if (s[i] == '\xc2' && (unsigned char)s[i + 1] < 0xa0)
			return true;
		if (i + 2 < n && memcmp(s + i, "\xe2\x80", 2) == 0 &&
		    (s[i + 2] == '\xa8' || s[i + 2] == '\xa9'))
			return true;
	}
	return false;
}

/*
 * Make the local part that run stands for. A lone quoted string that needs
 * its quotes stays as it is, to the octet; anything else is quoted if it must.
 */
static bool
addr_make_local(struct addr_parser *p, const struct addr_run *run, char **out)
{
	const char *text = p->lex.text;
	const struct buf *content = &run->content;
	struct buf b;
	size_t i;

	if (!text_is_utf8(content->data, content->len))
		return addr_fault(p, "8-bit text that is not UTF-8");
	if (addr_has_control(content->data, content->len))
		return addr_fault(p, "a control character");
	buf_init(&b, ADDR_MAX_LOCAL);
	if (lex_is_dot_atom(content->data, content->len)) {
		buf_add(&b, content->data, content->len);
	} else if (run->quoted.end > 0 && run->n_words + run->n_dots == 1) {
		for (i = run->quoted.begin; i < run->quoted.end; i++) {
			if (text[i] != '\r' && text[i] != '\n')
				buf_add_char(&b, text[i]);
		}
	} else
		lex_add_quoted(&b, content->data, content->len);
	if (b.full || content->full) {
		buf_clear(&b);
		return addr_fault(p, "the part before the at sign is too long");
	}
	*out = buf_take(&b);
	return true;
}

/* May the current token stand in a domain? */
static bool
addr_is_domain_part(const struct lex *l)
{
	const char *p = l->text + l->token.begin;
	const char *end = l->text + l->token.end;

	if (l->kind == LEX_LITERAL) {
		for (p++; p < end - 1; p++) {
			if (*p <= ' ' || *p >= 127 ||
			    strchr("\\[@<>\"", *p) != NULL)
				return false;
		}
		return l->token.end - l->token.begin > 2;
	}
	for (; p < end; p++) {
		if (!text_is_alnum(*p) && *p != '-' && *p != '_' &&
		    (unsigned char)*p < 128)
			return false;
	}
	return l->kind == LEX_WORD;
}

/* Append the labels or the literal of a domain; *end is set behind them. */
static bool
addr_read_labels(struct addr_parser *p, struct buf *b, size_t *end)
{
	struct lex *l = &p->lex;
	bool literal = l->kind == LEX_LITERAL;

	for (;; lex_next(l)) {
		if (lex_is_char(l, '@'))
			return addr_fault(p, "two at signs");
		if (!addr_is_domain_part(l))
			return addr_fault(p, "no domain behind the at sign");
		buf_add(
		    b, l->text + l->token.begin, l->token.end - l->token.begin);
		*end = l->token.end;
		lex_next(l);
		if (literal || !lex_is_char(l, '.'))
			return true;
		buf_add_char(b, '.');
	}
}

/* Read what stands behind an at sign; *span is set to where it stands. */
static bool
addr_read_domain(struct addr_parser *p, char **out, struct lex_span *span)
{
	struct buf b;
	bool ok;

	lex_next(&p->lex);
	span->begin = p->lex.token.begin;
	buf_init(&b, ADDR_MAX_DOMAIN);
	ok = addr_read_labels(p, &b, &span->end);
	if (ok && b.full)
		ok = addr_fault(p, "the domain is too long");
	if (ok && !text_is_utf8(b.data, b.len))
		ok = addr_fault(p, "8-bit text that is not UTF-8");
	if (ok)
		*out = buf_take(&b);
	buf_clear(&b);
	return ok;
}

/* Is run good for an address, before an at sign or (bare) without one? */
static bool
addr_check_run(struct addr_parser *p, const struct addr_run *run, bool bare)
{
	if (run->n_words + run->n_dots == 0)
		return addr_fault(p, "no name before the at sign");
	if (run->more_backslash)
		return addr_fault(p, "a backslash in the wrong place");
	if (!bare)
		return true;
	if (run->spaced)
		return addr_fault(p, "a blank in a name without an at sign");
	if (run->n_words != run->n_dots + 1)
		return addr_fault(p, "a dot in the wrong place");
	if (run->content.len == 0 && !run->content.full)
		return addr_fault(p, "an empty name");
	return true;
}

/* Make the address that begins with run; *a is empty on failure. */
static bool
addr_make(struct addr_parser *p, const struct addr_run *run, struct addr *a)
{
	bool bare = !lex_is_char(&p->lex, '@');
	struct lex_span domain = run->span;

	*a = (struct addr){ .keep_bare = run->backslash,
		.spec_begin = run->span.begin,
		.domain_begin = run->span.end,
		.spec_end = run->span.end };
	if (!addr_check_run(p, run, bare) ||
	    !addr_make_local(p, run, &a->local) ||
	    (!bare && !addr_read_domain(p, &a->domain, &domain))) {
		addr_clear(a);
		return false;
	}
	if (!bare) {
		a->domain_begin = domain.begin;
		a->spec_end = domain.end;
	}
	return true;
}

/* Go behind a source route, "@r,@q:" (RFC 5322, 4.4). */
static bool
addr_skip_route(struct addr_parser *p)
{
	char *domain;
	struct lex_span span;

	while (!lex_is_char(&p->lex, ':')) {
		if (lex_is_char(&p->lex, ',')) {
			lex_next(&p->lex);
			continue;
		}
		if (!lex_is_char(&p->lex, '@'))
			return addr_fault(p, "a source route without a colon");
		if (!addr_read_domain(p, &domain, &span))
			return false;
		free(domain);
	}
	lex_next(&p->lex);
	return true;
}

/* Read what is between < and >, the brackets included. */
static bool
addr_read_angle(struct addr_parser *p, struct addr *a)
{
	struct lex *l = &p->lex;
	struct addr_run run;
	bool ok;

	lex_next(l);
	if (lex_is_char(l, '>')) {
		if (!p->null_too)
			return addr_fault(p, "no address between < and >");
		*a = (struct addr){ .local = mem_dup(""),
			.spec_begin = l->token.begin,
			.domain_begin = l->token.begin,
			.spec_end = l->token.begin };
		lex_next(l);
		return true;
	}
	if (lex_is_char(l, '@') && !addr_skip_route(p))
		return false;
	addr_read_run(p, &run);
	ok = addr_make(p, &run, a);
	buf_clear(&run.content);
	if (!ok)
		return false;
	if (!lex_is_char(l, '>')) {
		addr_clear(a);
		return addr_fault(p, lex_is_char(l, '@')
					 ? "two at signs"
					 : "no > behind the address");
	}
	lex_next(l);
	return true;
}

/* Does the element end here? */
static bool
addr_at_end(const struct lex *l)
{
	return l->kind == LEX_END || lex_is_char(l, ',') || lex_is_char(l, ';');
}

/* Read the rest of an element whose words so far were a name. */
static bool
addr_read_named(struct addr_parser *p)
{
	struct lex *l = &p->lex;
	struct lex_span name = { p->element, l->token.begin };
	struct addr a;

	addr_list_cut(p->out, p->first);
	if (!addr_read_angle(p, &a))
		return false;
	if (!addr_at_end(l) && !lex_is_char(l, '<')) {
		addr_clear(&a);
		return addr_fault(p, "text behind >: a comma is missing");
	}
	a.name = lex_phrase_text(l->text, name);
	return addr_emit(p, &a);
}

/* A colon: what was read names a group, of which the members follow. */
static bool
addr_begin_group(struct addr_parser *p, size_t n_words)
{
	if (p->only_one || p->in_group || n_words == 0 || p->out->n > p->first)
		return addr_fault(p, "a colon in the wrong place");
	p->in_group = true;
	p->group_empty = true;
	lex_next(&p->lex);
	return true;
}

/* Read one run of an element: an address, or else one word more. */
static bool
addr_read_plain(struct addr_parser *p, size_t *n_words)
{
	struct lex *l = &p->lex;
	struct addr_run run;
	struct addr a;
	bool alone, ok;

	addr_read_run(p, &run);
	alone = addr_at_end(l) && *n_words == 0 && p->out->n == p->first;
	if (!lex_is_char(l, '@') && (!alone || run.spaced)) {
		buf_clear(&run.content);
		*n_words += run.n_words + run.n_dots;
		return true;
	}
	ok = addr_make(p, &run, &a);
	buf_clear(&run.content);
	if (!ok)
		return false;
	a.name = lex_comment_text(l->text, l->comment);
	return addr_emit(p, &a);
}

/* Read what is between two commas. */
static bool
addr_read_element(struct addr_parser *p)
{
	struct lex *l = &p->lex;
	size_t n_words = 0; /* that belong to no address */

	p->element = l->token.begin;
	p->first = p->out->n;
	while (!addr_at_end(l)) {
		if (lex_is_char(l, '<'))
			return addr_read_named(p);
		if (lex_is_char(l, ':'))
			return addr_begin_group(p, n_words);
		if (l->kind == LEX_LITERAL || lex_is_char(l, '>'))
			return addr_fault(p, "a bracket in the wrong place");
		if (l->kind == LEX_BAD || !addr_read_plain(p, &n_words))
			return false;
		if (lex_is_char(l, '@'))
			return addr_fault(p, "two at signs");
	}
	if (n_words > 0)
		return addr_fault(p,
		    "a name needs an address: write Name <user@example.com>");
	return true;
}

static bool
addr_read_list(struct addr_parser *p)
{
	struct lex *l = &p->lex;

	lex_next(l);
	while (l->kind != LEX_END) {
		p->element = l->token.begin;
		if (!addr_at_end(l)) {
			if (!addr_read_element(p))
				return false;
			continue;
		}
		if (p->only_one)
			return addr_fault(p, "more than one address");
		if (lex_is_char(l, ';')) {
			if (!p->in_group)
				return addr_fault(
				    p, "a semicolon outside a group");
			p->in_group = false;
		}
		lex_next(l);
	}
	/* "undisclosed-recipients:" without its semicolon is common. */
	if (p->in_group && !p->group_empty)
		return addr_fault(p, "a group without its semicolon");
	return true;
}

/* Say what is wrong, with the element up to the next comma. */
static int
addr_refuse(const struct addr_parser *p, struct err *e)
{
	const char *from = p->lex.text + p->element;
	size_t shown = p->lex.n - p->element;
	size_t seen = p->lex.kind == LEX_BAD ? p->lex.at : p->lex.token.begin;
	const char *dots = "";
	const char *comma;

	seen -= p->element;
	if (seen < shown) {
		comma = memchr(from + seen, ',', shown - seen);
		if (comma != NULL)
			shown = (size_t)(comma - from);
	}
	while (shown > 0 && text_is_blank(from[shown - 1]))
		shown--;
	if (shown > ADDR_SHOWN) {
		shown = ADDR_SHOWN;
		dots = "...";
	}
	return err_set(e, EX_DATAERR, "address: %.*s%s: %s", (int)shown, from,
	    dots, p->lex.fault);
}

static int
addr_run_parser(struct addr_parser *p, const char *text, size_t n,
    struct addr_list *out, struct err *e)
{
	p->lex =
	    (struct lex){ .text = text, .n = n, .max_depth = ADDR_MAX_DEPTH };
	p->out = out;
	p->before = out->n;
	if (addr_read_list(p))
		return 0;
	addr_list_cut(out, p->before);
	if (out->n == 0) /* a list that begins and stays empty owns nothing */
		addr_list_clear(out);
	return addr_refuse(p, e);
}

int
addr_parse_list(
    const char *text, size_t n, struct addr_list *out, struct err *e)
{
	struct addr_parser p = { 0 };

	return addr_run_parser(&p, text, n, out, e);
}

int
addr_parse(const char *text, bool null_too, struct addr *out, struct err *e)
{
	struct addr_parser p = { .only_one = true, .null_too = null_too };
	struct addr_list l = { 0 };
	int code = addr_run_parser(&p, text, strlen(text), &l, e);

	if (code == 0 && l.n != 1)
		code = err_set(e, EX_DATAERR, "address: %.*s: %s", ADDR_SHOWN,
		    text, l.n == 0 ? "no address" : "more than one address");
	if (code == 0) {
		*out = l.v[0];
		l.n = 0;
	}
	addr_list_clear(&l);
	return code;
}
