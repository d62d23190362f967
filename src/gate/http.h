/* SPDX-License-Identifier: ISC */
/*
 * http: a form, posted (application/x-www-form-urlencoded); a document,
 * fetched.
 *
 * Must not know: what the fields or the answer mean.
 */
#ifndef GATE_HTTP_H
#define GATE_HTTP_H

#include "base/buf.h"
#include "gate/wire.h"

/* Add "key=value" to a form, percent-encoded; the second takes a secret. */
void http_form_add(struct secret *form, const char *key, const char *value);
void http_form_add_secret(
    struct secret *form, const char *key, const struct secret *value);

/* "Basic " and base64 of id ":" password; form-encoded first (RFC 6749
 * 2.3.1) unless raw. */
void http_basic(struct secret *out, const char *id,
    const struct secret *password, bool raw);

/* Post it; as wire_post(). */
bool http_post_form(const char *url, const struct secret *form,
    const struct secret *authorization, const char *ca_file, const char *pin,
    int64_t timeout_ms, size_t max_body, struct wire_response *r,
    struct wire_failure *f);

/* Fetch it by GET; as wire_post(). */
bool http_get(const char *url, const char *ca_file, const char *pin,
    int64_t timeout_ms, size_t max_body, struct wire_response *r,
    struct wire_failure *f);

#endif
