/* SPDX-License-Identifier: ISC */
/* test_seal: blobs and what they are bound to, keys and their files. */
#include "gate/seal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "aid.h"
#include "base/sys.h"
#include "base/text.h"

#define COUNT(cases) ((int)(sizeof(cases) / sizeof((cases)[0])))

/* The octets 0 to 31 as a key, and a blob that was made with it by another
 * program from what seal.c says about its form. */
#define GOLD_KID  "d0550409"
#define GOLD_LINE GOLD_KID " 1690000000 " GOLD_KEY "\n"
#define GOLD_KEY  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define GOLD_BLOB                                                       \
	"sealed:v1:" GOLD_KID ":ZGVmZ2hpamtsbW5vcHFyc8jJysvMzc7P0NHS0-" \
	"BMiXxl7Ktak2vTkvtXg2O9wOoStmg5kgXw2zO01GRkq9Gkrm2Oom38A39urjq" \
	"jGpzmwuBsKtOQTHwnBLfWwRMt5et2mtkdzLijTVNfgxup"
#define GOLD_SECRET "kettle drum+%&=\"\303\251:9"

static const struct seal_use use = { "config", "noreply",
	"oauth.client_secret" };
static struct err e;
static struct secret in, out;
static struct seal_ring *ring;
static struct buf text;

static void
begin(void)
{
	aid_make_dir();
	memset(&e, 0, sizeof(e));
	secret_init(&in);
	secret_init(&out);
	buf_init(&text, 1 << 20);
	ring = NULL;
}

static void
end(void)
{
	secret_clear(&in);
	secret_clear(&out);
	buf_clear(&text);
	seal_free(ring);
	aid_remove_dir();
}

/* A key file of mode 0600. */
static const char *
key_file(const char *name, const char *content)
{
	const char *path = aid_path(name);

	aid_write(path, content);
	ck_assert_int_eq(chmod(path, 0600), 0);
	return path;
}

static int
load(const char *own)
{
	struct seal_places places = { .own = own };

	seal_free(ring);
	ring = NULL;
	return seal_load(&places, false, &ring, &e);
}

static void
load_gold(void)
{
	ck_assert_int_eq(load(key_file("gold", GOLD_LINE)), 0);
}

static void
expect_text(const char *part)
{
	ck_assert_msg(
	    strstr(e.text, part) != NULL, "'%s' is not in: %s", part, e.text);
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return (unsigned)st.st_mode & 07777;
}

static size_t
count_keys(void)
{
	struct seal_key k;
	size_t n = 0;

	while (seal_key(ring, n, &k))
		n++;
	return n;
}

/* ---- blobs */

START_TEST(form_is_fixed)
{
	char kid[SEAL_KID_LENGTH + 1];
	int64_t at = 0;

	load_gold();
	ck_assert_int_eq(seal_open(ring, &use, GOLD_BLOB, &out, &at, &e), 0);
	ck_assert_str_eq(secret_reveal(&out), GOLD_SECRET);
	ck_assert_int_eq(at, 1700000000);
	ck_assert_int_eq(seal_check_form(GOLD_BLOB, kid, &e), 0);
	ck_assert_str_eq(kid, GOLD_KID);
	ck_assert_int_eq(seal_check_form(GOLD_BLOB, NULL, &e), 0);
}
END_TEST

/* Lengths about the ends of a block of 64, of which 13 are taken. */
START_TEST(round_trip)
{
	static const size_t lengths[] = { 0, 1, 50, 51, 52, 64, 114, 115, 116,
		4096, SEAL_MAX_SECRET };
	int64_t at, now = sys_now() / 1000;
	size_t i, n, block;

	load_gold();
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char *p = calloc(1, lengths[i] + 1);

		for (n = 0; n < lengths[i]; n++)
			p[n] = (char)(n * 31 + 7);
		secret_set(&in, p, lengths[i]);
		buf_reset(&text);
		buf_add_str(&text, "before ");
		ck_assert_int_eq(seal_close(ring, &use, &in, &text, &e), 0);
		ck_assert(text_starts(text.data, "before " SEAL_PREFIX));
		block = (13 + lengths[i] + 63) / 64 * 64;
		ck_assert_uint_eq(
		    text.len, 7 + strlen(SEAL_PREFIX) + 9 +
				  ((16 + 12 + block + 16) * 4 + 2) / 3);
		ck_assert_int_eq(
		    seal_open(ring, &use, text.data + 7, &out, &at, &e), 0);
		ck_assert_uint_eq(secret_len(&out), lengths[i]);
		ck_assert_mem_eq(secret_reveal(&out), p, lengths[i]);
		ck_assert_int_ge(at, now);
		ck_assert_int_lt(at, now + 60);
		free(p);
	}
	secret_add(&in, "x", 1);
	buf_reset(&text);
	ck_assert_int_eq(seal_close(ring, &use, &in, &text, &e), EX_DATAERR);
	ck_assert_uint_eq(text.len, 0);
}
END_TEST

/* Two blobs of one secret have nothing in common that tells so. */
START_TEST(blobs_differ)
{
	struct buf other;

	load_gold();
	secret_add_str(&in, "the same");
	buf_init(&other, 4096);
	ck_assert_int_eq(seal_close(ring, &use, &in, &text, &e), 0);
	ck_assert_int_eq(seal_close(ring, &use, &in, &other, &e), 0);
	ck_assert_uint_eq(text.len, other.len);
	ck_assert_str_ne(text.data, other.data);
	ck_assert_int_ne(memcmp(text.data + 19, other.data + 19, 16), 0);
	ck_assert_ptr_null(strstr(text.data, "same"));
	buf_clear(&other);
}
END_TEST

static const struct seal_use other_uses[] = {
	{ "cache", "noreply", "oauth.client_secret" },
	{ "config", "other", "oauth.client_secret" },
	{ "config", "noreply", "password" },
	{ "config", "", "noreplyoauth.client_secret" },
	{ "config", "noreplyo", "auth.client_secret" },
	{ "confi", "gnoreply", "oauth.client_secret" },
	{ "", "", "" },
};

START_TEST(opens_nowhere_else)
{
	load_gold();
	secret_add_str(&out, "untouched");
	ck_assert_int_eq(
	    seal_open(ring, &other_uses[_i], GOLD_BLOB, &out, NULL, &e),
	    EX_DATAERR);
	expect_text(other_uses[_i].field);
	expect_text(other_uses[_i].profile);
	ck_assert_str_eq(secret_reveal(&out), "untouched");
}
END_TEST

/* Each letter in turn becomes another one; each front of it is tried. */
START_TEST(altered)
{
	char blob[] = GOLD_BLOB;
	size_t i;

	load_gold();
	for (i = 0; blob[i] != '\0'; i++) {
		char was = blob[i];
		int rc;

		blob[i] = was == '1' ? '2' : '1';
		rc = seal_open(ring, &use, blob, &out, NULL, &e);
		ck_assert_msg(rc == EX_DATAERR || rc == EX_CONFIG,
		    "octet %zu: %d", i, rc);
		/* Only the name of a key that we do not have is no damage. */
		ck_assert_msg((rc == EX_CONFIG) == (i >= 10 && i < 18),
		    "octet %zu: %d", i, rc);
		blob[i] = '\0';
		ck_assert_int_eq(
		    seal_open(ring, &use, blob, &out, NULL, &e), EX_DATAERR);
		ck_assert_int_eq(seal_check_form(blob, NULL, &e), EX_DATAERR);
		blob[i] = was;
	}
	ck_assert_int_eq(seal_open(ring, &use, blob, &out, NULL, &e), 0);
}
END_TEST

#define BODY(n) "sealed:v1:d0550409:" n
#define A12	"AAAAAAAAAAAA"
#define A144	A12 A12 A12 A12 A12 A12 A12 A12 A12 A12 A12 A12

static const struct {
	const char *label, *text, *part;
} bad_forms[] = {
	{ "empty", "", "begin" },
	{ "a password", "hunter2", "begin" },
	{ "another case", "Sealed:v1:d0550409:" A144, "begin" },
	{ "a later version", "sealed:v2:d0550409:" A144, "version" },
	{ "ten versions later", "sealed:v11:d0550409:" A144, "version" },
	{ "no key", "sealed:v1::" A144, "name of its key" },
	{ "a short key", "sealed:v1:d055040:" A144, "name of its key" },
	{ "a long key", "sealed:v1:d05504090:" A144, "name of its key" },
	{ "a key in capitals", "sealed:v1:D0550409:" A144, "name of its key" },
	{ "only a key", "sealed:v1:d0550409", "name of its key" },
	{ "no octets", BODY(""), "missing" },
	{ "a block less", BODY(A12 A12 A12 A12 A12), "missing" },
	{ "an octet more", BODY(A144 "AA"), "missing" },
	{ "half an octet more", BODY(A144 "A"), "base64url" },
	{ "blanks behind", BODY(A144 " "), "base64url" },
	{ "padding", BODY(A144 "AA=="), "base64url" },
	{ "the other alphabet", BODY(A144 "+/AA"), "base64url" },
};

START_TEST(form_is_checked)
{
	char kid[SEAL_KID_LENGTH + 1] = "kept";

	ck_assert_int_eq(seal_check_form(BODY(A144), NULL, &e), 0);
	ck_assert_msg(
	    seal_check_form(bad_forms[_i].text, kid, &e) == EX_DATAERR, "%s",
	    bad_forms[_i].label);
	expect_text(bad_forms[_i].part);
	ck_assert_str_eq(kid, "kept");
	load_gold();
	ck_assert_int_eq(
	    seal_open(ring, &use, bad_forms[_i].text, &out, NULL, &e),
	    EX_DATAERR);
}
END_TEST

START_TEST(form_is_bounded)
{
	size_t i;

	buf_add_str(&text, "sealed:v1:d0550409:");
	for (i = 0; i < 2 * SEAL_MAX_SECRET; i++)
		buf_add_char(&text, 'A');
	ck_assert_int_eq(seal_check_form(text.data, NULL, &e), EX_DATAERR);
	expect_text("too long");
}
END_TEST

/* ---- the ring */

START_TEST(missing_key_is_named)
{
	struct seal_places places = { .system = aid_path("a/none"),
		.own = aid_path("none") };

	ck_assert_int_eq(seal_load(&places, false, &ring, &e), 0);
	ck_assert_uint_eq(count_keys(), 0);
	ck_assert_int_eq(
	    seal_open(ring, &use, GOLD_BLOB, &out, NULL, &e), EX_CONFIG);
	expect_text(GOLD_KID);
	expect_text(places.system);
	expect_text(places.own);
	ck_assert_int_eq(seal_close(ring, &use, &in, &text, &e), EX_CONFIG);
	expect_text("--new-key");
	ck_assert_uint_eq(text.len, 0);
}
END_TEST

/* The first of all keys seals, each opens. */
START_TEST(places_in_order)
{
	struct seal_places places = { 0 };
	char kids[5][SEAL_KID_LENGTH + 1];
	struct seal_key k;
	size_t i;

	places.credential = aid_path("credential");
	places.system = aid_path("system");
	places.own = aid_path("own");
	places.state = aid_path("state/seal.key");
	ck_assert_int_eq(seal_new_key(places.state, kids[4], &e), 0);
	ck_assert_int_eq(seal_new_key(places.own, kids[3], &e), 0);
	ck_assert_int_eq(seal_new_key(places.system, kids[2], &e), 0);
	ck_assert_int_eq(seal_new_key(places.credential, kids[1], &e), 0);
	secret_add_str(&in, "s3cr3t");
	ck_assert_int_eq(seal_load(&places, true, &ring, &e), 0);
	ck_assert_int_eq(seal_close(ring, &use, &in, &text, &e), 0);
	ck_assert_int_eq(strncmp(text.data + 10, kids[1], 8), 0);
	seal_free(ring);
	ck_assert_int_eq(seal_new_key(places.credential, kids[0], &e), 0);
	ck_assert_int_eq(seal_load(&places, true, &ring, &e), 0);
	for (i = 0; i < 5; i++) {
		ck_assert(seal_key(ring, i, &k));
		ck_assert_str_eq(k.kid, kids[i]);
		ck_assert_int_ge(k.created, sys_now() / 1000 - 60);
	}
	ck_assert(!seal_key(ring, 5, &k));
	ck_assert_str_eq(k.path, places.state);
	ck_assert_int_eq(seal_open(ring, &use, text.data, &out, NULL, &e), 0);
	ck_assert_str_eq(secret_reveal(&out), "s3cr3t");
}
END_TEST

START_TEST(first_key_is_made)
{
	struct seal_places places = { 0 };
	const char *state = aid_path("a/b/seal.key");
	char was[512], is[512];

	places.state = state;
	places.own = aid_path("own");
	ck_assert_int_eq(seal_load(&places, false, &ring, &e), 0);
	ck_assert_uint_eq(count_keys(), 0);
	ck_assert_int_eq(access(state, F_OK), -1);
	seal_free(ring);
	umask(0);
	ck_assert_int_eq(seal_load(&places, true, &ring, &e), 0);
	ck_assert_uint_eq(count_keys(), 1);
	ck_assert_uint_eq(mode_of(state), 0600);
	ck_assert_uint_eq(mode_of(aid_path("a/b")), 0700);
	ck_assert_uint_eq(mode_of(aid_path("a")), 0700);
	aid_read(state, was, sizeof(was));
	seal_free(ring);
	ck_assert_int_eq(seal_load(&places, true, &ring, &e), 0);
	ck_assert_str_eq(aid_read(state, is, sizeof(is)), was);
}
END_TEST

START_TEST(no_key_is_made_beside_another)
{
	struct seal_places places = { 0 };

	places.own = key_file("own", GOLD_LINE);
	places.state = aid_path("state");
	ck_assert_int_eq(seal_load(&places, true, &ring, &e), 0);
	ck_assert_int_eq(access(places.state, F_OK), -1);
	seal_free(ring);
	/* A file without a key in it is as good as none. */
	places.own = key_file("own", "# nothing here\n");
	ck_assert_int_eq(seal_load(&places, true, &ring, &e), 0);
	ck_assert_int_eq(access(places.state, F_OK), 0);
}
END_TEST

START_TEST(no_place_for_a_key)
{
	struct seal_places places = { 0 };

	ck_assert_int_eq(seal_load(&places, true, &ring, &e), 0);
	ck_assert_uint_eq(count_keys(), 0);
	seal_free(ring);
	ring = NULL;
	aid_write(aid_path("file"), "");
	places.state = aid_path("file/seal.key");
	ck_assert_int_eq(seal_load(&places, true, &ring, &e), EX_CANTCREAT);
	ck_assert_ptr_null(ring);
}
END_TEST

/* Comments and the keys that are there stay, in their order. */
START_TEST(new_key_goes_first)
{
	char kid[SEAL_KID_LENGTH + 1], want[512], is[512];
	const char *path =
	    key_file("k", "# one\n# two\n" GOLD_LINE "\n# three");

	ck_assert_int_eq(seal_new_key(path, kid, &e), 0);
	aid_read(path, is, sizeof(is));
	snprintf(want, sizeof(want), "# one\n# two\n%s ", kid);
	ck_assert(text_starts(is, want));
	ck_assert_str_eq(
	    strchr(is + strlen(want), '\n'), "\n" GOLD_LINE "\n# three");
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_int_eq(load(path), 0);
	ck_assert_uint_eq(count_keys(), 2);
	ck_assert_int_eq(seal_open(ring, &use, GOLD_BLOB, &out, NULL, &e), 0);
}
END_TEST

static const struct {
	const char *label, *content;
} damaged_files[] = {
	{ "words", "this is no key file\n" },
	{ "another key's name", "d055040a 1690000000 " GOLD_KEY "\n" },
	{ "a key altered", GOLD_KID " 1690000000 B"
				    "AECAwQFBgcICQoLDA0ODxAR"
				    "EhMUFRYXGBkaGxwdHh8=\n" },
	{ "a key cut", GOLD_KID " 1690000000 AAECAwQFBgcICQoLDA0ODw==\n" },
	{ "a key too long", GOLD_KID " 1690000000 " A12 A12 A12 A12 "\n" },
	{ "no time", GOLD_KID "  " GOLD_KEY "\n" },
	{ "a time in words", GOLD_KID " today " GOLD_KEY "\n" },
	{ "a time below zero", GOLD_KID " -1 " GOLD_KEY "\n" },
	{ "a time without end",
	    GOLD_KID " 1000000000000000000000000000000000000 " GOLD_KEY "\n" },
	{ "no blank", GOLD_KID "1690000000" GOLD_KEY "\n" },
	{ "a name only", GOLD_KID "\n" },
	{ "a name and a time", GOLD_KID " 1690000000\n" },
	{ "something behind", GOLD_KID " 1690000000 " GOLD_KEY " \n" },
	{ "line ends of another kind",
	    GOLD_KID " 1690000000 " GOLD_KEY "\r\n" },
};

START_TEST(damaged_file)
{
	char kid[SEAL_KID_LENGTH + 1];
	const char *path;

	buf_add_str(&text, GOLD_LINE "\n");
	buf_add_str(&text, damaged_files[_i].content);
	path = key_file("k", text.data);
	ck_assert_msg(load(path) == EX_CONFIG, "%s", damaged_files[_i].label);
	expect_text("k:3: damaged");
	ck_assert_ptr_null(strstr(e.text, "AECAw"));
	/* Nor is it made worse. */
	ck_assert_int_eq(seal_new_key(path, kid, &e), EX_CONFIG);
	buf_reset(&text);
	ck_assert_str_eq(
	    aid_read(path, (char[1024]){ 0 }, 1024) + strlen(GOLD_LINE "\n"),
	    damaged_files[_i].content);
}
END_TEST

START_TEST(damaged_by_octets)
{
	const char *path = aid_path("k");
	FILE *f = fopen(path, "w");

	ck_assert_int_eq(fwrite(GOLD_LINE "\0", sizeof(GOLD_LINE), 1, f), 1);
	fclose(f);
	chmod(path, 0600);
	ck_assert_int_eq(load(path), EX_CONFIG);
	expect_text("NUL");
	for (buf_add_str(&text, "#"); text.len < 70000;)
		buf_add_char(&text, '#');
	ck_assert_int_eq(load(key_file("k", text.data)), EX_CONFIG);
	expect_text("larger");
	remove(path);
	mkdir(path, 0700);
	ck_assert_int_eq(load(path), EX_CONFIG);
}
END_TEST

static const struct {
	unsigned mode;
	bool fits, as_credential;
} modes[] = {
	{ 0600, true, true },
	{ 0400, true, true },
	{ 0440, false, true }, /* of our group, which is not osmtp */
	{ 0640, false, true },
	{ 0660, false, false },
	{ 0620, false, false },
	{ 0604, false, false },
	{ 0644, false, false },
	{ 0602, false, false },
};

START_TEST(mode_is_checked)
{
	struct seal_places places = { 0 };
	const char *path = key_file("k", GOLD_LINE);
	char kid[SEAL_KID_LENGTH + 1];

	ck_assert_int_eq(chmod(path, modes[_i].mode), 0);
	ck_assert_int_eq(load(path), modes[_i].fits ? 0 : EX_NOPERM);
	if (!modes[_i].fits) {
		expect_text(path);
		/* Who may not write it hears of that. */
		ck_assert_int_eq(seal_new_key(path, kid, &e),
		    modes[_i].mode & 0200 || geteuid() == 0 ? EX_NOPERM
							    : EX_CANTCREAT);
	}
	seal_free(ring);
	ring = NULL;
	places.credential = path;
	ck_assert_int_eq(seal_load(&places, false, &ring, &e),
	    modes[_i].as_credential ? 0 : EX_NOPERM);
}
END_TEST

/* Root sees these two, the others the next one. */
START_TEST(owner_is_checked)
{
	const char *path = key_file("k", GOLD_LINE);

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(path, 12345, 0), 0);
	ck_assert_int_eq(load(path), EX_NOPERM);
	expect_text("12345");
}
END_TEST

START_TEST(owner_is_kept)
{
	const char *path = key_file("k", GOLD_LINE);
	char kid[SEAL_KID_LENGTH + 1];
	struct stat st;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(path, 0, 12345), 0);
	ck_assert_int_eq(seal_new_key(path, kid, &e), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_gid, 12345);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(what_is_barred)
{
	struct seal_places places = { 0 };
	const char *path = key_file("k", GOLD_LINE);

	if (geteuid() == 0)
		return;
	ck_assert_int_eq(chmod(path, 0), 0);
	places.system = path;
	ck_assert_int_eq(seal_load(&places, false, &ring, &e), 0);
	ck_assert_uint_eq(count_keys(), 0);
	seal_free(ring);
	ring = NULL;
	places.system = NULL;
	places.state = path;
	ck_assert_int_eq(seal_load(&places, false, &ring, &e), EX_NOPERM);
}
END_TEST

/* A link is never replaced by a file. */
START_TEST(new_key_through_a_link)
{
	char kid[SEAL_KID_LENGTH + 1];
	const char *link = aid_path("link");

	key_file("k", GOLD_LINE);
	ck_assert_int_eq(symlink(aid_path("k"), link), 0);
	ck_assert_int_eq(seal_new_key(link, kid, &e), EX_CANTCREAT);
	ck_assert_int_eq(load(link), 0);
}
END_TEST

enum { CROWD = 8 };

static void
make_first(void)
{
	struct seal_places places = { .state = aid_path("s/seal.key") };
	struct seal_ring *r = NULL;

	if (seal_load(&places, true, &r, &e) != 0)
		_exit(1);
	secret_add_str(&in, "x");
	if (seal_close(r, &use, &in, &text, &e) != 0)
		_exit(2);
	if (write(STDERR_FILENO, text.data + 10, 8) != 8)
		_exit(3);
	seal_free(r);
}

static void
make_next(void)
{
	char kid[SEAL_KID_LENGTH + 1];

	if (seal_new_key(aid_path("s/seal.key"), kid, &e) != 0)
		_exit(1);
}

/* Run fn in a crowd of children; what they say goes to text, which is read
 * to its end. */
static void
crowd(void (*fn)(void), char *said, size_t size)
{
	int fds[2], status, i;

	ck_assert_int_eq(pipe(fds), 0);
	for (i = 0; i < CROWD; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			dup2(fds[1], STDERR_FILENO);
			close(fds[0]);
			close(fds[1]);
			fn();
			_exit(0);
		}
	}
	close(fds[1]);
	aid_drain(fds[0], said, size);
	close(fds[0]);
	for (i = 0; i < CROWD; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
}

/* All who come at once seal with one key, and none that is made gets lost. */
START_TEST(made_by_many_at_once)
{
	struct seal_places places = { .state = aid_path("s/seal.key") };
	char said[8 * CROWD + 1];
	int i;

	crowd(make_first, said, sizeof(said));
	ck_assert_uint_eq(strlen(said), 8 * CROWD);
	for (i = 1; i < CROWD; i++)
		ck_assert_int_eq(memcmp(said, said + 8 * i, 8), 0);
	crowd(make_next, said, sizeof(said));
	ck_assert_int_eq(seal_load(&places, false, &ring, &e), 0);
	ck_assert_uint_eq(count_keys(), 1 + CROWD);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, form_is_fixed);
	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, blobs_differ);
	tcase_add_loop_test(tc, opens_nowhere_else, 0, COUNT(other_uses));
	tcase_add_test(tc, altered);
	tcase_add_loop_test(tc, form_is_checked, 0, COUNT(bad_forms));
	tcase_add_test(tc, form_is_bounded);
	tcase_add_test(tc, missing_key_is_named);
	tcase_add_test(tc, places_in_order);
	tcase_add_test(tc, first_key_is_made);
	tcase_add_test(tc, no_key_is_made_beside_another);
	tcase_add_test(tc, no_place_for_a_key);
	tcase_add_test(tc, new_key_goes_first);
	tcase_add_loop_test(tc, damaged_file, 0, COUNT(damaged_files));
	tcase_add_test(tc, damaged_by_octets);
	tcase_add_loop_test(tc, mode_is_checked, 0, COUNT(modes));
	tcase_add_test(tc, owner_is_checked);
	tcase_add_test(tc, owner_is_kept);
	tcase_add_test(tc, what_is_barred);
	tcase_add_test(tc, new_key_through_a_link);
	tcase_add_test(tc, made_by_many_at_once);
}

int
main(void)
{
	return unit_main("seal", add);
}
