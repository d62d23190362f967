/* SPDX-License-Identifier: ISC */
/* mailq, newaliases: there is neither a queue nor an alias file yet. */
#include <stdio.h>

#include "cmd/cmd.h"

int
cmd_queue(const struct cmd_call *c)
{
	(void)c;
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
