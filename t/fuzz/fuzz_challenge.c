/* SPDX-License-Identifier: ISC */
/*
 * fuzz_challenge: what follows "334 ", for each mechanism. The first line of
 * the octets is the mechanism's name; each further line is a challenge, which
 * is put into base64 here unless it begins with "!".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "gate/sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A challenge, as the server sends it; to be freed. */
static char *
challenge_of(const char *line, size_t n)
{
	struct buf b;

	if (n > 0 && line[0] == '!')
		return mem_dup_n(line + 1, n - 1);
	buf_init(&b, SIZE_MAX);
	text_add_base64(&b, line, n);
	return buf_take(&b);
}

static void
check_text(const char *s, size_t size)
{
	size_t n = strnlen(s, size), i;

	if (n == size || !text_is_utf8(s, n))
		abort();
	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			abort();
	if (strstr(s, "pencil") != NULL)
		abort();
}

static void
talk(enum sasl_mech m, const char *line, const char *end)
{
	struct sasl_identity who = { .user = "user", .host = "h", .port = 25 };
	struct err e = ERR_NONE;
	struct secret key, out;
	struct sasl s;
	bool ended = false;

	secret_init(&key);
	secret_add_str(&key, "pencil");
	secret_init(&out);
	who.secret = &key;
	sasl_begin(&s, m, &who);
	sasl_initial(&s, &out);
	if (m == SASL_SCRAM_SHA_256) { /* as in RFC 7677 */
		secret_clear(&s.kept);
		secret_add_str(&s.kept, "n=user,r=rOprNGfwEbeRWgbNEkqO");
	}
	while (line < end && !ended) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((lf != NULL ? lf : end) - line);
		char *challenge = challenge_of(line, n);

		secret_clear(&out);
		ended = sasl_answer(&s, challenge, &out, &e) != 0;
		if (ended && (secret_len(&out) != 0 || e.code != EX_PROTOCOL))
			abort();
		check_text(s.refusal, sizeof(s.refusal));
		check_text(s.status, sizeof(s.status));
		free(challenge);
		line += n + 1;
	}
	secret_clear(&out);
	secret_clear(&key);
	sasl_end(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_dup_n((const char *)data, size);
	size_t n = strcspn(text, "\n");
	enum sasl_mech m;

	if (n < size && text[n] == '\n') {
		text[n] = '\0';
		if (sasl_find(text, &m))
			talk(m, text + n + 1, text + size);
	}
	free(text);
	return 0;
}
