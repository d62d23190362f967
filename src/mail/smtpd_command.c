/* SPDX-License-Identifier: ISC */
/* smtpd_command: the commands, but for MAIL and RCPT. */
/*
 * A client that does not wait for 354 sends its text even where DATA is
 * refused, and the text would be read as commands: whoever wrote it could order
 * a message. So after a DATA that was refused in mid-transaction, a line that
 * is no command but looks like text ends the session.
 */
#include "mail/smtpd_part.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { HELO_MAX = 255 };

/* What a client calls itself goes into a header: what could be more than a name
 * there is replaced. */
static char *
safe_helo(const char *text)
{
	size_t n = strnlen(text, HELO_MAX), i;
	char *name = mem_dup_n(text, n);

	for (i = 0; i < n; i++)
		if (!text_is_alnum(name[i]) &&
		    strchr("-._:[]", name[i]) == NULL)
			name[i] = '?';
	return name;
}

static bool
take_helo(struct smtpd *d, const char *rest, bool esmtp)
{
	if (rest[0] == '\0') {
		smtpd_refuse(
		    d, 501, "5.5.4", "the name of the client is missing");
		return false;
	}
	mem_replace(&d->helo, safe_helo(rest));
	d->order.esmtp = esmtp;
	smtpd_reset(d);
	return true;
}

static void
do_helo(struct smtpd *d, char *rest)
{
	if (take_helo(d, rest, false))
		smtpd_reply(d, 250, "", d->settings->hostname);
}

static void
do_ehlo(struct smtpd *d, char *rest)
{
	char *text;

	if (!take_helo(d, rest, true))
		return;
	text = mem_printf("%s\nPIPELINING\nSIZE %llu\n8BITMIME\nSMTPUTF8\n"
			  "ENHANCEDSTATUSCODES\nDSN",
	    d->settings->hostname,
	    (unsigned long long)d->settings->max_message);
	smtpd_reply(d, 250, "", text);
	free(text);
}

static void
do_data(struct smtpd *d, char *rest)
{
	(void)rest;
	if (d->order.n_rcpts > 0) {
		smtpd_reply(
		    d, 354, "", "the message, and a line of one dot behind it");
		smtpd_text_begin(d);
		return;
	}
	d->is_wary = d->was_tried;
	if (d->has_sender)
		smtpd_refuse(d, 554, "5.5.1", "no recipient was taken");
	else
		smtpd_refuse(d, 503, "5.5.1", "MAIL comes first");
}

static void
do_rset(struct smtpd *d, char *rest)
{
	(void)rest;
	smtpd_reset(d);
	smtpd_reply(d, 250, "2.0.0", "forgotten");
}

static void
do_noop(struct smtpd *d, char *rest)
{
	(void)rest;
	smtpd_reply(d, 250, "2.0.0", "ok");
}

static void
do_quit(struct smtpd *d, char *rest)
{
	(void)rest;
	smtpd_reply(d, 221, "2.0.0", "closing");
	d->has_quit = true;
	d->phase = SMTPD_AT_END;
}

static void
do_vrfy(struct smtpd *d, char *rest)
{
	if (rest[0] == '\0')
		smtpd_refuse(d, 501, "5.5.4", "an address is missing");
	else
		smtpd_reply(d, 252, "2.1.5", "send it, and it will be tried");
}

static void
do_help(struct smtpd *d, char *rest)
{
	(void)rest;
	smtpd_reply(d, 214, "2.0.0",
	    "HELO EHLO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP\n"
	    "osmtp(1) says more");
}

static void
do_other(struct smtpd *d, char *rest)
{
	(void)rest;
	smtpd_refuse(d, 502, "5.5.1", "this command is not offered");
}

static const struct command {
	const char *verb;
	void (*run)(struct smtpd *d, char *rest);
	bool is_alone; /* takes nothing */
} commands[] = {
	{ "HELO", do_helo, false },
	{ "EHLO", do_ehlo, false },
	{ "MAIL", smtpd_do_mail, false },
	{ "RCPT", smtpd_do_rcpt, false },
	{ "DATA", do_data, true },
	{ "RSET", do_rset, true },
	{ "NOOP", do_noop, false },
	{ "QUIT", do_quit, true },
	{ "VRFY", do_vrfy, false },
	{ "HELP", do_help, false },
	{ "EXPN", do_other, false },
	{ "AUTH", do_other, false },
	{ "STARTTLS", do_other, false },
	{ "BDAT", do_other, false },
	{ "ETRN", do_other, false },
	{ "TURN", do_other, false },
	{ "SEND", do_other, false },
	{ "SAML", do_other, false },
	{ "SOML", do_other, false },
};

static const struct command *
find(const char *verb, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strlen(commands[i].verb) == n &&
		    text_case_eq_n(commands[i].verb, verb, n))
			return &commands[i];
	return NULL;
}

/* One word of letters, as a person tries it, is no text. */
static bool
looks_like_text(const char *line)
{
	const char *p = line;

	while (text_is_alpha(*p))
		p++;
	return *p != '\0' || p == line;
}

static bool
has_controls(const char *line, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((line[i] >= 0 && line[i] < ' ' && line[i] != '\t') ||
		    line[i] == 0x7f)
			return true;
	return false;
}

/* It is no command at all. */
static void
refuse_line(struct smtpd *d, const char *words)
{
	if (!d->is_wary || !looks_like_text(d->line)) {
		smtpd_refuse(d, 500, "5.5.2", words);
		return;
	}
	smtpd_close(d, "4.7.0",
	    "DATA was refused, and a text follows all the same; closing");
}

void
smtpd_do(struct smtpd *d, size_t n)
{
	const struct command *c;
	char *rest;
	size_t verb;

	while (n > 0 && text_is_blank(d->line[n - 1]))
		d->line[--n] = '\0';
	verb = strcspn(d->line, " \t");
	rest = d->line + verb + strspn(d->line + verb, " \t");
	c = find(d->line, verb);
	if (has_controls(d->line, n))
		refuse_line(d, "control characters in a command");
	else if (!text_is_utf8(d->line, n))
		refuse_line(d, "neither ASCII nor UTF-8");
	else if (c == NULL)
		refuse_line(d, "no such command");
	else if (c->is_alone && rest[0] != '\0')
		smtpd_refuse(d, 501, "5.5.4", "this command takes nothing");
	else
		c->run(d, rest);
}
