/* SPDX-License-Identifier: ISC */
/* text: what strings need without a locale. */

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Longer words than this are near to nothing. */
enum { TEXT_WORD_MAX = 64 };

bool
text_is_alpha(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
text_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

bool
text_is_alnum(int c)
{
	return text_is_alpha(c) || text_is_digit(c);
}

bool
text_is_blank(int c)
{
	return c == ' ' || c == '\t';
}

int
text_lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

int
text_case_cmp(const char *a, const char *b)
{
	int ca, cb;

	do {
		ca = text_lower((unsigned char)*a++);
		cb = text_lower((unsigned char)*b++);
	} while (ca == cb && ca != '\0');
	return ca - cb;
}

bool
text_case_eq(const char *a, const char *b)
{
	return text_case_cmp(a, b) == 0;
}

/* As strncasecmp(3): both may end before n. */
bool
text_case_eq_n(const char *a, const char *b, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (text_lower(a[i]) != text_lower(b[i]))
			return false;
		if (a[i] == '\0')
			break;
	}
	return true;
}

bool
text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/*
 * Read digits at s, of a number of at most max. Returns what stands behind
 * them; NULL if there are none, or if it is larger.
 */
static const char *
text_scan_uint(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	unsigned digit;

	if (!text_is_digit(*s))
		return NULL;
	for (; text_is_digit(*s); s++) {
		digit = (unsigned)(*s - '0');
		if (digit > max || n > (max - digit) / 10)
			return NULL;
		n = n * 10 + digit;
	}
	*out = n;
	return s;
}

bool
text_parse_uint(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t n;
	const char *end = text_scan_uint(s, max, &n);

	if (end == NULL || *end != '\0')
		return false;
	*out = n;
	return true;
}

/* Largest first, for text_add_duration(). */
static const struct {
	const char *name;
	uint64_t ms;
} text_units[] = {
	{ "d", 24 * 60 * 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
	{ "m", 60 * 1000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

enum { TEXT_UNITS = sizeof(text_units) / sizeof(text_units[0]) };

bool
text_parse_duration(const char *s, int64_t *ms)
{
	uint64_t n;
	const char *unit = text_scan_uint(s, INT64_MAX, &n);
	size_t i;

	if (unit == NULL)
		return false;
	if (strcmp(s, "0") == 0) {
		*ms = 0;
		return true;
	}
	for (i = 0; i < TEXT_UNITS; i++) {
		if (strcmp(unit, text_units[i].name) != 0)
			continue;
		if (n > INT64_MAX / text_units[i].ms)
			return false;
		*ms = (int64_t)(n * text_units[i].ms);
		return true;
	}
	return false;
}

bool
text_parse_size(const char *s, uint64_t *octets)
{
	static const char letters[] = "kmg";
	uint64_t n;
	const char *unit = text_scan_uint(s, UINT64_MAX, &n);
	const char *letter;
	int shift;

	if (unit == NULL)
		return false;
	if (*unit == '\0') {
		*octets = n;
		return true;
	}
	letter = strchr(letters, text_lower(*unit));
	if (letter == NULL || unit[1] != '\0')
		return false;
	shift = 10 * (int)(letter - letters + 1);
	if (n > UINT64_MAX >> shift)
		return false;
	*octets = n << shift;
	return true;
}

void
text_add_duration(struct buf *b, int64_t ms)
{
	uint64_t n = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
	size_t i = 0;

	if (n == 0) {
		buf_add_char(b, '0');
		return;
	}
	while (n % text_units[i].ms != 0)
		i++;
	buf_add_fmt(b, "%s%llu%s", ms < 0 ? "-" : "",
	    (unsigned long long)(n / text_units[i].ms), text_units[i].name);
}

static const char text_base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/";
static const char text_base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";

/* Three octets become four letters; of the last group only those that have
 * bits in them, and pad in place of the others. */
static void
text_encode(struct buf *b, const char *letters, const char *pad, const void *p,
    size_t n)
{
	const unsigned char *in = p;
	unsigned bits;
	char out[4];

	for (; n > 0; in += 3) {
		bits = (unsigned)in[0] << 16;
		bits |= n > 1 ? (unsigned)in[1] << 8 : 0;
		bits |= n > 2 ? (unsigned)in[2] : 0;
		out[0] = letters[bits >> 18];
		out[1] = letters[bits >> 12 & 63];
		out[2] = letters[bits >> 6 & 63];
		out[3] = letters[bits & 63];
		buf_add(b, out, n < 3 ? n + 1 : 4);
		for (; n < 3; n++)
			buf_add_str(b, pad);
		n -= 3;
	}
	buf_wipe(out, sizeof(out)); /* it may be a password */
}

/* The value of a letter of the alphabet, or -1. */
static int
text_letter_value(const char *letters, char c)
{
	const char *at = c != '\0' ? strchr(letters, c) : NULL;

	return at != NULL ? (int)(at - letters) : -1;
}

/* The reverse, without padding. n % 4 is not 1. */
static bool
text_decode(struct buf *b, const char *letters, const char *s, size_t n)
{
	unsigned bits;
	size_t i;

	for (i = 0; i < n; i++) {
		if (text_letter_value(letters, s[i]) == -1)
			return false;
	}
	if (n / 4 * 3 + n % 4 * 3 / 4 > b->max - b->len) {
		b->full = true;
		return false;
	}
	for (bits = 0, i = 0; i < n; i++) {
		bits = bits << 6 | (unsigned)text_letter_value(letters, s[i]);
		if (i % 4 == 0)
			continue;
		buf_add_char(b, (char)(bits >> (6 - i % 4 * 2) & 0xff));
	}
	return true;
}

void
text_add_base64(struct buf *b, const void *p, size_t n)
{
	text_encode(b, text_base64, "=", p, n);
}

bool
text_add_unbase64(struct buf *b, const char *s, size_t n)
{
	size_t pad = 0;

	if (n % 4 != 0)
		return false;
	while (pad < 2 && pad < n && s[n - 1 - pad] == '=')
		pad++;
	/* Bits left over in the last letter are ignored (RFC 4648, 3.5). */
	return text_decode(b, text_base64, s, n - pad);
}

void
text_add_base64url(struct buf *b, const void *p, size_t n)
{
	text_encode(b, text_base64url, "", p, n);
}

bool
text_add_unbase64url(struct buf *b, const char *s, size_t n)
{
	unsigned spare = n % 4 == 2 ? 15 : n % 4 == 3 ? 3 : 0;

	/* The letter must have a value: else -1 has all bits set. */
	if (n % 4 == 1 || (spare != 0 && ((unsigned)text_letter_value(
					      text_base64url, s[n - 1]) &
					     spare) != 0))
		return false;
	return text_decode(b, text_base64url, s, n);
}

void
text_add_percent(struct buf *b, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (text_is_alnum(s[i]) ||
		    (s[i] != '\0' && strchr("-._~", s[i]) != NULL))
			buf_add_char(b, s[i]);
		else
			buf_add_fmt(b, "%%%02X", (unsigned char)s[i]);
	}
}

/*
 * Decode the character at s, of at most n octets. Returns its length, or 0 if
 * it is not valid UTF-8: no surrogates, nothing overlong, nothing beyond
 * U+10FFFF (RFC 3629, 3).
 */
static size_t
text_decode_utf8(const char *s, size_t n, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	uint32_t c = u[0];
	size_t len, i;

	if (c < 0x80)
		len = 1;
	else if (c >= 0xc2 && c < 0xe0)
		len = 2;
	else if (c >= 0xe0 && c < 0xf0)
		len = 3;
	else if (c >= 0xf0 && c < 0xf5)
		len = 4;
	else
		return 0;
	if (len > n)
		return 0;
	if (len > 1)
		c &= 0x7fu >> len;
	for (i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3fu);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*out = c;
	return len;
}

/*
 * Would the character move the cursor, end the line, or turn the direction of
 * the text around it, so that a person sees something other than what is
 * there?
 */
static bool
text_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/*
 * What to show for the character at s, of at most n octets: its *out octets
 * at the address returned. *in octets of s are done with.
 */
static const char *
text_show(const char *s, size_t n, size_t *in, size_t *out)
{
	uint32_t c;
	size_t len = text_decode_utf8(s, n, &c);

	if (len == 0 || text_is_control(c)) {
		*in = len > 0 ? len : 1;
		*out = 1;
		return "?";
	}
	*in = *out = len;
	return s;
}

void
text_add_safe(struct buf *b, const char *s, size_t n, size_t max)
{
	static const char dots[] = "...";
	size_t dots_len = max < 3 ? max : 3;
	size_t fits = 0; /* octets of s that leave room for the dots */
	size_t shown = 0, i, in, out;
	const char *c;

	for (i = 0; i < n && shown <= max; i += in) {
		text_show(s + i, n - i, &in, &out);
		shown += out;
		if (shown <= max - dots_len)
			fits = i + in;
	}
	if (shown > max)
		n = fits;
	for (i = 0; i < n; i += in) {
		c = text_show(s + i, n - i, &in, &out);
		buf_add(b, c, out);
	}
	if (shown > max)
		buf_add(b, dots, dots_len);
}

/* Eight at a time: bodies are long. */
bool
text_is_ascii(const char *s, size_t n)
{
	uint64_t seen = 0;
	uint64_t octets;

	for (; n >= sizeof(octets); n -= sizeof(octets)) {
		memcpy(&octets, s, sizeof(octets));
		seen |= octets;
		s += sizeof(octets);
	}
	while (n-- > 0)
		seen |= (unsigned char)*s++;
	return (seen & UINT64_C(0x8080808080808080)) == 0;
}

bool
text_is_utf8(const char *s, size_t n)
{
	size_t i, len;
	uint32_t c;

	for (i = 0; i < n; i += len) {
		len = text_decode_utf8(s + i, n - i, &c);
		if (len == 0)
			return false;
	}
	return true;
}

static size_t
text_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * The number of letters to insert, remove, replace or swap with a neighbour
 * to make b of a (Damerau and Levenshtein, no letter touched twice), case
 * aside. Three rows of the table are enough; each length is at most
 * TEXT_WORD_MAX.
 */
static size_t
text_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][TEXT_WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	size_t i, j;
	bool same;

	for (j = 0; j <= b_len; j++)
		last[j] = j;
	for (i = 1; i <= a_len; i++) {
		row[0] = i;
		for (j = 1; j <= b_len; j++) {
			same = text_case_eq_n(a + i - 1, b + j - 1, 1);
			row[j] = last[j - 1] + (same ? 0 : 1);
			row[j] = text_min(row[j], last[j] + 1);
			row[j] = text_min(row[j], row[j - 1] + 1);
			if (i > 1 && j > 1 &&
			    text_case_eq_n(a + i - 1, b + j - 2, 1) &&
			    text_case_eq_n(a + i - 2, b + j - 1, 1))
				row[j] = text_min(row[j], before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

/*
 * Near: at most two letters wrong, and no more than a third of the longer
 * word, though one letter may always be.
 */
const char *
text_nearest(const char *s, const char *const *words, size_t n)
{
	size_t s_len = strlen(s), len, longer, limit, distance, i;
	size_t best = SIZE_MAX;
	const char *found = NULL;

	if (s_len > TEXT_WORD_MAX)
		return NULL;
	for (i = 0; i < n; i++) {
		len = strlen(words[i]);
		if (len > TEXT_WORD_MAX)
			continue;
		longer = len > s_len ? len : s_len;
		limit = longer < 6 ? 1 : 2;
		distance = text_distance(s, s_len, words[i], len);
		if (distance <= limit && distance < best) {
			best = distance;
			found = words[i];
		}
	}
	return found;
}

void
text_list_add(struct text_list *l, const char *s)
{
	l->v = mem_grow(l->v, l->n + 2, sizeof(*l->v));
	l->v[l->n++] = mem_dup(s);
	l->v[l->n] = NULL;
}

bool
text_list_has(const struct text_list *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (strcmp(l->v[i], s) == 0)
			return true;
	}
	return false;
}

bool
text_list_has_case(const struct text_list *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (text_case_eq(l->v[i], s))
			return true;
	}
	return false;
}

void
text_list_clear(struct text_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct text_list){ 0 };
}
