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
