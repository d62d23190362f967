/* SPDX-License-Identifier: ISC */
/*
 * spool_record: the form of settle.log. A head of 64 octets,
 *
 *	osmtp-settle 1\n0123456789abcdef\n		(and NULs)
 *
 * then records, one behind the other:
 *
 *	LENGTH CRC\n					(8 digits each)
 *	ID WHERE SECONDS.NANOSECONDS\n			(queue failed bad gone)
 *	the state, or nothing
 *
 * LENGTH is that of the last two, and CRC is the checksum of the whole file up
 * to there, the digits of CRC and the head's NULs left out. The head has a new
 * random number whenever the log begins anew: so a record that is left from
 * before, behind those of now, does not continue the chain and is none. What
 * does not continue it was not synced, and nobody was told that it was.
 *
 * A record tells what is to be, not what to do; the last one of an ID counts,
 * and to apply it twice does no harm.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/crc.h"
#include "base/text.h"
#include "gate/spool_part.h"

#define LOG_KIND "osmtp-settle"

enum {
	LOG_CHANCE = sizeof(LOG_KIND " 1\n") - 1,
	LOG_USED = LOG_CHANCE + 17, /* of the head */
	RECORD_HEAD = 18	    /* "LENGTH CRC\n" */
};

static const char *const places[] = { [SPOOL_QUEUE] = "queue",
	[SPOOL_FAILED] = "failed",
	[SPOOL_BAD] = "bad",
	[SPOOL_GONE] = "gone" };

void
spool_want_clear(struct spool_want *w)
{
	buf_clear(&w->state);
	*w = (struct spool_want){ 0 };
}

void
spool_record_make_head(
    char out[SPOOL_LOG_HEAD], uint64_t chance, uint32_t *chain)
{
	memset(out, 0, SPOOL_LOG_HEAD);
	snprintf(out, SPOOL_LOG_HEAD, LOG_KIND " 1\n%016llx\n",
	    (unsigned long long)chance);
	*chain = crc_add(0, out, LOG_USED);
}

int
spool_record_check_head(
    const char p[SPOOL_LOG_HEAD], uint32_t *chain, struct err *e)
{
	int code = spool_check_version(p, SPOOL_LOG_HEAD, LOG_KIND, e);
	char again[SPOOL_LOG_HEAD];
	uint64_t chance;

	if (code != 0)
		return code;
	if (!spool_parse_hex(p + LOG_CHANCE, 16, &chance))
		return err_set(e, EX_DATAERR, "its head is damaged");
	spool_record_make_head(again, chance, chain);
	if (memcmp(p, again, sizeof(again)) != 0)
		return err_set(e, EX_DATAERR, "its head is damaged");
	return 0;
}

void
spool_record_add_to(struct buf *b, const struct spool_want *w, uint32_t *chain)
{
	char head[RECORD_HEAD + 1];
	char line[SPOOL_NAME_MAX + 64];
	size_t len, n;

	n = (size_t)snprintf(line, sizeof(line), "%s %s %lld.%09ld\n", w->id,
	    places[w->to], (long long)w->written.tv_sec, w->written.tv_nsec);
	len = n + w->state.len;
	snprintf(head, sizeof(head), "%08zx ", len);
	*chain = crc_add(*chain, head, 9);
	*chain = crc_add(*chain, line, n);
	*chain = crc_add(*chain, w->state.data, w->state.len);
	snprintf(head + 9, sizeof(head) - 9, "%08lx\n", (unsigned long)*chain);
	buf_add(b, head, RECORD_HEAD);
	buf_add(b, line, n);
	buf_add(b, w->state.data, w->state.len);
}

/* "SECONDS.NANOSECONDS" */
static bool
parse_time(char *s, struct timespec *out)
{
	char *dot = strchr(s, '.');
	uint64_t sec, nsec;

	if (dot == NULL)
		return false;
	*dot = '\0';
	if (!text_parse_uint(s, INT64_MAX, &sec) ||
	    !text_parse_uint(dot + 1, 999999999, &nsec))
		return false;
	out->tv_sec = (time_t)sec;
	out->tv_nsec = (long)nsec;
	return true;
}

/* "ID WHERE TIME" */
static bool
parse_want(char *line, struct spool_want *w)
{
	char *where = strchr(line, ' ');
	char *when = where != NULL ? strchr(where + 1, ' ') : NULL;

	if (when == NULL)
		return false;
	*where++ = '\0';
	*when++ = '\0';
	if (!spool_is_id(line) || !parse_time(when, &w->written))
		return false;
	snprintf(w->id, sizeof(w->id), "%s", line);
	for (w->to = SPOOL_QUEUE; w->to <= SPOOL_GONE; w->to++) {
		if (strcmp(where, places[w->to]) == 0)
			return true;
	}
	return false;
}

size_t
spool_record_parse(
    const char *p, size_t n, uint32_t *chain, struct spool_want *w)
{
	struct spool_lines l;
	uint64_t len, crc;
	uint32_t own;
	bool good;

	if (n < RECORD_HEAD || !spool_parse_hex(p, 8, &len) || p[8] != ' ' ||
	    !spool_parse_hex(p + 9, 8, &crc) || p[RECORD_HEAD - 1] != '\n' ||
	    len > n - RECORD_HEAD)
		return 0;
	own = crc_add(crc_add(*chain, p, 9), p + RECORD_HEAD, (size_t)len);
	if (own != crc)
		return 0;
	l = (struct spool_lines){ .at = p + RECORD_HEAD, .left = (size_t)len };
	good = spool_lines_next(&l) && parse_want(l.line.data, w);
	buf_clear(&l.line);
	buf_init(&w->state, l.left);
	if (!good) {
		spool_want_clear(w);
		return 0;
	}
	buf_add(&w->state, l.at, l.left);
	*chain = own;
	return RECORD_HEAD + (size_t)len;
}
