/* SPDX-License-Identifier: ISC */
/*
 * idna: the door to libidn2.
 *
 * The mapping of UTS 46 comes first, as it does in browsers: upper case,
 * composition, full width. Then IDNA 2008 decides, and sharp s is itself
 * ("nontransitional"). The mapping can also make octets that have a meaning in
 * SMTP out of harmless characters, or a label of nothing: what comes back is
 * looked at again.
 */
#include "mail/idna.h"

#include <idn2.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum {
	IDNA_MAX_LABEL = 63, /* RFC 1035 2.3.4 */
	IDNA_SHOWN = 80	     /* octets of a domain in an error text */
};

/* Labels of letters, digits, hyphens and underscores, none of them empty? */
static bool
idna_is_domain(const char *s)
{
	size_t length = 0;

	for (;; s++) {
		if (text_is_alnum(*s) || *s == '-' || *s == '_') {
			length++;
			continue;
		}
		if ((*s != '.' && *s != '\0') || length == 0 ||
		    length > IDNA_MAX_LABEL)
			return false;
		if (*s == '\0')
			return true;
		length = 0;
	}
}

int
idna_to_ascii(const char *domain, char **out, struct err *e)
{
	char *made = NULL;
	const char *why = "a character that no domain may have";
	int rc;

	if (text_is_ascii(domain, strlen(domain))) {
		*out = mem_dup(domain);
		return 0;
	}
	rc = idn2_to_ascii_8z(
	    domain, &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc == IDN2_OK && idna_is_domain(made)) {
		*out = mem_dup(made);
		idn2_free(made);
		return 0;
	}
	if (rc == IDN2_OK)
		idn2_free(made);
	else
		why = idn2_strerror(rc);
	return err_set(e, rc == IDN2_MALLOC ? EX_OSERR : EX_DATAERR,
	    "domain: %.*s: has no ASCII form: %s", IDNA_SHOWN, domain, why);
}
