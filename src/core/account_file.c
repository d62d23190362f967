/* SPDX-License-Identifier: ISC */
/* account_file: state/accounts/NAME.state, and what an account was tried with.
 */
/*
 * Lines "KEY VALUE", values percent-encoded, in the order of visit_account(),
 * which writes and reads them; each outcome is a few lines, and a sender one
 * with its outcome behind it:
 *
 *   osmtp-account 1
 *   state needs_login
 *   since 1700000000000
 *   ...
 *   senders 1
 *   sender ann%40example.com
 *   ...
 *   crc 0123abcd          CRC-32C of all before
 *
 * One function for both directions, so that they cannot differ. Whatever does
 * not read back whole is an account without trouble: that costs a probe.
 */
#include "core/account.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crc.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/text.h"

enum {
	FILE_MAX = 1024 * 1024,
	VALUE_MAX = 2048, /* octets of a value, decoded */
	SENDERS_LIMIT = 1000
};

#define FIRST_LINE "osmtp-account 1\n"

/* ---- one direction or the other */

struct form {
	bool reading;
	bool bad;	/* what was read is not that */
	const char *at; /* reading: the next line */
	struct buf out; /* writing */
};

static int
hex_value(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Decode up to the line's end. False if it is not as we write it. */
static bool
take_value(const char **at, struct buf *b)
{
	const char *p = *at;
	int high, low;

	for (; *p != '\n'; p++) {
		if (*p == '\0')
			return false;
		if (*p != '%') {
			buf_add_char(b, *p);
			continue;
		}
		high = hex_value(p[1]);
		low = high >= 0 ? hex_value(p[2]) : -1;
		if (low < 0 || (high == 0 && low == 0))
			return false;
		buf_add_char(b, (char)(high << 4 | low));
		p += 2;
	}
	*at = p + 1;
	return !b->full;
}

/* The value of the next line, which must be that key's; "" if it is not. */
static const char *
take(struct form *f, const char *key, struct buf *b)
{
	size_t n = strlen(key);

	if (!f->bad && text_starts(f->at, key) && f->at[n] == ' ') {
		f->at += n + 1;
		f->bad = !take_value(&f->at, b);
	} else {
		f->bad = true;
	}
	return !f->bad && b->len > 0 ? b->data : "";
}

static void
put(struct form *f, const char *key, const char *value)
{
	buf_add_fmt(&f->out, "%s ", key);
	text_add_percent(&f->out, value, strlen(value));
	buf_add_char(&f->out, '\n');
}

static void
visit_text(struct form *f, const char *key, char *value, size_t size)
{
	struct buf b;
	const char *text;

	if (!f->reading) {
		put(f, key, value);
		return;
	}
	buf_init(&b, size - 1);
	text = take(f, key, &b);
	memcpy(value, text, strlen(text) + 1);
	buf_clear(&b);
}

static void
visit_int(struct form *f, const char *key, int64_t max, int64_t *value)
{
	char digits[24];
	uint64_t n = 0;
	struct buf b;

	if (f->reading) {
		visit_text(f, key, digits, sizeof(digits));
		if (!text_parse_uint(digits, (uint64_t)max, &n))
			f->bad = true;
		*value = (int64_t)n;
		return;
	}
	buf_init(&b, sizeof(digits));
	buf_add_fmt(&b, "%lld", (long long)(*value > 0 ? *value : 0));
	put(f, key, b.data);
	buf_clear(&b);
}

static void
visit_bool(struct form *f, const char *key, bool *value)
{
	int64_t n = *value;

	visit_int(f, key, 1, &n);
	*value = n != 0;
}

/* A word that stands for a number: name(0) .. name(last). */
static int
visit_word(struct form *f, const char *key, const char *(*name)(int), int last,
    int value)
{
	char word[32] = "";
	int i;

	if (!f->reading) {
		put(f, key, name(value));
		return value;
	}
	visit_text(f, key, word, sizeof(word));
	for (i = 0; i <= last; i++) {
		if (strcmp(name(i), word) == 0)
			return i;
	}
	f->bad = true;
	return 0;
}

static const char *
state_name(int i)
{
	return account_state_name((enum account_state)i);
}

static const char *
kind_name(int i)
{
	return outcome_kind_name((enum outcome_kind)i);
}

static const char *
class_name(int i)
{
	return outcome_class_name((enum outcome_class)i);
}

static const char *
stage_name(int i)
{
	return outcome_stage_name((enum outcome_stage)i);
}

static void
visit_outcome(struct form *f, struct outcome *o)
{
	int64_t code = o->code;

	o->kind = (enum outcome_kind)visit_word(
	    f, "why.kind", kind_name, OUTCOME_UNCLEAR, (int)o->kind);
	o->class = (enum outcome_class)visit_word(
	    f, "why.class", class_name, OUTCOME_CLASS_M, (int)o->class);
	o->stage = (enum outcome_stage)visit_word(
	    f, "why.stage", stage_name, OUTCOME_AT_FINAL, (int)o->stage);
	visit_int(f, "why.code", 999, &code);
	o->code = (int)code;
	visit_text(f, "why.enhanced", o->enhanced, sizeof(o->enhanced));
	visit_text(f, "why.error", o->error, sizeof(o->error));
	visit_text(f, "why.detail", o->detail, sizeof(o->detail));
	visit_text(f, "why.provider", o->provider, sizeof(o->provider));
	visit_text(f, "why.text", o->text, sizeof(o->text));
	visit_bool(f, "why.ours", &o->ours);
}

static void
visit_sender(struct form *f, struct account_sender *s)
{
	char address[VALUE_MAX];

	if (!f->reading) {
		put(f, "sender", s->address);
	} else {
		visit_text(f, "sender", address, sizeof(address));
		s->address = mem_dup(address);
	}
	visit_int(f, "next", INT64_MAX, &s->next);
	visit_outcome(f, &s->why);
}

/* The whole file but its first and last line. */
static void
visit_account(struct form *f, struct account *a)
{
	int64_t tries = a->tries, stamp = a->stamp;
	int64_t n = (int64_t)a->n_senders;
	size_t i;

	a->state = (enum account_state)visit_word(
	    f, "state", state_name, ACCOUNT_MISCONFIGURED, (int)a->state);
	visit_int(f, "since", INT64_MAX, &a->since);
	visit_int(f, "last", INT64_MAX, &a->last);
	visit_int(f, "next", INT64_MAX, &a->next);
	visit_int(f, "resumed", INT64_MAX, &a->resumed);
	visit_int(f, "able", INT64_MAX / 2, &a->able);
	visit_int(f, "tries", INT32_MAX, &tries);
	visit_bool(f, "announced", &a->announced);
	visit_int(f, "stamp", UINT32_MAX, &stamp);
	visit_text(f, "server", a->server, sizeof(a->server));
	visit_outcome(f, &a->why);
	visit_int(f, "senders", SENDERS_LIMIT, &n);
	a->tries = (unsigned)tries;
	a->stamp = (uint32_t)stamp;
	if (f->reading && !f->bad && n > 0)
		a->senders = mem_new((size_t)n, sizeof(*a->senders));
	for (i = 0; i < (size_t)n && !f->bad; i++) {
		if (f->reading)
			a->n_senders = i + 1;
		visit_sender(f, &a->senders[i]);
	}
}

/* ---- what it was tried with */

static uint32_t
stamp_file(uint32_t stamp, const char *path)
{
	struct stat st;
	int64_t seen[5] = { 0 };

	if (path == NULL)
		return stamp;
	if (stat(path, &st) == 0) {
		seen[0] = st.st_mtim.tv_sec;
		seen[1] = st.st_mtim.tv_nsec;
		seen[2] = st.st_size;
		seen[3] = (int64_t)st.st_ino;
		seen[4] = 1; /* it is there */
	}
	stamp = crc_add(stamp, path, strlen(path));
	return crc_add(stamp, seen, sizeof(seen));
}

/* What it says in itself is in the stamp of the configuration. */
static uint32_t
stamp_secret(uint32_t stamp, const struct profile_secret *s)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *path;

	if (s->form == PROFILE_FILE)
		return stamp_file(stamp, s->text);
	if (s->form != PROFILE_CREDENTIAL || dir == NULL)
		return stamp;
	path = mem_printf("%s/%s", dir, s->text);
	stamp = stamp_file(stamp, path);
	free(path);
	return stamp;
}

static uint32_t
stamp_signer(uint32_t stamp, const struct profile_signer *s)
{
	stamp = stamp_file(stamp, s->key);
	stamp = stamp_file(stamp, s->cert);
	stamp = stamp_file(stamp, s->file);
	stamp = stamp_file(stamp, s->service_account);
	return stamp_secret(stamp, &s->passphrase);
}

static uint32_t
stamp_account(const struct profile *p)
{
	uint32_t stamp = crc_add(p->home->stamp, "account", 7);
	size_t i;

	stamp = stamp_secret(stamp, &p->password);
	stamp = stamp_secret(stamp, &p->client_secret);
	stamp = stamp_secret(stamp, &p->refresh_token);
	stamp = stamp_secret(stamp, &p->key_passphrase);
	stamp = stamp_signer(stamp, &p->signer);
	if (p->token_command.n > 0)
		stamp = stamp_file(stamp, p->token_command.v[0]);
	stamp = stamp_secret(stamp, &p->signer.passphrase);
	stamp = stamp_file(stamp, p->signer.key);
	stamp = stamp_file(stamp, p->signer.cert);
	stamp = stamp_file(stamp, p->signer.file);
	stamp = stamp_file(stamp, p->signer.service_account);
	stamp = stamp_file(stamp, p->oauth.ca_file);
	for (i = 0; i < p->n_servers; i++) {
		stamp = stamp_file(stamp, p->servers[i].wire.ca_file);
		stamp = stamp_file(stamp, p->servers[i].wire.cert);
		stamp = stamp_file(stamp, p->servers[i].wire.key);
	}
	return stamp;
}

/* ---- the file */

static void
add_dir(struct buf *b, const struct profile *p)
{
	buf_add_fmt(b, "%s/accounts", p->home->state);
}

static void
add_path(struct buf *b, const struct profile *p)
{
	add_dir(b, p);
	buf_add_char(b, '/');
	text_add_percent(b, p->name, strlen(p->name));
	buf_add_str(b, ".state");
}

/* Is text[0..n) ended by the checksum of all before? */
static bool
is_whole(const char *text, size_t n)
{
	static const size_t last = sizeof("crc 0123abcd\n") - 1;
	char want[16];
	struct buf b;
	bool same;

	if (n < last || strlen(text) != n)
		return false;
	buf_init(&b, sizeof(want));
	buf_add_fmt(&b, "crc %08x\n", crc_add(0, text, n - last));
	same = memcmp(text + n - last, b.data, last) == 0;
	buf_clear(&b);
	return same;
}

static bool
read_text(const char *text, size_t n, struct account *a)
{
	struct form f = { .reading = true };

	if (!is_whole(text, n) || !text_starts(text, FIRST_LINE))
		return false;
	f.at = text + strlen(FIRST_LINE);
	visit_account(&f, a);
	return !f.bad && text_starts(f.at, "crc ");
}

/* False where there is none, or none that can be read. */
static bool
read_file(const struct profile *p, struct account *a)
{
	struct err e = ERR_NONE;
	struct buf path, text;
	struct stat st;
	bool good = false;
	int fd;

	buf_init(&path, FILE_MAX);
	buf_init(&text, FILE_MAX);
	add_path(&path, p);
	if (fsio_open_read(path.data, &fd, &st, &e) == 0) {
		good = fsio_read_all(fd, path.data, &text, &e) == 0 &&
		       text.len > 0 && read_text(text.data, text.len, a);
		close(fd);
	}
	buf_clear(&path);
	buf_clear(&text);
	return good;
}

void
account_load(const struct profile *p, struct account *a)
{
	const struct profile *its = profile_account(p);
	uint32_t stamp = stamp_account(its);

	memset(a, 0, sizeof(*a));
	if (!read_file(its, a))
		account_clear(a);
	else if (a->stamp != stamp)
		account_retry(a);
	a->stamp = stamp;
}

int
account_save(const struct profile *p, const struct account *a, struct err *e)
{
	const struct profile *its = profile_account(p);
	struct form f = { .reading = false };
	struct account copy = *a; /* which is only looked at */
	struct buf path;
	int rc;

	buf_init(&path, FILE_MAX);
	buf_init(&f.out, FILE_MAX);
	buf_add_str(&f.out, FIRST_LINE);
	visit_account(&f, &copy);
	buf_add_fmt(&f.out, "crc %08x\n", crc_add(0, f.out.data, f.out.len));
	add_dir(&path, its);
	rc = fsio_make_dirs(path.data, e);
	buf_reset(&path);
	add_path(&path, its);
	if (rc == 0 && f.out.full)
		rc = err_set(
		    e, EX_IOERR, "write: %s: it would be too large", path.data);
	if (rc == 0)
		rc = fsio_replace(path.data, 0600, f.out.data, f.out.len, e);
	buf_clear(&path);
	buf_clear(&f.out);
	return rc;
}
