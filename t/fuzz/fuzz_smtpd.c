/* SPDX-License-Identifier: ISC */
/*
 * fuzz_smtpd: what a client of -bs sends. The first octet says how it is used:
 *
 *   0  a dialogue as it is
 *   1  the text of a message, CRLF session, as it is: it ends where
 *      CRLF . CRLF stands first, and has no doubled dots; it must not end
 *      anywhere else, whatever another reader would take for an end
 *   2  the same with LF
 *   3  the text of a message, CRLF session, with its dots doubled as a client
 *      does it: all of it must come out, and nothing be taken for a command
 *   4  the same with LF
 *
 * All are fed whole and in pieces; the same must come of it.
 */
#include "mail/smtpd.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "mail/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct smtpd_settings settings = { "host.test", 5000 };

/* What a session has come to. */
struct seen {
	struct buf replies;
	struct buf texts; /* each with its order in front */
	struct buf first; /* the first text alone */
	struct buf last;  /* the last one */
	size_t messages;
};

/* Input in pieces whose lengths follow from its octets. */
struct pieces {
	const char *p;
	size_t left;
	uint32_t dice; /* 0: all at once */
};

static void
feed(struct smtpd *d, struct pieces *in)
{
	size_t n = in->left;

	if (in->dice != 0) {
		in->dice = in->dice * 1664525 + 1013904223;
		n = (in->dice >> 24) % 13;
		n = n < in->left ? n : in->left;
	}
	if (in->left == 0)
		smtpd_end(d);
	smtpd_feed(d, in->p, n);
	in->p += n;
	in->left -= n;
}

/* What an order holds goes into headers and envelopes. */
static void
check_order(const struct smtpd_order *o, struct buf *out)
{
	struct addr a = { 0 };
	struct err e = ERR_NONE;
	size_t i;

	err_bug_if(o->n_rcpts == 0 || o->sender == NULL);
	if (o->helo != NULL)
		err_bug_if(strpbrk(o->helo, " \t\r\n()<>\"\\,;@") != NULL);
	buf_add_fmt(out, "\n[%s|%d|%s", o->sender, (int)o->dsn.ret,
	    o->dsn.envid != NULL ? o->dsn.envid : "");
	for (i = 0; i < o->n_rcpts; i++) {
		const struct smtpd_rcpt *r = &o->rcpts[i];

		err_bug_if(addr_parse(r->address, false, &a, &e) != 0);
		addr_clear(&a);
		err_bug_if(r->dsn.orcpt != NULL && !dsn_is_orcpt(r->dsn.orcpt));
		buf_add_fmt(out, "|%s %u %s", r->address, r->dsn.notify,
		    r->dsn.orcpt != NULL ? r->dsn.orcpt : "");
	}
	buf_add_str(out, "]");
}

static void
take_message(struct smtpd *d, struct pieces *in, struct seen *s)
{
	char room[61];
	ssize_t n;

	check_order(smtpd_order(d), &s->texts);
	buf_reset(&s->last);
	while (
	    (n = smtpd_read(d, room, in->dice != 0 ? 3 : sizeof(room))) != 0) {
		if (n > 0)
			buf_add(&s->last, room, (size_t)n);
		else if (errno == EPIPE)
			return;
		else
			feed(d, in);
		/* Some are answered before they end. */
		if (s->messages % 4 == 3)
			break;
	}
	if (s->messages % 4 != 3)
		buf_add(&s->texts, s->last.data, s->last.len);
	if (s->messages++ == 0)
		buf_add(&s->first, s->last.data, s->last.len);
	smtpd_answer(d, s->messages % 2 ? 250 : 554, "2.0.0", "two\nlines");
}

/* Each reply has one code, and a line that ends it. */
static void
check_replies(const struct buf *b)
{
	const char *p, *end;
	size_t i;

	for (p = b->data; *p != '\0'; p = end + 2) {
		end = strstr(p, "\r\n");
		err_bug_if(end == NULL || end - p < 4 || end - p > 510);
		for (i = 0; i < 3; i++)
			err_bug_if(!text_is_digit(p[i]));
		err_bug_if(p[3] != ' ' && p[3] != '-');
		err_bug_if(p[3] == '-' && strncmp(p, end + 2, 3) != 0);
		for (i = 0; i < (size_t)(end - p); i++)
			err_bug_if(p[i] < ' ' || p[i] > '~');
	}
}

static void
run(const char *p, size_t n, uint32_t dice, struct seen *s)
{
	struct smtpd *d = smtpd_new(&settings);
	struct pieces in = { p, n, dice };
	enum smtpd_event ev;
	size_t n_354 = 0, n_messages = 0;
	const char *at;

	buf_init(&s->replies, SIZE_MAX / 2);
	buf_init(&s->texts, SIZE_MAX / 2);
	buf_init(&s->first, SIZE_MAX / 2);
	buf_init(&s->last, SIZE_MAX / 2);
	s->messages = 0;
	while ((ev = smtpd_next(d)) != SMTPD_CLOSED) {
		if (ev == SMTPD_MESSAGE) {
			n_messages++;
			take_message(d, &in, s);
		} else {
			feed(d, &in);
		}
	}
	buf_add(&s->replies, smtpd_replies(d)->data, smtpd_replies(d)->len);
	check_replies(&s->replies);
	for (at = s->replies.data; (at = strstr(at, "\r\n354 ")) != NULL; at++)
		n_354++;
	err_bug_if(n_354 != n_messages);
	smtpd_free(d);
}

static void
clear(struct seen *s)
{
	buf_clear(&s->replies);
	buf_clear(&s->texts);
	buf_clear(&s->first);
	buf_clear(&s->last);
}

static bool
is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Twice: the same. */
static void
run_twice(const char *p, size_t n, struct seen *s)
{
	struct seen parts;

	run(p, n, 0, s);
	run(p, n, 1 + (uint32_t)n, &parts);
	err_bug_if(!is_same(&s->replies, &parts.replies));
	err_bug_if(!is_same(&s->texts, &parts.texts));
	err_bug_if(s->messages != parts.messages);
	clear(&parts);
}

static void
begin(struct buf *b, const char *end)
{
	buf_init(b, SIZE_MAX / 2);
	buf_add_fmt(b, "MAIL FROM:<a@b.test>%sRCPT TO:<c@d.test>%sDATA%s", end,
	    end, end);
}

/* Does a line begin at p + i? */
static bool
is_line(const char *p, size_t i, const char *end)
{
	size_t n = strlen(end);

	return i == 0 || (i >= n && memcmp(p + i - n, end, n) == 0);
}

/* As it is: a plain search finds its end, a plain loop the dots that go. */
static void
check_plain(const char *p, size_t n, const char *end)
{
	struct buf in, want;
	struct seen s;
	size_t i, dot = n, len = strlen(end);

	begin(&in, end);
	buf_add(&in, p, n);
	buf_init(&want, SIZE_MAX / 2);
	for (i = 0; i + len < n && dot == n; i++)
		if (p[i] == '.' && is_line(p, i, end) &&
		    memcmp(p + i + 1, end, len) == 0)
			dot = i;
	for (i = 0; i < dot; i++)
		if (p[i] != '.' || !is_line(p, i, end))
			buf_add_char(&want, p[i]);
	run_twice(in.data, in.len, &s);
	err_bug_if((s.messages == 0) != (dot == n));
	err_bug_if(s.messages > 0 && !is_same(&s.first, &want));
	clear(&s);
	buf_clear(&want);
	buf_clear(&in);
}

/* With doubled dots: one message, all of it, and the session ends by QUIT. */
static void
check_stuffed(const char *p, size_t n, const char *end)
{
	struct buf in, want;
	struct seen s;
	size_t i;

	begin(&in, end);
	buf_init(&want, SIZE_MAX / 2);
	buf_add(&want, p, n);
	if (!is_line(want.data, want.len, end))
		buf_add_str(&want, end);
	for (i = 0; i < want.len; i++) {
		if (want.data[i] == '.' && is_line(want.data, i, end))
			buf_add_char(&in, '.');
		buf_add_char(&in, want.data[i]);
	}
	buf_add_fmt(&in, ".%sQUIT%s", end, end);
	run_twice(in.data, in.len, &s);
	err_bug_if(s.messages != 1 || !is_same(&s.last, &want));
	err_bug_if(strstr(s.replies.data, "\r\n354 ") == NULL ||
		   strstr(s.replies.data,
		       "250-2.0.0 two\r\n250 2.0.0 lines\r\n221 ") == NULL);
	clear(&s);
	buf_clear(&want);
	buf_clear(&in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data + 1;
	struct seen s;

	if (size == 0)
		return 0;
	switch (data[0] % 5) {
	case 1:
	case 2:
		check_plain(p, size - 1, data[0] % 5 == 1 ? "\r\n" : "\n");
		break;
	case 3:
	case 4:
		check_stuffed(p, size - 1, data[0] % 5 == 3 ? "\r\n" : "\n");
		break;
	default:
		run_twice(p, size - 1, &s);
		clear(&s);
	}
	return 0;
}
