/* SPDX-License-Identifier: ISC */
/*
 * mime_head: what the header of a part says, and the header as it goes out.
 *
 * Both walk over the fields as they were read, so that what needs no change is
 * copied to the octet. Of several fields of a name the first counts, as most
 * readers have it; where it is replaced, the others go.
 */
#include "mail/mime_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* A field, or an mbox line, which has no name. */
struct mime_line {
	const char *begin, *value, *end; /* end: behind its CRLF */
	size_t name_n;
};

/* A walk over a text. */
struct mime_walk {
	const char *at, *end;
};

static bool
mime_next_field(struct mime_walk *w, struct mime_line *l)
{
	size_t value = 0;
	const char *lf;

	if (w->at == w->end)
		return false;
	l->begin = w->at;
	do {
		lf = memchr(w->at, '\n', (size_t)(w->end - w->at));
		w->at = lf != NULL ? lf + 1 : w->end;
	} while (w->at < w->end && text_is_blank(*w->at));
	l->end = w->at;
	l->name_n =
	    field_name_length(l->begin, (size_t)(l->end - l->begin), &value);
	l->value = l->begin + value;
	return true;
}

static bool
mime_is_named(const struct mime_line *l, const char *name)
{
	return l->name_n == strlen(name) &&
	       text_case_eq_n(l->begin, name, l->name_n);
}

/* ---- words of a value */

static bool
mime_is_space(char c)
{
	return text_is_blank(c) || c == '\r' || c == '\n';
}

/* Pass over blanks, folds and comments. */
static void
mime_skip(struct mime_walk *w)
{
	size_t depth = 0;

	for (; w->at < w->end; w->at++) {
		if (*w->at == '(')
			depth++;
		else if (depth > 0 && *w->at == ')')
			depth--;
		else if (depth > 0 && *w->at == '\\' && w->at + 1 < w->end)
			w->at++;
		else if (depth == 0 && !mime_is_space(*w->at))
			break;
	}
}

static bool
mime_take_char(struct mime_walk *w, char c)
{
	mime_skip(w);
	if (w->at == w->end || *w->at != c)
		return false;
	w->at++;
	return true;
}

/* The next word, up to one of stops, a blank or a comment; "" if there is none.
 * It stands in the value. */
static size_t
mime_take_word(struct mime_walk *w, const char *stops, const char **word)
{
	mime_skip(w);
	*word = w->at;
	while (w->at < w->end && !mime_is_space(*w->at) && *w->at != '(' &&
	       memchr(stops, *w->at, strlen(stops)) == NULL)
		w->at++;
	return (size_t)(w->at - *word);
}

static bool
mime_word_is(const char *word, size_t n, const char *what)
{
	return n == strlen(what) && text_case_eq_n(word, what, n);
}

/* A value of a parameter into out, which has room for max; what is longer is
 * passed over, and is no value. */
static size_t
mime_take_value(struct mime_walk *w, char *out, size_t max)
{
	const char *word;
	size_t n = 0;

	if (!mime_take_char(w, '"')) {
		n = mime_take_word(w, ";", &word);
		memcpy(out, word, n <= max ? n : 0);
		return n <= max ? n : 0;
	}
	for (; w->at < w->end && *w->at != '"'; w->at++) {
		if (*w->at == '\r' || *w->at == '\n')
			continue; /* a fold */
		if (*w->at == '\\' && w->at + 1 < w->end)
			w->at++;
		if (n < max)
			out[n] = *w->at;
		n++;
	}
	w->at += w->at < w->end;
	return n <= max ? n : 0;
}

/* ---- what it says */

/* Can lines be told by it? No blank may end it (RFC 2046 5.1.1). */
static bool
mime_is_boundary(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] >= 127)
			return false;
	return n > 0;
}

/* The parameters, of which only one is of interest. */
static void
mime_read_boundary(struct mime_head *h, struct mime_walk *w)
{
	char other[1];
	const char *name;
	size_t n;

	while (w->at < w->end) {
		if (!mime_take_char(w, ';')) {
			mime_take_value(w, other, 0); /* no good: passed over */
			continue;
		}
		n = mime_take_word(w, ";=\"", &name);
		if (!mime_take_char(w, '='))
			continue;
		if (!mime_word_is(name, n, "boundary")) {
			mime_take_value(w, other, 0);
			continue;
		}
		n = mime_take_value(w, h->boundary, MIME_MAX_BOUNDARY);
		while (n > 0 && h->boundary[n - 1] == ' ')
			n--;
		h->boundary_n = n;
		return;
	}
}

static void
mime_read_multipart(
    struct mime_head *h, struct mime_walk *w, const char *sub, size_t n)
{
	mime_read_boundary(h, w);
	if (!mime_is_boundary(h->boundary, h->boundary_n)) {
		h->is_lost = h->is_text = true;
		return;
	}
	h->kind = MIME_MULTIPART;
	h->is_digest = mime_word_is(sub, n, "digest");
	if (mime_word_is(sub, n, "signed"))
		h->inside = MIME_SIGNED;
	else if (mime_word_is(sub, n, "encrypted"))
		h->inside = MIME_ENCRYPTED;
}

static void
mime_read_message(struct mime_head *h, const char *sub, size_t n)
{
	static const struct {
		const char *sub;
		enum mime_kind kind;
		enum mime_lock inside;
	} all[] = { { "rfc822", MIME_MESSAGE, MIME_FREE },
		{ "partial", MIME_LEAF, MIME_PIECE },
		{ "external-body", MIME_LEAF, MIME_PIECE },
		{ "delivery-status", MIME_BLOCKS, MIME_FREE },
		{ "disposition-notification", MIME_BLOCKS, MIME_FREE },
		{ "feedback-report", MIME_BLOCKS, MIME_FREE },
		{ "tracking-status", MIME_BLOCKS, MIME_FREE } };
	size_t i;

	h->is_text = true; /* lines like those of a header */
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!mime_word_is(sub, n, all[i].sub))
			continue;
		h->kind = all[i].kind;
		h->inside = all[i].inside;
	}
}

static void
mime_read_type(struct mime_head *h, struct mime_walk w)
{
	const char *type, *sub;
	size_t n, sub_n;

	h->has_type = true;
	n = mime_take_word(&w, "/;\"", &type);
	if (n == 0 || !mime_take_char(&w, '/')) {
		h->is_text = true; /* RFC 2045 5.2 */
		return;
	}
	sub_n = mime_take_word(&w, "/;\"", &sub);
	if (mime_word_is(type, n, "multipart"))
		mime_read_multipart(h, &w, sub, sub_n);
	else if (mime_word_is(type, n, "message"))
		mime_read_message(h, sub, sub_n);
	else
		h->is_text = mime_word_is(type, n, "text") || sub_n == 0;
}

static void
mime_read_label(struct mime_head *h, struct mime_walk w)
{
	static const struct {
		const char *word;
		enum mime_label label;
	} labels[] = { { "7bit", MIME_LABEL_7BIT }, { "8bit", MIME_LABEL_8BIT },
		{ "binary", MIME_LABEL_BINARY },
		{ "quoted-printable", MIME_LABEL_QP },
		{ "base64", MIME_LABEL_BASE64 } };
	const char *word;
	size_t n = mime_take_word(&w, ";\"", &word);
	size_t i;

	for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (mime_word_is(word, n, labels[i].word))
			break;
	if (i < sizeof(labels) / sizeof(labels[0]))
		h->label = labels[i].label;
	else
		h->label = n > 0 ? MIME_LABEL_OTHER : MIME_LABEL_NONE;
}

/* A message in an encoding, which should not be, can't be looked into. */
static bool
mime_is_encoded(enum mime_label label)
{
	return label == MIME_LABEL_QP || label == MIME_LABEL_BASE64;
}

bool
mime_octets_over_127(const char *p, size_t n)
{
	unsigned char seen = 0;

	while (n-- > 0)
		seen |= (unsigned char)*p++;
	return seen > 127;
}

/* Is there what no server need take? */
static bool
mime_is_misfit(const char *p, size_t n)
{
	const char *end = p + n;
	const char *lf;

	if (memchr(p, '\0', n) != NULL)
		return true;
	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		n = (size_t)(lf - p);
		n -= n > 0 && p[n - 1] == '\r';
		if (n > MESSAGE_MAX_LINE || memchr(p, '\r', n) != NULL)
			return true;
	}
	return false;
}

/* ---- a field, made fit */

static bool
mime_is_unfit(const struct mime_line *l, bool seven_bit)
{
	size_t n = (size_t)(l->end - l->begin);

	return mime_is_misfit(l->begin, n) ||
	       (seven_bit && mime_octets_over_127(l->begin, n));
}

static struct field
mime_copy_field(const struct mime_line *l)
{
	struct field f = { .name = mem_dup_n(l->begin, l->name_n) };
	size_t n = (size_t)(l->end - l->value);

	n -= n > 0 && l->value[n - 1] == '\n';
	n -= n > 0 && l->value[n - 1] == '\r';
	f.value = mem_dup_n(l->value, n);
	f.value_len = n;
	return f;
}

/* No CR may stand alone: it would be taken for a line end by some. */
static void
mime_blank_cr(struct field *f)
{
	size_t i;

	for (i = 0; i < f->value_len; i++)
		if (f->value[i] == '\r' &&
		    (i + 1 == f->value_len || f->value[i + 1] != '\n'))
			f->value[i] = ' ';
}

/* The last resort. */
static void
mime_question(struct field *f, bool seven_bit)
{
	size_t i;

	for (i = 0; i < f->value_len; i++)
		if (f->value[i] == '\0' ||
		    (seven_bit && (unsigned char)f->value[i] > 127))
			f->value[i] = '?';
}

/* An address beyond ASCII has no other form. As text in a field of another
 * name (RFC 6857 3.1.10) it is at least not lost. */
static void
mime_fit_field(struct field *f, bool seven_bit)
{
	bool encode =
	    memchr(f->value, '\0', f->value_len) != NULL ||
	    (seven_bit && mime_octets_over_127(f->value, f->value_len));

	mime_blank_cr(f);
	if (encode && field_encode(f) && seven_bit) {
		mem_replace(&f->name, mem_printf("Downgraded-%s", f->name));
		field_encode(f);
	}
	mime_question(f, seven_bit);
	field_fold(f);
}

/* Have a field read as it will be. */
static void
mime_read_field(struct mime_head *h, const struct mime_line *l, bool seven_bit,
    void (*read)(struct mime_head *h, struct mime_walk value))
{
	struct field f;

	if (!mime_is_unfit(l, seven_bit)) {
		read(h, (struct mime_walk){ l->value, l->end });
		return;
	}
	f = mime_copy_field(l);
	mime_fit_field(&f, seven_bit);
	read(h, (struct mime_walk){ f.value, f.value + f.value_len });
	field_clear(&f);
}

/* ---- all of it */

void
mime_head_read(struct mime_head *h, const char *head, size_t n, bool in_digest,
    bool seven_bit)
{
	struct mime_walk w = { head, head + n };
	struct mime_line l;
	bool labelled = false;

	*h = (struct mime_head){ .eight_bit = mime_octets_over_127(head, n),
		.misfit = mime_is_misfit(head, n) };
	while (mime_next_field(&w, &l)) {
		if (!h->has_type && mime_is_named(&l, "Content-Type")) {
			mime_read_field(h, &l, seven_bit, mime_read_type);
		} else if (!labelled &&
			   mime_is_named(&l, "Content-Transfer-Encoding")) {
			mime_read_field(h, &l, seven_bit, mime_read_label);
			labelled = true;
		}
	}
	if (!h->has_type) {
		h->is_text = true;
		h->kind = in_digest ? MIME_MESSAGE : MIME_LEAF;
	}
	if (h->kind != MIME_MULTIPART && mime_is_encoded(h->label))
		h->kind = MIME_LEAF;
}

/* ---- as it goes out */

static const char *const mime_label_words[] = { [MIME_LABEL_7BIT] = "7bit",
	[MIME_LABEL_8BIT] = "8bit",
	[MIME_LABEL_BINARY] = "binary",
	[MIME_LABEL_QP] = "quoted-printable",
	[MIME_LABEL_BASE64] = "base64" };

static const char *const mime_charset_words[] = { [MIME_CHARSET_ASCII] =
						      "us-ascii",
	[MIME_CHARSET_UTF8] = "utf-8",
	[MIME_CHARSET_UNKNOWN] = "unknown-8bit" };

static void
mime_add_label(struct buf *b, const struct mime_change *how)
{
	buf_add_fmt(b, "Content-Transfer-Encoding: %s\r\n",
	    mime_label_words[how->label]);
}

static void
mime_add_type(struct buf *b, const struct mime_change *how)
{
	buf_add_fmt(b, "Content-Type: text/plain; charset=%s\r\n",
	    mime_charset_words[how->charset]);
}

static void
mime_add_field(struct buf *b, const struct mime_line *l, bool seven_bit)
{
	size_t n = (size_t)(l->end - l->begin);
	struct field f;

	if (l->name_n == 0 || !mime_is_unfit(l, seven_bit)) {
		buf_add(b, l->begin, n);
		return;
	}
	f = mime_copy_field(l);
	mime_fit_field(&f, seven_bit);
	buf_add_fmt(b, "%s:", f.name);
	buf_add(b, f.value, f.value_len);
	buf_add_str(b, "\r\n");
	field_clear(&f);
}

void
mime_head_write(
    struct buf *b, const char *head, size_t n, const struct mime_change *how)
{
	struct mime_walk w = { head, head + n };
	bool typed = false, labelled = false, versioned = false;
	struct mime_line l;

	while (mime_next_field(&w, &l)) {
		if (how->label != MIME_LABEL_NONE &&
		    mime_is_named(&l, "Content-Transfer-Encoding")) {
			if (!labelled)
				mime_add_label(b, how);
			labelled = true;
		} else if (how->set_type && mime_is_named(&l, "Content-Type")) {
			if (!typed)
				mime_add_type(b, how);
			typed = true;
		} else if (!how->drop_counts ||
			   (!mime_is_named(&l, "Content-Length") &&
			       !mime_is_named(&l, "Lines"))) {
			mime_add_field(b, &l, how->seven_bit);
		}
		versioned |= mime_is_named(&l, "MIME-Version");
	}
	if (how->add_version && !versioned)
		buf_add_str(b, "MIME-Version: 1.0\r\n");
	if (how->add_type)
		mime_add_type(b, how);
	if (how->label != MIME_LABEL_NONE && !labelled)
		mime_add_label(b, how);
}

char *
mime_head_find_unfit(const char *head, size_t n)
{
	struct mime_walk w = { head, head + n };
	struct mime_line l;
	struct field f;
	char *name = NULL;

	while (name == NULL && mime_next_field(&w, &l)) {
		if (l.name_n == 0 ||
		    !mime_octets_over_127(l.begin, (size_t)(l.end - l.begin)))
			continue;
		f = mime_copy_field(&l);
		if (field_encode(&f))
			name = mem_dup(f.name);
		field_clear(&f);
	}
	return name;
}
