/* SPDX-License-Identifier: ISC */
/*
 * buf: a growing string of octets with a maximum, and secret: octets that
 * must never be shown. A buf that would pass its maximum stays as it was and
 * remembers it (buf.full): whoever builds a text checks once, at the end.
 * Nothing is ever cut.
 *
 * Must not know: where the octets come from.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NUL-terminated behind len octets; never NULL */
	size_t len;
	size_t cap; /* private */
	size_t max; /* octets that len may reach */
	bool full;  /* an addition was refused */
};

/* Begin an empty buf; it allocates at the first addition. */
void buf_init(struct buf *b, size_t max);

/* Free what b holds; b is as after buf_init(). */
void buf_clear(struct buf *b);

/* Forget the content and buf.full, keep the memory. */
void buf_reset(struct buf *b);

/* Additions. Each returns false, and sets full, where max would be passed. */
bool buf_add(struct buf *b, const void *p, size_t n);
bool buf_add_str(struct buf *b, const char *s);
bool buf_add_char(struct buf *b, char c);
bool buf_add_fmt(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Remove n octets (at most len) from the front. */
void buf_drop(struct buf *b, size_t n);

/* Hand the string over (free(3)); b is empty then. Never NULL. */
char *buf_take(struct buf *b);

/*
 * Secrets: a password, a token, a client secret. There is no way from here
 * into a format string: secret_reveal() is the only reader, and t/lint knows
 * the few files that may call it. Memory is wiped before it is given back.
 */
struct secret {
	struct buf hidden; /* private; use secret_reveal() */
};

void secret_init(struct secret *s);
void secret_clear(struct secret *s);

/* Replace the content by a copy of n octets. */
void secret_set(struct secret *s, const void *p, size_t n);

/* Append a copy of n octets; the old memory is wiped when it must move. */
void secret_add(struct secret *s, const void *p, size_t n);
void secret_add_str(struct secret *s, const char *str);

/* Move the content of from into s; from is empty then. */
void secret_move(struct secret *s, struct secret *from);

/* The octets, NUL-terminated, borrowed until s changes. */
const char *secret_reveal(const struct secret *s);
size_t secret_len(const struct secret *s);

/* Wipe n octets so that no compiler removes it. */
void buf_wipe(void *p, size_t n);

#endif
