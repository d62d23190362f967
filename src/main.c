/* SPDX-License-Identifier: ISC */
/*
 * main: program name and first word -> command. What mailq and newaliases are,
 * cmd_send knows, since an option may make them something else.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "base/text.h"
#include "cmd/cmd.h"

static const struct {
	const char *word;
	int (*run)(const struct cmd_call *c);
	const char *usage;
	const char *job;
} commands[] = {
	{ "send", cmd_send, "send [OPTION ..] [ADDRESS ..]",
	    "send the message on standard input, as sendmail does" },
	{ "explain", cmd_explain, "explain [-a NAME] [-C FILE] [ADDRESS]",
	    "why this sender gets its profile, and what would go out" },
	{ "queue", cmd_queue, "queue [list|show|retry|hold|release|delete] ..",
	    "what waits, and what to do with it" },
	{ "run", cmd_run, "run --once [-v] [-C FILE]", "try what is due" },
	{ "login", cmd_login, "login NAME [--device|--browser|--paste] ..",
	    "get a person's consent for an account" },
	{ "logout", cmd_logout, "logout NAME [--json] [-C FILE]",
	    "end that consent" },
	{ "token", cmd_token, "token NAME [--json] [-C FILE]",
	    "a valid access token, for another program" },
	{ "profiles", cmd_profiles, "profiles [--json] [-C FILE]",
	    "the profiles, and whether they can send" },
	{ "preset", cmd_preset, "preset [NAME] [--json]",
	    "what is known of a provider, and what to do there" },
	{ "check", cmd_check, "check [NAME] [--to ADDRESS] [--json] [-v]",
	    "look at each step of sending, and say what to mend" },
	{ "seal", cmd_seal, "seal [--set] PROFILE.FIELD | --new-key | --list",
	    "seal a secret; --retire KID: take a key away" },
	{ "reseal", cmd_reseal, "reseal [--dry-run] [--json] [-C FILE]",
	    "seal everything anew by the first key" },
	{ "rotate", cmd_rotate, "rotate NAME [--key FILE [--cert FILE]] ..",
	    "a new secret or key, tested before the old one goes" },
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
print_usage(FILE *f)
{
	size_t i;

	fputs("usage: osmtp -OPTION .. [ADDRESS ..]   (as sendmail)\n", f);
	for (i = 0; i < N_COMMANDS; i++)
		fprintf(f, "       osmtp %-40s %s\n", commands[i].usage,
		    commands[i].job);
	fputs("       osmtp help | version\n"
	      "Manual: osmtp(1), osmtp-sendmail(8), osmtp.conf(5), "
	      "osmtp-oauth(7)\n",
	    f);
}

static int
unknown(const char *word)
{
	const char *words[N_COMMANDS];
	const char *near;
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		words[i] = commands[i].word;
	near = text_nearest(word, words, N_COMMANDS);
	fprintf(stderr, "osmtp: %s: no such command", word);
	if (near != NULL)
		fprintf(stderr, "; did you mean %s?", near);
	fputs("\n", stderr);
	print_usage(stderr);
	return EX_USAGE;
}

static int
run_osmtp(struct cmd_call *c)
{
	const char *word = c->argc > 1 ? c->argv[1] : NULL;
	size_t i;

	if (word == NULL) {
		print_usage(stderr);
		return EX_USAGE;
	}
	if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0) {
		print_usage(stdout);
		return EX_OK;
	}
	if (strcmp(word, "version") == 0 || strcmp(word, "--version") == 0) {
		puts("osmtp " OSMTP_VERSION);
		return EX_OK;
	}
	if (word[0] == '-')
		return cmd_send(c);
	c->argc--;
	c->argv++;
	for (i = 0; i < N_COMMANDS; i++)
		if (strcmp(word, commands[i].word) == 0)
			return commands[i].run(c);
	return unknown(word);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What would lead libraries astray: key logs, other names for hosts. */
static const char *const unwanted[] = { "SSLKEYLOGFILE",
	"GNUTLS_SYSTEM_PRIORITY_FILE", "RES_OPTIONS", "LOCALDOMAIN",
	"HOSTALIASES" };

int
main(int argc, char **argv)
{
	struct cmd_call c = { .argc = argc, .argv = argv };
	size_t i;

	c.stdin_closed = sys_fix_std();
	/* Callers hand down what suits them; these are what suits us. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	umask(077);
	for (i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		unsetenv(unwanted[i]);
	c.program = argc > 0 ? base_name(argv[0]) : "osmtp";
	if (text_starts(c.program, "osmtp")) /* osmtp-0.1 as well */
		return run_osmtp(&c);
	c.sendmail_face = true;
	return cmd_send(&c);
}
