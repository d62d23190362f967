/* SPDX-License-Identifier: ISC */
/*
 * loop: one poll(2) over descriptors and timers.
 *
 * Watches stand in a table by descriptor. A turn polls a copy of it, so that
 * call-backs may change the table; before each call-back the table is looked
 * at again. A watch that was begun in this very turn waits for the next: its
 * descriptor may have the number of one closed a moment ago, whose events we
 * still hold.
 *
 * Timers wait in order of due time. Those that a turn finds due first move to
 * a second list, so that a timer which is started anew for at once waits for
 * the next turn and cannot starve the descriptors.
 */

#include "base/loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"

struct loop_watch {
	unsigned events; /* 0: none */
	uint64_t born;	 /* the turn in which it was begun */
	loop_fd_fn *fn;
	void *ctx;
};

struct loop {
	struct loop_watch *watches; /* by descriptor */
	size_t n_watches;
	struct pollfd *polled; /* room for n_watches, in a turn */
	struct loop_timer *waiting;
	struct loop_timer *ripe;
	int64_t now;
	uint64_t turn;
	bool stopped;
};

struct loop *
loop_new(void)
{
	struct loop *l = mem_new(1, sizeof(*l));

	l->now = sys_mono();
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	free(l->watches);
	free(l->polled);
	free(l);
}

void
loop_watch(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *ctx)
{
	struct loop_watch *w;

	err_bug_if(fd < 0);
	if ((size_t)fd >= l->n_watches && events != 0) {
		l->watches =
		    mem_grow(l->watches, (size_t)fd + 1, sizeof(*l->watches));
		while (l->n_watches <= (size_t)fd)
			l->watches[l->n_watches++] = (struct loop_watch){ 0 };
	}
	if ((size_t)fd >= l->n_watches)
		return;
	w = &l->watches[fd];
	if (w->events == 0)
		w->born = l->turn;
	w->events = events;
	w->fn = fn;
	w->ctx = ctx;
}

void
loop_timer_start(struct loop *l, struct loop_timer *t, int64_t due,
    loop_timer_fn *fn, void *ctx)
{
	struct loop_timer **at = &l->waiting;

	loop_timer_stop(l, t);
	/* Behind those of the same instant: first started, first called. */
	while (*at != NULL && (*at)->due <= due)
		at = &(*at)->next;
	*t = (struct loop_timer){
		.due = due, .fn = fn, .ctx = ctx, .next = *at, .on = true
	};
	*at = t;
}

/* Take t out of the list; false if it is not there. */
static bool
loop_unlink(struct loop_timer **list, struct loop_timer *t)
{
	while (*list != NULL && *list != t)
		list = &(*list)->next;
	if (*list == NULL)
		return false;
	*list = t->next;
	t->next = NULL;
	t->on = false;
	return true;
}

void
loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	if (t->on && !loop_unlink(&l->waiting, t))
		err_bug_if(!loop_unlink(&l->ripe, t));
}

int64_t
loop_now(const struct loop *l)
{
	return l->now;
}

/* Milliseconds that poll(2) may wait; -1 for ever. */
static int
loop_patience(const struct loop *l)
{
	int64_t due, now;

	if (l->ripe != NULL)
		return 0;
	if (l->waiting == NULL)
		return -1;
	due = l->waiting->due;
	now = sys_mono();
	if (due <= now)
		return 0;
	return due - now < INT_MAX ? (int)(due - now) : INT_MAX;
}

/* List what to poll; returns how many. */
static nfds_t
loop_list(struct loop *l)
{
	struct pollfd *p;
	nfds_t n = 0;
	size_t fd;

	l->polled = mem_grow(l->polled, l->n_watches, sizeof(*l->polled));
	for (fd = 0; fd < l->n_watches; fd++) {
		if (l->watches[fd].events == 0)
			continue;
		p = &l->polled[n++];
		*p = (struct pollfd){ .fd = (int)fd };
		if (l->watches[fd].events & LOOP_READ)
			p->events |= POLLIN;
		if (l->watches[fd].events & LOOP_WRITE)
			p->events |= POLLOUT;
	}
	return n;
}

static void
loop_call_watch(struct loop *l, const struct pollfd *p)
{
	/* A copy: the call-back may make the table move. */
	struct loop_watch w = l->watches[p->fd];
	unsigned events = 0;

	if (w.born == l->turn)
		return;
	if (p->revents & POLLIN)
		events |= LOOP_READ;
	if (p->revents & POLLOUT)
		events |= LOOP_WRITE;
	if (p->revents & (POLLERR | POLLHUP | POLLNVAL))
		events |= LOOP_READ | LOOP_WRITE;
	events &= w.events;
	if (events != 0)
		w.fn(w.ctx, p->fd, events);
}

/* Move what is due to the ripe list, behind what an earlier turn left. */
static void
loop_ripen(struct loop *l)
{
	struct loop_timer **end = &l->ripe;
	struct loop_timer *t;

	while (*end != NULL)
		end = &(*end)->next;
	while ((t = l->waiting) != NULL && t->due <= l->now) {
		l->waiting = t->next;
		t->next = NULL;
		*end = t;
		end = &t->next;
	}
}

/*
 * Descriptors first: what arrived in time counts, even if the timer that
 * bounds the wait for it is due as well.
 */
static void
loop_turn(struct loop *l)
{
	nfds_t n = loop_list(l), i;
	int ready = poll(l->polled, n, loop_patience(l));
	struct loop_timer *t;

	err_bug_if(ready == -1 && errno != EINTR && errno != EAGAIN);
	l->now = sys_mono();
	l->turn++;
	for (i = 0; i < n && ready > 0 && !l->stopped; i++) {
		if (l->polled[i].revents != 0)
			loop_call_watch(l, &l->polled[i]);
	}
	loop_ripen(l);
	while ((t = l->ripe) != NULL && !l->stopped) {
		loop_unlink(&l->ripe, t);
		t->fn(t->ctx);
	}
}

/* Is there anything left that could happen? */
static bool
loop_is_idle(const struct loop *l)
{
	size_t fd;

	for (fd = 0; fd < l->n_watches; fd++) {
		if (l->watches[fd].events != 0)
			return false;
	}
	return l->waiting == NULL && l->ripe == NULL;
}

void
loop_run(struct loop *l)
{
	while (!l->stopped && !loop_is_idle(l))
		loop_turn(l);
	l->stopped = false;
}

void
loop_stop(struct loop *l)
{
	l->stopped = true;
}
