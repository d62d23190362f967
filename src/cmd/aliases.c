/* SPDX-License-Identifier: ISC */
/*
 * aliases: newaliases, sendmail -bi. Other programs make a database here; osmtp
 * reads the file itself each time, so there is only something to check.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "core/alias.h"

static bool
is_local(void *ctx, const struct addr *a)
{
	const struct conf *conf = ctx;

	return profile_is_local(&conf->set, a);
}

static int
check(const struct cmd_call *c, const char *path, struct conf *conf)
{
	struct alias_map *m = NULL;
	struct err e = ERR_NONE;
	int code = alias_load(path, &m, &e);

	if (code == 0)
		code = alias_check(m, is_local, conf, &e);
	if (code == 0)
		printf("%s: %zu aliases\n", path, alias_count(m));
	else
		cmd_complain(c, &e);
	alias_free(m);
	return code;
}

int
cmd_aliases(const struct cmd_call *c, const char *conf_file)
{
	struct sys_user user;
	struct conf conf;
	struct err e = ERR_NONE;
	int code = EX_OK;

	memset(&conf, 0, sizeof(conf));
	sys_user_load(&user, getuid());
	/* Packages call newaliases before anybody has configured us. */
	if (cmd_load_conf(c, conf_file, &user, &conf, &e) != 0) {
		cmd_complain(c, &e);
		code = check(c, sys_aliases_file(), &conf);
	} else if (conf.aliases != NULL) {
		code = check(c, conf.aliases, &conf);
	}
	conf_clear(&conf);
	sys_user_clear(&user);
	return code;
}
