/* SPDX-License-Identifier: ISC */
/*
 * check_tls: a server's certificate: why it is refused, and the line that would
 * have it accepted, if it should be.
 */
#include "cmd/check_part.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "cmd/tell.h"

enum { WARN_DAYS = 7 };

static const int64_t DAY = 24 * 60 * 60 * (int64_t)1000;

/* A key of the tls group, as it is pasted: with the group if there is none. */
static void
add_key(struct buf *b, const struct wire_target *t, const char *key,
    const char *value)
{
	bool group = t->ca_file != NULL || t->pin != NULL || t->cert != NULL ||
		     t->server_name != NULL || t->tls13;

	buf_add_fmt(
	    b, group ? "%s = \"%s\";" : "tls = { %s = \"%s\"; };", key, value);
}

static void
add_pin(
    struct buf *b, const struct wire_target *t, const struct crypt_cert *leaf)
{
	struct buf pin;

	buf_init(&pin, 128);
	buf_add_str(&pin, "sha256//");
	text_add_base64(&pin, leaf->pin, sizeof(leaf->pin));
	add_key(b, t, "pin", pin.data);
	buf_clear(&pin);
}

static const char *
administrator(const struct wire_target *t)
{
	return t->host != NULL ? t->host : "the server";
}

/* ---- why it is refused */

static void
explain_time(const struct check *k, const struct wire_target *t,
    const struct crypt_chain *c, struct check_step *s)
{
	bool expired = c->faults & CRYPT_CHAIN_EXPIRED;

	(void)k;
	buf_add_str(&s->text, expired ? "it expired " : "it is valid only ");
	check_add_span(
	    &s->text, sys_now(), expired ? c->ends : c->leaf.not_before);
	buf_add_str(&s->text, ", on ");
	tell_add_time(&s->text, expired ? c->ends : c->leaf.not_before);
	buf_add_str(&s->text, "; it is now ");
	tell_add_time(&s->text, sys_now());
	buf_add_str(&s->remedy,
	    "if that is not the time, set the clock: timedatectl set-ntp "
	    "true; else ");
	buf_add_fmt(&s->remedy, "the administrator of %s must renew it",
	    administrator(t));
}

/* Can it be pasted into a configuration? A server may have anything in there.
 */
static bool
is_host_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");

	return n > 0 && s[n] == '\0';
}

static void
explain_name(const struct check *k, const struct wire_target *t,
    const struct crypt_chain *c, struct check_step *s)
{
	const char *wanted = t->server_name != NULL ? t->server_name : t->host;
	size_t n = strcspn(c->leaf.names, ",");
	char *first = mem_dup_n(c->leaf.names, n);

	buf_add_fmt(&s->text, "it is not for %s but for %s", wanted,
	    n > 0 ? c->leaf.names : "nobody");
	if (is_host_name(first)) {
		buf_add_str(
		    &s->remedy, "if that is the server that is meant: ");
		add_key(&s->remedy, t, "server_name", first);
		buf_add_str(&s->remedy, " or that name in server");
	} else {
		buf_add_fmt(&s->remedy,
		    "use one of its names in server, or have it made for %s",
		    wanted);
	}
	check_add_place(&s->remedy, k->account);
	free(first);
}

static void
explain_trust(const struct check *k, const struct wire_target *t,
    const struct crypt_chain *c, struct check_step *s)
{
	char *path;

	if (c->faults & CRYPT_CHAIN_SELF_SIGNED) {
		buf_add_str(&s->text, "it is self-signed, and nothing says to "
				      "trust it");
		buf_add_str(&s->remedy, "if its administrator tells the same "
					"pin, trust this key: ");
		add_pin(&s->remedy, t, &c->leaf);
		check_add_place(&s->remedy, k->account);
		return;
	}
	buf_add_fmt(&s->text,
	    "%s has signed it, and is not among the CAs of %s", c->unknown,
	    t->ca_file != NULL ? t->ca_file : wire_ca_file());
	if (c->faults & CRYPT_CHAIN_INCOMPLETE) {
		buf_add_str(&s->text, "; the server sends its own certificate "
				      "alone");
		buf_add_fmt(&s->remedy,
		    "if that is an intermediate CA, the administrator of %s "
		    "must have its certificate sent along",
		    administrator(t));
		if (c->missing_at[0] != '\0')
			buf_add_fmt(&s->remedy, " (%s)", c->missing_at);
		buf_add_str(&s->remedy, "; else ");
	}
	path = mem_printf("/etc/osmtp/%s-ca.pem", k->account->name);
	buf_add_fmt(&s->remedy,
	    "put the certificate of \"%s\" into a file: ", c->unknown);
	add_key(
	    &s->remedy, t, "ca_file", t->ca_file != NULL ? t->ca_file : path);
	check_add_place(&s->remedy, k->account);
	free(path);
}

/* A pin that stands alone asks for nothing else. */
static bool
is_pin_alone(const struct wire_target *t)
{
	return t->pin != NULL && t->ca_file == NULL;
}

static void
explain(const struct check *k, const struct wire_target *t,
    const struct probe *p, struct check_step *s)
{
	const struct crypt_chain *c = &p->chain;
	unsigned faults = is_pin_alone(t) ? 0 : c->faults;

	s->outcome = &p->outcome;
	if (faults & ~CRYPT_CHAIN_OTHER) {
		buf_add_fmt(&s->text,
		    "the certificate of %s is refused: ", c->leaf.subject);
	}
	if (faults & (CRYPT_CHAIN_EXPIRED | CRYPT_CHAIN_NOT_YET)) {
		explain_time(k, t, c, s);
	} else if (faults & CRYPT_CHAIN_UNKNOWN_CA) {
		explain_trust(k, t, c, s);
	} else if (faults & CRYPT_CHAIN_WRONG_NAME) {
		explain_name(k, t, c, s);
	} else if (faults & CRYPT_CHAIN_OTHER) {
		buf_add_str(&s->text, c->other);
	} else {
		check_step_fail(s, &p->outcome);
		if (t->pin != NULL && faults == 0) {
			buf_add_str(&s->remedy,
			    "if its administrator has changed the key on "
			    "purpose: ");
			add_pin(&s->remedy, t, &c->leaf);
			check_add_place(&s->remedy, k->account);
		}
	}
}

/* ---- what it is like */

static void
describe(const struct wire_target *t, const struct crypt_chain *c,
    struct check_step *s)
{
	int64_t now = sys_now();

	buf_add_fmt(
	    &s->text, "%s, by %s, ends ", c->leaf.subject, c->leaf.issuer);
	check_add_span(&s->text, now, c->ends);
	if (t->pin != NULL)
		buf_add_str(&s->text, "; its key is pinned");
	s->expires = c->ends;
	if (c->ends - now < WARN_DAYS * DAY && !is_pin_alone(t)) {
		check_step_warn(s);
		buf_add_fmt(&s->remedy,
		    "the administrator of %s should have renewed it by now",
		    administrator(t));
	}
}

void
check_tls(struct check *k, const struct wire_target *t, const struct probe *p,
    bool ok)
{
	struct check_step s;

	check_step_begin(&s, "TLS");
	s.took = p->took[PROBE_TLS];
	if (t->tls == WIRE_CLEAR) {
		buf_add_str(&s.text, "none (tls.mode)");
		s.took = -1;
	} else if (!ok) {
		s.mark = CHECK_FAIL;
		if (p->has_chain)
			explain(k, t, p, &s);
		else
			check_step_fail(&s, &p->outcome);
	} else if (p->has_chain) {
		describe(t, &p->chain, &s);
	}
	check_step_end(k, &s);
}
