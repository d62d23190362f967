/* SPDX-License-Identifier: ISC */
/*
 * fuzz_field: a field, encoded and folded. The first octet of the input chooses
 * its name. No octet is left that could not go to any server, and every line
 * keeps its bounds.
 */
#include "mail/field.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEN "aaaaaaaaaa"

static const char *const names[] = { "Subject", "To", "Keywords",
	"Content-Type", "Message-ID", "Resent-From",
	"X-" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN };

static void
check_octets(const struct field *f, bool eight_bit)
{
	size_t i;

	for (i = 0; i < f->value_len; i++) {
		unsigned char c = (unsigned char)f->value[i];

		if (c == '\r' && i + 2 < f->value_len &&
		    f->value[i + 1] == '\n' && text_is_blank(f->value[i + 2]))
			i++;
		else
			err_bug_if(c == '\0' || c == '\r' || c == '\n' ||
				   (c > 127 && !eight_bit));
	}
}

static void
check_lines(const struct field *f)
{
	size_t column = strlen(f->name) + 1;
	const char *at = f->value;
	const char *end;

	for (;; at = end + 2) {
		end = strstr(at, "\r\n");
		if (end == NULL)
			end = at + strlen(at);
		err_bug_if(column + (size_t)(end - at) > FIELD_MAX_LINE);
		if (at > f->value)
			err_bug_if(strspn(at, " \t") >= (size_t)(end - at));
		if (*end == '\0')
			break;
		column = 0;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *name;
	struct field f = { 0 };
	struct buf value, before;
	bool left;

	if (size == 0)
		return 0;
	name = names[data[0] % (sizeof(names) / sizeof(names[0]))];
	buf_init(&value, SIZE_MAX);
	buf_add(&value, data + 1, size - 1);
	f.name = mem_dup(name);
	f.value_len = value.len;
	f.value = buf_take(&value);
	left = field_encode(&f);
	check_octets(&f, left);
	field_fold(&f);
	check_octets(&f, left);
	err_bug_if(strlen(f.value) != f.value_len);
	check_lines(&f);
	buf_init(&before, SIZE_MAX);
	buf_add(&before, f.value, f.value_len);
	err_bug_if(field_encode(&f) != left);
	field_fold(&f);
	err_bug_if(!left && strcmp(f.value, before.data) != 0);
	buf_clear(&before);
	field_clear(&f);
	return 0;
}
