/* SPDX-License-Identifier: ISC */
/*
 * fuzz_preset: names of presets, and tenants in their texts. Octets with a line
 * end are a text and a tenant; all else is a name.
 */
#include "core/preset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MARK "{tenant}"

static size_t
count_marks(const char *s)
{
	size_t n = 0;

	for (; (s = strstr(s, MARK)) != NULL; s += sizeof(MARK) - 1)
		n++;
	return n;
}

static void
take_text(const char *text, const char *tenant)
{
	size_t marks = count_marks(text);
	size_t want =
	    strlen(text) - marks * (sizeof(MARK) - 1) + marks * strlen(tenant);
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add_str(&b, "");
	err_bug_if(!preset_expand(&b, text, tenant));
	err_bug_if(b.len != want);
	buf_clear(&b);
	buf_init(&b, SIZE_MAX);
	buf_add_str(&b, "x");
	err_bug_if(preset_expand(&b, text, NULL) != (marks == 0));
	err_bug_if(b.len != 1 + (marks == 0 ? strlen(text) : 0));
	buf_clear(&b);
}

static void
take_name(const char *name)
{
	const struct preset *s = preset_find(name);
	const char *near = preset_nearest(name);

	err_bug_if(s != NULL && strcmp(s->name, name) != 0);
	err_bug_if(near != NULL && preset_find(near) == NULL);
	err_bug_if(s != NULL && (near == NULL || strcmp(near, name) != 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_dup_n((const char *)data, size);
	char *end = strchr(text, '\n');

	if (end != NULL) {
		*end = '\0';
		take_text(text, end + 1);
	} else
		take_name(text);
	free(text);
	return 0;
}
