/*
 * When attempts follow attempts that brought nothing. A job waits 0, 1, 2, 4 ... ticks of
 * the scheduler, RETRY_TICKS_MAX at most, while others go on. All jobs together wait in the
 * same way where processes die of themselves, one after another, whatever their job: the
 * machine has no memory left, or the worker is broken.
 *
 * Attempts that were begun together are one round: a machine that kills all its workers at
 * once is one misfortune, not as many as there are workers. Ticks are counted here, so no
 * clock is read, and the time that a machine sleeps is not taken for waiting.
 */
#ifndef DELTAM_RETRY_H
#define DELTAM_RETRY_H

#include <stdbool.h>
#include <stdint.h>
#include "common/arena.h"

#define RETRY_TICKS_MAX 60
#define RETRY_ROUNDS_MAX 8 /* in vain from the start: more would not help */

struct retry_backoff {
	int rounds; /* in vain, one after another */
	int64_t until; /* the tick from which on the next may begin */
};

struct retry_job;

struct retry {
	struct arena *arena;
	int64_t now; /* ticks since the run began */
	bool proven; /* some attempt of the run brought something */
	bool early; /* retry_may has refused something since this was last set to false */
	struct retry_backoff all;
	struct retry_job *jobs; /* a list: those whose last attempt was in vain */
};

/* What an attempt must remember from its beginning to its end. */
struct retry_mark {
	int rounds_job, rounds_all;
};

/* Whether an attempt at the job may begin now (a store_filter of a struct retry). */
bool retry_may(void *retry, int64_t job);

/* Ticks until it may; 0: now. */
int retry_left(const struct retry *r, int64_t job);

struct retry_mark retry_begin(const struct retry *r, int64_t job);

/* The attempt has brought something. */
void retry_worth(struct retry *r, int64_t job);

/* It has not. died: its process may have died of something that would kill others, too. */
void retry_in_vain(struct retry *r, int64_t job, struct retry_mark began, bool died);

/* No attempt at the job will follow. */
void retry_forget(struct retry *r, int64_t job);

/* Whether nothing has ever worked in this run, often enough to give it up. */
bool retry_hopeless(const struct retry *r);

#endif
