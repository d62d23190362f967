/* SPDX-License-Identifier: ISC */
/*
 * probe_names: the addresses of a host, as libcurl will look them up, too. The
 * resolver has no deadline of ours, so it works in a child, which is ended
 * where it takes too long. The child writes the addresses, or "!CLASS text".
 */
#include "core/probe_part.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stream.h"
#include "base/sys.h"

struct lookup {
	struct loop *loop;
	const char *host;
	struct buf answer;
	bool ended, late;
};

/* ---- the child */

static void
add_address(struct buf *b, const struct addrinfo *a)
{
	char text[NI_MAXHOST];
	size_t len = b->len;

	if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0,
		NI_NUMERICHOST) != 0)
		return;
	if (len > 0)
		buf_add_str(b, ", ");
	if (!buf_add_str(b, text)) {
		b->data[len] = '\0'; /* that much is enough to be seen */
		b->len = len;
	}
}

static void
look_up(int fd, void *ctx)
{
	const struct lookup *k = ctx;
	const struct addrinfo how = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	struct stream_sink out = stream_to_fd(fd);
	struct addrinfo *list = NULL, *a;
	struct buf b;
	int r;

	buf_init(&b, k->answer.max);
	r = getaddrinfo(k->host, NULL, &how, &list);
	if (r != 0)
		buf_add_fmt(&b, "!%c%s",
		    r == EAI_NONAME || r == EAI_NODATA ? 'C' : 'L',
		    r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
	for (a = list; a != NULL; a = a->ai_next)
		add_address(&b, a);
	out.write(&out, b.data, b.len);
	buf_clear(&b);
	if (list != NULL)
		freeaddrinfo(list);
}

/* ---- the parent */

static void
read_answer(void *ctx, int fd, unsigned events)
{
	struct lookup *k = ctx;
	char room[512];
	ssize_t n;

	(void)events;
	while ((n = read(fd, room, sizeof(room))) > 0)
		buf_add(&k->answer, room, (size_t)n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	k->ended = true;
	loop_stop(k->loop);
}

static void
be_late(void *ctx)
{
	struct lookup *k = ctx;

	k->late = true;
	loop_stop(k->loop);
}

static bool
fail(struct outcome *o, enum outcome_class class, const char *host,
    const char *why)
{
	char *text = mem_printf("%s: %s", host, why);

	outcome_set(o, OUTCOME_LATER, class, OUTCOME_AT_CONNECT, 0, text);
	o->ours = true;
	mem_replace(&text, NULL);
	return false;
}

/* What the child has said, or why it has not. */
static bool
take(const struct lookup *k, int64_t ms, char *out, size_t size,
    struct outcome *o)
{
	struct buf b;

	if (k->ended && k->answer.len > 2 && k->answer.data[0] == '!')
		return fail(o,
		    k->answer.data[1] == 'C' ? OUTCOME_CLASS_C
					     : OUTCOME_CLASS_L,
		    k->host, k->answer.data + 2);
	if (k->ended && k->answer.len > 0) {
		snprintf(out, size, "%s", k->answer.data);
		return true;
	}
	buf_init(&b, 128);
	buf_add_str(&b, "no answer to the look-up");
	if (k->late) {
		buf_add_str(&b, " within ");
		text_add_duration(&b, ms);
	}
	fail(o, OUTCOME_CLASS_L, k->host, b.data);
	buf_clear(&b);
	return false;
}

bool
probe_names(struct loop *l, const char *host, int64_t ms, char *out,
    size_t size, struct outcome *o)
{
	struct lookup k = { .loop = l, .host = host };
	struct loop_timer timer = { 0 };
	struct err e = ERR_NONE;
	pid_t pid;
	bool ok;
	int fd;

	buf_init(&k.answer, size - 1);
	if (sys_child(look_up, &k, false, &pid, &fd, &e) != 0)
		return fail(o, OUTCOME_CLASS_L, host, e.text);
	loop_watch(l, fd, LOOP_READ, read_answer, &k);
	loop_timer_start(l, &timer, sys_mono() + ms, be_late, &k);
	while (!k.ended && !k.late)
		loop_run(l);
	loop_timer_stop(l, &timer);
	loop_watch(l, fd, 0, NULL, NULL);
	close(fd);
	if (k.late)
		kill(pid, SIGKILL);
	sys_reap(pid);
	ok = take(&k, ms, out, size, o);
	buf_clear(&k.answer);
	return ok;
}
