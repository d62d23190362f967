/* SPDX-License-Identifier: ISC */
/*
 * addr: the one parser of addresses: header lists (RFC 5322 3.4 with the
 * obsolete forms of 4.4), operands and configuration values.
 *
 * Must not know: profiles, who may send.
 */
#ifndef MAIL_ADDR_H
#define MAIL_ADDR_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A mailbox. local keeps the quotes where it needs them ("a b"@c) and loses
 * those it does not need; domain is NULL for a bare name, and a literal keeps
 * its brackets. The null address "<>" has an empty local and no domain.
 */
struct addr {
	char *local;
	char *domain;
	char *name;	     /* display name or comment, unquoted, or NULL */
	bool keep_bare;	     /* written \root: no aliases (RFC 822 quoting) */
	size_t spec_begin;   /* where the addr-spec stood in the parsed text */
	size_t domain_begin; /* behind the at sign; spec_end without one */
	size_t spec_end;
};

struct addr_list {
	struct addr *v;
	size_t n;
	size_t cap; /* private */
};

enum {
	ADDR_MAX_LOCAL = 512,  /* octets; RFC 5321 has 64, relays take more */
	ADDR_MAX_DOMAIN = 255, /* RFC 5321 4.5.3.1.2 */
	ADDR_MAX_DEPTH = 32,   /* nested comments */
	ADDR_MAX_LIST = 100000 /* mailboxes in one list */
};

/*
 * Append every mailbox of the address list in text[0..n): groups give their
 * members, comments are skipped (one behind a bare or plain address becomes
 * its name), source routes are dropped, folding white space may stand
 * anywhere, empty elements are skipped, "a@b c@d" is two, "x@y <a@b>" and
 * "John Q. Public <a@b>" are taken. UTF-8 is taken in names, local parts and
 * domains. What is no address (a@@b, two words without an at sign, an open
 * quote, a control character) is EX_DATAERR with the element in the text, and
 * out keeps what it held before. out begins as {0}.
 */
int addr_parse_list(
    const char *text, size_t n, struct addr_list *out, struct err *e);

/* Exactly one mailbox; "<>" only if null_too. Begins as {0}. EX_DATAERR. */
int addr_parse(
    const char *text, bool null_too, struct addr *out, struct err *e);

void addr_copy(struct addr *to, const struct addr *from);
void addr_clear(struct addr *a);
void addr_list_clear(struct addr_list *l);
void addr_list_add(struct addr_list *l, const struct addr *a); /* copies */

/* Append local@domain, or local alone; nothing for the null address. */
void addr_add_to(struct buf *b, const struct addr *a);

/* The same as a string that the caller frees. */
char *addr_text(const struct addr *a);

bool addr_is_null(const struct addr *a);
bool addr_is_bare(const struct addr *a); /* no domain, not null */
bool addr_is_ascii(const struct addr *a);

/* Make the domain ASCII (A-labels); nothing without one. EX_DATAERR, with *a
 * unchanged. */
int addr_to_ascii_domain(struct addr *a, struct err *e);

/* Same mailbox: domains without case, A-labels like what they stand for; local
 * parts to the octet; the quotes of a local part that needs none do not count.
 */
bool addr_equal(const struct addr *a, const struct addr *b);

/*
 * Append the text with "@domain" behind each bare mailbox of the list in
 * text[0..n) (domain NULL: they stay bare), and with A-labels for domains
 * beyond ASCII where they can be made (names, groups, folding stay, and
 * comments outside such a domain). EX_DATAERR as addr_parse_list(); b is
 * unchanged then.
 */
int addr_complete_list(struct buf *b, const char *text, size_t n,
    const char *domain, struct err *e);

/*
 * Append name as a phrase that parses to just itself: atoms, a quoted string,
 * or RFC 2047 words (UTF-8), folded, where it is not ASCII. Control characters
 * become one blank each, octets that are not UTF-8 '?'. Words that are encoded
 * already stay. Nothing is appended for an empty name.
 */
void addr_add_phrase(struct buf *b, const char *name);

/*
 * May this text stand between < and > of an SMTP command? EX_DATAERR for CR,
 * LF, NUL (n counts them), other controls, and for blanks or angle brackets
 * outside a quoted string. The last guard before the wire.
 */
int addr_check_wire(const char *text, size_t n, struct err *e);

#endif
