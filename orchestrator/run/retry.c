#include "orchestrator/run/retry.h"

#include <stddef.h>

struct retry_job {
	struct retry_job *next;
	int64_t job;
	struct retry_backoff backoff;
};

static int wait_ticks(int rounds)
{
	int ticks = rounds > 1 ? 1 : 0;

	for (int i = 2; i < rounds && ticks < RETRY_TICKS_MAX; i++)
		ticks *= 2;
	return ticks < RETRY_TICKS_MAX ? ticks : RETRY_TICKS_MAX;
}

/* Another attempt of the same round may have been counted already. */
static void count(struct retry_backoff *b, int rounds, int64_t now)
{
	if (rounds != b->rounds)
		return;
	b->rounds++;
	b->until = now + wait_ticks(b->rounds);
}

static int left(const struct retry_backoff *b, int64_t now)
{
	return b->until > now ? (int)(b->until - now) : 0;
}

static struct retry_job *find(const struct retry *r, int64_t job)
{
	struct retry_job *x = r->jobs;

	while (x && x->job != job)
		x = x->next;
	return x;
}

static struct retry_job *add(struct retry *r, int64_t job)
{
	struct retry_job *x = NEW(r->arena, struct retry_job);

	x->job = job;
	x->next = r->jobs;
	r->jobs = x;
	return x;
}

int retry_left(const struct retry *r, int64_t job)
{
	const struct retry_job *x = find(r, job);
	int all = left(&r->all, r->now);
	int own = x ? left(&x->backoff, r->now) : 0;

	return own > all ? own : all;
}

bool retry_may(void *retry, int64_t job)
{
	struct retry *r = retry;
	bool may = retry_left(r, job) == 0;

	r->early |= !may;
	return may;
}

struct retry_mark retry_begin(const struct retry *r, int64_t job)
{
	const struct retry_job *x = find(r, job);

	return (struct retry_mark){ x ? x->backoff.rounds : 0, r->all.rounds };
}

void retry_forget(struct retry *r, int64_t job)
{
	struct retry_job **at = &r->jobs;

	while (*at && (*at)->job != job)
		at = &(*at)->next;
	if (*at)
		*at = (*at)->next;
}

void retry_worth(struct retry *r, int64_t job)
{
	retry_forget(r, job);
	r->all = (struct retry_backoff){ 0 };
	r->proven = true;
}

void retry_in_vain(struct retry *r, int64_t job, struct retry_mark began, bool died)
{
	struct retry_job *x = find(r, job);

	count(x ? &x->backoff : &add(r, job)->backoff, began.rounds_job, r->now);
	if (died)
		count(&r->all, began.rounds_all, r->now);
}

bool retry_hopeless(const struct retry *r)
{
	return !r->proven && r->all.rounds >= RETRY_ROUNDS_MAX;
}
