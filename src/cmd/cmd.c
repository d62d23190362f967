/* SPDX-License-Identifier: ISC */
/* cmd: what the commands share. */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

static volatile sig_atomic_t stop;

static void
be_stopped(int number)
{
	(void)number;
	stop = 1;
}

const volatile sig_atomic_t *
cmd_stop_by_signal(void)
{
	const struct sigaction act = { .sa_handler = be_stopped };

	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	return &stop;
}

void
cmd_say(const struct cmd_call *c, const char *fmt, ...)
{
	struct buf safe;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	buf_init(&safe, SIZE_MAX);
	text_add_safe(&safe, text, strlen(text), SIZE_MAX);
	fprintf(stderr, "%s: %s\n", c->program, safe.data);
	buf_clear(&safe);
	free(text);
}

int
cmd_complain(const struct cmd_call *c, const struct err *e)
{
	cmd_say(c, "%s", e->text);
	return e->code;
}

int
cmd_take_named(
    const struct cmd_call *c, int *i, struct cmd_named *a, struct err *e)
{
	const char *word = c->argv[*i];

	if (strcmp(word, "--json") == 0)
		a->json = true;
	else if (strcmp(word, "-C") == 0 && *i + 1 < c->argc)
		a->conf_file = c->argv[++*i];
	else if (word[0] == '-')
		return err_set(e, EX_USAGE,
		    "%s: %s: unknown option, or no value behind it", c->argv[0],
		    word);
	else if (a->name != NULL)
		return err_set(e, EX_USAGE, "%s: %s: one profile at a time",
		    c->argv[0], word);
	else
		a->name = word;
	return 0;
}

int
cmd_parse_named(const struct cmd_call *c, const char *usage,
    struct cmd_named *a, struct err *e)
{
	int code = 0;

	memset(a, 0, sizeof(*a));
	for (int i = 1; i < c->argc && code == 0; i++)
		code = cmd_take_named(c, &i, a, e);
	if (code == 0 && a->name == NULL)
		code = err_set(e, EX_USAGE, "%s: usage: osmtp %s NAME %s",
		    c->argv[0], c->argv[0], usage);
	return code;
}

/*
 * A caller such as PHP may pass on a stranger's -C: of a file that is no
 * configuration not a word may come back. "FILE:LINE" stays.
 */
static void
hide_content(struct err *e, const char *file)
{
	const char *p = e->text;
	size_t digits;
	char *place;

	while ((p = strchr(p, ':')) != NULL) {
		digits = strspn(++p, "0123456789");
		if (digits > 0 && p[digits] == ':')
			break;
	}
	if (p == NULL)
		return;
	place = mem_dup_n(e->text, (size_t)(p - e->text) + digits);
	err_set(e, e->code, "%s: is at fault; \"osmtp explain -C %s\" says why",
	    place, file);
	free(place);
}

struct conf_request
cmd_conf_request(
    const struct cmd_call *c, const char *file, const struct sys_user *user)
{
	struct conf_request q = { .file = file, .user = user };

	if (q.file == NULL)
		q.file = getenv("OSMTP_CONFIG");
	q.sendmail_face = c->sendmail_face;
	q.euid = geteuid();
	q.home = getenv("HOME");
	if (q.home == NULL)
		q.home = user->home; /* daemons have no environment */
	q.xdg_config = getenv("XDG_CONFIG_HOME");
	q.xdg_state = getenv("XDG_STATE_HOME");
	return q;
}

int
cmd_load_conf(const struct cmd_call *c, const char *file,
    const struct sys_user *user, struct conf *conf, struct err *e)
{
	struct conf_request q = cmd_conf_request(c, file, user);
	int code = conf_load(conf, &q, e);

	if (code != 0 && q.sendmail_face && q.file != NULL)
		hide_content(e, q.file);
	return code;
}
