/* SPDX-License-Identifier: ISC */
/* test_opts: the sendmail command line. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "cmd/opts.h"
#include "unit.h"

/* What is expected, written as one line: see describe(); "*" stands for any
 * text. */
static const struct {
	const char *label;
	const char *argv[14];
	const char *expect;
} cases[] = {
	/* ---- the rules of parsing */
	{ "nothing", { "x" }, "send" },
	{ "operands", { "x", "a", "b" }, "send [a] [b]" },
	{ "-- ends", { "x", "-t", "--", "-i" }, "send t [-i]" },
	{ "-- alone", { "x", "--" }, "send" },
	{ "operand ends", { "x", "a", "-t" }, "send [a] [-t]" },
	{ "-- after operand is one", { "x", "a", "--" }, "send [a] [--]" },
	{ "a dash is an operand", { "x", "-" }, "send [-]" },
	{ "behind -- stand recipients", { "x", "--", "-X/f", "-C/f", "-Oa=b" },
	    "send [-X/f] [-C/f] [-Oa=b]" },
	{ "an empty operand stays", { "x", "", "a" }, "send [] [a]" },
	{ "an empty operand ends options", { "x", "", "-t" }, "send [] [-t]" },
	{ "joined", { "x", "-ti", "a" }, "send t i [a]" },
	{ "joined the other way", { "x", "-it", "a" }, "send t i [a]" },
	{ "joined with -m", { "x", "-im" }, "send i" },
	{ "joined, last takes a word", { "x", "-tif", "s", "a" },
	    "send t i f=s [a]" },
	{ "joined, last takes the rest", { "x", "-tifs", "a" },
	    "send t i f=s [a]" },
	{ "all that take nothing", { "x", "-cGimnstTUvx", "a" },
	    "send t i n v [a]" },
	{ "value glued", { "x", "-fs", "a" }, "send f=s [a]" },
	{ "value next", { "x", "-f", "s", "a" }, "send f=s [a]" },
	{ "value that looks like an option", { "x", "-f", "-t", "a" },
	    "send f=-t [a]" },
	{ "value that is --", { "x", "-f", "--", "a" }, "send f=-- [a]" },
	{ "last -f wins", { "x", "-f", "s", "-f", "t" }, "send f=t" },
	{ "last -F wins", { "x", "-FA", "-FB" }, "send F=B" },
	{ "last -a wins", { "x", "-aA", "-aB" }, "send a=B" },
	{ "last mode wins", { "x", "-bp", "-bm", "a" }, "send [a]" },
	{ "last -od wins", { "x", "-odb", "-odi", "a" }, "send [a]" },
	{ "value missing", { "x", "-f" }, "64 option -f: a value is missing" },
	{ "value missing in a cluster", { "x", "-tf" },
	    "64 option -f: a value is missing" },
	{ "value missing, -r", { "x", "-r" },
	    "64 option -r: a value is missing" },
	{ "value missing, -a", { "x", "-a" },
	    "64 option -a: a value is missing" },
	{ "value missing, -A", { "x", "-A" },
	    "64 option -A: a value is missing" },
	{ "value missing, -b", { "x", "-b" },
	    "64 option -b: a value is missing" },
	{ "value missing, -B", { "x", "-B" },
	    "64 option -B: a value is missing" },
	{ "value missing, -C", { "x", "-C" },
	    "64 option -C: a value is missing" },
	{ "value missing, -e", { "x", "-e" },
	    "64 option -e: a value is missing" },
	{ "value missing, -F", { "x", "-F" },
	    "64 option -F: a value is missing" },
	{ "value missing, -h", { "x", "-h" },
	    "64 option -h: a value is missing" },
	{ "value missing, -L", { "x", "-L" },
	    "64 option -L: a value is missing" },
	{ "value missing, -N", { "x", "-N" },
	    "64 option -N: a value is missing" },
	{ "value missing, -o", { "x", "-o" },
	    "64 option -o: a value is missing" },
	{ "value missing, -O", { "x", "-O" },
	    "64 option -O: a value is missing" },
	{ "value missing, -p", { "x", "-p" },
	    "64 option -p: a value is missing" },
	{ "value missing, -R", { "x", "-R" },
	    "64 option -R: a value is missing" },
	{ "value missing, -V", { "x", "-V" },
	    "64 option -V: a value is missing" },
	{ "value missing, -X", { "x", "-X" },
	    "64 option -X: a value is missing" },

	/* ---- with an effect */
	{ "-bm", { "x", "-bm", "a" }, "send [a]" },
	{ "-b m", { "x", "-b", "m", "a" }, "send [a]" },
	{ "-t", { "x", "-t" }, "send t" },
	{ "-i", { "x", "-i" }, "send i" },
	{ "-oi", { "x", "-oi" }, "send i" },
	{ "-o i", { "x", "-o", "i", "a" }, "send i [a]" },
	{ "-oitrue", { "x", "-oitrue" }, "send i" },
	{ "-oiTrue", { "x", "-oiTrue" }, "send i" },
	{ "-oifalse", { "x", "-i", "-oifalse" }, "send" },
	{ "-OIgnoreDots=true", { "x", "-OIgnoreDots=true", "a" },
	    "send i [a]" },
	{ "-O IgnoreDots=true", { "x", "-O", "IgnoreDots=true", "a" },
	    "send i [a]" },
	{ "-Oignoredots", { "x", "-Oignoredots" }, "send i" },
	{ "-OIgnoreDots=False", { "x", "-i", "-OIgnoreDots=False" }, "send" },
	{ "-OIgnoreDotsAll is another", { "x", "-OIgnoreDotsAll=1" }, "send" },
	{ "-OIgnore is another", { "x", "-OIgnore=1" }, "send" },
	{ "-r is -f", { "x", "-r", "s" }, "send f=s" },
	{ "-r glued", { "x", "-rs", "a" }, "send f=s [a]" },
	{ "null sender", { "x", "-f", "<>" }, "send f=<>" },
	{ "null sender, glued", { "x", "-f<>" }, "send f=<>" },
	{ "empty sender", { "x", "-f", "" }, "send f=" },
	{ "-F with blanks", { "x", "-F", "A B" }, "send F=A B" },
	{ "-F glued", { "x", "-FA B" }, "send F=A B" },
	{ "empty -F", { "x", "-F", "" }, "send F=" },
	{ "-bs", { "x", "-bs" }, "serve" },
	{ "-bs -i", { "x", "-bs", "-i" }, "serve i" },
	{ "-bp", { "x", "-bp" }, "list" },
	{ "-bP", { "x", "-bP" }, "count" },
	{ "-bi", { "x", "-bi" }, "aliases" },
	{ "-I", { "x", "-I" }, "aliases" },
	{ "-bv", { "x", "-bv", "a" }, "verify [a]" },
	{ "-q", { "x", "-q" }, "run" },
	{ "-q takes no word", { "x", "-q", "a" }, "run [a]" },
	{ "-qf", { "x", "-qf" }, "run" },
	{ "-q15m", { "x", "-q15m" }, "run" },
	{ "-q1h30m", { "x", "-q1h30m", "-v" }, "run v" },
	{ "-qIid", { "x", "-qIid" }, "run I~id" },
	{ "-qI id", { "x", "-qI", "id" }, "run I~id" },
	{ "-qR", { "x", "-qRann" }, "run R~ann" },
	{ "-qS", { "x", "-qSann@" }, "run S~ann@" },
	{ "-q!I", { "x", "-q!Iid" }, "run !I~id" },
	{ "-q!R", { "x", "-q!Rann" }, "run !R~ann" },
	{ "-q!S", { "x", "-q!Sann" }, "run !S~ann" },
	{ "-q! S", { "x", "-q!S", "ann" }, "run !S~ann" },
	{ "-qR without text", { "x", "-qR" },
	    "64 option -q: a value is missing" },
	{ "the last -q counts", { "x", "-qRann", "-q" }, "run" },
	{ "-bp of some", { "x", "-bp", "-qRann" }, "list R~ann" },
	{ "-bp, then -q", { "x", "-bp", "-q" }, "run" },
	{ "-odb", { "x", "-odb", "a" }, "send background [a]" },
	{ "-odi", { "x", "-odi", "a" }, "send [a]" },
	{ "-odf", { "x", "-odf", "a" }, "send [a]" },
	{ "-odq", { "x", "-odq", "a" }, "send queue [a]" },
	{ "-odd", { "x", "-odd", "a" }, "send queue [a]" },
	{ "-odqs of Exim", { "x", "-odqs", "a" }, "send queue [a]" },
	{ "-odx", { "x", "-odx", "a" },
	    "64 option -odx: unknown delivery: i (at once), b (background) or "
	    "q (queue)" },
	{ "-ODeliveryMode=b", { "x", "-ODeliveryMode=b", "a" },
	    "send background [a]" },
	{ "-ODeliveryMode=queue", { "x", "-O", "DeliveryMode=queue", "a" },
	    "send queue [a]" },
	{ "-ODeliveryMode=x", { "x", "-ODeliveryMode=x", "a" },
	    "64 option -ODeliveryMode=x: unknown delivery: i (at once), b "
	    "(background) or q (queue)" },
	{ "-N never", { "x", "-N", "never" }, "send N=1" },
	{ "-N list, any case", { "x", "-NFailure,DELAY", "a" },
	    "send N=12 [a]" },
	{ "-N all", { "x", "-N", "success,delay,failure" }, "send N=14" },
	{ "-R hdrs", { "x", "-R", "hdrs" }, "send R=2" },
	{ "-R full", { "x", "-RFULL" }, "send R=1" },
	{ "-V", { "x", "-V", "id-1" }, "send V=id-1" },
	{ "-V, the last one", { "x", "-Vid1", "-Vid2" }, "send V=id2" },
	{ "-C", { "x", "-C", "/f" }, "send C=/f" },
	{ "-C glued", { "x", "-C/f" }, "send C=/f" },
	{ "-C twice", { "x", "-C", "a", "-C", "b" },
	    "64 option -C: given twice" },
	{ "-n", { "x", "-n", "a" }, "send n [a]" },
	{ "-v", { "x", "-v" }, "send v" },
	{ "-L", { "x", "-L", "tag" }, "send L=tag" },
	{ "-L glued", { "x", "-Ltag" }, "send L=tag" },
	{ "-a", { "x", "-a", "noreply", "a" }, "send a=noreply [a]" },
	{ "--json", { "x", "--json", "a" }, "send json [a]" },
	{ "--now", { "x", "--now", "a" }, "send now [a]" },
	{ "--dry-run", { "x", "--dry-run", "a" }, "send dry [a]" },

	/* ---- without one */
	{ "-oem", { "x", "-oem", "-oep", "-oeq", "-oew", "-oee", "a" },
	    "send [a]" },
	{ "-em", { "x", "-em", "-ep", "-eq", "-ew", "-ee", "a" }, "send [a]" },
	{ "-e m", { "x", "-e", "m", "a" }, "send [a]" },
	{ "-m", { "x", "-m", "a" }, "send [a]" },
	{ "-om", { "x", "-om", "a" }, "send [a]" },
	{ "-U -G", { "x", "-U", "-G", "a" }, "send [a]" },
	{ "-Ac -Am", { "x", "-Ac", "-Am", "a" }, "send [a]" },
	{ "-A c", { "x", "-A", "c", "a" }, "send [a]" },
	{ "-h", { "x", "-h5", "a" }, "send [a]" },
	{ "-h next", { "x", "-h", "5", "a" }, "send [a]" },
	{ "-oA", { "x", "-oA/etc/aliases", "a" }, "send [a]" },
	{ "-o7 -o8 -oo", { "x", "-o7", "-o8", "-oo", "a" }, "send [a]" },
	{ "-os is one word", { "x", "-os", "a" }, "send [a]" },
	{ "-oT -oL -oQ", { "x", "-oT3d", "-oL9", "-oQ/tmp", "a" }, "send [a]" },
	{ "-O any other", { "x", "-OLogLevel=9", "-OQueueDirectory=/tmp", "a" },
	    "send [a]" },
	{ "-OErrorMode", { "x", "-OErrorMode=m", "a" }, "send [a]" },
	{ "-O without a value", { "x", "-O", "x", "a" }, "send [a]" },
	{ "-X", { "x", "-X", "/f", "a" }, "send [a]" },
	{ "-X glued", { "x", "-X/f", "a" }, "send [a]" },
	{ "-d", { "x", "-d", "a" }, "send [a]" },
	{ "-d0.1", { "x", "-d0.1", "a" }, "send [a]" },
	{ "-p", { "x", "-p", "smtp:host", "a" }, "send [a]" },
	{ "-p glued", { "x", "-psmtp", "a" }, "send [a]" },
	{ "-s -c -x -T", { "x", "-s", "-c", "-x", "-T", "a" }, "send [a]" },
	{ "-B glued", { "x", "-B8BITMIME", "a" }, "send [a]" },
	{ "-B next", { "x", "-B", "7BIT", "a" }, "send [a]" },
	{ "-ba", { "x", "-ba", "a" }, "send [a]" },
	{ "-bh", { "x", "-bh" }, "nothing" },
	{ "-bH", { "x", "-bH" }, "nothing" },

	/* ---- refused */
	{ "unknown letter", { "x", "-Z" }, "64 option -Z: unknown" },
	{ "unknown digit", { "x", "-1" }, "64 option -1: unknown" },
	{ "unknown in a cluster", { "x", "-tZ" }, "64 option -Z: unknown" },
	{ "a dash in a cluster", { "x", "-t-" }, "64 option --: unknown" },
	{ "unknown word", { "x", "--nowhere" },
	    "64 option --nowhere: unknown" },
	{ "three dashes", { "x", "---" }, "64 option ---: unknown" },
	{ "unknown mode", { "x", "-bz" }, "64 option -bz: unknown mode" },
	{ "mode with a rest", { "x", "-bmi" }, "64 option -bmi: unknown mode" },
	{ "-N, a wrong word", { "x", "-N", "often" }, "64 option -N: *" },
	{ "-N, never and more", { "x", "-N", "never,delay" },
	    "64 option -N: *" },
	{ "-N, nothing", { "x", "-N", "" }, "64 option -N: *" },
	{ "-R, a wrong word", { "x", "-R", "some" }, "64 option -R: *" },
	{ "-V with a blank", { "x", "-V", "a b" }, "64 option -V: *" },
	{ "-V with a line end", { "x", "-V", "a\nb" }, "64 option -V: *" },
	{ "-V beyond ASCII", { "x", "-V", "\xc3\xa9" }, "64 option -V: *" },
	{ "-bd", { "x", "-bd" }, "64 option -bd: *osmtp run" },
	{ "-bD", { "x", "-bD" }, "64 option -bD: *osmtp run" },
	{ "-bl", { "x", "-bl" }, "64 option -bl: *osmtp run" },
	{ "-bt", { "x", "-bt" }, "64 option -bt: *osmtp explain*" },
	{ "-bS", { "x", "-bS" }, "64 option -bS: *-bs" },
	{ "-be", { "x", "-be" }, "64 option -be: *osmtp explain*" },
	{ "-D", { "x", "-D/f" }, "64 option -D: is not supported*" },
	{ "-M", { "x", "-Mrm", "id" }, "64 option -M: is not *osmtp queue*" },
	{ "-S", { "x", "-Sann" }, "64 option -S: is not supported*-qS" },
	{ "-Q", { "x", "-Q" }, "64 option -Q: is not *osmtp queue*" },

	/* ---- of real programs */
	{ "cron", { "x", "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root" },
	    "send i F=CronDaemon [root]" },
	{ "cronie",
	    { "x", "-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f",
		"root" },
	    "send t i f=root F=CronDaemon" },
	{ "BusyBox crond", { "x", "-ti", "oem" }, "send t i [oem]" },
	{ "mutt",
	    { "x", "-oem", "-oi", "-B8BITMIME", "-f", "X", "-N",
		"failure,delay", "-R", "hdrs", "--", "r" },
	    "send i f=X N=12 R=2 [r]" },
	{ "nmh", { "x", "-bs", "-odb", "-oem", "-om" }, "serve background" },
	{ "Gnus",
	    { "x", "-oi", "-oA/etc/aliases", "-oep", "-odi", "-t", "-N",
		"failure,delay" },
	    "send t i N=12" },
	{ "Request Tracker",
	    { "x", "-oi", "-ODeliveryMode=b", "-OErrorMode=m", "-t", "-f",
		"X" },
	    "send background t i f=X" },
	{ "sympa",
	    { "x", "-oi", "-odi", "-oem", "-N", "success,delay,failure", "-V",
		"id", "-f", "X", "--", "r" },
	    "send i f=X N=14 V=id [r]" },
};

static void
add_text(char *to, size_t room, const char *before, const char *value)
{
	size_t n = strlen(to);

	if (value != NULL)
		snprintf(to + n, room - n, "%s%s", before, value);
}

static void
describe(char *to, size_t room, const struct opts *o)
{
	static const char *const modes[] = { "send", "list", "count", "run",
		"aliases", "verify", "serve", "nothing" };
	static const char *const when[] = { "", " background", " queue" };
	static const char *const by[] = { "", "I", "R", "S" };
	size_t n;
	size_t i;

	snprintf(to, room, "%s%s%s%s%s", modes[o->mode], when[o->delivery],
	    o->from_header ? " t" : "", o->ignore_dots ? " i" : "",
	    o->no_aliases ? " n" : "");
	add_text(to, room, " f=", o->sender);
	add_text(to, room, " F=", o->full_name);
	add_text(to, room, " a=", o->profile);
	add_text(to, room, " C=", o->conf_file);
	add_text(to, room, " L=", o->label);
	if (o->select.by != SPOOL_ALL) {
		add_text(to, room, " ", o->select.negated ? "!" : "");
		add_text(to, room, by[o->select.by], "~");
		add_text(to, room, "", o->select.text);
	}
	n = strlen(to);
	if (o->notify != 0)
		n += (size_t)snprintf(to + n, room - n, " N=%u", o->notify);
	if (o->dsn.ret != DSN_RET_UNSAID)
		snprintf(to + n, room - n, " R=%u", (unsigned)o->dsn.ret);
	add_text(to, room, " V=", o->dsn.envid);
	add_text(to, room, "", o->verbose ? " v" : "");
	add_text(to, room, "", o->now ? " now" : "");
	add_text(to, room, "", o->json ? " json" : "");
	add_text(to, room, "", o->dry_run ? " dry" : "");
	for (i = 0; i < o->n_rcpts; i++) {
		add_text(to, room, " [", o->rcpts[i]);
		add_text(to, room, "]", "");
	}
}

START_TEST(command_line)
{
	char *argv[14];
	char got[512];
	struct opts o = { .mode = OPTS_SEND };
	struct err e = ERR_NONE;
	int argc;

	for (argc = 0; argc < 14 && cases[_i].argv[argc] != NULL; argc++)
		argv[argc] = (char *)(size_t)cases[_i].argv[argc];
	if (opts_parse(&o, argc, argv, &e) == 0)
		describe(got, sizeof(got), &o);
	else
		snprintf(got, sizeof(got), "%d %.400s", e.code, e.text);
	ck_assert_msg(strchr(cases[_i].expect, '*') != NULL
			  ? fnmatch(cases[_i].expect, got, FNM_NOESCAPE) == 0
			  : strcmp(got, cases[_i].expect) == 0,
	    "%s: got \"%s\"", cases[_i].label, got);
	opts_clear(&o);
	ck_assert(o.dsn.envid == NULL);
}
END_TEST

/* The program's name says what it is; an option may say something else. */
static const struct {
	const char *program;
	const char *argv[4];
	const char *expect;
} names[] = {
	{ "sendmail", { "x" }, "send" },
	{ "sendmail.osmtp", { "x" }, "send" },
	{ "osmtp", { "x" }, "send" },
	{ "mailq", { "x" }, "list" },
	{ "mailq", { "x", "-v" }, "list v" },
	{ "mailq", { "x", "-bm", "a" }, "send [a]" },
	{ "mailq", { "x", "-q" }, "run" },
	{ "mailq", { "x", "-qRann" }, "list R~ann" },
	{ "mailq.osmtp", { "x" }, "list" },
	{ "newaliases", { "x" }, "aliases" },
	{ "newaliases", { "x", "-v" }, "aliases v" },
	{ "newaliases", { "x", "-bp" }, "list" },
	{ "newaliases.osmtp", { "x" }, "aliases" },
	{ "mailq2", { "x" }, "send" },
	{ "mail", { "x" }, "send" },
	{ ".osmtp", { "x" }, "send" },
	{ "", { "x" }, "send" },
};

START_TEST(program_name)
{
	char *argv[4];
	char got[512];
	struct opts o = { .mode = opts_mode_of(names[_i].program) };
	struct err e = ERR_NONE;
	int argc;

	for (argc = 0; argc < 4 && names[_i].argv[argc] != NULL; argc++)
		argv[argc] = (char *)(size_t)names[_i].argv[argc];
	ck_assert_int_eq(opts_parse(&o, argc, argv, &e), 0);
	describe(got, sizeof(got), &o);
	ck_assert_str_eq(got, names[_i].expect);
	opts_clear(&o);
}
END_TEST

START_TEST(no_words)
{
	struct opts o = { .mode = OPTS_SEND };
	struct err e = ERR_NONE;

	ck_assert_int_eq(opts_parse(&o, 0, NULL, &e), 0);
	ck_assert_uint_eq(o.n_rcpts, 0);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(
	    tc, command_line, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(
	    tc, program_name, 0, (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(tc, no_words);
}

int
main(void)
{
	return unit_main("opts", add);
}
