/* SPDX-License-Identifier: ISC */
/* test_opts: the sendmail command line. */
#include <stdio.h>
#include <string.h>

#include "cmd/opts.h"
#include "unit.h"

/* What is expected, written as one line: see describe(). */
static const struct {
	const char *label;
	const char *argv[12];
	const char *expect;
} cases[] = {
	{ "nothing", { "x" }, "send" },
	{ "operands", { "x", "a", "b" }, "send [a] [b]" },
	{ "-t", { "x", "-t" }, "send t" },
	{ "joined", { "x", "-ti", "a" }, "send t i [a]" },
	{ "joined, last takes a value", { "x", "-tif", "s", "a" },
	    "send t i f=s [a]" },
	{ "value glued", { "x", "-fs", "a" }, "send f=s [a]" },
	{ "value next", { "x", "-f", "s", "a" }, "send f=s [a]" },
	{ "-r is -f", { "x", "-r", "s" }, "send f=s" },
	{ "last -f wins", { "x", "-f", "s", "-f", "t" }, "send f=t" },
	{ "null sender", { "x", "-f", "<>" }, "send f=<>" },
	{ "empty sender", { "x", "-f", "" }, "send f=" },
	{ "value that looks like an option", { "x", "-f", "-t", "a" },
	    "send f=-t [a]" },
	{ "-F with blanks", { "x", "-F", "A B" }, "send F=A B" },
	{ "empty -F", { "x", "-F", "" }, "send F=" },
	{ "-oi", { "x", "-oi" }, "send i" },
	{ "-oitrue", { "x", "-oitrue" }, "send i" },
	{ "-om is not -m", { "x", "-om", "a" }, "send [a]" },
	{ "-odb", { "x", "-odb", "a" }, "send background [a]" },
	{ "-odi", { "x", "-odb", "-odi", "a" }, "send [a]" },
	{ "-odq", { "x", "-odq", "a" }, "send queue [a]" },
	{ "-odd", { "x", "-odd", "a" }, "send queue [a]" },
	{ "-odx", { "x", "-odx", "a" },
	    "64 option -odx: unknown delivery: i (at once), b (background) or "
	    "q (queue)" },
	{ "-q", { "x", "-q" }, "run" },
	{ "-q30m", { "x", "-q30m" }, "run" },
	{ "--json", { "x", "--json", "a" }, "send json [a]" },
	{ "-oem", { "x", "-oem", "-t" }, "send t" },
	{ "-em", { "x", "-em" }, "send" },
	{ "-m", { "x", "-im" }, "send i" },
	{ "-B glued", { "x", "-B8BITMIME", "a" }, "send [a]" },
	{ "-B next", { "x", "-B", "8BITMIME", "a" }, "send [a]" },
	{ "-bm", { "x", "-bm", "a" }, "send [a]" },
	{ "-bp", { "x", "-bp" }, "list" },
	{ "-bi", { "x", "-bi" }, "aliases" },
	{ "-v", { "x", "-v" }, "send v" },
	{ "-a", { "x", "-a", "noreply", "a" }, "send a=noreply [a]" },
	{ "-C", { "x", "-C", "/f" }, "send C=/f" },
	{ "--now", { "x", "--now", "a" }, "send now [a]" },
	{ "--dry-run", { "x", "--dry-run", "a" }, "send dry [a]" },
	{ "-- ends", { "x", "-t", "--", "-i" }, "send t [-i]" },
	{ "operand ends", { "x", "a", "-t" }, "send [a] [-t]" },
	{ "-- after operand is one", { "x", "a", "--" }, "send [a] [--]" },
	{ "a dash is an operand", { "x", "-" }, "send [-]" },
	{ "cron", { "x", "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root" },
	    "send i F=CronDaemon [root]" },
	{ "cronie",
	    { "x", "-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f",
		"root" },
	    "send t i f=root F=CronDaemon" },
	{ "unknown letter", { "x", "-Z" }, "64 option -Z: unknown" },
	{ "unknown in a cluster", { "x", "-tZ" }, "64 option -Z: unknown" },
	{ "unknown word", { "x", "--nowhere" },
	    "64 option --nowhere: unknown" },
	{ "unknown mode", { "x", "-bz" }, "64 option -bz: unknown mode" },
	{ "mode missing", { "x", "-b" },
	    "64 option -b: a value must follow at once" },
	{ "-o alone", { "x", "-o" },
	    "64 option -o: a value must follow at once" },
	{ "value missing", { "x", "-f" }, "64 option -f: a value is missing" },
	{ "value missing in a cluster", { "x", "-tf" },
	    "64 option -f: a value is missing" },
	{ "-C twice", { "x", "-C", "a", "-C", "b" },
	    "64 option -C: given twice" },
};

static void
describe(char *to, size_t room, const struct opts *o)
{
	static const char *const modes[] = { "send", "list", "run", "aliases" };
	static const char *const when[] = { "", " background", " queue" };
	size_t n;
	size_t i;

	n = (size_t)snprintf(to, room, "%s%s%s%s", modes[o->mode],
	    when[o->delivery], o->from_header ? " t" : "",
	    o->ignore_dots ? " i" : "");
#define ADD(fmt, value)                                                      \
	do {                                                                 \
		if (value)                                                   \
			n += (size_t)snprintf(to + n, room - n, fmt, value); \
	} while (0)
	ADD(" f=%s", o->sender);
	ADD(" F=%s", o->full_name);
	ADD(" a=%s", o->profile);
	ADD(" C=%s", o->conf_file);
	n += (size_t)snprintf(to + n, room - n, "%s%s%s%s",
	    o->verbose ? " v" : "", o->now ? " now" : "",
	    o->json ? " json" : "", o->dry_run ? " dry" : "");
	for (i = 0; i < o->n_rcpts; i++)
		ADD(" [%s]", o->rcpts[i]);
#undef ADD
}

START_TEST(command_line)
{
	char *argv[12];
	char got[512];
	struct opts o;
	struct err e = ERR_NONE;
	int argc;

	memset(&o, 0, sizeof(o));
	for (argc = 0; argc < 12 && cases[_i].argv[argc] != NULL; argc++)
		argv[argc] = (char *)(size_t)cases[_i].argv[argc];
	if (opts_parse(&o, argc, argv, &e) == 0)
		describe(got, sizeof(got), &o);
	else
		snprintf(got, sizeof(got), "%d %.400s", e.code, e.text);
	ck_assert_msg(strcmp(got, cases[_i].expect) == 0, "%s: got \"%s\"",
	    cases[_i].label, got);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(
	    tc, command_line, 0, (int)(sizeof(cases) / sizeof(cases[0])));
}

int
main(void)
{
	return unit_main("opts", add);
}
