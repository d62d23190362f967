/* SPDX-License-Identifier: ISC */
/* wire_post: requests. */
#include "gate/wire_part.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"

enum { RETRY_MAX_S = 6 * 3600 };

struct answer {
	struct wire_response *r;
	size_t max;
	bool too_long;
};

static size_t
take_body(char *p, size_t size, size_t n, void *ctx)
{
	struct answer *a = ctx;

	n *= size;
	if (n > a->max - secret_len(&a->r->body)) {
		a->too_long = true;
		return n + 1; /* CURLE_WRITE_ERROR */
	}
	secret_add(&a->r->body, p, n);
	return n;
}

/* A port, or none, and then the path: no more may stand there, for what comes
 * before a '@' would be no host. */
static bool
ends_host(const char *s)
{
	if (*s == ':')
		s += 1 + strspn(s + 1, "0123456789");
	return *s == '/' || *s == '\0';
}

bool
wire_is_loopback_http(const char *url)
{
	static const char *const hosts[] = { "localhost", "127.0.0.1",
		"[::1]" };
	size_t i;
	size_t n;

	if (!text_case_eq_n(url, "http://", 7))
		return false;
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		n = strlen(hosts[i]);
		if (text_case_eq_n(url + 7, hosts[i], n) &&
		    ends_host(url + 7 + n))
			return true;
	}
	return false;
}

static CURLcode
set_request(CURL *easy, const struct wire_request *q,
    const struct wire_target *proof, struct answer *a,
    struct curl_slist *headers, char *error)
{
	CURLcode r = wire_set_common(easy, proof, error);

	WIRE_SET(CURLOPT_PROTOCOLS_STR,
	    wire_is_loopback_http(q->url) ? "http,https" : "https");
	WIRE_SET(CURLOPT_URL, q->url);
	WIRE_SET(CURLOPT_FOLLOWLOCATION, 0L);
	WIRE_SET(CURLOPT_USERAGENT, "osmtp/" OSMTP_VERSION);
	WIRE_SET(CURLOPT_HTTPHEADER, headers);
	if (q->body != NULL) {
		WIRE_SET(CURLOPT_POSTFIELDS, secret_reveal(q->body));
		WIRE_SET(CURLOPT_POSTFIELDSIZE, (long)secret_len(q->body));
	}
	WIRE_SET(CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
	WIRE_SET(CURLOPT_WRITEFUNCTION, take_body);
	WIRE_SET(CURLOPT_WRITEDATA, a);
	return r;
}

static const char *
header(CURL *easy, const char *name)
{
	struct curl_header *h;

	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return NULL;
	return h->value;
}

/*
 * Retry-After in ms: seconds, or a date. That is one of the endpoint's clock,
 * so it counts from the endpoint's Date, if there is one.
 */
static int64_t
retry_after(const char *text, int64_t date)
{
	int64_t now = date != -1 ? date : sys_now();
	uint64_t seconds;
	time_t then;

	if (text_is_digit(text[0])) {
		if (text[strspn(text, "0123456789")] != '\0')
			return -1;
		/* What is too long for a number is too long in any case. */
		if (!text_parse_uint(text, RETRY_MAX_S, &seconds))
			seconds = RETRY_MAX_S;
		return (int64_t)seconds * 1000;
	}
	then = curl_getdate(text, NULL);
	if (then == -1)
		return -1;
	if (then <= now / 1000)
		return 0;
	if (then - now / 1000 > RETRY_MAX_S)
		return RETRY_MAX_S * (int64_t)1000;
	return then * (int64_t)1000 - now;
}

/* What of an answer's header is wanted. */
static void
take_headers(CURL *easy, struct wire_response *r)
{
	const char *value;
	long status = 0;
	time_t date;
	struct buf b;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = (int)status;
	value = header(easy, "Location");
	if (value != NULL) {
		buf_init(&b, sizeof(r->location) - 1);
		text_add_safe(&b, value, strlen(value), 200);
		if (b.len > 0)
			memcpy(r->location, b.data, b.len + 1);
		buf_clear(&b);
	}
	value = header(easy, "Date");
	date = value != NULL ? curl_getdate(value, NULL) : -1;
	if (date != -1)
		r->date = date * (int64_t)1000;
	value = header(easy, "Retry-After");
	if (value != NULL)
		r->retry_after = retry_after(value, r->date);
}

static struct curl_slist *
make_headers(const struct wire_request *q)
{
	struct curl_slist *l = NULL;
	struct secret line;
	char *type;

	if (q->body != NULL) {
		type = mem_printf("Content-Type: %s", q->content_type);
		l = curl_slist_append(l, type);
		free(type);
	}
	l = curl_slist_append(l, "Accept: application/json");
	l = curl_slist_append(l, "Expect:");
	if (q->authorization != NULL) {
		secret_init(&line);
		secret_add_str(&line, "Authorization: ");
		secret_add(&line, secret_reveal(q->authorization),
		    secret_len(q->authorization));
		l = curl_slist_append(l, secret_reveal(&line));
		secret_clear(&line);
	}
	return l;
}

static void
free_headers(struct curl_slist *l)
{
	struct curl_slist *at;

	for (at = l; at != NULL; at = at->next)
		buf_wipe(at->data, strlen(at->data));
	curl_slist_free_all(l);
}

/* How far a request came that has failed. */
static enum wire_stage
stage_of(CURL *easy, const char *url)
{
	curl_off_t connected = 0;
	long sent = 0;

	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
	if (sent > 0)
		return WIRE_UP;
	curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
	return connected > 0 && !wire_is_loopback_http(url) ? WIRE_SECURING
							    : WIRE_CONNECTING;
}

bool
wire_post(const struct wire_request *q, struct wire_response *r,
    struct wire_failure *f)
{
	const struct wire_target proof = { .ca_file = q->ca_file,
		.pin = q->pin };
	struct answer a = { r, q->max_body, false };
	char error[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = make_headers(q);
	CURLcode result;
	CURL *easy;

	memset(r, 0, sizeof(*r));
	r->retry_after = r->date = -1;
	secret_init(&r->body);
	memset(f, 0, sizeof(*f));
	err_bug_if(curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK);
	easy = curl_easy_init();
	err_bug_if(easy == NULL);
	result = set_request(easy, q, &proof, &a, headers, error);
	if (result == CURLE_OK)
		result = curl_easy_perform(easy);
	if (result == CURLE_OK)
		take_headers(easy, r);
	else if (a.too_long)
		wire_say(f, "the answer is too long", 22);
	else
		wire_blame(f, easy, &proof, result, error);
	if (result != CURLE_OK)
		f->stage = stage_of(easy, q->url);
	curl_easy_cleanup(easy);
	free_headers(headers);
	return result == CURLE_OK;
}

void
wire_response_clear(struct wire_response *r)
{
	secret_clear(&r->body);
}
