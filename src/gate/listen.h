/* SPDX-License-Identifier: ISC */
/*
 * listen: the loopback address to which a browser is redirected (RFC 8252 7.3):
 * a small HTTP server on 127.0.0.1 and ::1 that answers GET PATH?QUERY with a
 * page of ours, and all else with 404. Driven by a loop.
 *
 * Slow, silent, endless and foreign clients never keep it from the right one:
 * a few connections at once, each with a deadline and a bounded head. A page
 * never repeats what came; it loads nothing, and says so to the browser.
 *
 * Must not know: what a query means.
 */
#ifndef GATE_LISTEN_H
#define GATE_LISTEN_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>

/* A page: heading and one paragraph, UTF-8; they are escaped. */
struct listen_page {
	int status; /* 200, 400 .. */
	const char *title, *text;
};

/* A GET of PATH with that query ("" without one): which page to answer. Called
 * from the loop; it must not close the listener. */
typedef struct listen_page listen_fn(void *ctx, const char *query);

struct listen;

/*
 * Listen. host: "127.0.0.1", "localhost" (both addresses), "::1". port 0: any,
 * the same one on both. EX_UNAVAILABLE if the port is in use, with who can
 * tell; EX_CONFIG for another host; EX_OSERR.
 */
int listen_open(struct loop *l, const char *host, unsigned port,
    const char *path, listen_fn *fn, void *ctx, struct listen **out,
    struct err *e);
unsigned listen_port(const struct listen *s);

/* Has all that was answered reached its browser? */
bool listen_is_idle(const struct listen *s);
void listen_close(struct listen *s); /* takes NULL */

#endif
