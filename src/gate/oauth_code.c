/* SPDX-License-Identifier: ISC */
/*
 * oauth_code: an authorization request with PKCE (RFC 6749 4.1, 7636), and what
 * comes back: by the browser to a listener, or pasted by a person.
 *
 * Anybody may send a browser to the listener, and anything may be pasted. So
 * the state decides first: what does not have it is no answer to us, whatever
 * else it says. Then comes the issuer (RFC 9207): the answer of another server
 * must not be redeemed at ours. A parameter that is there twice would be read
 * one way here and another way there (RFC 6749 3.1 forbids it). The code alone
 * has neither state nor issuer: it is taken from a person only, and PKCE ties
 * it to our request.
 */
#include "gate/oauth_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"
#include "gate/crypt.h"

enum {
	VERIFIER = 32, /* octets; 43 letters, RFC 7636 4.1 */
	STATE = 24,
	MAX_URL = 16 * 1024,
	MAX_TEXT = 64 * 1024
};

/* ---- the request */

/* Append n random octets as text. */
static void
add_random(struct buf *b, size_t n)
{
	unsigned char octets[VERIFIER];

	err_bug_if(n > sizeof(octets));
	sys_random(octets, n);
	text_add_base64url(b, octets, n);
	buf_wipe(octets, sizeof(octets));
}

/* Make the verifier; append its challenge (RFC 7636 4.2: S256). */
static void
make_verifier(struct secret *verifier, struct buf *challenge)
{
	unsigned char hash[CRYPT_SHA256];
	struct crypt_octets text;
	struct buf b;

	buf_init(&b, 64);
	add_random(&b, VERIFIER);
	secret_set(verifier, b.data, b.len);
	text.p = b.data;
	text.n = b.len;
	crypt_sha256(text, hash);
	text_add_base64url(challenge, hash, sizeof(hash));
	buf_wipe(b.data, b.len);
	buf_clear(&b);
}

/* Append a parameter of the URL; none for NULL or "". */
static void
add_parameter(struct buf *b, const char *key, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_add_fmt(b, "&%s=", key);
	text_add_percent(b, value, strlen(value));
}

/* Is word one of a scope's? */
static bool
has_scope(const char *scope, const char *word)
{
	static const char between[] = " ";
	size_t n = strlen(word), len;

	for (; scope != NULL && *scope != '\0'; scope += len) {
		scope += strspn(scope, between);
		len = strcspn(scope, between);
		if (len == n && strncmp(scope, word, n) == 0)
			return true;
	}
	return false;
}

/* OpenID Connect Core 11: offline_access is ignored unless the request wants
 * the person to be asked, and with it the refresh token. */
static bool
must_ask(const char *scope, const char *extra)
{
	return has_scope(scope, "openid") &&
	       has_scope(scope, "offline_access") &&
	       (extra == NULL || strstr(extra, "prompt=") == NULL);
}

/* The authorization endpoint may have a query of its own (RFC 6749 3.1). */
static char *
make_url(const struct oauth_client *c, const struct oauth_code *q,
    const char *challenge, const char *extra, const char *login)
{
	struct buf b;

	buf_init(&b, MAX_URL);
	buf_add_str(&b, c->authorize_url);
	buf_add_str(&b, strchr(c->authorize_url, '?') == NULL ? "?" : "&");
	buf_add_str(&b, "response_type=code");
	add_parameter(&b, "client_id", c->client_id);
	add_parameter(&b, "redirect_uri", q->redirect_uri);
	add_parameter(&b, "scope", c->scope);
	add_parameter(&b, "state", q->state);
	add_parameter(&b, "code_challenge", challenge);
	add_parameter(&b, "code_challenge_method", "S256");
	add_parameter(&b, "login_hint", login);
	add_parameter(&b, "audience", c->audience);
	add_parameter(&b, "resource", c->resource);
	if (must_ask(c->scope, extra))
		add_parameter(&b, "prompt", "consent");
	if (extra != NULL && extra[0] != '\0')
		buf_add_fmt(&b, "&%s", extra);
	return buf_take(&b);
}

void
oauth_code_begin(const struct oauth_client *c, const char *redirect_uri,
    const char *extra, const char *login, const char *issuer,
    struct oauth_code *q)
{
	struct buf challenge, state;

	memset(q, 0, sizeof(*q));
	buf_init(&challenge, 64);
	buf_init(&state, 64);
	secret_init(&q->verifier);
	make_verifier(&q->verifier, &challenge);
	add_random(&state, STATE);
	q->state = buf_take(&state);
	q->redirect_uri = mem_dup(redirect_uri);
	q->iss = issuer != NULL;
	q->issuer = mem_dup(issuer != NULL ? issuer : c->issuer);
	q->url = make_url(c, q, challenge.data, extra, login);
	buf_clear(&challenge);
}

void
oauth_code_clear(struct oauth_code *q)
{
	secret_clear(&q->verifier);
	free(q->state);
	free(q->redirect_uri);
	free(q->url);
	free(q->issuer);
	memset(q, 0, sizeof(*q));
	secret_init(&q->verifier);
}

/* ---- what comes back */

/* The parameters that count. The challenge is one of the request: where it is,
 * somebody has pasted that. */
enum field {
	FIELD_CODE,
	FIELD_STATE,
	FIELD_ISS,
	FIELD_ERROR,
	FIELD_DESCRIPTION,
	FIELD_CHALLENGE,
	N_FIELDS
};

static const char *const names[N_FIELDS] = { "code", "state", "iss", "error",
	"error_description", "code_challenge" };

/* Their values, or NULL: not there. They lie in the text, decoded in place. */
struct answer {
	const char *value[N_FIELDS];
};

/* Cut *rest behind the first c, which is overwritten: what stood before it.
 * Without one, all of it, and *rest is "" then. */
static char *
cut(char **rest, char c)
{
	char *front = *rest, *at = strchrnul(front, c);

	*rest = at + (*at != '\0');
	*at = '\0';
	return front;
}

static enum field
field_of(const char *name, size_t n)
{
	enum field f;

	for (f = 0; f < N_FIELDS; f++) {
		if (strlen(names[f]) == n && memcmp(names[f], name, n) == 0)
			break;
	}
	return f;
}

/* Does it hold a parameter that counts? */
static bool
is_query(const char *s)
{
	size_t n, pair;

	for (; *s != '\0'; s += pair + (s[pair] == '&')) {
		pair = strcspn(s, "&");
		n = strcspn(s, "=&");
		if (s[n] == '=' && field_of(s, n) != N_FIELDS)
			return true;
	}
	return false;
}

static int
hex_value(char c)
{
	if (text_is_digit(c))
		return c - '0';
	c = (char)text_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo percent encoding in place and, in a form, '+' for a blank. False where
 * it is not well-formed, or gives a NUL. */
static bool
decode(char *s, bool form)
{
	char *to = s;
	int high, low;

	for (; *s != '\0'; s++, to++) {
		*to = *s == '+' && form ? ' ' : *s;
		if (*s != '%')
			continue;
		high = hex_value(s[1]);
		low = high < 0 ? -1 : hex_value(s[2]);
		if (low < 0 || high + low == 0)
			return false;
		*to = (char)(high * 16 + low);
		s += 2;
	}
	*to = '\0';
	return true;
}

static int
read_query(char *query, struct answer *a, struct err *e)
{
	char *value, *name;
	enum field f;

	while (*query != '\0') {
		value = cut(&query, '&');
		name = cut(&value, '=');
		f = field_of(name, strlen(name));
		if (f == N_FIELDS)
			continue;
		if (a->value[f] != NULL)
			return err_set(e, EX_DATAERR,
			    "authorization: %s: it is there twice", names[f]);
		if (!decode(value, true))
			return err_set(e, EX_DATAERR,
			    "authorization: %s: not well encoded", names[f]);
		a->value[f] = value;
	}
	return 0;
}

static bool
is_given(const struct answer *a, enum field f)
{
	return a->value[f] != NULL && a->value[f][0] != '\0';
}

static bool
is_same(const char *s, const char *want)
{
	size_t n = strlen(want);

	return strlen(s) == n && crypt_same(s, want, n);
}

/* Is it an answer to our request, and of the right server? */
static int
check_origin(const struct oauth_code *q, const struct answer *a, struct err *e)
{
	if (!is_given(a, FIELD_STATE))
		return err_set(e, EX_DATAERR,
		    "authorization: state: it is missing: the whole address "
		    "is needed");
	if (!is_same(a->value[FIELD_STATE], q->state))
		return err_set(e, EX_DATAERR,
		    "authorization: state: it belongs to another login");
	if (q->iss && !is_given(a, FIELD_ISS))
		return err_set(e, EX_DATAERR,
		    "authorization: iss: it is missing, and %s always says it",
		    q->issuer);
	if (q->issuer != NULL && a->value[FIELD_ISS] != NULL &&
	    !is_same(a->value[FIELD_ISS], q->issuer))
		return err_set(e, EX_DATAERR,
		    "authorization: iss: the answer is of \"%s\", not of %s",
		    a->value[FIELD_ISS], q->issuer);
	return 0;
}

/* The server has said no. */
static int
say_refusal(const struct answer *a, struct err *e)
{
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX);
	oauth_add_error(
	    &text, a->value[FIELD_ERROR], a->value[FIELD_DESCRIPTION]);
	err_set(e, EX_NOPERM, "authorization: %s", text.data);
	buf_clear(&text);
	return EX_NOPERM;
}

/* RFC 6749 A.11: visible ASCII and blanks. */
static int
take_code(const char *s, struct secret *code, struct err *e)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		if (s[i] < ' ' || s[i] > '~')
			return err_set(e, EX_DATAERR,
			    "authorization: code: it holds octets that no code "
			    "may have");
	}
	secret_set(code, s, i);
	return 0;
}

static int
read_answer(
    const struct oauth_code *q, char *query, struct secret *code, struct err *e)
{
	struct answer a = { { NULL } };
	int rc = read_query(query, &a, e);

	if (rc == 0)
		rc = check_origin(q, &a, e);
	if (rc != 0)
		return rc;
	if (is_given(&a, FIELD_ERROR) && is_given(&a, FIELD_CODE))
		return err_set(e, EX_DATAERR,
		    "authorization: code: there is an error beside it");
	if (is_given(&a, FIELD_ERROR))
		return say_refusal(&a, e);
	if (is_given(&a, FIELD_CODE))
		return take_code(a.value[FIELD_CODE], code, e);
	if (is_given(&a, FIELD_CHALLENGE))
		return err_set(e, EX_DATAERR,
		    "authorization: code: it is missing: this is the address "
		    "to be opened, not the one that it leads to");
	return err_set(e, EX_DATAERR, "authorization: code: it is missing");
}

/*
 * Find the query: it stands behind '?', or in the fragment where there is none
 * before it. NULL: what a person has pasted is the code alone.
 */
static char *
find_query(char *s, bool bare)
{
	char *mark = strchr(s, '?'), *query;

	if (mark == NULL && bare && strstr(s, "://") == NULL && !is_query(s))
		return NULL;
	if (mark != NULL)
		s = mark + 1;
	query = cut(&s, '#');
	return !is_query(query) && is_query(s) ? s : query;
}

/* What came, without what stands around it; it may be changed. */
static int
read_text(const struct oauth_code *q, char *s, bool bare, struct secret *code,
    struct err *e)
{
	char *query;
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f)
			return err_set(e, EX_DATAERR,
			    "authorization: there is a blank or a line end in "
			    "it");
	}
	if (i == 0 || i > MAX_TEXT)
		return err_set(e, EX_DATAERR, "authorization: it is %s",
		    i == 0 ? "empty" : "too long");
	query = find_query(s, bare);
	if (query != NULL)
		return read_answer(q, query, code, e);
	/* It may have been copied out of an address; but a '+' is one. */
	if (!decode(s, false))
		return err_set(
		    e, EX_DATAERR, "authorization: code: not well encoded");
	return take_code(s, code, e);
}

int
oauth_code_read(const struct oauth_code *q, const char *text, bool bare,
    struct secret *code, struct err *e)
{
	static const char around[] = " \t\r\n\"'<>";
	size_t n;
	char *copy;
	int rc;

	secret_clear(code);
	text += strspn(text, around);
	n = strlen(text);
	while (n > 0 && strchr(around, text[n - 1]) != NULL)
		n--;
	copy = mem_dup_n(text, n);
	rc = read_text(q, copy, bare, code, e);
	buf_wipe(copy, n);
	free(copy);
	return rc;
}

bool
oauth_code_redeem(const struct oauth_client *c, const struct oauth_proof *proof,
    const struct oauth_code *q, const struct secret *code, int64_t timeout_ms,
    int64_t now, struct oauth_token *t, struct oauth_trouble *f)
{
	struct oauth_ask ask;
	bool ok;

	oauth_ask_begin(&ask, c, proof, c->token_url);
	ask.grant = OAUTH_AUTHORIZATION_CODE;
	ask.hush[0] = code;
	ask.hush[1] = &q->verifier;
	oauth_add_text(&ask, "grant_type", "authorization_code");
	oauth_add_secret(&ask, "code", code);
	oauth_add_text(&ask, "redirect_uri", q->redirect_uri);
	oauth_add_secret(&ask, "code_verifier", &q->verifier);
	ok = oauth_exchange(&ask, timeout_ms, now, t, f);
	oauth_ask_end(&ask);
	return ok;
}
