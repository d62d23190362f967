/* SPDX-License-Identifier: ISC */
/*
 * submit_header: the header as it goes out. What a profile that rewrites does
 * to it stands here, and what is made where nobody wrote it.
 *
 * A server judges by From whether an account may send a message, so a profile
 * that rewrites does it to a resent message, too. Resent- fields stay: no
 * server judges by them, and they tell who sent it on.
 */
#include "core/submit_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "mail/lex.h"

/* ---- names */

void
submit_login_address(
    struct addr *a, const struct sys_user *u, const char *domain)
{
	struct buf b;

	buf_init(&b, ADDR_MAX_LOCAL);
	if (lex_is_dot_atom(u->login, strlen(u->login)))
		buf_add_str(&b, u->login);
	else /* of another system's directory, as EXAMPLE\ann */
		lex_add_quoted(&b, u->login, strlen(u->login));
	a->local = buf_take(&b);
	a->domain = mem_dup(domain);
}

/* What the caller is called: NAME, else by the password database. */
static const char *
own_name(const struct submit_request *r)
{
	return r->own_name != NULL ? r->own_name : r->user->gecos;
}

/* The full name of whoever sends: -F, else the caller's. */
static const char *
full_name(const struct submit_request *r)
{
	return r->full_name != NULL ? r->full_name : own_name(r);
}

/* Does that address stand for the caller? */
static bool
is_own(
    const struct submit_request *r, const struct conf *c, const struct addr *a)
{
	struct addr own = { 0 };
	bool is;

	submit_login_address(&own, r->user, c->domain);
	is = addr_equal(&own, a) ||
	     (profile_is_local(&c->set, a) && strcmp(own.local, a->local) == 0);
	addr_clear(&own);
	return is;
}

/* ---- a From that nobody wrote */

/* Octets of the last line of a value; in front of it stands a name. */
static size_t
last_line(const struct buf *value)
{
	size_t n = 0;

	while (n < value->len && value->data[value->len - n - 1] != '\n')
		n++;
	return n < value->len ? n : n + strlen("Resent-From: ");
}

/* Make a value of a mailbox, with a name if there is one. Encoded words make a
 * line of at most 76 octets (RFC 2047 2). */
static void
add_mailbox(struct buf *b, const char *name, const struct addr *a)
{
	size_t address =
	    strlen(a->local) + 1 + (a->domain != NULL ? strlen(a->domain) : 0);

	addr_add_phrase(b, name);
	if (b->len == 0) {
		addr_add_to(b, a);
		return;
	}
	if (last_line(b) + address + 3 > LEX_ENCODED_LINE)
		buf_add_str(b, "\r\n");
	buf_add_str(b, " <");
	addr_add_to(b, a);
	buf_add_char(b, '>');
}

/* The profile's display name; without one the name of the sender. */
static void
add_by_profile(struct buf *b, const struct submit_request *r,
    const struct conf *c, const struct profile *p, const struct addr *a)
{
	char *host = mem_dup_n(c->hostname, strcspn(c->hostname, "."));
	struct buf name;

	buf_init(&name, SIZE_MAX / 2);
	profile_add_display(&name, p, r->user->login, full_name(r), host);
	if (name.len == 0 && r->full_name != NULL)
		buf_add_str(&name, r->full_name);
	add_mailbox(b, name.len > 0 ? name.data : "", a);
	buf_clear(&name);
	free(host);
}

/* The mailbox of whoever sends, for a profile that does not rewrite. */
static void
add_sender(struct buf *b, const struct submit_request *r, const struct conf *c,
    const struct profile *p, const struct addr *sender)
{
	struct addr a = { 0 };

	if (p->kind == PROFILE_MAILBOX) {
		add_by_profile(
		    b, r, c, p, addr_is_null(sender) ? &p->address : sender);
		return;
	}
	if (addr_is_null(sender))
		submit_login_address(&a, r->user, c->domain);
	else
		addr_copy(&a, sender);
	/* Another person's address does not get the caller's name. */
	add_mailbox(b,
	    r->full_name != NULL ? r->full_name
	    : is_own(r, c, &a)	 ? own_name(r)
				 : "",
	    &a);
	addr_clear(&a);
}

/* Is there a From with anything in it? */
static bool
has_from(const struct message *m)
{
	const struct field *f = message_field(m, "From");

	return f != NULL && strspn(f->value, " \t\r\n") < f->value_len;
}

static void
make_from(struct submit_request *r, const struct conf *c,
    const struct profile *p, const struct addr *sender)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	add_sender(&b, r, c, p, sender);
	message_set(&r->message, "From", b.data);
	buf_clear(&b);
}

/* ---- rewriting */

/* A sender that the profile lists stays, in a From that is made too. */
static const struct addr *
written_sender(const struct profile *p, const struct addr *sender)
{
	return profile_owns(p, sender) ? sender : &p->address;
}

/*
 * From becomes the profile's, Sender goes, and who wrote stays reachable: a
 * From that was not local becomes Reply-To if there is none.
 */
static void
rewrite(struct submit_request *r, const struct conf *c, const struct profile *p,
    const struct addr *from, const struct addr *sender)
{
	struct message *m = &r->message;
	struct buf b;
	char *value;

	message_remove(m, "Sender");
	if (from != NULL && profile_owns(p, from))
		return;
	if (message_field(m, "Reply-To") == NULL) {
		if (p->reply_to != NULL) {
			message_set(m, "Reply-To", p->reply_to);
		} else if (from != NULL && !profile_is_local(&c->set, from)) {
			/* With its folds, which keep its lines short. */
			value = mem_dup(message_field(m, "From")->value);
			message_set(
			    m, "Reply-To", value + strspn(value, " \t\r\n"));
			free(value);
		}
	}
	buf_init(&b, SIZE_MAX / 2);
	add_by_profile(&b, r, c, p,
	    from == NULL ? written_sender(p, sender) : &p->address);
	message_set(m, "From", b.data);
	buf_clear(&b);
}

/* ---- fields that are added */

/* Who has resent it, where only others of the Resent- fields tell of it. */
static void
add_resent_from(struct submit_request *r, const struct conf *c,
    const struct profile *p, const struct addr *sender)
{
	struct message *m = &r->message;
	size_t at, end;
	struct buf b;

	if (!message_resent_block(m, &at, &end) ||
	    message_has_between(m, at, end, "Resent-From"))
		return;
	buf_init(&b, SIZE_MAX / 2);
	if (p->rewrite)
		add_by_profile(&b, r, c, p, written_sender(p, sender));
	else
		add_sender(&b, r, c, p, sender);
	message_insert(m, at, "Resent-From", b.data);
	buf_clear(&b);
}

/* The trace (RFC 5321 4.4): where it came in, and when, but not from whom. */
static void
add_received(struct submit_request *r, const struct conf *c)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	if (r->helo != NULL && submit_is_host(r->helo))
		buf_add_fmt(&b, "from %s ", r->helo);
	buf_add_fmt(&b, "by %s (osmtp)", c->hostname);
	if (r->helo != NULL)
		buf_add_fmt(&b, " with %s", r->esmtp ? "ESMTP" : "SMTP");
	buf_add_fmt(&b, " id %s;\r\n\t", r->id);
	field_add_date(&b, r->now);
	message_prepend(&r->message, "Received", b.data);
	buf_clear(&b);
}

bool
submit_finish_header(struct submit_request *r, const struct conf *c,
    const struct submit_admission *a, const struct addr *from,
    const struct addr *sender)
{
	const struct profile *p = a->profile;
	struct message *m = &r->message;

	if (p->rewrite)
		rewrite(r, c, p, from, sender);
	else if (!has_from(m))
		make_from(r, c, p, sender);
	add_resent_from(r, c, p, sender);
	if (p->auto_submitted && !a->choice.unmatched &&
	    message_field(m, "Auto-Submitted") == NULL)
		message_set(m, "Auto-Submitted", "auto-generated");
	message_complete(m, c->domain);
	if (c->received)
		add_received(r, c);
	return message_tidy(m);
}
