/* SPDX-License-Identifier: ISC */
/*
 * check_token: the secrets of each way to authenticate. A token is had as mail
 * would have it, from the cache or by a request, and looked into where it is a
 * JSON Web Token; it is never shown, nor is a password.
 */
#include "cmd/check_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gate/jwt.h"

enum {
	CLOCK_SLACK = 60 * 1000, /* ms that clocks may differ by */
	SOON = 2 * 60 * 1000	 /* a token that ends so soon is no use */
};

#define OFFLINE "offline_access"

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

static struct cred *
fill(struct check *k, enum profile_auth way, const struct secret *refused)
{
	struct cred *c =
	    cred_fill(k->loop, k->profile, way, refused, stop, k->loop);

	loop_run(k->loop);
	return c;
}

/* ---- the endpoint */

static void
judge_clock(const struct oauth_look *look, struct check_step *s)
{
	struct buf *b = &s->text;
	int64_t off = look->clock_off;

	if (!look->has_date) {
		buf_add_str(b, ", tells no time");
		return;
	}
	if (off <= CLOCK_SLACK && off >= -CLOCK_SLACK) {
		buf_add_str(b, ", clocks agree");
		return;
	}
	check_step_warn(s);
	buf_add_str(b, ", but this machine's clock is ");
	check_add_length(b, (off < 0 ? -off : off) + 500);
	buf_add_str(b, off > 0 ? " ahead of its Date" : " behind its Date");
	buf_add_str(&s->remedy,
	    "set the clock: timedatectl set-ntp true   # compare: date -u");
}

static void
advise_on_endpoint(
    const struct check *k, const struct oauth_look *look, struct buf *b)
{
	if (look->stranger)
		buf_add_str(b,
		    "this network, or a proxy in it, may want a login first "
		    "(open any http page in a browser here); else correct "
		    "token_url");
	else if (look->certificate)
		buf_add_str(b,
		    "name the CA that has signed it: oauth = { ca_file = "
		    "\"/path/ca.pem\"; ..}; if none should have, somebody is "
		    "in between");
	else if (look->outcome.class == OUTCOME_CLASS_C)
		buf_add_str(b, "correct token_url");
	else if (look->status == 0)
		buf_add_str(b,
		    "see that this machine may connect there (curl -sI URL), "
		    "or correct token_url");
	else
		return;
	check_add_place(b, k->account);
}

/* Where tokens are asked for; discovered, if need be. Filled, or told why not.
 */
static bool
find_endpoint(struct check *k, struct cred_client *c, struct check_step *s,
    struct oauth_trouble *f)
{
	if (k->account->oauth.token_url != NULL) {
		c->client = k->account->oauth;
		return true;
	}
	if (!cred_client_load(c, k->profile, CRED_NEED_TOKEN, f)) {
		check_step_fail(s, &f->outcome);
		return false;
	}
	buf_add_fmt(&s->text, "by %s: ", k->account->oauth.issuer);
	return true;
}

static void
look_at_endpoint(struct check *k)
{
	struct cred_client c = { 0 };
	struct oauth_trouble f;
	struct oauth_look look;
	struct check_step s;

	check_step_begin(&s, "token endpoint");
	s.of_way = true;
	memset(&f, 0, sizeof(f));
	if (find_endpoint(k, &c, &s, &f)) {
		if (oauth_look(&c.client, k->account->token_timeout, &look)) {
			buf_add_str(&s.text, c.client.token_url);
			judge_clock(&look, &s);
		} else {
			buf_reset(&s.text);
			check_step_fail(&s, &look.outcome);
			advise_on_endpoint(k, &look, &s.remedy);
		}
		s.took = look.took;
	}
	check_step_end(k, &s);
	cred_client_clear(&c);
}

/* ---- the token */

/* "; LABEL a b", of a member that is a string or several. */
static bool
add_claim(struct buf *b, const struct json *claims, const char *key,
    const char *label)
{
	const char *text;
	size_t i;

	for (i = 0; (text = json_get_text(claims, key, i)) != NULL; i++) {
		buf_add_fmt(b, "%s%s ", i > 0 ? "" : "; ", i > 0 ? "" : label);
		text_add_safe(b, text, strlen(text), 300);
	}
	return i > 0;
}

static bool
claim_has(const struct json *claims, const char *key, const char *word)
{
	const char *text, *at;
	size_t n = strlen(word);

	for (size_t i = 0; (text = json_get_text(claims, key, i)) != NULL; i++)
		for (at = text; (at = strstr(at, word)) != NULL; at += n)
			if ((at == text || at[-1] == ' ') &&
			    (at[n] == '\0' || at[n] == ' '))
				return true;
	return false;
}

/*
 * Exchange says no more than 535 to a token for another service or without the
 * permission; so say it here.
 */
static void
judge_exchange(const struct json *claims, struct check_step *s)
{
	const char *aud = json_get_text(claims, "aud", 0);

	if (aud != NULL && strstr(aud, "outlook.office") == NULL &&
	    strstr(aud, "00000002-0000-0ff1-ce00-000000000000") == NULL) {
		check_step_warn(s);
		buf_add_str(&s->remedy,
		    "the token is for another service: scope = "
		    "\"https://outlook.office.com/SMTP.Send offline_access\" "
		    "for a mailbox, "
		    "\"https://outlook.office365.com/.default\" for an "
		    "application");
	} else if (!claim_has(claims, "scp", "SMTP.Send") &&
		   !claim_has(claims, "roles", "SMTP.SendAsApp") &&
		   !claim_has(claims, "roles", "Mail.Send")) {
		check_step_warn(s);
		buf_add_str(&s->remedy,
		    "neither scp has SMTP.Send nor roles SMTP.SendAsApp: Entra "
		    "> App registrations > API permissions: add it (of Office "
		    "365 Exchange Online) and grant admin consent");
	}
}

static void
judge_claims(
    const struct check *k, const struct json *claims, struct check_step *s)
{
	static const char *const apps[] = { "appid", "azp", "client_id" };
	static const char *const people[] = { "upn", "preferred_username",
		"email", "unique_name" };
	const struct wire_target *t = &k->profile->servers[0].wire;
	size_t i;

	if (!add_claim(&s->text, claims, "aud", "aud"))
		buf_add_str(&s->text, "; no aud");
	add_claim(&s->text, claims, "scp", "scp");
	add_claim(&s->text, claims, "scope", "scope");
	add_claim(&s->text, claims, "roles", "roles");
	for (i = 0; i < sizeof(people) / sizeof(people[0]); i++)
		if (add_claim(&s->text, claims, people[i], "of"))
			break;
	for (i = 0; i < sizeof(apps) / sizeof(apps[0]); i++)
		if (add_claim(&s->text, claims, apps[i], "app"))
			break;
	if (t->host != NULL && strcmp(hint_provider(t->host), "microsoft") == 0)
		judge_exchange(claims, s);
}

/* Too little is left of it, by the answer or by its own word. */
static void
judge_life(const struct check *k, const struct cred *c, int64_t left,
    struct check_step *s)
{
	if (cred_expires(c) - sys_now() <= k->account->min_life) {
		check_step_warn(s);
		buf_add_str(&s->text,
		    ", no later than min_life: each message asks for another");
		buf_add_str(&s->remedy,
		    "have the provider give longer ones, or: min_life = "
		    "\"10s\";");
		check_add_place(&s->remedy, k->account);
	} else if (left < SOON) {
		check_step_warn(s);
		buf_add_str(&s->remedy,
		    "it ends as soon as it is given: is this machine's clock "
		    "right? timedatectl set-ntp true");
	}
}

/* When it ends by its own word, and by the answer that it came with. */
static void
judge_end(const struct check *k, const struct cred *c,
    const struct json *claims, struct check_step *s)
{
	int64_t now = sys_now(), end = cred_expires(c), exp = 0;

	if (claims != NULL && json_get_number(claims, "exp", &exp) && exp > 0 &&
	    exp < INT64_MAX / 1000 && (end == 0 || exp * 1000 < end))
		end = exp * 1000;
	s->expires = end;
	if (end == 0)
		return;
	buf_add_str(&s->text, "; ends ");
	check_add_span(&s->text, now, end);
	judge_life(k, c, end - now, s);
}

/* Will there be another when it has ended? Who needs a word in scope for it. */
static void
judge_renewal(const struct check *k, struct check_step *s)
{
	const struct profile *a = k->account;
	const char *scope = a->oauth.scope != NULL ? a->oauth.scope : "";
	struct cred_status status;

	if (!profile_needs_login(a) &&
	    !profile_has_grant(a, PROFILE_GRANT_REFRESH_TOKEN))
		return;
	cred_look(k->profile, &status);
	if (status.refreshable) {
		buf_add_str(&s->text, "; can be renewed");
		return;
	}
	check_step_warn(s);
	buf_add_str(&s->text, "; there is no refresh token");
	if (strstr(scope, OFFLINE) == NULL)
		buf_add_fmt(&s->remedy, "scope = \"%s%s" OFFLINE "\";", scope,
		    scope[0] != '\0' ? " " : "");
	else
		buf_add_str(
		    &s->remedy, "have refresh tokens allowed for the client;");
	buf_add_fmt(&s->remedy, " then osmtp login %s", a->name);
	check_add_place(&s->remedy, a);
}

static void
describe_token(struct check *k, const struct cred *c, struct check_step *s)
{
	struct json *claims = NULL;
	struct cred_status status;

	buf_add_str(
	    &s->text, cred_was_cached(c) ? "from the cache" : "fetched");
	if (jwt_look(cred_secret(c), NULL, &claims)) {
		judge_claims(k, claims, s);
	} else {
		cred_look(k->profile, &status);
		buf_add_str(&s->text, "; no JWT");
		if (status.scope[0] != '\0')
			buf_add_fmt(&s->text, "; scope %s", status.scope);
	}
	judge_end(k, c, claims, s);
	judge_renewal(k, s);
	json_free(claims);
}

/* Whose endpoint it is, as hint_provider() says. */
static const char *
provider_of(const char *url)
{
	const char *host = strstr(url, "://"), *provider;
	char *name;

	host = host != NULL ? host + 3 : url;
	name = mem_dup_n(host, strcspn(host, ":/?#"));
	provider = hint_provider(name);
	free(name);
	return provider;
}

/* Must scope name it, so that a consent outlives its first token? Not where we
 * know the provider to have another way. */
static bool
needs_offline(const struct profile *a)
{
	const char *url =
	    a->oauth.token_url != NULL ? a->oauth.token_url : a->oauth.issuer;
	const char *provider = url != NULL ? provider_of(url) : "";

	return strcmp(provider, "entra") == 0 ||
	       (provider[0] == '\0' && a->preset == NULL);
}

/* Before somebody logs in for an hour only. */
static void
warn_of_scope(struct check *k)
{
	const struct profile *a = k->account;
	const char *scope = a->oauth.scope != NULL ? a->oauth.scope : "";
	struct cred_status status;
	struct check_step s;

	if (!profile_needs_login(a) || strstr(scope, OFFLINE) != NULL ||
	    !needs_offline(a))
		return;
	cred_look(k->profile, &status);
	if (status.refreshable)
		return;
	check_step_begin(&s, "scope");
	s.of_way = true;
	check_step_warn(&s);
	buf_add_fmt(&s.text,
	    "\"%s\" has no " OFFLINE ": without it a server gives no refresh "
	    "token, as a rule, and a consent ends within the hour",
	    scope);
	buf_add_fmt(&s.remedy,
	    "scope = \"%s%s" OFFLINE "\"; then osmtp login %s", scope,
	    scope[0] != '\0' ? " " : "", a->name);
	check_add_place(&s.remedy, a);
	check_step_end(k, &s);
}

static void
look_at_token(struct check *k, size_t i, const struct secret *refused)
{
	struct cred *old = k->cred[i];
	int64_t began = sys_mono();
	struct check_step s;

	check_step_begin(&s, "token");
	s.of_way = true;
	k->cred[i] = fill(k, PROFILE_AUTH_OAUTH, refused);
	s.took = sys_mono() - began;
	if (cred_secret(k->cred[i]) != NULL)
		describe_token(k, k->cred[i], &s);
	else
		check_step_fail(&s, cred_outcome(k->cred[i]));
	check_step_end(k, &s);
	cred_free(old);
}

bool
check_refill(struct check *k, size_t i)
{
	look_at_token(k, i, cred_secret(k->cred[i]));
	return cred_secret(k->cred[i]) != NULL;
}

/* ---- all ways */

static void
look_at_password(struct check *k, size_t i)
{
	struct check_step s;

	k->cred[i] = fill(k, PROFILE_AUTH_PASSWORD, NULL);
	if (cred_secret(k->cred[i]) != NULL)
		return; /* AUTH will tell what it is worth */
	check_step_begin(&s, "password");
	s.of_way = true;
	check_step_fail(&s, cred_outcome(k->cred[i]));
	check_step_end(k, &s);
}

void
check_secrets(struct check *k)
{
	const struct profile *a = k->account;

	for (size_t i = 0; i < a->n_auth; i++) {
		if (a->auth[i] == PROFILE_AUTH_PASSWORD)
			look_at_password(k, i);
		if (a->auth[i] != PROFILE_AUTH_OAUTH)
			continue;
		if (!profile_has_grant(a, PROFILE_GRANT_COMMAND))
			look_at_endpoint(k);
		warn_of_scope(k);
		look_at_token(k, i, NULL);
	}
}

bool
check_key(struct check *k)
{
	struct check_step s;

	if (!k->account->has_key_passphrase)
		return true;
	k->key = fill(k, PROFILE_AUTH_CERT, NULL);
	if (cred_secret(k->key) != NULL)
		return true;
	check_step_begin(&s, "passphrase");
	check_step_fail(&s, cred_outcome(k->key));
	check_step_end(k, &s);
	return false;
}
