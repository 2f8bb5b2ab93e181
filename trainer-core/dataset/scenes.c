/*
 * `scenes` and `scenes2`: pictures of procedural rooms and streets with what is to be
 * predicted in every pixel. An image depends on its split and index alone, so a longer
 * data set begins with the shorter one.
 *
 *	input	RGB, u8 / 255: light, shadow, vignette, gamma 2, sensor noise
 *	seg	class id, u8; -1 (stored as 0, offset -1) where nothing is labelled
 *	depth	along the optical axis; scenes: decimetres, scenes2: 1 / metres; 0 missing
 *	normal	unit vector in the camera's axes: right, up, towards the camera; 0 missing
 *
 * The units set the raw losses of a half-trained network about a decade apart: in rooms
 * depth near 5, seg near 0.7, normal near 0.1; in streets seg near 0.5, depth near 0.02.
 *
 * Depth and normal are missing, as with a real sensor: beyond its range, at grazing
 * angles, on blotches of glass and screens, beside some edges, and in single pixels.
 */
#include <math.h>
#include <stdlib.h>
#include "catalogue/setting.h"
#include "trainer-core/dataset/compose.h"
#include "trainer-core/dataset/scene.h"
#include "common/rng.h"

struct kind {
	const char *name;
	void (*build)(struct scene *s, struct dice *d);
	int nothing; /* the class of a ray that meets nothing */
	bool inverse; /* depth in 1 / metres, else in decimetres */
	const struct rgb *colours; /* by class, where dataset.colour is a parameter */
};

static const struct kind rooms = { "scenes", scene_room, -1, false, room_colours };
static const struct kind streets = { "scenes2", scene_street, STREET_SKY, true, NULL };

/* Raised whenever the pictures change, so that no cache holds the old ones. */
enum { GENERATION = 1 };

enum { SEG, DEPTH, NORMAL };

/* Where the maps of one image go; normal is NULL for two tasks. */
struct canvas {
	const struct kind *kind;
	int width, height;
	uint8_t *rgb; /* (3, height, width) */
	uint8_t *seg; /* (height, width) */
	float *depth; /* (height, width) */
	float *normal; /* (3, height, width) */
	uint64_t noise; /* stream of the pixels' chances */
	uint64_t first; /* index of pixel 0 in it */
};

static double shadow(const struct scene *s, struct vec at, struct vec to, double limit)
{
	const struct ray r = { at, to };

	return scene_blocked(s, &r, limit) ? 0 : 1;
}

/* How much light reaches the point: ambient and one lamp, or the sun. */
static double light_at(const struct scene *s, const struct hit *h, struct vec at)
{
	struct vec way = s->outdoors ? s->light : vec_sub(s->light, at);
	double far2 = vec_dot(way, way);
	struct vec to = vec_scale(1 / sqrt(far2), way);
	double slant = vec_dot(h->normal, to);
	double strength = s->outdoors ? s->lamp : s->lamp / (1 + 0.35 * far2);
	double round = s->ambient * (0.85 + 0.15 * h->normal.y);

	if (slant <= 0)
		return round;
	at = vec_add(at, vec_scale(1e-4, h->normal));
	return round +
		strength * slant *
		shadow(s, at, to, s->outdoors ? (double)INFINITY : sqrt(far2));
}

static struct rgb shade(const struct scene *s, const struct hit *h, struct vec at)
{
	const struct surface *surface = &h->solid->surface;
	struct rgb c = texture_at(surface, h);
	double light = light_at(s, h, at) + surface->glow;

	return (struct rgb){ light * c.r, light * c.g, light * c.b };
}

static uint8_t expose(double c, double gain, double noise)
{
	double v = 255 * (sqrt(c > 0 ? c * gain : 0) + noise) + 0.5;

	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* Triangular, mean 0, standard deviation 1, of 20 random bits. */
static double triangle(uint64_t bits)
{
	return ((double)(bits & 1023) + (double)(bits >> 10 & 1023) - 1023) / 418;
}

static void put_colour(const struct canvas *c, const struct scene *s, int at,
	struct rgb colour, double gain, uint64_t chance)
{
	int plane = c->width * c->height;

	c->rgb[at] = expose(colour.r, gain * s->tint.r, s->noise * triangle(chance));
	c->rgb[plane + at] =
		expose(colour.g, gain * s->tint.g, s->noise * triangle(chance >> 20));
	c->rgb[2 * plane + at] =
		expose(colour.b, gain * s->tint.b, s->noise * triangle(chance >> 40));
}

/* Does the sensor see no depth there? `before` is the depth of the pixel to the left. */
static bool missing(const struct scene *s, const struct hit *h, const struct ray *r,
	double z, double before, uint64_t chance)
{
	const struct surface *f = &h->solid->surface;
	bool glossy = f->texture == TEXTURE_WINDOW || f->texture == TEXTURE_SCREEN;

	if (z > s->far || -vec_dot(h->normal, r->along) < 0.06 || chance % 256 == 0)
		return true;
	if (glossy &&
		texture_noise(f->seed + 7, 6 * (h->local.x + h->local.z),
			6 * h->local.y) > 0.45)
		return true;
	return before > 0 && fabs(z - before) > 0.12 * z && chance % 2;
}

static void put_geometry(const struct canvas *c, const struct scene *s, int at,
	const struct hit *h, double z)
{
	int plane = c->width * c->height;

	c->depth[at] = (float)(c->kind->inverse ? 1 / z : 10 * z);
	if (!c->normal)
		return;
	c->normal[at] = (float)vec_dot(h->normal, s->right);
	c->normal[plane + at] = (float)vec_dot(h->normal, s->up);
	c->normal[2 * plane + at] = (float)-vec_dot(h->normal, s->forward);
}

static double row_height(const struct canvas *c, int y)
{
	return (double)(c->height - 2 * y - 1) / c->width;
}

/* One pixel; returns the depth of what it meets, 0 for nothing. The maps start at 0. */
static double render_pixel(
	const struct canvas *c, const struct scene *s, int x, int y, double before)
{
	double u = (2 * x + 1.0) / c->width - 1;
	double v = row_height(c, y);
	double gain = 1 - 0.2 * (u * u + v * v); /* vignette */
	struct ray r = scene_ray(s, u, v);
	struct hit h = scene_cast(s, &r);
	int at = y * c->width + x;
	uint64_t index = 2 * (c->first + (uint64_t)at);
	uint64_t chance = rng_bits(0, RNG_DATA, c->noise, index);
	struct vec point;
	double z;

	if (!h.solid) {
		put_colour(c, s, at, s->sky, gain, chance >> 4);
		c->seg[at] = (uint8_t)(c->kind->nothing + 1);
		return 0;
	}
	point = vec_add(r.from, vec_scale(h.t, r.along));
	z = h.t * vec_dot(r.along, s->forward);
	put_colour(c, s, at, shade(s, &h, point), gain, chance >> 4);
	c->seg[at] = (uint8_t)(h.solid->surface.class + 1);
	if (!missing(s, &h, &r, z, before, rng_bits(0, RNG_DATA, c->noise, index + 1)))
		put_geometry(c, s, at, &h, z);
	return z;
}

static void render(const struct canvas *c, struct scene *s)
{
	for (int y = 0; y < c->height; y++) {
		double before = 0;

		scene_aim(s, row_height(c, y));
		for (int x = 0; x < c->width; x++)
			before = render_pixel(c, s, x, y, before);
	}
}

/* dataset.width or dataset.height. */
static int side(struct composition *c, const char *key, int *v, struct err *e)
{
	int rc = setting_whole(c->ps, key, v, e);

	if (!rc)
		params_set_number(&c->key, c->a, key, *v);
	return rc;
}

/* dataset.colour, where the data set has it. */
static int colour_share(const struct params *ps, double *share, struct err *e)
{
	*share = 0;
	return setting_real(ps, "dataset.colour", share, e);
}

static int scenes_plan(struct composition *c, struct err *e)
{
	int width, height;
	double share;
	int rc = side(c, "dataset.width", &width, e);

	if (!rc)
		rc = side(c, "dataset.height", &height, e);
	if (!rc)
		rc = colour_share(c->ps, &share, e);
	if (rc)
		return rc;
	if (setting_row(c->ps, "dataset.colour"))
		params_set_number(&c->key, c->a, "dataset.colour", share);
	params_set_number(&c->key, c->a, "generation", GENERATION);
	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &c->d->split[s];

		split->input = (struct dataset_field){ NULL, ELEMENT_U8, 1.0f / 255, 3,
			height, width, 0 };
		split->target[SEG] = (struct dataset_field){ NULL, ELEMENT_U8, 1, 1,
			height, width, -1 };
		split->target[DEPTH] = (struct dataset_field){ NULL, ELEMENT_F32, 1, 1,
			height, width, 0 };
		if (c->d->tasks > NORMAL)
			split->target[NORMAL] = (struct dataset_field){ NULL,
				ELEMENT_F32, 1, 3, height, width, 0 };
	}
	return OK;
}

static void fill_split(
	const struct composition *c, enum split split, double share, struct arena *a)
{
	const struct kind *kind = c->ops->of;
	const struct split_data *data = &c->d->split[split];
	int width = data->input.w, height = data->input.h;
	size_t pixels = (size_t)width * (size_t)height;
	struct scene *scene = NEW(a, struct scene);
	struct dice dice = { .stream = rng_hash(arena_printf(
				     a, "%s %s", kind->name, split_names[split])) };
	struct canvas canvas = { .kind = kind, .width = width, .height = height };

	canvas.noise = rng_hash(
		arena_printf(a, "%s %s noise", kind->name, split_names[split]));
	for (int i = 0; i < data->n; i++) {
		size_t at = (size_t)i * pixels;

		dice.at = (uint64_t)i << 32;
		canvas.first = (uint64_t)i << 32;
		canvas.rgb = (uint8_t *)c->input[split] + 3 * at;
		canvas.seg = (uint8_t *)c->target[split][SEG] + at;
		canvas.depth = (float *)c->target[split][DEPTH] + at;
		if (c->d->tasks > NORMAL)
			canvas.normal = (float *)c->target[split][NORMAL] + 3 * at;
		kind->build(scene, &dice);
		scene_paint(scene, kind->colours, share);
		render(&canvas, scene);
	}
}

static int scenes_fill(const struct composition *c, struct err *e)
{
	struct arena a = { 0 };
	double share;
	int rc = colour_share(&c->key, &share, e);

	for (int s = 0; s < SPLIT_COUNT && !rc; s++)
		fill_split(c, (enum split)s, share, &a);
	arena_release(&a);
	return rc;
}

extern const struct dataset_ops dataset_scenes, dataset_scenes2;
const struct dataset_ops dataset_scenes = {
	.plan = scenes_plan, .fill = scenes_fill, .of = &rooms
};
const struct dataset_ops dataset_scenes2 = {
	.plan = scenes_plan, .fill = scenes_fill, .of = &streets
};
