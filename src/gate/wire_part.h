/* SPDX-License-Identifier: ISC */
/* wire_part: what the parts of wire share; for them alone. */
#ifndef GATE_WIRE_PART_H
#define GATE_WIRE_PART_H

#include "gate/wire.h"

#include <curl/curl.h>
#include <stddef.h>

#define WIRE_OUT_OF_PLACE "what the server sent has no place there"

/* Set an option unless one before it has failed; CURLcode r, CURL *easy. */
#define WIRE_SET(option, value)                                    \
	do {                                                       \
		if (r == CURLE_OK)                                 \
			r = curl_easy_setopt(easy, option, value); \
	} while (0)

/* What holds for every connection, mail or token: TLS as t says, and no
 * surroundings. error: of CURL_ERROR_SIZE octets. */
CURLcode wire_set_common(CURL *easy, const struct wire_target *t, char *error);

/* Make n octets of text safe and let them be the failure's words. */
void wire_say(struct wire_failure *f, const char *text, size_t n);

/* Fill *f but for the stage from libcurl's verdict. */
void wire_blame(struct wire_failure *f, CURL *easy, const struct wire_target *t,
    CURLcode result, const char *error);

/* Append the certificates that the server has shown, as PEM. */
void wire_add_chain(struct buf *b, CURL *easy);

#endif
