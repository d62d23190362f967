/* SPDX-License-Identifier: ISC */
/* spool_text: what the spool's files have in common, which are text. */
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "gate/spool_part.h"

enum { SPOOL_LINE_MAX = 4096 };

bool
spool_lines_next(struct spool_lines *l)
{
	const char *end = l->left > 0 ? memchr(l->at, '\n', l->left) : NULL;
	size_t len, i;

	if (end == NULL)
		return false;
	len = (size_t)(end - l->at);
	for (i = 0; i < len; i++) {
		if ((unsigned char)l->at[i] < ' ' || l->at[i] == 127)
			return false;
	}
	if (l->line.max == 0)
		buf_init(&l->line, SPOOL_LINE_MAX);
	buf_reset(&l->line);
	if (!buf_add(&l->line, l->at, len))
		return false;
	l->at += len + 1;
	l->left -= len + 1;
	return true;
}

const char *
spool_lines_value(struct spool_lines *l, const char *key)
{
	size_t len = strlen(key);

	if (l->left <= len || memcmp(l->at, key, len) != 0 ||
	    l->at[len] != ' ' || !spool_lines_next(l))
		return NULL;
	return l->line.data + len + 1;
}

bool
spool_lines_number(
    struct spool_lines *l, const char *key, uint64_t max, uint64_t *out)
{
	const char *value = spool_lines_value(l, key);

	return value != NULL && text_parse_uint(value, max, out);
}

bool
spool_lines_flag(struct spool_lines *l, const char *key)
{
	size_t len = strlen(key);

	return l->left > len && memcmp(l->at, key, len) == 0 &&
	       l->at[len] == '\n' && spool_lines_next(l);
}

int
spool_check_version(const char *p, size_t n, const char *kind, struct err *e)
{
	struct spool_lines l = { .at = p, .left = n };
	uint64_t version;
	int code = 0;

	if (!spool_lines_number(&l, kind, 1000000, &version) || version == 0)
		code = err_set(e, EX_DATAERR, "does not begin with %s", kind);
	else if (version > 1)
		code = err_set(e, EX_CONFIG,
		    "is of version %d, which a later osmtp has written",
		    (int)version);
	buf_clear(&l.line);
	return code;
}

bool
spool_parse_hex(const char *p, size_t digits, uint64_t *out)
{
	uint64_t n = 0;

	for (; digits > 0; digits--, p++) {
		if (text_is_digit(*p))
			n = n << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			n = n << 4 | (uint64_t)(*p - 'a' + 10);
		else
			return false;
	}
	*out = n;
	return true;
}
