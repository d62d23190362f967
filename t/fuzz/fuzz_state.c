/* SPDX-License-Identifier: ISC */
/*
 * fuzz_state: state files and the records of settle.log, given without their
 * checksums, which are put on here; and as they are. What is believed can be
 * written again, and reads the same.
 */
#include "gate/spool.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc.h"
#include "base/err.h"
#include "base/mem.h"
#include "gate/spool_part.h"

enum { RCPTS = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The message that the seeds are of. */
static struct spool_item
make_item(void)
{
	struct spool_item i = { 0 };
	char rcpt[32];
	int k;

	snprintf(
	    i.envelope.id, sizeof(i.envelope.id), "%s", "1hf7yat00aaaaa01");
	for (k = 0; k < RCPTS; k++) {
		snprintf(rcpt, sizeof(rcpt), "u%d@example.com", k);
		err_bug_if(envelope_restore_rcpt(&i.envelope, rcpt, NULL) != 0);
	}
	i.state.result = mem_new(RCPTS, sizeof(*i.state.result));
	return i;
}

/* Parse p; if it is a state, append it to b as we write it. */
static bool
write_again(const char *p, size_t n, struct buf *b)
{
	struct spool_item i = make_item();
	struct err e = ERR_NONE;
	bool good = spool_state_parse(p, n, &i, &e) == 0;
	size_t k;

	err_bug_if(!good && e.code != EX_DATAERR && e.code != EX_CONFIG);
	err_bug_if(!good && i.state.attempts != 0);
	for (k = 0; k < RCPTS; k++)
		err_bug_if(strchr(i.state.result[k].text, '\n') != NULL);
	if (good)
		spool_state_add_to(b, &i);
	spool_item_clear(&i);
	return good;
}

static void
check_state(const char *p, size_t n)
{
	struct buf once, twice;

	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	/* One in which nothing happened is written as nothing. */
	if (write_again(p, n, &once) && once.len > 0) {
		err_bug_if(!write_again(once.data, once.len, &twice));
		err_bug_if(strcmp(once.data, twice.data) != 0);
	}
	buf_clear(&once);
	buf_clear(&twice);
}

static void
check_record(const char *p, size_t n)
{
	struct spool_want w = { 0 };
	uint32_t chain = 7, again = 7, same = 7;
	size_t len = spool_record_parse(p, n, &chain, &w);
	struct buf b;

	if (len == 0) {
		err_bug_if(chain != 7);
		return;
	}
	err_bug_if(len > n || !spool_is_id(w.id) || w.to > SPOOL_GONE);
	buf_init(&b, SIZE_MAX);
	spool_record_add_to(&b, &w, &again);
	spool_want_clear(&w);
	err_bug_if(spool_record_parse(b.data, b.len, &same, &w) != b.len);
	err_bug_if(same != again);
	spool_want_clear(&w);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	char head[SPOOL_LOG_HEAD];
	uint32_t chain;
	struct buf b;

	check_state(p, size);
	check_record(p, size);
	if (size >= SPOOL_LOG_HEAD) {
		memcpy(head, p, sizeof(head));
		spool_record_check_head(head, &chain, NULL);
	}
	buf_init(&b, SIZE_MAX);
	buf_add(&b, p, size);
	buf_add_fmt(&b, "crc %08x\n", crc_add(0, p, size));
	check_state(b.data, b.len);
	buf_reset(&b);
	buf_add_fmt(&b, "%08zx ", size);
	chain = crc_add(crc_add(7, b.data, b.len), p, size);
	buf_add_fmt(&b, "%08x\n", chain);
	buf_add(&b, p, size);
	check_record(b.data, b.len);
	buf_clear(&b);
	return 0;
}
