/* SPDX-License-Identifier: ISC */
/*
 * listen: a small HTTP server on loopback for one redirect.
 *
 * A connection goes through three states:
 *
 *   HEAD    collect the request up to its empty line. Bounded in octets and in
 *           time: the whole of it, not each piece, so that dripping gains
 *           nothing
 *   ANSWER  write the page
 *   LINGER  our side is shut; what the client still sends is read and thrown
 *           away until it closes, too. A close(2) over unread octets would
 *           reset the connection, and the browser might lose the page
 *
 * The table is small. Where it is full, a newcomer takes the place of the
 * oldest connection, first of one that has sent no whole head yet: browsers
 * open connections in advance and leave them silent, and a flood of others is
 * pushed out by the one that has something to say.
 *
 * Each answer ends its connection, whatever the client would like.
 */
#include "gate/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/text.h"

enum {
	CONNECTIONS = 32,
	ADDRESSES = 2,
	BACKLOG = 64,
	PORT_TRIES = 16,      /* for one that is free on both addresses */
	HEAD_MAX = 64 * 1024, /* codes are long, and so are others' cookies */
	HEAD_WAIT = 5 * 1000, /* ms */
	ANSWER_WAIT = 5 * 1000,
	LINGER_WAIT = 2 * 1000,
	ACCEPT_PAUSE = 100 /* where descriptors are short */
};

enum state { FREE, HEAD, ANSWER, LINGER };

struct connection {
	struct listen *listen;
	enum state state;
	int fd;
	uint64_t born;
	struct loop_timer deadline;
	struct buf in, out;
};

struct listen {
	struct loop *loop;
	int fds[ADDRESSES];
	size_t n_fds;
	unsigned port;
	char *path;
	listen_fn *fn;
	void *ctx;
	uint64_t accepted;
	struct loop_timer pause;
	struct connection v[CONNECTIONS];
};

static void on_ready(void *ctx, int fd, unsigned events);

/* ---- pages */

static void
add_escaped(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '&':
			buf_add_str(b, "&amp;");
			break;
		case '<':
			buf_add_str(b, "&lt;");
			break;
		case '>':
			buf_add_str(b, "&gt;");
			break;
		case '"':
			buf_add_str(b, "&quot;");
			break;
		case '\'':
			buf_add_str(b, "&#39;");
			break;
		default:
			buf_add_char(b, *s);
		}
	}
}

static void
add_page(struct buf *b, const struct listen_page *p)
{
	buf_add_str(b,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<title>");
	add_escaped(b, p->title);
	buf_add_str(b, "</title>\n</head>\n<body>\n<h1>");
	add_escaped(b, p->title);
	buf_add_str(b, "</h1>\n<p>");
	add_escaped(b, p->text);
	buf_add_str(b, "</p>\n</body>\n</html>\n");
}

static const char *
reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 431:
		return "Request Header Fields Too Large";
	default:
		return status / 100 == 5 ? "Trouble" : "Bad Request";
	}
}

/* The whole answer; to a HEAD without its body. */
static void
add_answer(struct buf *b, const struct listen_page *p, bool with_body)
{
	struct buf body;

	buf_init(&body, SIZE_MAX);
	add_page(&body, p);
	buf_add_fmt(b, "HTTP/1.1 %d %s\r\n", p->status, reason(p->status));
	if (p->status == 405)
		buf_add_str(b, "Allow: GET\r\n");
	buf_add_fmt(b,
	    "Content-Type: text/html; charset=utf-8\r\n"
	    "Content-Length: %zu\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Security-Policy: default-src 'none'\r\n"
	    "Referrer-Policy: no-referrer\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Connection: close\r\n\r\n",
	    body.len);
	if (with_body)
		buf_add(b, body.data, body.len);
	buf_clear(&body);
}

/* ---- connections */

static void
drop(struct connection *c)
{
	loop_timer_stop(c->listen->loop, &c->deadline);
	loop_watch(c->listen->loop, c->fd, 0, NULL, NULL);
	close(c->fd);
	/* A code may be in it. */
	buf_wipe(c->in.data, c->in.len);
	buf_clear(&c->in);
	buf_clear(&c->out);
	c->state = FREE;
}

static void
on_deadline(void *ctx)
{
	drop(ctx);
}

static void
enter(struct connection *c, enum state state, unsigned events, int64_t wait)
{
	struct loop *l = c->listen->loop;

	c->state = state;
	loop_watch(l, c->fd, events, on_ready, c);
	loop_timer_start(l, &c->deadline, sys_mono() + wait, on_deadline, c);
}

/* Did the last call only find that it would have to wait? */
static bool
must_wait(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void
write_on(struct connection *c)
{
	ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);

	if (n < 0) {
		if (!must_wait())
			drop(c);
		return;
	}
	buf_drop(&c->out, (size_t)n);
	if (c->out.len > 0)
		return;
	if (shutdown(c->fd, SHUT_WR) == 0)
		enter(c, LINGER, LOOP_READ, LINGER_WAIT);
	else
		drop(c);
}

static void
answer(struct connection *c, const struct listen_page *p, bool with_body)
{
	add_answer(&c->out, p, with_body);
	enter(c, ANSWER, LOOP_WRITE, ANSWER_WAIT);
	write_on(c);
}

/*
 * Cut the first line of the head into method, path and query, in place. False
 * if it is no request line: NULs and other controls are in none.
 */
static bool
cut_request(struct buf *in, char **method, char **path, char **query)
{
	size_t n = 0;
	char *line = in->data, *space, *mark;

	while (n < in->len && line[n] != '\n')
		n++;
	if (n > 0 && line[n - 1] == '\r')
		n--;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			return false;
	line[n] = '\0';
	*method = line;
	if ((space = strchr(line, ' ')) == NULL)
		return false;
	*space = '\0';
	*path = space + 1;
	if ((space = strchr(*path, ' ')) == NULL ||
	    !text_starts(space + 1, "HTTP/1."))
		return false;
	*space = '\0';
	mark = strchr(*path, '?');
	*query = mark != NULL ? mark + 1 : space;
	if (mark != NULL)
		*mark = '\0';
	return true;
}

/* The head is whole. */
static void
take_request(struct connection *c)
{
	static const struct listen_page bad = { 400, "Not understood",
		"This was no request of a browser." };
	static const struct listen_page absent = { 404, "Nothing here",
		"This address is there for the end of a login alone." };
	static const struct listen_page unasked = { 405, "Not like this",
		"This address is only to be looked at." };
	struct listen *s = c->listen;
	char *method, *path, *query;
	struct listen_page p;
	bool head;

	if (!cut_request(&c->in, &method, &path, &query)) {
		answer(c, &bad, true);
		return;
	}
	head = strcmp(method, "HEAD") == 0;
	if (strcmp(path, s->path) != 0)
		p = absent;
	else if (strcmp(method, "GET") != 0)
		p = unasked;
	else
		p = s->fn(s->ctx, query);
	answer(c, &p, !head);
}

/* Is there an empty line in what came, at or behind from? */
static bool
has_end(const struct buf *in, size_t from)
{
	for (size_t i = from; i < in->len; i++) {
		if (in->data[i] != '\n')
			continue;
		if (i >= 1 && in->data[i - 1] == '\n')
			return true;
		if (i >= 2 && in->data[i - 1] == '\r' &&
		    in->data[i - 2] == '\n')
			return true;
	}
	return false;
}

static void
read_on(struct connection *c)
{
	static const struct listen_page long_head = { 431, "Too long",
		"The request is longer than any that belongs here." };
	char piece[8192];
	ssize_t n = recv(c->fd, piece, sizeof(piece), 0);
	size_t before = c->in.len;

	if (n < 0 && must_wait())
		return;
	if (n <= 0)
		drop(c);
	else if (c->state == LINGER)
		return;
	else if (!buf_add(&c->in, piece, (size_t)n))
		answer(c, &long_head, true);
	else if (has_end(&c->in, before))
		take_request(c);
	buf_wipe(piece, sizeof(piece));
}

static void
on_ready(void *ctx, int fd, unsigned events)
{
	struct connection *c = ctx;

	(void)fd;
	(void)events;
	if (c->state == ANSWER)
		write_on(c);
	else
		read_on(c);
}

/* ---- accepting */

/* The oldest of those in that state, or NULL. */
static struct connection *
oldest(struct listen *s, enum state state)
{
	struct connection *found = NULL;

	for (size_t i = 0; i < CONNECTIONS; i++)
		if (s->v[i].state == state &&
		    (found == NULL || s->v[i].born < found->born))
			found = &s->v[i];
	return found;
}

/* Room for one more. */
static struct connection *
make_room(struct listen *s)
{
	static const enum state order[] = { FREE, HEAD, LINGER, ANSWER };
	struct connection *c = NULL;

	for (size_t i = 0; c == NULL; i++)
		c = oldest(s, order[i]);
	if (c->state != FREE)
		drop(c);
	return c;
}

static void on_caller(void *ctx, int fd, unsigned events);

static void
watch_callers(struct listen *s, unsigned events)
{
	for (size_t i = 0; i < s->n_fds; i++)
		loop_watch(s->loop, s->fds[i], events, on_caller, s);
}

static void
on_pause_over(void *ctx)
{
	watch_callers(ctx, LOOP_READ);
}

static void
on_caller(void *ctx, int fd, unsigned events)
{
	struct listen *s = ctx;
	struct connection *c;
	int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (got == -1) {
		/* Whoever hung up already is no trouble; want of descriptors
		 * would be found again at once. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS) {
			watch_callers(s, 0);
			loop_timer_start(s->loop, &s->pause,
			    sys_mono() + ACCEPT_PAUSE, on_pause_over, s);
		}
		return;
	}
	c = make_room(s);
	c->fd = got;
	c->born = ++s->accepted;
	buf_init(&c->in, HEAD_MAX);
	buf_init(&c->out, SIZE_MAX);
	enter(c, HEAD, LOOP_READ, HEAD_WAIT);
}

/* ---- opening */

static bool
wants(const char *host, const char *address)
{
	return strcmp(host, address) == 0 || strcmp(host, "localhost") == 0;
}

static unsigned
port_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t n = sizeof(at);

	if (getsockname(fd, (struct sockaddr *)&at, &n) == -1)
		return 0;
	if (at.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
	return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

/* A listening socket, or -1 with errno. */
static int
listen_at(int family, unsigned port)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, rc, saved;

	if (fd == -1)
		return -1;
	/* A login before ours may have left its port in TIME_WAIT. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		rc = bind(fd, (struct sockaddr *)&six, sizeof(six));
	} else {
		rc = bind(fd, (struct sockaddr *)&four, sizeof(four));
	}
	if (rc == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void
close_all(struct listen *s)
{
	while (s->n_fds > 0) {
		int fd = s->fds[--s->n_fds];

		loop_watch(s->loop, fd, 0, NULL, NULL);
		close(fd);
	}
}

/* Listen at all addresses of host, on one port. errno on failure. */
static bool
open_all(struct listen *s, const char *host, unsigned port)
{
	static const struct {
		const char *address;
		int family;
	} known[ADDRESSES] = { { "127.0.0.1", AF_INET }, { "::1", AF_INET6 } };
	int fd;

	s->port = port;
	for (size_t i = 0; i < ADDRESSES; i++) {
		if (!wants(host, known[i].address))
			continue;
		fd = listen_at(known[i].family, s->port);
		if (fd == -1) {
			/* A host without IPv6 has localhost all the same. */
			if (s->n_fds > 0 &&
			    (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
				continue;
			return false;
		}
		s->fds[s->n_fds++] = fd;
		s->port = port_of(fd);
	}
	return true;
}

static int
open_failed(const char *host, unsigned port, int errnum, struct err *e)
{
	if (errnum == EADDRINUSE && port != 0)
		return err_set(e, EX_UNAVAILABLE,
		    "listen: %s:%u: the port is in use (\"ss -ltnp\" tells by "
		    "whom)",
		    host, port);
	return err_set_errno(e, EX_OSERR, errnum, "listen: %s:%u", host, port);
}

int
listen_open(struct loop *l, const char *host, unsigned port, const char *path,
    listen_fn *fn, void *ctx, struct listen **out, struct err *e)
{
	struct listen *s;
	bool ok = false;
	int errnum = 0;

	*out = NULL;
	if (!wants(host, "127.0.0.1") && !wants(host, "::1"))
		return err_set(e, EX_CONFIG,
		    "listen: \"%.100s\": must be 127.0.0.1, localhost or ::1",
		    host);
	s = mem_new(1, sizeof(*s));
	s->loop = l;
	for (unsigned i = 0; i < PORT_TRIES && !ok; i++) {
		ok = open_all(s, host, port);
		errnum = errno;
		if (!ok)
			close_all(s);
		if (errnum != EADDRINUSE || port != 0)
			break;
	}
	if (!ok) {
		free(s);
		return open_failed(host, port, errnum, e);
	}
	s->path = mem_dup(path);
	s->fn = fn;
	s->ctx = ctx;
	for (size_t i = 0; i < CONNECTIONS; i++)
		s->v[i].listen = s;
	watch_callers(s, LOOP_READ);
	*out = s;
	return 0;
}

unsigned
listen_port(const struct listen *s)
{
	return s->port;
}

bool
listen_is_idle(const struct listen *s)
{
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (s->v[i].state == ANSWER || s->v[i].state == LINGER)
			return false;
	return true;
}

void
listen_close(struct listen *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (s->v[i].state != FREE)
			drop(&s->v[i]);
	loop_timer_stop(s->loop, &s->pause);
	close_all(s);
	free(s->path);
	free(s);
}
