/* SPDX-License-Identifier: ISC */
/* submit: take a message: the request of whoever asks, with no trust. */
#include "core/submit_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* In a header a fold is a blank; in an argument it is an attack. */
static int
check_line_ends(const char *text, struct err *e)
{
	if (strpbrk(text, "\r\n") == NULL)
		return 0;
	return err_set(
	    e, EX_DATAERR, "%s: a line end in it, which no address has", text);
}

static int
take_sender(struct submit_request *r, const char *text, struct err *e)
{
	if (text == NULL)
		return 0;
	r->sender_given = true;
	if (text[0] == '\0')
		text = "<>";
	if (check_line_ends(text, e) != 0 ||
	    addr_parse(text, true, &r->sender, e) != 0)
		return err_wrap(e, "sender");
	return 0;
}

/* What is wanted of the recipients from the one at index from on. Where
 * nothing was said of any, there is no list. */
static void
take_wish(struct submit_request *r, size_t from, const struct dsn_rcpt *wish)
{
	size_t i;

	if (r->rcpt_dsn == NULL && wish->notify == 0 && wish->orcpt == NULL)
		return;
	if (r->rcpt_dsn == NULL)
		r->rcpt_dsn = mem_new(r->rcpts.n, sizeof(*r->rcpt_dsn));
	else
		r->rcpt_dsn =
		    mem_grow(r->rcpt_dsn, r->rcpts.n, sizeof(*r->rcpt_dsn));
	for (i = from; i < r->rcpts.n; i++) {
		r->rcpt_dsn[i] = (struct dsn_rcpt){ 0 };
		dsn_rcpt_copy(&r->rcpt_dsn[i], wish);
	}
}

static int
take_operands(
    struct submit_request *r, const struct submit_options *o, struct err *e)
{
	size_t i, from;

	for (i = 0; i < o->n_rcpts; i++) {
		const char *text = o->rcpts[i];

		from = r->rcpts.n;
		if (check_line_ends(text, e) != 0 ||
		    addr_parse_list(text, strlen(text), &r->rcpts, e) != 0)
			return err_wrap(e, "recipient");
		if (o->rcpt_dsn != NULL)
			take_wish(r, from, &o->rcpt_dsn[i]);
	}
	return 0;
}

/* A mail that goes in circles gets a field of each server that it passes (RFC
 * 5321 6.3). */
static int
check_hops(const struct message *m, struct err *e)
{
	size_t n = message_count_fields(m, "Received");

	if (n <= SUBMIT_MAX_HOPS)
		return 0;
	return err_set(e, EX_DATAERR,
	    "message: %zu Received fields: it goes in circles between servers "
	    "that forward it to each other; at most %d are allowed",
	    n, SUBMIT_MAX_HOPS);
}

/* Operands that say it themselves have said it. */
static void
take_wishes(struct submit_request *r, const struct submit_options *o)
{
	const struct dsn_rcpt all = { .notify = o->notify };

	dsn_wish_copy(&r->dsn, &o->dsn);
	if (o->rcpt_dsn == NULL)
		take_wish(r, 0, &all);
}

/* What it is called where there is no field of that name; begins empty. */
static void
make_message_id(
    struct buf *b, const struct submit_request *r, const char *hostname)
{
	buf_reset(b);
	buf_add_fmt(b, "<%s@%s>", r->id,
	    submit_is_host(hostname) ? hostname : "localhost");
}

static void
add_missing(struct submit_request *r, const char *hostname)
{
	struct message *m = &r->message;
	struct buf b;

	buf_init(&b, 1024);
	if (message_field(m, "Date") == NULL) {
		field_add_date(&b, r->now);
		message_set(m, "Date", b.data);
	}
	if (message_field(m, "Message-ID") == NULL) {
		make_message_id(&b, r, hostname);
		message_set(m, "Message-ID", b.data);
	}
	buf_clear(&b);
}

/* What the last resending lacks (RFC 5322 3.6.6), in front of what it has. */
static void
add_resent(struct submit_request *r, const char *hostname)
{
	struct message *m = &r->message;
	size_t at, end;
	struct buf b;

	if (!message_resent_block(m, &at, &end))
		return;
	buf_init(&b, 1024);
	if (!message_has_between(m, at, end, "Resent-Message-ID")) {
		make_message_id(&b, r, hostname);
		message_insert(m, at, "Resent-Message-ID", b.data);
		end++;
	}
	if (!message_has_between(m, at, end, "Resent-Date")) {
		buf_reset(&b);
		field_add_date(&b, r->now);
		message_insert(m, at, "Resent-Date", b.data);
	}
	buf_clear(&b);
}

int
submit_take(struct submit_request *r, const struct submit_options *o,
    const struct sys_user *user, const char *hostname, int64_t now,
    struct stream_source *in, struct err *e)
{
	struct message_reading how = { .dot_ends = o->dot_ends,
		.max_size = o->max_size };
	int code;

	r->user = user;
	r->no_aliases = o->no_aliases;
	r->profile = o->profile;
	r->full_name = o->full_name;
	r->own_name = o->own_name;
	r->helo = o->helo;
	r->esmtp = o->esmtp;
	r->now = now;
	envelope_make_id(r->id, now);
	code = message_read_head(&r->message, &how, in, e);
	if (code == 0)
		code = check_hops(&r->message, e);
	if (code == 0)
		code = take_sender(r, o->sender, e);
	if (code == 0)
		code = take_operands(r, o, e);
	if (code == 0 && o->from_header)
		code = message_recipients(&r->message, &r->rcpts, e);
	if (code != 0)
		return code;
	take_wishes(r, o);
	if (r->rcpts.n == 0)
		return err_set(e, EX_DATAERR,
		    o->from_header ? "recipients: none in To, Cc, Bcc or on "
				     "the command line"
				   : "recipients: none on the command line");
	message_remove(&r->message, "Bcc");
	message_remove(&r->message, "Resent-Bcc");
	message_remove(&r->message, "Return-Path");
	add_resent(r, hostname);
	add_missing(r, hostname);
	return 0;
}

bool
submit_is_host(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]");

	return n > 0 && n <= ADDR_MAX_DOMAIN && s[n] == '\0';
}

void
submit_request_clear(struct submit_request *r)
{
	size_t i;

	addr_clear(&r->sender);
	for (i = 0; r->rcpt_dsn != NULL && i < r->rcpts.n; i++)
		dsn_rcpt_clear(&r->rcpt_dsn[i]);
	free(r->rcpt_dsn);
	dsn_wish_clear(&r->dsn);
	addr_list_clear(&r->rcpts);
	message_clear(&r->message);
	memset(r, 0, sizeof(*r));
}

void
submit_rcpt_texts(const struct submit_request *r, struct text_list *out)
{
	char *text;
	size_t i;

	for (i = 0; i < r->rcpts.n; i++) {
		text = addr_text(&r->rcpts.v[i]);
		text_list_add(out, text);
		free(text);
	}
}
