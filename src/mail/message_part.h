/* SPDX-License-Identifier: ISC */
/* What the parts of message share. */
#ifndef MAIL_MESSAGE_PART_H
#define MAIL_MESSAGE_PART_H

#include "mail/message.h"

enum { MESSAGE_CHUNK = 32 * 1024 }; /* one in, one out: 64 kB */

/* Append a field that owns name and value, which come from mem. */
void message_add_field(
    struct message *m, char *name, char *value, size_t value_len);

#endif
