#include "trainer-core/dataset/raycast.h"

#include <math.h>

#define NEAR 1e-6

struct vec vec_unit(struct vec a)
{
	return vec_scale(1 / sqrt(vec_dot(a, a)), a);
}

void scene_add(struct scene *s, const struct solid *solid)
{
	struct solid *to = &s->solid[s->solids];
	struct vec h = solid->half;

	if (s->solids == SOLIDS_MAX)
		return;
	*to = *solid;
	s->solids++;
	switch (solid->shape) {
	case SHAPE_PLANE:
		to->reach2 = INFINITY;
		break;
	case SHAPE_BOX:
		to->reach2 = vec_dot(h, h);
		break;
	case SHAPE_SPHERE:
		to->reach2 = h.x * h.x;
		break;
	case SHAPE_CYLINDER:
		to->reach2 = h.x * h.x + h.y * h.y;
		break;
	}
}

int scene_add_thing(struct scene *s, struct vec middle)
{
	if (s->things == THINGS_MAX)
		return 0;
	s->middle[++s->things] = middle;
	return s->things;
}

static struct vec turn(const struct solid *s, struct vec a)
{
	return (struct vec){ s->cosine * a.x - s->sine * a.z, a.y,
		s->sine * a.x + s->cosine * a.z };
}

static struct vec turn_back(const struct solid *s, struct vec a)
{
	return (struct vec){ s->cosine * a.x + s->sine * a.z, a.y,
		s->cosine * a.z - s->sine * a.x };
}

/*
 * Below: o and d are the ray in the solid's axes with its centre at 0; the nearest t
 * above NEAR with the outward normal, or INFINITY.
 */
static double hit_plane(struct vec n, struct vec o, struct vec d, struct vec *normal)
{
	double along = vec_dot(n, d);
	double t = -vec_dot(n, o) / along;

	*normal = n;
	return along != 0 && t > NEAR ? t : (double)INFINITY;
}

/* One pair of faces: narrows [*enter, *leave]; true where it moved *enter. */
static bool slab(double half, double o, double d, double *enter, double *leave)
{
	double a = (-half - o) / d;
	double b = (half - o) / d;
	double low = a < b ? a : b;
	double high = a < b ? b : a;
	bool moved = low > *enter;

	if (moved)
		*enter = low;
	if (high < *leave)
		*leave = high;
	return moved;
}

static double hit_box(struct vec half, struct vec o, struct vec d, struct vec *normal)
{
	double enter = -INFINITY, leave = INFINITY;

	if (slab(half.x, o.x, d.x, &enter, &leave))
		*normal = (struct vec){ d.x > 0 ? -1 : 1, 0, 0 };
	if (slab(half.y, o.y, d.y, &enter, &leave))
		*normal = (struct vec){ 0, d.y > 0 ? -1 : 1, 0 };
	if (slab(half.z, o.z, d.z, &enter, &leave))
		*normal = (struct vec){ 0, 0, d.z > 0 ? -1 : 1 };
	return enter <= leave && enter > NEAR ? enter : (double)INFINITY;
}

static double hit_sphere(double radius, struct vec o, struct vec d, struct vec *normal)
{
	double b = vec_dot(o, d);
	double inside = b * b - vec_dot(o, o) + radius * radius;
	double t = -b - sqrt(inside > 0 ? inside : 0);

	if (inside < 0 || t <= NEAR)
		return INFINITY;
	*normal = vec_scale(1 / radius, vec_add(o, vec_scale(t, d)));
	return t;
}

static double hit_side(
	double radius, double half, struct vec o, struct vec d, struct vec *normal)
{
	double a = d.x * d.x + d.z * d.z;
	double b = o.x * d.x + o.z * d.z;
	double inside = b * b - a * (o.x * o.x + o.z * o.z - radius * radius);
	double t = (-b - sqrt(inside > 0 ? inside : 0)) / a;

	if (inside < 0 || a == 0 || t <= NEAR || fabs(o.y + t * d.y) > half)
		return INFINITY;
	*normal = (struct vec){ (o.x + t * d.x) / radius, 0, (o.z + t * d.z) / radius };
	return t;
}

static double hit_cylinder(
	struct vec half, struct vec o, struct vec d, struct vec *normal)
{
	double best = hit_side(half.x, half.y, o, d, normal);
	double cap = d.y > 0 ? -half.y : half.y; /* the one that faces the ray */
	double t = (cap - o.y) / d.y;
	double x = o.x + t * d.x, z = o.z + t * d.z;

	if (d.y == 0 || t <= NEAR || t >= best || x * x + z * z > half.x * half.x)
		return best;
	*normal = (struct vec){ 0, d.y > 0 ? -1 : 1, 0 };
	return t;
}

/* Does the ray pass the solid's bounding sphere? */
static bool near_enough(const struct solid *s, struct vec o, struct vec d)
{
	double b, c;

	if (s->shape == SHAPE_PLANE)
		return true;
	c = vec_dot(o, o) - s->reach2;
	b = vec_dot(o, d);
	return c <= 0 || (b < 0 && b * b >= c);
}

/* From the ray to the solid, in the solid's axes. */
static double meet(const struct solid *s, const struct ray *r, struct vec *normal)
{
	struct vec o = vec_sub(r->from, s->centre);
	struct vec d = r->along;

	if (!near_enough(s, o, d))
		return INFINITY;
	switch (s->shape) {
	case SHAPE_PLANE:
		return hit_plane(s->half, o, d, normal);
	case SHAPE_BOX:
		return hit_box(s->half, turn_back(s, o), turn_back(s, d), normal);
	case SHAPE_SPHERE:
		return hit_sphere(s->half.x, o, d, normal);
	case SHAPE_CYLINDER:
		return hit_cylinder(s->half, o, d, normal);
	}
	return INFINITY;
}

/* The rays of a row lie in a plane: most bounding spheres are clear of it. */
void scene_aim(struct scene *s, double v)
{
	struct vec n = vec_unit(vec_sub(s->up, vec_scale(v * s->spread, s->forward)));

	s->nears = 0;
	for (int i = 0; i < s->solids; i++) {
		double off = vec_dot(n, vec_sub(s->solid[i].centre, s->eye));

		if (off * off <= s->solid[i].reach2)
			s->near[s->nears++] = i;
	}
}

struct hit scene_cast(const struct scene *s, const struct ray *r)
{
	struct hit h = { .t = INFINITY };

	for (int i = 0; i < s->nears; i++) {
		const struct solid *solid = &s->solid[s->near[i]];
		struct vec normal = { 0, 0, 0 };
		double t = meet(solid, r, &normal);

		if (t < h.t)
			h = (struct hit){ .t = t, .solid = solid, .normal = normal };
	}
	if (!h.solid)
		return h;
	h.local = vec_sub(vec_add(r->from, vec_scale(h.t, r->along)), h.solid->centre);
	if (h.solid->shape == SHAPE_BOX) {
		h.local = turn_back(h.solid, h.local);
		h.normal = turn(h.solid, h.normal);
	}
	if (vec_dot(h.normal, r->along) > 0)
		h.normal = vec_scale(-1, h.normal);
	return h;
}

bool scene_blocked(const struct scene *s, const struct ray *r, double limit)
{
	for (int i = 0; i < s->solids; i++) {
		struct vec normal;

		if (s->solid[i].shape != SHAPE_PLANE && s->solid[i].surface.glow == 0 &&
			meet(&s->solid[i], r, &normal) < limit)
			return true;
	}
	return false;
}

struct ray scene_ray(const struct scene *s, double u, double v)
{
	struct vec aside = vec_add(
		vec_scale(u * s->spread, s->right), vec_scale(v * s->spread, s->up));

	return (struct ray){ s->eye, vec_unit(vec_add(s->forward, aside)) };
}

bool scene_project(const struct scene *s, struct vec point, double *u, double *v)
{
	struct vec way = vec_sub(point, s->eye);
	double z = vec_dot(way, s->forward);

	if (z <= NEAR)
		return false;
	*u = vec_dot(way, s->right) / (z * s->spread);
	*v = vec_dot(way, s->up) / (z * s->spread);
	return true;
}
