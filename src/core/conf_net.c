/* SPDX-License-Identifier: ISC */
/*
 * conf_net: hosts, servers, URLs and pins.
 */
#include "core/conf_net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/conf_value.h"
#include "gate/wire.h"

enum {
	MAX_HOST = 253, /* RFC 1035 2.3.4, as text */
	MAX_LABEL = 63
};

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
conf_net_is_name(const char *text)
{
	return is_host_name(text, strlen(text));
}

bool
conf_net_is_host(const char *text)
{
	return is_host_name(text, strlen(text)) || is_literal(text);
}

bool
conf_net_is_loopback(const char *host)
{
	unsigned char v4[4], v6[16];

	if (inet_pton(AF_INET, host, v4) == 1)
		return v4[0] == 127;
	if (inet_pton(AF_INET6, host, v6) == 1)
		return memcmp(v6, &in6addr_loopback, sizeof(v6)) == 0;
	return text_case_eq(host, "localhost");
}

/* What is not shown: a URL with a user in it may hold a password. */
static int
refuse_user_in_url(struct err *e)
{
	return err_set(e, EX_CONFIG,
	    "must not have a user or a password in it; there are keys for "
	    "both");
}

/* May that stand behind the host of a URL: a port, or nothing, and the path? */
static bool
is_behind_host(const char *s)
{
	char digits[sizeof("65535")];
	uint64_t port;
	size_t n;

	if (*s != ':')
		return true;
	n = strspn(++s, "0123456789");
	if (n >= sizeof(digits))
		return false;
	memcpy(digits, s, n);
	digits[n] = '\0';
	return (n == 0 || text_parse_uint(digits, 65535, &port)) &&
	       (s[n] == '\0' || s[n] == '/' || s[n] == '?');
}

int
conf_net_url(const char *text, char **out, struct err *e)
{
	const char *host = strstr(text, "://");
	size_t n;

	if (host != NULL && memchr(host, '@', strcspn(host + 3, "/?#") + 3))
		return refuse_user_in_url(e);
	if (!text_case_eq_n(text, "https://", 8) &&
	    !wire_is_loopback_http(text))
		return conf_value_refuse(e, text,
		    "must begin with https:// (plain http:// only to a "
		    "loopback address)");
	host += 3;
	n = strcspn(host, ":/?#");
	if (host[0] == '[')
		n = strcspn(host, "]/?#");
	if (n == 0)
		return conf_value_refuse(e, text, "has no host");
	if (host[0] == '[' ? host[n] != ']' || !is_ip(AF_INET6, host + 1, n - 1)
			   : !is_host_name(host, n))
		return conf_value_refuse(e, text, "has a host that is no name");
	if (!is_behind_host(host + n + (host[0] == '[')))
		return conf_value_refuse(
		    e, text, "has a port that is no number up to 65535");
	if (strpbrk(text, " \"<>\\^`{|}#") != NULL)
		return conf_value_refuse(e, text,
		    "must not have blanks, quotes, brackets or a fragment in "
		    "it");
	mem_replace(out, mem_dup(text));
	return 0;
}

static int
take_unix(
    const char *text, const char *path, struct smtp_target *t, struct err *e)
{
	if (path[0] != '/')
		return conf_value_refuse(e, text,
		    "must have an absolute path, as in "
		    "\"smtp+unix:/run/relay/socket\"");
	if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return conf_value_refuse(
		    e, text, "the path is too long for a socket");
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
		return conf_value_refuse(e, text,
		    "must have a host name of letters, digits, hyphens and "
		    "dots, an IPv4 address, or an IPv6 address in brackets");
	if (*port == ':') {
		if (!text_parse_uint(port + 1, 65535, &number) || number == 0)
			return conf_value_refuse(
			    e, text, "the port must be from 1 to 65535");
		t->wire.port = (unsigned)number;
	} else if (*port != '\0')
		return conf_value_refuse(
		    e, text, "nothing may stand behind the host");
	t->wire.host = mem_dup_n(host, n);
	return 0;
}

int
conf_net_server(const char *text, struct conf_servers *out, struct err *e)
{
	struct smtp_target t = { 0 };
	int rc;

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
		rc = conf_value_refuse(e, text,
		    "must be \"smtp://host[:port]\" (STARTTLS), "
		    "\"smtps://host[:port]\" or \"smtp+unix:/path\"%s",
		    text_starts(text, "srv:") ? "; srv: is not known" : "");
	if (rc == 0)
		out->v[out->n++] = t;
	return rc;
}

int
conf_net_check_pin(const char *text, struct err *e)
{
	static const char scheme[] = "sha256//";
	enum { SHA256_OCTETS = 32 };
	struct buf digest;
	bool good;

	buf_init(&digest, SHA256_OCTETS);
	good = text_starts(text, scheme) &&
	       text_add_unbase64(&digest, text + sizeof(scheme) - 1,
		   strlen(text) - (sizeof(scheme) - 1)) &&
	       digest.len == SHA256_OCTETS;
	buf_clear(&digest);
	if (good)
		return 0;
	return conf_value_refuse(e, text,
	    "must be \"sha256//\" and the SHA-256 of the server's public key "
	    "in base64, 44 characters");
}
