/* SPDX-License-Identifier: ISC */
/* field: which form a field has, and so how its 8-bit text is encoded. */
#include "mail/field_part.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "mail/lex.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

/* Addresses, and phrases or comments with them. */
static const char *const field_lists[] = { "Apparently-To", "Approved", "Bcc",
	"Cc", "Delivered-To", "Disposition-Notification-To", "Errors-To",
	"From", "List-ID", "Mail-Followup-To", "Mail-Reply-To", "Reply-To",
	"Return-Path", "Return-Receipt-To", "Sender", "To" };

static const char *const field_params[] = { "Content-Disposition",
	"Content-Type" };

/* Neither words nor parameters have a place there. */
static const char *const field_rigid[] = { "Archived-At", "Auto-Submitted",
	"Autocrypt", "Content-Base", "Content-ID", "Content-Language",
	"Content-Location", "Content-MD5", "Content-Transfer-Encoding", "Date",
	"DomainKey-Signature", "DKIM-Signature", "Expires", "Importance",
	"In-Reply-To", "List-Archive", "List-Help", "List-Owner", "List-Post",
	"List-Subscribe", "List-Unsubscribe", "List-Unsubscribe-Post",
	"Message-ID", "MIME-Version", "Newsgroups", "Original-Message-ID",
	"Precedence", "Priority", "Received", "Received-SPF", "References",
	"Authentication-Results", "ARC-Authentication-Results",
	"ARC-Message-Signature", "ARC-Seal", "Sensitivity", "Supersedes",
	"TLS-Required" };

static bool
field_is_one_of(const char *name, const char *const *names, size_t n)
{
	while (n > 0 && !text_case_eq(name, names[n - 1]))
		n--;
	return n > 0;
}

enum field_form {
	FIELD_FORM_TEXT,
	FIELD_FORM_LIST,
	FIELD_FORM_PHRASES,
	FIELD_FORM_PARAMS,
	FIELD_FORM_RIGID
};

static enum field_form
field_form_of(const char *name)
{
	if (text_case_eq_n(name, "Resent-", 7))
		name += 7;
	if (field_is_one_of(name, field_lists, N(field_lists)))
		return FIELD_FORM_LIST;
	if (text_case_eq(name, "Keywords"))
		return FIELD_FORM_PHRASES;
	if (field_is_one_of(name, field_params, N(field_params)))
		return FIELD_FORM_PARAMS;
	if (field_is_one_of(name, field_rigid, N(field_rigid)))
		return FIELD_FORM_RIGID;
	return FIELD_FORM_TEXT;
}

/* Append a value without the octets that no field may have; controls: others
 * may stay, since nothing of it is to be read by a grammar. */
static void
field_add_clean(struct buf *b, const char *s, size_t n, bool controls)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i + 2 < n && s[i] == '\r' && s[i + 1] == '\n' &&
		    text_is_blank(s[i + 2])) {
			buf_add_str(b, "\r\n");
			i++;
		} else if (s[i] == '\0' ||
			   (s[i] == '\r' && i + 1 < n && s[i + 1] == '\n'))
			; /* its LF becomes the blank */
		else if (s[i] == '\r' || s[i] == '\n' ||
			 (!controls && lex_is_control(s[i]) && s[i] != '\t'))
			buf_add_char(b, ' ');
		else
			buf_add_char(b, s[i]);
	}
}

/* Append a value that is not ASCII, encoded; true if an address is left. */
static bool
field_add_encoded(struct buf *b, const char *name, enum field_form form,
    const struct buf *value)
{
	struct field_writer w = { .out = b, .column = strlen(name) + 1 };

	switch (form) {
	case FIELD_FORM_LIST:
		return field_write_list(&w, value->data, value->len);
	case FIELD_FORM_PHRASES:
		field_write_phrases(&w, value->data, value->len);
		break;
	case FIELD_FORM_PARAMS:
		field_write_params(&w, value->data, value->len);
		break;
	case FIELD_FORM_RIGID:
		field_write_marks(&w, value->data, value->len);
		break;
	case FIELD_FORM_TEXT:
		field_write_text(&w, value->data, value->len, FIELD_IN_TEXT);
		break;
	}
	return false;
}

/* Is there nothing to do? */
static bool
field_is_plain(const struct field *f)
{
	size_t i;

	for (i = 0; i < f->value_len; i++) {
		if ((unsigned char)f->value[i] > 127 || f->value[i] == '\0' ||
		    f->value[i] == '\r' || f->value[i] == '\n')
			return false;
	}
	return true;
}

bool
field_encode(struct field *f)
{
	enum field_form form = field_form_of(f->name);
	bool ascii = text_is_ascii(f->value, f->value_len);
	struct buf clean, done;
	bool left = false;

	if (field_is_plain(f))
		return false;
	buf_init(&clean, SIZE_MAX);
	buf_init(&done, SIZE_MAX);
	field_add_clean(
	    &clean, f->value, f->value_len, ascii || form == FIELD_FORM_TEXT);
	if (ascii)
		buf_add(&done, clean.data, clean.len);
	else
		left = field_add_encoded(&done, f->name, form, &clean);
	buf_clear(&clean);
	f->value_len = done.len;
	mem_replace(&f->value, buf_take(&done));
	return left;
}
