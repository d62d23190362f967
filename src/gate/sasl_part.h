/* SPDX-License-Identifier: ISC */
/* sasl_part: what the parts of sasl share; for them alone. */
#ifndef GATE_SASL_PART_H
#define GATE_SASL_PART_H

#include "gate/crypt.h"
#include "gate/sasl.h"

enum sasl_step {
	SASL_STEP_BEGIN,  /* nothing was said */
	SASL_STEP_SAID,	  /* the initial response, or LOGIN's user */
	SASL_STEP_PROOF,  /* SCRAM: we have shown that we know the password */
	SASL_STEP_PROVED, /* SCRAM: so has the server */
	SASL_STEP_END	  /* nothing is left to say */
};

/* The longest line of a 334 reply that RFC 4954 lets a server send. */
enum { SASL_CHALLENGE_MAX = 12288 };

struct crypt_octets sasl_octets(const struct secret *s);

/* A saslname of RFC 5801 section 4: the comma ends it, '=' escapes. */
void sasl_add_name(struct secret *out, const char *user);

int sasl_out_of_place(const struct sasl *s, struct err *e);

/* Keep what the server says about a refused secret. False, and it is not
 * quoted, where it repeats the secret: it goes to people and into logs. */
bool sasl_keep_refusal(struct sasl *s, const char *said, size_t n);

/* Keep a word such as "invalid_token", of letters that need no masking. */
void sasl_keep_status(struct sasl *s, const char *word, size_t n);

void sasl_scram_first(struct sasl *s, struct secret *out);
int sasl_scram_answer(
    struct sasl *s, const char *challenge, struct secret *out, struct err *e);

#endif
