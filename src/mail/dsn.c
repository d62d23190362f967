/* SPDX-License-Identifier: ISC */
/* dsn: what a sender wants to hear of his message's fate. */
/*
 * xtext (RFC 3461 4) is printable ASCII but "+" and "=", and "+XX" with two
 * upper-case hexadecimal digits for everything else. What has been found to be
 * xtext can neither end a parameter nor begin another.
 */
#include "mail/dsn.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static const struct {
	const char *name;
	unsigned bit;
} notify_words[] = {
	{ "NEVER", DSN_NEVER },
	{ "SUCCESS", DSN_SUCCESS },
	{ "FAILURE", DSN_FAILURE },
	{ "DELAY", DSN_DELAY },
};

enum { N_WORDS = sizeof(notify_words) / sizeof(notify_words[0]) };

/* ---- NOTIFY, RET */

/* The bit of the word of n octets, or 0. */
static unsigned
notify_bit(const char *word, size_t n)
{
	size_t i;

	for (i = 0; i < N_WORDS; i++)
		if (strlen(notify_words[i].name) == n &&
		    text_case_eq_n(word, notify_words[i].name, n))
			return notify_words[i].bit;
	return 0;
}

int
dsn_parse_notify(const char *text, unsigned *out, struct err *e)
{
	unsigned all = 0, bit;
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		bit = notify_bit(text, n);
		if (bit == 0)
			return err_set(e, EX_DATAERR,
			    "notify: %.*s: it is never, or some of success, "
			    "failure, delay",
			    n < 40 ? (int)n : 40, text);
		all |= bit;
		if (text[n] == '\0')
			break;
	}
	if ((all & DSN_NEVER) != 0 && all != DSN_NEVER)
		return err_set(
		    e, EX_DATAERR, "notify: never: stands beside other words");
	*out = all;
	return 0;
}

void
dsn_add_notify(struct buf *b, unsigned notify)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < N_WORDS; i++) {
		if ((notify & notify_words[i].bit) == 0)
			continue;
		buf_add_fmt(b, "%s%s", comma, notify_words[i].name);
		comma = ",";
	}
}

int
dsn_parse_ret(const char *text, enum dsn_ret *out, struct err *e)
{
	if (text_case_eq(text, "full"))
		*out = DSN_RET_FULL;
	else if (text_case_eq(text, "hdrs"))
		*out = DSN_RET_HDRS;
	else
		return err_set(
		    e, EX_DATAERR, "return: %.40s: it is full or hdrs", text);
	return 0;
}

const char *
dsn_ret_name(enum dsn_ret ret)
{
	return ret == DSN_RET_FULL ? "FULL" : ret == DSN_RET_HDRS ? "HDRS" : "";
}

bool
dsn_wants_failure(unsigned notify)
{
	return notify == 0 || (notify & DSN_FAILURE) != 0;
}

bool
dsn_wants_delay(unsigned notify)
{
	return notify == 0 || (notify & DSN_DELAY) != 0;
}

bool
dsn_wants_success(unsigned notify)
{
	return (notify & DSN_SUCCESS) != 0;
}

/* ---- xtext */

static bool
is_printable(char c)
{
	return c > ' ' && c < 127;
}

static bool
is_xchar(char c)
{
	return is_printable(c) && c != '+' && c != '=';
}

/* What an upper-case hexadecimal digit is worth, or -1. */
static int
hex_value(char c)
{
	if (text_is_digit(c))
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The octet that "+XX" at s stands for, or -1. */
static int
hex_char(const char *s)
{
	if (s[0] != '+' || hex_value(s[1]) < 0 || hex_value(s[2]) < 0)
		return -1;
	return hex_value(s[1]) * 16 + hex_value(s[2]);
}

bool
dsn_is_xtext(const char *text, size_t max)
{
	size_t i = 0;

	while (text[i] != '\0' && i <= max) {
		if (is_xchar(text[i]))
			i++;
		else if (hex_char(text + i) >= 0)
			i += 3;
		else
			return false;
	}
	return i > 0 && i <= max;
}

/* RFC 3461 4.2: a type, which is an atom, and xtext. */
bool
dsn_is_orcpt(const char *text)
{
	static const char specials[] = "()<>@,;:\\\".[]+=";
	size_t n = strcspn(text, ";");
	size_t i;

	if (n == 0 || n + 1 >= DSN_MAX_ORCPT || text[n] == '\0')
		return false;
	for (i = 0; i < n; i++)
		if (!is_printable(text[i]) || strchr(specials, text[i]) != NULL)
			return false;
	return dsn_is_xtext(text + n + 1, DSN_MAX_ORCPT - n - 1);
}

void
dsn_add_xtext(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (is_xchar(*text))
			buf_add_char(b, *text);
		else
			buf_add_fmt(b, "+%02X", (unsigned char)*text);
	}
}

void
dsn_add_decoded(struct buf *b, const char *xtext)
{
	int c;

	while (*xtext != '\0') {
		c = hex_char(xtext);
		if (c < ' ' || c == 127) {
			buf_add_char(b, *xtext++);
		} else {
			buf_add_char(b, (char)c);
			xtext += 3;
		}
	}
}

int
dsn_parse_envid(const char *text, char **out, struct err *e)
{
	struct buf b;
	size_t i;

	for (i = 0; is_printable(text[i]); i++)
		;
	if (i == 0 || text[i] != '\0')
		return err_set(e, EX_DATAERR,
		    "envelope id: %.40s: it is printable ASCII without blanks",
		    text);
	buf_init(&b, DSN_MAX_ENVID);
	dsn_add_xtext(&b, text);
	if (b.full) {
		buf_clear(&b);
		return err_set(e, EX_DATAERR,
		    "envelope id: %.40s: longer than %d octets, with "
		    "\"+\" and \"=\" as three",
		    text, DSN_MAX_ENVID);
	}
	*out = buf_take(&b);
	return 0;
}

/* ---- ORCPT */

/* The code point that begins at *s, which is valid UTF-8; *s goes behind it. */
static unsigned
next_point(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	unsigned point = p[0];
	unsigned more = point >= 0xf0 ? 3 : point >= 0xe0 ? 2 : point >= 0xc0;
	unsigned i;

	if (more > 0)
		point &= 0x3fu >> more;
	for (i = 1; i <= more; i++)
		point = point << 6 | (p[i] & 0x3fu);
	*s += 1 + more;
	return point;
}

/* utf-8-addr-xtext (RFC 6533 3), which is xtext as well. */
static void
add_utf8_xtext(struct buf *b, const char *text)
{
	unsigned point;

	while (*text != '\0') {
		point = next_point(&text);
		if (point < 128 && is_xchar((char)point) && point != '\\')
			buf_add_char(b, (char)point);
		else
			buf_add_fmt(b, "\\x{%02X}", point);
	}
}

char *
dsn_make_orcpt(const char *address)
{
	size_t n = strlen(address);
	struct buf b;

	buf_init(&b, DSN_MAX_ORCPT);
	if (!text_is_ascii(address, n) && text_is_utf8(address, n)) {
		buf_add_str(&b, "utf-8;");
		add_utf8_xtext(&b, address);
	} else {
		buf_add_str(&b, "rfc822;");
		dsn_add_xtext(&b, address);
	}
	if (b.full) {
		buf_clear(&b);
		return NULL;
	}
	return buf_take(&b);
}

/* ---- wishes */

void
dsn_wish_copy(struct dsn_wish *to, const struct dsn_wish *from)
{
	to->ret = from->ret;
	mem_replace(&to->envid, mem_dup(from->envid));
}

void
dsn_wish_clear(struct dsn_wish *w)
{
	free(w->envid);
	*w = (struct dsn_wish){ 0 };
}

void
dsn_rcpt_copy(struct dsn_rcpt *to, const struct dsn_rcpt *from)
{
	to->notify = from->notify;
	mem_replace(&to->orcpt, mem_dup(from->orcpt));
}

void
dsn_rcpt_merge(struct dsn_rcpt *to, const struct dsn_rcpt *more)
{
	static const unsigned unsaid = DSN_FAILURE | DSN_DELAY;
	unsigned a = to->notify, b = more->notify;

	if (to->orcpt == NULL)
		to->orcpt = mem_dup(more->orcpt);
	if (a == b || b == DSN_NEVER)
		return;
	to->notify =
	    a == DSN_NEVER ? b : (a != 0 ? a : unsaid) | (b != 0 ? b : unsaid);
}

void
dsn_rcpt_clear(struct dsn_rcpt *r)
{
	free(r->orcpt);
	*r = (struct dsn_rcpt){ 0 };
}
