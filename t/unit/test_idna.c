/* SPDX-License-Identifier: ISC */
/* Domains beyond ASCII: their A-labels, and those that have none. */
#include "mail/idna.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "unit.h"

#define N(table) ((int)(sizeof(table) / sizeof((table)[0])))

#define LABEL_60 "012345678901234567890123456789012345678901234567890123456789"
#define LABEL_63 LABEL_60 "012"

static const struct {
	const char *label;
	const char *domain;
	const char *want; /* or NULL: refused */
} domains[] = {
	{ "ASCII", "example.com", "example.com" },
	{ "ASCII, case kept", "Example.COM", "Example.COM" },
	{ "a literal", "[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]" },
	{ "A-labels", "xn--bcher-kva.example", "xn--bcher-kva.example" },
	{ "A-labels that are none", "xn--zzzzzz99999.de",
	    "xn--zzzzzz99999.de" },
	{ "a label of German",
	    "b\xc3\xbc"
	    "cher.example",
	    "xn--bcher-kva.example" },
	{ "upper case",
	    "B\xc3\x9c"
	    "CHER.Example",
	    "xn--bcher-kva.example" },
	{ "composed here",
	    "bu\xcc\x88"
	    "cher.example",
	    "xn--bcher-kva.example" },
	{ "sharp s is itself",
	    "stra\xc3\x9f"
	    "e.de",
	    "xn--strae-oqa.de" },
	{ "Greek, a last sigma", "\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82.com",
	    "xn--nxasmm1c.com" },
	{ "Chinese, ideographic dot",
	    "\xe4\xbe\x8b\xe5\xad\x90\xe3\x80\x82\xe6\xb5\x8b\xe8\xaf\x95",
	    "xn--fsqu00a.xn--0zwm56d" },
	{ "Arabic", "\xd9\x85\xd8\xab\xd8\xa7\xd9\x84.com", "xn--mgbh0fb.com" },
	{ "an underscore beside", "_mx.b\xc3\xbc.de", "_mx.xn--b-eha.de" },
	{ "both kinds",
	    "XN--BCHER-KVA.b\xc3\xbc"
	    "cher",
	    "xn--bcher-kva.xn--bcher-kva" },
	{ "full width", "\xef\xbc\xa1.de", "a.de" },
	{ "an ASCII label of 63", LABEL_63 ".\xc3\xbc", LABEL_63 ".xn--tda" },
	{ "an ASCII label of 64", LABEL_63 "0.\xc3\xbc", NULL },
	{ "a label too long as an A-label", LABEL_60 "\xc3\xbc.de", NULL },
	{ "not UTF-8",
	    "b\xfc"
	    "cher.example",
	    NULL },
	{ "UTF-8 cut off", "b\xc3", NULL },
	{ "a wrong A-label beside", "xn--zzzzzz99999.\xc3\xbc", NULL },
	{ "an A-label beyond ASCII", "xn--b\xc3\xbc.de", NULL },
	{ "a hyphen first", "-\xc3\xbc.de", NULL },
	{ "a hyphen last", "\xc3\xbc-.de", NULL },
	{ "two hyphens", "ab--c\xc3\xbc.de", NULL },
	{ "an empty label", "\xc3\xbc..de", NULL },
	{ "a last dot", "\xc3\xbc.", NULL },
	{ "a first dot", ".\xc3\xbc", NULL },
	{ "nothing but a soft hyphen", "\xc2\xad.de", NULL },
	{ "a joiner", "\xe2\x80\x8d.de", NULL },
	{ "a symbol", "\xe2\x98\x83.net", NULL },
	{ "both directions",
	    "\xd7\x90"
	    "a.de",
	    NULL },
	{ "a full width at sign",
	    "a\xef\xbc\xa0"
	    "b",
	    NULL },
	{ "full width angles", "\xef\xbc\x9e.de", NULL },
	{ "a full width comma", "\xef\xbc\x8c.de", NULL },
	{ "a slash out of one character", "\xe2\x84\x80.de", NULL },
	{ "a blank", "a b\xc3\xbc", NULL },
	{ "an em space",
	    "a\xe2\x80\x83"
	    "b",
	    NULL },
	{ "a line separator",
	    "a\xe2\x80\xa8"
	    "b",
	    NULL },
	{ "a star", "*.\xc3\xbc.de", NULL },
};

START_TEST(makes_labels)
{
	struct err e = ERR_NONE;
	char *got = NULL;
	int code = idna_to_ascii(domains[_i].domain, &got, &e);

	if (domains[_i].want == NULL) {
		ck_assert_msg(code == EX_DATAERR, "%s: %s", domains[_i].label,
		    code == 0 ? got : e.text);
		ck_assert_int_eq(e.code, EX_DATAERR);
		ck_assert_ptr_nonnull(strstr(e.text, "has no ASCII form: "));
		ck_assert_ptr_null(got);
		return;
	}
	ck_assert_msg(code == 0, "%s: %s", domains[_i].label, e.text);
	ck_assert_msg(strcmp(got, domains[_i].want) == 0, "%s: got %s",
	    domains[_i].label, got);
	free(got);
}
END_TEST

START_TEST(knows_no_locale)
{
	char *got = NULL;

	setlocale(LC_ALL, "C");
	ck_assert_int_eq(idna_to_ascii("\xc3\xbc.de", &got, NULL), 0);
	ck_assert_str_eq(got, "xn--tda.de");
	free(got);
}
END_TEST

START_TEST(bounds_domains)
{
	struct buf b;
	char *got = NULL;
	int i;

	buf_init(&b, 400);
	buf_add_str(&b, "\xc3\xbc"); /* xn--tda: 7 octets */
	for (i = 0; i < 4; i++)
		buf_add_str(&b, "." LABEL_60);
	ck_assert_int_eq(idna_to_ascii(b.data, &got, NULL), 0);
	ck_assert_uint_eq(strlen(got), 251);
	free(got);
	buf_add_str(&b, ".0123456789");
	ck_assert_int_eq(idna_to_ascii(b.data, &got, NULL), EX_DATAERR);
	buf_clear(&b);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(tc, makes_labels, 0, N(domains));
	tcase_add_test(tc, knows_no_locale);
	tcase_add_test(tc, bounds_domains);
}

int
main(void)
{
	return unit_main("idna", add);
}
