/* SPDX-License-Identifier: ISC */
/* cmd: what the commands share. */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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

int
cmd_load_conf(const struct cmd_call *c, const char *file,
    const struct sys_user *user, struct conf *conf, struct err *e)
{
	struct conf_request q = { .file = file, .user = user };

	if (q.file == NULL)
		q.file = getenv("OSMTP_CONFIG");
	q.sendmail_face = c->sendmail_face;
	q.euid = geteuid();
	q.home = getenv("HOME");
	q.xdg_config = getenv("XDG_CONFIG_HOME");
	q.xdg_state = getenv("XDG_STATE_HOME");
	return conf_load(conf, &q, e);
}
