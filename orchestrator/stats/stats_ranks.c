#include "orchestrator/stats/stats_ranks.h"

#include <math.h>
#include <string.h>
#include "common/rng.h"
#include "orchestrator/stats/stats_distribution.h"

void stats_mean_ranks(
	int n, int k, const double *cost, double *block_rank, double *rank)
{
	for (int i = 0; i < n; i++)
		stats_midranks(k, cost + i * k, block_rank + i * k);
	for (int j = 0; j < k; j++) {
		rank[j] = 0;
		for (int i = 0; i < n; i++)
			rank[j] += block_rank[i * k + j];
		rank[j] /= n;
	}
}

/* The arrangements of ranks that are gone through. */
struct friedman_walk {
	int n, k;
	const double *rank;
	double *sum; /* of each method, so far */
	double observed; /* sum of squares of the sums; less is less extreme */
	double extreme, all;
};

static double squares(int k, const double *sum)
{
	double total = 0;

	for (int j = 0; j < k; j++)
		total += sum[j] * sum[j];
	return total;
}

static void walk_block(struct friedman_walk *w, int block);

/* Gives the ranks from the j-th of the block on to the methods that have none (taken 0). */
static void walk_rank(struct friedman_walk *w, int block, int j, uint64_t taken)
{
	if (j == w->k) {
		walk_block(w, block + 1);
		return;
	}
	for (int method = 0; method < w->k; method++) {
		if (taken >> method & 1)
			continue;
		w->sum[method] += w->rank[block * w->k + j];
		walk_rank(w, block, j + 1, taken | (uint64_t)1 << method);
		w->sum[method] -= w->rank[block * w->k + j];
	}
}

/* The first block may stay as it is: names of methods do not matter. */
static void walk_block(struct friedman_walk *w, int block)
{
	if (block < w->n) {
		walk_rank(w, block, 0, 0);
		return;
	}
	w->all++;
	w->extreme += squares(w->k, w->sum) >= w->observed;
}

static double friedman_exact(int n, int k, const double *rank, double observed)
{
	struct arena a = { 0 };
	struct friedman_walk w = { .n = n,
		.k = k,
		.rank = rank,
		.sum = NEW_ARRAY(&a, double, k),
		/* Ranks are halves, so squares of sums are quarters and exact. */
		.observed = observed - 0.125 };

	memcpy(w.sum, rank, (size_t)k * sizeof(*rank));
	walk_block(&w, 1);
	arena_release(&a);
	return w.extreme / w.all;
}

static bool is_cheap(int n, int k)
{
	double arrangements = 1;

	for (int i = 1; i < n && arrangements <= STATS_FRIEDMAN_EXACT; i++)
		for (int j = 2; j <= k && arrangements <= STATS_FRIEDMAN_EXACT; j++)
			arrangements *= j;
	return arrangements <= STATS_FRIEDMAN_EXACT;
}

struct stats_friedman stats_friedman(int n, int k, const double *block_rank)
{
	struct stats_friedman out = { NAN, NAN, false, NAN, NAN };
	struct arena a = { 0 };
	double *sum = NEW_ARRAY(&a, double, k + 1);
	double even =
		n * k * (k + 1) * (k + 1) / 4.0; /* squares, were all ranks equal */
	double spread = -even;
	double total;

	for (int i = 0; i < n * k; i++) {
		sum[i % k] += block_rank[i];
		spread += block_rank[i] * block_rank[i];
	}
	total = squares(k, sum);
	if (n > 1 && k > 1 && spread > 0) {
		out.chi2 = (k - 1) * (total - n * even) / spread;
		out.exact = is_cheap(n, k);
		out.p = out.exact ? friedman_exact(n, k, block_rank, total)
				  : stats_chi2_above(out.chi2, k - 1);
		/* All blocks agree: the denominator is 0 and F without end. */
		out.f = n * (k - 1) - out.chi2 <= 1e-9
			? (double)INFINITY
			: (n - 1) * out.chi2 / (n * (k - 1) - out.chi2);
		out.f_p = stats_f_above(out.f, k - 1, (double)(k - 1) * (n - 1));
	}
	arena_release(&a);
	return out;
}

double stats_nemenyi_difference(int n, int k, double alpha)
{
	if (n < 1 || k < 2)
		return NAN;
	return stats_range_quantile(1 - alpha, k) / sqrt(2) *
		sqrt(k * (k + 1) / (6.0 * n));
}

/* The share of pairs that x wins; NULL for `drawn`: every run once. */
static double share_won(const struct stats_block *b, const int *x, const int *y)
{
	double won = 0;

	for (int i = 0; i < b->n; i++)
		for (int k = 0; k < b->m; k++) {
			double u = b->x[x ? x[i] : i];
			double v = b->y[y ? y[k] : k];

			won += u < v ? 1 : u == v ? 0.5 : 0;
		}
	return won / b->n / b->m;
}

double stats_improvement(int blocks, const struct stats_block *block)
{
	double sum = 0;

	for (int i = 0; i < blocks; i++) {
		if (block[i].n < 1 || block[i].m < 1)
			return NAN;
		sum += share_won(&block[i], NULL, NULL);
	}
	return blocks < 1 ? (double)NAN : sum / blocks;
}

static void draw(int n, int replicate, int sample, int *drawn)
{
	for (int i = 0; i < n; i++)
		drawn[i] = (int)rng_below(STATS_SEED, RNG_RESAMPLE, (uint64_t)replicate,
			(uint64_t)sample << 32 | (uint64_t)i, (uint32_t)n);
}

struct stats_interval stats_improvement_bootstrap(
	int blocks, const struct stats_block *block, double level)
{
	struct stats_interval out = { NAN, NAN };
	struct arena a = { 0 };
	double *replicate = NEW_ARRAY(&a, double, STATS_REPLICATES);
	int most = 1;
	int *x;
	int *y;

	for (int b = 0; b < blocks; b++) {
		most = block[b].n > most ? block[b].n : most;
		most = block[b].m > most ? block[b].m : most;
	}
	x = NEW_ARRAY(&a, int, most);
	y = NEW_ARRAY(&a, int, most);
	for (int r = 0; r < STATS_REPLICATES; r++) {
		for (int b = 0; b < blocks; b++) {
			draw(block[b].n, r, 2 * b, x);
			draw(block[b].m, r, 2 * b + 1, y);
			replicate[r] += share_won(&block[b], x, y) / blocks;
		}
	}
	if (!isnan(stats_improvement(blocks, block))) {
		stats_sort(STATS_REPLICATES, replicate);
		out.low = stats_quantile(STATS_REPLICATES, replicate, (1 - level) / 2);
		out.high = stats_quantile(STATS_REPLICATES, replicate, (1 + level) / 2);
	}
	arena_release(&a);
	return out;
}
