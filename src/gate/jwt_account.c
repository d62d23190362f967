/* SPDX-License-Identifier: ISC */
/*
 * jwt_account: Google's key file for a service account, a JSON object:
 *
 *   type			"service_account"
 *   client_email		who it is
 *   private_key		PKCS #8 in PEM
 *   private_key_id		names the key, for kid; may be missing
 *   token_uri			the token endpoint
 *
 * and more that is not needed. The console hands out other JSON files that
 * are taken for it; what they are, the table below knows.
 */
#include "gate/jwt.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define WHAT "service account"

/* Where the right one is had. */
#define FETCH                                                          \
	"make a key of type JSON for a service account (IAM & Admin, " \
	"Service Accounts, Keys, Add key), and take the file as it comes"

enum { ACCOUNT_MAX = 64 * 1024, TYPE_MAX = 40 };

/* What is taken for it, by its member type. */
static const struct {
	const char *type, *is;
} others[] = {
	{ "authorized_user",
	    "the consent of a person, as gcloud stores it, and no service "
	    "account" },
	{ "external_account",
	    "a workload identity federation, which holds no key" },
	{ "external_account_authorized_user",
	    "a workforce identity of a person, which holds no key" },
	{ "impersonated_service_account",
	    "a service account by way of another account, which holds no key" },
	{ "gdch_service_account",
	    "a service account of Google Distributed Cloud, not of Workspace" },
};

static int
blame_type(const char *type, struct err *e)
{
	struct buf shown;
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(type, others[i].type) == 0)
			return err_set(e, EX_CONFIG,
			    WHAT ": this is %s: " FETCH, others[i].is);
	}
	buf_init(&shown, 2 * TYPE_MAX);
	text_add_safe(&shown, type, strlen(type), TYPE_MAX);
	err_set(e, EX_CONFIG, WHAT ": its type is \"%s\": " FETCH, shown.data);
	buf_clear(&shown);
	return EX_CONFIG;
}

/* What it is that is no JSON object. */
static int
blame_form(const char *p, size_t n, const struct err *json, struct err *e)
{
	static const char begin[] = "-----BEGIN ";

	if (n == 0)
		return err_set(e, EX_CONFIG, WHAT ": it is empty: " FETCH);
	if (memmem(p, n, begin, sizeof(begin) - 1) == p)
		return err_set(e, EX_CONFIG,
		    WHAT ": this is PEM, not the JSON file around it: " FETCH);
	if (n > 1 && p[0] == 0x30 && (p[1] & 0x80) != 0)
		return err_set(e, EX_CONFIG,
		    WHAT ": this may be a key of type P12: " FETCH);
	return err_set(e, EX_CONFIG, WHAT ": no JSON (%s): " FETCH, json->text);
}

static int
check_type(const struct json *j, struct err *e)
{
	const char *type = json_get_string(j, "type");

	if (type != NULL && strcmp(type, "service_account") == 0)
		return 0;
	if (type != NULL)
		return blame_type(type, e);
	if (json_has(j, "installed") || json_has(j, "web"))
		return err_set(e, EX_CONFIG,
		    WHAT ": this is an OAuth client, which belongs in "
			 "client_id and client_secret: " FETCH);
	return err_set(e, EX_CONFIG, WHAT ": no member \"type\": " FETCH);
}

/* A member that must be there. */
static const char *
need(const struct json *j, const char *key, struct err *e)
{
	const char *value = json_get_string(j, key);

	if (value != NULL && value[0] != '\0')
		return value;
	err_set(e, EX_CONFIG,
	    WHAT ": member \"%s\" is %s: the file is not as it came: " FETCH,
	    key,
	    value != NULL      ? "empty"
	    : json_has(j, key) ? "no string"
			       : "missing");
	return NULL;
}

/* Escaped twice, line ends are a backslash and an n: a habit of files that have
 * gone through a variable of a shell. */
static int
check_key(const char *key, struct err *e)
{
	if (!text_starts(key, "-----BEGIN "))
		return err_set(
		    e, EX_CONFIG, WHAT ": private_key is no PEM: " FETCH);
	if (strchr(key, '\n') == NULL && strstr(key, "\\n") != NULL)
		return err_set(e, EX_CONFIG,
		    WHAT ": the line ends of private_key are \"\\\\n\", and "
			 "must be \"\\n\": the file is not as it came");
	return 0;
}

static int
fill(const struct json *j, struct jwt_account *a, struct err *e)
{
	const char *email = need(j, "client_email", e);
	const char *key = email != NULL ? need(j, "private_key", e) : NULL;
	const char *url = key != NULL ? need(j, "token_uri", e) : NULL;

	if (url == NULL || check_key(key, e) != 0)
		return EX_CONFIG;
	a->email = mem_dup(email);
	a->key_id = mem_dup(json_get_string(j, "private_key_id"));
	a->token_url = mem_dup(url);
	secret_set(&a->key, key, strlen(key));
	return 0;
}

int
jwt_account_read(
    const struct secret *text, struct jwt_account *a, struct err *e)
{
	const char *p = secret_reveal(text);
	struct err why = ERR_NONE;
	struct json *j = NULL;
	int rc;

	memset(a, 0, sizeof(*a));
	secret_init(&a->key);
	if (secret_len(text) > ACCOUNT_MAX)
		return err_set(e, EX_CONFIG, WHAT ": too large for one");
	if (json_parse(p, secret_len(text), &j, &why) != 0)
		return blame_form(p, secret_len(text), &why, e);
	rc = check_type(j, e);
	if (rc == 0)
		rc = fill(j, a, e);
	json_free(j);
	return rc;
}

void
jwt_account_clear(struct jwt_account *a)
{
	free(a->email);
	free(a->key_id);
	free(a->token_url);
	secret_clear(&a->key);
	memset(a, 0, sizeof(*a));
	secret_init(&a->key);
}
