/* SPDX-License-Identifier: ISC */
/* test_conf_put: values put into a file, and what keeps them from it. */
#include "core/conf_put.h"

#include "conf_aid.h"

#define HEAD "# head\nprofiles = {\n  a = { kind = \"system\"; "
#define REST "address = \"a@example.com\"; server = \"smtp://h.example\"; "
#define CONF HEAD REST "password = \"x\"; }; };\n"

static struct conf_source files[2];
static struct conf_put_value values[2];
static struct conf_put put_it;
static const char *wanted;
static bool same;
static char *path;
static unsigned line;
static char text[4096];

static bool
is_same(const void *ctx, const struct profile *p)
{
	ck_assert_ptr_null(ctx);
	ck_assert_str_eq(p->name, "a");
	return same;
}

static bool
is_good(const void *ctx, const struct profile *p)
{
	(void)ctx;
	return strcmp(p->user, wanted) == 0;
}

static void
begin_put(void)
{
	begin();
	files[0] = source("own", 0);
	files[1] = source("system", SYSTEM);
	values[0] = (struct conf_put_value){ "user", "b \"c\"" };
	wanted = "b \"c\"";
	same = true;
	path = NULL;
	put_it = (struct conf_put){ .files = files,
		.n_files = 2,
		.file = &files[0],
		.user = &me,
		.profile = "a",
		.values = values,
		.n_values = 1,
		.is_same = is_same,
		.is_good = is_good };
	put("own", CONF, 0);
}

static void
end_put(void)
{
	free(path);
	conf_source_clear(&files[0]);
	conf_source_clear(&files[1]);
	end();
}

static int
act(void)
{
	return conf_put(&put_it, &path, &line, &e);
}

static const char *
own(void)
{
	return aid_read(aid_path("own"), text, sizeof(text));
}

static void
expect_refusal(int code, const char *words)
{
	ck_assert_int_eq(act(), code);
	ck_assert_msg(strstr(e.text, words) != NULL, "%s", e.text);
	ck_assert_ptr_null(path);
	ck_assert_str_eq(own(), CONF);
}

START_TEST(is_put)
{
	ck_assert_msg(act() == 0, "%s", e.text);
	ck_assert_uint_eq(line, 3);
	ck_assert_str_eq(own(),
	    HEAD REST "password = \"x\"; user = \"b \\\"c\\\"\"; }; };\n");
	ck_assert_str_eq(strrchr(path, '/'), "/own");
}
END_TEST

START_TEST(several_at_once)
{
	values[1] = (struct conf_put_value){ "oauth.client_id", "id" };
	put_it.n_values = 2;
	expect_refusal(EX_CONFIG, "oauth"); /* the rest of it is missing */
	values[1] = (struct conf_put_value){ "address", "c@example.com" };
	ck_assert_msg(act() == 0, "%s", e.text);
	ck_assert_ptr_nonnull(strstr(own(), "address = \"c@example.com\""));
	ck_assert_ptr_nonnull(strstr(own(), "user = \"b "));
}
END_TEST

START_TEST(changed_meanwhile)
{
	same = false;
	expect_refusal(EX_TEMPFAIL, "somebody has changed \"a\"");
}
END_TEST

START_TEST(not_what_was_meant)
{
	wanted = "other";
	expect_refusal(EX_CONFIG, "not be read as it was written");
}
END_TEST

START_TEST(not_good)
{
	values[0] = (struct conf_put_value){ "address", "no address" };
	expect_refusal(EX_CONFIG, "as it would be; nothing was changed");
	ck_assert_ptr_nonnull(strstr(e.text, "/own:3: profiles.a.address"));
}
END_TEST

START_TEST(no_such_profile)
{
	put_it.profile = "b";
	expect_refusal(EX_NOINPUT, "no profile \"b\"");
}
END_TEST

/* A fault of the other file is one of the whole. */
START_TEST(other_file_is_at_fault)
{
	put("system", "profiles = {", SYSTEM);
	expect_refusal(EX_CONFIG, "/system:1");
}
END_TEST

/* One of the same name in the other file is another. */
START_TEST(same_name_in_the_other_file)
{
	char was[4096];

	put("system", "runner = false; " CONF, SYSTEM);
	aid_read(aid_path("system"), was, sizeof(was));
	ck_assert_msg(act() == 0, "%s", e.text);
	ck_assert_ptr_nonnull(strstr(own(), "user = "));
	ck_assert_str_eq(aid_read(aid_path("system"), text, sizeof(text)), was);
}
END_TEST

/* What does not load can be mended, if that is what is meant. */
START_TEST(mends_what_does_not_load)
{
	put("own", HEAD REST "password = \"x\"; user = 1; }; };\n", 0);
	ck_assert_int_eq(act(), EX_CONFIG);
	put_it.is_same = NULL;
	ck_assert_msg(act() == 0, "%s", e.text);
	ck_assert_ptr_nonnull(strstr(own(), "user = \"b \\\"c\\\"\";"));
}
END_TEST

START_TEST(may_it_be_replaced)
{
	ck_assert_int_eq(conf_put_check(aid_path("own"), &e), 0);
	ck_assert_int_eq(conf_put_check(aid_path("none"), &e), EX_NOPERM);
	if (geteuid() == 0)
		return;
	ck_assert_int_eq(chmod(aid_path("."), 0500), 0);
	ck_assert_int_eq(conf_put_check(aid_path("own"), &e), EX_NOPERM);
	ck_assert_int_eq(chmod(aid_path("."), 0700), 0);
	ck_assert_int_eq(conf_put_check("/etc/passwd", &e), EX_NOPERM);
	ck_assert_ptr_nonnull(strstr(e.text, "belongs to uid 0"));
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin_put, end_put);
	tcase_add_test(tc, is_put);
	tcase_add_test(tc, several_at_once);
	tcase_add_test(tc, changed_meanwhile);
	tcase_add_test(tc, not_what_was_meant);
	tcase_add_test(tc, not_good);
	tcase_add_test(tc, no_such_profile);
	tcase_add_test(tc, other_file_is_at_fault);
	tcase_add_test(tc, same_name_in_the_other_file);
	tcase_add_test(tc, mends_what_does_not_load);
	tcase_add_test(tc, may_it_be_replaced);
}

int
main(void)
{
	return unit_main("conf_put", add);
}
