/*
 * A small ray-caster: solids in a world with y upwards, seen through a pinhole camera.
 */
#ifndef DELTAM_RAYCAST_H
#define DELTAM_RAYCAST_H

#include <stdbool.h>
#include <stdint.h>

struct vec {
	double x, y, z;
};

static inline struct vec vec_add(struct vec a, struct vec b)
{
	return (struct vec){ a.x + b.x, a.y + b.y, a.z + b.z };
}

static inline struct vec vec_scale(double s, struct vec a)
{
	return (struct vec){ s * a.x, s * a.y, s * a.z };
}

static inline struct vec vec_sub(struct vec a, struct vec b)
{
	return vec_add(a, vec_scale(-1, b));
}

static inline double vec_dot(struct vec a, struct vec b)
{
	return a.x * b.x + a.y * b.y + a.z * b.z;
}

struct vec vec_unit(struct vec a);

enum shape {
	SHAPE_PLANE, /* through centre, normal `half` (unit) */
	SHAPE_BOX, /* half extents `half`, turned about the vertical */
	SHAPE_SPHERE, /* radius half.x */
	SHAPE_CYLINDER, /* upright: radius half.x, half its height half.y */
};

enum texture {
	TEXTURE_PLAIN,
	TEXTURE_SPECKLE,
	TEXTURE_WOOD,
	TEXTURE_TILES,
	TEXTURE_STRIPES,
	TEXTURE_BRICKS,
	TEXTURE_PAINTING,
	TEXTURE_WINDOW,
	TEXTURE_SCREEN,
	TEXTURE_FACADE,
	TEXTURE_LEAVES,
};

struct rgb {
	double r, g, b;
};

struct surface {
	int class; /* -1: not labelled */
	enum texture texture;
	struct rgb colour, other;
	double scale; /* of the texture: features per metre */
	uint32_t seed;
	double glow; /* light of its own */
};

struct solid {
	enum shape shape;
	struct vec centre, half;
	double cosine, sine; /* of the turn */
	struct surface surface;
	double reach2; /* squared radius of a sphere around it; planes: none */
	int thing; /* the object that it is part of, from 1; 0: of none */
};

struct ray {
	struct vec from, along; /* `along` is of unit length */
};

struct hit {
	double t;
	const struct solid *solid; /* NULL: nothing */
	struct vec normal; /* unit, world, against the ray */
	struct vec local; /* the point in the solid's own axes */
};

#define SOLIDS_MAX 192
#define THINGS_MAX SOLIDS_MAX

struct scene {
	struct solid solid[SOLIDS_MAX];
	int solids;
	struct vec middle[THINGS_MAX + 1]; /* of each thing; [0] is none's */
	int things;
	int near[SOLIDS_MAX]; /* what a ray of the row aimed at can meet */
	int nears;
	struct vec eye, right, up, forward; /* orthonormal */
	double spread; /* half the picture's width at distance 1 */
	struct vec light;
	double lamp, ambient; /* strengths */
	bool outdoors; /* the light is a sun: no falloff */
	struct rgb sky, tint;
	double noise; /* of the sensor: std as a share of the range */
	double far; /* depth beyond is missing */
};

/* Adds a solid and its bounding sphere; one too many is left out. */
void scene_add(struct scene *s, const struct solid *solid);

/* Adds a thing with its middle there; returns 0 where there are too many. */
int scene_add_thing(struct scene *s, struct vec middle);

/*
 * Finds where scene_ray has to look to meet a point: u and v as there. Returns false where
 * the point is not in front of the camera.
 */
bool scene_project(const struct scene *s, struct vec point, double *u, double *v);

/* Rays of scene_ray with this v come next. */
void scene_aim(struct scene *s, double v);

/* A ray of the row that was aimed at. */
struct hit scene_cast(const struct scene *s, const struct ray *r);
/* Is there anything on the ray nearer than `limit`? */
bool scene_blocked(const struct scene *s, const struct ray *r, double limit);

/* The ray through (u, v): u from -1 to 1 along the width, v in the same unit, up. */
struct ray scene_ray(const struct scene *s, double u, double v);

/* What the surface looks like there, before light. */
struct rgb texture_at(const struct surface *s, const struct hit *h);
/* Smooth noise in [0, 1] over the plane, one feature a unit. */
double texture_noise(uint32_t seed, double x, double y);

#endif
