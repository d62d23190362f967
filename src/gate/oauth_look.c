/* SPDX-License-Identifier: ISC */
/*
 * oauth_look: does a token endpoint answer where it should be?
 *
 * It is sent a form without a grant (an empty value counts as none, RFC 6749
 * 3.1) and without any client, which it must refuse, with JSON (5.2); so a page
 * or a redirect instead tells that somebody else answers: a captive portal, a
 * proxy, another server.
 */
#include "gate/oauth_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "gate/http.h"

enum { PROXY_WANTS_LOGIN = 407, NETWORK_WANTS_LOGIN = 511 /* RFC 6585 6 */ };

static bool
is_json(const struct wire_response *r)
{
	struct json *j = NULL;
	bool is = json_parse(secret_reveal(&r->body), secret_len(&r->body), &j,
		      NULL) == 0;

	json_free(j);
	return is;
}

/* Somebody else answers. */
static void
refuse_stranger(
    const char *url, const struct wire_response *r, struct oauth_look *k)
{
	char *text;

	k->stranger = true;
	if (r->location[0] != '\0')
		text = mem_printf("%s: redirects to %s: no token endpoint does",
		    url, r->location);
	else
		text = mem_printf("%s: answers with a page and status %d: no "
				  "token endpoint does",
		    url, r->status);
	oauth_refuse(&k->outcome, OUTCOME_CLASS_L, r->status, text, true);
	free(text);
}

static bool
judge(const char *url, const struct wire_response *r, struct oauth_look *k)
{
	bool answers = is_json(r);
	int status = r->status;
	char *text;

	if (status / 100 == 3 || status == PROXY_WANTS_LOGIN ||
	    status == NETWORK_WANTS_LOGIN ||
	    ((status / 100 == 2 || status == 403) && !answers)) {
		refuse_stranger(url, r, k);
		return false;
	}
	if (status == 429 || status == 408 || status / 100 == 5)
		text = mem_printf(
		    "%s: it is there, but answers with status %d", url, status);
	else if (!answers && (status == 404 || status == 405 || status == 410))
		text = mem_printf("%s: nothing that takes requests for tokens "
				  "is there (status %d)",
		    url, status);
	else
		return true;
	oauth_refuse(&k->outcome,
	    outcome_class_of(OUTCOME_AT_TOKEN, status, ""), status, text, true);
	free(text);
	return false;
}

static void
take_date(const struct wire_response *r, struct oauth_look *k)
{
	k->has_date = r->date >= 0;
	if (k->has_date) /* which has no fractions */
		k->clock_off = sys_now() - r->date - 500;
}

bool
oauth_look(
    const struct oauth_client *c, int64_t timeout_ms, struct oauth_look *k)
{
	int64_t began = sys_mono();
	struct wire_response r;
	struct wire_failure w;
	struct secret form;
	char *text;
	bool ok = false;

	memset(k, 0, sizeof(*k));
	secret_init(&form);
	http_form_add(&form, "grant_type", "");
	if (http_post_form(c->token_url, &form, NULL, c->ca_file, c->pin,
		timeout_ms, OAUTH_MAX_ANSWER, &r, &w)) {
		k->status = r.status;
		take_date(&r, k);
		ok = judge(c->token_url, &r, k);
	} else {
		k->certificate = w.certificate;
		text = mem_printf("%s: %s", c->token_url, w.text);
		oauth_refuse(&k->outcome,
		    w.certificate || w.local ? OUTCOME_CLASS_C
					     : OUTCOME_CLASS_L,
		    0, text, true);
		free(text);
	}
	k->took = sys_mono() - began;
	wire_response_clear(&r);
	secret_clear(&form);
	return ok;
}
