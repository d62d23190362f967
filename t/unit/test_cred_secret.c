/* SPDX-License-Identifier: ISC */
/* cred: secrets from plain text, files, credentials, commands, variables, and
 * sealed. */
#include "cred_aid.h"

/* ---- passwords */

START_TEST(plain_password)
{
	struct cred *c;

	profile.password.form = PROFILE_PLAIN;
	secret_add_str(&profile.password.plain, "Hush \n!");
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_secret(c, "Hush \n!");
	ck_assert(!cred_was_cached(c));
	cred_free(c);

	secret_clear(&profile.password.plain);
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(
	    c, OUTCOME_CLASS_C, "profiles.noreply.password: it is empty");
	ck_assert_int_eq(cred_outcome(c)->stage, OUTCOME_AT_AUTH);
	cred_free(c);

	profile.password.form = PROFILE_NO_SECRET;
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "none is given");
	cred_free(c);
}
END_TEST

/* Contents of a file; n counts where a NUL is in it. */
static const struct {
	const char *label, *content;
	size_t n;
	mode_t mode;
	const char *secret; /* or NULL, and then */
	const char *text;
} files[] = {
#define FILE_OF(s) s, sizeof(s) - 1
	{ "one line", FILE_OF("Hush\n"), 0600, "Hush", NULL },
	{ "no newline", FILE_OF("Hush"), 0600, "Hush", NULL },
	{ "CR LF", FILE_OF("Hush\r\n"), 0600, "Hush", NULL },
	{ "read only", FILE_OF("Hush\n"), 0400, "Hush", NULL },
	{ "blanks belong to it", FILE_OF(" Hu sh \n"), 0600, " Hu sh ", NULL },
	{ "first line of more", FILE_OF("Hush\nother\n"), 0600, "Hush", NULL },
	{ "a NUL behind it", FILE_OF("Hush\n\0"), 0600, "Hush", NULL },
	{ "UTF-8", FILE_OF("H\303\274sh\n"), 0600, "H\303\274sh", NULL },
	{ "empty file", FILE_OF(""), 0600, NULL, "it is empty" },
	{ "empty line", FILE_OF("\nHush\n"), 0600, NULL, "it is empty" },
	{ "empty line, CR LF", FILE_OF("\r\n"), 0600, NULL, "it is empty" },
	{ "a NUL in it", FILE_OF("Hush\0Hush\n"), 0600, NULL, "NUL" },
	{ "a NUL alone", FILE_OF("\0"), 0600, NULL, "NUL" },
	{ "others read", FILE_OF("Hush\n"), 0604, NULL, "mode 0604" },
	{ "group reads", FILE_OF("Hush\n"), 0640, NULL, "mode 0640" },
	{ "group writes", FILE_OF("Hush\n"), 0620, NULL, "mode 0620" },
	{ "all may", FILE_OF("Hush\n"), 0644, NULL, "others may read it" },
#undef FILE_OF
};

START_TEST(password_file)
{
	char path[PATH_ROOM + 16];
	struct cred *c;
	size_t i;

	snprintf(path, sizeof(path), "%s/secret", dir);
	profile.password.form = PROFILE_FILE;
	profile.password.text = path;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		write_file(path, files[i].content, files[i].n, files[i].mode);
		c = fill(PROFILE_AUTH_PASSWORD, NULL);
		if (files[i].secret != NULL) {
			expect_secret(c, files[i].secret);
		} else {
			expect_failure(c, OUTCOME_CLASS_C, files[i].text);
			expect_failure(c, OUTCOME_CLASS_C, path);
			expect_failure(
			    c, OUTCOME_CLASS_C, "profiles.noreply.password: ");
		}
		cred_free(c);
	}
}
END_TEST

START_TEST(password_file_too_long)
{
	static char content[5000];
	char path[PATH_ROOM + 16];
	struct cred *c;

	snprintf(path, sizeof(path), "%s/secret", dir);
	profile.password.form = PROFILE_FILE;
	profile.password.text = path;
	memset(content, 'x', sizeof(content));
	content[4096] = '\n';
	write_file(path, content, sizeof(content), 0600);
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	ck_assert_ptr_nonnull(cred_secret(c));
	ck_assert_uint_eq(secret_len(cred_secret(c)), 4096);
	cred_free(c);

	content[4096] = 'x';
	write_file(path, content, sizeof(content), 0600);
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "longer than 4096 octets");
	ck_assert_ptr_null(strstr(cred_outcome(c)->text, "xx"));
	cred_free(c);
}
END_TEST

START_TEST(password_file_not_there)
{
	char path[PATH_ROOM + 16];
	struct cred *c;

	profile.password.form = PROFILE_FILE;
	snprintf(path, sizeof(path), "%s/none", dir);
	profile.password.text = path;
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, path);
	expect_failure(c, OUTCOME_CLASS_C, strerror(ENOENT));
	cred_free(c);

	profile.password.text = dir;
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, dir);
	cred_free(c);

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	profile.password.text = path;
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, path);
	cred_free(c);
}
END_TEST

/* ---- other places */

static void
set_command(const char *script)
{
	profile.password.form = PROFILE_COMMAND;
	text_list_clear(&profile.password.argv);
	text_list_add(&profile.password.argv, "/bin/sh");
	text_list_add(&profile.password.argv, "-c");
	text_list_add(&profile.password.argv, script);
}

static const struct {
	const char *label, *script;
	const char *secret; /* or NULL, and then */
	enum outcome_class class;
	const char *text;
} commands[] = {
	{ "a line", "echo Hush", "Hush", 0, NULL },
	{ "no newline", "printf Hush", "Hush", 0, NULL },
	{ "the first of more", "echo Hush; echo more", "Hush", 0, NULL },
	{ "much behind it", "echo Hush; yes | head -n 200000", "Hush", 0,
	    NULL },
	{ "complaints of success are nothing", "echo no >&2; echo Hush", "Hush",
	    0, NULL },
	{ "a helper that stays, with our pipes", "sleep 2 & echo Hush", "Hush",
	    0, NULL },
	{ "the pipes closed early", "echo Hush; exec >&- 2>&-; sleep 0.1",
	    "Hush", 0, NULL },
	{ "nothing", ":", NULL, OUTCOME_CLASS_C, "it is empty" },
	{ "an empty line", "echo; echo Hush", NULL, OUTCOME_CLASS_C,
	    "it is empty" },
	{ "failure", "echo one >&2; echo 'gpg: no key' >&2; exit 3", NULL,
	    OUTCOME_CLASS_C, "exit status 3: gpg: no key" },
	{ "failure beside a secret", "echo Hush; exit 1", NULL, OUTCOME_CLASS_C,
	    "exit status 1" },
	{ "failure that repeats it", "echo Hush; echo is Hush >&2; exit 1",
	    NULL, OUTCOME_CLASS_C, "exit status 1: what it said is not shown" },
	{ "a complaint of controls", "printf 'a\\033[31m\\n' >&2; exit 1", NULL,
	    OUTCOME_CLASS_C, "exit status 1: a?[31m" },
	{ "a long complaint",
	    "i=0; while [ $i -lt 400 ]; do echo line $i >&2; i=$((i+1)); done;"
	    "exit 1",
	    NULL, OUTCOME_CLASS_C, "exit status 1: line 399" },
	{ "a signal", "kill -KILL $$", NULL, OUTCOME_CLASS_C,
	    "ended by signal 9" },
	{ "no end", "sleep 60 & sleep 60", NULL, OUTCOME_CLASS_L,
	    "not ready after 300ms (timeouts.token): killed" },
	{ "a clean environment",
	    "[ \"$LANG$OSMTP_TEST_X\" = C ] && [ -n \"$PATH\" ] &&"
	    "[ \"$(env | grep -c -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=)\""
	    " -le 3 ] && echo Hush",
	    "Hush", 0, NULL },
	{ "no input", "read x || echo Hush", "Hush", 0, NULL },
};

START_TEST(password_command)
{
	struct cred *c;
	size_t i;

	setenv("OSMTP_TEST_X", "inherited", 1);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		set_command(commands[i].script);
		profile.token_timeout =
		    commands[i].class == OUTCOME_CLASS_L ? 300 : 10000;
		c = fill(PROFILE_AUTH_PASSWORD, NULL);
		if (commands[i].secret != NULL) {
			ck_assert_msg(cred_secret(c) != NULL, "%s: %s",
			    commands[i].label, cred_outcome(c)->text);
			expect_secret(c, commands[i].secret);
		} else {
			expect_failure(c, commands[i].class, commands[i].text);
			expect_failure(c, commands[i].class,
			    "profiles.noreply.password: command: /bin/sh: ");
			ck_assert_int_eq(
			    cred_outcome(c)->stage, OUTCOME_AT_AUTH);
		}
		cred_free(c);
	}
}
END_TEST

START_TEST(password_command_that_is_not_there)
{
	struct cred *c;

	set_command("");
	text_list_clear(&profile.password.argv);
	text_list_add(&profile.password.argv, "/nowhere/pass");
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "/nowhere/pass: exit status 127: ");
	expect_failure(c, OUTCOME_CLASS_C, strerror(ENOENT));
	cred_free(c);
}
END_TEST

/* It blocks, but not the loop. */
static void
note_time(void *ctx)
{
	*(int64_t *)ctx = sys_mono();
}

START_TEST(command_leaves_the_loop_alone)
{
	int64_t begun = sys_mono(), at = 0;
	struct loop_timer timer = { 0 };
	struct cred *c;

	set_command("sleep 0.5; echo Hush");
	loop_timer_start(loop, &timer, begun + 20, note_time, &at);
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_secret(c, "Hush");
	ck_assert_int_gt(at, 0);
	ck_assert_int_lt(at - begun, 400);
	cred_free(c);
}
END_TEST

START_TEST(password_in_the_environment)
{
	struct cred *c;

	profile.password.form = PROFILE_ENV;
	profile.password.text = (char *)"OSMTP_TEST_PASSWORD";
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C,
	    "environment: OSMTP_TEST_PASSWORD: it is not set");
	cred_free(c);

	setenv("OSMTP_TEST_PASSWORD", "Hush", 1);
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_secret(c, "Hush");
	cred_free(c);
	/* No child inherits it; we know it still. */
	ck_assert_ptr_null(getenv("OSMTP_TEST_PASSWORD"));
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_secret(c, "Hush");
	cred_free(c);

	setenv("OSMTP_TEST_EMPTY", "", 1);
	profile.password.text = (char *)"OSMTP_TEST_EMPTY";
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(
	    c, OUTCOME_CLASS_C, "environment: OSMTP_TEST_EMPTY: it is empty");
	cred_free(c);
}
END_TEST

START_TEST(password_credential)
{
	static const char *const names[] = { "", "a/b", "..", ".x", "/a" };
	char path[PATH_ROOM + 16];
	struct cred *c;
	size_t i;

	profile.password.form = PROFILE_CREDENTIAL;
	profile.password.text = (char *)"smtp";
	unsetenv("CREDENTIALS_DIRECTORY");
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "CREDENTIALS_DIRECTORY is not set");
	cred_free(c);

	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	snprintf(path, sizeof(path), "%s/smtp", dir);
	/* An access list shows as a group that may read. */
	write_file(path, "Hush\n", 5, 0440);
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_secret(c, "Hush");
	cred_free(c);
	write_file(path, "Hush\n", 5, 0444);
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "others may read it");
	cred_free(c);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		profile.password.text = (char *)names[i];
		c = fill(PROFILE_AUTH_PASSWORD, NULL);
		expect_failure(c, OUTCOME_CLASS_C, "a name without slash");
		cred_free(c);
	}
}
END_TEST

START_TEST(password_sealed)
{
	const struct seal_use use = { "config", "noreply", "password" };
	struct seal_ring *ring = NULL;
	struct err e = ERR_NONE;
	struct secret s;
	struct cred *c;
	struct buf text;

	ck_assert_msg(
	    cred_load_ring(&home, true, &ring, &e) == 0, "%s", e.text);
	secret_init(&s);
	buf_init(&text, 4096);
	secret_add_str(&s, "Hush");
	ck_assert_int_eq(seal_close(ring, &use, &s, &text, &e), 0);
	seal_free(ring);
	secret_clear(&s);
	profile.password.form = PROFILE_SEALED;
	profile.password.text = text.data;
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_secret(c, "Hush");
	cred_free(c);

	/* It is bound to its place. */
	profile.password.field = (char *)"client_secret";
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "profiles.noreply.password: ");
	cred_free(c);
	profile.password.field = (char *)"password";
	profile.name = (char *)"other";
	c = fill(PROFILE_AUTH_PASSWORD, NULL);
	expect_failure(c, OUTCOME_CLASS_C, "profiles.noreply.password: ");
	cred_free(c);
	buf_clear(&text);
}
END_TEST

START_TEST(key_ring_beside_the_configuration)
{
	struct seal_ring *ring = NULL;
	char path[PATH_ROOM + 32], kid[SEAL_KID_LENGTH + 1];
	struct err e = ERR_NONE;
	struct seal_key k;

	snprintf(path, sizeof(path), "%s/seal.key", tokens);
	ck_assert_int_eq(mkdir(tokens, 0700), 0);
	ck_assert_int_eq(seal_new_key(path, kid, &e), 0);
	snprintf(path, sizeof(path), "%s/osmtp.conf", tokens);
	home.path = path;
	ck_assert_int_eq(cred_load_ring(&home, true, &ring, &e), 0);
	ck_assert(seal_key(ring, 0, &k));
	ck_assert_str_eq(k.kid, kid);
	ck_assert(!seal_key(ring, 1, &k));
	seal_free(ring);
	/* Nothing but the system's own is beside the system's file. */
	home.is_system = true;
	ck_assert_int_eq(cred_load_ring(&home, false, &ring, &e), 0);
	ck_assert(!seal_key(ring, 0, &k));
	seal_free(ring);
}
END_TEST

START_TEST(passphrase_of_a_key)
{
	struct cred *c = fill(PROFILE_AUTH_CERT, NULL);

	expect_secret(c, "");
	ck_assert_int_eq(cred_expires(c), 0);
	cred_free(c);
	profile.key_passphrase.form = PROFILE_PLAIN;
	secret_add_str(&profile.key_passphrase.plain, "Hush");
	c = fill(PROFILE_AUTH_CERT, NULL);
	expect_secret(c, "Hush");
	cred_free(c);
	profile.key_passphrase.form = PROFILE_FILE;
	profile.key_passphrase.text = (char *)"/nowhere/x";
	c = fill(PROFILE_AUTH_CERT, NULL);
	expect_failure(c, OUTCOME_CLASS_C,
	    "profiles.noreply.tls.key_passphrase"
	    ": open: /nowhere/x");
	ck_assert_int_eq(cred_outcome(c)->stage, OUTCOME_AT_TLS);
	cred_free(c);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, plain_password);
	tcase_add_test(tc, password_file);
	tcase_add_test(tc, password_file_too_long);
	tcase_add_test(tc, password_file_not_there);
	tcase_add_test(tc, password_command);
	tcase_add_test(tc, password_command_that_is_not_there);
	tcase_add_test(tc, command_leaves_the_loop_alone);
	tcase_add_test(tc, password_in_the_environment);
	tcase_add_test(tc, password_credential);
	tcase_add_test(tc, password_sealed);
	tcase_add_test(tc, key_ring_beside_the_configuration);
	tcase_add_test(tc, passphrase_of_a_key);
}

int
main(void)
{
	return unit_main("cred_secret", add);
}
