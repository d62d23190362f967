/* SPDX-License-Identifier: ISC */
/*
 * fuzz_message: a message as it comes in; the first octet says whether a lone
 * dot ends it, how small the pieces are in which it is read, and whether the
 * header is made final. What comes out is canonical: lines end with CRLF, none
 * of the header is too long, and there is no NUL in it; the facts are what is
 * there; and read again, it is the same.
 */
#include "mail/message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DOT_ENDS = 1, FINAL = 2, PIECES = 0xfc };

/* A source of pieces of at most fd octets. */
static ssize_t
read_piece(struct stream_source *s, void *p, size_t n)
{
	n = n < (size_t)s->fd ? n : (size_t)s->fd;
	n = n < s->left ? n : s->left;
	memcpy(p, s->mem, n);
	s->mem += n;
	s->left -= n;
	return (ssize_t)n;
}

/* Read all of in; head and body go to these. False if it is refused. */
static bool
pass(struct message *m, struct stream_source *in, unsigned how,
    struct buf *head, struct buf *body)
{
	struct message_reading reading = { .dot_ends = how & DOT_ENDS };
	struct stream_sink to_head = stream_to_buf(head);
	struct stream_sink to_body = stream_to_buf(body);
	struct err e = ERR_NONE;
	int code = message_read_head(m, &reading, in, &e);

	err_bug_if(code != 0 && code != EX_DATAERR);
	if (code != 0)
		return false;
	if (how & FINAL) {
		message_complete(m, "example.com");
		message_tidy(m);
	}
	err_bug_if(message_write_head(m, &to_head, &e) != 0);
	err_bug_if(message_copy_body(m, in, &to_body, &e) != 0);
	return true;
}

/* Lines end with CRLF, and only they have CR or LF. The longest of them. */
static size_t
check_lines(const struct buf *b)
{
	const char *p = b->len > 0 ? b->data : "";
	size_t i, column = 0, longest = 0;

	for (i = 0; i < b->len; i++) {
		err_bug_if(p[i] == '\n');
		if (p[i] != '\r') {
			longest = ++column > longest ? column : longest;
			continue;
		}
		err_bug_if(++i == b->len || p[i] != '\n');
		column = 0;
	}
	err_bug_if(column != 0);
	return longest;
}

/* A blank line ends it and no other is in it, nor one that looks like it. */
static void
check_head(const struct buf *head, bool final)
{
	const char *p = head->data;
	const char *end = p + head->len;
	const char *cr;

	err_bug_if(check_lines(head) > FIELD_MAX_LINE && final);
	err_bug_if(memchr(p, '\0', head->len) != NULL);
	for (; p < end - 2; p = cr + 2) {
		cr = memchr(p, '\r', (size_t)(end - p));
		while (p < cr && text_is_blank(*p))
			p++;
		err_bug_if(p == cr);
	}
	err_bug_if(p != end - 2);
}

static void
check_facts(const struct message *m, const struct buf *head,
    const struct buf *body, bool final)
{
	const struct message_facts *f = &m->facts;
	bool eight_bit = false;
	size_t i;

	for (i = 0; i < body->len; i++)
		eight_bit = eight_bit || (body->data[i] & 0x80) != 0;
	err_bug_if(f->eight_bit != eight_bit);
	err_bug_if(f->nul != (body->len > 0 &&
				 memchr(body->data, '\0', body->len) != NULL));
	err_bug_if(
	    (f->long_line > 0) != (check_lines(body) > MESSAGE_MAX_LINE));
	err_bug_if(!final && f->size != head->len + body->len);
	err_bug_if((f->nul || f->long_line > 0) && !message_needs_repair(m));
	for (i = 0; final && !eight_bit && i < head->len; i++)
		eight_bit = (head->data[i] & 0x80) != 0;
	err_bug_if(final && message_is_eight_bit(m) != eight_bit);
}

/* Read again, it is the same, to the octet. What was made final may be too
 * large for that: folds and domains were added. */
static void
check_again(const struct buf *head, const struct buf *body, bool final)
{
	struct message m = { 0 };
	struct buf all, again, rest;
	struct stream_source in;

	buf_init(&all, SIZE_MAX);
	buf_init(&again, SIZE_MAX);
	buf_init(&rest, SIZE_MAX);
	buf_add(&all, head->data, head->len);
	buf_add(&all, body->data, body->len);
	in = stream_from_mem(all.data, all.len);
	if (!pass(&m, &in, 0, &again, &rest))
		err_bug_if(!final);
	else
		err_bug_if(again.len != head->len || rest.len != body->len ||
			   memcmp(again.data, head->data, head->len) != 0 ||
			   memcmp(rest.data, body->data, body->len) != 0);
	message_clear(&m);
	buf_clear(&all);
	buf_clear(&again);
	buf_clear(&rest);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message m = { 0 };
	struct buf head, body;
	struct stream_source in;
	unsigned how = size > 0 ? data[0] : 0;
	bool final = (how & FINAL) != 0;

	if (size == 0)
		return 0;
	buf_init(&head, SIZE_MAX);
	buf_init(&body, SIZE_MAX);
	in = (struct stream_source){ .read = read_piece,
		.fd = (int)(how & PIECES) + 1,
		.mem = (const char *)data + 1,
		.left = size - 1 };
	if (pass(&m, &in, how, &head, &body)) {
		check_head(&head, final);
		check_facts(&m, &head, &body, final);
		check_again(&head, &body, final);
	}
	message_clear(&m);
	buf_clear(&head);
	buf_clear(&body);
	return 0;
}
