/* SPDX-License-Identifier: ISC */
/*
 * text: what strings need without a locale: character classes, numbers,
 * durations, sizes, base64, percent encoding, safe display, near names.
 *
 * Must not know: the syntax of mail.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ASCII only; anything else, 8-bit octets too, is none of these. */
bool text_is_alpha(int c);
bool text_is_digit(int c);
bool text_is_alnum(int c);
bool text_is_blank(int c); /* space or tab */
int text_lower(int c);

/* ASCII case folded. text_case_cmp() orders as strcmp(3). */
int text_case_cmp(const char *a, const char *b);
bool text_case_eq(const char *a, const char *b);
bool text_case_eq_n(const char *a, const char *b, size_t n);
bool text_starts(const char *s, const char *prefix);

/* Whole string a decimal number of at most max, no sign, no blanks. */
bool text_parse_uint(const char *s, uint64_t max, uint64_t *out);

/* "500ms" "90s" "5m" "4h" "5d", or "0"; milliseconds. */
bool text_parse_duration(const char *s, int64_t *ms);

/* "64k" "50M" "1G" (powers of 1024, one letter, any case) or octets. */
bool text_parse_size(const char *s, uint64_t *octets);

/* A duration as a person writes it: "1h", "90s", "250ms". */
void text_add_duration(struct buf *b, int64_t ms);

/* RFC 4648 base64, with padding. */
void text_add_base64(struct buf *b, const void *p, size_t n);

/*
 * Decode base64 (standard alphabet, padding needed, no blanks) and append the
 * octets. False, with b unchanged, if s is not that.
 */
bool text_add_unbase64(struct buf *b, const char *s, size_t n);

/*
 * base64url without padding (RFC 4648 section 5). Decoding is strict: bits left
 * over in the last letter must be zero, so that octets have one text only.
 */
void text_add_base64url(struct buf *b, const void *p, size_t n);
bool text_add_unbase64url(struct buf *b, const char *s, size_t n);

/* RFC 3986 percent encoding of all but unreserved characters. */
void text_add_percent(struct buf *b, const char *s, size_t n);

/*
 * Append at most max octets, the dots included, of foreign text for people to
 * read: control characters, and octets that are not valid UTF-8, become '?';
 * what is left out shows as "...".
 */
void text_add_safe(struct buf *b, const char *s, size_t n, size_t max);

/* No octet over 127? */
bool text_is_ascii(const char *s, size_t n);

/* Valid UTF-8 (RFC 3629) throughout? */
bool text_is_utf8(const char *s, size_t n);

/* The one of the n words nearest to s, or NULL if none is near. */
const char *text_nearest(const char *s, const char *const *words, size_t n);

/* A list of strings that owns them. Begin it with {0}. */
struct text_list {
	char **v; /* NULL-terminated once it holds anything */
	size_t n;
};

void text_list_add(struct text_list *l, const char *s); /* copies */
bool text_list_has(const struct text_list *l, const char *s);
bool text_list_has_case(const struct text_list *l, const char *s);
void text_list_clear(struct text_list *l);

#endif
