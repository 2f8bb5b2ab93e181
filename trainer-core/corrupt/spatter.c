/*
 * Spatter: drops of water or mud on the lens. Water is lit along its edges, which the
 * published code finds with OpenCV; its steps are here at their settings.
 */
#include "trainer-core/corrupt/corrupting.h"

#include <math.h>
#include <string.h>

/* Noise, smoothed; where it is below the threshold there is nothing. */
static double *liquid(struct corrupting *x)
{
	double *v = NEW_ARRAY(x->a, double, plane_size(x));

	draw_normals(x, plane_size(x), v);
	for (size_t i = 0; i < plane_size(x); i++)
		v[i] = (x->k[0] + x->k[1] * v[i]);
	blur_gaussian(x, v, x->k[2], 4, BORDER_NEAREST);
	for (size_t i = 0; i < plane_size(x); i++)
		if (v[i] < x->k[3])
			v[i] = 0;
	return v;
}

/* (r, g, b), or what of it is seen in grey. */
static double tint(const struct corrupting *x, const double rgb[3], int c)
{
	return x->c == 3 ? rgb[c] : 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
}

static void add_mud(struct corrupting *x, double *v)
{
	static const double brown[3] = { 63 / 255.0, 42 / 255.0, 20 / 255.0 };

	for (size_t i = 0; i < plane_size(x); i++)
		v[i] = v[i] > x->k[3];
	blur_gaussian(x, v, x->k[4], 4, BORDER_NEAREST);
	for (int c = 0; c < x->c; c++)
		for (size_t i = 0; i < plane_size(x); i++) {
			double share = v[i] < 0.8 ? 0 : v[i];
			double *p = &plane(x, c)[i];

			*p = *p * (1 - share) + tint(x, brown, c) * share;
		}
}

/* Bytes (h, w), read beyond their borders. */
struct bytes {
	int h, w;
	int *v;
};

static int byte_at(const struct bytes *b, int i, int j, enum border border)
{
	return b->v[border_index(border, i, b->h) * b->w +
		border_index(border, j, b->w)];
}

static struct bytes new_bytes(const struct corrupting *x)
{
	return (struct bytes){ x->h, x->w, NEW_ARRAY(x->a, int, plane_size(x)) };
}

static int inside(const struct bytes *b, int i, int j)
{
	return i >= 0 && i < b->h && j >= 0 && j < b->w;
}

struct slope {
	int x, y, size;
};

static struct slope slope_at(const struct bytes *b, int i, int j)
{
	struct slope s = { 0 };

	if (!inside(b, i, j))
		return s;
	for (int k = -1; k <= 1; k++) {
		int weight = k ? 1 : 2;

		s.x += weight *
			(byte_at(b, i + k, j + 1, BORDER_NEAREST) -
				byte_at(b, i + k, j - 1, BORDER_NEAREST));
		s.y += weight *
			(byte_at(b, i + 1, j + k, BORDER_NEAREST) -
				byte_at(b, i - 1, j + k, BORDER_NEAREST));
	}
	s.size = (s.x < 0 ? -s.x : s.x) + (s.y < 0 ? -s.y : s.y);
	return s;
}

/* Steepest across the edge: no neighbour on either side is steeper. */
static bool is_ridge(const struct bytes *b, int i, int j, const struct slope *s)
{
	double steep = fabs((double)s->y);
	double flat = fabs((double)s->x);
	int way;

	if (steep < 0.41421356 * flat)
		return s->size > slope_at(b, i, j - 1).size &&
			s->size >= slope_at(b, i, j + 1).size;
	if (steep > 2.41421356 * flat)
		return s->size > slope_at(b, i - 1, j).size &&
			s->size >= slope_at(b, i + 1, j).size;
	way = (s->x < 0) != (s->y < 0) ? -1 : 1;
	return s->size > slope_at(b, i - 1, j - way).size &&
		s->size > slope_at(b, i + 1, j + way).size;
}

enum { EDGE_NONE, EDGE_WEAK, EDGE_STRONG };

/* Weak edges that touch strong ones are strong; spread until nothing changes. */
static void connect(struct bytes *edge)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (int at = 0; at < edge->h * edge->w; at++) {
			int i = at / edge->w;
			int j = at % edge->w;

			for (int k = 0; k < 9 && edge->v[at] == EDGE_WEAK; k++) {
				int y = i + k / 3 - 1;
				int x = j + k % 3 - 1;

				if (!inside(edge, y, x) ||
					edge->v[y * edge->w + x] != EDGE_STRONG)
					continue;
				edge->v[at] = EDGE_STRONG;
				changed = true;
			}
		}
	}
}

/* Canny's edges at thresholds 50 and 150. */
static struct bytes edges(const struct corrupting *x, const struct bytes *b)
{
	struct bytes edge = new_bytes(x);

	for (int i = 0; i < b->h; i++)
		for (int j = 0; j < b->w; j++) {
			struct slope s = slope_at(b, i, j);

			if (s.size > 50 && is_ridge(b, i, j, &s))
				edge.v[i * b->w + j] =
					s.size > 150 ? EDGE_STRONG : EDGE_WEAK;
		}
	connect(&edge);
	return edge;
}

/* Pixels to the nearest edge, at most 20: steps of 1, 1.4 and 2.1969 (a 5x5 mask). */
static double *distances(const struct corrupting *x, const struct bytes *edge)
{
	static const struct {
		int dy, dx;
		double step;
	} steps[] = { { 0, -1, 1 }, { -1, 0, 1 }, { -1, -1, 1.4 }, { -1, 1, 1.4 },
		{ -1, -2, 2.1969 }, { -1, 2, 2.1969 }, { -2, -1, 2.1969 },
		{ -2, 1, 2.1969 } };
	double *d = NEW_ARRAY(x->a, double, plane_size(x));
	int n = x->h * x->w;

	for (int at = 0; at < n; at++)
		d[at] = edge->v[at] == EDGE_STRONG ? 0 : 20;
	for (int pass = 0; pass < 2; pass++)
		for (int k = 0; k < n * 8; k++) {
			int at = pass ? n - 1 - k / 8 : k / 8;
			int back = pass ? -1 : 1;
			int i = at / x->w + back * steps[k % 8].dy;
			int j = at % x->w + back * steps[k % 8].dx;

			if (inside(edge, i, j))
				d[at] = fmin(
					d[at], d[i * x->w + j] + steps[k % 8].step);
		}
	return d;
}

/* The mean of 3x3; of bytes rounded, as OpenCV does, of numbers cut off. */
static void soften(const struct corrupting *x, struct bytes *b, const double *numbers)
{
	int *out = NEW_ARRAY(x->a, int, plane_size(x));

	for (int i = 0; i < b->h; i++)
		for (int j = 0; j < b->w; j++) {
			double sum = 0;

			for (int k = 0; k < 9; k++) {
				int y = border_index(
					BORDER_MIRROR, i + k / 3 - 1, b->h);
				int z = border_index(
					BORDER_MIRROR, j + k % 3 - 1, b->w);
				int at = y * b->w + z;

				sum += numbers ? numbers[at] : b->v[at];
			}
			out[i * b->w + j] =
				(int)(numbers ? sum / 9 : nearbyint(sum / 9));
		}
	b->v = out;
}

/* So that every value is as frequent as the next. */
static void equalize(struct bytes *b)
{
	int count[256] = { 0 };
	int map[256] = { 0 };
	int n = b->h * b->w;
	int first = 0;
	int sum = 0;

	for (int i = 0; i < n; i++)
		count[b->v[i]]++;
	while (!count[first])
		first++;
	if (count[first] == n)
		return;
	for (int k = first + 1; k < 256; k++) {
		sum += count[k];
		map[k] = (int)nearbyint(255.0 * sum / (n - count[first]));
	}
	for (int i = 0; i < n; i++)
		b->v[i] = map[b->v[i]];
}

/* Light from one side: a slope along the diagonal. */
static void emboss(const struct corrupting *x, struct bytes *b)
{
	static const int weight[9] = { -2, -1, 0, -1, 1, 1, 0, 1, 2 };
	int *out = NEW_ARRAY(x->a, int, plane_size(x));

	for (int i = 0; i < b->h; i++)
		for (int j = 0; j < b->w; j++) {
			int sum = 0;

			for (int k = 0; k < 9; k++)
				sum += weight[k] *
					byte_at(b, i + k / 3 - 1, j + k % 3 - 1,
						BORDER_MIRROR);
			out[i * b->w + j] = sum < 0 ? 0 : sum > 255 ? 255 : sum;
		}
	b->v = out;
}

static void add_water(struct corrupting *x, const double *v)
{
	static const double turquoise[3] = { 175 / 255.0, 238 / 255.0, 238 / 255.0 };
	struct bytes drops = new_bytes(x);
	struct bytes light = new_bytes(x);
	struct bytes edge;
	int most = 1;

	for (size_t i = 0; i < plane_size(x); i++)
		drops.v[i] = (int)(255 * fmin(v[i], 1));
	edge = edges(x, &drops);
	soften(x, &light, distances(x, &edge));
	equalize(&light);
	emboss(x, &light);
	soften(x, &light, NULL);
	for (size_t i = 0; i < plane_size(x); i++) {
		drops.v[i] *= light.v[i];
		most = drops.v[i] > most ? drops.v[i] : most;
	}
	for (int c = 0; c < x->c; c++)
		for (size_t i = 0; i < plane_size(x); i++)
			plane(x, c)[i] +=
				tint(x, turquoise, c) * x->k[4] * drops.v[i] / most;
}

void corrupt_spatter(struct corrupting *x)
{
	double *v = liquid(x);

	if (x->k[5] != 0)
		add_mud(x, v);
	else
		add_water(x, v);
}
