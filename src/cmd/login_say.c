/* SPDX-License-Identifier: ISC */
/*
 * login_say: what a login tells the person, or, with --json, the program.
 *
 * The dialogue is standard output's; complaints, and the line that is drawn
 * anew, are standard error's. With --json there is an event a line, and no
 * dialogue.
 */
#include "cmd/login_part.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/tell.h"
#include "cmd/term.h"

void
login_tell(const struct login *l, const char *fmt, ...)
{
	va_list ap;

	if (l->json)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

struct json *
login_event(const struct login *l, const char *name)
{
	struct json *j = json_new();

	json_set_string(j, "event", name);
	json_set_string(j, "profile", l->p != NULL ? l->p->name : l->name);
	return j;
}

void
login_emit(const struct login *l, struct json *j)
{
	if (!l->json) {
		json_free(j);
		return;
	}
	tell_print(j);
	fflush(stdout);
}

static void
emit_failure(
    const struct login *l, int code, const char *text, const struct outcome *o)
{
	struct json *j = login_event(l, "failed");

	json_set_number(j, "code", code);
	json_set_string(j, "text", text);
	json_set_bool(j, "stored", l->stored);
	if (o != NULL)
		tell_set_outcome(j, o, l->p);
	login_emit(l, j);
}

int
login_give_up(const struct login *l, const struct err *e)
{
	cmd_complain(l->call, e);
	emit_failure(l, e->code, e->text, NULL);
	return e->code;
}

int
login_fail(const struct login *l, int code, const char *fmt, ...)
{
	struct err e;
	va_list ap;
	char *text = NULL;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	err_bug_if(n < 0);
	text = mem_new((size_t)n + 1, 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	err_set(&e, code, "login: profile \"%s\": %s", l->name, text);
	cmd_complain(l->call, &e);
	emit_failure(l, code, text, NULL);
	free(text);
	return code;
}

int
login_check_shown(const struct login *l)
{
	if (ferror(stdout) == 0)
		return EX_OK;
	return login_fail(l, EX_IOERR,
	    "standard output can't be written, so nobody sees what is to be "
	    "done; nothing was changed");
}

int
login_fail_by(const struct login *l, const struct outcome *o)
{
	int code = outcome_exit_one(o);
	struct buf b;

	buf_init(&b, 8192);
	tell_add_words(&b, o, "");
	cmd_say(l->call, "login: profile \"%s\": %s", l->name, b.data);
	tell_advice(l->call, o, l->p);
	emit_failure(l, code, b.data, o);
	buf_clear(&b);
	return code;
}

#define STOPS "(Ctrl-C stops; nothing is changed until the end)"

bool
login_draws(const struct login *l)
{
	return !l->json && isatty(STDERR_FILENO);
}

void
login_draw(unsigned turn, int64_t left_ms)
{
	static const char spinner[] = "|/-\\";
	int left = (int)(left_ms / 1000);

	term_status("Waiting %c  %d:%02d left  " STOPS, spinner[turn % 4],
	    left / 60, left % 60);
}

void
login_tell_waiting(const struct login *l)
{
	if (!login_draws(l))
		login_tell(l, "Waiting ... " STOPS);
}

const char *
login_clock(int64_t ms, char text[16])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(text, 16, "%H:%M", &tm) == 0)
		text[0] = '\0';
	return text;
}

void
login_add_scopes(struct buf *b, const char *s)
{
	static const char between[] = " ,";
	size_t begin = b->len, n;
	const char *last, *p;

	for (s += strspn(s, between); *s != '\0'; s += strspn(s, between)) {
		n = strcspn(s, between);
		last = s;
		for (p = s; p < s + n; p++)
			if (*p == '/' && p + 1 < s + n)
				last = p + 1;
		/* "https://mail.google.com/" has no shorter name. */
		if (s[n - 1] == '/')
			last = s;
		if (b->len > begin)
			buf_add_str(b, ", ");
		text_add_safe(b, last, (size_t)(s + n - last), 200);
		s += n;
	}
}

/* "send mail as anna (SMTP.Send), stay signed in (offline_access)". */
static void
add_permissions(struct buf *b, const struct profile *p, const char *scope)
{
	static const struct {
		const char *scope, *means;
	} known[] = { { "offline_access", "stay signed in" },
		{ "openid", "see who signs in" },
		{ "email", "see the address" }, { "profile", "see the name" } };
	static const char blanks[] = " ";
	const char *means;
	size_t n, i, begin = b->len;

	for (; *(scope += strspn(scope, blanks)) != '\0'; scope += n) {
		char *one;

		n = strcspn(scope, blanks);
		one = mem_dup_n(scope, n);
		means = "use the mail of";
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strcmp(one, known[i].scope) == 0)
				means = known[i].means;
		if (strcasestr(one, "smtp") != NULL ||
		    strcasestr(one, "send") != NULL)
			means = "send mail as";
		buf_add_fmt(b, "%s%s", b->len > begin ? ", " : "", means);
		if (strstr(means, "mail ") != NULL)
			buf_add_fmt(b, " %s", profile_user_text(p));
		buf_add_str(b, " (");
		login_add_scopes(b, one);
		buf_add_char(b, ')');
		free(one);
	}
}

void
login_warn(const struct login *l)
{
	struct buf b, host;

	if (l->with.client.scope == NULL)
		return;
	buf_init(&b, 4096);
	buf_init(&host, 512);
	sys_hostname(&host);
	add_permissions(&b, l->p, l->with.client.scope);
	login_tell(
	    l, "It will allow osmtp on host %s to: %s.", host.data, b.data);
	buf_clear(&host);
	buf_clear(&b);
}
