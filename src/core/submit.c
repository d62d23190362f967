/* SPDX-License-Identifier: ISC */
/* submit: take a message, admit it. */
#include "core/submit_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* ---- take */

/* In a header a fold is a blank; in an argument it is an attack. */
static int
check_line_ends(const char *text, struct err *e)
{
	if (strpbrk(text, "\r\n") == NULL)
		return 0;
	return err_set(
	    e, EX_DATAERR, "%s: a line end in it, which no address has", text);
}

static int
take_sender(struct submit_request *r, const char *text, struct err *e)
{
	if (text == NULL)
		return 0;
	r->sender_given = true;
	if (text[0] == '\0')
		text = "<>";
	if (check_line_ends(text, e) != 0 ||
	    addr_parse(text, true, &r->sender, e) != 0)
		return err_wrap(e, "sender");
	return 0;
}

static int
take_operands(
    struct submit_request *r, const struct submit_options *o, struct err *e)
{
	size_t i;

	for (i = 0; i < o->n_rcpts; i++) {
		const char *text = o->rcpts[i];

		if (check_line_ends(text, e) != 0 ||
		    addr_parse_list(text, strlen(text), &r->rcpts, e) != 0)
			return err_wrap(e, "recipient");
	}
	return 0;
}

static void
add_missing(struct submit_request *r, const char *hostname, int64_t now)
{
	struct message *m = &r->message;
	struct buf b;

	buf_init(&b, 1024);
	if (message_field(m, "Date") == NULL) {
		field_add_date(&b, now);
		message_set(m, "Date", b.data);
	}
	if (message_field(m, "Message-ID") == NULL) {
		buf_reset(&b);
		buf_add_fmt(&b, "<%s@%s>", r->id, hostname);
		message_set(m, "Message-ID", b.data);
	}
	buf_clear(&b);
}

int
submit_take(struct submit_request *r, const struct submit_options *o,
    const struct sys_user *user, const char *hostname, int64_t now,
    struct stream_source *in, struct err *e)
{
	struct message_reading how = { .dot_ends = o->dot_ends,
		.max_size = o->max_size };
	int code;

	r->user = user;
	r->no_aliases = o->no_aliases;
	r->profile = o->profile;
	r->full_name = o->full_name;
	envelope_make_id(r->id, now);
	code = message_read_head(&r->message, &how, in, e);
	if (code == 0)
		code = take_sender(r, o->sender, e);
	if (code == 0)
		code = take_operands(r, o, e);
	if (code == 0 && o->from_header)
		code = message_recipients(&r->message, &r->rcpts, e);
	if (code != 0)
		return code;
	if (r->rcpts.n == 0)
		return err_set(e, EX_DATAERR,
		    o->from_header ? "recipients: none in To, Cc, Bcc or on "
				     "the command line"
				   : "recipients: none on the command line");
	message_remove(&r->message, "Bcc");
	message_remove(&r->message, "Resent-Bcc");
	message_remove(&r->message, "Return-Path");
	add_missing(r, hostname, now);
	return 0;
}

void
submit_request_clear(struct submit_request *r)
{
	addr_clear(&r->sender);
	addr_list_clear(&r->rcpts);
	message_clear(&r->message);
	memset(r, 0, sizeof(*r));
}

void
submit_rcpt_texts(const struct submit_request *r, struct text_list *out)
{
	char *text;
	size_t i;

	for (i = 0; i < r->rcpts.n; i++) {
		text = addr_text(&r->rcpts.v[i]);
		text_list_add(out, text);
		free(text);
	}
}

/* ---- admit: sender */

/* The first mailbox of From, if there is one that parses; begins as {0}. */
static bool
header_from(const struct message *m, struct addr *out)
{
	struct addr_list l = { 0 };
	struct err unused = ERR_NONE;
	bool found;

	found = message_addresses(m, "From", &l, &unused) == 0 && l.n > 0;
	if (found)
		addr_copy(out, &l.v[0]);
	addr_list_clear(&l);
	return found;
}

/* The caller as an address: login@domain. */
static void
login_address(struct addr *a, const struct sys_user *u, const char *domain)
{
	a->local = mem_dup(u->login);
	a->domain = mem_dup(domain);
}

/*
 * Who the message comes from on the wire. A null sender stays null, whoever
 * rewrites: nothing may ever be answered to it.
 */
static void
envelope_sender(const struct submit_request *r, const struct conf *c,
    const struct profile_choice *choice, const struct addr *from,
    struct addr *out)
{
	const struct profile *p = choice->profile;
	bool given = r->sender_given;

	if (given && addr_is_null(&r->sender))
		addr_copy(out, &r->sender);
	else if (given && !addr_is_bare(&r->sender) &&
		 (!p->rewrite || profile_owns(p, &r->sender)))
		addr_copy(out, &r->sender);
	else if (p->rewrite)
		addr_copy(out, &p->address);
	else if (given) {
		addr_copy(out, &r->sender);
		submit_complete(out, c->domain);
	} else if (p->kind == PROFILE_SYSTEM)
		login_address(out, r->user, c->domain);
	else if (from != NULL && profile_owns(p, from))
		addr_copy(out, from);
	else
		addr_copy(out, &p->address);
}

/* ---- admit: header */

static void
set_from(struct message *m, const char *name, const struct addr *a)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	addr_add_phrase(&b, name);
	buf_add_str(&b, b.len > 0 ? " <" : "<");
	addr_add_to(&b, a);
	buf_add_char(&b, '>');
	if (name[0] == '\0') {
		buf_reset(&b);
		addr_add_to(&b, a);
	}
	message_set(m, "From", b.data);
	buf_clear(&b);
}

/* Full name of whoever sends: -F, else the password database's. */
static const char *
full_name(const struct submit_request *r)
{
	return r->full_name != NULL ? r->full_name : r->user->gecos;
}

/* The profile's display name; without one the name of the sender. */
static void
from_by_profile(struct submit_request *r, const struct conf *c,
    const struct profile *p, const struct addr *a)
{
	char *host = mem_dup_n(c->hostname, strcspn(c->hostname, "."));
	struct buf name;

	buf_init(&name, SIZE_MAX / 2);
	profile_add_display(&name, p, r->user->login, full_name(r), host);
	if (name.len == 0 && r->full_name != NULL)
		buf_add_str(&name, r->full_name);
	set_from(&r->message, name.len > 0 ? name.data : "", a);
	buf_clear(&name);
	free(host);
}

/* A From that nobody wrote, for a profile that does not rewrite. */
static void
make_from(struct submit_request *r, const struct conf *c,
    const struct profile *p, const struct addr *sender)
{
	struct addr a = { 0 };

	if (p->kind == PROFILE_MAILBOX) {
		from_by_profile(
		    r, c, p, addr_is_null(sender) ? &p->address : sender);
		return;
	}
	if (addr_is_null(sender))
		login_address(&a, r->user, c->domain);
	else
		addr_copy(&a, sender);
	/* Another person's address does not get the caller's name. */
	set_from(&r->message,
	    r->full_name != NULL ? r->full_name
	    : r->sender_given	 ? ""
				 : r->user->gecos,
	    &a);
	addr_clear(&a);
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
	/* A sender that the profile lists stays, in a From that is made too. */
	from_by_profile(r, c, p,
	    from == NULL && profile_owns(p, sender) ? sender : &p->address);
}

static void
final_header(struct submit_request *r, const struct conf *c,
    const struct submit_admission *a, const struct addr *from,
    const struct addr *sender)
{
	const struct profile *p = a->profile;
	struct message *m = &r->message;

	if (p->rewrite)
		rewrite(r, c, p, from, sender);
	else if (message_field(m, "From") == NULL)
		make_from(r, c, p, sender);
	if (p->auto_submitted && !a->choice.unmatched &&
	    message_field(m, "Auto-Submitted") == NULL)
		message_set(m, "Auto-Submitted", "auto-generated");
	message_complete(m, c->domain);
}

int
submit_admit(struct submit_request *r, const struct conf *c,
    struct submit_admission *a, struct err *e)
{
	struct addr from_addr = { 0 };
	struct addr sender = { 0 };
	const struct addr *from;
	struct profile_request q = { .wanted = r->profile, .user = r->user };
	int code;

	memcpy(a->envelope.id, r->id, sizeof(r->id));
	from = header_from(&r->message, &from_addr) ? &from_addr : NULL;
	q.sender = r->sender_given ? &r->sender : NULL;
	q.from = from;
	code = profile_choose(&c->set, &q, &a->choice, e);
	if (code == 0)
		code = submit_admit_rcpts(r, c, &a->envelope, e);
	if (code == 0) {
		a->profile = a->choice.profile;
		envelope_sender(r, c, &a->choice, from, &sender);
		code = envelope_set_sender(&a->envelope, &sender, e);
	}
	if (code == 0)
		final_header(r, c, a, from, &sender);
	addr_clear(&from_addr);
	addr_clear(&sender);
	return code;
}

void
submit_admission_clear(struct submit_admission *a)
{
	profile_choice_clear(&a->choice);
	envelope_clear(&a->envelope);
	memset(a, 0, sizeof(*a));
}
