/* SPDX-License-Identifier: ISC */
/*
 * conf_table: the table of keys, and the structs that its rows point into. A
 * key exists by its row alone: reading, defaults, near names, complaints and
 * the manual page's test all go by it.
 *
 * Must not know: libconfig, what values mean.
 */
#ifndef CORE_CONF_TABLE_H
#define CORE_CONF_TABLE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "core/conf_file.h"
#include "core/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_TABLE_PROFILE "profiles.NAME" /* group of a profile's keys */

/* One for each row, in the order of the manual page. */
enum conf_id {
	CONF_DOMAIN,
	CONF_HOSTNAME,
	CONF_LOCAL_NAMES,
	CONF_ALIASES,
	CONF_ADMIN,
	CONF_UNALIASED,
	CONF_RECEIVED,
	CONF_DEFAULT,
	CONF_UNMATCHED,
	CONF_RUNNER,
	CONF_SPOOL,
	CONF_STATE,
	CONF_QUEUE,
	CONF_LOG,
	CONF_PROFILES,
	CONF_QUEUE_LIFETIME,
	CONF_QUEUE_WARN_AFTER,
	CONF_QUEUE_KEEP_FAILED,
	CONF_QUEUE_RETRY_FIRST,
	CONF_QUEUE_RETRY_MAX,
	CONF_QUEUE_MAX_MESSAGE,
	CONF_QUEUE_MIN_FREE,
	CONF_QUEUE_MIN_INODES,
	CONF_QUEUE_REPORTS_PER_HOUR,
	CONF_LOG_TO,
	CONF_LOG_LEVEL,
	CONF_LOG_FORMAT,
	CONF_LOG_FACILITY,
	CONF_KIND,
	CONF_ADDRESS,
	CONF_ALSO,
	CONF_NAME,
	CONF_USERS,
	CONF_REWRITE,
	CONF_REPLY_TO,
	CONF_AUTO_SUBMITTED,
	CONF_CREDENTIALS,
	CONF_PRESET,
	CONF_SERVER,
	CONF_TLS,
	CONF_AUTH,
	CONF_USER,
	CONF_SASL,
	CONF_PASSWORD,
	CONF_LIMITS,
	CONF_TIMEOUTS,
	CONF_OAUTH,
	CONF_TLS_MODE,
	CONF_TLS_CA_FILE,
	CONF_TLS_PIN,
	CONF_TLS_SERVER_NAME,
	CONF_TLS_CERT,
	CONF_TLS_KEY,
	CONF_TLS_KEY_PASSPHRASE,
	CONF_TLS_MIN,
	CONF_LIMITS_RECIPIENTS,
	CONF_TIMEOUTS_CONNECT,
	CONF_TIMEOUTS_TLS,
	CONF_TIMEOUTS_REPLY,
	CONF_TIMEOUTS_DATA,
	CONF_TIMEOUTS_FINAL,
	CONF_TIMEOUTS_TOKEN,
	CONF_TIMEOUTS_FOREGROUND,
	CONF_OAUTH_GRANT,
	CONF_OAUTH_CLIENT_ID,
	CONF_OAUTH_CLIENT_SECRET,
	CONF_OAUTH_CLIENT_AUTH,
	CONF_OAUTH_CLIENT_KEY,
	CONF_OAUTH_CLIENT_CERT,
	CONF_OAUTH_CLIENT_KEY_PASSPHRASE,
	CONF_OAUTH_KEY_ID,
	CONF_OAUTH_SIGNING_ALG,
	CONF_OAUTH_ASSERTION_FILE,
	CONF_OAUTH_ASSERTION_AUDIENCE,
	CONF_OAUTH_ISSUER,
	CONF_OAUTH_TOKEN_URL,
	CONF_OAUTH_AUTHORIZE_URL,
	CONF_OAUTH_DEVICE_URL,
	CONF_OAUTH_REVOKE_URL,
	CONF_OAUTH_TENANT,
	CONF_OAUTH_SCOPE,
	CONF_OAUTH_AUDIENCE,
	CONF_OAUTH_RESOURCE,
	CONF_OAUTH_PARAMETERS,
	CONF_OAUTH_SERVICE_ACCOUNT,
	CONF_OAUTH_SUBJECT,
	CONF_OAUTH_REFRESH_TOKEN,
	CONF_OAUTH_TOKEN_COMMAND,
	CONF_OAUTH_CA_FILE,
	CONF_OAUTH_PIN,
	CONF_OAUTH_REDIRECT_HOST,
	CONF_OAUTH_REDIRECT_PORT,
	CONF_OAUTH_MIN_LIFE,
	CONF_OAUTH_SECRET_EXPIRES,
	CONF_IDS /* how many */
};

enum conf_type {
	CONF_TYPE_GROUP,
	CONF_TYPE_BOOL,
	CONF_TYPE_INT,	    /* min, max; not negative; the field has 64 bits */
	CONF_TYPE_TEXT,	    /* min, max: octets */
	CONF_TYPE_WORD,	    /* one of words; the field is an int */
	CONF_TYPE_DURATION, /* min, max: ms */
	CONF_TYPE_DATE,	    /* ms since 1970, UTC */
	CONF_TYPE_SIZE,	    /* min, max: octets */
	CONF_TYPE_DOMAIN,
	CONF_TYPE_HOST, /* or an address literal */
	CONF_TYPE_ADDRESS,
	CONF_TYPE_PATH,
	CONF_TYPE_SPOOL, /* a path or "none" */
	CONF_TYPE_LOG_TO,
	CONF_TYPE_FACILITY,
	CONF_TYPE_URL,
	CONF_TYPE_TEMPLATE,
	CONF_TYPE_SECRET,
	CONF_TYPE_PAIRS, /* a group of strings with names of the writer's own;
			    a list of names and values in turn */
	/* Lists from here on; min, max: elements. */
	CONF_TYPE_DOMAINS,
	CONF_TYPE_SENDERS, /* addresses and patterns */
	CONF_TYPE_USERS,
	CONF_TYPE_SERVERS,
	CONF_TYPE_WORDS,
	CONF_TYPE_MECHS,
	CONF_TYPE_PINS,
	CONF_TYPE_COMMAND /* argv, the program by its path */
};

struct conf_row {
	const char *group, *key;
	enum conf_type type;
	const char *def; /* default, or NULL: none, or it depends */
	int64_t min, max;
	size_t offset; /* in struct conf_top or struct conf_entry */
	const char *const *words;
};

extern const struct conf_row conf_rows[CONF_IDS];

/* What stands in a file beside profiles. */
struct conf_top {
	struct conf_place at[CONF_IDS];
	char *domain, *hostname;
	struct text_list local_names;
	char *aliases;
	struct addr admin;
	int unaliased; /* index of the word */
	char *for_local, *for_unmatched;
	bool received;
	bool runner;
	char *spool, *state; /* spool: or "none" */
	struct profile_queue queue;
	char *log_to, *log_facility;
	int log_level, log_format;
};

struct conf_servers {
	struct smtp_target v[PROFILE_MAX_SERVERS];
	size_t n;
};

/* A profile as written: what p can't hold at once stands beside it. */
struct conf_entry {
	struct conf_place at[CONF_IDS], begin;
	bool by_preset[CONF_IDS]; /* not written, but filled in */
	struct profile p;
	int kind;
	struct addr reply_to;
	char *credentials, *preset;
	struct conf_servers servers;
	int tls_mode, tls_min;
	char *tls_ca_file, *tls_server_name, *tls_cert, *tls_key;
	struct text_list tls_pin;
	struct text_list auth, sasl, grant;
	int64_t max_rcpts;
	struct smtp_timeouts timeouts;
	int client_auth, signing_alg, redirect_host;
	int64_t redirect_port;
	char *client_id, *client_key, *client_cert, *key_id, *assertion_file;
	char *assertion_audience, *service_account, *subject;
	char *issuer, *token_url, *authorize_url, *device_url, *revoke_url;
	char *tenant, *scope, *audience, *resource, *oauth_ca_file;
	struct text_list oauth_pin;
};

/* The row of that key, or CONF_IDS. */
enum conf_id conf_table_find(const char *group, const char *key);

/* Name and key as a complaint shows them: "profiles.NAME.tls.min". */
void conf_table_add_key(
    struct buf *b, const struct conf_row *row, const char *profile);

/* The rest of a profile's key behind its name: "tls.min"; to be freed. */
char *conf_table_field(const struct conf_row *row);

/* Complain: "path:line: key: reason". Returns EX_CONFIG. */
int conf_table_complain(struct err *e, const struct conf_place *at,
    enum conf_id id, const char *profile, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

void conf_top_clear(struct conf_top *top);
void conf_entry_clear(struct conf_entry *d); /* d->p too */

#endif
