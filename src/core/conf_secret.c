/* SPDX-License-Identifier: ISC */
/*
 * conf_secret: strings and groups that stand for a secret.
 */
#include "core/conf_secret.h"

#include <string.h>

#include "base/mem.h"
#include "core/conf_value.h"
#include "gate/seal.h"

/* The members that a group may have, by form. */
static const struct {
	const char *member;
	enum profile_secret_form form;
} groups[] = {
	{ "file", PROFILE_FILE },
	{ "credential", PROFILE_CREDENTIAL },
	{ "command", PROFILE_COMMAND },
	{ "env", PROFILE_ENV },
};

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

int
conf_secret_text(const char *text, struct profile_secret *out, struct err *e)
{
	struct err why = ERR_NONE;

	if (*text == '\0')
		return err_set(e, EX_CONFIG, "must not be empty");
	if (text_starts(text, "sealed:")) {
		if (seal_check_form(text, NULL, &why) != 0)
			return err_set(e, EX_CONFIG, "%s", why.text);
		out->form = PROFILE_SEALED;
		mem_replace(&out->text, mem_dup(text));
		return 0;
	}
	out->form = PROFILE_PLAIN;
	secret_init(&out->plain);
	secret_set(&out->plain, text, strlen(text));
	return 0;
}

int
conf_secret_form(
    const char *member, enum profile_secret_form *form, struct err *e)
{
	const char *words[GROUPS], *near;

	for (size_t i = 0; i < GROUPS; i++) {
		if (strcmp(groups[i].member, member) == 0) {
			*form = groups[i].form;
			return 0;
		}
		words[i] = groups[i].member;
	}
	near = text_nearest(member, words, GROUPS);
	if (near != NULL)
		return err_set(e, EX_CONFIG,
		    "{ %.40s ... } is no form of a secret; did you mean "
		    "\"%s\"?",
		    member, near);
	return err_set(e, EX_CONFIG,
	    "{ %.40s ... } is no form of a secret, which is " CONF_SECRET_FORMS,
	    member);
}

/* One name of a directory, as systemd gives it out. */
static int
check_credential(const char *name, struct err *e)
{
	if (*name == '\0' || strchr(name, '/') != NULL ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, EX_CONFIG,
		    "credential must be a name without \"/\", as in "
		    "LoadCredential= of the service");
	return 0;
}

static int
check_env(const char *name, struct err *e)
{
	bool good = text_is_alpha(name[0]) || name[0] == '_';

	for (const char *p = name; *p != '\0'; p++)
		good = good && (text_is_alnum(*p) || *p == '_');
	if (good)
		return 0;
	return err_set(e, EX_CONFIG,
	    "env must be the name of a variable: letters, digits and \"_\"");
}

/* The program is named by its path: no search, whose outcome would depend on
 * who sends. */
static int
take_command(const struct conf_source *s, const struct text_list *words,
    struct profile_secret *out, struct err *e)
{
	char *program = NULL;

	if (conf_value_path(s, words->v[0], &program, NULL) != 0)
		return err_set(e, EX_CONFIG,
		    "command must begin with the absolute path of a program%s; "
		    "no shell is asked",
		    s->is_system ? "" : ", or with \"~/\"");
	text_list_add(&out->argv, program);
	mem_replace(&program, NULL);
	for (size_t i = 1; i < words->n; i++)
		text_list_add(&out->argv, words->v[i]);
	return 0;
}

int
conf_secret_take(const struct conf_source *s, enum profile_secret_form form,
    const struct text_list *words, struct profile_secret *out, struct err *e)
{
	const char *word;
	int rc = 0;

	if (words->n == 0)
		return err_set(e, EX_CONFIG, "command must have a program");
	word = words->v[0];
	for (size_t i = 0; i < words->n; i++)
		if (!conf_value_is_clean(words->v[i]))
			return err_set(e, EX_CONFIG,
			    "must be UTF-8 without control characters");
	out->form = form;
	switch (form) {
	case PROFILE_COMMAND:
		return take_command(s, words, out, e);
	case PROFILE_FILE:
		return conf_value_path(s, word, &out->text, e);
	case PROFILE_CREDENTIAL:
		rc = check_credential(word, e);
		break;
	case PROFILE_ENV:
		rc = check_env(word, e);
		break;
	default:
		err_bug_if(true); /* the others have no group */
	}
	if (rc == 0)
		mem_replace(&out->text, mem_dup(word));
	return rc;
}
