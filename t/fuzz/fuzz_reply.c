/* SPDX-License-Identifier: ISC */
/*
 * fuzz_reply: what a server sends, taken whole, octet by octet and in pieces
 * of seven: the same replies must come of it, within their limits.
 */
#include "gate/reply.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Take one reply of at most n octets, step octets a call. */
static enum reply_state
take(struct reply *r, const char *p, size_t n, size_t step, size_t *used)
{
	enum reply_state state = REPLY_MORE;
	size_t got;

	for (*used = 0; *used < n && state == REPLY_MORE; *used += got) {
		size_t len = n - *used < step ? n - *used : step;

		state = reply_take(r, p + *used, len, &got);
		err_bug_if(got > len);
		err_bug_if(state == REPLY_MORE && got != len);
	}
	return state;
}

static void
check_limits(const struct reply *r, enum reply_state state, size_t used)
{
	err_bug_if(used > REPLY_MAX_OCTETS);
	err_bug_if(reply_has_begun(r) != (used > 0));
	if (state != REPLY_DONE)
		return;
	err_bug_if(r->code < 200 || r->code > 599);
	err_bug_if(memchr(r->text.data, '\n', r->text.len) != NULL);
	err_bug_if(r->text.len > used);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { 1, 7 };
	enum reply_state state = REPLY_DONE, again;
	struct reply whole, parts;
	const char *p = (const char *)data;
	size_t used, same, i;

	reply_init(&whole);
	reply_init(&parts);
	for (; size > 0 && state == REPLY_DONE; p += used, size -= used) {
		reply_reset(&whole);
		state = take(&whole, p, size, size, &used);
		check_limits(&whole, state, used);
		for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			reply_reset(&parts);
			again = take(&parts, p, size, steps[i], &same);
			err_bug_if(again != state || same != used);
			err_bug_if(state == REPLY_DONE &&
				   (parts.code != whole.code ||
				       parts.text.len != whole.text.len ||
				       memcmp(parts.text.data, whole.text.data,
					   whole.text.len) != 0));
		}
	}
	reply_clear(&parts);
	reply_clear(&whole);
	return 0;
}
