/* SPDX-License-Identifier: ISC */
/*
 * buf: a growing string of octets with a maximum, and secrets.
 *
 * An empty buf points at buf_nothing, which nobody writes to, so that data is
 * a string at all times; cap is 0 then. Otherwise data has cap octets, of
 * which len + 1 are in use.
 */

#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_FIRST = 64 };

static char buf_nothing[1];

void
buf_init(struct buf *b, size_t max)
{
	b->data = buf_nothing;
	b->len = 0;
	b->cap = 0;
	/* Half of all memory is no limit, but keeps sums from overflowing. */
	b->max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2 - 1;
	b->full = false;
}

void
buf_clear(struct buf *b)
{
	if (b->cap > 0)
		free(b->data);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->cap > 0)
		b->data[0] = '\0';
}

/* The capacity to have for len octets and the NUL: doubled until enough. */
static size_t
buf_cap_for(const struct buf *b, size_t len)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;

	while (cap < len + 1)
		cap = cap < SIZE_MAX / 2 ? cap * 2 : len + 1;
	return cap;
}

/* Is there room for n more octets, or can there be? */
static bool
buf_reserve(struct buf *b, size_t n)
{
	size_t cap;

	if (n > b->max - b->len) {
		b->full = true;
		return false;
	}
	cap = buf_cap_for(b, b->len + n);
	if (cap != b->cap) {
		b->data = mem_grow(b->cap > 0 ? b->data : NULL, cap, 1);
		b->cap = cap;
	}
	return true;
}

bool
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!buf_reserve(b, n))
		return false;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
	return true;
}

bool
buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

bool
buf_add_char(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

bool
buf_add_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->full = true;
		return false;
	}
	if (!buf_reserve(b, (size_t)n))
		return false;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return true;
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n > b->len)
		n = b->len;
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->data, b->data + n, b->len + 1);
}

char *
buf_take(struct buf *b)
{
	char *s = b->cap > 0 ? b->data : mem_dup("");

	buf_init(b, b->max);
	return s;
}

void
buf_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

void
secret_init(struct secret *s)
{
	buf_init(&s->hidden, SIZE_MAX);
}

void
secret_clear(struct secret *s)
{
	if (s->hidden.cap > 0)
		buf_wipe(s->hidden.data, s->hidden.cap);
	buf_clear(&s->hidden);
}

void
secret_set(struct secret *s, const void *p, size_t n)
{
	struct secret fresh;

	/* p may lie in s itself. */
	secret_init(&fresh);
	secret_add(&fresh, p, n);
	secret_move(s, &fresh);
}

void
secret_add(struct secret *s, const void *p, size_t n)
{
	struct buf *b = &s->hidden;
	struct buf old = *b;
	size_t cap = buf_cap_for(b, b->len + n);

	/* realloc(3) would leave a copy behind where it moves. */
	if (cap != b->cap) {
		b->data = mem_new(cap, 1);
		b->cap = cap;
		memcpy(b->data, old.data, old.len);
	}
	buf_add(b, p, n);
	if (old.cap > 0 && old.data != b->data) {
		buf_wipe(old.data, old.cap);
		free(old.data);
	}
}

void
secret_add_str(struct secret *s, const char *str)
{
	secret_add(s, str, strlen(str));
}

void
secret_move(struct secret *s, struct secret *from)
{
	if (s == from)
		return;
	secret_clear(s);
	*s = *from;
	secret_init(from);
}

const char *
secret_reveal(const struct secret *s)
{
	return s->hidden.data;
}

size_t
secret_len(const struct secret *s)
{
	return s->hidden.len;
}
