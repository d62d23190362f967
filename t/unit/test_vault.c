/* SPDX-License-Identifier: ISC */
/* test_vault: sealed blobs in a private directory. */
#include "gate/vault.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/sys.h"
#include "aid.h"

static struct err e;
static struct secret s;
static struct seal_ring *ring;
static struct vault vault;
static char dir[PATH_MAX];

/* Load the key ring of this test; it gets a key where it has none. */
static struct seal_ring *
load_ring(const char *key)
{
	const struct seal_places places = { .state = aid_path(key) };
	struct seal_ring *r = NULL;

	ck_assert_msg(seal_load(&places, true, &r, &e) == 0, "%s", e.text);
	return r;
}

static void
begin(void)
{
	aid_make_dir();
	memset(&e, 0, sizeof(e));
	secret_init(&s);
	snprintf(dir, sizeof(dir), "%s", aid_path("v"));
	ring = load_ring("k/seal.key");
	vault = (struct vault){ dir, ring };
}

static void
end(void)
{
	secret_clear(&s);
	seal_free(ring);
	aid_remove_dir();
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return (unsigned)st.st_mode & 07777;
}

static void
store(const char *name, const char *text)
{
	struct secret blob;

	secret_init(&blob);
	secret_add_str(&blob, text);
	ck_assert_int_eq(vault_write(&vault, name, &blob, &e), 0);
	secret_clear(&blob);
}

START_TEST(write_then_read)
{
	char text[1024];

	umask(0);
	store("noreply", "the blob\n\nof \"osmtp-vault 2\"\n");
	ck_assert_uint_eq(mode_of(aid_path("v")), 0700);
	ck_assert_uint_eq(mode_of(aid_path("v/noreply.blob")), 0600);
	aid_read(aid_path("v/noreply.blob"), text, sizeof(text));
	ck_assert_msg(
	    strncmp(text, "osmtp-vault 2\nsealed:v1:", 24) == 0, "%s", text);
	ck_assert_ptr_eq(strchr(text + 14, '\n'), text + strlen(text) - 1);
	ck_assert_ptr_null(strstr(text, "blob"));
	ck_assert_int_eq(vault_read(&vault, "noreply", &s, &e), 0);
	ck_assert_str_eq(
	    secret_reveal(&s), "the blob\n\nof \"osmtp-vault 2\"\n");
}
END_TEST

START_TEST(previous_generation)
{
	char first[1024], now[1024];

	store("a", "one");
	ck_assert_int_eq(access(aid_path("v/a.prev"), F_OK), -1);
	aid_read(aid_path("v/a.blob"), first, sizeof(first));
	store("a", "two");
	ck_assert_str_eq(
	    aid_read(aid_path("v/a.prev"), now, sizeof(now)), first);
	ck_assert_uint_eq(mode_of(aid_path("v/a.prev")), 0600);
	/* It is for a person to look at: nothing reads it. */
	ck_assert_int_eq(unlink(aid_path("v/a.blob")), 0);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), EX_NOINPUT);
}
END_TEST

START_TEST(bound_to_key_and_name)
{
	struct vault other = vault;
	struct seal_ring *r;

	store("a", "x");
	ck_assert_int_eq(rename(aid_path("v/a.blob"), aid_path("v/b.blob")), 0);
	ck_assert_int_eq(vault_read(&vault, "b", &s, &e), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "v/b.blob"));
	store("a", "x");
	r = load_ring("k2/seal.key");
	other.ring = r;
	ck_assert_int_eq(vault_read(&other, "a", &s, &e), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "v/a.blob"));
	ck_assert_uint_eq(secret_len(&s), 0);
	seal_free(r);
}
END_TEST

static void
altered(const char *label, char *text, size_t n)
{
	FILE *f = fopen(aid_path("v/a.blob"), "w");

	ck_assert_uint_eq(fwrite(text, 1, n, f), n);
	fclose(f);
	ck_assert_msg(vault_read(&vault, "a", &s, &e) != 0, "%s", label);
	ck_assert_uint_eq(secret_len(&s), 0);
}

/* Cut at any place, or with one octet changed, it does not open. */
START_TEST(read_what_was_altered)
{
	char text[1024], bad[1024];
	size_t n, i;

	store("a", "x");
	aid_read(aid_path("v/a.blob"), text, sizeof(text));
	n = strlen(text);
	for (i = 0; i < n; i++) {
		altered("cut", text, i);
		memcpy(bad, text, n);
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		altered("changed", bad, n);
	}
	text[n] = '\n';
	altered("longer", text, n + 1);
}
END_TEST

/* The first version kept tokens in clear: as good as none, and not kept on. */
START_TEST(read_the_first_version)
{
	aid_write(aid_path("k/x"), "");
	ck_assert_int_eq(mkdir(aid_path("v"), 0700), 0);
	umask(077);
	aid_write(aid_path("v/a.blob"), "osmtp-vault 1 plain\naccess t\n");
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), EX_NOINPUT);
	store("a", "new");
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), 0);
	ck_assert_str_eq(secret_reveal(&s), "new");
	ck_assert_int_eq(access(aid_path("v/a.prev"), F_OK), -1);
}
END_TEST

START_TEST(reserve_then_store)
{
	struct vault_slot *slot = NULL;
	struct stat st;

	ck_assert_int_eq(vault_reserve(&vault, "a", &slot, &e), 0);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), EX_NOINPUT);
	/* What is in the way makes it fail; it can be repeated. */
	secret_set(&s, "first", 5);
	ck_assert_int_eq(mkdir(aid_path("v/a.blob"), 0700), 0);
	ck_assert_int_eq(vault_store(slot, &s, &e), EX_CANTCREAT);
	ck_assert_int_eq(rmdir(aid_path("v/a.blob")), 0);
	ck_assert_int_eq(vault_store(slot, &s, &e), 0);
	secret_set(&s, "second", 6);
	ck_assert_int_eq(vault_store(slot, &s, &e), 0);
	vault_release(slot);
	vault_release(NULL);
	secret_clear(&s);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), 0);
	ck_assert_str_eq(secret_reveal(&s), "second");
	ck_assert_int_eq(stat(aid_path("v/a.blob"), &st), 0);
	ck_assert_int_lt(st.st_size, 500);
	ck_assert_int_eq(vault_reserve(&vault, "a", &slot, &e), 0);
	vault_release(slot);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), 0);
	ck_assert_str_eq(secret_reveal(&s), "second");
}
END_TEST

START_TEST(write_replaces)
{
	store("a", "a long first blob");
	store("a", "two");
	store("b", "other");
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), 0);
	ck_assert_str_eq(secret_reveal(&s), "two");
	store("a", "");
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), 0);
	ck_assert_uint_eq(secret_len(&s), 0);
	ck_assert_int_eq(vault_read(&vault, "b", &s, &e), 0);
	ck_assert_str_eq(secret_reveal(&s), "other");
}
END_TEST

START_TEST(octets_of_any_kind)
{
	struct secret blob;

	secret_init(&blob);
	secret_set(&blob, "a\0b\xff\n", 5);
	ck_assert_int_eq(vault_write(&vault, "x", &blob, &e), 0);
	ck_assert_int_eq(vault_read(&vault, "x", &s, &e), 0);
	ck_assert_uint_eq(secret_len(&s), 5);
	ck_assert_mem_eq(secret_reveal(&s), "a\0b\xff\n", 5);
	secret_clear(&blob);
}
END_TEST

START_TEST(names_stay_in_the_directory)
{
	store("../up", "1");
	store(".", "2");
	store("a/b c%", "3");
	ck_assert_int_eq(access(aid_path("v/..%2Fup.blob"), F_OK), 0);
	ck_assert_int_eq(access(aid_path("v/a%2Fb%20c%25.blob"), F_OK), 0);
	ck_assert_int_ne(access(aid_path("up.blob"), F_OK), 0);
	ck_assert_int_eq(vault_read(&vault, ".", &s, &e), 0);
	ck_assert_str_eq(secret_reveal(&s), "2");
	/* A name cannot be taken for another's lock. */
	store("a.lock", "4");
	ck_assert_int_eq(access(aid_path("v/a.lock"), F_OK), -1);
}
END_TEST

START_TEST(names_that_cannot_be)
{
	char longest[300];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(vault_write(&vault, longest, &s, &e), EX_CANTCREAT);
	ck_assert_int_eq(vault_write(&vault, "", &s, &e), EX_CANTCREAT);
	ck_assert_ptr_nonnull(strstr(e.text, "not usable as a name"));
}
END_TEST

START_TEST(read_what_is_not_there)
{
	ck_assert_int_eq(vault_read(&vault, "none", &s, &e), EX_NOINPUT);
	ck_assert_int_eq(e.code, EX_NOINPUT);
	store("some", "x");
	ck_assert_int_eq(vault_read(&vault, "none", &s, &e), EX_NOINPUT);
}
END_TEST

START_TEST(read_what_others_may_read)
{
	static const unsigned modes[] = { 0640, 0604, 0620, 0602, 0610 };

	store("a", "x");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(chmod(aid_path("v/a.blob"), modes[i]), 0);
		ck_assert_int_eq(vault_read(&vault, "a", &s, &e), EX_NOPERM);
		ck_assert_int_eq(e.code, EX_NOPERM);
	}
	ck_assert_ptr_nonnull(strstr(e.text, "0610"));
	ck_assert_uint_eq(secret_len(&s), 0);
	ck_assert_int_eq(chmod(aid_path("v/a.blob"), 0400), 0);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), 0);
}
END_TEST

START_TEST(read_without_permission)
{
	if (geteuid() == 0)
		return; /* Nothing is unreadable for root. */
	store("a", "x");
	ck_assert_int_eq(chmod(aid_path("v/a.blob"), 0), 0);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), EX_NOPERM);
	ck_assert_int_eq(e.code, EX_NOPERM);
}
END_TEST

START_TEST(read_another_form)
{
	static const struct {
		const char *content, *says;
	} rows[] = {
		{ "", "damaged" },
		{ "osmtp-vault", "damaged" },
		{ "osmtp-vault 1 plain", "does not know" },
		{ "osmtp-vault 2 plain\nx", "does not know" },
		{ "osmtp-vault 3\nx", "does not know" },
		{ "osmtp-vault 2\n", "cut short" },
		{ "osmtp-vault 2\nx\n", "v/a.blob" },
		{ "something else\nx", "damaged" },
	};
	char text[100];

	store("a", "x");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		aid_write(aid_path("v/a.blob"), rows[i].content);
		ck_assert_int_eq(vault_read(&vault, "a", &s, &e), EX_DATAERR);
		ck_assert_msg(
		    strstr(e.text, rows[i].says) != NULL, "%s", e.text);
		ck_assert_str_eq(
		    aid_read(aid_path("v/a.blob"), text, sizeof(text)),
		    rows[i].content);
	}
}
END_TEST

START_TEST(read_no_file)
{
	ck_assert_int_eq(mkdir(aid_path("v"), 0700), 0);
	ck_assert_int_eq(mkdir(aid_path("v/a.blob"), 0700), 0);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), EX_DATAERR);
	ck_assert_int_eq(mkfifo(aid_path("v/b.blob"), 0600), 0);
	ck_assert_int_eq(vault_read(&vault, "b", &s, &e), EX_DATAERR);
}
END_TEST

START_TEST(sizes)
{
	size_t n = VAULT_MAX_BLOB + 1;
	char *big = mem_new(n, 1);
	FILE *f;

	memset(big, 'x', n);
	secret_set(&s, big, n);
	ck_assert_int_eq(vault_write(&vault, "a", &s, &e), EX_CANTCREAT);
	ck_assert_int_ne(access(aid_path("v/a.blob"), F_OK), 0);
	secret_set(&s, big, n - 1);
	ck_assert_int_eq(vault_write(&vault, "a", &s, &e), 0);
	secret_clear(&s);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), 0);
	ck_assert_uint_eq(secret_len(&s), n - 1);
	f = fopen(aid_path("v/a.blob"), "a");
	for (n = 0; n < 2000; n++)
		fputc('x', f);
	fclose(f);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "longer than"));
	free(big);
}
END_TEST

START_TEST(directory_that_others_may_write)
{
	ck_assert_int_eq(mkdir(aid_path("v"), 0700), 0);
	ck_assert_int_eq(chmod(aid_path("v"), 0770), 0);
	ck_assert_int_eq(vault_write(&vault, "a", &s, &e), EX_CANTCREAT);
	ck_assert_ptr_nonnull(strstr(e.text, "0770"));
	ck_assert_int_ne(access(aid_path("v/a.blob"), F_OK), 0);
}
END_TEST

START_TEST(directory_that_cannot_be_made)
{
	int fd = -1;

	aid_write(dir, "a file");
	ck_assert_int_eq(vault_write(&vault, "a", &s, &e), EX_CANTCREAT);
	ck_assert_int_eq(
	    vault_lock(&vault, "a", sys_mono(), &fd, &e), EX_CANTCREAT);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), EX_NOINPUT);
}
END_TEST

START_TEST(remove_blob)
{
	const struct vault nowhere = { aid_path("nowhere"), NULL };

	store("a", "x");
	store("a", "x");
	store("b", "y");
	ck_assert_int_eq(vault_remove(&vault, "a", &e), 0);
	ck_assert_int_eq(access(aid_path("v/a.prev"), F_OK), -1);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), EX_NOINPUT);
	ck_assert_int_eq(vault_read(&vault, "b", &s, &e), 0);
	ck_assert_int_eq(vault_remove(&vault, "a", &e), 0);
	ck_assert_int_eq(vault_remove(&nowhere, "a", &e), 0);
	ck_assert_int_eq(mkdir(aid_path("v/c.blob"), 0700), 0);
	ck_assert_int_eq(vault_remove(&vault, "c", &e), EX_IOERR);
}
END_TEST

START_TEST(sweep_what_a_crash_left)
{
	struct vault_slot *slot = NULL;

	store("a:b", "x");
	aid_write(aid_path("v/.a%3Ab.blob.tmp-XyZ123"), "half");
	aid_write(aid_path("v/.a.blob.tmp-XyZ123"), "of another");
	vault_sweep(&vault, "a:b");
	ck_assert_int_eq(
	    access(aid_path("v/.a%3Ab.blob.tmp-XyZ123"), F_OK), -1);
	ck_assert_int_eq(access(aid_path("v/.a.blob.tmp-XyZ123"), F_OK), 0);
	ck_assert_int_eq(vault_read(&vault, "a:b", &s, &e), 0);
	/* The names are those that are really given. */
	ck_assert_int_eq(vault_reserve(&vault, "c", &slot, &e), 0);
	vault_sweep(&vault, "c");
	ck_assert_int_eq(vault_store(slot, &s, &e), EX_CANTCREAT);
	vault_release(slot);
}
END_TEST

START_TEST(lock_is_held)
{
	int one = -1, two = -1, other = -1;
	int64_t now = sys_mono();

	ck_assert_int_eq(vault_lock(&vault, "a", now, &one, &e), 0);
	ck_assert_uint_eq(mode_of(aid_path("v/a.lock")), 0600);
	ck_assert_int_eq(
	    vault_lock(&vault, "a", sys_mono() + 50, &two, &e), EX_TEMPFAIL);
	ck_assert_int_eq(vault_lock(&vault, "b", now, &other, &e), 0);
	/* The blob can be replaced and forgotten under it. */
	store("a", "x");
	ck_assert_int_eq(vault_remove(&vault, "a", &e), 0);
	ck_assert_int_eq(
	    vault_lock(&vault, "a", sys_mono() + 50, &two, &e), EX_TEMPFAIL);
	close(one);
	ck_assert_int_eq(
	    vault_lock(&vault, "a", sys_mono() + 1000, &two, &e), 0);
	close(two);
	close(other);
}
END_TEST

/* ---- keys of what is stored */

/* Another key in front of the one that has sealed so far. */
static void
new_key(char kid[SEAL_KID_LENGTH + 1])
{
	ck_assert_int_eq(seal_new_key(aid_path("k/seal.key"), kid, &e), 0);
	seal_free(ring);
	vault.ring = ring = load_ring("k/seal.key");
}

static const char *
kid_of(const char *name, enum vault_generation g)
{
	static char kid[SEAL_KID_LENGTH + 1];

	ck_assert_msg(vault_kid(&vault, name, g, kid, &e) == 0, "%s", e.text);
	return kid;
}

START_TEST(renew_both_generations)
{
	char old[SEAL_KID_LENGTH + 1], new[SEAL_KID_LENGTH + 1];
	char was[1024], is[1024];

	store("a", "one");
	store("a", "two");
	memcpy(old, kid_of("a", VAULT_NOW), sizeof(old));
	new_key(new);
	ck_assert_str_eq(kid_of("a", VAULT_PREVIOUS), old);
	ck_assert_int_eq(vault_renew(&vault, "a", VAULT_PREVIOUS, &e), 0);
	ck_assert_str_eq(kid_of("a", VAULT_PREVIOUS), new);
	ck_assert_str_eq(kid_of("a", VAULT_NOW), old);
	ck_assert_int_eq(vault_renew(&vault, "a", VAULT_NOW, &e), 0);
	ck_assert_str_eq(kid_of("a", VAULT_NOW), new);
	ck_assert_uint_eq(mode_of(aid_path("v/a.blob")), 0600);
	/* Once is enough. */
	aid_read(aid_path("v/a.blob"), was, sizeof(was));
	ck_assert_int_eq(vault_renew(&vault, "a", VAULT_NOW, &e), 0);
	ck_assert_str_eq(aid_read(aid_path("v/a.blob"), is, sizeof(is)), was);
	ck_assert_int_eq(seal_drop_key(aid_path("k/seal.key"), old, &e), 0);
	seal_free(ring);
	vault.ring = ring = load_ring("k/seal.key");
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), 0);
	ck_assert_str_eq(secret_reveal(&s), "two");
	secret_clear(&s);
	ck_assert_int_eq(rename(aid_path("v/a.prev"), aid_path("v/a.blob")), 0);
	ck_assert_int_eq(vault_read(&vault, "a", &s, &e), 0);
	ck_assert_str_eq(secret_reveal(&s), "one");
}
END_TEST

/* What can't be renewed is told from what need not be, and stays. */
START_TEST(renew_what_cannot_be)
{
	char kid[SEAL_KID_LENGTH + 1], is[1024];

	ck_assert_int_eq(vault_renew(&vault, "a", VAULT_NOW, &e), EX_NOINPUT);
	ck_assert_int_eq(
	    vault_kid(&vault, "a", VAULT_NOW, kid, &e), EX_NOINPUT);
	store("a", "x");
	new_key(kid);
	ck_assert_int_eq(rename(aid_path("v/a.blob"), aid_path("v/b.blob")), 0);
	ck_assert_int_eq(vault_renew(&vault, "b", VAULT_NOW, &e), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(e.text, "v/b.blob"));
	umask(077);
	aid_write(aid_path("v/b.blob"), "osmtp-vault 1 plain\naccess t\n");
	ck_assert_int_eq(vault_renew(&vault, "b", VAULT_NOW, &e), EX_NOINPUT);
	ck_assert_int_eq(
	    vault_kid(&vault, "b", VAULT_NOW, kid, &e), EX_NOINPUT);
	aid_write(aid_path("v/b.blob"), "osmtp-vault 3\nsealed:v1:\n");
	ck_assert_int_eq(
	    vault_kid(&vault, "b", VAULT_NOW, kid, &e), EX_DATAERR);
	ck_assert_int_eq(vault_renew(&vault, "b", VAULT_NOW, &e), EX_DATAERR);
	ck_assert_str_eq(aid_read(aid_path("v/b.blob"), is, sizeof(is)),
	    "osmtp-vault 3\nsealed:v1:\n");
	ck_assert_int_eq(chmod(aid_path("v/b.blob"), 0644), 0);
	ck_assert_int_eq(vault_kid(&vault, "b", VAULT_NOW, kid, &e), EX_NOPERM);
	store("c", "x");
	new_key(kid);
	ck_assert_int_eq(chmod(aid_path("v"), 0777), 0);
	ck_assert_int_eq(vault_renew(&vault, "c", VAULT_NOW, &e), EX_CANTCREAT);
}
END_TEST

START_TEST(names_are_listed)
{
	struct text_list names = { 0 };
	char *path = vault_path(&vault, "a/b", VAULT_PREVIOUS);
	int fd;

	ck_assert_int_eq(vault_list(&vault, &names, &e), 0);
	ck_assert_uint_eq(names.n, 0);
	store("z", "x");
	store("https://example.net/a%b?\303\251", "x");
	store("z", "y");
	ck_assert_int_eq(
	    vault_lock(&vault, "locked", sys_mono() + 1000, &fd, &e), 0);
	close(fd);
	aid_write(aid_path("v/.z.blob.tmp-XyZ123"), "temporary");
	aid_write(aid_path("v/readme"), "");
	aid_write(aid_path("v/.blob"), "");
	aid_write(aid_path("v/%00.blob"), "");
	aid_write(aid_path("v/%4.blob"), "");
	aid_write(aid_path("v/%zz.blob"), "");
	ck_assert_int_eq(vault_list(&vault, &names, &e), 0);
	ck_assert_uint_eq(names.n, 3);
	ck_assert_str_eq(names.v[0], "https://example.net/a%b?\303\251");
	ck_assert_str_eq(names.v[1], "locked");
	ck_assert_str_eq(names.v[2], "z");
	text_list_clear(&names);
	ck_assert_str_eq(path + strlen(dir), "/a%2Fb.prev");
	free(path);
	if (geteuid() == 0)
		return;
	ck_assert_int_eq(chmod(dir, 0), 0);
	ck_assert_int_eq(vault_list(&vault, &names, &e), EX_NOPERM);
	ck_assert_int_eq(chmod(dir, 0700), 0);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, write_then_read);
	tcase_add_test(tc, previous_generation);
	tcase_add_test(tc, bound_to_key_and_name);
	tcase_add_test(tc, read_what_was_altered);
	tcase_add_test(tc, read_the_first_version);
	tcase_add_test(tc, reserve_then_store);
	tcase_add_test(tc, write_replaces);
	tcase_add_test(tc, octets_of_any_kind);
	tcase_add_test(tc, names_stay_in_the_directory);
	tcase_add_test(tc, names_that_cannot_be);
	tcase_add_test(tc, read_what_is_not_there);
	tcase_add_test(tc, read_what_others_may_read);
	tcase_add_test(tc, read_without_permission);
	tcase_add_test(tc, read_another_form);
	tcase_add_test(tc, read_no_file);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, directory_that_others_may_write);
	tcase_add_test(tc, directory_that_cannot_be_made);
	tcase_add_test(tc, remove_blob);
	tcase_add_test(tc, sweep_what_a_crash_left);
	tcase_add_test(tc, lock_is_held);
	tcase_add_test(tc, renew_both_generations);
	tcase_add_test(tc, renew_what_cannot_be);
	tcase_add_test(tc, names_are_listed);
}

int
main(void)
{
	return unit_main("vault", add);
}
