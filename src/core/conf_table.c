/* SPDX-License-Identifier: ISC */
/*
 * conf_table: the table of keys.
 *
 * A row says everything about a key that holds for it alone. What holds
 * between keys (a password without its way in auth), and defaults that depend
 * on other keys, are conf_build's.
 */
#include "core/conf_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gate/sasl.h"
#include "mail/addr.h"
#include "mail/envelope.h"

enum {
	MAX_TEXT = 1000, /* octets of an ordinary string */
	MAX_LIST = 1000, /* elements of an ordinary list */
	MAX_PINS = 16,
	MAX_PAIRS = 50
};

#define SECOND ((int64_t)1000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

#define KIB ((int64_t)1 << 10)
#define TIB ((int64_t)1 << 40)

static const char *const kinds[] = { "system", "mailbox", NULL };
static const char *const unaliased[] = { "admin", "domain", "reject", NULL };
static const char *const levels[] = { "error", "warn", "info", "debug", NULL };
static const char *const formats[] = { "text", "json", NULL };
static const char *const auths[] = { "oauth", "password", "cert", "none",
	NULL };
static const char *const tls_modes[] = { "none", NULL };
static const char *const tls_versions[] = { "1.2", "1.3", NULL };
static const char *const grants[] = { "client_credentials", "jwt_bearer",
	"authorization_code", "device_code", "refresh_token", "command", NULL };
static const char *const client_auths[] = { "none", "post", "basic",
	"basic_raw", "private_key_jwt", NULL };
static const char *const signing_algs[] = { "RS256", "PS256", "ES256", NULL };
static const char *const redirect_hosts[] = { "127.0.0.1", "localhost", "::1",
	NULL };

#define TOP(field)   offsetof(struct conf_top, field)
#define ENTRY(field) offsetof(struct conf_entry, field)
#define PROFILE	     CONF_TABLE_PROFILE

/* clang-format off */
const struct conf_row conf_rows[CONF_IDS] = {
[CONF_DOMAIN] = { "", "domain", CONF_TYPE_DOMAIN,
	NULL, 0, 0, TOP(domain), NULL },
[CONF_HOSTNAME] = { "", "hostname", CONF_TYPE_HOST,
	NULL, 0, 0, TOP(hostname), NULL },
[CONF_LOCAL_NAMES] = { "", "local_names", CONF_TYPE_DOMAINS,
	NULL, 0, MAX_LIST, TOP(local_names), NULL },
[CONF_ALIASES] = { "", "aliases", CONF_TYPE_PATH,
	NULL, 0, 0, TOP(aliases), NULL },
[CONF_ADMIN] = { "", "admin", CONF_TYPE_ADDRESS,
	NULL, 0, 0, TOP(admin), NULL },
[CONF_UNALIASED] = { "", "unaliased", CONF_TYPE_WORD,
	NULL, 0, 0, TOP(unaliased), unaliased },
[CONF_RECEIVED] = { "", "received", CONF_TYPE_BOOL,
	NULL, 0, 0, TOP(received), NULL },
[CONF_DEFAULT] = { "", "default", CONF_TYPE_TEXT,
	NULL, 1, MAX_TEXT, TOP(for_local), NULL },
[CONF_UNMATCHED] = { "", "unmatched", CONF_TYPE_TEXT,
	NULL, 1, MAX_TEXT, TOP(for_unmatched), NULL },
[CONF_RUNNER] = { "", "runner", CONF_TYPE_BOOL,
	NULL, 0, 0, TOP(runner), NULL },
[CONF_SPOOL] = { "", "spool", CONF_TYPE_SPOOL,
	NULL, 0, 0, TOP(spool), NULL },
[CONF_STATE] = { "", "state", CONF_TYPE_PATH,
	NULL, 0, 0, TOP(state), NULL },
[CONF_QUEUE] = { "", "queue", CONF_TYPE_GROUP,
	NULL, 0, 0, 0, NULL },
[CONF_LOG] = { "", "log", CONF_TYPE_GROUP,
	NULL, 0, 0, 0, NULL },
[CONF_PROFILES] = { "", "profiles", CONF_TYPE_GROUP,
	NULL, 0, 0, 0, NULL },
[CONF_QUEUE_LIFETIME] = { "queue", "lifetime", CONF_TYPE_DURATION,
	"5d", HOUR, 60 * DAY, TOP(queue.lifetime), NULL },
[CONF_QUEUE_WARN_AFTER] = { "queue", "warn_after", CONF_TYPE_DURATION,
	"4h", 0, 60 * DAY, TOP(queue.warn_after), NULL },
[CONF_QUEUE_KEEP_FAILED] = { "queue", "keep_failed", CONF_TYPE_DURATION,
	"30d", HOUR, 3650 * DAY, TOP(queue.keep_failed), NULL },
[CONF_QUEUE_RETRY_FIRST] = { "queue", "retry_first", CONF_TYPE_DURATION,
	"1m", SECOND, HOUR, TOP(queue.retry_first), NULL },
[CONF_QUEUE_RETRY_MAX] = { "queue", "retry_max", CONF_TYPE_DURATION,
	"1h", SECOND, DAY, TOP(queue.retry_max), NULL },
[CONF_QUEUE_MAX_MESSAGE] = { "queue", "max_message", CONF_TYPE_SIZE,
	"50M", KIB, TIB, TOP(queue.max_message), NULL },
[CONF_QUEUE_MIN_FREE] = { "queue", "min_free", CONF_TYPE_SIZE,
	"64M", 0, TIB, TOP(queue.min_free), NULL },
[CONF_QUEUE_MIN_INODES] = { "queue", "min_inodes", CONF_TYPE_INT,
	"1000", 0, INT32_MAX, TOP(queue.min_inodes), NULL },
[CONF_QUEUE_REPORTS_PER_HOUR] = { "queue", "reports_per_hour", CONF_TYPE_INT,
	"60", 1, 10000, TOP(queue.reports_per_hour), NULL },
[CONF_LOG_TO] = { "log", "to", CONF_TYPE_LOG_TO,
	"syslog", 0, 0, TOP(log_to), NULL },
[CONF_LOG_LEVEL] = { "log", "level", CONF_TYPE_WORD,
	"info", 0, 0, TOP(log_level), levels },
[CONF_LOG_FORMAT] = { "log", "format", CONF_TYPE_WORD,
	"text", 0, 0, TOP(log_format), formats },
[CONF_LOG_FACILITY] = { "log", "facility", CONF_TYPE_FACILITY,
	"mail", 0, 0, TOP(log_facility), NULL },
[CONF_KIND] = { PROFILE, "kind", CONF_TYPE_WORD,
	NULL, 0, 0, ENTRY(kind), kinds },
[CONF_ADDRESS] = { PROFILE, "address", CONF_TYPE_ADDRESS,
	NULL, 0, 0, ENTRY(p.address), NULL },
[CONF_ALSO] = { PROFILE, "also", CONF_TYPE_SENDERS,
	NULL, 0, MAX_LIST, ENTRY(p.also), NULL },
[CONF_NAME] = { PROFILE, "name", CONF_TYPE_TEMPLATE,
	NULL, 0, MAX_TEXT, ENTRY(p.display), NULL },
[CONF_USERS] = { PROFILE, "users", CONF_TYPE_USERS,
	NULL, 0, MAX_LIST, ENTRY(p.users), NULL },
[CONF_REWRITE] = { PROFILE, "rewrite", CONF_TYPE_BOOL,
	NULL, 0, 0, ENTRY(p.rewrite), NULL },
[CONF_REPLY_TO] = { PROFILE, "reply_to", CONF_TYPE_ADDRESS,
	NULL, 0, 0, ENTRY(reply_to), NULL },
[CONF_AUTO_SUBMITTED] = { PROFILE, "auto_submitted", CONF_TYPE_BOOL,
	NULL, 0, 0, ENTRY(p.auto_submitted), NULL },
[CONF_CREDENTIALS] = { PROFILE, "credentials", CONF_TYPE_TEXT,
	NULL, 1, MAX_TEXT, ENTRY(credentials), NULL },
[CONF_PRESET] = { PROFILE, "preset", CONF_TYPE_TEXT,
	NULL, 1, MAX_TEXT, ENTRY(preset), NULL },
[CONF_SERVER] = { PROFILE, "server", CONF_TYPE_SERVERS,
	NULL, 1, PROFILE_MAX_SERVERS, ENTRY(servers), NULL },
[CONF_TLS] = { PROFILE, "tls", CONF_TYPE_GROUP,
	NULL, 0, 0, 0, NULL },
[CONF_AUTH] = { PROFILE, "auth", CONF_TYPE_WORDS,
	NULL, 1, PROFILE_MAX_AUTH, ENTRY(auth), auths },
[CONF_USER] = { PROFILE, "user", CONF_TYPE_TEXT,
	NULL, 1, MAX_TEXT, ENTRY(p.user), NULL },
[CONF_SASL] = { PROFILE, "sasl", CONF_TYPE_MECHS,
	NULL, 1, SASL_MECHS, ENTRY(sasl), NULL },
[CONF_PASSWORD] = { PROFILE, "password", CONF_TYPE_SECRET,
	NULL, 0, 0, ENTRY(p.password), NULL },
[CONF_LIMITS] = { PROFILE, "limits", CONF_TYPE_GROUP,
	NULL, 0, 0, 0, NULL },
[CONF_TIMEOUTS] = { PROFILE, "timeouts", CONF_TYPE_GROUP,
	NULL, 0, 0, 0, NULL },
[CONF_OAUTH] = { PROFILE, "oauth", CONF_TYPE_GROUP,
	NULL, 0, 0, 0, NULL },
[CONF_TLS_MODE] = { PROFILE ".tls", "mode", CONF_TYPE_WORD,
	NULL, 0, 0, ENTRY(tls_mode), tls_modes },
[CONF_TLS_CA_FILE] = { PROFILE ".tls", "ca_file", CONF_TYPE_PATH,
	NULL, 0, 0, ENTRY(tls_ca_file), NULL },
[CONF_TLS_PIN] = { PROFILE ".tls", "pin", CONF_TYPE_PINS,
	NULL, 1, MAX_PINS, ENTRY(tls_pin), NULL },
[CONF_TLS_SERVER_NAME] = { PROFILE ".tls", "server_name", CONF_TYPE_DOMAIN,
	NULL, 0, 0, ENTRY(tls_server_name), NULL },
[CONF_TLS_CERT] = { PROFILE ".tls", "cert", CONF_TYPE_PATH,
	NULL, 0, 0, ENTRY(tls_cert), NULL },
[CONF_TLS_KEY] = { PROFILE ".tls", "key", CONF_TYPE_PATH,
	NULL, 0, 0, ENTRY(tls_key), NULL },
[CONF_TLS_KEY_PASSPHRASE] = { PROFILE ".tls", "key_passphrase",
	CONF_TYPE_SECRET, NULL, 0, 0, ENTRY(p.key_passphrase), NULL },
[CONF_TLS_MIN] = { PROFILE ".tls", "min", CONF_TYPE_WORD,
	"1.2", 0, 0, ENTRY(tls_min), tls_versions },
[CONF_LIMITS_RECIPIENTS] = { PROFILE ".limits", "recipients", CONF_TYPE_INT,
	"100", 1, ENVELOPE_MAX_RCPTS, ENTRY(max_rcpts), NULL },
[CONF_TIMEOUTS_CONNECT] = { PROFILE ".timeouts", "connect",
	CONF_TYPE_DURATION, "30s", 100, HOUR, ENTRY(timeouts.connect), NULL },
[CONF_TIMEOUTS_TLS] = { PROFILE ".timeouts", "tls",
	CONF_TYPE_DURATION, "60s", 100, HOUR, ENTRY(timeouts.tls), NULL },
[CONF_TIMEOUTS_REPLY] = { PROFILE ".timeouts", "reply",
	CONF_TYPE_DURATION, "5m", 100, HOUR, ENTRY(timeouts.reply), NULL },
[CONF_TIMEOUTS_DATA] = { PROFILE ".timeouts", "data",
	CONF_TYPE_DURATION, "3m", 100, HOUR, ENTRY(timeouts.data), NULL },
[CONF_TIMEOUTS_FINAL] = { PROFILE ".timeouts", "final",
	CONF_TYPE_DURATION, "10m", 100, HOUR, ENTRY(timeouts.final), NULL },
[CONF_TIMEOUTS_TOKEN] = { PROFILE ".timeouts", "token",
	CONF_TYPE_DURATION, "60s", 100, HOUR, ENTRY(p.token_timeout), NULL },
[CONF_TIMEOUTS_FOREGROUND] = { PROFILE ".timeouts", "foreground",
	CONF_TYPE_DURATION, "25s", 100, HOUR, ENTRY(p.foreground), NULL },
[CONF_OAUTH_GRANT] = { PROFILE ".oauth", "grant", CONF_TYPE_WORDS,
	NULL, 1, PROFILE_MAX_GRANTS, ENTRY(grant), grants },
[CONF_OAUTH_CLIENT_ID] = { PROFILE ".oauth", "client_id", CONF_TYPE_TEXT,
	NULL, 1, MAX_TEXT, ENTRY(client_id), NULL },
[CONF_OAUTH_CLIENT_SECRET] = { PROFILE ".oauth", "client_secret",
	CONF_TYPE_SECRET, NULL, 0, 0, ENTRY(p.client_secret), NULL },
[CONF_OAUTH_CLIENT_AUTH] = { PROFILE ".oauth", "client_auth", CONF_TYPE_WORD,
	NULL, 0, 0, ENTRY(client_auth), client_auths },
[CONF_OAUTH_CLIENT_KEY] = { PROFILE ".oauth", "client_key",
	CONF_TYPE_PATH, NULL, 0, 0, ENTRY(client_key), NULL },
[CONF_OAUTH_CLIENT_CERT] = { PROFILE ".oauth", "client_cert",
	CONF_TYPE_PATH, NULL, 0, 0, ENTRY(client_cert), NULL },
[CONF_OAUTH_CLIENT_KEY_PASSPHRASE] = { PROFILE ".oauth",
	"client_key_passphrase", CONF_TYPE_SECRET,
	NULL, 0, 0, ENTRY(p.signer.passphrase), NULL },
[CONF_OAUTH_KEY_ID] = { PROFILE ".oauth", "key_id",
	CONF_TYPE_TEXT, NULL, 1, MAX_TEXT, ENTRY(key_id), NULL },
[CONF_OAUTH_SIGNING_ALG] = { PROFILE ".oauth", "signing_alg",
	CONF_TYPE_WORD, NULL, 0, 0, ENTRY(signing_alg), signing_algs },
[CONF_OAUTH_ASSERTION_FILE] = { PROFILE ".oauth", "assertion_file",
	CONF_TYPE_PATH, NULL, 0, 0, ENTRY(assertion_file), NULL },
[CONF_OAUTH_ASSERTION_AUDIENCE] = { PROFILE ".oauth", "assertion_audience",
	CONF_TYPE_TEXT, "token_url", 1, MAX_TEXT,
	ENTRY(assertion_audience), NULL },
[CONF_OAUTH_ISSUER] = { PROFILE ".oauth", "issuer",
	CONF_TYPE_URL, NULL, 0, 0, ENTRY(issuer), NULL },
[CONF_OAUTH_TOKEN_URL] = { PROFILE ".oauth", "token_url", CONF_TYPE_URL,
	NULL, 0, 0, ENTRY(token_url), NULL },
[CONF_OAUTH_AUTHORIZE_URL] = { PROFILE ".oauth", "authorize_url",
	CONF_TYPE_URL, NULL, 0, 0, ENTRY(authorize_url), NULL },
[CONF_OAUTH_DEVICE_URL] = { PROFILE ".oauth", "device_url",
	CONF_TYPE_URL, NULL, 0, 0, ENTRY(device_url), NULL },
[CONF_OAUTH_REVOKE_URL] = { PROFILE ".oauth", "revoke_url",
	CONF_TYPE_URL, NULL, 0, 0, ENTRY(revoke_url), NULL },
[CONF_OAUTH_TENANT] = { PROFILE ".oauth", "tenant",
	CONF_TYPE_DOMAIN, NULL, 0, 0, ENTRY(tenant), NULL },
[CONF_OAUTH_SCOPE] = { PROFILE ".oauth", "scope", CONF_TYPE_TEXT,
	NULL, 1, MAX_TEXT, ENTRY(scope), NULL },
[CONF_OAUTH_AUDIENCE] = { PROFILE ".oauth", "audience",
	CONF_TYPE_TEXT, NULL, 1, MAX_TEXT, ENTRY(audience), NULL },
[CONF_OAUTH_RESOURCE] = { PROFILE ".oauth", "resource",
	CONF_TYPE_TEXT, NULL, 1, MAX_TEXT, ENTRY(resource), NULL },
[CONF_OAUTH_PARAMETERS] = { PROFILE ".oauth", "parameters",
	CONF_TYPE_PAIRS, NULL, 0, MAX_PAIRS, ENTRY(p.parameters), NULL },
[CONF_OAUTH_SERVICE_ACCOUNT] = { PROFILE ".oauth", "service_account",
	CONF_TYPE_PATH, NULL, 0, 0, ENTRY(service_account), NULL },
[CONF_OAUTH_SUBJECT] = { PROFILE ".oauth", "subject",
	CONF_TYPE_TEXT, NULL, 1, MAX_TEXT, ENTRY(subject), NULL },
[CONF_OAUTH_REFRESH_TOKEN] = { PROFILE ".oauth", "refresh_token",
	CONF_TYPE_SECRET, NULL, 0, 0, ENTRY(p.refresh_token), NULL },
[CONF_OAUTH_TOKEN_COMMAND] = { PROFILE ".oauth", "token_command",
	CONF_TYPE_COMMAND, NULL, 1, MAX_LIST, ENTRY(p.token_command), NULL },
[CONF_OAUTH_CA_FILE] = { PROFILE ".oauth", "ca_file", CONF_TYPE_PATH,
	NULL, 0, 0, ENTRY(oauth_ca_file), NULL },
[CONF_OAUTH_PIN] = { PROFILE ".oauth", "pin", CONF_TYPE_PINS,
	NULL, 1, MAX_PINS, ENTRY(oauth_pin), NULL },
[CONF_OAUTH_REDIRECT_HOST] = { PROFILE ".oauth", "redirect_host",
	CONF_TYPE_WORD, "127.0.0.1", 0, 0,
	ENTRY(redirect_host), redirect_hosts },
[CONF_OAUTH_REDIRECT_PORT] = { PROFILE ".oauth", "redirect_port",
	CONF_TYPE_INT, "0", 0, 65535, ENTRY(redirect_port), NULL },
[CONF_OAUTH_MIN_LIFE] = { PROFILE ".oauth", "min_life", CONF_TYPE_DURATION,
	"5m", 0, DAY, ENTRY(p.min_life), NULL },
[CONF_OAUTH_SECRET_EXPIRES] = { PROFILE ".oauth", "secret_expires",
	CONF_TYPE_DATE, NULL, 0, 0, ENTRY(p.secret_expires), NULL },
};
/* clang-format on */

enum conf_id
conf_table_find(const char *group, const char *key)
{
	for (size_t i = 0; i < CONF_IDS; i++)
		if (strcmp(conf_rows[i].key, key) == 0 &&
		    strcmp(conf_rows[i].group, group) == 0)
			return (enum conf_id)i;
	return CONF_IDS;
}

void
conf_table_add_key(
    struct buf *b, const struct conf_row *row, const char *profile)
{
	if (text_starts(row->group, PROFILE))
		buf_add_fmt(b, "profiles.%s%s.", profile,
		    row->group + sizeof(PROFILE) - 1);
	else if (row->group[0] != '\0')
		buf_add_fmt(b, "%s.", row->group);
	buf_add_str(b, row->key);
}

char *
conf_table_field(const struct conf_row *row)
{
	const char *group = row->group + sizeof(PROFILE) - 1;

	return group[0] == '.' ? mem_printf("%s.%s", group + 1, row->key)
			       : mem_dup(row->key);
}

int
conf_table_complain(struct err *e, const struct conf_place *at, enum conf_id id,
    const char *profile, const char *fmt, ...)
{
	char reason[ERR_TEXT_MAX];
	struct buf key;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	buf_init(&key, MAX_TEXT);
	conf_table_add_key(&key, &conf_rows[id], profile);
	err_set(e, EX_CONFIG, "%s:%u: %s: %s", at->path, at->line, key.data,
	    reason);
	buf_clear(&key);
	return EX_CONFIG;
}

void
conf_top_clear(struct conf_top *top)
{
	free(top->domain);
	free(top->hostname);
	text_list_clear(&top->local_names);
	free(top->aliases);
	addr_clear(&top->admin);
	free(top->for_local);
	free(top->for_unmatched);
	free(top->spool);
	free(top->state);
	free(top->log_to);
	free(top->log_facility);
	memset(top, 0, sizeof(*top));
}

void
conf_entry_clear(struct conf_entry *d)
{
	profile_clear(&d->p);
	addr_clear(&d->reply_to);
	for (size_t i = 0; i < d->servers.n; i++) {
		free((char *)d->servers.v[i].wire.host);
		free((char *)d->servers.v[i].wire.unix_path);
	}
	free(d->credentials);
	free(d->preset);
	free(d->tls_ca_file);
	free(d->tls_server_name);
	free(d->tls_cert);
	free(d->tls_key);
	text_list_clear(&d->tls_pin);
	text_list_clear(&d->auth);
	text_list_clear(&d->sasl);
	text_list_clear(&d->grant);
	free(d->client_id);
	free(d->client_key);
	free(d->client_cert);
	free(d->key_id);
	free(d->assertion_file);
	free(d->assertion_audience);
	free(d->service_account);
	free(d->subject);
	free(d->issuer);
	free(d->token_url);
	free(d->authorize_url);
	free(d->device_url);
	free(d->revoke_url);
	free(d->tenant);
	free(d->scope);
	free(d->audience);
	free(d->resource);
	free(d->oauth_ca_file);
	text_list_clear(&d->oauth_pin);
	memset(d, 0, sizeof(*d));
}
