/* SPDX-License-Identifier: ISC */
/* http: forms and Basic. What is posted is looked at by the flow tests. */
#include "unit.h"

#include <string.h>

#include "gate/http.h"

static void
expect(const char *label, const struct secret *got, const char *want)
{
	ck_assert_msg(secret_len(got) == strlen(want) &&
			  strcmp(secret_reveal(got), want) == 0,
	    "%s: %s", label, secret_reveal(got));
}

static const struct {
	const char *label, *key, *value, *want;
} pairs[] = {
	{ "plain", "grant_type", "client_credentials",
	    "grant_type=client_credentials" },
	{ "unreserved stay", "k", "aZ09-._~", "k=aZ09-._~" },
	{ "separators", "k", "a&b=c+d;e", "k=a%26b%3Dc%2Bd%3Be" },
	{ "a URL", "scope", "https://outlook.example/.default",
	    "scope=https%3A%2F%2Foutlook.example%2F.default" },
	{ "blank and percent", "k", "100 %", "k=100%20%25" },
	{ "controls", "k", "\r\n\t\1", "k=%0D%0A%09%01" },
	{ "8-bit", "k", "\303\244\377", "k=%C3%A4%FF" },
	{ "empty", "k", "", "k=" },
	{ "the key too", "a b", "c", "a%20b=c" },
};

START_TEST(form)
{
	struct secret f, value;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		secret_init(&f);
		http_form_add(&f, pairs[i].key, pairs[i].value);
		expect(pairs[i].label, &f, pairs[i].want);
		secret_clear(&f);
		secret_init(&value);
		secret_add_str(&value, pairs[i].value);
		http_form_add_secret(&f, pairs[i].key, &value);
		expect(pairs[i].label, &f, pairs[i].want);
		secret_clear(&value);
		secret_clear(&f);
	}
}
END_TEST

START_TEST(form_of_many)
{
	struct secret f, value;

	secret_init(&f);
	secret_init(&value);
	secret_set(&value, "a\0b~", 4);
	http_form_add(&f, "x", "1");
	http_form_add_secret(&f, "y", &value);
	http_form_add(&f, "z", "");
	expect("many", &f, "x=1&y=a%00b~&z=");
	secret_clear(&value);
	secret_clear(&f);
}
END_TEST

/* Long values are encoded in pieces: none may be lost at the seams. */
START_TEST(form_of_any_length)
{
	char value[400], want[3 * sizeof(value) + 3];
	struct secret f;
	size_t n, i;

	for (n = 0; n < sizeof(value); n++) {
		memset(value, '&', n);
		value[n] = '\0';
		memcpy(want, "k=", 3);
		for (i = 0; i < n; i++)
			memcpy(want + 2 + 3 * i, "%26", 4);
		secret_init(&f);
		http_form_add(&f, "k", value);
		expect("length", &f, want);
		secret_clear(&f);
	}
}
END_TEST

static const struct {
	const char *label, *id, *password;
	bool raw;
	const char *want;
} basics[] = {
	{ "RFC 7617", "Aladdin", "open sesame", true,
	    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
	{ "encoded", "Aladdin", "open sesame", false,
	    "Basic QWxhZGRpbjpvcGVuJTIwc2VzYW1l" },
	{ "same if nothing needs it", "id", "pw", false, "Basic aWQ6cHc=" },
	{ "a colon in the id", "a:b", "c~", false, "Basic YSUzQWI6Y34=" },
	{ "a colon in the id, raw", "a:b", "c~", true, "Basic YTpiOmN+" },
	{ "empty", "", "", true, "Basic Og==" },
};

START_TEST(basic)
{
	struct secret out, password;
	size_t i;

	for (i = 0; i < sizeof(basics) / sizeof(basics[0]); i++) {
		secret_init(&out);
		secret_init(&password);
		secret_add_str(&password, basics[i].password);
		http_basic(&out, basics[i].id, &password, basics[i].raw);
		expect(basics[i].label, &out, basics[i].want);
		secret_clear(&password);
		secret_clear(&out);
	}
}
END_TEST

/* 2 * 48 octets with the colon: padding only at the very end. */
START_TEST(basic_of_pieces)
{
	struct secret out, password;
	char letters[95];
	const char *got;

	memset(letters, 'A', sizeof(letters));
	secret_init(&out);
	secret_init(&password);
	secret_set(&password, letters, sizeof(letters));
	http_basic(&out, "A", &password, true);
	got = secret_reveal(&out);
	ck_assert_uint_eq(secret_len(&out), strlen("Basic ") + 132);
	ck_assert_str_eq(got + strlen("Basic ") + 128, "QQ==");
	ck_assert_ptr_eq(strchr(got, '='), got + strlen("Basic ") + 130);
	secret_clear(&password);
	secret_clear(&out);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(tc, form);
	tcase_add_test(tc, form_of_many);
	tcase_add_test(tc, form_of_any_length);
	tcase_add_test(tc, basic);
	tcase_add_test(tc, basic_of_pieces);
}

int
main(void)
{
	return unit_main("http", add);
}
