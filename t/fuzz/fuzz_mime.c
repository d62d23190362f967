/* SPDX-License-Identifier: ISC */
/*
 * fuzz_mime: a message, behind one octet that says what the server takes. What
 * the filter gives is canonical, has no line over 998 octets and no NUL, is
 * 7-bit where that is asked, has the size that was told, needs nothing more,
 * and is the same however the text comes.
 */
#include "mail/mime.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LINE = 998 };

/* A source that gives little at a time. */
struct drip {
	struct stream_source source; /* first */
	const char *p;
	size_t left, step;
};

static ssize_t
drip_read(struct stream_source *s, void *p, size_t n)
{
	struct drip *d = (struct drip *)s;

	d->step = d->step % 7 + 1;
	n = n < d->step ? n : d->step;
	n = n < d->left ? n : d->left;
	memcpy(p, d->p, n);
	d->p += n;
	d->left -= n;
	return (ssize_t)n;
}

static struct drip
drip_from(const struct buf *b)
{
	return (struct drip){
		.source = { .read = drip_read }, .p = b->data, .left = b->len
	};
}

/* Every line feed with a carriage return before it, and no other; a last line
 * with an end. */
static void
make_canonical(struct buf *b, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] == '\n')
			buf_add_str(b, "\r\n");
		else if (p[i] != '\r')
			buf_add_char(b, p[i]);
	}
	if (b->len > 0 && b->data[b->len - 1] != '\n')
		buf_add_str(b, "\r\n");
}

/* All of the filter's text, or false if there is no plan. */
static bool
repair(const struct buf *text, bool seven_bit, bool drip, struct buf *out,
    bool *eight_bit)
{
	struct stream_source in = stream_from_mem(text->data, text->len);
	struct stream_source again = in;
	struct drip drops = drip_from(text);
	struct err e = ERR_NONE;
	struct mime_plan *plan = NULL;
	struct mime_filter *f;
	struct stream_source *s;
	char chunk[4096];
	ssize_t n;
	int code =
	    mime_plan_make(drip ? &drops.source : &in, seven_bit, &plan, &e);

	err_bug_if(code != 0 && (code != EX_DATAERR || e.text[0] == '\0'));
	if (code != 0)
		return false;
	err_bug_if(mime_plan_measure(plan, &again, &e) != 0);
	in = stream_from_mem(text->data, text->len);
	drops = drip_from(text);
	f = mime_filter_new(plan, drip ? &drops.source : &in);
	s = mime_filter_source(f);
	while ((n = s->read(s, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	err_bug_if(n != 0);
	err_bug_if(out->len != mime_plan_size(plan));
	err_bug_if(!mime_plan_is_needed(plan) &&
		   (out->len != text->len ||
		       memcmp(out->data, text->data, text->len) != 0));
	*eight_bit = mime_plan_is_eight_bit(plan);
	mime_filter_free(f);
	mime_plan_free(plan);
	return true;
}

static void
check_fit(const struct buf *b, bool eight_bit)
{
	size_t i, column = 0;
	bool seen = false;

	for (i = 0; i < b->len; i++) {
		seen |= (unsigned char)b->data[i] > 127;
		err_bug_if(b->data[i] == '\0');
		if (b->data[i] == '\r') {
			err_bug_if(b->data[i + 1] != '\n');
		} else if (b->data[i] == '\n') {
			err_bug_if(i == 0 || b->data[i - 1] != '\r');
			column = 0;
		} else {
			column++;
			err_bug_if(column > MAX_LINE);
		}
	}
	err_bug_if(column > 0);
	err_bug_if(seen != eight_bit);
}

static void
check_again(const struct buf *text, bool seven_bit)
{
	struct stream_source in = stream_from_mem(text->data, text->len);
	struct mime_plan *plan = NULL;

	err_bug_if(mime_plan_make(&in, seven_bit, &plan, NULL) != 0);
	err_bug_if(mime_plan_is_needed(plan));
	mime_plan_free(plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text, whole, drops;
	bool seven_bit, eight_bit = false, same = false;

	if (size == 0)
		return 0;
	seven_bit = (*data & 1) != 0;
	buf_init(&text, SIZE_MAX / 2);
	buf_init(&whole, SIZE_MAX / 2);
	buf_init(&drops, SIZE_MAX / 2);
	make_canonical(&text, (const char *)data + 1, size - 1);
	if (repair(&text, seven_bit, false, &whole, &eight_bit)) {
		check_fit(&whole, eight_bit);
		err_bug_if(seven_bit && eight_bit);
		check_again(&whole, seven_bit);
		err_bug_if(!repair(&text, seven_bit, true, &drops, &same));
		err_bug_if(same != eight_bit || drops.len != whole.len ||
			   memcmp(drops.data, whole.data, whole.len) != 0);
	}
	buf_clear(&text);
	buf_clear(&whole);
	buf_clear(&drops);
	return 0;
}
