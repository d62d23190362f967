/* SPDX-License-Identifier: ISC */
/*
 * profile: an identity that may send, and how; and the one function that
 * chooses one.
 *
 * Must not know: libconfig, files, the queue.
 */
#ifndef CORE_PROFILE_H
#define CORE_PROFILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "core/preset.h"
#include "gate/crypt.h"
#include "gate/oauth.h"
#include "gate/smtp.h"
#include "mail/addr.h"
#include "mail/hint.h"

#include <stdbool.h>
#include <stdint.h>

enum profile_kind { PROFILE_SYSTEM, PROFILE_MAILBOX };

/* Ways to authenticate, in auth. */
enum profile_auth {
	PROFILE_AUTH_OAUTH,
	PROFILE_AUTH_PASSWORD,
	PROFILE_AUTH_CERT, /* EXTERNAL with the client certificate of TLS */
	PROFILE_AUTH_NONE
};

enum { PROFILE_MAX_AUTH = 4, PROFILE_MAX_SERVERS = 16, PROFILE_MAX_GRANTS = 4 };

/* Ways to a token, in oauth.grant. */
enum profile_grant {
	PROFILE_GRANT_CLIENT_CREDENTIALS,
	PROFILE_GRANT_JWT_BEARER,
	PROFILE_GRANT_AUTHORIZATION_CODE,
	PROFILE_GRANT_DEVICE_CODE,
	PROFILE_GRANT_REFRESH_TOKEN,
	PROFILE_GRANT_COMMAND
};

/* Where a secret is; it is read by cred alone, when it is needed. */
enum profile_secret_form {
	PROFILE_NO_SECRET,
	PROFILE_PLAIN,
	PROFILE_FILE,	    /* first line of text, a path */
	PROFILE_CREDENTIAL, /* of $CREDENTIALS_DIRECTORY/text */
	PROFILE_COMMAND,    /* of what argv prints */
	PROFILE_ENV,	    /* value of the variable text */
	PROFILE_SEALED	    /* text is the blob */
};

struct profile_secret {
	enum profile_secret_form form;
	struct secret plain;
	char *text; /* by form; or NULL */
	struct text_list argv;
	char *key;   /* "profiles.noreply.password", for messages */
	char *field; /* "password": what a blob is bound to */
};

/* What signs an assertion (RFC 7523): of the client, or, for JWT_BEARER, as the
 * grant. */
struct profile_signer {
	const char *key, *cert; /* PEM files, or NULL */
	struct profile_secret passphrase;
	const char *key_id; /* or NULL */
	bool has_alg;	    /* else by the key */
	enum crypt_sign alg;
	const char *file; /* an assertion that others renew, instead; or NULL */
	const char *audience;	     /* "token_url", "issuer", or a literal */
	const char *typ;	     /* or NULL: "JWT" */
	const char *service_account; /* Google's file, or NULL */
	const char *subject;	     /* of JWT_BEARER */
};

/* How long mail waits, and for what; ms and octets. */
struct profile_queue {
	int64_t lifetime, warn_after, keep_failed, retry_first, retry_max;
	uint64_t max_message, min_free, min_inodes;
	int64_t reports_per_hour;
};

/* The file that a profile stands in, and what holds for all of its mail. */
struct profile_home {
	char *path;	/* of the configuration file */
	bool is_system; /* the system's file */
	bool runner;	/* as written; acts as false for now */
	char *state;	/* directory */
	char *spool;	/* directory, or NULL: no queue */
	struct profile_queue queue;
	uint32_t stamp; /* of all that the file says: a change is seen by it */
	struct log_settings log;
	char *log_to, *log_facility; /* own what log borrows */
};

struct profile {
	char *name;
	enum profile_kind kind;
	const struct profile_home *home;
	int line; /* in home->path */
	struct addr address;
	struct text_list also; /* addresses and patterns */
	char *display;	       /* key "name": template, or NULL */
	struct text_list users;
	bool rewrite;
	char *reply_to; /* or NULL */
	bool auto_submitted;
	struct smtp_target servers[PROFILE_MAX_SERVERS];
	size_t n_servers;
	enum profile_auth auth[PROFILE_MAX_AUTH];
	size_t n_auth;
	char *user;
	enum sasl_mech sasl[SASL_MECHS]; /* allowed, in this order */
	size_t n_sasl;			 /* 0: all, best first */
	struct profile_secret password;
	const struct preset *preset; /* or NULL */
	bool has_oauth;
	/* As configured: URLs may be missing where there is an issuer. grant is
	 * how a token is had without a person: REFRESH_TOKEN for those that a
	 * login begins; of no meaning with GRANT_COMMAND. */
	struct oauth_client oauth;
	enum profile_grant grants[PROFILE_MAX_GRANTS]; /* in this order */
	size_t n_grants;
	struct profile_secret client_secret;
	struct profile_secret refresh_token; /* the seed */
	struct profile_signer signer;
	struct text_list token_command; /* argv, for GRANT_COMMAND */
	struct text_list parameters;	/* owns oauth.parameters */
	const char *redirect_host;	/* of a login */
	unsigned redirect_port;		/* 0: any */
	int64_t secret_expires;		/* ms since 1970, or 0 */
	bool has_key_passphrase;
	struct profile_secret key_passphrase; /* of the servers' client key */
	const struct profile *credentials;    /* whose account it uses, or NULL:
						 its own; profile_account() */
	size_t max_rcpts;		      /* of a transaction */
	int64_t min_life;		      /* ms a token must have left */
	int64_t token_timeout;		      /* ms */
	int64_t foreground;    /* ms until the dot, where somebody waits */
	struct text_list keep; /* owns what servers and oauth borrow */
};

/* All profiles of both files in one choice, the user's first. */
struct profile_set {
	struct profile *v;
	size_t n;
	struct text_list local_names;
	const struct profile *for_local;     /* default, or NULL */
	const struct profile *for_unmatched; /* or NULL: reject */
};

/* Who asks to send, and as whom. */
struct profile_request {
	const char *wanted;	   /* -a, or NULL */
	const struct addr *sender; /* as given, or NULL */
	const struct addr *from;   /* of the header, or NULL */
	const struct sys_user *user;
};

struct profile_choice {
	const struct profile *profile;
	int rule;	/* 1 to 4, osmtp.conf(5) */
	bool local;	/* a local sender */
	bool unmatched; /* by "unmatched": never marked Auto-Submitted */
	struct buf why; /* one line a rule that was looked at, each with LF */
};

/*
 * Choose. Pure: it reads its arguments only. A null sender counts as none.
 * EX_NOPERM, with the rule's words, where the user may not or nothing fits;
 * EX_CONFIG for an unknown name, with the nearest, or no default. why is
 * begun here and filled in any case; profile_choice_clear() ends it.
 */
int profile_choose(const struct profile_set *set,
    const struct profile_request *q, struct profile_choice *c, struct err *e);
void profile_choice_clear(struct profile_choice *c);

/* Does "*@domain", "name+*@domain" or a plain address match a? */
bool profile_pattern_matches(const char *pattern, const struct addr *a);

/* Is it the profile's address or one of its also? */
bool profile_owns(const struct profile *p, const struct addr *a);

/* May the user send by it (users; root always)? */
bool profile_allows(const struct profile *p, const struct sys_user *u);

/* Bare, or with a domain of local_names? */
bool profile_is_local(const struct profile_set *set, const struct addr *a);

const struct profile *profile_find(
    const struct profile_set *set, const char *name);

/* The name among those of n profiles that is nearest, or NULL. */
const char *profile_nearest(
    const struct profile *v, size_t n, const char *name);

/* The profile of a name that somebody gave; what: to whom, "token". EX_CONFIG,
 * with the nearest, if there is none. */
int profile_look_up(const struct profile_set *set, const char *what,
    const char *name, const struct profile **out, struct err *e);

/* May the user send by it? EX_NOPERM, with what would mend it. */
int profile_permit(const struct profile *p, const char *what,
    const struct sys_user *u, struct err *e);

/* The display name by the template (%u %f %h %%); "" without one. */
void profile_add_display(struct buf *b, const struct profile *p,
    const char *login, const char *full_name, const char *host);

/* Whose server, ways to authenticate, user, secrets and token cache it uses:
 * that of `credentials`, or itself. */
const struct profile *profile_account(const struct profile *p);

/* What stands for names in a remedy; p may be NULL. Borrowed. */
struct hint_names profile_hint_names(const struct profile *p);

/* Append what o means, and "What to do: " with the remedy; nothing where there
 * is nothing to do. p may be NULL. */
void profile_add_advice(
    struct buf *b, const struct outcome *o, const struct profile *p);

/*
 * The mechanism of that way to authenticate: by the account's list, else the
 * best that is offered; but CRAM-MD5 only if it is in the list. False: there
 * is none, and *o says what is offered.
 */
bool profile_choose_mech(const struct profile *p, enum profile_auth way,
    const struct smtp_offer *offer, enum sasl_mech *out, struct outcome *o);

/* The class that an answer of its server has for the account; but F at AUTH,
 * which tells of the secret. host may be NULL. */
void profile_classify(
    const struct profile *p, const char *host, struct outcome *o);

/* F where no fresh token can help: a token that has too little life left heals
 * by itself; all else that is refused needs somebody. */
void profile_use_up(const struct profile *p, struct outcome *o);

/* The secrets of a profile, by the names that a blob is bound to. */
enum { PROFILE_SECRETS = 5 };
extern const char *const profile_secrets[PROFILE_SECRETS];
const struct profile_secret *profile_secret_of(
    const struct profile *p, const char *name);

/* Is that grant among its own? And one that a login begins? */
bool profile_has_grant(const struct profile *p, enum profile_grant g);
bool profile_needs_login(const struct profile *p);
const char *profile_grant_name(enum profile_grant g); /* "device_code" */

/* Is that way in its auth? */
bool profile_has_way(const struct profile *p, enum profile_auth way);

const char *profile_kind_name(enum profile_kind k);
const char *profile_auth_name(enum profile_auth a);
const char *profile_user_text(const struct profile *p); /* login name */

void profile_clear(struct profile *p);

#endif
