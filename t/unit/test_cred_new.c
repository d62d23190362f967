/* SPDX-License-Identifier: ISC */
/* test_cred_new: a new secret in the place of one. */
#include "core/cred.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "aid.h"
#include "base/sys.h"

static struct err e;
static struct secret s;
static struct stat was;
static char path[PATH_MAX], text[4096];

static void
look(const char *content)
{
	aid_write(path, content);
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_int_eq(stat(path, &was), 0);
}

static void
begin(void)
{
	aid_make_dir();
	memset(&e, 0, sizeof(e));
	secret_init(&s);
	secret_add_str(&s, "new");
	snprintf(path, sizeof(path), "%s", aid_path("secret"));
	look("old\n");
}

static void
end(void)
{
	secret_clear(&s);
	aid_remove_dir();
}

static const char *
content(void)
{
	return aid_read(path, text, sizeof(text));
}

static const struct {
	const char *old, *new;
} files[] = {
	{ "old\n", "new\n" },
	{ "old", "new" },
	{ "", "new" },
	{ "\n", "new\n" },
	{ "old\nsecond\n\nlast", "new\nsecond\n\nlast" },
	{ "old\r\nsecond\r\n", "new\nsecond\r\n" },
};

START_TEST(first_line_is_replaced)
{
	struct stat st;

	look(files[_i].old);
	ck_assert_msg(cred_new_store(path, &was, &s, &e) == 0, "%s", e.text);
	ck_assert_str_eq(content(), files[_i].new);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert(st.st_ino != was.st_ino); /* as a whole */
}
END_TEST

START_TEST(changed_meanwhile)
{
	aid_write(path, "of somebody else\n");
	ck_assert_int_eq(cred_new_store(path, &was, &s, &e), EX_TEMPFAIL);
	ck_assert_str_eq(content(), "of somebody else\n");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(cred_new_store(path, &was, &s, &e), EX_NOINPUT);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(through_a_link)
{
	struct stat st;

	ck_assert_int_eq(symlink(path, aid_path("link")), 0);
	ck_assert_int_eq(cred_new_store(aid_path("link"), &was, &s, &e), 0);
	ck_assert_str_eq(content(), "new\n");
	ck_assert_int_eq(lstat(aid_path("link"), &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
}
END_TEST

START_TEST(where_nothing_can_be_written)
{
	if (geteuid() == 0)
		return;
	ck_assert_int_eq(chmod(aid_path("."), 0500), 0);
	ck_assert_int_eq(cred_new_store(path, &was, &s, &e), EX_CANTCREAT);
	ck_assert_int_eq(chmod(aid_path("."), 0700), 0);
	ck_assert_str_eq(content(), "old\n");
}
END_TEST

START_TEST(is_it_the_old_one)
{
	struct profile_secret from = { .form = PROFILE_FILE, .text = path };
	struct profile p = { .name = (char *)"p" };

	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert(!cred_new_is_old(&p, &from, &s));
	secret_set(&s, "old", 3);
	ck_assert(cred_new_is_old(&p, &from, &s));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(!cred_new_is_old(&p, &from, &s));
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_loop_test(tc, first_line_is_replaced, 0,
	    (int)(sizeof(files) / sizeof(files[0])));
	tcase_add_test(tc, changed_meanwhile);
	tcase_add_test(tc, through_a_link);
	tcase_add_test(tc, where_nothing_can_be_written);
	tcase_add_test(tc, is_it_the_old_one);
}

int
main(void)
{
	return unit_main("cred_new", add);
}
