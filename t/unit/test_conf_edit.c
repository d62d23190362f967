/* SPDX-License-Identifier: ISC */
/* test_conf_edit: values found and replaced, and nothing else touched. */
#include "core/conf_edit.h"

#include <string.h>
#include <sys/stat.h>

#include "aid.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

static const struct conf_edit_path password = { { "profiles", "a", "password" },
	3 };
static const struct conf_edit_path client_secret = {
	{ "profiles", "a", "oauth", "client_secret" }, 4
};
static struct conf_edit edit;
static struct conf_source source;
static struct err e;

static void
begin(void)
{
	aid_make_dir();
	memset(&edit, 0, sizeof(edit));
	memset(&e, 0, sizeof(e));
	source.path = strdup(aid_path("osmtp.conf"));
	source.owners[0] = source.owners[1] = geteuid();
}

static void
end(void)
{
	conf_edit_clear(&edit);
	free(source.path);
	aid_remove_dir();
}

/* The change of that text, in a file. */
static int
set(const char *text, const struct conf_edit_path *path)
{
	aid_write(aid_path("osmtp.conf"), text);
	conf_edit_clear(&edit);
	return conf_edit_set(&source, path, "NEW", &edit, &e);
}

#define P "profiles = { a = { "
#define E " }; };"

/* OLD stands for the value that is found; the rest stays. */
static const struct {
	const char *label, *text;
} replaced[] = {
	{ "plain", P "password = OLD;" E },
	{ "a colon, no blanks", "profiles:{a:{password:OLD}}" },
	{ "commas", "x=1,profiles={a={b=2,password=OLD,c=3},d={}}" },
	{ "many lines",
	    "profiles\n=\n{\na\n=\n{\npassword\n=\nOLD\n;\n}\n;\n}" },
	{ "line ends of another kind",
	    "profiles = {\r\n a = {\r\n  password = OLD;\r\n };\r\n};\r\n" },
	{ "comments", "# password = \"no\"\n// profiles = { a = {\n"
		      "/* password = { */ profiles /* = */ = // {\n"
		      "{ # }\n a = /* } */ { /* password = \"no\"; */ password "
		      "/* : */ = /* \" */ OLD /* ; */ ; # }\n } }" },
	{ "a comment that ends in stars", "/***/ /**/ " P "password=OLD" E },
	{ "the same key elsewhere", "password = \"no\"; x = { profiles = { a = "
				    "{ password = \"no\"; }; }; }; "
				    "profiles = { b = { password = \"no\"; }; "
				    "a = { oauth = { password = \"no\"; }; "
				    "password = OLD; }; c = { password = "
				    "\"no\"; }; };" },
	{ "names that begin alike",
	    "profile = { a = { password = 1; }; }; "
	    "profiles = { aa = { password = 1; }; a = "
	    "{ passwords = 1; pass = 2; password = OLD; "
	    "}; };" },
	{ "another case", "PROFILES = { a = { password = 1; }; }; profiles = { "
			  "A = { password = 1; }; a = { Password = 1; password "
			  "= OLD" E },
	{ "keys in strings",
	    "x = \"profiles = { a = { password = \"; " P
	    "y = \"password = \\\"no\\\"\"; password = OLD" E },
	{ "brackets in strings", P "x = \"}\"; y = [ \"]\", \"}\" ]; "
				   "z = ( { password = \"no\"; }, \")\" ); "
				   "password = OLD" E },
	{ "escapes in strings", P "x = \"\\\\\"; y = \"\\\"\"; z = "
				  "\"a\\\\\\\"}\"; password = OLD" E },
	{ "strings side by side before it",
	    P "x = \"a\" \"}\"\n\"b\" ; password = OLD" E },
	{ "values of each kind",
	    P "a = true; b = -12; c = 0x1F; d = 1.5e-3; "
	      "e = 12L; f = []; g = (); h = {}; i = [1,2]; "
	      "j = ((1),{k=(2);}); password = OLD" E },
	{ "a star in a name", "*x = 1; " P "*y = 2; password = OLD" E },
	{ "something that is wrong behind it", P "password = OLD; } } } ===" },
};

static const char *const olds[] = { "\"\"", "\"hunter2\"", "\"a\\\"b\\\\\"",
	"\"a\"\"b\"", "\"a\" /* \" */ \"b\" # c\n \"d\"",
	"{ file = \"/a}/b;\"; }", "{ command = [ \"/p\", \"}\" ]; }", "{}",
	"{ # }\n }", "[ \"a\" ]", "( 1, ( 2 ), { b = \")\"; } )", "true", "-1",
	"sealed" };

START_TEST(replaces)
{
	const char *text = replaced[_i].text, *old = strstr(text, "OLD");
	char was[2048], want[2048];
	size_t i;

	ck_assert_ptr_nonnull(old);
	snprintf(want, sizeof(want), "%.*s\"NEW\"%s", (int)(old - text), text,
	    old + 3);
	for (i = 0; i < sizeof(olds) / sizeof(olds[0]); i++) {
		snprintf(was, sizeof(was), "%.*s%s%s", (int)(old - text), text,
		    olds[i], old + 3);
		ck_assert_msg(set(was, &password) == 0, "%s: %s: %s",
		    replaced[_i].label, olds[i], e.text);
		ck_assert_msg(strcmp(edit.text, want) == 0, "%s: %s:\n%s",
		    replaced[_i].label, olds[i], edit.text);
		ck_assert_uint_eq(edit.n, strlen(want));
		ck_assert_str_eq(edit.whole, want);
		ck_assert_uint_eq(edit.whole_n, edit.n);
	}
}
END_TEST

static const struct {
	const char *label;
	const struct conf_edit_path *path;
	const char *text, *want;
} inserted[] = {
	{ "on a line of its own", &password,
	    "profiles = {\n\ta = {\n\t\tkind = \"system\"; # x\n\t};\n};\n",
	    "profiles = {\n\ta = {\n\t\tkind = \"system\"; # x\n"
	    "\t\tpassword = \"NEW\";\n\t};\n};\n" },
	{ "behind a comment", &password,
	    "profiles = {\n  a = {\n    kind = 1\n    # last\n  }\n}",
	    "profiles = {\n  a = {\n    kind = 1\n    # last\n"
	    "    password = \"NEW\";\n  }\n}" },
	{ "in one line", &password, "profiles={a={kind=1;};b={};};",
	    "profiles={a={kind=1; password = \"NEW\"; };b={};};" },
	{ "in one line with blanks", &password, P "kind = 1;" E,
	    P "kind = 1; password = \"NEW\";" E },
	{ "in an empty group", &password, "profiles = { a = {}; };",
	    "profiles = { a = { password = \"NEW\"; }; };" },
	{ "in an empty group of lines", &password,
	    "profiles = {\n  a = {\n  };\n};",
	    "profiles = {\n  a = {\n    password = \"NEW\";\n  };\n};" },
	{ "behind a group of the same key", &password,
	    "profiles = { a = {\n  oauth = { password = 1; };\n}; };",
	    "profiles = { a = {\n  oauth = { password = 1; };\n"
	    "  password = \"NEW\";\n}; };" },
	{ "in the inner group", &client_secret,
	    "profiles = {\n  a = {\n    oauth = {\n      client_id = \"x\";\n"
	    "    };\n  };\n};",
	    "profiles = {\n  a = {\n    oauth = {\n      client_id = \"x\";\n"
	    "      client_secret = \"NEW\";\n    };\n  };\n};" },
	{ "with the inner group", &client_secret,
	    "profiles = {\n  a = {\n    kind = \"system\";\n  };\n};",
	    "profiles = {\n  a = {\n    kind = \"system\";\n"
	    "    oauth = { client_secret = \"NEW\"; };\n  };\n};" },
	{ "a comment in the line of the end", &password,
	    P "kind = 1; /* } */" E,
	    P "kind = 1; /* } */ password = \"NEW\";" E },
};

START_TEST(inserts)
{
	ck_assert_msg(set(inserted[_i].text, inserted[_i].path) == 0, "%s: %s",
	    inserted[_i].label, e.text);
	ck_assert_msg(strcmp(edit.text, inserted[_i].want) == 0, "%s:\n%s",
	    inserted[_i].label, edit.text);
	ck_assert_str_eq(edit.whole, edit.text);
	/* It is found there from now on. */
	ck_assert_int_eq(set(inserted[_i].want, inserted[_i].path), 0);
	ck_assert_str_eq(edit.text, inserted[_i].want);
}
END_TEST

static const struct {
	const char *label, *text;
	int code;
	const char *part;
} refused[] = {
	{ "nothing", "", EX_NOINPUT, "no profile \"a\"" },
	{ "no profiles", "x = 1;", EX_NOINPUT, "no profile \"a\"" },
	{ "another profile", "profiles = { b = { a = 1; }; };", EX_NOINPUT,
	    "no profile \"a\"" },
	{ "a comment", "# " P E, EX_NOINPUT, "no profile \"a\"" },
	{ "profiles no group", "\nprofiles = ( { a = 1; } );", EX_CONFIG,
	    ":2: profiles: must be a group" },
	{ "the profile no group", "profiles = {\n\na = \"x\"; };", EX_CONFIG,
	    ":3: a: must be a group" },
	{ "no value", P "\npassword = ;" E, EX_CONFIG, ":2: syntax error" },
	{ "no sign", P "\npassword \"x\";" E, EX_CONFIG, ":2: syntax error" },
	{ "no name", P "\n\"x\" = 1;" E, EX_CONFIG, ":2: syntax error" },
	{ "a name that is none", P "\n1x = 1;" E, EX_CONFIG,
	    ":2: syntax error" },
	{ "no end of the group", P "x = 1;\n", EX_CONFIG, ":2: syntax error" },
	{ "no end of a list", P "\nx = ( 1, { } ;\n", EX_CONFIG,
	    ":2: syntax error" },
	{ "an end too many", "x = 1;\n}\n" P E, EX_CONFIG, ":2: syntax error" },
	{ "no end of a string", P "\nx = \"", EX_CONFIG, ":2: the string" },
	{ "no end of a comment", "\n/* " P E, EX_CONFIG, ":2: the comment" },
};

START_TEST(refuses)
{
	ck_assert_msg(set(refused[_i].text, &password) == refused[_i].code,
	    "%s: %s", refused[_i].label, e.text);
	ck_assert_msg(strstr(e.text, refused[_i].part) != NULL, "%s: %s",
	    refused[_i].label, e.text);
	ck_assert_ptr_nonnull(strstr(e.text, "/osmtp.conf:"));
	ck_assert_ptr_null(edit.text);
}
END_TEST

START_TEST(inner_no_group)
{
	ck_assert_int_eq(set(P "oauth = \"x\";" E, &client_secret), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "oauth: must be a group"));
}
END_TEST

START_TEST(absent_file)
{
	ck_assert_int_eq(
	    conf_edit_set(&source, &password, "NEW", &edit, &e), EX_NOINPUT);
	ck_assert_int_eq(conf_edit_look(&source, &password, &e), EX_NOINPUT);
}
END_TEST

START_TEST(looks)
{
	static const struct conf_edit_path profile = { { "profiles", "a" }, 2 };

	aid_write(aid_path("osmtp.conf"), "profiles = { a = {}; };");
	ck_assert_int_eq(conf_edit_look(&source, &profile, &e), 0);
	ck_assert_int_eq(conf_edit_look(&source, &password, &e), 0);
	aid_write(aid_path("osmtp.conf"), "profiles = { b = {}; };");
	ck_assert_int_eq(conf_edit_look(&source, &profile, &e), EX_NOINPUT);
}
END_TEST

/* ---- includes */

static void
expect_edit(
    const char *name, unsigned line, const char *text, const char *whole)
{
	char real[PATH_MAX];

	ck_assert_msg(e.code == 0, "%s", e.text);
	ck_assert_ptr_nonnull(realpath(aid_path(name), real));
	ck_assert_str_eq(edit.path, real);
	ck_assert_uint_eq(edit.line, line);
	ck_assert_str_eq(edit.text, text);
	ck_assert_str_eq(edit.whole, whole);
}

START_TEST(in_an_included_file)
{
	aid_write(aid_path("one"), "# one\na = {\n  password = \"x\";\n};\n");
	ck_assert_int_eq(chmod(aid_path("one"), 0640), 0);
	set("x = 1;\nprofiles = {\n@include \"one\"\nb = { password = \"y\"; "
	    "};\n};\n",
	    &password);
	expect_edit("one", 3, "# one\na = {\n  password = \"NEW\";\n};\n",
	    "x = 1;\nprofiles = {\n\n# one\na = {\n  password = \"NEW\";\n"
	    "};\n\n\nb = { password = \"y\"; };\n};\n");
	ck_assert_uint_eq(edit.like.st_mode & 07777, 0640);
	/* The one that includes. */
	aid_write(aid_path("one"), "b = { password = \"x\"; };");
	set("@include \"two\"\nprofiles = {\n@include \"one\"\n"
	    "a = { password =\n \"y\"; }; };\n",
	    &password);
	ck_assert_int_eq(e.code, EX_CONFIG); /* there is no two */
	e.code = 0;
	aid_write(aid_path("two"), "y = 1;\nz = 2;");
	set("@include \"two\"\nprofiles = {\n@include \"one\"\n"
	    "a = { password =\n \"y\"; }; };\n",
	    &password);
	expect_edit("osmtp.conf", 5,
	    "@include \"two\"\nprofiles = {\n@include \"one\"\n"
	    "a = { password =\n \"NEW\"; }; };\n",
	    "\ny = 1;\nz = 2;\n\nprofiles = {\n\nb = { password = \"x\"; };"
	    "\n\na = { password =\n \"NEW\"; }; };\n");
}
END_TEST

START_TEST(in_the_midst_of_a_value)
{
	aid_write(aid_path("one"), "\"a\"\n");
	ck_assert_int_eq(
	    set(P "password = \"b\"\n@include \"one\"\n\"c\"; }; };",
		&password),
	    EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "by hand"));
	aid_write(aid_path("one"), "profiles = { a = {\n");
	ck_assert_int_eq(
	    set("@include \"one\" password = \"b\"; }; };", &password),
	    EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "by hand"));
}
END_TEST

/* A file that is a link: what it points to is to be replaced. */
START_TEST(through_a_link)
{
	char real[PATH_MAX];

	aid_write(aid_path("real"), P "password = 1;" E);
	ck_assert_int_eq(symlink(aid_path("real"), aid_path("osmtp.conf")), 0);
	ck_assert_int_eq(
	    conf_edit_set(&source, &password, "NEW", &edit, &e), 0);
	ck_assert_ptr_nonnull(realpath(aid_path("real"), real));
	ck_assert_str_eq(edit.path, real);
}
END_TEST

/* ---- several at once */

static const struct conf_edit_path kind = { { "profiles", "a", "kind" }, 3 };

static int
set_two(const char *text, const struct conf_edit_path *one,
    const struct conf_edit_path *two)
{
	const struct conf_edit_value v[] = { { *one, "ONE" }, { *two, "TWO" } };

	aid_write(aid_path("osmtp.conf"), text);
	conf_edit_clear(&edit);
	return conf_edit_set_all(&source, v, 2, &edit, &e);
}

static const struct {
	const char *label;
	const struct conf_edit_path *one, *two;
	const char *text, *want;
} both[] = {
	{ "in their order", &kind, &password,
	    P "kind = \"a long one\"; x = 1; password = \"y\";" E,
	    P "kind = \"ONE\"; x = 1; password = \"TWO\";" E },
	{ "in the other order", &password, &kind,
	    P "kind = \"a long one\"; x = 1; password = \"y\";" E,
	    P "kind = \"TWO\"; x = 1; password = \"ONE\";" E },
	{ "one absent", &password, &kind, P "kind = 1;" E,
	    P "kind = \"TWO\"; password = \"ONE\";" E },
	{ "both absent", &password, &kind,
	    "profiles = {\n  a = {\n    x = 1;\n  };\n};",
	    "profiles = {\n  a = {\n    x = 1;\n    password = \"ONE\";\n"
	    "    kind = \"TWO\";\n  };\n};" },
	{ "in two groups", &client_secret, &password,
	    P "oauth = { client_secret = \"x\"; }; password = \"y\";" E,
	    P "oauth = { client_secret = \"ONE\"; }; password = \"TWO\";" E },
};

START_TEST(sets_both)
{
	ck_assert_msg(set_two(both[_i].text, both[_i].one, both[_i].two) == 0,
	    "%s: %s", both[_i].label, e.text);
	ck_assert_msg(strcmp(edit.text, both[_i].want) == 0, "%s:\n%s",
	    both[_i].label, edit.text);
	ck_assert_str_eq(edit.whole, edit.text);
	ck_assert_uint_eq(edit.n, strlen(edit.text));
	ck_assert_uint_eq(edit.whole_n, edit.n);
}
END_TEST

START_TEST(both_in_an_included_file)
{
	aid_write(aid_path("one"), "# one\nkind = 1;\npassword = \"x\";\n");
	ck_assert_int_eq(
	    set_two("y = 1;\nprofiles = { a = {\n@include \"one\"\n}; };",
		&password, &kind),
	    0);
	expect_edit("one", 3, "# one\nkind = \"TWO\";\npassword = \"ONE\";\n",
	    "y = 1;\nprofiles = { a = {\n\n# one\nkind = \"TWO\";\n"
	    "password = \"ONE\";\n\n\n}; };");
	ck_assert_int_eq(
	    set_two("profiles = { a = {\n@include \"one\"\noauth = {}; }; };",
		&password, &client_secret),
	    EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "another file"));
	ck_assert_ptr_null(edit.text);
}
END_TEST

START_TEST(any_text_as_a_value)
{
	aid_write(aid_path("osmtp.conf"), P "password = 1;" E);
	ck_assert_int_eq(conf_edit_set(&source, &password,
			     "/a \"b\"\\c\n\303\251", &edit, &e),
	    0);
	ck_assert_str_eq(
	    edit.text, P "password = \"/a \\\"b\\\"\\\\c\\x0a\303\251\";" E);
}
END_TEST

START_TEST(says_where)
{
	unsigned line = 0;
	char *file = NULL;

	aid_write(aid_path("one"), "# one\npassword = \"x\";\n");
	aid_write(aid_path("osmtp.conf"),
	    "profiles = { a = {\n@include \"one\"\n}; };");
	ck_assert_int_eq(
	    conf_edit_where(&source, &password, &file, &line, &e), 0);
	ck_assert_str_eq(file, aid_path("one"));
	ck_assert_uint_eq(line, 2);
	free(file);
	ck_assert_int_eq(
	    conf_edit_where(&source, &kind, &file, &line, &e), EX_NOINPUT);
	ck_assert_int_eq(
	    conf_edit_where(&source, &client_secret, &file, &line, &e),
	    EX_NOINPUT);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_loop_test(tc, replaces, 0, COUNT(replaced));
	tcase_add_loop_test(tc, inserts, 0, COUNT(inserted));
	tcase_add_loop_test(tc, refuses, 0, COUNT(refused));
	tcase_add_test(tc, inner_no_group);
	tcase_add_test(tc, absent_file);
	tcase_add_test(tc, looks);
	tcase_add_test(tc, in_an_included_file);
	tcase_add_test(tc, in_the_midst_of_a_value);
	tcase_add_test(tc, through_a_link);
	tcase_add_loop_test(tc, sets_both, 0, COUNT(both));
	tcase_add_test(tc, both_in_an_included_file);
	tcase_add_test(tc, any_text_as_a_value);
	tcase_add_test(tc, says_where);
}

int
main(void)
{
	return unit_main("conf_edit", add);
}
