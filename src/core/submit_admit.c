/* SPDX-License-Identifier: ISC */
/* submit_admit: decide by which profile, from whom and to whom it goes. */
#include "core/submit_part.h"

#include <string.h>

#include "base/mem.h"

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
		submit_login_address(out, r->user, c->domain);
	else if (from != NULL && profile_owns(p, from))
		addr_copy(out, from);
	else
		addr_copy(out, &p->address);
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
	dsn_wish_copy(&a->envelope.dsn, &r->dsn);
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
	if (code == 0 && submit_finish_header(r, c, a, from, &sender))
		a->envelope.utf8 = a->envelope.utf8_head = true;
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
