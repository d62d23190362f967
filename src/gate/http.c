/* SPDX-License-Identifier: ISC */
/*
 * http: forms, Basic, and the POST.
 *
 * What is encoded may be a secret. It goes piece by piece through a buf that
 * is wiped and never grows: growing would leave copies behind.
 */
#include "gate/http.h"

#include <string.h>

#include "base/text.h"

/* A multiple of 3, so that base64 is padded at the very end alone. */
enum { PIECE = 48, WORST = 3 * PIECE };

/* Append the n octets at p to out, encoded by add(). */
static void
add_encoded(struct secret *out, const char *p, size_t n,
    void (*add)(struct buf *b, const char *p, size_t n))
{
	static const char filler[WORST];
	struct buf room;
	size_t k;

	buf_init(&room, WORST);
	buf_add(&room, filler, WORST); /* it has its full size now */
	buf_reset(&room);
	while (n > 0) {
		k = n < PIECE ? n : PIECE;
		add(&room, p, k);
		secret_add(out, room.data, room.len);
		buf_wipe(room.data, room.len);
		buf_reset(&room);
		p += k;
		n -= k;
	}
	buf_clear(&room);
}

static void
encode_base64(struct buf *b, const char *p, size_t n)
{
	text_add_base64(b, p, n);
}

/* Percent encoding is a form's encoding, but for the blank: "%20" instead of
 * '+', which every reader of forms takes too. */
static void
add_form_encoded(struct secret *out, const char *p, size_t n)
{
	add_encoded(out, p, n, text_add_percent);
}

static void
begin_pair(struct secret *form, const char *key)
{
	if (secret_len(form) > 0)
		secret_add_str(form, "&");
	add_form_encoded(form, key, strlen(key));
	secret_add_str(form, "=");
}

void
http_form_add(struct secret *form, const char *key, const char *value)
{
	begin_pair(form, key);
	add_form_encoded(form, value, strlen(value));
}

void
http_form_add_secret(
    struct secret *form, const char *key, const struct secret *value)
{
	begin_pair(form, key);
	add_form_encoded(form, secret_reveal(value), secret_len(value));
}

void
http_basic(
    struct secret *out, const char *id, const struct secret *password, bool raw)
{
	const char *pass = secret_reveal(password);
	struct secret both;

	secret_init(&both);
	if (raw) {
		secret_add_str(&both, id);
		secret_add_str(&both, ":");
		secret_add(&both, pass, secret_len(password));
	} else {
		add_form_encoded(&both, id, strlen(id));
		secret_add_str(&both, ":");
		add_form_encoded(&both, pass, secret_len(password));
	}
	secret_add_str(out, "Basic ");
	add_encoded(
	    out, secret_reveal(&both), secret_len(&both), encode_base64);
	secret_clear(&both);
}

bool
http_post_form(const char *url, const struct secret *form,
    const struct secret *authorization, const char *ca_file, const char *pin,
    int64_t timeout_ms, size_t max_body, struct wire_response *r,
    struct wire_failure *f)
{
	const struct wire_request q = {
		.url = url,
		.content_type = "application/x-www-form-urlencoded",
		.body = form,
		.authorization = authorization,
		.ca_file = ca_file,
		.pin = pin,
		.timeout_ms = timeout_ms,
		.max_body = max_body,
	};

	return wire_post(&q, r, f);
}

bool
http_get(const char *url, const char *ca_file, const char *pin,
    int64_t timeout_ms, size_t max_body, struct wire_response *r,
    struct wire_failure *f)
{
	const struct wire_request q = {
		.url = url,
		.ca_file = ca_file,
		.pin = pin,
		.timeout_ms = timeout_ms,
		.max_body = max_body,
	};

	return wire_post(&q, r, f);
}
