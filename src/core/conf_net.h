/* SPDX-License-Identifier: ISC */
/*
 * conf_net: the values that say where to: hosts, servers, URLs, and the pins of
 * what answers there.
 *
 * Must not know: libconfig, which key a value belongs to.
 */
#ifndef CORE_CONF_NET_H
#define CORE_CONF_NET_H

#include "base/err.h"
#include "core/conf_table.h"

#include <stdbool.h>

/* A name of letters, digits, hyphens and dots, as on the wire (RFC 1123)? */
bool conf_net_is_name(const char *text);

/* A host name, or an address literal in brackets? */
bool conf_net_is_host(const char *text);

/* Is the host of a server this one: 127.0.0.0/8, ::1, localhost? */
bool conf_net_is_loopback(const char *host);

/* Take text, or EX_CONFIG with a reason that has the value in it; a URL with a
 * user in it, which may hold a password, is not shown. */
int conf_net_url(const char *text, char **out, struct err *e);
int conf_net_server(const char *text, struct conf_servers *out, struct err *e);

/* "sha256//" and base64 of a SHA-256, as in RFC 7469? EX_CONFIG. */
int conf_net_check_pin(const char *text, struct err *e);

#endif
