/* SPDX-License-Identifier: ISC */
/*
 * loop: one poll(2) over descriptors and timers. Call-backs may add and
 * remove either, their own included.
 *
 * Must not know: mail, what a descriptor carries.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop;

/* events: what is ready; an error or hang-up shows as what was asked for. */
typedef void loop_fd_fn(void *ctx, int fd, unsigned events);
typedef void loop_timer_fn(void *ctx);

/*
 * Owned by its user, who begins it with {0} and must loop_timer_stop() it
 * before it goes.
 */
struct loop_timer {
	int64_t due; /* milliseconds of sys_mono(); private */
	loop_timer_fn *fn;
	void *ctx;
	struct loop_timer *next;
	bool on;
};

struct loop *loop_new(void);
void loop_free(struct loop *l); /* takes NULL; descriptors stay open */

/* Watch fd for events, instead of what was set before; 0 forgets it. */
void loop_watch(
    struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *ctx);

/* Call fn(ctx) once at due, an instant of sys_mono(); replaces an earlier. */
void loop_timer_start(struct loop *l, struct loop_timer *t, int64_t due,
    loop_timer_fn *fn, void *ctx);
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/* The instant at which the current turn began (sys_mono). */
int64_t loop_now(const struct loop *l);

/* Turn until loop_stop() was called or nothing is left to wait for. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

#endif
