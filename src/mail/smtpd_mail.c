/* SPDX-License-Identifier: ISC */
/* smtpd_mail: MAIL and RCPT: a path, and parameters behind it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "mail/addr.h"
#include "mail/smtpd_part.h"

/* Why a command is not taken. */
struct fault {
	int code;
	const char *enhanced;
	const char *words;
};

/* ---- the path */

/* The end of the path that p begins with: behind '>', or of a word where it has
 * no brackets. NULL: the bracket is not closed. */
static char *
path_end(char *p)
{
	bool in_brackets = *p == '<', quoted = false;

	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (in_brackets && *p == '>')
			return p + 1;
		else if (!in_brackets && text_is_blank(*p))
			return p;
	}
	return in_brackets || quoted ? NULL : p;
}

/*
 * "FROM:<path> PARAMETERS" with that word in front: the path as an address,
 * NULL with a fault if it is none; *rest is what follows it.
 */
static char *
take_path(
    char *p, const char *word, bool null_too, char **rest, struct fault *f)
{
	struct addr a = { 0 };
	struct err e = ERR_NONE;
	char *end, *path, *text = NULL;

	*f = (struct fault){ 501, "5.5.4",
		"FROM:<address> or TO:<address> "
		"must follow" };
	if (!text_case_eq_n(p, word, strlen(word)))
		return NULL;
	p += strlen(word);
	p += strspn(p, " \t");
	end = path_end(p);
	if (p[0] == '\0' || end == NULL ||
	    (*end != '\0' && !text_is_blank(*end)))
		return NULL;
	*rest = end;
	path = mem_dup_n(p, (size_t)(end - p));
	*f = (struct fault){ 553, null_too ? "5.1.7" : "5.1.3", "" };
	if (addr_parse(path, null_too, &a, &e) == 0) {
		text = addr_text(&a);
		if (a.keep_bare)
			mem_replace(&text, mem_printf("\\%s", text));
		if (addr_check_wire(text, strlen(text), &e) != 0)
			mem_replace(&text, NULL);
	}
	addr_clear(&a);
	free(path);
	return text;
}

/* ---- parameters */

/* What the parameters of a command have said; each once. */
struct wanted {
	const struct smtpd *d;
	struct dsn_wish *wish; /* of MAIL */
	struct dsn_rcpt *rcpt; /* of RCPT */
};

static const struct fault bad_value = { 501, "5.5.4",
	"a parameter has a value that it can't have" };

/* As many digits as it may have (RFC 1870 3) are more than fit. */
static bool
parse_size(const char *value, uint64_t *size)
{
	enum { MAX_DIGITS = 20 };
	size_t n = strspn(value, "0123456789");

	if (n == 0 || n > MAX_DIGITS || value[n] != '\0')
		return false;
	if (!text_parse_uint(value, UINT64_MAX, size))
		*size = UINT64_MAX;
	return true;
}

static const struct fault *
take_size(struct wanted *w, const char *value)
{
	static const struct fault too_large = { 552, "5.3.4",
		"the message is larger than is taken here" };
	uint64_t max = w->d->settings->max_message, size;

	if (!parse_size(value, &size))
		return &bad_value;
	return max > 0 && size > max ? &too_large : NULL;
}

/* The octets decide; what can't be sent on is not offered. */
static const struct fault *
take_body(struct wanted *w, const char *value)
{
	(void)w;
	return text_case_eq(value, "7BIT") || text_case_eq(value, "8BITMIME")
		   ? NULL
		   : &bad_value;
}

static const struct fault *
take_utf8(struct wanted *w, const char *value)
{
	(void)w;
	(void)value;
	return NULL;
}

static const struct fault *
take_ret(struct wanted *w, const char *value)
{
	return dsn_parse_ret(value, &w->wish->ret, NULL) == 0 ? NULL
							      : &bad_value;
}

static const struct fault *
take_envid(struct wanted *w, const char *value)
{
	if (!dsn_is_xtext(value, DSN_MAX_ENVID))
		return &bad_value;
	w->wish->envid = mem_dup(value);
	return NULL;
}

static const struct fault *
take_notify(struct wanted *w, const char *value)
{
	return dsn_parse_notify(value, &w->rcpt->notify, NULL) == 0
		   ? NULL
		   : &bad_value;
}

static const struct fault *
take_orcpt(struct wanted *w, const char *value)
{
	if (!dsn_is_orcpt(value))
		return &bad_value;
	w->rcpt->orcpt = mem_dup(value);
	return NULL;
}

struct parameter {
	const char *name;
	bool has_value;
	const struct fault *(*take)(struct wanted *w, const char *value);
};

enum { MAX_PARAMETERS = 5 };

static const struct parameter of_mail[MAX_PARAMETERS + 1] = {
	{ "SIZE", true, take_size },
	{ "BODY", true, take_body },
	{ "SMTPUTF8", false, take_utf8 },
	{ "RET", true, take_ret },
	{ "ENVID", true, take_envid },
	{ NULL, false, NULL },
};

static const struct parameter of_rcpt[MAX_PARAMETERS + 1] = {
	{ "NOTIFY", true, take_notify },
	{ "ORCPT", true, take_orcpt },
	{ NULL, false, NULL },
};

/* One parameter, NAME or NAME=VALUE. */
static const struct fault *
take_parameter(struct wanted *w, const struct parameter *table, unsigned *seen,
    const char *word)
{
	static const struct fault unknown = { 555, "5.5.4",
		"a parameter is not known here" };
	static const struct fault twice = { 501, "5.5.4",
		"a parameter is given twice" };
	size_t name = strcspn(word, "="), i;
	bool has_value = word[name] == '=' && word[name + 1] != '\0';

	for (i = 0; table[i].name != NULL; i++)
		if (strlen(table[i].name) == name &&
		    text_case_eq_n(table[i].name, word, name))
			break;
	if (table[i].name == NULL)
		return &unknown;
	if ((*seen & (1U << i)) != 0)
		return &twice;
	*seen |= 1U << i;
	if (has_value != table[i].has_value ||
	    (word[name] == '=' && !has_value))
		return &bad_value;
	return table[i].take(w, has_value ? word + name + 1 : "");
}

/* All of them. NULL, or what is wrong. */
static const struct fault *
take_parameters(struct wanted *w, const struct parameter *table, char *p)
{
	const struct fault *f = NULL;
	unsigned seen = 0;
	char *end;
	char was;

	for (; f == NULL; p = end) {
		p += strspn(p, " \t");
		end = p + strcspn(p, " \t");
		if (end == p)
			break;
		was = *end;
		*end = '\0';
		f = take_parameter(w, table, &seen, p);
		*end = was;
	}
	return f;
}

/* ---- the commands */

/* A client's mistakes count; an address, or a size, may be anybody's. */
static void
say_fault(struct smtpd *d, const struct fault *f, const char *address_words)
{
	if (f->code < 552 || f->code == 555)
		smtpd_refuse(d, f->code, f->enhanced, f->words);
	else
		smtpd_reply(d, f->code, f->enhanced,
		    f->words[0] != '\0' ? f->words : address_words);
}

void
smtpd_do_mail(struct smtpd *d, char *rest)
{
	struct dsn_wish wish = { DSN_RET_UNSAID, NULL };
	struct wanted w = { .d = d, .wish = &wish };
	const struct fault *f;
	struct fault path_fault;
	char *sender, *more;

	if (d->has_sender) {
		smtpd_refuse(d, 503, "5.5.1",
		    "a message is begun: DATA or RSET comes first");
		return;
	}
	d->was_tried = true;
	sender = take_path(rest, "FROM:", true, &more, &path_fault);
	f = sender != NULL ? take_parameters(&w, of_mail, more) : &path_fault;
	if (f != NULL) {
		say_fault(d, f, "the sender is no address");
		dsn_wish_clear(&wish);
		free(sender);
		return;
	}
	d->order.sender = sender;
	d->order.dsn = wish;
	d->has_sender = true;
	d->is_wary = false;
	smtpd_reply(d, 250, "2.1.0", "sender taken");
}

static void
add_rcpt(struct smtpd *d, char *address, const struct dsn_rcpt *dsn)
{
	struct smtpd_order *o = &d->order;

	if (o->n_rcpts == d->cap_rcpts) {
		d->cap_rcpts = d->cap_rcpts > 0 ? 2 * d->cap_rcpts : 8;
		o->rcpts = mem_grow(o->rcpts, d->cap_rcpts, sizeof(*o->rcpts));
	}
	o->rcpts[o->n_rcpts++] = (struct smtpd_rcpt){ address, *dsn };
}

void
smtpd_do_rcpt(struct smtpd *d, char *rest)
{
	struct dsn_rcpt dsn = { 0, NULL };
	struct wanted w = { .d = d, .rcpt = &dsn };
	const struct fault *f;
	struct fault path_fault;
	char *address, *more;

	if (!d->has_sender) {
		smtpd_refuse(d, 503, "5.5.1", "MAIL comes first");
		return;
	}
	if (d->order.n_rcpts == SMTPD_MAX_RCPTS) {
		smtpd_reply(d, 452, "4.5.3", "too many recipients");
		return;
	}
	address = take_path(rest, "TO:", false, &more, &path_fault);
	f = address != NULL ? take_parameters(&w, of_rcpt, more) : &path_fault;
	if (f != NULL) {
		say_fault(d, f, "the recipient is no address");
		free(dsn.orcpt);
		free(address);
		return;
	}
	add_rcpt(d, address, &dsn);
	smtpd_reply(d, 250, "2.1.5", "recipient taken");
}
