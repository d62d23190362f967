/* SPDX-License-Identifier: ISC */
/*
 * envelope: sender and recipients.
 *
 * Recipients are found by an open hash of their texts, domains folded, since
 * a list may have tens of thousands. A slot holds the index of a recipient
 * plus one, or 0; at most half of the slots are in use.
 */
#include "mail/envelope.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"

enum { ENVELOPE_FIRST_SLOTS = 16 };

void
envelope_make_id(char id[ENVELOPE_ID_LENGTH + 1], int64_t now)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint64_t when = (uint64_t)now;
	uint64_t chance;
	int i;

	sys_random(&chance, sizeof(chance));
	for (i = ENVELOPE_ID_LENGTH - 1; i >= 9; i--, chance >>= 5)
		id[i] = digits[chance & 31];
	for (; i >= 0; i--, when >>= 5)
		id[i] = digits[when & 31];
	id[ENVELOPE_ID_LENGTH] = '\0';
}

/*
 * The text of a as it goes to the wire, its domain in A-labels; NULL, and
 * EX_DATAERR, if it may not.
 */
static char *
envelope_text(const struct addr *a, struct err *e)
{
	struct addr ready;
	char *text = NULL;
	int code;

	addr_copy(&ready, a);
	code = addr_to_ascii_domain(&ready, e);
	if (code == 0) {
		text = addr_text(&ready);
		if (addr_is_bare(&ready))
			code = err_set(e, EX_DATAERR,
			    "address: %.80s: has no domain behind an at sign",
			    text);
		else
			code = addr_check_wire(text, strlen(text), e);
	}
	addr_clear(&ready);
	if (code == 0)
		return text;
	free(text);
	return NULL;
}

/* Make text, which is ours from now on, the sender. */
static void
envelope_put_sender(struct envelope *v, char *text)
{
	size_t i;

	mem_replace(&v->sender, text);
	v->utf8 = envelope_is_utf8_for_all(v);
	for (i = 0; i < v->n_rcpts && !v->utf8; i++)
		v->utf8 = !text_is_ascii(v->rcpts[i], strlen(v->rcpts[i]));
}

int
envelope_set_sender(struct envelope *v, const struct addr *a, struct err *e)
{
	char *text = envelope_text(a, e);

	if (text == NULL)
		return EX_DATAERR;
	envelope_put_sender(v, text);
	return 0;
}

/* FNV-1a; octets from index domain on count without case. */
static uint32_t
envelope_hash(const char *s, size_t domain)
{
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		h ^= (unsigned char)(i < domain ? s[i] : text_lower(s[i]));
		h *= 16777619u;
	}
	return h;
}

/*
 * The slot of the recipient that equals s, or the free one where it belongs.
 * s + domain is what counts without case.
 */
static uint32_t *
envelope_slot(const struct envelope *v, const char *s, size_t domain)
{
	size_t i = envelope_hash(s, domain);
	const char *rcpt;

	for (;; i++) {
		i &= v->n_slots - 1;
		if (v->slots[i] == 0)
			break;
		rcpt = v->rcpts[v->slots[i] - 1];
		if (strncmp(rcpt, s, domain) == 0 &&
		    text_case_eq(rcpt + domain, s + domain))
			break;
	}
	return &v->slots[i];
}

/* Where the domain of a complete address begins. */
static size_t
envelope_domain(const char *text)
{
	return (size_t)(strrchr(text, '@') - text);
}

/* Make room for one recipient more. */
static void
envelope_grow(struct envelope *v)
{
	uint32_t i;

	if (v->n_rcpts < v->n_slots / 2)
		return;
	free(v->slots);
	v->n_slots = v->n_slots > 0 ? 2 * v->n_slots : ENVELOPE_FIRST_SLOTS;
	v->slots = mem_new(v->n_slots, sizeof(*v->slots));
	v->rcpts = mem_grow(v->rcpts, v->n_slots / 2, sizeof(*v->rcpts));
	if (v->rcpt_dsn != NULL)
		v->rcpt_dsn =
		    mem_grow(v->rcpt_dsn, v->n_slots / 2, sizeof(*v->rcpt_dsn));
	for (i = 0; i < v->n_rcpts; i++)
		*envelope_slot(v, v->rcpts[i], envelope_domain(v->rcpts[i])) =
		    i + 1;
}

/*
 * Add text, which is ours from now on, unless it is there already: *is_new
 * tells; *at is where it is.
 */
static int
envelope_put_rcpt(
    struct envelope *v, char *text, bool *is_new, size_t *at, struct err *e)
{
	uint32_t *slot;

	envelope_grow(v);
	slot = envelope_slot(v, text, envelope_domain(text));
	*is_new = *slot == 0;
	*at = *is_new ? v->n_rcpts : *slot - 1;
	if (!*is_new) {
		free(text);
		return 0;
	}
	if (v->n_rcpts == ENVELOPE_MAX_RCPTS) {
		free(text);
		return err_set(e, EX_DATAERR,
		    "envelope: more than %d recipients", ENVELOPE_MAX_RCPTS);
	}
	v->rcpts[v->n_rcpts] = text;
	if (v->rcpt_dsn != NULL)
		v->rcpt_dsn[v->n_rcpts] = (struct dsn_rcpt){ 0 };
	*slot = (uint32_t)++v->n_rcpts;
	v->utf8 = v->utf8 || !text_is_ascii(text, strlen(text));
	return 0;
}

const struct dsn_rcpt *
envelope_wish(const struct envelope *v, size_t i)
{
	static const struct dsn_rcpt nothing;

	return v->rcpt_dsn != NULL ? &v->rcpt_dsn[i] : &nothing;
}

void
envelope_set_wish(struct envelope *v, size_t i, const struct dsn_rcpt *wish)
{
	if (wish->notify == 0 && wish->orcpt == NULL && v->rcpt_dsn == NULL)
		return;
	if (v->rcpt_dsn == NULL)
		v->rcpt_dsn = mem_new(v->n_slots / 2, sizeof(*v->rcpt_dsn));
	dsn_rcpt_copy(&v->rcpt_dsn[i], wish);
}

int
envelope_add_rcpt(struct envelope *v, const struct addr *a, struct err *e)
{
	return envelope_add_rcpt_dsn(v, a, NULL, e);
}

int
envelope_add_rcpt_dsn(struct envelope *v, const struct addr *a,
    const struct dsn_rcpt *wish, struct err *e)
{
	struct dsn_rcpt both = { 0 };
	char *text;
	bool is_new;
	size_t at;
	int code;

	if (addr_is_null(a))
		return err_set(
		    e, EX_DATAERR, "address: <>: no address of a recipient");
	text = envelope_text(a, e);
	if (text == NULL)
		return EX_DATAERR;
	code = envelope_put_rcpt(v, text, &is_new, &at, e);
	if (code == 0 && wish != NULL) {
		dsn_rcpt_copy(&both, is_new ? wish : envelope_wish(v, at));
		dsn_rcpt_merge(&both, wish);
		envelope_set_wish(v, at, &both);
		dsn_rcpt_clear(&both);
	}
	return code;
}

/* Could an envelope have given this address? */
static int
envelope_check(const char *text, struct err *e)
{
	const char *at = strrchr(text, '@');

	if (at == NULL || at == text || at[1] == '\0')
		return err_set(
		    e, EX_DATAERR, "address: %.80s: is not complete", text);
	return addr_check_wire(text, strlen(text), e);
}

int
envelope_restore_sender(struct envelope *v, const char *text, struct err *e)
{
	int code = *text != '\0' ? envelope_check(text, e) : 0;

	if (code == 0)
		envelope_put_sender(v, mem_dup(text));
	return code;
}

int
envelope_restore_rcpt(struct envelope *v, const char *text, struct err *e)
{
	int code = envelope_check(text, e);
	bool is_new;
	size_t at;

	if (code == 0)
		code = envelope_put_rcpt(v, mem_dup(text), &is_new, &at, e);
	if (code == 0 && !is_new)
		code = err_set(
		    e, EX_DATAERR, "envelope: %.80s: is there twice", text);
	return code;
}

bool
envelope_is_utf8_for_all(const struct envelope *v)
{
	return v->utf8_head || (v->sender != NULL && !text_is_ascii(v->sender,
							 strlen(v->sender)));
}

void
envelope_clear(struct envelope *v)
{
	size_t i;

	for (i = 0; i < v->n_rcpts; i++) {
		free(v->rcpts[i]);
		if (v->rcpt_dsn != NULL)
			dsn_rcpt_clear(&v->rcpt_dsn[i]);
	}
	dsn_wish_clear(&v->dsn);
	free(v->rcpt_dsn);
	free(v->rcpts);
	free(v->slots);
	free(v->sender);
	*v = (struct envelope){ 0 };
}
