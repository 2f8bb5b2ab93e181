/* Weather. */
#include "trainer-core/corrupt/corrupting.h"

#include <math.h>
#include "trainer-core/dataset/jpeg.h"

/* Flakes, blurred as they fall: a plane. */
static double *flakes(struct corrupting *x)
{
	double *noise = NEW_ARRAY(x->a, double, plane_size(x));
	double *layer = NEW_ARRAY(x->a, double, plane_size(x));

	draw_normals(x, plane_size(x), noise);
	for (size_t i = 0; i < plane_size(x); i++)
		noise[i] = (x->k[0] + x->k[1] * noise[i]);
	zoom_middle(x, noise, x->k[2], layer);
	for (size_t i = 0; i < plane_size(x); i++)
		if (layer[i] < x->k[3])
			layer[i] = 0;
	clip(layer, plane_size(x));
	cut_to_bytes(layer, plane_size(x));
	blur_motion(x, layer, x->k[4], x->k[5], draw_between(x, -135, -45));
	return layer;
}

void corrupt_snow(struct corrupting *x)
{
	const double *layer = flakes(x);
	double *light = NEW_ARRAY(x->a, double, plane_size(x));
	double keep = x->k[6];
	size_t n = plane_size(x);

	grey(x, light);
	for (int c = 0; c < x->c; c++) {
		double *v = plane(x, c);

		for (size_t i = 0; i < n; i++)
			v[i] = keep * v[i] +
				(1 - keep) * fmax(v[i], light[i] * 1.5 + 0.5) +
				layer[i] + layer[n - 1 - i];
	}
}

/*
 * A height map by the diamond-square algorithm on a torus of side n, a power of two; the
 * roughness of each level is the square of `wibble`. From 0 to 1.
 */
struct plasma {
	struct corrupting *x;
	int n;
	double *v;
	double wibble;
};

static double *at(const struct plasma *p, int row, int column)
{
	return &p->v[(row & (p->n - 1)) * p->n + (column & (p->n - 1))];
}

static void raise_point(struct plasma *p, int row, int column, double sum)
{
	*at(p, row, column) =
		sum / 4 + p->wibble * draw_between(p->x, -p->wibble, p->wibble);
}

/* The middle of each square of side `step`, then the middle of each of its edges. */
static void refine(struct plasma *p, int step)
{
	int half = step / 2;

	for (int i = 0; i < p->n; i += step)
		for (int j = 0; j < p->n; j += step)
			raise_point(p, i + half, j + half,
				*at(p, i, j) + *at(p, i + step, j) +
					*at(p, i, j + step) +
					*at(p, i + step, j + step));
	for (int i = 0; i < p->n; i += half)
		for (int j = i / half % 2 ? 0 : half; j < p->n; j += step)
			raise_point(p, i, j,
				*at(p, i - half, j) + *at(p, i + half, j) +
					*at(p, i, j - half) + *at(p, i, j + half));
}

static struct plasma plasma(struct corrupting *x, double decay)
{
	struct plasma p = { .x = x, .n = x->small ? 32 : 256, .wibble = 100 };
	double low = 0;
	double high = 0;

	while (p.n < x->h || p.n < x->w)
		p.n *= 2;
	p.v = NEW_ARRAY(x->a, double, (size_t)p.n *(size_t)p.n);
	for (int step = p.n; step >= 2; step /= 2) {
		refine(&p, step);
		p.wibble /= decay;
	}
	for (int i = 0; i < p.n * p.n; i++) {
		low = fmin(low, p.v[i]);
		high = fmax(high, p.v[i]);
	}
	for (int i = 0; i < p.n * p.n; i++)
		p.v[i] = (p.v[i] - low) / (high - low);
	return p;
}

void corrupt_fog(struct corrupting *x)
{
	struct plasma p = plasma(x, x->k[1]);
	size_t n = (size_t)x->c * plane_size(x);
	double most = 0;
	double shrink;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, x->v[i]);
	shrink = most / (most + x->k[0]);
	for (int c = 0; c < x->c; c++)
		for (int i = 0; i < x->h; i++)
			for (int j = 0; j < x->w; j++) {
				double *v = &plane(x, c)[i * x->w + j];

				*v = (*v + (x->k[0] * *at(&p, i, j))) * shrink;
			}
}

/* Of the texture at (row, column): the channel, or what is grey in it. */
static double frozen(const struct texture *t, int row, int column, int c, int channels)
{
	size_t n = (size_t)t->h * (size_t)t->w;
	const uint8_t *rgb = t->rgb + (size_t)row * (size_t)t->w + (size_t)column;

	if (channels == 3)
		return rgb[(size_t)c * n] / 255.0;
	return (0.299 * rgb[0] + 0.587 * rgb[n] + 0.114 * rgb[2 * n]) / 255;
}

void corrupt_frost(struct corrupting *x)
{
	const struct texture *t = &x->textures->texture[draw_below(x, x->textures->n)];
	int top = draw_below(x, t->h - x->h + 1);
	int left = draw_below(x, t->w - x->w + 1);

	for (int c = 0; c < x->c; c++)
		for (int i = 0; i < x->h; i++)
			for (int j = 0; j < x->w; j++) {
				double *v = &plane(x, c)[i * x->w + j];

				*v = x->k[0] * *v +
					x->k[1] * frozen(t, top + i, left + j, c, x->c);
			}
}
