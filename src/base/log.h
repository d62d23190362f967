/* SPDX-License-Identifier: ISC */
/*
 * log: one line an event, to syslog, standard error or a file, as key=value
 * or as JSON. The log is an interface: osmtp(1) documents its keys. A log
 * that fails never fails anything else.
 *
 * Must not know: accounts, secrets (there is no way to pass one).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

struct log_settings {
	const char *to; /* "syslog", "stderr", or an absolute path */
	enum log_level level;
	bool json;
	const char *facility; /* "mail", "user", "daemon", "local0" .. */
};

/*
 * Begin to log as told; until then events go to syslog at level info. A file
 * is made with mode 0600, opened for append, never through a link, and only
 * if it is a regular file of the effective uid or root: else EX_CANTCREAT,
 * and events go to syslog. s->to is borrowed for the process's life.
 */
int log_open(const struct log_settings *s, struct err *e);

enum { LOG_LABEL_MAX = 64 };

/* From now on every event has the key "label": so many octets of this text,
 * without its control characters; NULL or "": none any more. */
void log_set_label(const char *label);

/*
 * One event. id: the message's, or NULL. event: one word ("delivery",
 * "token"). Then pairs of key and value, ended by NULL as key; a pair whose
 * value is NULL is left out; values may be any text and are made safe.
 */
void log_event(enum log_level level, const char *id, const char *event, ...)
    __attribute__((sentinel));

/* Do events go to standard error? */
bool log_uses_stderr(void);

/* A facility known by that name? */
bool log_is_facility(const char *name);

#endif
