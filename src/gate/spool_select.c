/* SPDX-License-Identifier: ISC */
/* spool_select: some of the messages. */
#include <string.h>

#include "base/text.h"
#include "gate/spool.h"

static bool
has_text(const char *s, const char *text)
{
	size_t n = strlen(text), have = strlen(s);

	for (; have >= n; s++, have--)
		if (text_case_eq_n(s, text, n))
			return true;
	return false;
}

/* Who has got it, or never will, is not asked for. */
static bool
has_rcpt(const struct spool_item *i, const char *text)
{
	size_t k;

	for (k = 0; k < i->envelope.n_rcpts; k++)
		if ((i->state.result == NULL ||
			i->state.result[k].kind != OUTCOME_DELIVERED) &&
		    has_text(i->envelope.rcpts[k], text))
			return true;
	return false;
}

bool
spool_is_selected(const struct spool_select *s, const struct spool_item *i)
{
	switch (s->by) {
	case SPOOL_BY_ID:
		return has_text(i->envelope.id, s->text) != s->negated;
	case SPOOL_BY_RCPT:
		return has_rcpt(i, s->text) != s->negated;
	case SPOOL_BY_SENDER:
		return has_text(i->envelope.sender, s->text) != s->negated;
	default:
		return true;
	}
}
