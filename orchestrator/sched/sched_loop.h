/*
 * The event loop of the scheduler: its ticks, and the signals of people. Belongs to sched.c.
 */
#ifndef DELTAM_SCHED_LOOP_H
#define DELTAM_SCHED_LOOP_H

#include <stdbool.h>
#include <uv.h>
#include "common/err.h"

#define SCHED_SIGNALS 4

struct sched_loop_ops {
	void (*tick)(void *arg);
	void (*interrupt)(void *arg); /* SIGINT, SIGTERM or SIGHUP has come */
	void (*pass_on)(void *arg, int signal); /* to every worker */
};

/* The caller sets the first two members. */
struct sched_loop {
	const struct sched_loop_ops *ops;
	void *arg;
	uv_loop_t loop;
	uv_timer_t timer;
	uv_signal_t signals[SCHED_SIGNALS];
	int watched; /* how many of the signals */
};

/* Ticks and watches signals from now on. ERR_SYS: nothing is left of it. */
MUST_CHECK int sched_loop_begin(struct sched_loop *l, int tick_ms, struct err *e);
/* Runs until sched_loop_end was called and every process is closed. */
void sched_loop_run(struct sched_loop *l);
void sched_loop_end(struct sched_loop *l);

#endif
