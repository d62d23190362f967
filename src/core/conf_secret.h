/* SPDX-License-Identifier: ISC */
/*
 * conf_secret: the forms in which a secret may be written. The form alone is
 * looked at: everybody's sendmail comes by here, and most may not read what it
 * stands for. No complaint repeats what may be a secret.
 *
 * Must not know: libconfig, which key it belongs to.
 */
#ifndef CORE_CONF_SECRET_H
#define CORE_CONF_SECRET_H

#include "base/err.h"
#include "base/text.h"
#include "core/conf_file.h"
#include "core/profile.h"

#define CONF_SECRET_FORMS                                                 \
	"\"sealed:v1:...\", { file = \"/path\"; }, "                      \
	"{ credential = \"name\"; }, { command = [ \"/path\", ... ]; }, " \
	"{ env = \"NAME\"; } or a string in quotes"

/* One that is written as a string: sealed, or in clear. EX_CONFIG. */
int conf_secret_text(
    const char *text, struct profile_secret *out, struct err *e);

/* The form that a member of a group stands for. EX_CONFIG, with the nearest,
 * if it stands for none. */
int conf_secret_form(
    const char *member, enum profile_secret_form *form, struct err *e);

/* One of that form, with its value; COMMAND alone takes several words.
 * EX_CONFIG. */
int conf_secret_take(const struct conf_source *s, enum profile_secret_form form,
    const struct text_list *words, struct profile_secret *out, struct err *e);

#endif
