/* SPDX-License-Identifier: ISC */
/*
 * stream: octets that come, octets that go. A floor that must not open
 * anything takes a source or a sink; this module makes them of descriptors
 * and of memory.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include "base/buf.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * A source: read() fills at most n octets and returns how many, 0 at the end,
 * -1 with errno set on failure. It may block.
 */
struct stream_source {
	ssize_t (*read)(struct stream_source *s, void *p, size_t n);
	int fd;		 /* stream_from_fd() */
	const char *mem; /* stream_from_mem() */
	size_t left;
};

/* A sink: write() takes all n octets, or returns -1 with errno set. */
struct stream_sink {
	int (*write)(struct stream_sink *s, const void *p, size_t n);
	int fd;		 /* stream_to_fd() */
	struct buf *buf; /* stream_to_buf() */
};

/* Read fd from where it stands; EINTR is retried. fd stays the caller's. */
struct stream_source stream_from_fd(int fd);

/* Read n octets at p, which must stay. */
struct stream_source stream_from_mem(const void *p, size_t n);

/* Write to fd; short writes are completed. fd stays the caller's. */
struct stream_sink stream_to_fd(int fd);

/* Append to b; a full b fails with EFBIG. */
struct stream_sink stream_to_buf(struct buf *b);

#endif
