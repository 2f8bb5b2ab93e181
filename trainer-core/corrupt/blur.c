/* Blurs, and what the others need of them. */
#include "trainer-core/corrupt/corrupting.h"

#include <math.h>
#include <string.h>

int border_index(enum border border, int i, int n)
{
	int period;

	if (i >= 0 && i < n)
		return i;
	if (border == BORDER_NEAREST || n == 1)
		return i < 0 ? 0 : n - 1;
	period = border == BORDER_REFLECT ? 2 * n : 2 * n - 2;
	i %= period;
	if (i < 0)
		i += period;
	if (i < n)
		return i;
	return border == BORDER_REFLECT ? period - 1 - i : period - i;
}

/* Weights of a Gaussian from -radius to radius, which sum to 1. */
static void gaussian(double sigma, int radius, double *weight)
{
	double sum = 0;

	for (int i = -radius; i <= radius; i++)
		sum += weight[i + radius] = exp(-0.5 * i * i / (sigma * sigma));
	for (int i = 0; i <= 2 * radius; i++)
		weight[i] /= sum;
}

/* One line of n values that lie `step` apart; `line` has room for it. */
static void blur_line(double *v, int n, size_t step, const double *weight, int radius,
	enum border border, double *line)
{
	for (int i = 0; i < n; i++)
		line[i] = v[(size_t)i * step];
	for (int i = 0; i < n; i++) {
		double sum = 0;

		for (int k = -radius; k <= radius; k++)
			sum += weight[k + radius] *
				line[border_index(border, i + k, n)];
		v[(size_t)i * step] = sum;
	}
}

void blur_gaussian(const struct corrupting *x, double *v, double sigma, double truncate,
	enum border border)
{
	int radius = (int)(truncate * sigma + 0.5);
	struct arena_mark m = arena_mark(x->a);
	double *weight = NEW_ARRAY(x->a, double, 2 * radius + 1);
	double *line = NEW_ARRAY(x->a, double, x->h > x->w ? x->h : x->w);

	if (radius > 0) {
		gaussian(sigma, radius, weight);
		for (int j = 0; j < x->w; j++)
			blur_line(v + j, x->h, (size_t)x->w, weight, radius, border,
				line);
		for (int i = 0; i < x->h; i++)
			blur_line(v + (size_t)i * (size_t)x->w, x->w, 1, weight, radius,
				border, line);
	}
	arena_rewind(x->a, m);
}

static void blur_channels(struct corrupting *x, double sigma)
{
	for (int c = 0; c < x->c; c++)
		blur_gaussian(x, plane(x, c), sigma, 4, BORDER_NEAREST);
}

void corrupt_gaussian_blur(struct corrupting *x)
{
	blur_channels(x, x->k[0]);
}

/* A pixel of another place that the blur adds. */
struct tap {
	int dy, dx;
	double weight;
};

static void gather(const struct corrupting *x, double *v, const struct tap *tap,
	int taps, enum border b)
{
	struct arena_mark m = arena_mark(x->a);
	double *out = NEW_ARRAY(x->a, double, plane_size(x));

	for (int i = 0; i < x->h; i++)
		for (int j = 0; j < x->w; j++) {
			double sum = 0;

			for (int k = 0; k < taps; k++) {
				int row = border_index(b, i + tap[k].dy, x->h);
				int column = border_index(b, j + tap[k].dx, x->w);

				sum += tap[k].weight * v[row * x->w + column];
			}
			out[i * x->w + j] = sum;
		}
	memcpy(v, out, plane_size(x) * sizeof(*v));
	arena_rewind(x->a, m);
}

/*
 * The disk, its edge softened by a Gaussian of 3x3 (5x5 beyond a radius of 8). The grid
 * is that of the published code: from -8 to 8, or the radius.
 */
static int disk(const struct corrupting *x, struct tap *tap)
{
	int reach = x->k[0] <= 8 ? 8 : (int)x->k[0];
	int soft = x->k[0] <= 8 ? 1 : 2;
	int side = 2 * reach + 1;
	struct corrupting grid = { .h = side, .w = side, .a = x->a };
	double *v = NEW_ARRAY(x->a, double, side *side);
	double inside = 0;
	int taps = 0;

	for (int i = 0; i < side * side; i++) {
		int dy = i / side - reach;
		int dx = i % side - reach;

		v[i] = dy * dy + dx * dx <= x->k[0] * x->k[0];
		inside += v[i];
	}
	for (int i = 0; i < side * side; i++)
		v[i] = (v[i] / inside);
	blur_gaussian(&grid, v, x->k[1], soft / x->k[1], BORDER_MIRROR);
	for (int i = 0; i < side * side; i++)
		if (v[i] > 0)
			tap[taps++] = (struct tap){ i / side - reach, i % side - reach,
				v[i] };
	return taps;
}

void corrupt_defocus_blur(struct corrupting *x)
{
	enum { TAPS_MAX = 33 * 33 };
	struct tap *tap = NEW_ARRAY(x->a, struct tap, TAPS_MAX);
	int taps = disk(x, tap);

	for (int c = 0; c < x->c; c++)
		gather(x, plane(x, c), tap, taps, BORDER_MIRROR);
}

/* As ImageMagick does it: from the pixel on, with the ends repeated. */
void blur_motion(const struct corrupting *x, double *v, double radius, double sigma,
	double degrees)
{
	const double angle = degrees * 3.14159265358979323846 / 180;
	int width = 2 * (int)ceil(radius) + 1;
	struct arena_mark m = arena_mark(x->a);
	struct tap *tap = NEW_ARRAY(x->a, struct tap, width);
	double sum = 0;

	for (int i = 0; i < width; i++) {
		tap[i] = (struct tap){ (int)ceil(i * sin(angle) - 0.5),
			(int)ceil(i * cos(angle) - 0.5),
			exp(-0.5 * i * i / (sigma * sigma)) };
		sum += tap[i].weight;
	}
	for (int i = 0; i < width; i++)
		tap[i].weight /= sum;
	gather(x, v, tap, width, BORDER_NEAREST);
	arena_rewind(x->a, m);
}

void corrupt_motion_blur(struct corrupting *x)
{
	double degrees = draw_between(x, -45, 45);

	for (int c = 0; c < x->c; c++)
		blur_motion(x, plane(x, c), x->k[0], x->k[1], degrees);
}

static void swap_pixels(const struct corrupting *x, int at, int with)
{
	for (int c = 0; c < x->c; c++) {
		double *v = plane(x, c);
		double kept = v[at];

		v[at] = v[with];
		v[with] = kept;
	}
}

void corrupt_glass_blur(struct corrupting *x)
{
	int far = (int)x->k[1];

	blur_channels(x, x->k[0]);
	cut_to_bytes(x->v, (size_t)x->c * plane_size(x));
	for (int round = 0; round < (int)x->k[2]; round++)
		for (int i = x->h - far; i > far; i--)
			for (int j = x->w - far; j > far; j--) {
				int dx = draw_below(x, 2 * far) - far;
				int dy = draw_below(x, 2 * far) - far;

				swap_pixels(x, i * x->w + j, (i + dy) * x->w + j + dx);
			}
	blur_channels(x, x->k[0]);
}

/* How a row of n is enlarged: its middle `kept` pixels become `size`, n of them stay. */
struct enlarged {
	int first, trim;
	double step; /* old pixels a new one */
};

static struct enlarged enlarge(int n, double zoom)
{
	int kept = (int)ceil(n / zoom);
	int size = (int)nearbyint(kept * zoom);

	return (struct enlarged){ (n - kept) / 2, (size - n) / 2,
		size > 1 ? (kept - 1.0) / (size - 1.0) : 0 };
}

/* Rounded down: floor() is a call where SSE 4.1 may be missing. */
static int below(double x)
{
	int i = (int)x;

	return i - (x < i);
}

/* Of an affine map that hardly has an inverse anything may come. */
static double within(double x)
{
	const double far = 1e6;

	return x < -far ? -far : x > far ? far : x;
}

double sample_linear(const struct corrupting *x, const double *v, double row,
	double column, enum border border)
{
	double y = within(row);
	double x0 = within(column);
	int i = below(y);
	int j = below(x0);
	double fi = y - i;
	double fj = x0 - j;
	const double *above = v + border_index(border, i, x->h) * x->w;
	const double *under = v + border_index(border, i + 1, x->h) * x->w;
	int left = border_index(border, j, x->w);
	int right = border_index(border, j + 1, x->w);

	return ((1 - fi) * ((1 - fj) * above[left] + fj * above[right]) +
		fi * ((1 - fj) * under[left] + fj * under[right]));
}

/* What a new pixel of a line is made of: two old ones. */
struct pair {
	int first, second;
	double share; /* of the second */
};

static struct pair *pairs_of(struct arena *a, int n, double zoom)
{
	struct enlarged line = enlarge(n, zoom);
	struct pair *p = NEW_ARRAY(a, struct pair, n);

	for (int i = 0; i < n; i++) {
		double at = line.first + (i + line.trim) * line.step;
		int first = below(at);

		p[i] = (struct pair){ first, border_index(BORDER_NEAREST, first + 1, n),
			at - first };
	}
	return p;
}

void zoom_middle(const struct corrupting *x, const double *v, double zoom, double *out)
{
	struct arena_mark m = arena_mark(x->a);
	const struct pair *row = pairs_of(x->a, x->h, zoom);
	const struct pair *column = pairs_of(x->a, x->w, zoom);

	for (int i = 0; i < x->h; i++) {
		const double *above = v + row[i].first * x->w;
		const double *under = v + row[i].second * x->w;
		double fi = row[i].share;

		for (int j = 0; j < x->w; j++) {
			const struct pair *c = &column[j];
			double fj = c->share;

			out[i * x->w + j] = (1 - fi) *
					((1 - fj) * above[c->first] +
						fj * above[c->second]) +
				fi *
					((1 - fj) * under[c->first] +
						fj * under[c->second]);
		}
	}
	arena_rewind(x->a, m);
}

void corrupt_zoom_blur(struct corrupting *x)
{
	int zooms = (int)ceil((x->k[0] - 1) / x->k[1]);
	double *zoomed = NEW_ARRAY(x->a, double, plane_size(x));
	double *sum = NEW_ARRAY(x->a, double, plane_size(x));

	for (int c = 0; c < x->c; c++) {
		double *v = plane(x, c);

		for (size_t i = 0; i < plane_size(x); i++)
			sum[i] = v[i];
		for (int k = 0; k < zooms; k++) {
			zoom_middle(x, v, 1 + k * x->k[1], zoomed);
			for (size_t i = 0; i < plane_size(x); i++)
				sum[i] += zoomed[i];
		}
		for (size_t i = 0; i < plane_size(x); i++)
			v[i] = (sum[i] / (zooms + 1));
	}
}
