/* SPDX-License-Identifier: ISC */
/*
 * oauth_device: a login on another device (RFC 8628): a code to be entered
 * there, and asking again and again until that is done. What the person is to
 * read is checked here: it goes to a terminal.
 *
 * The answer to a question that got lost is not lost for good: the next one
 * tells, if only that the code is spent. So whatever may pass by itself is
 * waited out, more and more slowly; the code's own life ends it.
 */
#include "gate/oauth_part.h"

#include <string.h>

#include "base/sys.h"

enum {
	LIFE = 600, /* s, where the answer has no expires_in */
	MAX_LIFE = 86400,
	INTERVAL = 5, /* s; RFC 8628 3.2 */
	MAX_INTERVAL = 300,
	SLOWER = 5 * 1000,     /* ms that slow_down adds; RFC 8628 3.5 */
	MAX_PAUSE = 60 * 1000, /* ms up to which trouble doubles the interval */
};

static const struct oauth_place at_device = {
	"this is not a device authorization endpoint", "device_url",
	"device_code"
};

void
oauth_device_init(struct oauth_device *d)
{
	memset(d, 0, sizeof(*d));
	secret_init(&d->device_code);
}

void
oauth_device_clear(struct oauth_device *d)
{
	secret_clear(&d->device_code);
	buf_wipe(d->user_code, sizeof(d->user_code));
	buf_wipe(d->uri_complete, sizeof(d->uri_complete));
	oauth_device_init(d);
}

/* Can a person read it from a terminal and type it? */
static bool
is_user_code(const char *s)
{
	bool visible = false;
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		if (s[i] < ' ' || s[i] > '~')
			return false;
		visible |= s[i] != ' ';
	}
	return visible && i < sizeof(((struct oauth_device *)0)->user_code);
}

/* Copy a URL that can be shown; false, with nothing copied, if it can't. */
static bool
keep_uri(char *field, size_t size, const char *uri)
{
	if (uri == NULL || strlen(uri) >= size || !oauth_is_url(uri))
		return false;
	memcpy(field, uri, strlen(uri) + 1);
	return true;
}

/* A time in ms: what the member says, or other if it says nothing usable. */
static int64_t
span(const struct json *j, const char *member, int64_t other, int64_t max)
{
	int64_t s;

	if (!json_get_number(j, member, &s) || s < 0)
		s = other;
	return (s < max ? s : max) * 1000;
}

static bool
read_code(
    int status, const struct json *j, struct oauth_device *d, struct outcome *o)
{
	const char *code = json_get_string(j, "device_code");
	const char *user_code = json_get_string(j, "user_code");
	const char *uri = json_get_string(j, "verification_uri");
	const char *lack = NULL;

	if (uri == NULL) /* Google */
		uri = json_get_string(j, "verification_url");
	d->life = span(j, "expires_in", LIFE, MAX_LIFE);
	d->interval = span(j, "interval", INTERVAL, MAX_INTERVAL);
	if (d->interval == 0)
		d->interval = 1000;
	if (strlen(code) > OAUTH_MAX_TOKEN)
		lack = "device_code is too long; it is not used";
	else if (user_code == NULL || !is_user_code(user_code))
		lack = "the answer has no user_code that can be shown";
	else if (!keep_uri(d->uri, sizeof(d->uri), uri))
		lack = "the answer has no verification_uri that can be shown";
	else if (d->life == 0)
		lack = "the code has no time to be entered in";
	if (lack != NULL)
		return oauth_refuse(o, OUTCOME_CLASS_C, status, lack, true);
	memcpy(d->user_code, user_code, strlen(user_code) + 1);
	keep_uri(d->uri_complete, sizeof(d->uri_complete),
	    json_get_string(j, "verification_uri_complete"));
	secret_set(&d->device_code, code, strlen(code));
	return true;
}

bool
oauth_device_read(int status, const char *body, size_t n,
    struct oauth_device *d, struct outcome *o)
{
	struct json *j = NULL;
	const char *code = NULL;
	bool ok;

	oauth_device_clear(d);
	if (n <= OAUTH_MAX_ANSWER && json_parse(body, n, &j, NULL) == 0)
		code = json_get_string(j, "device_code");
	if (oauth_is_success(status) && code != NULL && code[0] != '\0') {
		ok = read_code(status, j, d, o);
	} else {
		ok = oauth_read_refusal(&at_device, status, body, n, j, o);
		if (oauth_is_success(status) && j != NULL && o->ours)
			o->class = OUTCOME_CLASS_C;
	}
	if (!ok)
		oauth_device_clear(d);
	json_free(j);
	return ok;
}

static bool
read_device(int status, const char *body, size_t n, int64_t at, void *ctx,
    struct outcome *o)
{
	(void)at;
	return oauth_device_read(status, body, n, ctx, o);
}

bool
oauth_device_begin(const struct oauth_client *c,
    const struct oauth_proof *proof, int64_t timeout_ms, struct oauth_device *d,
    struct oauth_trouble *f)
{
	struct oauth_ask q;
	bool ok;

	oauth_ask_begin(&q, c, proof, c->device_url);
	q.grant = OAUTH_DEVICE_CODE;
	oauth_add_text(&q, "scope", c->scope);
	oauth_add_service(&q);
	oauth_add_client(&q);
	ok = oauth_send(&q, timeout_ms, sys_now(), read_device, d, f);
	oauth_ask_end(&q);
	return ok;
}

/* No token came: is it to be awaited? */
static enum oauth_poll
wait_on(struct oauth_device *d, struct oauth_trouble *f)
{
	struct outcome *o = &f->outcome;
	bool slower = strcmp(o->error, "slow_down") == 0;

	if (slower || strcmp(o->error, "authorization_pending") == 0) {
		o->text[0] = '\0';
		if (slower)
			d->interval += SLOWER;
		return OAUTH_POLL_PENDING;
	}
	if (o->class != OUTCOME_CLASS_L)
		return OAUTH_POLL_FAILED;
	if (d->interval < MAX_PAUSE / 2)
		d->interval *= 2;
	else if (d->interval < MAX_PAUSE)
		d->interval = MAX_PAUSE;
	return OAUTH_POLL_PENDING;
}

enum oauth_poll
oauth_device_poll(const struct oauth_client *c, const struct oauth_proof *proof,
    struct oauth_device *d, int64_t timeout_ms, int64_t now,
    struct oauth_token *t, struct oauth_trouble *f)
{
	struct oauth_ask q;
	bool ok;

	oauth_ask_begin(&q, c, proof, c->token_url);
	q.grant = OAUTH_DEVICE_CODE;
	q.hush[0] = &d->device_code;
	oauth_add_text(&q, "grant_type", OAUTH_GRANT_URN "device_code");
	oauth_add_secret(&q, "device_code", &d->device_code);
	ok = oauth_exchange(&q, timeout_ms, now, t, f);
	oauth_ask_end(&q);
	return ok ? OAUTH_POLL_TOKEN : wait_on(d, f);
}
