/* SPDX-License-Identifier: ISC */
/* mailq, newaliases: there is neither a queue nor an alias file yet. */
#include <stdio.h>

#include "cmd/cmd.h"

int
cmd_queue(const struct cmd_call *c)
{
	if (!c->sendmail_face && c->argc > 1 && c->argv[1][0] != '-') {
		cmd_say(c, "queue: %s: no such act; there is no queue yet",
		    c->argv[1]);
		return EX_USAGE;
	}
	/* Scripts look for the word "empty" on standard output. */
	puts("Mail queue is empty");
	return EX_OK;
}

int
cmd_aliases(const struct cmd_call *c)
{
	(void)c;
	return EX_OK;
}
