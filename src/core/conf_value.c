/* SPDX-License-Identifier: ISC */
/*
 * conf_value: the texts of values, a function for each type of the table.
 */
#include "core/conf_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/conf_net.h"
#include "core/conf_secret.h"
#include "gate/sasl.h"
#include "mail/addr.h"

enum { MAX_SHOWN = 100 /* octets of a value that a complaint repeats */ };

int
conf_value_refuse(struct err *e, const char *text, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return err_set(e, EX_CONFIG, "\"%.*s%s\": %s", MAX_SHOWN, text,
	    strlen(text) > MAX_SHOWN ? "..." : "", reason);
}

static int
take_bool(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return conf_value_refuse(e, text, "must be true or false");
	*(bool *)field = text[0] == 't';
	return 0;
}

static int
take_int(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	uint64_t n;

	(void)s;
	if (!text_parse_uint(text, (uint64_t)row->max, &n) ||
	    n < (uint64_t)row->min)
		return conf_value_refuse(e, text, "must be from %lld to %lld",
		    (long long)row->min, (long long)row->max);
	*(int64_t *)field = (int64_t)n;
	return 0;
}

static int
take_text(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	if (strlen(text) < (size_t)row->min)
		return conf_value_refuse(e, text, "must not be empty");
	if (strlen(text) > (size_t)row->max)
		return conf_value_refuse(
		    e, text, "must have at most %d octets", (int)row->max);
	mem_replace(field, mem_dup(text));
	return 0;
}

/* Refuse text, which should be one of n words. */
static int
refuse_word(struct err *e, const char *text, const char *const *words, size_t n)
{
	const char *near = text_nearest(text, words, n);
	struct buf all;
	int rc;

	buf_init(&all, 256);
	for (size_t i = 0; i < n; i++)
		buf_add_fmt(&all, "%s\"%s\"",
		    i == 0	 ? ""
		    : i == n - 1 ? " or "
				 : ", ",
		    words[i]);
	if (near != NULL && n > 1)
		rc = conf_value_refuse(e, text,
		    "must be %s; did you mean \"%s\"?", all.data, near);
	else
		rc = conf_value_refuse(e, text, "must be %s", all.data);
	buf_clear(&all);
	return rc;
}

static size_t
count_words(const char *const *words)
{
	size_t n = 0;

	while (words[n] != NULL)
		n++;
	return n;
}

static int
take_word(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	for (int i = 0; row->words[i] != NULL; i++)
		if (strcmp(row->words[i], text) == 0) {
			*(int *)field = i;
			return 0;
		}
	return refuse_word(e, text, row->words, count_words(row->words));
}

static int
take_duration(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	struct buf min, max;
	int64_t ms;
	int rc = 0;

	(void)s;
	if (!text_parse_duration(text, &ms))
		return conf_value_refuse(e, text,
		    "must be a duration such as \"500ms\", \"90s\", \"5m\", "
		    "\"4h\" or \"5d\"");
	if (ms >= row->min && ms <= row->max) {
		*(int64_t *)field = ms;
		return 0;
	}
	buf_init(&min, 32);
	buf_init(&max, 32);
	text_add_duration(&min, row->min);
	text_add_duration(&max, row->max);
	rc = conf_value_refuse(
	    e, text, "must be from %s to %s", min.data, max.data);
	buf_clear(&min);
	buf_clear(&max);
	return rc;
}

/* The number that n digits make. */
static int
number_of(const char *digits, size_t n)
{
	int number = 0;

	while (n-- > 0)
		number = 10 * number + (*digits++ - '0');
	return number;
}

/* YYYY-MM-DD, a day that there is; its beginning in UTC. */
static int
take_date(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	static const char form[] = "dddd-dd-dd";
	struct tm tm = { 0 }, same;
	bool good = strlen(text) == sizeof(form) - 1;
	time_t t;

	(void)s;
	(void)row;
	for (size_t i = 0; good && form[i] != '\0'; i++)
		good = form[i] == 'd' ? text[i] >= '0' && text[i] <= '9'
				      : text[i] == form[i];
	if (good) {
		tm.tm_year = number_of(text, 4) - 1900;
		tm.tm_mon = number_of(text + 5, 2) - 1;
		tm.tm_mday = number_of(text + 8, 2);
		same = tm;
		t = timegm(&same); /* carries the 31st of April over */
		good = t > 0 && same.tm_mon == tm.tm_mon &&
		       same.tm_mday == tm.tm_mday;
	}
	if (!good)
		return conf_value_refuse(
		    e, text, "must be a date such as \"2027-05-31\"");
	*(int64_t *)field = (int64_t)t * 1000;
	return 0;
}

/* A bound as somebody would write it; bounds are powers of 1024. */
static const char *
size_text(int64_t n, char text[24])
{
	static const char units[] = "\0kMG";
	size_t i = 0;

	while (i < 3 && n >= 1024 && n % 1024 == 0) {
		n /= 1024;
		i++;
	}
	snprintf(text, 24, "%lld%.1s", (long long)n, &units[i]);
	return text;
}

static int
take_size(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	char min[24], max[24];
	uint64_t n;

	(void)s;
	if (!text_parse_size(text, &n))
		return conf_value_refuse(e, text,
		    "must be a size such as \"64k\", \"50M\" or \"1G\"");
	if (n < (uint64_t)row->min || n > (uint64_t)row->max)
		return conf_value_refuse(e, text, "must be from %s to %s",
		    size_text(row->min, min), size_text(row->max, max));
	*(uint64_t *)field = n;
	return 0;
}

static int
take_domain(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	if (!conf_net_is_name(text))
		return conf_value_refuse(e, text,
		    "must be a domain of letters, digits, hyphens and dots");
	mem_replace(field, mem_dup(text));
	return 0;
}

static int
take_host(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	if (!conf_net_is_host(text))
		return conf_value_refuse(e, text,
		    "must be a host name of letters, digits, hyphens and "
		    "dots, or an address literal such as \"[192.0.2.1]\"");
	mem_replace(field, mem_dup(text));
	return 0;
}

/* One address with a domain and nothing beside it. */
static int
parse_address(const char *text, struct addr *out, struct err *e)
{
	struct err why = ERR_NONE;
	struct addr a = { 0 };
	char *plain;
	int rc;

	if (addr_parse(text, false, &a, &why) != 0)
		return conf_value_refuse(
		    e, text, "must be an address such as \"user@example.com\"");
	plain = addr_text(&a);
	if (a.name != NULL)
		rc = conf_value_refuse(
		    e, text, "must be the address alone, \"%s\"", plain);
	else if (a.domain == NULL)
		rc = conf_value_refuse(
		    e, text, "must be an address with a domain");
	else if (addr_check_wire(plain, strlen(plain), &why) != 0)
		rc = conf_value_refuse(e, text, "%s", why.text);
	else
		rc = 0;
	free(plain);
	if (rc != 0) {
		addr_clear(&a);
		return rc;
	}
	addr_clear(out);
	*out = a;
	return 0;
}

static int
take_address(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	return parse_address(text, field, e);
}

int
conf_value_path(
    const struct conf_source *s, const char *text, char **out, struct err *e)
{
	if (text[0] == '/') {
		mem_replace(out, mem_dup(text));
		return 0;
	}
	if (!text_starts(text, "~/"))
		return conf_value_refuse(e, text, "must be an absolute path%s",
		    s->is_system ? "" : ", or begin with \"~/\"");
	if (s->is_system)
		return conf_value_refuse(e, text,
		    "must be an absolute path; \"~/\" stands for a home in a "
		    "user's own file only");
	if (s->home == NULL)
		return conf_value_refuse(e, text, "there is no home directory");
	mem_replace(out, mem_printf("%s/%s", s->home, text + 2));
	return 0;
}

static int
take_path(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)row;
	return conf_value_path(s, text, field, e);
}

static int
take_spool(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)row;
	if (strcmp(text, "none") == 0) {
		mem_replace(field, mem_dup(text));
		return 0;
	}
	if (conf_value_path(s, text, field, NULL) == 0)
		return 0;
	return conf_value_refuse(
	    e, text, "must be an absolute path, or \"none\"");
}

static int
take_log_to(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)row;
	if (strcmp(text, "syslog") == 0 || strcmp(text, "stderr") == 0) {
		mem_replace(field, mem_dup(text));
		return 0;
	}
	if (conf_value_path(s, text, field, NULL) == 0)
		return 0;
	return conf_value_refuse(
	    e, text, "must be \"syslog\", \"stderr\" or an absolute path");
}

static int
take_facility(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	if (!log_is_facility(text))
		return conf_value_refuse(e, text,
		    "must be a facility of syslog, such as \"mail\", "
		    "\"daemon\" or \"local0\"");
	mem_replace(field, mem_dup(text));
	return 0;
}

static int
take_template(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p == '%' && (*++p == '\0' || strchr("ufh%", *p) == NULL))
			return conf_value_refuse(e, text,
			    "after %% must come u (login), f (full name), h "
			    "(short host name) or %%");
	return take_text(s, row, text, field, e);
}

static int
take_domains(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	if (!conf_net_is_name(text))
		return conf_value_refuse(e, text,
		    "must be a domain of letters, digits, hyphens and dots");
	text_list_add(field, text);
	return 0;
}

/* "*@domain" and "name+*@domain", or a whole address. */
static int
take_senders(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	const char *star = strchr(text, '*'), *at = strrchr(text, '@');
	struct addr a = { 0 };
	char *without;
	bool fits;
	int rc;

	(void)s;
	(void)row;
	if (star == NULL) {
		rc = parse_address(text, &a, e);
		addr_clear(&a);
		if (rc == 0)
			text_list_add(field, text);
		return rc;
	}
	/* With an x for the star, what is left must be an address. */
	fits = at == star + 1 && (star == text || star[-1] == '+') &&
	       star - text != 1;
	without = mem_dup(text);
	without[star - text] = 'x';
	fits = fits && parse_address(without, &a, NULL) == 0;
	addr_clear(&a);
	free(without);
	if (!fits)
		return conf_value_refuse(e, text,
		    "must be an address, \"*@domain\" or \"name+*@domain\"");
	text_list_add(field, text);
	return 0;
}

static int
take_users(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	const char *name = text[0] == '@' ? text + 1 : text;

	(void)s;
	(void)row;
	if (strcmp(text, "*") != 0 &&
	    (*name == '\0' || strpbrk(name, " ,:*@") != NULL))
		return conf_value_refuse(e, text,
		    "must be a login name, a uid, \"@group\" or \"*\"");
	text_list_add(field, text);
	return 0;
}

static int
take_url(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	return conf_net_url(text, field, e);
}

static int
take_secret(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	return conf_secret_text(text, field, e);
}

static int
take_servers(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	return conf_net_server(text, field, e);
}

static int
take_pins(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	int rc = conf_net_check_pin(text, e);

	(void)s;
	(void)row;
	if (rc == 0)
		text_list_add(field, text);
	return rc;
}

static int
take_once(struct text_list *l, const char *text, struct err *e)
{
	if (text_list_has_case(l, text))
		return conf_value_refuse(e, text, "stands in the list twice");
	text_list_add(l, text);
	return 0;
}

static int
take_words(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	int index;
	int rc = take_word(s, row, text, &index, e);

	return rc != 0 ? rc : take_once(field, text, e);
}

static int
take_mechs(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	const char *names[SASL_MECHS];
	enum sasl_mech m;

	(void)s;
	(void)row;
	for (int i = 0; i < SASL_MECHS; i++)
		names[i] = sasl_name((enum sasl_mech)i);
	if (!sasl_find(text, &m))
		return refuse_word(e, text, names, SASL_MECHS);
	return take_once(field, sasl_name(m), e);
}

/* As in a secret: no search for the program, whose outcome would depend on who
 * sends. */
static int
take_command(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	struct text_list *argv = field;
	char *program = NULL;
	int rc;

	(void)row;
	if (argv->n > 0) {
		text_list_add(argv, text);
		return 0;
	}
	rc = conf_value_path(s, text, &program, e);
	if (rc == 0)
		text_list_add(argv, program);
	free(program);
	return rc;
}

/* Fields of a token request that osmtp sends itself: those with a key of their
 * own, and the rest. */
static const char *const own_keys[] = { "audience", "client_id",
	"client_secret", "refresh_token", "resource", "scope" };
static const char *const own_fields[] = { "assertion", "client_assertion",
	"client_assertion_type", "code", "code_challenge",
	"code_challenge_method", "code_verifier", "device_code", "grant_type",
	"redirect_uri", "response_type", "state", "token" };

static bool
is_among(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

int
conf_value_take_pair(const struct conf_row *row, const char *name,
    const char *text, void *base, struct err *e)
{
	struct text_list *pairs = (void *)((char *)base + row->offset);

	if (is_among(own_keys, sizeof(own_keys) / sizeof(*own_keys), name))
		return conf_value_refuse(
		    e, name, "has a key of its own: set oauth.%s", name);
	if (is_among(
		own_fields, sizeof(own_fields) / sizeof(*own_fields), name))
		return conf_value_refuse(
		    e, name, "is sent by osmtp itself, as the grant wants it");
	if (!conf_value_is_clean(text))
		return conf_value_refuse(e, name,
		    "must have a value of UTF-8 without control characters");
	if (pairs->n / 2 >= (size_t)row->max)
		return conf_value_refuse(
		    e, name, "is one too many: at most %d", (int)row->max);
	text_list_add(pairs, name);
	text_list_add(pairs, text);
	return 0;
}

/* What each type wants, for complaints, and how it is taken. */
static const struct {
	const char *wants;
	int (*take)(const struct conf_source *, const struct conf_row *,
	    const char *, void *, struct err *);
} types[] = {
	[CONF_TYPE_GROUP] = { "a group { ... }", NULL },
	[CONF_TYPE_BOOL] = { "true or false, without quotes", take_bool },
	[CONF_TYPE_INT] = { "a number, without quotes", take_int },
	[CONF_TYPE_TEXT] = { "a string", take_text },
	[CONF_TYPE_WORD] = { "a string", take_word },
	[CONF_TYPE_DURATION] = { "a string such as \"90s\"", take_duration },
	[CONF_TYPE_DATE] = { "a string such as \"2027-05-31\"", take_date },
	[CONF_TYPE_SIZE] = { "a string such as \"50M\", or a number",
	    take_size },
	[CONF_TYPE_DOMAIN] = { "a string", take_domain },
	[CONF_TYPE_HOST] = { "a string", take_host },
	[CONF_TYPE_ADDRESS] = { "a string", take_address },
	[CONF_TYPE_PATH] = { "a string", take_path },
	[CONF_TYPE_SPOOL] = { "a string", take_spool },
	[CONF_TYPE_LOG_TO] = { "a string", take_log_to },
	[CONF_TYPE_FACILITY] = { "a string", take_facility },
	[CONF_TYPE_URL] = { "a string", take_url },
	[CONF_TYPE_TEMPLATE] = { "a string", take_template },
	[CONF_TYPE_SECRET] = { CONF_SECRET_FORMS, take_secret },
	[CONF_TYPE_PAIRS] = { "a group of strings { name = \"value\"; }",
	    NULL },
	[CONF_TYPE_DOMAINS] = { CONF_VALUE_LIST, take_domains },
	[CONF_TYPE_SENDERS] = { CONF_VALUE_LIST, take_senders },
	[CONF_TYPE_USERS] = { CONF_VALUE_LIST, take_users },
	[CONF_TYPE_SERVERS] = { CONF_VALUE_LIST, take_servers },
	[CONF_TYPE_WORDS] = { CONF_VALUE_LIST, take_words },
	[CONF_TYPE_MECHS] = { CONF_VALUE_LIST, take_mechs },
	[CONF_TYPE_PINS] = { CONF_VALUE_LIST, take_pins },
	[CONF_TYPE_COMMAND] = { CONF_VALUE_LIST, take_command },
};

bool
conf_value_is_list(enum conf_type type)
{
	return type >= CONF_TYPE_DOMAINS;
}

const char *
conf_value_wants(enum conf_type type)
{
	return types[type].wants;
}

/* Nothing of the file may bring a line end into a header, a command or a
 * log line. */
bool
conf_value_is_clean(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return text_is_utf8(text, strlen(text));
}

int
conf_value_take(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *base, struct err *e)
{
	if (row->type != CONF_TYPE_SECRET && !conf_value_is_clean(text))
		return conf_value_refuse(
		    e, text, "must be UTF-8 without control characters");
	return types[row->type].take(
	    s, row, text, (char *)base + row->offset, e);
}

void
conf_value_defaults(bool of_profile, void *base)
{
	struct err e = ERR_NONE;

	for (size_t i = 0; i < CONF_IDS; i++) {
		const struct conf_row *row = &conf_rows[i];

		if (row->def == NULL ||
		    text_starts(row->group, CONF_TABLE_PROFILE) != of_profile)
			continue;
		err_bug_if(conf_value_take(NULL, row, row->def, base, &e) != 0);
	}
}
