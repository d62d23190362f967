/* SPDX-License-Identifier: ISC */
/*
 * idna: domain names beyond ASCII as A-labels (RFC 5891), so that every server
 * can take them; the door to libidn2.
 *
 * Must not know: addresses.
 */
#ifndef MAIL_IDNA_H
#define MAIL_IDNA_H

#include "base/err.h"

/*
 * The domain, UTF-8, with "xn--" labels in place of those beyond ASCII; the
 * caller frees *out. An ASCII domain comes back as it is. EX_DATAERR, with the
 * domain, for one that no label can be made of.
 */
int idna_to_ascii(const char *domain, char **out, struct err *e);

#endif
