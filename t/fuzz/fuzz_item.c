/* SPDX-License-Identifier: ISC */
/*
 * fuzz_item: the head of a stored message, up to its empty line, and the
 * trailer, at its end. What is believed can be written again, and reads the
 * same; no value spans lines; lengths add up.
 */
#include "gate/spool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gate/spool_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The octets as far as the first empty line, it included, or all. */
static size_t
head_of(const char *p, size_t n)
{
	const char *end = n > 0 ? memmem(p, n, "\n\n", 2) : NULL;

	return end != NULL ? (size_t)(end - p) + 2 : n;
}

/* Parse p; if it is a head, append it to b as we write it. */
static bool
write_again(const char *p, size_t n, struct buf *b)
{
	struct spool_item i = { 0 }, again = { 0 };
	struct err e = ERR_NONE;
	bool good = spool_file_parse_head(p, n, &i, &e) == 0;

	err_bug_if(!good && e.code != EX_DATAERR && e.code != EX_CONFIG);
	if (good) {
		err_bug_if(!spool_is_id(i.envelope.id));
		err_bug_if(i.envelope.n_rcpts == 0 || i.accepted < 0);
		err_bug_if(!spool_is_open(&i));
		err_bug_if(strchr(i.profile, '\n') != NULL);
		err_bug_if(spool_file_add_head(b, &i, &again, &e) != 0);
	}
	spool_item_clear(&i);
	spool_item_clear(&again);
	return good;
}

static void
check_head(const char *p, size_t n)
{
	struct buf once, twice;

	buf_init(&once, SPOOL_HEAD_MAX);
	buf_init(&twice, SPOOL_HEAD_MAX);
	if (write_again(p, n, &once)) {
		err_bug_if(!write_again(once.data, once.len, &twice));
		err_bug_if(strcmp(once.data, twice.data) != 0);
	}
	buf_clear(&once);
	buf_clear(&twice);
}

static void
check_trailer(const char *p, size_t n)
{
	struct spool_measure m = { 0 };
	char again[SPOOL_TRAILER];

	if (n < SPOOL_TRAILER)
		return;
	p += n - SPOOL_TRAILER;
	if (!spool_file_parse_trailer(p, n, &m))
		return;
	err_bug_if(m.head + m.text + SPOOL_TRAILER != n);
	spool_file_make_trailer(again, &m, 0);
	err_bug_if(memcmp(p, again, 46) != 0); /* all but checksums */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;

	check_head(p, head_of(p, size));
	check_trailer(p, size);
	return 0;
}
