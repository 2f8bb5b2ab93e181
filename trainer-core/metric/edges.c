/*
 * Edges: the F-measure at the one best threshold of the whole split (optimal data set
 * scale). At each threshold of 0.01, 0.02 ... 0.99 what is predicted is thinned and its
 * pixels are matched one to one with those of the truth, thinned as well, that lie within
 * 0.0075 of the image's diagonal: as many pairs as there can be. Pairs, predicted and
 * true pixels are summed over the split; then F = 2 P R / (P + R). Pixels labelled -1 are
 * no edges of either side.
 *
 * Source: Martin et al. 2004 (matching, thresholds); Lam et al. 1992 (thinning, as
 * bwmorph has it). There pairs are found by least cost; their number is the same where
 * every pixel within reach costs less than none.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/metric/metric.h"

#define LEVELS 99
#define REACH 0.0075 /* of the diagonal */

/* The meter: what is counted, then room for one sample. */
enum { WIDTH, TRUTH, PAIRS, GUESSES = PAIRS + LEVELS, ROOM = GUESSES + LEVELS };

/* Maps have a frame of one pixel, so that each pixel has eight neighbours. */
struct maps {
	int H, W, stride, size;
	int reach; /* whole pixels */
	double square; /* of the reach */
	unsigned char *truth, *guess; /* (size) 0 or 1 */
	/* Pixels as numbers in doubles, plus 1 where 0 is none: */
	double *list; /* (size) those that are set */
	double *of_truth, *of_guess; /* (size) the other one of the pair */
	double *from; /* (size) by which predicted pixel a true one was reached */
	double *trail, *queue; /* (size) of one search */
	unsigned char gone[2]
			  [256]; /* by neighbours: deleted in the first, second half */
};

#define ARRAYS 6 /* of doubles */

static size_t edges_doubles(int C, int S)
{
	/* The frame of any H x W = S adds at most 2 S + 6 pixels. */
	size_t most = 3 * (size_t)S + 6;

	(void)C;
	return ROOM + ARRAYS * most + 2 * most / sizeof(double) + 2;
}

static void start(double *meter, int W)
{
	meter[WIDTH] = W;
}

/* Neighbours are counted from the east on, counter-clockwise. */
static void neighbour_steps(const struct maps *m, int step[8])
{
	const int row = m->stride;
	const int steps[8] = { 1, 1 - row, -row, -1 - row, -1, row - 1, row, row + 1 };

	memcpy(step, steps, sizeof(steps));
}

/* Says whether a pixel with these neighbours is deleted in that half of a round. */
static bool is_deleted(int code, int half)
{
	int x[9];
	int crossings = 0, first = 0, second = 0, fewer;
	int a = half ? 4 : 0;

	for (int i = 0; i < 9; i++)
		x[i] = code >> (i % 8) & 1;
	for (int i = 0; i < 8; i += 2) {
		crossings += !x[i] && (x[i + 1] || x[i + 2]);
		first += x[i] || x[i + 1];
		second += x[i + 1] || x[i + 2];
	}
	fewer = first < second ? first : second;
	return crossings == 1 && fewer >= 2 && fewer <= 3 &&
		!((x[a + 1] || x[a + 2] || !x[(a + 7) % 8]) && x[a]);
}

static struct maps maps_of(double *meter, int S)
{
	struct maps m = { .W = (int)meter[WIDTH] };
	double *room = meter + ROOM;

	ASSERT(m.W > 0 && S % m.W == 0);
	m.H = S / m.W;
	m.stride = m.W + 2;
	m.size = m.stride * (m.H + 2);
	m.square = REACH * REACH * ((double)m.H * m.H + (double)m.W * m.W);
	m.reach = (int)sqrt(m.square);
	m.list = room;
	m.of_truth = room + m.size;
	m.of_guess = room + 2 * (size_t)m.size;
	m.from = room + 3 * (size_t)m.size;
	m.trail = room + 4 * (size_t)m.size;
	m.queue = room + 5 * (size_t)m.size;
	m.truth = (unsigned char *)(room + ARRAYS * (size_t)m.size);
	m.guess = m.truth + m.size;
	for (int half = 0; half < 2; half++)
		for (int code = 0; code < 256; code++)
			m.gone[half][code] = is_deleted(code, half);
	return m;
}

/* Returns the place of pixel i of a sample in a map. */
static int framed(const struct maps *m, int i)
{
	return (i / m->W + 1) * m->stride + i % m->W + 1;
}

static int list_set(const struct maps *m, const unsigned char *map)
{
	int n = 0;

	for (int i = 0; i < m->size; i++)
		if (map[i])
			m->list[n++] = i;
	return n;
}

/*
 * Goes half a round over the n pixels of the list; all are judged before any is deleted.
 * Returns how many are left.
 */
static int thin_half(const struct maps *m, int half, int n, unsigned char *map)
{
	int step[8];
	int kept = 0, gone = 0;

	neighbour_steps(m, step);
	for (int i = 0; i < n; i++) {
		int at = (int)m->list[i];
		int code = 0;

		for (int k = 0; k < 8; k++)
			code |= map[at + step[k]] << k;
		if (m->gone[half][code])
			m->trail[gone++] = at;
		else
			m->list[kept++] = at;
	}
	for (int i = 0; i < gone; i++)
		map[(int)m->trail[i]] = 0;
	return kept;
}

/* Thins a map to lines of one pixel, which the list has then; returns how many. */
static int thin(const struct maps *m, unsigned char *map)
{
	int n = list_set(m, map);
	int before;

	do {
		before = n;
		n = thin_half(m, 0, n, map);
		n = thin_half(m, 1, n, map);
	} while (n < before);
	return n;
}

/* Turns the pairs along the way by which free true pixel t was reached. */
static void turn(const struct maps *m, int t)
{
	while (t >= 0) {
		int g = (int)m->from[t] - 1;
		int before = (int)m->of_guess[g] - 1;

		m->of_truth[t] = g + 1;
		m->of_guess[g] = t + 1;
		t = before;
	}
}

/* Marks true pixels in reach of g that no search has met; returns a free one, or -1. */
static int reach_from(const struct maps *m, int g, int *trail, int *tail)
{
	int y = g / m->stride, x = g % m->stride;

	for (int dy = -m->reach; dy <= m->reach; dy++)
		for (int dx = -m->reach; dx <= m->reach; dx++) {
			int t = g + dy * m->stride + dx;

			if (y + dy < 1 || y + dy > m->H || x + dx < 1 ||
				x + dx > m->W || dy * dy + dx * dx > m->square ||
				!m->truth[t] || m->from[t] > 0)
				continue;
			m->from[t] = g + 1;
			m->trail[(*trail)++] = t;
			if (m->of_truth[t] == 0)
				return t;
			m->queue[(*tail)++] = m->of_truth[t] - 1;
		}
	return -1;
}

/*
 * Finds a true pixel for the predicted one g, others giving way, and says whether there is
 * one. True pixels that a search reached in vain stay marked, since no later search can
 * end there.
 */
static bool pair_up(const struct maps *m, int g)
{
	int head = 0, tail = 0, trail = 0;
	int found = -1;

	m->queue[tail++] = g;
	while (found < 0 && head < tail)
		found = reach_from(m, (int)m->queue[head++], &trail, &tail);
	if (found < 0)
		return false;
	turn(m, found);
	for (int i = 0; i < trail; i++)
		m->from[(int)m->trail[i]] = 0;
	return true;
}

/* Makes as many pairs as there can be; the n predicted pixels are in the list. */
static int count_pairs(const struct maps *m, int n)
{
	size_t bytes = (size_t)m->size * sizeof(double);
	int pairs = 0;

	memset(m->of_truth, 0, bytes);
	memset(m->of_guess, 0, bytes);
	memset(m->from, 0, bytes);
	for (int i = 0; i < n; i++) {
		int at = (int)m->list[i];

		if (m->truth[at]) {
			m->of_truth[at] = m->of_guess[at] = at + 1;
			pairs++;
		}
	}
	for (int i = 0; i < n; i++)
		if (m->of_guess[(int)m->list[i]] == 0)
			pairs += pair_up(m, (int)m->list[i]);
	return pairs;
}

/* Puts the pixels of at least that score into m->guess; returns how many. */
static int guess(const struct maps *m, const float *score, const float *label, int S,
	double least)
{
	int n = 0;

	memset(m->guess, 0, (size_t)m->size);
	for (int i = 0; i < S; i++)
		if (label[i] >= 0 && (double)score[i] >= least) {
			m->guess[framed(m, i)] = 1;
			n++;
		}
	return n;
}

static void add_sample(double *meter, const struct maps *m, const float *score,
	const float *label, int S)
{
	int before = -1, predicted = 0, pairs = 0;

	memset(m->truth, 0, (size_t)m->size);
	for (int i = 0; i < S; i++)
		m->truth[framed(m, i)] = label[i] > 0;
	meter[TRUTH] += thin(m, m->truth);
	for (int k = 0; k < LEVELS; k++) {
		double level = (k + 1) / 100.0;
		int n = guess(m, score, label, S, log(level / (1 - level)));

		/* A higher threshold leaves a part: as many pixels are the same ones. */
		if (n != before) {
			predicted = thin(m, m->guess);
			pairs = count_pairs(m, predicted);
		}
		before = n;
		meter[GUESSES + k] += predicted;
		meter[PAIRS + k] += pairs;
	}
}

static void add(double *meter, const struct loss_shape *s, const float *prediction,
	const float *target)
{
	const struct maps m = maps_of(meter, s->S);

	ASSERT(s->C == 1);
	for (int n = 0; n < s->N; n++)
		add_sample(meter, &m, prediction + n * s->S, target + n * s->S, s->S);
}

/* 2 P R / (P + R) is twice the pairs over predicted and true pixels together. */
static double best(const double *meter, int C)
{
	double f = 0;

	(void)C;
	for (int k = 0; k < LEVELS; k++)
		f = fmax(f, 2 * meter[PAIRS + k] / (meter[GUESSES + k] + meter[TRUTH]));
	return meter[TRUTH] > 0 ? f : (double)NAN;
}

const struct metric metric_ods_f = {
	.doubles = edges_doubles, .start = start, .add = add, .value = best
};
