/* SPDX-License-Identifier: ISC */
/* advice: what a person can do about an outcome. */
#include "cmd/advice.h"

static void
about_configuration(
    struct buf *b, const struct outcome *o, const struct profile *p)
{
	switch (o->stage) {
	case OUTCOME_AT_TOKEN:
		buf_add_fmt(b,
		    "correct client_id, client_secret, token_url or scope in "
		    "profiles.%s.oauth",
		    p->name);
		break;
	case OUTCOME_AT_TLS:
		buf_add_fmt(b,
		    "ask the server's administrator for a valid certificate, "
		    "or name its CA in profiles.%s.tls.ca_file",
		    p->name);
		break;
	case OUTCOME_AT_AUTH:
		buf_add_fmt(b,
		    "correct user, auth, sasl or the secret in profiles.%s, or "
		    "have this way of login allowed at the server",
		    p->name);
		break;
	case OUTCOME_AT_MAIL:
	case OUTCOME_AT_RCPT:
		buf_add_fmt(b,
		    "have profile %s allowed to send as this sender at the "
		    "server, or correct its address",
		    p->name);
		break;
	default:
		buf_add_fmt(b, "correct server in profiles.%s", p->name);
	}
	buf_add_fmt(b, " (%s:%d)", p->home->path, p->line);
}

void
advice_add(struct buf *b, const struct outcome *o, const struct profile *p)
{
	if (o->kind == OUTCOME_UNCLEAR) {
		buf_add_str(
		    b, "look whether it has arrived before it is sent again");
		return;
	}
	switch (o->class) {
	case OUTCOME_CLASS_L:
	case OUTCOME_CLASS_T:
		buf_add_str(b, "send it again later");
		break;
	case OUTCOME_CLASS_P:
		if (o->ours)
			buf_add_str(b, "let whoever sends read it, or send as "
				       "a user who may");
		else
			buf_add_fmt(b,
			    "get a valid password or consent for %s and put it "
			    "into profiles.%s (%s:%d)",
			    profile_user_text(p), p->name, p->home->path,
			    p->line);
		break;
	case OUTCOME_CLASS_C:
		about_configuration(b, o, p);
		break;
	case OUTCOME_CLASS_M:
		buf_add_str(b, o->stage == OUTCOME_AT_RCPT
				   ? "check the recipient's address"
				   : "change the message; the server will not "
				     "take it as it "
				     "is");
		break;
	default:
		break;
	}
}
