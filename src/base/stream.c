/* SPDX-License-Identifier: ISC */
/*
 * stream: octets that come, octets that go.
 *
 * A descriptor that we were handed may be non-blocking without our doing (a
 * terminal or pipe shared with another program); where it would block, we
 * wait for it.
 */

#include "base/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Is what errno says worth another try, now that fd is ready? */
static bool
stream_can_retry(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (errno == EINTR)
		return true;
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return false;
	return poll(&p, 1, -1) != -1 || errno == EINTR;
}

static ssize_t
stream_read_fd(struct stream_source *s, void *p, size_t n)
{
	ssize_t got;

	do
		got = read(s->fd, p, n);
	while (got == -1 && stream_can_retry(s->fd, POLLIN));
	return got;
}

static ssize_t
stream_read_mem(struct stream_source *s, void *p, size_t n)
{
	if (n > s->left)
		n = s->left;
	if (n > 0) {
		memcpy(p, s->mem, n);
		s->mem += n;
		s->left -= n;
	}
	return (ssize_t)n;
}

static int
stream_write_fd(struct stream_sink *s, const void *p, size_t n)
{
	const char *at = p;
	ssize_t put;

	while (n > 0) {
		put = write(s->fd, at, n);
		if (put == -1) {
			if (!stream_can_retry(s->fd, POLLOUT))
				return -1;
			continue;
		}
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

static int
stream_write_buf(struct stream_sink *s, const void *p, size_t n)
{
	if (buf_add(s->buf, p, n))
		return 0;
	errno = EFBIG;
	return -1;
}

struct stream_source
stream_from_fd(int fd)
{
	return (struct stream_source){ .read = stream_read_fd, .fd = fd };
}

struct stream_source
stream_from_mem(const void *p, size_t n)
{
	return (struct stream_source){
		.read = stream_read_mem, .fd = -1, .mem = p, .left = n
	};
}

struct stream_sink
stream_to_fd(int fd)
{
	return (struct stream_sink){ .write = stream_write_fd, .fd = fd };
}

struct stream_sink
stream_to_buf(struct buf *b)
{
	return (struct stream_sink){
		.write = stream_write_buf, .fd = -1, .buf = b
	};
}
