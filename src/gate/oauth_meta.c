/* SPDX-License-Identifier: ISC */
/*
 * oauth_meta: what an authorization server says of itself (RFC 8414, OpenID
 * Connect Discovery 1.0): where its endpoints are.
 *
 * Whoever writes this document gets the client's secrets. So it must come over
 * TLS from the issuer itself, name exactly that issuer (RFC 8414 3.3: else one
 * server could speak for another), and lead to nothing that is not encrypted.
 * The two specifications put it at different places, and both are in use.
 */
#include "gate/oauth_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"

static const struct oauth_place at_meta = { "there is no metadata", "issuer",
	"issuer" };

void
oauth_meta_clear(struct oauth_meta *m)
{
	free(m->issuer);
	free(m->token_url);
	free(m->authorize_url);
	free(m->device_url);
	free(m->revoke_url);
	memset(m, 0, sizeof(*m));
}

/* ---- the document */

/* An endpoint, if the document has it (null, "" and other types: it has not).
 * RFC 6749 3.1, 3.2: without a fragment. */
static int
keep_url(const struct json *j, const char *member, char **field, struct err *e)
{
	const char *s = json_get_string(j, member);

	if (s == NULL || s[0] == '\0')
		return 0;
	if (!oauth_is_url(s) || strchr(s, '#') != NULL)
		return err_set(e, EX_DATAERR,
		    "metadata: %s: \"%s\" is not an https URL of an endpoint",
		    member, s);
	*field = mem_dup(s);
	return 0;
}

/* Are methods of PKCE listed, and S256 not among them? Many leave the list
 * out. */
static bool
lacks_pkce(const struct json *j)
{
	static const char list[] = "code_challenge_methods_supported";
	const char *method;
	size_t i;

	for (i = 0; (method = json_get_text(j, list, i)) != NULL; i++) {
		if (strcmp(method, "S256") == 0)
			return false;
	}
	return i > 0;
}

static int
read_members(const char *issuer, const struct json *j, struct oauth_meta *m,
    struct err *e)
{
	const char *s = json_get_string(j, "issuer");
	int rc;

	if (s == NULL)
		return err_set(
		    e, EX_DATAERR, "metadata: issuer: it is missing");
	if (strcmp(s, issuer) != 0)
		return err_set(e, EX_DATAERR,
		    "metadata: issuer: it is \"%s\", not exactly %s", s,
		    issuer);
	m->issuer = mem_dup(s);
	m->iss_in_answer =
	    json_get_bool(j, "authorization_response_iss_parameter_supported");
	m->no_pkce = lacks_pkce(j);
	rc = keep_url(j, "token_endpoint", &m->token_url, e);
	if (rc == 0)
		rc =
		    keep_url(j, "authorization_endpoint", &m->authorize_url, e);
	if (rc == 0)
		rc = keep_url(
		    j, "device_authorization_endpoint", &m->device_url, e);
	if (rc == 0)
		rc = keep_url(j, "revocation_endpoint", &m->revoke_url, e);
	if (rc != 0)
		oauth_meta_clear(m);
	return rc;
}

int
oauth_meta_read(const char *issuer, const char *body, size_t n,
    struct oauth_meta *m, struct err *e)
{
	struct json *j = NULL;
	int rc;

	memset(m, 0, sizeof(*m));
	if (n > OAUTH_MAX_ANSWER)
		return err_set(e, EX_DATAERR, "metadata: it is too long");
	rc = json_parse(body, n, &j, e);
	if (rc != 0)
		return rc;
	rc = read_members(issuer, j, m, e);
	json_free(j);
	return rc;
}

/* ---- fetching it */

/* Where it is: RFC 8414 3.1 puts its words between host and path, OpenID 4
 * behind the path. To be freed. */
static char *
place_of(const char *issuer, bool openid)
{
	size_t host = (size_t)(strstr(issuer, "://") + 3 - issuer);
	size_t end = strlen(issuer);

	host += strcspn(issuer + host, "/");
	while (end > host && issuer[end - 1] == '/')
		end--;
	if (openid)
		return mem_printf(
		    "%.*s/.well-known/openid-configuration", (int)end, issuer);
	return mem_printf("%.*s/.well-known/oauth-authorization-server%.*s",
	    (int)host, issuer, (int)(end - host), issuer + host);
}

struct fetch {
	const char *issuer;
	struct secret *text;
	struct oauth_meta *m;
	bool found; /* a document that names an issuer, if not a good one */
};

static bool
read_meta(int status, const char *body, size_t n, int64_t at, void *ctx,
    struct outcome *o)
{
	struct fetch *t = ctx;
	struct json *j = NULL;
	struct err e = ERR_NONE;
	bool ok = false;

	(void)at;
	if (n > OAUTH_MAX_ANSWER || json_parse(body, n, &j, NULL) != 0)
		j = NULL;
	if (oauth_is_success(status) && j != NULL &&
	    json_get_string(j, "issuer") != NULL) {
		t->found = true;
		ok = read_members(t->issuer, j, t->m, &e) == 0;
		if (ok)
			secret_set(t->text, body, n);
		else
			oauth_refuse(o, OUTCOME_CLASS_C, status, e.text, true);
	} else {
		oauth_read_refusal(&at_meta, status, body, n, j, o);
	}
	json_free(j);
	return ok;
}

static bool
fetch_from(const struct oauth_client *c, bool openid, int64_t timeout_ms,
    struct fetch *t, struct oauth_trouble *f)
{
	static const struct oauth_proof none;
	char *url = place_of(t->issuer, openid);
	struct oauth_ask q;
	bool ok;

	oauth_ask_begin(&q, c, &none, url);
	ok = oauth_send(&q, timeout_ms, sys_now(), read_meta, t, f);
	oauth_ask_end(&q);
	free(url);
	return ok;
}

bool
oauth_meta_fetch(const char *issuer, const char *ca_file, const char *pin,
    int64_t timeout_ms, struct secret *text, struct oauth_meta *m,
    struct oauth_trouble *f)
{
	const struct oauth_client c = { .ca_file = ca_file, .pin = pin };
	struct fetch t = { issuer, text, m, false };
	int64_t end = sys_mono() + timeout_ms;
	struct oauth_trouble first;

	memset(m, 0, sizeof(*m));
	memset(f, 0, sizeof(*f));
	f->retry_after = -1;
	if (!oauth_is_url(issuer) || strpbrk(issuer, "?#") != NULL)
		return oauth_refuse(&f->outcome, OUTCOME_CLASS_C, 0,
		    "issuer: not an https URL without query and fragment",
		    true);
	if (fetch_from(&c, false, timeout_ms, &t, f))
		return true;
	timeout_ms = end - sys_mono();
	if (t.found || f->outcome.code == 0 || timeout_ms <= 0)
		return false;
	first = *f;
	if (fetch_from(&c, true, timeout_ms, &t, f))
		return true;
	/* What is busy at one place and nothing at the other is busy. */
	if (first.outcome.class == OUTCOME_CLASS_L && !t.found)
		*f = first;
	return false;
}
