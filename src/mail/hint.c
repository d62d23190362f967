/* SPDX-License-Identifier: ISC */
/*
 * hint: the table of known refusals.
 *
 * A row fits an outcome if all hold:
 *
 *   stage     is one of the row's (BODY counts as FINAL: an early reply)
 *   key       with an error word: that and the row's detail are equal; a
 *             status that says by itself what is wrong (503, 404) is not
 *             overruled by it. Else the code and the row's enhanced code are
 *             equal; 0 is no code
 *   provider  is the row's, or the row is of software, which may answer
 *             anywhere, or nobody knows whose server it is (a relay passes on
 *             what another said): then the row's match must be in the text
 *   match     is in the text, if the row goes by text
 *
 * The best row has the greatest sum of worth: an error word over a code, the
 * own provider over software, a match over none, enhanced code or detail over
 * none. Of equals the first gives the explanation, but if they differ in
 * class none decides anything.
 */
#include "mail/hint.h"

#include <string.h>

#include "base/text.h"

#define BIT(stage) (1U << OUTCOME_AT_##stage)

/* What a row gains by each; a row that fits has 1 to begin with. */
enum { WORTH_NARROW = 2, WORTH_MATCH = 4, WORTH_OWN = 8, WORTH_ERROR = 16 };

struct host {
	const char *pattern; /* with one '*' at most */
	const char *provider;
};

struct row {
	struct hint hint;
	unsigned stages; /* BIT() of each */
	int code;
	const char *enhanced, *error, *detail, *match; /* or "" */
	bool by_text;
	bool software;
};

#include "mail/hint_table.inc"

#define N_ROWS	(sizeof(rows) / sizeof(rows[0]))
#define N_HOSTS (sizeof(hosts) / sizeof(hosts[0]))

/* ---- finding */

/* '*' stands for one octet or more. */
static bool
matches_host(const char *pattern, const char *host)
{
	const char *star = strchr(pattern, '*');
	size_t head, tail, n = strlen(host);

	if (star == NULL)
		return text_case_eq(pattern, host);
	head = (size_t)(star - pattern);
	tail = strlen(star + 1);
	return n > head + tail && text_case_eq_n(pattern, host, head) &&
	       text_case_eq(star + 1, host + n - tail);
}

const char *
hint_provider(const char *host)
{
	size_t i;

	for (i = 0; host != NULL && i < N_HOSTS; i++) {
		if (matches_host(hosts[i].pattern, host))
			return hosts[i].provider;
	}
	return "";
}

/* Does the HTTP status alone say what is wrong: not there, too busy, broken?
 * Whoever answers so may be a proxy, whatever his words. */
static bool
says_all(int status)
{
	return status == 404 || status == 405 || status == 408 ||
	       status == 410 || status == 425 || status == 429 ||
	       status / 100 == 3 || status / 100 == 5;
}

static bool
fits_error(const struct row *r, const struct outcome *o)
{
	if (strcmp(r->error, o->error) != 0)
		return false;
	if (r->detail[0] != '\0' && strcmp(r->detail, o->detail) != 0)
		return false;
	return o->stage != OUTCOME_AT_TOKEN || !says_all(o->code) ||
	       r->hint.class == OUTCOME_CLASS_L;
}

static bool
fits_code(const struct row *r, const struct outcome *o)
{
	return r->code == o->code && (r->enhanced[0] == '\0' ||
					 strcmp(r->enhanced, o->enhanced) == 0);
}

/* 0 if it does not fit. */
static int
worth_of(const struct row *r, const struct outcome *o)
{
	enum outcome_stage stage =
	    o->stage == OUTCOME_AT_BODY ? OUTCOME_AT_FINAL : o->stage;
	bool has_error = r->error[0] != '\0';
	bool own = strcmp(r->hint.provider, o->provider) == 0;
	bool match;

	if ((r->stages & (1U << stage)) == 0)
		return 0;
	if (has_error ? !fits_error(r, o) : !fits_code(r, o))
		return 0;
	match = r->match[0] != '\0' && strstr(o->text, r->match) != NULL;
	if (r->by_text && !match)
		return 0;
	if (!own && !r->software && (o->provider[0] != '\0' || !match))
		return 0;
	return 1 + has_error * WORTH_ERROR + own * WORTH_OWN +
	       match * WORTH_MATCH +
	       (r->enhanced[0] != '\0' || r->detail[0] != '\0') * WORTH_NARROW;
}

const struct hint *
hint_find(const struct outcome *o)
{
	const struct hint *best = NULL;
	bool disagree = false;
	int worth, most = 0;
	size_t i;

	for (i = 0; i < N_ROWS; i++) {
		worth = worth_of(&rows[i], o);
		if (worth > most) {
			best = &rows[i].hint;
			most = worth;
			disagree = false;
		} else if (worth > 0 && worth == most) {
			disagree |= rows[i].hint.class != best->class;
		}
	}
	return disagree ? NULL : best;
}

/* ---- classifying */

void
hint_classify(struct outcome *o)
{
	const struct hint *h;

	if (o->kind == OUTCOME_DELIVERED || o->kind == OUTCOME_UNCLEAR)
		return;
	h = hint_find(o);
	if (h == NULL && o->ours)
		return;
	if (h != NULL)
		o->class = h->class;
	else
		o->class = outcome_class_of(o->stage, o->code,
		    o->stage == OUTCOME_AT_TOKEN ? o->error : o->enhanced);
	if (o->class == OUTCOME_CLASS_NONE) /* a good reply, and yet no use */
		o->class = OUTCOME_CLASS_L;
	o->kind = o->class == OUTCOME_CLASS_M ? OUTCOME_REFUSED : OUTCOME_LATER;
}

/* ---- explaining */

/* What the table may name and this program does not have yet, or not for this
 * profile, and what stands in for it. A line goes when its command comes; that
 * of login counts where the refresh token is configured. */
static const struct absent {
	const char *words;
	const char *instead;
	bool unless_login;
} absent[] = {
	{ "osmtp login NAME",
	    "get a new consent and set profiles.NAME.oauth.refresh_token "
	    "(osmtp seal --set NAME.oauth.refresh_token)",
	    true },
	{ "osmtp test NAME", "send a message", false },
	{ "osmtp status", "osmtp profiles", false },
};

static bool
is_waiting(enum outcome_class c)
{
	return c == OUTCOME_CLASS_L || c == OUTCOME_CLASS_T;
}

/*
 * Does the row still speak of o? Not if its class was changed since, by what
 * others know: a refusal of one recipient out of many is no want of a login. F
 * always becomes something else.
 */
static bool
holds(const struct hint *h, const struct outcome *o)
{
	return h->class == o->class || h->class == OUTCOME_CLASS_F ||
	       (is_waiting(h->class) && is_waiting(o->class));
}

static const struct hint *
find_true(const struct outcome *o)
{
	const struct hint *h = NULL;

	if (o->kind != OUTCOME_DELIVERED && o->kind != OUTCOME_UNCLEAR)
		h = hint_find(o);
	return h != NULL && holds(h, o) ? h : NULL;
}

void
hint_add_meaning(struct buf *b, const struct outcome *o)
{
	const struct hint *h = find_true(o);

	if (h != NULL)
		buf_add_str(b, h->meaning);
}

/* Words of ours at the token endpoint name what is wrong; but of an answer that
 * we did not understand, 400 or 401, it is a guess. */
static bool
names_fault(const struct outcome *o)
{
	return o->ours && o->code != 400 && o->code != 401;
}

static const char *
advice_on_configuration(const struct outcome *o)
{
	switch (o->stage) {
	case OUTCOME_AT_TOKEN:
		if (strcmp(o->error, "unread_consent") == 0)
			return "put that right, or give it up for a new "
			       "consent: osmtp login NAME";
		if (names_fault(o))
			return "correct that in profiles.NAME.oauth";
		return "correct client_id, client_secret, token_url or scope "
		       "in profiles.NAME.oauth";
	case OUTCOME_AT_TLS:
		return "ask the server's administrator for a valid "
		       "certificate, or name its CA in "
		       "profiles.NAME.tls.ca_file";
	case OUTCOME_AT_AUTH:
		return "correct user, auth, sasl or the secret in "
		       "profiles.NAME, or have this way of login allowed at "
		       "the server";
	case OUTCOME_AT_CONNECT:
	case OUTCOME_AT_GREETING:
	case OUTCOME_AT_EHLO:
		return "correct server in profiles.NAME";
	default:
		return "have profile NAME allowed to send as this sender at "
		       "the server, or correct address in profiles.NAME";
	}
}

static const char *
advice_on_person(const struct outcome *o)
{
	if (o->stage == OUTCOME_AT_TOKEN &&
	    (o->error[0] != '\0' || o->code != 0))
		return "osmtp login NAME"; /* refused, or there is none yet */
	if (o->ours) /* a secret that the caller may not read */
		return "let whoever sends read it, or send as a user who may";
	if (o->stage == OUTCOME_AT_TOKEN)
		return "osmtp login NAME";
	return "get a valid password or consent for <user> and put it into "
	       "profiles.NAME (osmtp seal --set NAME.password)";
}

/* What to do about a class of trouble, whatever it is; "" for none. */
static const char *
general_advice(const struct outcome *o)
{
	if (o->kind == OUTCOME_DELIVERED)
		return "";
	if (o->kind == OUTCOME_UNCLEAR)
		return "look whether it has arrived before it is sent again";
	switch (o->class) {
	case OUTCOME_CLASS_NONE:
		break;
	case OUTCOME_CLASS_F:
	case OUTCOME_CLASS_L:
	case OUTCOME_CLASS_T:
		return "try again later";
	case OUTCOME_CLASS_P:
		return advice_on_person(o);
	case OUTCOME_CLASS_C:
		return advice_on_configuration(o);
	case OUTCOME_CLASS_M:
		return o->stage == OUTCOME_AT_RCPT
			   ? "check the recipient's address"
			   : "change the message: the server will not take it "
			     "as it is";
	}
	return "";
}

/* A person's step is no help where the configuration alone logs in. */
static const char *
step_for(const struct outcome *o, const struct hint_names *n)
{
	const struct hint *h = find_true(o);

	if (h == NULL)
		return general_advice(o);
	if (h->class == OUTCOME_CLASS_F && o->class == OUTCOME_CLASS_C &&
	    !n->mailbox && strcmp(h->who, "person") == 0)
		return general_advice(o);
	return h->remedy;
}

/* Append s[0..len) with the names filled in. */
static void
add_filled(struct buf *b, const char *s, size_t len, const struct hint_names *n)
{
	const struct {
		const char *word, *value;
	} names[] = {
		{ "NAME", n->profile },
		{ "<user>", n->user[0] != '\0' ? n->user : "USER" },
		{ "<host>", n->host[0] != '\0' ? n->host : "HOST" },
	};
	const char *end = s + len;
	size_t i;

	while (s < end) {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (text_starts(s, names[i].word))
				break;
		}
		if (i == sizeof(names) / sizeof(names[0])) {
			buf_add_char(b, *s++);
			continue;
		}
		buf_add_str(b, names[i].value);
		s += strlen(names[i].word);
	}
}

/* The first of absent[] in s, or NULL; *at says where. */
static const struct absent *
find_absent(const char *s, const struct hint_names *n, const char **at)
{
	const struct absent *found = NULL;
	const char *p;
	size_t i;

	for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		if (absent[i].unless_login && n->login)
			continue;
		p = strstr(s, absent[i].words);
		if (p != NULL && (found == NULL || p < *at)) {
			found = &absent[i];
			*at = p;
		}
	}
	return found;
}

void
hint_add_remedy(
    struct buf *b, const struct outcome *o, const struct hint_names *n)
{
	const char *s = step_for(o, n), *at = NULL;
	size_t begin = b->len;
	const struct absent *a;

	while ((a = find_absent(s, n, &at)) != NULL) {
		add_filled(b, s, (size_t)(at - s), n);
		add_filled(b, a->instead, strlen(a->instead), n);
		s = at + strlen(a->words);
	}
	add_filled(b, s, strlen(s), n);
	if (n->path != NULL && strstr(b->data + begin, "profiles.") != NULL)
		buf_add_fmt(b, " (%s:%d)", n->path, n->line);
}
