/* SPDX-License-Identifier: ISC */
/*
 * outcome: what became of a recipient, as data: what a server or a token
 * endpoint said, at which stage, and the class that follows.
 *
 * Must not know: how it was obtained, who is told.
 */
#ifndef MAIL_OUTCOME_H
#define MAIL_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

enum outcome_kind {
	OUTCOME_OPEN, /* nothing is known yet */
	OUTCOME_DELIVERED,
	OUTCOME_LATER,	 /* not taken; may be taken later */
	OUTCOME_REFUSED, /* not taken, for good */
	OUTCOME_UNCLEAR	 /* the link was lost after the final dot */
};

/* Whose trouble it is, and so what becomes of the mail. */
enum outcome_class {
	OUTCOME_CLASS_NONE,
	OUTCOME_CLASS_F, /* a cached token was refused: a fresh one, once */
	OUTCOME_CLASS_L, /* the account, later */
	OUTCOME_CLASS_T, /* this recipient or message, later */
	OUTCOME_CLASS_P, /* a person must act */
	OUTCOME_CLASS_C, /* the configuration */
	OUTCOME_CLASS_M	 /* this message */
};

enum outcome_stage {
	OUTCOME_AT_TOKEN,
	OUTCOME_AT_CONNECT,
	OUTCOME_AT_TLS,
	OUTCOME_AT_GREETING,
	OUTCOME_AT_EHLO,
	OUTCOME_AT_AUTH,
	OUTCOME_AT_MAIL,
	OUTCOME_AT_RCPT,
	OUTCOME_AT_DATA,
	OUTCOME_AT_BODY,
	OUTCOME_AT_FINAL
};

enum { OUTCOME_TEXT_MAX = 512 };

struct outcome {
	enum outcome_kind kind;
	enum outcome_class class;
	enum outcome_stage stage;
	int code;	   /* SMTP reply code, HTTP status, or 0 */
	char enhanced[12]; /* "5.1.1", or "" (RFC 3463) */
	char error[48];	   /* "invalid_grant" of a token endpoint, the
			      status of an error challenge; or "" */
	char detail[24];   /* "700082", "invalid_rapt": what narrows
			      error down; or "" */
	char provider[16]; /* who answered, as hint_provider() says; ""
			      if that is nobody known */
	char text[OUTCOME_TEXT_MAX]; /* the other side's words, made safe, or
					ours where it said nothing */
	bool ours;		     /* text is ours, not the other side's */
	bool relayed; /* DELIVERED, and whoever is to hear of that hears it
			 from us (RFC 3461 5.2.2) */
};

/* The names in messages and logs: "delivered", "F" (or "-"), "AUTH". */
const char *outcome_kind_name(enum outcome_kind k);
const char *outcome_class_name(enum outcome_class c);
const char *outcome_stage_name(enum outcome_stage s);

/*
 * Set all of o: kind and class, where, and the reply. text is made safe and
 * cut to size; an enhanced status at its front is kept apart, too. code 0
 * means that the text is ours, where none can be; NULL counts as "".
 */
void outcome_set(struct outcome *o, enum outcome_kind kind,
    enum outcome_class class, enum outcome_stage stage, int code,
    const char *text);

/*
 * Class by stage and code alone: of a well-formed SMTP reply (the phase and the
 * first digit), or of an HTTP answer without a token. 2xx and 3xx in their
 * place have no class. word: the enhanced status, at TOKEN the error word; or
 * NULL. AUTH 535 is F: whoever knows that the secret did not come from a cache
 * makes it P or C. What is known of single servers is hint_classify()'s.
 */
enum outcome_class outcome_class_of(
    enum outcome_stage stage, int code, const char *word);

/*
 * The sysexits code for one: 0, 65, 67, 69, 75, 77, 78. A message refused for
 * good is 67 at RCPT, 65 where we found it unfit ourselves, else 69.
 */
int outcome_exit_one(const struct outcome *o);

/* The gravest of n: 67, 65, 69, then 78, 77, then 75, then 0. */
int outcome_exit(const struct outcome *v, size_t n);

/* The enhanced status at the front of text ("5.1.1 no such user"), copied to
 * out, else "". */
void outcome_enhanced(const char *text, char out[12]);

#endif
