/* Procedural textures: colours as a function of the place on a surface. */
#include <math.h>
#include "trainer-core/dataset/raycast.h"

/* A well mixed hash of a lattice point, in [0, 1]. */
static double lattice(uint32_t seed, int x, int y)
{
	uint32_t h = seed ^ (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u;

	h = (h ^ h >> 15) * 0x2c1b3c6du;
	h = (h ^ h >> 12) * 0x297a2d39u;
	return (double)(h ^ h >> 15) / 4294967295.0;
}

static double ease(double t)
{
	return t * t * (3 - 2 * t);
}

double texture_noise(uint32_t seed, double x, double y)
{
	double fx = floor(x), fy = floor(y);
	int i = (int)fx, j = (int)fy;
	double u = ease(x - fx), v = ease(y - fy);
	double low = lattice(seed, i, j) * (1 - u) + lattice(seed, i + 1, j) * u;
	double high =
		lattice(seed, i, j + 1) * (1 - u) + lattice(seed, i + 1, j + 1) * u;

	return low * (1 - v) + high * v;
}

static struct rgb blend(double t, struct rgb a, struct rgb b)
{
	return (struct rgb){ a.r + t * (b.r - a.r), a.g + t * (b.g - a.g),
		a.b + t * (b.b - a.b) };
}

static struct rgb dim(double f, struct rgb a)
{
	return (struct rgb){ f * a.r, f * a.g, f * a.b };
}

/* Where on the surface: the two axes that its face spans, relative to its centre. */
static void unwrap(const struct hit *h, double *u, double *v)
{
	const struct solid *s = h->solid;
	struct vec p = h->local, n = h->normal;

	if (s->shape == SHAPE_SPHERE || s->shape == SHAPE_CYLINDER) {
		*u = s->half.x * atan2(p.z, p.x);
		*v = p.y;
	} else if (s->shape == SHAPE_BOX) {
		double x = fabs(p.x) / s->half.x, y = fabs(p.y) / s->half.y;
		double z = fabs(p.z) / s->half.z;

		*u = x > y && x > z ? p.z : p.x;
		*v = y > x && y > z ? p.z : p.y;
	} else {
		*u = fabs(n.x) > 0.5 ? p.z : p.x;
		*v = fabs(n.y) > 0.5 ? p.z : p.y;
	}
}

static double fraction(double x)
{
	return x - floor(x);
}

/* Is the point within `width` of a line of the grid? */
static bool grid(double u, double v, double width)
{
	return fraction(u) < width || fraction(v) < width;
}

static struct rgb painting(const struct surface *s, double u, double v)
{
	double t = texture_noise(s->seed, 5 * u, 5 * v);
	double w = texture_noise(s->seed + 1, 3 * u, 4 * v);
	struct rgb c = blend(t > 0.5, s->colour, s->other);

	return blend(w > 0.6, c, (struct rgb){ 1 - c.g, c.r, 1 - c.b });
}

/* A sky with a cross bar, or a dark pane that mirrors a lamp: by half extents. */
static struct rgb pane(const struct surface *s, const struct hit *h, double u, double v)
{
	struct vec half = h->solid->half;
	double wide = half.x > half.z ? half.x : half.z;
	double x = u / wide, y = v / half.y;
	bool frame = fabs(x) > 0.9 || fabs(y) > 0.9;

	if (s->texture == TEXTURE_WINDOW) {
		if (frame || fabs(x) < 0.05 || fabs(y) < 0.04)
			return (struct rgb){ 0.8, 0.8, 0.78 };
		return blend(0.5 + 0.5 * y, s->colour, s->other);
	}
	if (frame)
		return (struct rgb){ 0.04, 0.04, 0.05 };
	return blend(exp(-3 * ((x - 0.3) * (x - 0.3) + (y - 0.3) * (y - 0.3))),
		s->colour, s->other);
}

static struct rgb bricks(const struct surface *s, double u, double v)
{
	double row = floor(2 * v);
	double shift = u + 0.5 * (row - 2 * floor(row / 2));
	double tone = lattice(s->seed, (int)floor(shift), (int)row);

	if (grid(shift, 2 * v, 0.1))
		return s->other;
	return dim(0.75 + 0.5 * tone, s->colour);
}

/* A wall with rows of windows, some of them lit. */
static struct rgb facade(const struct surface *s, double u, double v)
{
	double x = fraction(u), y = fraction(v);
	double lit = lattice(s->seed, (int)floor(u), (int)floor(v));

	if (x > 0.25 && x < 0.75 && y > 0.3 && y < 0.8)
		return dim(0.4 + lit, s->other);
	return s->colour;
}

struct rgb texture_at(const struct surface *s, const struct hit *h)
{
	double u, v, x, y;

	unwrap(h, &u, &v);
	x = u * s->scale;
	y = v * s->scale;
	switch (s->texture) {
	case TEXTURE_PLAIN:
		return dim(
			0.95 + 0.1 * texture_noise(s->seed, 3 * u, 3 * v), s->colour);
	case TEXTURE_SPECKLE:
		return blend(texture_noise(s->seed, x, y), s->colour, s->other);
	case TEXTURE_WOOD:
		return blend(fraction(3 * texture_noise(s->seed, 0.15 * x, y)),
			s->colour, s->other);
	case TEXTURE_TILES:
		return grid(x, y, 0.06) ? s->other : s->colour;
	case TEXTURE_STRIPES:
		return fraction(x) < 0.5 ? s->colour : s->other;
	case TEXTURE_BRICKS:
		return bricks(s, x, y);
	case TEXTURE_PAINTING:
		return painting(s, x, y);
	case TEXTURE_WINDOW:
	case TEXTURE_SCREEN:
		return pane(s, h, u, v);
	case TEXTURE_FACADE:
		return facade(s, x, y);
	case TEXTURE_LEAVES:
		return blend(texture_noise(s->seed, x, y) > 0.5, s->colour, s->other);
	}
	return s->colour;
}
