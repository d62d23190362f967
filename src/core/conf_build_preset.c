/* SPDX-License-Identifier: ISC */
/*
 * conf_build_preset: what a preset says is filled in where the profile says
 * nothing.
 *
 * Complaints about such a value point to the key preset. A value that has no
 * effect beside what is written is no fault of whoever wrote that: it is
 * forgotten.
 */
#include "core/conf_build_part.h"

#include <string.h>

#include "base/mem.h"
#include "core/conf_value.h"
#include "core/preset.h"

enum { MAX_VALUE = 4096 };

/* Entra knows these as well, but nobody's application acts there. */
static const char *const nobodys[] = { "common", "organizations", "consumers" };

static int
unknown_preset(const struct conf_entry *d, struct err *e)
{
	const char *near = preset_nearest(d->preset);

	if (near != NULL)
		return complain(d, e, CONF_PRESET,
		    "\"%s\": there is no such preset; did you mean \"%s\"?",
		    d->preset, near);
	return complain(d, e, CONF_PRESET,
	    "\"%.100s\": there is no such preset; osmtp preset lists them",
	    d->preset);
}

/* Shall the preset's value of that row count? Written ones go before it, and
 * a group oauth is asked for by being there. */
static bool
is_wanted(const struct conf_entry *d, enum conf_id id)
{
	if (is_set(d, id) && !d->by_preset[id])
		return false;
	return strcmp(conf_rows[id].group, CONF_TABLE_PROFILE ".oauth") != 0 ||
	       is_set(d, CONF_OAUTH);
}

static int
needs_tenant(const struct conf_entry *d, struct err *e)
{
	return conf_table_complain(e, &d->at[CONF_PRESET], CONF_OAUTH_TENANT,
	    d->p.name,
	    "is missing: preset \"%s\" needs it: the ID of your organization, "
	    "or one of its domains",
	    d->preset);
}

/* The text becomes d's value of that row. */
static int
fill_value(
    struct conf_entry *d, enum conf_id id, const char *text, struct err *e)
{
	struct err why = ERR_NONE;
	struct buf value;
	int rc = 0;

	buf_init(&value, MAX_VALUE);
	if (!preset_expand(&value, text, d->tenant))
		rc = needs_tenant(d, e);
	else if (conf_value_take(NULL, &conf_rows[id], value.data, d, &why) !=
		 0)
		rc = complain(d, e, CONF_PRESET, "\"%s\": its %s: %s",
		    d->preset, conf_rows[id].key, why.text);
	buf_clear(&value);
	if (rc == 0) {
		d->at[id] = d->at[CONF_PRESET];
		d->by_preset[id] = true;
	}
	return rc;
}

/* Its tenant goes first: the others refer to it. */
static int
fill(struct conf_entry *d, bool tenant, struct err *e)
{
	const struct preset *s = d->p.preset;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n_values; i++) {
		const struct preset_value *v = &s->values[i];
		enum conf_id id = conf_table_find(v->group, v->key);

		err_bug_if(id == CONF_IDS);
		if ((id == CONF_OAUTH_TENANT) == tenant && is_wanted(d, id))
			rc = fill_value(d, id, v->text, e);
	}
	return rc;
}

/* Is there a {tenant} in what the preset says? */
static bool
has_mark(const struct preset *s)
{
	for (size_t i = 0; i < s->n_values; i++)
		if (strstr(s->values[i].text, "{tenant}") != NULL)
			return true;
	return false;
}

static bool
is_nobodys(const char *tenant)
{
	for (size_t i = 0; i < sizeof(nobodys) / sizeof(nobodys[0]); i++)
		if (text_case_eq(tenant, nobodys[i]))
			return true;
	return false;
}

/* A tenant must have somewhere to go, and be one that the grant goes with. */
static int
check_tenant(const struct conf_entry *d, struct err *e)
{
	if (!is_set(d, CONF_OAUTH_TENANT))
		return 0;
	if (d->p.preset == NULL || !has_mark(d->p.preset))
		return complain(d, e, CONF_OAUTH_TENANT,
		    "has no effect: there is no preset with a tenant in its "
		    "URLs");
	if (!text_list_has(&d->grant, "client_credentials") ||
	    !is_nobodys(d->tenant))
		return 0;
	if (d->by_preset[CONF_OAUTH_TENANT])
		return needs_tenant(d, e);
	return complain(d, e, CONF_OAUTH_TENANT,
	    "\"%s\": without a person it must be your organization's: its ID, "
	    "or one of its domains",
	    d->tenant);
}

int
conf_build_preset(struct conf_entry *d, struct err *e)
{
	if (is_set(d, CONF_PRESET)) {
		d->p.preset = preset_find(d->preset);
		if (d->p.preset == NULL)
			return unknown_preset(d, e);
		if (is_set(d, CONF_CREDENTIALS))
			return 0; /* which is a fault */
		if (fill(d, true, e) != 0 || fill(d, false, e) != 0)
			return EX_CONFIG;
	}
	return check_tenant(d, e);
}

bool
conf_build_forget(struct conf_entry *d, enum conf_id id)
{
	const struct conf_row *row = &conf_rows[id];
	void *field = (char *)d + row->offset;

	if (!d->by_preset[id])
		return false;
	switch (row->type) {
	case CONF_TYPE_TEXT:
	case CONF_TYPE_URL:
	case CONF_TYPE_DOMAIN:
		mem_replace(field, NULL);
		break;
	case CONF_TYPE_WORDS:
		text_list_clear(field);
		break;
	case CONF_TYPE_INT:
	case CONF_TYPE_WORD:
	case CONF_TYPE_DURATION:
		break;
	default:
		err_bug_if(true); /* what no preset has */
	}
	if (row->def != NULL)
		err_bug_if(conf_value_take(NULL, row, row->def, d, NULL) != 0);
	d->at[id] = (struct conf_place){ 0 };
	d->by_preset[id] = false;
	return true;
}
