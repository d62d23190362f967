/* SPDX-License-Identifier: ISC */
/* opts_values: what the value of each option means. */
#include "cmd/opts_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int
opts_set_profile(struct opts *o, const char *value, struct err *e)
{
	(void)e;
	o->profile = value;
	return 0;
}

int
opts_set_conf_file(struct opts *o, const char *value, struct err *e)
{
	if (o->conf_file != NULL)
		return err_set(e, EX_USAGE, "option -C: given twice");
	o->conf_file = value;
	return 0;
}

int
opts_set_sender(struct opts *o, const char *value, struct err *e)
{
	(void)e;
	o->sender = value;
	return 0;
}

int
opts_set_full_name(struct opts *o, const char *value, struct err *e)
{
	(void)e;
	o->full_name = value;
	return 0;
}

int
opts_set_label(struct opts *o, const char *value, struct err *e)
{
	(void)e;
	o->label = value;
	return 0;
}

int
opts_set_from_header(struct opts *o, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	o->from_header = true;
	return 0;
}

int
opts_set_ignore_dots(struct opts *o, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	o->ignore_dots = true;
	return 0;
}

int
opts_set_no_aliases(struct opts *o, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	o->no_aliases = true;
	return 0;
}

int
opts_set_verbose(struct opts *o, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	o->verbose = true;
	return 0;
}

/* ---- the mode */

static const struct {
	const char *word;
	enum opts_mode mode;
} modes[] = {
	{ "m", OPTS_SEND },
	{ "a", OPTS_SEND }, /* ARPANET mode, which is long gone */
	{ "s", OPTS_SERVE },
	{ "p", OPTS_LIST_QUEUE },
	{ "P", OPTS_COUNT_QUEUE },
	{ "i", OPTS_INIT_ALIASES },
	{ "v", OPTS_VERIFY },
	/* Persistent host status, shown and cleared: there is none. */
	{ "h", OPTS_NOTHING },
	{ "H", OPTS_NOTHING },
};

static const struct {
	const char *word;
	const char *instead;
} other_modes[] = {
	{ "d", "osmtp takes no mail from the network; the queue is worked "
	       "through by osmtp run" },
	{ "D", "osmtp takes no mail from the network; the queue is worked "
	       "through by osmtp run" },
	{ "l", "osmtp takes no mail from the network; the queue is worked "
	       "through by osmtp run" },
	{ "t", "there are no rewriting rules to test; osmtp explain tells what "
	       "becomes of a sender, -bv of a recipient" },
	{ "S", "SMTP without replies is not spoken; use -bs" },
	{ "e", "there are no expansions to test; osmtp explain tells what "
	       "becomes of a sender, -bv of a recipient" },
};

int
opts_set_mode(struct opts *o, const char *value, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(value, modes[i].word) == 0) {
			o->mode = modes[i].mode;
			return 0;
		}
	for (i = 0; i < sizeof(other_modes) / sizeof(other_modes[0]); i++)
		if (strcmp(value, other_modes[i].word) == 0)
			return err_set(e, EX_USAGE, "option -b%s: %s", value,
			    other_modes[i].instead);
	return err_set(e, EX_USAGE, "option -b%s: unknown mode", value);
}

int
opts_set_aliases(struct opts *o, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	o->mode = OPTS_INIT_ALIASES;
	return 0;
}

/*
 * Behind -q: I, R or S and a text (the next word, if it is empty), with "!"
 * before it for those that have it not. Anything else (an interval, "f" for the
 * foreground, a group) tells a daemon how to run, and this is one run.
 */
int
opts_set_run_queue(struct opts *o, const char *value, struct err *e)
{
	static const char letters[] = "IRS";
	static const enum spool_select_by by[] = { SPOOL_BY_ID, SPOOL_BY_RCPT,
		SPOOL_BY_SENDER };
	bool negated = value[0] == '!';
	const char *at;

	value += negated;
	at = *value != '\0' ? strchr(letters, *value) : NULL;
	(void)e;
	o->select = (struct spool_select){ .by = SPOOL_ALL };
	if (at != NULL)
		o->select = (struct spool_select){ by[at - letters], negated,
			value + 1 };
	/* "mailq -qRann" lists what is selected, in sendmail, too. */
	if (at == NULL ||
	    (o->mode != OPTS_LIST_QUEUE && o->mode != OPTS_COUNT_QUEUE))
		o->mode = OPTS_RUN_QUEUE;
	return 0;
}

/* ---- settings: -o and -O */

/* As sendmail writes "yes" and "no" behind a setting; nothing means yes. */
static bool
is_yes(const char *value)
{
	return value[0] == '\0' || strchr("fFnN0", value[0]) == NULL;
}

static int
set_delivery(
    struct opts *o, const char *option, const char *value, struct err *e)
{
	switch (value[0]) {
	case 'i':
	case 'f': /* Exim: in the foreground */
		o->delivery = OPTS_INTERACTIVE;
		return 0;
	case 'b':
		o->delivery = OPTS_BACKGROUND;
		return 0;
	case 'q':
	case 'd': /* deferred: sendmail asks no DNS then */
		o->delivery = OPTS_QUEUE_ONLY;
		return 0;
	default:
		return err_set(e, EX_USAGE,
		    "option %s%s: unknown delivery: i (at once), b "
		    "(background) or q (queue)",
		    option, value);
	}
}

/*
 * -od and -oi. The other letters set what is not here or not for a caller to
 * choose: alias file (A), error mode (e), me-too (m), timeouts (T), log level
 * (L), 7 and 8 bit, and above all the queue's directory (Q), which must move
 * nothing.
 */
int
opts_set_other(struct opts *o, const char *value, struct err *e)
{
	if (value[0] == 'd')
		return set_delivery(o, "-od", value + 1, e);
	if (value[0] == 'i')
		o->ignore_dots = is_yes(value + 1);
	return 0;
}

/* -O: two names have a meaning here; what is said above is true of all the
 * others. */
int
opts_set_long_other(struct opts *o, const char *value, struct err *e)
{
	size_t n = strcspn(value, "=");
	const char *rest = value + n + (value[n] == '=');

	if (n == strlen("IgnoreDots") && text_case_eq_n(value, "IgnoreDots", n))
		o->ignore_dots = is_yes(rest);
	else if (n == strlen("DeliveryMode") &&
		 text_case_eq_n(value, "DeliveryMode", n))
		return set_delivery(o, "-ODeliveryMode=", rest, e);
	return 0;
}

/* ---- delivery status notifications */

/* A wish that nobody understands would be lost in silence: so it is refused. */
static int
refuse(struct err *e, const char *option)
{
	err_wrap(e, "option %s", option);
	e->code = EX_USAGE;
	return EX_USAGE;
}

int
opts_set_notify(struct opts *o, const char *value, struct err *e)
{
	if (dsn_parse_notify(value, &o->notify, e) != 0)
		return refuse(e, "-N");
	return 0;
}

int
opts_set_ret(struct opts *o, const char *value, struct err *e)
{
	if (dsn_parse_ret(value, &o->dsn.ret, e) != 0)
		return refuse(e, "-R");
	return 0;
}

int
opts_set_envid(struct opts *o, const char *value, struct err *e)
{
	char *envid = NULL;

	if (dsn_parse_envid(value, &envid, e) != 0)
		return refuse(e, "-V");
	free(o->dsn.envid);
	o->dsn.envid = envid;
	return 0;
}
