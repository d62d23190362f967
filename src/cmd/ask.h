/* SPDX-License-Identifier: ISC */
/*
 * ask: a secret from whoever calls: from a terminal without echo, twice, or
 * the one line of a standard input that is no terminal.
 *
 * Must not know: what it is for.
 */
#ifndef CMD_ASK_H
#define CMD_ASK_H

#include "base/buf.h"
#include "base/err.h"

enum { ASK_MAX = 64 * 1024 }; /* octets */

/*
 * Ask for what the secret is of. A signal puts the terminal right before it
 * does its work. EX_DATAERR for nothing, for more than one line, for two that
 * differ; EX_IOERR.
 */
int ask_secret(const char *what, struct secret *out, struct err *e);

#endif
