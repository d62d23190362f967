/* SPDX-License-Identifier: ISC */
/*
 * fuzz_seal: sealed texts. The octets are the text; behind a "!" they are what
 * somebody has sealed who has the key: the inside of a blob, in any form.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "gate/seal.h"
#include "gate/seal_ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRONT = 16 + CRYPT_NONCE };

static struct seal_ring_key key = { .kid = "d0550409", .path = "-" };
static struct seal_ring_key *keys[] = { &key };
static struct seal_ring ring = { .v = keys, .n = 1 };
static const struct seal_use use = { "config", "noreply", "password" };

/* A blob with these octets inside; to be freed. */
static char *
seal(const uint8_t *inside, size_t n)
{
	static const char beside[] = "v1\0d0550409\0config\0noreply\0password";
	unsigned char *blob = mem_new(FRONT + n + CRYPT_TAG, 1);
	unsigned char own[CRYPT_KEY];
	struct buf text;

	crypt_derive((struct crypt_octets){ key.octets, CRYPT_KEY },
	    (struct crypt_octets){ blob, 16 }, "osmtp seal v1 config", own);
	if (crypt_encrypt(own, blob + 16,
		(struct crypt_octets){ beside, sizeof(beside) },
		(struct crypt_octets){ inside, n }, blob + FRONT, NULL) != 0)
		abort();
	buf_init(&text, SIZE_MAX);
	buf_add_str(&text, SEAL_PREFIX "d0550409:");
	text_add_base64url(&text, blob, FRONT + n + CRYPT_TAG);
	free(blob);
	return buf_take(&text);
}

static void
open_text(const char *text)
{
	char kid[SEAL_KID_LENGTH + 1];
	struct err e = ERR_NONE;
	struct secret out;
	int64_t at = -1;
	int form, rc;

	secret_init(&out);
	form = seal_check_form(text, kid, &e);
	rc = seal_open(&ring, &use, text, &out, &at, &e);
	if (form != 0 && (form != EX_DATAERR || rc != EX_DATAERR))
		abort();
	if (form == 0 && strlen(kid) != SEAL_KID_LENGTH)
		abort();
	if (rc != 0 && (secret_len(&out) != 0 || e.code != rc))
		abort();
	if (rc == 0 && secret_len(&out) > SEAL_MAX_SECRET)
		abort();
	secret_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	size_t i;

	for (i = 0; i < CRYPT_KEY; i++)
		key.octets[i] = (unsigned char)i;
	if (size > 0 && data[0] == '!')
		text = seal(data + 1, size - 1);
	else
		text = mem_dup_n((const char *)data, size);
	open_text(text);
	free(text);
	return 0;
}
