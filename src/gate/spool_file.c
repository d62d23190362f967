/* SPDX-License-Identifier: ISC */
/*
 * spool_file: the form of a message's file.
 *
 *	osmtp-item 1
 *	id 1hf7yat00abcdefg
 *	profile default
 *	uid 1000
 *	accepted 1700000000000
 *	report				(only in a report)
 *	utf8				(only if an address of the header
 *					is not ASCII)
 *	sender ann@example.com		(or <>, the null sender)
 *	ret hdrs			(or full; only if it was said)
 *	envid QQ314159			(xtext; only if it was said)
 *	rcpt bob@example.org		(one or more)
 *	notify SUCCESS,FAILURE		(of the one before; only if ..)
 *	orcpt rfc822;bob@example.org	(.. it was said)
 *					(an empty line)
 *	the message, CRLF, as it will go out
 *	osmtp-end HEAD TEXT 7 HEADCRC CRC
 *
 * in this order. A value with a control character is refused when it is
 * written and when it is read, so that none can become two lines; both happen
 * in one place, since a head is written only if it can be read back.
 *
 * The trailer has a fixed length, so that it is found from the end: lengths of
 * head and text (16 digits each, hexadecimal), 7 or 8 for the bits of the text,
 * or, where it is to be repaired wherever it goes (mime), r or R; the checksum
 * of the head and of the trailer as far as that, which tells at once whether a
 * recipient may be believed; and the checksum of all before, for which the text
 * must be read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/crc.h"
#include "base/mem.h"
#include "base/text.h"
#include "gate/spool_part.h"

#define FILE_KIND "osmtp-item"
#define FILE_END  "osmtp-end "

/* Offsets in the trailer. */
enum {
	END_HEAD = sizeof(FILE_END) - 1,
	END_TEXT = END_HEAD + 17,
	END_BITS = END_TEXT + 17,
	END_HEAD_CRC = END_BITS + 2,
	END_CRC = END_HEAD_CRC + 9,
	END_LAST = END_CRC + 8
};
_Static_assert(END_LAST + 1 == SPOOL_TRAILER, "a trailer's length");

/* The letter for the text: by repair, eight_bit. */
static const char bits[2][2] = { { '7', '8' }, { 'r', 'R' } };

static int
bad_head(struct err *e, const char *what)
{
	return err_set(e, EX_DATAERR, "head: no good %s", what);
}

/* What is wanted of the message (RFC 3461). */
static int
parse_wish(struct spool_lines *l, struct dsn_wish *w, struct err *e)
{
	const char *value = spool_lines_value(l, "ret");

	if (value != NULL && dsn_parse_ret(value, &w->ret, e) != 0)
		return bad_head(e, "ret");
	value = spool_lines_value(l, "envid");
	if (value != NULL && !dsn_is_xtext(value, DSN_MAX_ENVID))
		return bad_head(e, "envid");
	w->envid = mem_dup(value);
	return 0;
}

/* What is wanted of the last recipient. */
static int
parse_rcpt_wish(struct spool_lines *l, struct envelope *v, struct err *e)
{
	struct dsn_rcpt w = { 0 };
	const char *value = spool_lines_value(l, "notify");

	if (value != NULL && dsn_parse_notify(value, &w.notify, e) != 0)
		return bad_head(e, "notify");
	value = spool_lines_value(l, "orcpt");
	if (value != NULL && !dsn_is_orcpt(value))
		return bad_head(e, "orcpt");
	w.orcpt = mem_dup(value);
	envelope_set_wish(v, v->n_rcpts - 1, &w);
	dsn_rcpt_clear(&w);
	return 0;
}

/* The lines from sender to the end. */
static int
parse_addresses(struct spool_lines *l, struct envelope *v, struct err *e)
{
	const char *value = spool_lines_value(l, "sender");

	if (value == NULL || *value == '\0')
		return bad_head(e, "sender");
	if (envelope_restore_sender(
		v, strcmp(value, "<>") == 0 ? "" : value, e) != 0)
		return bad_head(e, "sender");
	if (parse_wish(l, &v->dsn, e) != 0)
		return EX_DATAERR;
	while ((value = spool_lines_value(l, "rcpt")) != NULL) {
		if (envelope_restore_rcpt(v, value, e) != 0)
			return bad_head(e, "rcpt");
		if (parse_rcpt_wish(l, v, e) != 0)
			return EX_DATAERR;
	}
	if (v->n_rcpts == 0)
		return bad_head(e, "rcpt");
	if (l->left != 1 || *l->at != '\n')
		return bad_head(e, "end");
	return 0;
}

static int
parse_lines(struct spool_lines *l, struct spool_item *i, struct err *e)
{
	uint64_t number;
	const char *value;
	int code;

	spool_lines_next(l); /* its version was looked at */
	value = spool_lines_value(l, "id");
	if (value == NULL || !spool_is_id(value))
		return bad_head(e, "id");
	snprintf(i->envelope.id, sizeof(i->envelope.id), "%s", value);
	value = spool_lines_value(l, "profile");
	if (value == NULL || *value == '\0')
		return bad_head(e, "profile");
	i->profile = mem_dup(value);
	if (!spool_lines_number(l, "uid", UINT32_MAX, &number))
		return bad_head(e, "uid");
	i->uid = (uid_t)number;
	if (!spool_lines_number(l, "accepted", INT64_MAX, &number))
		return bad_head(e, "accepted");
	i->accepted = (int64_t)number;
	i->report = spool_lines_flag(l, "report");
	i->envelope.utf8_head = spool_lines_flag(l, "utf8");
	code = parse_addresses(l, &i->envelope, e);
	i->envelope.utf8 |= i->envelope.utf8_head;
	return code;
}

int
spool_file_parse_head(
    const char *p, size_t n, struct spool_item *out, struct err *e)
{
	struct spool_lines l = { .at = p, .left = n };
	int code = spool_check_version(p, n, FILE_KIND, e);

	if (code == 0)
		code = parse_lines(&l, out, e);
	buf_clear(&l.line);
	if (code == 0)
		out->state.result =
		    mem_new(out->envelope.n_rcpts, sizeof(*out->state.result));
	return code;
}

/* Is it all one word? Else it could be read back as several lines. */
static bool
are_good_wishes(const struct envelope *v)
{
	const char *orcpt;
	size_t i;

	if (v->dsn.envid != NULL && !dsn_is_xtext(v->dsn.envid, DSN_MAX_ENVID))
		return false;
	for (i = 0; i < v->n_rcpts; i++) {
		orcpt = envelope_wish(v, i)->orcpt;
		if (orcpt != NULL && !dsn_is_orcpt(orcpt))
			return false;
	}
	return true;
}

static void
add_wish(struct buf *b, const struct dsn_wish *w)
{
	if (w->ret != DSN_RET_UNSAID)
		buf_add_str(
		    b, w->ret == DSN_RET_FULL ? "ret full\n" : "ret hdrs\n");
	if (w->envid != NULL)
		buf_add_fmt(b, "envid %s\n", w->envid);
}

static void
add_rcpt(struct buf *b, const char *address, const struct dsn_rcpt *w)
{
	buf_add_fmt(b, "rcpt %s\n", address);
	if (w->notify != 0) {
		buf_add_str(b, "notify ");
		dsn_add_notify(b, w->notify);
		buf_add_char(b, '\n');
	}
	if (w->orcpt != NULL)
		buf_add_fmt(b, "orcpt %s\n", w->orcpt);
}

int
spool_file_add_head(struct buf *b, const struct spool_item *head,
    struct spool_item *out, struct err *e)
{
	const struct envelope *v = &head->envelope;
	size_t i, begin = b->len;

	if (!are_good_wishes(v))
		return bad_head(e, "envid or orcpt");
	buf_add_fmt(b, FILE_KIND " 1\nid %s\nprofile %s\nuid %lu\n", v->id,
	    head->profile != NULL ? head->profile : "",
	    (unsigned long)head->uid);
	buf_add_fmt(b, "accepted %lld\n", (long long)head->accepted);
	if (head->report)
		buf_add_str(b, "report\n");
	if (v->utf8_head)
		buf_add_str(b, "utf8\n");
	buf_add_fmt(b, "sender %s\n",
	    v->sender != NULL && *v->sender != '\0' ? v->sender : "<>");
	add_wish(b, &v->dsn);
	for (i = 0; i < v->n_rcpts; i++)
		add_rcpt(b, v->rcpts[i], envelope_wish(v, i));
	buf_add_char(b, '\n');
	if (b->full)
		return err_set(e, EX_DATAERR, "head: too large");
	return spool_file_parse_head(b->data + begin, b->len - begin, out, e);
}

void
spool_file_make_trailer(
    char out[SPOOL_TRAILER], struct spool_measure *m, uint32_t crc)
{
	char text[SPOOL_TRAILER + 1];

	snprintf(text, sizeof(text), FILE_END "%016llx %016llx %c ",
	    (unsigned long long)m->head, (unsigned long long)m->text,
	    bits[m->repair][m->eight_bit]);
	snprintf(text + END_HEAD_CRC, sizeof(text) - END_HEAD_CRC, "%08lx ",
	    (unsigned long)crc_add(m->head_crc, text, END_HEAD_CRC));
	m->whole_crc = crc_add(crc, text, END_CRC);
	snprintf(text + END_CRC, sizeof(text) - END_CRC, "%08lx\n",
	    (unsigned long)m->whole_crc);
	memcpy(out, text, SPOOL_TRAILER);
}

bool
spool_file_parse_trailer(
    const char p[SPOOL_TRAILER], uint64_t size, struct spool_measure *m)
{
	uint64_t head_crc, whole_crc;

	if (memcmp(p, FILE_END, END_HEAD) != 0 ||
	    !spool_parse_hex(p + END_HEAD, 16, &m->head) ||
	    p[END_TEXT - 1] != ' ' ||
	    !spool_parse_hex(p + END_TEXT, 16, &m->text) ||
	    p[END_BITS - 1] != ' ' ||
	    memchr(bits, p[END_BITS], sizeof(bits)) == NULL ||
	    p[END_HEAD_CRC - 1] != ' ' ||
	    !spool_parse_hex(p + END_HEAD_CRC, 8, &head_crc) ||
	    p[END_CRC - 1] != ' ' ||
	    !spool_parse_hex(p + END_CRC, 8, &whole_crc) || p[END_LAST] != '\n')
		return false;
	m->repair = p[END_BITS] == 'r' || p[END_BITS] == 'R';
	m->eight_bit = p[END_BITS] == bits[m->repair][true];
	m->head_crc = (uint32_t)head_crc;
	m->whole_crc = (uint32_t)whole_crc;
	return m->head <= SPOOL_HEAD_MAX && size >= SPOOL_TRAILER &&
	       m->head <= size - SPOOL_TRAILER &&
	       m->text == size - SPOOL_TRAILER - m->head;
}

bool
spool_file_check_head(struct spool_measure *m, uint32_t crc)
{
	struct spool_measure own = *m;
	char trailer[SPOOL_TRAILER];
	uint64_t told;

	own.head_crc = crc;
	spool_file_make_trailer(trailer, &own, 0);
	spool_parse_hex(trailer + END_HEAD_CRC, 8, &told);
	if (told != m->head_crc)
		return false;
	m->head_crc = crc;
	return true;
}

bool
spool_file_check_whole(const struct spool_measure *m, uint32_t crc)
{
	struct spool_measure own = *m;
	char trailer[SPOOL_TRAILER];

	spool_file_make_trailer(trailer, &own, crc);
	return own.whole_crc == m->whole_crc;
}
