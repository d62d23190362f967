/* SPDX-License-Identifier: ISC */
/*
 * report: multipart/report in three parts.
 *
 * Only the third part may hold octets over 127, and only if the original does:
 * words for a person are quoted-printable where they need more than ASCII, and
 * message/delivery-status is ASCII by its definition (RFC 3464 2; addresses
 * beyond ASCII in the form of RFC 6533 3). So a report needs no more of a
 * server than its original did.
 *
 * What is quoted of the original, 64 kB at most, is in memory before the first
 * octet goes out: a boundary can be chosen that does not occur in it. In what
 * we write ourselves, no line but a boundary begins with two hyphens.
 */
#include "mail/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "mail/field.h"
#include "mail/message.h"
#include "mail/report_part.h"

enum { REPORT_BOUNDARY = 48 }; /* octets, and a number; RFC 2046 has 70 */

static bool
is_ascii(const char *s)
{
	return text_is_ascii(s, strlen(s));
}

/* ---- the header */

/* Whom it is about: the first, and how many more. An address that would
 * have to be encoded is not named here. */
static void
report_subject(struct report_out *o)
{
	static const char *const begins[REPORT_KINDS] = {
		[REPORT_FAILED] = "Undelivered mail: ",
		[REPORT_DELAYED] = "Delayed mail (still being tried): ",
		[REPORT_RELAYED] = "Mail that was handed on: ",
	};
	const struct report *r = o->r;
	struct buf b;

	buf_init(&b, REPORT_VALUE_MAX);
	buf_add_str(&b, begins[r->kind]);
	if (r->n_rcpts == 0 || !is_ascii(r->rcpts[0].address))
		buf_add_fmt(&b, "%zu recipient%s", r->n_rcpts,
		    r->n_rcpts == 1 ? "" : "s");
	else
		buf_add_str(&b, r->rcpts[0].address);
	if (r->n_rcpts > 1 && is_ascii(r->rcpts[0].address))
		buf_add_fmt(&b, " and %zu more", r->n_rcpts - 1);
	report_field(o, "Subject", b.data);
	buf_clear(&b);
}

/* Is it one "<...>", fit to be quoted? */
static bool
report_is_message_id(const char *s, size_t n)
{
	size_t i;

	if (n < 3 || n > REPORT_WORD_MAX || s[0] != '<' || s[n - 1] != '>')
		return false;
	for (i = 1; i < n - 1; i++)
		if (s[i] <= ' ' || s[i] >= 127 || s[i] == '<' || s[i] == '>')
			return false;
	return true;
}

/* What ties the report to the original where mail is shown (RFC 3834 3.1.5).
 * An original without a good Message-ID gets none. */
static void
report_references(struct report_out *o, const struct buf *original)
{
	struct stream_source in =
	    stream_from_mem(original->data, original->len);
	struct message_reading how = { .dot_ends = false };
	struct message m = { 0 };
	struct field *f = NULL;
	struct buf id;

	buf_init(&id, REPORT_VALUE_MAX);
	if (message_read_head(&m, &how, &in, NULL) == 0)
		f = message_field(&m, "Message-ID");
	if (f != NULL)
		field_unfold(&id, f);
	if (report_is_message_id(id.data, id.len)) {
		report_field(o, "In-Reply-To", id.data);
		report_field(o, "References", id.data);
	}
	buf_clear(&id);
	message_clear(&m);
}

/* A boundary that is nowhere in the original: the id, which should do, else
 * with a number. */
static void
report_choose_boundary(struct report_out *o, const struct buf *original)
{
	struct buf *b = &o->boundary;
	unsigned try = 0;
	const char *s;

	do {
		buf_reset(b);
		buf_add_str(b, "=_");
		for (s = o->r->id; *s != '\0' && b->len < REPORT_BOUNDARY; s++)
			buf_add_char(b, text_is_alnum(*s) ? *s : '_');
		if (try++ > 0)
			buf_add_fmt(b, ".%u", try);
	} while (memmem(original->data, original->len, b->data, b->len));
}

static void
report_header(struct report_out *o, const struct buf *original, bool eight_bit)
{
	const struct report *r = o->r;

	buf_add_fmt(&o->words, "Mail Delivery System <%s>", r->from);
	report_field(o, "From", o->words.data);
	buf_reset(&o->words);
	report_field(o, "To", r->to);
	report_subject(o);
	report_date_field(o, "Date", r->now);
	buf_add_fmt(&o->words, "<%s@%s>", r->id, r->hostname);
	report_field(o, "Message-ID", o->words.data);
	buf_reset(&o->words);
	report_references(o, original);
	buf_add_fmt(&o->b,
	    "Auto-Submitted: auto-replied\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	    " boundary=\"%s\"\r\n%s\r\n",
	    o->boundary.data,
	    eight_bit ? "Content-Transfer-Encoding: 8bit\r\n" : "");
}

/* The line end in front belongs to the boundary (RFC 2046 5.1.1). */
static void
report_begin_part(struct report_out *o, const char *type)
{
	buf_add_fmt(
	    &o->b, "\r\n--%s\r\nContent-Type: %s\r\n", o->boundary.data, type);
}

/* ---- words for a person */

/* Do two recipients have the same story? Then it is told once. */
static bool
report_is_same(const struct report_rcpt *a, const struct report_rcpt *b)
{
	const struct outcome *x = a->outcome, *y = b->outcome;

	return x->kind == y->kind && x->stage == y->stage &&
	       x->code == y->code && x->ours == y->ours &&
	       strcmp(x->text, y->text) == 0 &&
	       strcmp(a->advice, b->advice) == 0;
}

/* What the other side said, or what we found. */
static void
report_reason(struct report_out *o, const struct outcome *x)
{
	if (x->kind == OUTCOME_OPEN && x->text[0] == '\0')
		buf_add_str(&o->words, "It could not be tried.");
	else if (x->ours)
		buf_add_fmt(&o->words, "The reason: %s", x->text);
	else if (x->stage == OUTCOME_AT_TOKEN)
		buf_add_fmt(&o->words, "The token endpoint said: %d %s",
		    x->code, x->text);
	else
		buf_add_fmt(&o->words, "%s said: %d %s",
		    o->r->server[0] != '\0' ? o->r->server : "The server",
		    x->code, x->text);
	report_say(o, 2);
}

/* n recipients with the same story. */
static void
report_story(struct report_out *o, const struct report_rcpt *rcpts, size_t n)
{
	const struct outcome *x = rcpts->outcome;
	size_t i;

	report_line(o, "", 0);
	for (i = 0; i < n; i++) {
		report_say_text(o, 4, rcpts[i].address);
		if (o->b.len >= REPORT_FLUSH_AT)
			report_flush(o);
	}
	report_line(o, "", 0);
	report_reason(o, x);
	if (rcpts->advice[0] != '\0')
		report_say_text(o, 2, rcpts->advice);
	if (x->kind == OUTCOME_UNCLEAR)
		report_say_text(o, 2,
		    "The link was lost when the message had been sent, so it "
		    "may have arrived all the same.");
	else if (o->r->kind == REPORT_FAILED && x->kind != OUTCOME_REFUSED)
		report_say_text(o, 2,
		    "It was tried for as long as the configuration allows.");
}

/* The first words: what happened to which message. */
static void
report_opening(struct report_out *o)
{
	static const char *const ends[REPORT_KINDS] = {
		[REPORT_FAILED] = " could not be delivered to:",
		[REPORT_DELAYED] = " has not been delivered yet to:",
		[REPORT_RELAYED] = " was handed on, for:",
	};
	const struct report *r = o->r;

	buf_add_fmt(&o->words, "This is the mail system at %s.", r->hostname);
	report_say(o, 0);
	report_line(o, "", 0);
	buf_add_str(&o->words, "The message that was accepted on ");
	field_add_date(&o->words, r->arrived);
	buf_add_str(&o->words, ends[r->kind]);
	report_say(o, 0);
}

/* The last: what comes next. */
static void
report_closing(struct report_out *o, bool whole)
{
	const struct report *r = o->r;

	report_line(o, "", 0);
	if (r->kind == REPORT_FAILED) {
		buf_add_fmt(&o->words,
		    "Nothing more is tried for the recipients above. %s is "
		    "attached.",
		    whole ? "The message" : "The header of the message");
	} else if (r->kind == REPORT_RELAYED) {
		buf_add_str(&o->words,
		    "You asked to hear of that. The server does not tell of "
		    "what becomes of it from there on, unless it fails. The "
		    "header of the message is attached.");
	} else {
		buf_add_str(&o->words, "Do not send it again: it is tried "
				       "until ");
		field_add_date(&o->words, r->until);
		buf_add_str(&o->words,
		    ", and you hear of it if that does not help. The header of "
		    "the message is attached.");
	}
	report_say(o, 0);
	report_line(o, "", 0);
	buf_add_fmt(&o->words, "Queue ID: %s", r->queue_id);
	report_say(o, 0);
}

static void
report_words(struct report_out *o, bool whole)
{
	const struct report *r = o->r;
	size_t i, same;

	report_begin_part(
	    o, o->quoted ? "text/plain; charset=utf-8\r\n"
			   "Content-Transfer-Encoding: quoted-printable\r\n"
			 : "text/plain; charset=us-ascii\r\n");
	report_opening(o);
	for (i = 0; i < r->n_rcpts; i += same) {
		for (same = 1; i + same < r->n_rcpts; same++)
			if (!report_is_same(&r->rcpts[i], &r->rcpts[i + same]))
				break;
		report_story(o, &r->rcpts[i], same);
	}
	report_closing(o, whole);
}

/* ---- words for a program */

/* The character at *s, which is valid UTF-8; *s is moved behind it. */
static uint32_t
report_take_char(const char **s)
{
	uint32_t c = (unsigned char)*(*s)++;

	if (c >= 0xc0)
		c &= c >= 0xf0 ? 0x07 : c >= 0xe0 ? 0x0f : 0x1f;
	while (((unsigned char)**s & 0xc0) == 0x80)
		c = c << 6 | ((unsigned char)*(*s)++ & 0x3f);
	return c;
}

/* A final recipient; beyond ASCII in the 7-bit form of RFC 6533 3. */
static void
report_recipient(struct report_out *o, const char *address)
{
	struct buf safe, b;
	const char *s;
	uint32_t c;

	if (is_ascii(address)) {
		report_status_field(o, "Final-Recipient", "rfc822", address);
		return;
	}
	buf_init(&safe, REPORT_VALUE_MAX);
	buf_init(&b, REPORT_VALUE_MAX);
	text_add_safe(&safe, address, strlen(address), REPORT_VALUE_MAX);
	for (s = safe.data; *s != '\0';) {
		c = report_take_char(&s);
		if (c > ' ' && c < 127 && strchr("+=\\", (int)c) == NULL)
			buf_add_char(&b, (char)c);
		else
			buf_add_fmt(&b, "\\x{%X}", (unsigned)c);
	}
	report_status_field(o, "Final-Recipient", "utf-8", b.data);
	buf_clear(&b);
	buf_clear(&safe);
}

/* As the sender gave it (RFC 3464 2.3.1). */
static void
report_original_recipient(struct report_out *o, const char *orcpt)
{
	char *type;

	if (orcpt == NULL)
		return;
	type = mem_dup_n(orcpt, strcspn(orcpt, ";"));
	dsn_add_decoded(&o->words, orcpt + strlen(type) + 1);
	report_status_field(o, "Original-Recipient", type, o->words.data);
	buf_reset(&o->words);
	free(type);
}

/*
 * The enhanced status; without one, what the class says. What is delayed has
 * not failed for good, whatever a server said of our account.
 */
static void
report_status(struct report_out *o, const struct outcome *x)
{
	bool lasting = o->r->kind == REPORT_FAILED &&
		       (x->kind == OUTCOME_REFUSED || x->code / 100 == 5);
	const char *rest = ".0.0";

	if (o->r->kind == REPORT_RELAYED) {
		buf_add_fmt(&o->b, "Status: 2%s\r\n",
		    x->enhanced[0] == '2' ? x->enhanced + 1 : rest);
		return;
	}
	if (x->enhanced[0] == '5' || x->enhanced[0] == '4')
		rest = x->enhanced + 1;
	if (o->r->kind == REPORT_FAILED && rest == x->enhanced + 1)
		lasting = x->enhanced[0] == '5';
	buf_add_fmt(&o->b, "Status: %d%s\r\n", lasting ? 5 : 4, rest);
}

/* The name of the server, without its port. */
static void
report_remote(struct report_out *o, const struct outcome *x)
{
	const char *server = o->r->server;
	const char *colon = strrchr(server, ':');
	size_t n = colon != NULL ? (size_t)(colon - server) : strlen(server);
	struct buf host;

	if (x->stage == OUTCOME_AT_TOKEN || n == 0 || strchr(server, '/'))
		return; /* a socket has no name that others know */
	buf_init(&host, REPORT_VALUE_MAX);
	buf_add(&host, server, n);
	report_status_field(o, "Remote-MTA", "dns", host.data);
	buf_clear(&host);
}

static void
report_diagnostic(struct report_out *o, const struct outcome *x)
{
	bool smtp = !x->ours && x->stage != OUTCOME_AT_TOKEN;

	if (x->text[0] == '\0' && x->code == 0)
		return;
	if (x->code != 0)
		buf_add_fmt(&o->words, "%d ", x->code);
	buf_add_str(&o->words, x->text);
	report_status_field(
	    o, "Diagnostic-Code", smtp ? "smtp" : "x-osmtp", o->words.data);
	buf_reset(&o->words);
}

static void
report_delivery_status(struct report_out *o)
{
	static const char *const actions[REPORT_KINDS] = {
		[REPORT_FAILED] = "failed",
		[REPORT_DELAYED] = "delayed",
		[REPORT_RELAYED] = "relayed",
	};
	const struct report *r = o->r;
	size_t i;

	report_begin_part(o, "message/delivery-status\r\n");
	if (r->envid != NULL) {
		dsn_add_decoded(&o->words, r->envid);
		report_make_ascii(&o->words);
		report_field(o, "Original-Envelope-Id", o->words.data);
		buf_reset(&o->words);
	}
	report_status_field(o, "Reporting-MTA", "dns", r->hostname);
	report_field(o, "X-Queue-ID", r->queue_id);
	report_date_field(o, "Arrival-Date", r->arrived);
	for (i = 0; i < r->n_rcpts; i++) {
		const struct outcome *x = r->rcpts[i].outcome;

		buf_add_str(&o->b, "\r\n");
		report_original_recipient(o, r->rcpts[i].orcpt);
		report_recipient(o, r->rcpts[i].address);
		buf_add_fmt(&o->b, "Action: %s\r\n", actions[r->kind]);
		report_status(o, x);
		report_remote(o, x);
		report_diagnostic(o, x);
		if (x->kind != OUTCOME_OPEN)
			report_date_field(o, "Last-Attempt-Date", r->now);
		if (r->kind == REPORT_DELAYED)
			report_date_field(o, "Will-Retry-Until", r->until);
		if (o->b.len >= REPORT_FLUSH_AT)
			report_flush(o);
	}
}

/* ---- the original */

/* Its first REPORT_WHOLE_MAX octets, or all. */
static int
report_read(
    struct stream_source *original, uint64_t size, struct buf *b, struct err *e)
{
	char chunk[4096];
	size_t want = size < REPORT_WHOLE_MAX ? size : REPORT_WHOLE_MAX;
	ssize_t got;

	while (b->len < want) {
		got = want - b->len < sizeof(chunk) ? want - b->len
						    : sizeof(chunk);
		got = original->read(original, chunk, (size_t)got);
		if (got < 0)
			return err_set_errno(e, EX_NOINPUT, errno,
			    "report: original: cannot be read");
		if (got == 0)
			return err_set(
			    e, EX_NOINPUT, "report: original: ends too early");
		buf_add(b, chunk, (size_t)got);
	}
	return 0;
}

/* The length of the header's fields: up to the blank line, or, where that is
 * not in what was read, the lines that are whole. */
static size_t
report_head_length(const struct buf *b)
{
	const char *end;

	if (text_starts(b->data, "\r\n"))
		return 0;
	end = memmem(b->data, b->len, "\r\n\r\n", 4);
	if (end == NULL)
		end = memrchr(b->data, '\n', b->len);
	else
		end++;
	return end != NULL ? (size_t)(end + 1 - b->data) : 0;
}

static void
report_quote(struct report_out *o, const struct buf *original, bool whole,
    bool eight_bit)
{
	report_begin_part(o, whole ? "message/rfc822" : "text/rfc822-headers");
	if (eight_bit)
		buf_add_str(&o->b, "Content-Transfer-Encoding: 8bit\r\n");
	buf_add_str(&o->b, "\r\n");
	buf_add(&o->b, original->data,
	    whole ? original->len : report_head_length(original));
	buf_add_fmt(&o->b, "\r\n--%s--\r\n", o->boundary.data);
	report_flush(o);
}

/* Does anything that is written for a person need more than ASCII? */
static bool
report_needs_utf8(const struct report *r)
{
	size_t i;

	for (i = 0; i < r->n_rcpts; i++)
		if (!is_ascii(r->rcpts[i].address) ||
		    !is_ascii(r->rcpts[i].advice) ||
		    !is_ascii(r->rcpts[i].outcome->text))
			return true;
	return !is_ascii(r->server);
}

int
report_write(const struct report *r, struct stream_source *original,
    uint64_t size, bool eight_bit, struct stream_sink *out, struct err *e)
{
	/* RFC 3461 4.3: what has not failed is not returned whole. */
	bool whole = size <= REPORT_WHOLE_MAX && r->kind == REPORT_FAILED &&
		     r->ret != DSN_RET_HDRS;
	struct report_out o = {
		.r = r, .sink = out, .quoted = report_needs_utf8(r)
	};
	struct buf text;
	int code;

	buf_init(&text, REPORT_WHOLE_MAX);
	buf_init(&o.b, SIZE_MAX / 2);
	buf_init(&o.words, REPORT_VALUE_MAX);
	buf_init(&o.boundary, REPORT_VALUE_MAX);
	code = report_read(original, size, &text, e);
	if (code == 0) {
		report_choose_boundary(&o, &text);
		report_header(&o, &text, eight_bit);
		report_words(&o, whole);
		report_delivery_status(&o);
		report_quote(&o, &text, whole, eight_bit);
		if (o.error != 0)
			code = err_set_errno(
			    e, EX_IOERR, o.error, "report: cannot be written");
	}
	buf_clear(&o.boundary);
	buf_clear(&o.words);
	buf_clear(&o.b);
	buf_clear(&text);
	return code;
}
