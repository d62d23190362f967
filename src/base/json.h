/* SPDX-License-Identifier: ISC */
/*
 * json: the door to jansson. Reading is bounded (octets by the caller, depth
 * here); getters say whether a member is there with the right type.
 *
 * Must not know: OAuth, sockets.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json; /* an object */

/*
 * Parse n octets that must be one JSON object (RFC 8259), not nested deeper
 * than 32; a byte order mark before it is skipped. EX_DATAERR with the place
 * of the fault; the text never quotes the input, which may hold secrets.
 */
int json_parse(const char *p, size_t n, struct json **out, struct err *e);

struct json *json_new(void);
void json_free(struct json *j); /* takes NULL */

/* A string member, borrowed; NULL if absent or of another type. */
const char *json_get_string(const struct json *j, const char *key);

/*
 * A number member: an integer, a fraction (cut), or a string of digits, as
 * some token endpoints write it. False if absent or anything else; a value
 * beyond int64_t is clamped.
 */
bool json_get_number(const struct json *j, const char *key, int64_t *out);

/* A bool member: false if absent or of another type. */
bool json_get_bool(const struct json *j, const char *key);

/*
 * Texts of a member that is a string or an array, as RFC 7519 has it for aud:
 * string i, borrowed; NULL behind the last, and for what is no string.
 */
const char *json_get_text(const struct json *j, const char *key, size_t i);

/* Is there such a member, of whatever type? */
bool json_has(const struct json *j, const char *key);

void json_set_string(struct json *j, const char *key, const char *value);
void json_set_number(struct json *j, const char *key, int64_t value);
void json_set_bool(struct json *j, const char *key, bool value);

/* An object as member; an object as one more element of an array member,
 * which the first makes. child belongs to j from then on: its handle is gone.
 */
void json_set_object(struct json *j, const char *key, struct json *child);
void json_append_object(struct json *j, const char *key, struct json *child);
/* The same with a string. */
void json_append_string(struct json *j, const char *key, const char *value);

/* Append the object as one line, keys in the order in which they were set. */
void json_add_to(struct buf *b, const struct json *j);

#endif
