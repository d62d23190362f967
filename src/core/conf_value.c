/* SPDX-License-Identifier: ISC */
/*
 * conf_value: the texts of values, a function for each type of the table.
 */
#include "core/conf_value.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/mem.h"
#include "base/text.h"
#include "gate/sasl.h"
#include "gate/wire.h"
#include "mail/addr.h"

enum {
	MAX_HOST = 253, /* RFC 1035 2.3.4, as text */
	MAX_LABEL = 63,
	MAX_SHOWN = 100 /* octets of a value that a complaint repeats */
};

/* The reason: "VALUE": must be ..., with a value of decent length. */
static int refuse(struct err *e, const char *text, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
refuse(struct err *e, const char *text, const char *fmt, ...)
{
	char reason[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return err_set(e, EX_CONFIG, "\"%.*s%s\": %s", MAX_SHOWN, text,
	    strlen(text) > MAX_SHOWN ? "..." : "", reason);
}

/* Labels of letters, digits and hyphens, as on the wire (RFC 1123 2.1). */
static bool
is_host_name(const char *s, size_t n)
{
	size_t label = 0;

	if (n == 0 || n > MAX_HOST || s[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.') {
			if (label == 0 || s[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!text_is_alnum(s[i]) && (s[i] != '-' || label == 0))
			return false;
		if (++label > MAX_LABEL)
			return false;
	}
	return s[n - 1] != '-';
}

static bool
is_ip(int family, const char *s, size_t n)
{
	unsigned char octets[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN];

	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return inet_pton(family, text, octets) == 1;
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 4.1.3)? */
static bool
is_literal(const char *s)
{
	size_t n = strlen(s);

	if (n < 3 || s[0] != '[' || s[n - 1] != ']')
		return false;
	s++;
	n -= 2;
	if (n > 5 && text_case_eq_n(s, "IPv6:", 5))
		return is_ip(AF_INET6, s + 5, n - 5);
	return is_ip(AF_INET, s, n);
}

bool
conf_value_is_host(const char *text)
{
	return is_host_name(text, strlen(text)) || is_literal(text);
}

bool
conf_value_is_loopback(const char *host)
{
	unsigned char v4[4], v6[16];

	if (inet_pton(AF_INET, host, v4) == 1)
		return v4[0] == 127;
	if (inet_pton(AF_INET6, host, v6) == 1)
		return memcmp(v6, &in6addr_loopback, sizeof(v6)) == 0;
	return text_case_eq(host, "localhost");
}

static int
take_bool(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return refuse(e, text, "must be true or false");
	*(bool *)field = text[0] == 't';
	return 0;
}

static int
take_text(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	if (strlen(text) < (size_t)row->min)
		return refuse(e, text, "must not be empty");
	if (strlen(text) > (size_t)row->max)
		return refuse(
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
		rc = refuse(e, text, "must be %s; did you mean \"%s\"?",
		    all.data, near);
	else
		rc = refuse(e, text, "must be %s", all.data);
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
		return refuse(e, text,
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
	rc = refuse(e, text, "must be from %s to %s", min.data, max.data);
	buf_clear(&min);
	buf_clear(&max);
	return rc;
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
		return refuse(e, text,
		    "must be a size such as \"64k\", \"50M\" or \"1G\"");
	if (n < (uint64_t)row->min || n > (uint64_t)row->max)
		return refuse(e, text, "must be from %s to %s",
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
	if (!is_host_name(text, strlen(text)))
		return refuse(e, text,
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
	if (!conf_value_is_host(text))
		return refuse(e, text,
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
		return refuse(
		    e, text, "must be an address such as \"user@example.com\"");
	plain = addr_text(&a);
	if (a.name != NULL)
		rc =
		    refuse(e, text, "must be the address alone, \"%s\"", plain);
	else if (a.domain == NULL)
		rc = refuse(e, text, "must be an address with a domain");
	else if (addr_check_wire(plain, strlen(plain), &why) != 0)
		rc = refuse(e, text, "%s", why.text);
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
		return refuse(e, text, "must be an absolute path%s",
		    s->is_system ? "" : ", or begin with \"~/\"");
	if (s->is_system)
		return refuse(e, text,
		    "must be an absolute path; \"~/\" stands for a home in a "
		    "user's own file only");
	if (s->home == NULL)
		return refuse(e, text, "there is no home directory");
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
	return refuse(
	    e, text, "must be \"syslog\", \"stderr\" or an absolute path");
}

static int
take_facility(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	if (!log_is_facility(text))
		return refuse(e, text,
		    "must be a facility of syslog, such as \"mail\", "
		    "\"daemon\" or \"local0\"");
	mem_replace(field, mem_dup(text));
	return 0;
}

/* What is not shown: a URL with a user in it may hold a password. */
static int
refuse_user_in_url(struct err *e)
{
	return err_set(e, EX_CONFIG,
	    "must not have a user or a password in it; there are keys for "
	    "both");
}

static int
take_url(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	const char *host = strstr(text, "://"), *end;
	size_t n;

	(void)s;
	(void)row;
	if (host != NULL && memchr(host, '@', strcspn(host + 3, "/?#") + 3))
		return refuse_user_in_url(e);
	if (!text_case_eq_n(text, "https://", 8) &&
	    !wire_is_loopback_http(text))
		return refuse(e, text,
		    "must begin with https:// (plain http:// only to a "
		    "loopback address)");
	host += 3;
	n = strcspn(host, ":/?#");
	if (host[0] == '[')
		n = strcspn(host, "]/?#");
	if (n == 0)
		return refuse(e, text, "has no host");
	if (host[0] == '[' ? host[n] != ']' || !is_ip(AF_INET6, host + 1, n - 1)
			   : !is_host_name(host, n))
		return refuse(e, text, "has a host that is no name");
	end = host + n + (host[0] == '[');
	if (*end == ':' && end[1 + strspn(end + 1, "0123456789")] != '\0' &&
	    strchr("/?", end[1 + strspn(end + 1, "0123456789")]) == NULL)
		return refuse(e, text, "has a port that is no number");
	if (strpbrk(text, " \"<>\\^`{|}#") != NULL)
		return refuse(e, text,
		    "must not have blanks, quotes, brackets or a fragment in "
		    "it");
	mem_replace(field, mem_dup(text));
	return 0;
}

static int
take_template(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p == '%' && (*++p == '\0' || strchr("ufh%", *p) == NULL))
			return refuse(e, text,
			    "after %% must come u (login), f (full name), h "
			    "(short host name) or %%");
	return take_text(s, row, text, field, e);
}

/* A secret written as it is. The value is in no complaint. */
static int
take_secret(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	struct profile_secret *out = field;

	(void)s;
	(void)row;
	if (*text == '\0')
		return err_set(e, EX_CONFIG, "must not be empty");
	if (text_starts(text, "sealed:"))
		return err_set(e, EX_CONFIG,
		    "sealed secrets are not known; " CONF_VALUE_SECRETS);
	out->form = PROFILE_PLAIN;
	secret_init(&out->plain);
	secret_set(&out->plain, text, strlen(text));
	return 0;
}

static int
take_domains(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	(void)s;
	(void)row;
	if (!is_host_name(text, strlen(text)))
		return refuse(e, text,
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
		return refuse(e, text,
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
		return refuse(e, text,
		    "must be a login name, a uid, \"@group\" or \"*\"");
	text_list_add(field, text);
	return 0;
}

static int
take_unix(
    const char *text, const char *path, struct smtp_target *t, struct err *e)
{
	if (path[0] != '/')
		return refuse(e, text,
		    "must have an absolute path, as in "
		    "\"smtp+unix:/run/relay/socket\"");
	if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return refuse(e, text, "the path is too long for a socket");
	t->wire.unix_path = mem_dup(path);
	t->wire.tls = WIRE_CLEAR;
	return 0;
}

/* What stands behind "://": host, or host and port. */
static int
take_host_port(
    const char *text, const char *rest, struct smtp_target *t, struct err *e)
{
	const char *host = rest, *port;
	uint64_t number;
	size_t n;
	bool good;

	if (host[0] == '[') {
		n = strcspn(++host, "]");
		good = host[n] == ']' && is_ip(AF_INET6, host, n);
		port = host[n] == ']' ? host + n + 1 : host + n;
	} else {
		n = strcspn(host, ":");
		good = is_host_name(host, n);
		port = host + n;
	}
	if (!good)
		return refuse(e, text,
		    "must have a host name of letters, digits, hyphens and "
		    "dots, an IPv4 address, or an IPv6 address in brackets");
	if (*port == ':') {
		if (!text_parse_uint(port + 1, 65535, &number) || number == 0)
			return refuse(
			    e, text, "the port must be from 1 to 65535");
		t->wire.port = (unsigned)number;
	} else if (*port != '\0')
		return refuse(e, text, "nothing may stand behind the host");
	t->wire.host = mem_dup_n(host, n);
	return 0;
}

static int
take_servers(const struct conf_source *s, const struct conf_row *row,
    const char *text, void *field, struct err *e)
{
	struct conf_servers *servers = field;
	struct smtp_target t = { 0 };
	int rc;

	(void)s;
	(void)row;
	if (strchr(text, '@') != NULL && strstr(text, "://") != NULL)
		return refuse_user_in_url(e);
	if (text_starts(text, "smtp+unix:"))
		rc = take_unix(text, text + 10, &t, e);
	else if (text_starts(text, "smtps://")) {
		t.wire.tls = WIRE_TLS;
		t.wire.port = 465;
		rc = take_host_port(text, text + 8, &t, e);
	} else if (text_starts(text, "smtp://")) {
		t.wire.tls = WIRE_STARTTLS;
		t.wire.port = 587;
		rc = take_host_port(text, text + 7, &t, e);
	} else
		rc = refuse(e, text,
		    "must be \"smtp://host[:port]\" (STARTTLS), "
		    "\"smtps://host[:port]\" or \"smtp+unix:/path\"%s",
		    text_starts(text, "srv:") ? "; srv: is not known" : "");
	if (rc == 0)
		servers->v[servers->n++] = t;
	return rc;
}

static int
take_once(struct text_list *l, const char *text, struct err *e)
{
	if (text_list_has_case(l, text))
		return refuse(e, text, "stands in the list twice");
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

/* What each type wants, for complaints, and how it is taken. */
static const struct {
	const char *wants;
	int (*take)(const struct conf_source *, const struct conf_row *,
	    const char *, void *, struct err *);
} types[] = {
	[CONF_TYPE_GROUP] = { "a group { ... }", NULL },
	[CONF_TYPE_BOOL] = { "true or false, without quotes", take_bool },
	[CONF_TYPE_TEXT] = { "a string", take_text },
	[CONF_TYPE_WORD] = { "a string", take_word },
	[CONF_TYPE_DURATION] = { "a string such as \"90s\"", take_duration },
	[CONF_TYPE_SIZE] = { "a string such as \"50M\", or a number",
	    take_size },
	[CONF_TYPE_DOMAIN] = { "a string", take_domain },
	[CONF_TYPE_HOST] = { "a string", take_host },
	[CONF_TYPE_ADDRESS] = { "a string", take_address },
	[CONF_TYPE_PATH] = { "a string", take_path },
	[CONF_TYPE_LOG_TO] = { "a string", take_log_to },
	[CONF_TYPE_FACILITY] = { "a string", take_facility },
	[CONF_TYPE_URL] = { "a string", take_url },
	[CONF_TYPE_TEMPLATE] = { "a string", take_template },
	[CONF_TYPE_SECRET] = { CONF_VALUE_SECRETS, take_secret },
	[CONF_TYPE_DOMAINS] = { CONF_VALUE_LIST, take_domains },
	[CONF_TYPE_SENDERS] = { CONF_VALUE_LIST, take_senders },
	[CONF_TYPE_USERS] = { CONF_VALUE_LIST, take_users },
	[CONF_TYPE_SERVERS] = { CONF_VALUE_LIST, take_servers },
	[CONF_TYPE_WORDS] = { CONF_VALUE_LIST, take_words },
	[CONF_TYPE_MECHS] = { CONF_VALUE_LIST, take_mechs },
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
static bool
is_clean(const char *text)
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
	if (row->type != CONF_TYPE_SECRET && !is_clean(text))
		return refuse(
		    e, text, "must be UTF-8 without control characters");
	return types[row->type].take(
	    s, row, text, (char *)base + row->offset, e);
}

void
conf_value_presets(bool of_profile, void *base)
{
	struct err e = ERR_NONE;

	for (size_t i = 0; i < CONF_IDS; i++) {
		const struct conf_row *row = &conf_rows[i];

		if (row->preset == NULL ||
		    text_starts(row->group, CONF_TABLE_PROFILE) != of_profile)
			continue;
		err_bug_if(
		    conf_value_take(NULL, row, row->preset, base, &e) != 0);
	}
}
