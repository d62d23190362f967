/* SPDX-License-Identifier: ISC */
/* mime_part: what the parts of mime share; for them alone. */
#ifndef MAIL_MIME_PART_H
#define MAIL_MIME_PART_H

#include "mail/message.h"
#include "mail/mime.h"

enum {
	MIME_CHUNK = 32 * 1024,
	MIME_MAX_HEAD = MESSAGE_MAX_HEAD + 256 * 1024, /* of a part's header */
	MIME_MAX_BOUNDARY = 200, /* RFC 2046 5.1.1 has 70 */
	MIME_MAX_DELIMITER = 998 /* "--", boundary, "--", blanks */
};

/* ---- mime_head: the header of a part */

enum mime_label {
	MIME_LABEL_NONE, /* none, or one that is no word */
	MIME_LABEL_7BIT,
	MIME_LABEL_8BIT,
	MIME_LABEL_BINARY,
	MIME_LABEL_QP,
	MIME_LABEL_BASE64,
	MIME_LABEL_OTHER
};

enum mime_kind {
	MIME_LEAF,
	MIME_MULTIPART,
	MIME_MESSAGE,
	MIME_BLOCKS /* of fields: message/delivery-status */
};

/* Why nothing may be changed. */
enum mime_lock {
	MIME_FREE,
	MIME_SIGNED,
	MIME_ENCRYPTED,
	MIME_PIECE, /* message/partial, message/external-body */
	MIME_DEEP
};

/* What a header says. */
struct mime_head {
	enum mime_kind kind;
	enum mime_label label;
	enum mime_lock inside; /* for what is in it */
	bool has_type, is_text, is_digest;
	bool is_lost;	/* a multipart, but for its boundary */
	bool eight_bit; /* octets over 127 */
	bool misfit;	/* a line is too long, a NUL or a bare CR */
	char boundary[MIME_MAX_BOUNDARY + 1];
	size_t boundary_n;
};

/* Read head[0..n), whole lines without the blank one, as it will be once it is
 * made fit. in_digest: what has no type is a message. */
void mime_head_read(struct mime_head *h, const char *head, size_t n,
    bool in_digest, bool seven_bit);

bool mime_octets_over_127(const char *p, size_t n);

enum mime_charset {
	MIME_CHARSET_ASCII,
	MIME_CHARSET_UTF8,
	MIME_CHARSET_UNKNOWN
};

/* How a header is to be changed. */
struct mime_change {
	bool seven_bit;
	bool add_version;      /* MIME-Version, if there is none */
	bool drop_counts;      /* Content-Length and Lines go */
	bool set_type;	       /* Content-Type becomes text/plain .. */
	bool add_type;	       /* .. or where there is none */
	enum mime_label label; /* NONE: as it is */
	enum mime_charset charset;
};

/* Append head[0..n) with its change. */
void mime_head_write(
    struct buf *b, const char *head, size_t n, const struct mime_change *how);

/* The name of a field that can't be made ASCII, to be freed; or NULL. */
char *mime_head_find_unfit(const char *head, size_t n);

/* ---- mime_code: encodings, as streams of lines */

enum mime_code {
	MIME_CODE_NONE,
	MIME_CODE_QP,
	MIME_CODE_BASE64,
	MIME_CODE_QP_AGAIN, /* it is that already, but its lines .. */
	MIME_CODE_BASE64_AGAIN,
	MIME_CODE_PLAIN /* no encoding: '?', and lines cut */
};

enum { MIME_LINE = 76, MIME_PADDING = 64 };

/* Where a coder stands. Its output is appended to out, canonical; the line end
 * in front of a delimiter is not the coder's. */
struct mime_coder {
	struct buf *out;
	enum mime_code code;
	bool seven_bit;	      /* PLAIN: 8-bit octets become '?' */
	bool inner;	      /* in a multipart: no line may begin with "-" */
	char line[MIME_LINE]; /* of output; BASE64: octets of one */
	size_t n;	      /* octets in line; PLAIN: of the line so far */
	char blank;    /* QP: held back, since it may end the line; or 0 */
	unsigned from; /* QP: octets of "From " at a line's front */
	bool begun;    /* BASE64: there is a line */
	bool impure;   /* BASE64_AGAIN: there was more than letters */
	char escape[MIME_PADDING + 2]; /* QP_AGAIN: "=", and what follows */
	size_t n_escape;
};

void mime_coder_begin(struct mime_coder *c, enum mime_code code,
    struct buf *out, bool seven_bit, bool inner);
void mime_coder_text(struct mime_coder *c, const char *p, size_t n);
void mime_coder_line_end(struct mime_coder *c);

/* last: nothing follows, so that the last line needs an end. */
void mime_coder_end(struct mime_coder *c, bool last);

/* ---- mime_parse: a message as parts */

/* What was seen of a text. */
struct mime_seen {
	bool eight_bit, long_line, odd; /* odd: a NUL, or a bare CR */
	bool not_utf8;
	unsigned utf8_left; /* octets that the current character lacks */
	unsigned char utf8_low, utf8_high; /* bounds of the next of them */
	size_t column;
	uint64_t octets, escapes; /* escapes: of them, in quoted-printable */
};

/* What is being read, from its header on. */
struct mime_part {
	size_t number;	 /* in the order of their headers */
	bool is_message; /* its header is that of a message */
	bool in_digest;	 /* it is a message, if it does not say what it is */
	bool is_block;	 /* of fields; what else is in it has no label */
	bool delimited;	 /* a multipart: a delimiter has come */
	bool closed;	 /* the last one: what follows is its epilogue */
	enum mime_lock lock;
	struct mime_head head;

	/* For the plan: its own text, and all that is in it. */
	struct mime_seen seen;
	bool eight_bit, eight_bit_left, changed;
	const struct mime_edit *edit; /* for the filter; or NULL */
};

/*
 * Calls in the order of the text. head: the header is whole; text_follows: no
 * blank line, but the first line of the body ended it; blank: one did. Text of
 * a multipart is its preamble or epilogue. A delimiter, of p, ends a line, if
 * one is open. end: parts end before those that they are in; last: the text is
 * over.
 */
struct mime_events {
	void (*head)(void *ctx, struct mime_part *p, const char *head, size_t n,
	    bool blank, bool text_follows);
	void (*text)(void *ctx, struct mime_part *p, const char *s, size_t n);
	void (*line_end)(void *ctx, struct mime_part *p);
	void (*delimiter)(void *ctx, struct mime_part *p, const char *s,
	    size_t n, bool line_open);
	void (*end)(void *ctx, struct mime_part *p, struct mime_part *parent,
	    bool last);
};

struct mime_parser;

struct mime_parser *mime_parser_new(
    const struct mime_events *on, void *ctx, bool seven_bit);
void mime_parser_feed(struct mime_parser *ps, const char *p, size_t n);
void mime_parser_end(struct mime_parser *ps);
void mime_parser_free(struct mime_parser *ps); /* takes NULL */

/* ---- mime: the plan */

/* What becomes of a part. */
struct mime_edit {
	uint32_t number;
	unsigned char code;    /* enum mime_code, of its own text */
	unsigned char label;   /* enum mime_label; NONE: as it is */
	unsigned char charset; /* enum mime_charset */
	unsigned char flags;   /* MIME_EDIT_ .. */
};
_Static_assert(sizeof(struct mime_edit) == 8, "thousands are kept");

enum {
	MIME_EDIT_TYPE = 1,    /* set_type */
	MIME_EDIT_COUNTS = 2,  /* drop_counts */
	MIME_EDIT_NO_TYPE = 4, /* add_type */
	MIME_EDIT_VERSION = 8  /* add_version */
};

struct mime_plan {
	bool seven_bit, eight_bit, measured;
	uint64_t size;
	struct mime_edit *v; /* by number */
	size_t n, cap;
	unsigned reasons; /* MIME_FOR_ .. */
};

enum {
	MIME_FOR_EIGHT_BIT = 1,
	MIME_FOR_LONG_LINE = 2,
	MIME_FOR_NUL = 4,
	MIME_FOR_BINARY = 8,
	MIME_FOR_HEADER = 16
};

#endif
