/* SPDX-License-Identifier: ISC */
/* seal_ring: keys and the files that they lie in, for the parts of seal. */
#ifndef GATE_SEAL_RING_H
#define GATE_SEAL_RING_H

#include "base/text.h"
#include "gate/crypt.h"
#include "gate/seal.h"

#include <stdint.h>

struct seal_ring_key {
	char kid[SEAL_KID_LENGTH + 1];
	int64_t created;
	unsigned char octets[CRYPT_KEY];
	const char *path; /* one of looked */
};

struct seal_ring {
	struct seal_ring_key **v; /* each apart: an array that moves leaves
				     copies */
	size_t n;
	struct text_list looked; /* files that were looked for */
};

#endif
