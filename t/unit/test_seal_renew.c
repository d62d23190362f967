/* SPDX-License-Identifier: ISC */
/* test_seal_renew: a change of keys: sealing anew, keys that go. */
#include "gate/seal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "aid.h"
#include "base/sys.h"
#include "base/text.h"

/* As in test_seal: sealed at 1700000000 by the octets 0 to 31. */
#define OLD "d0550409"
#define OLD_LINE \
	OLD " 1690000000 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define BLOB                                                            \
	"sealed:v1:" OLD ":ZGVmZ2hpamtsbW5vcHFyc8jJysvMzc7P0NHS0-"      \
	"BMiXxl7Ktak2vTkvtXg2O9wOoStmg5kgXw2zO01GRkq9Gkrm2Oom38A39urjq" \
	"jGpzmwuBsKtOQTHwnBLfWwRMt5et2mtkdzLijTVNfgxup"
#define SEALED_AT 1700000000

static const struct seal_use use = { "config", "noreply",
	"oauth.client_secret" };
static struct err e;
static struct secret out;
static struct seal_ring *ring;
static struct buf text;
static char key[PATH_MAX], was[4096], is[4096];

static void
write_keys(const char *content)
{
	aid_write(key, content);
	ck_assert_int_eq(chmod(key, 0600), 0);
}

static void
load(void)
{
	const struct seal_places places = { .own = key };

	seal_free(ring);
	ring = NULL;
	ck_assert_msg(seal_load(&places, false, &ring, &e) == 0, "%s", e.text);
}

static void
begin(void)
{
	aid_make_dir();
	memset(&e, 0, sizeof(e));
	secret_init(&out);
	buf_init(&text, 1 << 20);
	ring = NULL;
	snprintf(key, sizeof(key), "%s", aid_path("k"));
	write_keys("# the first\n" OLD_LINE);
}

static void
end(void)
{
	secret_clear(&out);
	buf_clear(&text);
	seal_free(ring);
	aid_remove_dir();
}

static void
expect_text(const char *part)
{
	ck_assert_msg(
	    strstr(e.text, part) != NULL, "'%s' is not in: %s", part, e.text);
}

/* ---- sealing anew */

START_TEST(renewed_by_the_first_key)
{
	char kid[SEAL_KID_LENGTH + 1], by[SEAL_KID_LENGTH + 1];
	int64_t at = 0;

	ck_assert_int_eq(seal_new_key(key, kid, &e), 0);
	load();
	buf_add_str(&text, "before ");
	ck_assert_int_eq(seal_renew(ring, &use, BLOB, &text, &e), 0);
	ck_assert_int_eq(memcmp(text.data, "before ", 7), 0);
	ck_assert_int_eq(seal_check_form(text.data + 7, by, &e), 0);
	ck_assert_str_eq(by, kid);
	ck_assert_int_eq(seal_drop_key(key, OLD, &e), 0);
	load();
	ck_assert_int_eq(
	    seal_open(ring, &use, text.data + 7, &out, &at, &e), 0);
	ck_assert_str_eq(secret_reveal(&out), "kettle drum+%&=\"\303\251:9");
	ck_assert_int_eq(at, SEALED_AT); /* no younger for it */
}
END_TEST

START_TEST(renewed_for_its_use_alone)
{
	static const struct seal_use other = { "config", "other",
		"oauth.client_secret" };

	load();
	ck_assert_int_eq(seal_renew(ring, &other, BLOB, &text, &e), EX_DATAERR);
	ck_assert_uint_eq(text.len, 0);
	ck_assert_int_eq(
	    seal_renew(ring, &use, "no blob", &text, &e), EX_DATAERR);
	write_keys("");
	load();
	ck_assert_int_eq(seal_renew(ring, &use, BLOB, &text, &e), EX_CONFIG);
	expect_text(OLD);
	ck_assert_uint_eq(text.len, 0);
}
END_TEST

/* ---- keys that go */

START_TEST(all_else_stays)
{
	char kid[SEAL_KID_LENGTH + 1];
	struct stat st;
	ino_t before;

	write_keys("# " OLD " in a comment\n" OLD_LINE "\n# end");
	ck_assert_int_eq(seal_new_key(key, kid, &e), 0);
	aid_read(key, was, sizeof(was));
	ck_assert_int_eq(stat(key, &st), 0);
	before = st.st_ino;
	ck_assert_int_eq(seal_drop_key(key, OLD, &e), 0);
	aid_read(key, is, sizeof(is));
	*strstr(was, OLD_LINE) = '\0';
	ck_assert_int_eq(memcmp(is, was, strlen(was)), 0);
	ck_assert_str_eq(is + strlen(was), "\n# end");
	ck_assert_int_eq(stat(key, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert(st.st_ino != before); /* replaced, not written over */
	ck_assert_int_eq(seal_drop_key(key, OLD, &e), EX_NOINPUT);
	ck_assert_int_eq(seal_drop_key(key, kid, &e), 0);
	ck_assert_str_eq(
	    aid_read(key, is, sizeof(is)), "# " OLD " in a comment\n\n# end");
}
END_TEST

START_TEST(twice_and_without_an_end_of_line)
{
	write_keys(OLD_LINE OLD_LINE);
	ck_assert_int_eq(truncate(key, sizeof(OLD_LINE OLD_LINE) - 2), 0);
	ck_assert_int_eq(seal_drop_key(key, OLD, &e), 0);
	ck_assert_str_eq(aid_read(key, is, sizeof(is)), "");
}
END_TEST

static const char *const strangers[] = { "", "d", "d055040", "d0550408",
	"D0550409", OLD " ", "# the fi" };

START_TEST(no_such_key)
{
	aid_read(key, was, sizeof(was));
	ck_assert_int_eq(seal_drop_key(key, strangers[_i], &e), EX_NOINPUT);
	ck_assert_str_eq(aid_read(key, is, sizeof(is)), was);
}
END_TEST

START_TEST(no_file_is_made)
{
	ck_assert_int_eq(unlink(key), 0);
	ck_assert_int_eq(seal_drop_key(key, OLD, &e), EX_NOINPUT);
	ck_assert_int_ne(access(key, F_OK), 0);
}
END_TEST

START_TEST(what_is_wrong_stays)
{
	write_keys(OLD_LINE "damaged\n");
	ck_assert_int_eq(seal_drop_key(key, OLD, &e), EX_CONFIG);
	expect_text(":2:");
	ck_assert_str_eq(aid_read(key, is, sizeof(is)), OLD_LINE "damaged\n");
	write_keys(OLD_LINE);
	ck_assert_int_eq(chmod(key, 0644), 0);
	ck_assert_int_eq(seal_drop_key(key, OLD, &e), EX_NOPERM);
	ck_assert_str_eq(aid_read(key, is, sizeof(is)), OLD_LINE);
	ck_assert_int_eq(chmod(key, 0600), 0);
	if (geteuid() == 0)
		return;
	ck_assert_int_eq(chmod(aid_path("."), 0500), 0);
	ck_assert_int_eq(seal_drop_key(key, OLD, &e), EX_CANTCREAT);
	ck_assert_int_eq(chmod(aid_path("."), 0700), 0);
	ck_assert_str_eq(aid_read(key, is, sizeof(is)), OLD_LINE);
}
END_TEST

/* While keys come and go at once, none is lost that should stay. */
START_TEST(with_others_at_once)
{
	char kids[8][SEAL_KID_LENGTH + 1];
	struct seal_key k;
	pid_t pids[8];
	int i, status;
	size_t n;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(seal_new_key(key, kids[i], &e), 0);
	for (i = 0; i < 8; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			_exit(i < 4 ? seal_drop_key(key, kids[i], &e)
				    : seal_new_key(key, kids[i], &e));
	}
	for (i = 0; i < 8; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	load();
	for (n = 0; seal_key(ring, n, &k); n++)
		for (i = 0; i < 4; i++)
			ck_assert_str_ne(k.kid, kids[i]);
	ck_assert_uint_eq(n, 5);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, renewed_by_the_first_key);
	tcase_add_test(tc, renewed_for_its_use_alone);
	tcase_add_test(tc, all_else_stays);
	tcase_add_test(tc, twice_and_without_an_end_of_line);
	tcase_add_loop_test(tc, no_such_key, 0,
	    (int)(sizeof(strangers) / sizeof(strangers[0])));
	tcase_add_test(tc, no_file_is_made);
	tcase_add_test(tc, what_is_wrong_stays);
	tcase_add_test(tc, with_others_at_once);
}

int
main(void)
{
	return unit_main("seal_renew", add);
}
