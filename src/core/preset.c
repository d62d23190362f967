/* SPDX-License-Identifier: ISC */
/*
 * preset: the table of etc/presets.conf, as etc/mkpresets has written it,
 * sorted by name.
 */
#include "core/preset.h"

#include <string.h>

#include "base/text.h"
#include "core/preset_table.inc"

enum { PRESETS = sizeof(presets) / sizeof(presets[0]) };

const struct preset *
preset_at(size_t i)
{
	return i < PRESETS ? &presets[i] : NULL;
}

const struct preset *
preset_find(const char *name)
{
	size_t from = 0, to = PRESETS;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = strcmp(name, presets[middle].name);

		if (order == 0)
			return &presets[middle];
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

const char *
preset_nearest(const char *name)
{
	const char *words[PRESETS];

	for (size_t i = 0; i < PRESETS; i++)
		words[i] = presets[i].name;
	return text_nearest(name, words, PRESETS);
}

bool
preset_expand(struct buf *b, const char *text, const char *tenant)
{
	static const char mark[] = "{tenant}";
	const char *at = strstr(text, mark);

	if (at != NULL && tenant == NULL)
		return false;
	while (at != NULL) {
		buf_add(b, text, (size_t)(at - text));
		buf_add_str(b, tenant);
		text = at + sizeof(mark) - 1;
		at = strstr(text, mark);
	}
	buf_add_str(b, text);
	return true;
}
