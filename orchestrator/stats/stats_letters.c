/* Letters for what cannot be told apart: Piepho 2004, insertion and absorption. */
#include <math.h>
#include <string.h>
#include "orchestrator/stats/stats_paired.h"

/* Sets of things of which no two differ; a row of n a set. */
struct letter_sets {
	int n, count;
	bool *has;
	const double *cost;
	struct arena *arena;
};

static bool *set_at(const struct letter_sets *s, int i)
{
	return s->has + (size_t)i * s->n;
}

static bool is_inside(int n, const bool *a, const bool *b)
{
	for (int i = 0; i < n; i++)
		if (a[i] && !b[i])
			return false;
	return true;
}

/* Drops every set that lies inside another one; of equal ones the first stays. */
static void absorb(struct letter_sets *s)
{
	int kept = 0;

	for (int i = 0; i < s->count; i++) {
		bool needed = true;

		for (int k = 0; k < s->count && needed; k++)
			needed = k == i ||
				!is_inside(s->n, set_at(s, i), set_at(s, k)) ||
				(k > i && is_inside(s->n, set_at(s, k), set_at(s, i)));
		/* What was dropped before i is inside of something that stays. */
		if (needed)
			memmove(set_at(s, kept++), set_at(s, i), (size_t)s->n);
	}
	s->count = kept;
}

/* Things i and k differ: every set with both becomes one without i and one without k. */
static void insert(struct letter_sets *s, int i, int k)
{
	int count = s->count;

	for (int j = 0; j < count; j++) {
		bool *old = set_at(s, j);
		bool *other;

		if (!old[i] || !old[k])
			continue;
		other = set_at(s, s->count++);
		memcpy(other, old, (size_t)s->n);
		old[i] = false;
		other[k] = false;
	}
	absorb(s);
}

/* First is the set with the lowest cost that the other one has not. */
static bool comes_before(const struct letter_sets *s, int a, int b)
{
	int lowest = -1;

	for (int i = 0; i < s->n; i++)
		if (set_at(s, a)[i] != set_at(s, b)[i] &&
			(lowest < 0 || s->cost[i] < s->cost[lowest]))
			lowest = i;
	return lowest >= 0 && set_at(s, a)[lowest];
}

/* The place of set i among the sets. */
static int place_of(const struct letter_sets *s, int i)
{
	int place = 0;

	for (int k = 0; k < s->count; k++)
		place += comes_before(s, k, i);
	return place;
}

static void spell(const struct letter_sets *s, const char **letter)
{
	char(*text)[STATS_LETTERS + 1] =
		arena_alloc(s->arena, (size_t)s->n, sizeof(*text));
	int set[STATS_LETTERS];

	for (int i = 0; i < s->count; i++)
		set[place_of(s, i)] = i;
	for (int i = 0; i < s->n; i++) {
		int length = 0;

		for (int place = 0; place < s->count; place++)
			if (set_at(s, set[place])[i])
				text[i][length++] = "abcdefghijklmnopqrstuvwxyz"
						    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place];
		letter[i] = text[i];
	}
}

bool stats_letters(int n, const bool *differ, const double *cost, struct arena *a,
	const char **letter)
{
	struct letter_sets s = { .n = n,
		.count = 1,
		.has = NEW_ARRAY(a, bool, 2 * STATS_LETTERS * n + 1),
		.cost = cost,
		.arena = a };

	for (int i = 0; i < n; i++) {
		letter[i] = "";
		s.has[i] = !isnan(cost[i]);
	}
	for (int i = 0; i < n; i++)
		for (int k = i + 1; k < n; k++) {
			if (differ[i * n + k])
				insert(&s, i, k);
			if (s.count > STATS_LETTERS)
				return false;
		}
	spell(&s, letter);
	return true;
}
