/* SPDX-License-Identifier: ISC */
/* cmd: what the commands share. */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
cmd_say(const struct cmd_call *c, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", c->program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int
cmd_complain(const struct cmd_call *c, const struct err *e)
{
	cmd_say(c, "%s", e->text);
	return e->code;
}

/*
 * A caller such as PHP may pass on a stranger's -C: of a file that is no
 * configuration not a word may come back. "FILE:LINE" stays.
 */
static void
hide_content(struct err *e, const char *file)
{
	size_t n = strlen(file);
	size_t line;

	if (strncmp(e->text, file, n) != 0 || e->text[n] != ':')
		return;
	line = strspn(e->text + n + 1, "0123456789");
	if (line == 0)
		return;
	e->text[n + 1 + line] = '\0';
	err_set(e, e->code, "%s: is at fault; \"osmtp explain -C %s\" says why",
	    e->text, file);
}

int
cmd_load_conf(const struct cmd_call *c, const char *file,
    const struct sys_user *user, struct conf *conf, struct err *e)
{
	struct conf_request q = { .file = file, .user = user };
	int code;

	if (q.file == NULL)
		q.file = getenv("OSMTP_CONFIG");
	q.sendmail_face = c->sendmail_face;
	q.euid = geteuid();
	q.home = getenv("HOME");
	if (q.home == NULL)
		q.home = user->home; /* daemons have no environment */
	q.xdg_config = getenv("XDG_CONFIG_HOME");
	q.xdg_state = getenv("XDG_STATE_HOME");
	code = conf_load(conf, &q, e);
	if (code != 0 && q.sendmail_face && q.file != NULL)
		hide_content(e, q.file);
	return code;
}
