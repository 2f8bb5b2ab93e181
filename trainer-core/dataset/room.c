/*
 * Rooms: four walls with a window, pictures and a screen; furniture that stands on free
 * floor; small things on tables and floor; a lamp now and then. Shapes tell furniture
 * apart, textures what hangs on the walls: neither alone is enough.
 */
#include <math.h>
#include "trainer-core/dataset/scene.h"

#define PI 3.14159265358979323846

const struct rgb room_colours[ROOM_CLASSES] = {
	[ROOM_FLOOR] = { 0.45, 0.35, 0.25 },
	[ROOM_WALL] = { 0.75, 0.72, 0.62 },
	[ROOM_CEILING] = { 0.9, 0.9, 0.95 },
	[ROOM_WINDOW] = { 0.6, 0.85, 1 },
	[ROOM_PICTURE] = { 0.9, 0.3, 0.7 },
	[ROOM_SCREEN] = { 0.05, 0.05, 0.1 },
	[ROOM_TABLE] = { 0.85, 0.55, 0.15 },
	[ROOM_CHAIR] = { 0.8, 0.15, 0.1 },
	[ROOM_SOFA] = { 0.2, 0.25, 0.7 },
	[ROOM_BED] = { 0.35, 0.7, 0.35 },
	[ROOM_CABINET] = { 0.4, 0.2, 0.45 },
	[ROOM_LAMP] = { 1, 0.95, 0.4 },
	[ROOM_OBJECT] = { 0.1, 0.6, 0.6 },
};

struct circle {
	double x, z, radius;
};

enum { PLACES = 12 };

struct room {
	struct scene *scene;
	struct dice *dice;
	double width, height, depth; /* x, y, z from 0 */
	struct circle taken[PLACES];
	int places;
	struct surface wood; /* what the room's furniture is mostly made of */
};

static struct surface paint(
	struct room *r, int class, enum texture texture, double dark, double bright)
{
	struct surface s = { .class = class, .texture = texture };

	s.colour = dice_colour(r->dice, dark, bright);
	s.other = dice_colour(r->dice, dark, bright);
	s.scale = dice_between(r->dice, 3, 9);
	s.seed = (uint32_t)dice_below(r->dice, 1 << 30);
	return s;
}

static struct surface of_wood(const struct room *r, int class)
{
	struct surface s = r->wood;

	s.class = class;
	return s;
}

static void add_plane(
	struct room *r, struct vec at, struct vec normal, const struct surface *surface)
{
	const struct solid plane = {
		.shape = SHAPE_PLANE, .centre = at, .half = normal, .surface = *surface
	};

	scene_add(r->scene, &plane);
}

static void build_shell(struct room *r)
{
	static const enum texture floors[] = { TEXTURE_WOOD, TEXTURE_TILES,
		TEXTURE_SPECKLE, TEXTURE_PLAIN };
	static const enum texture walls[] = { TEXTURE_PLAIN, TEXTURE_PLAIN,
		TEXTURE_STRIPES, TEXTURE_SPECKLE };
	struct surface floor =
		paint(r, ROOM_FLOOR, floors[dice_below(r->dice, 4)], 0.2, 0.7);
	struct surface wall =
		paint(r, ROOM_WALL, walls[dice_below(r->dice, 4)], 0.5, 0.85);
	struct surface ceiling = paint(r, ROOM_CEILING, TEXTURE_PLAIN, 0.75, 0.9);

	/* Patterns of one surface keep to similar tones. */
	wall.other = (struct rgb){ 0.9 * wall.colour.r, 0.92 * wall.colour.g,
		0.9 * wall.colour.b };
	floor.other = (struct rgb){ 0.75 * floor.colour.r, 0.75 * floor.colour.g,
		0.7 * floor.colour.b };
	add_plane(r, (struct vec){ 0, 0, 0 }, (struct vec){ 0, 1, 0 }, &floor);
	add_plane(
		r, (struct vec){ 0, r->height, 0 }, (struct vec){ 0, -1, 0 }, &ceiling);
	add_plane(r, (struct vec){ 0, 0, 0 }, (struct vec){ 1, 0, 0 }, &wall);
	add_plane(r, (struct vec){ r->width, 0, 0 }, (struct vec){ -1, 0, 0 }, &wall);
	add_plane(r, (struct vec){ 0, 0, 0 }, (struct vec){ 0, 0, 1 }, &wall);
	add_plane(r, (struct vec){ 0, 0, r->depth }, (struct vec){ 0, 0, -1 }, &wall);
}

/*
 * A flat box on the back wall (side 0), the left (1) or the right (2); `along` is the
 * share of the wall's length.
 */
static void hang(struct room *r, int side, double along, double y, struct vec half,
	const struct surface *surface)
{
	struct piece p = { .scene = r->scene, .cosine = 1 };
	struct vec turned = { half.z, half.y, half.x };

	if (side == 0)
		p.at = (struct vec){ along * r->width, y, r->depth };
	else
		p.at = (struct vec){ side == 1 ? 0 : r->width, y, along * r->depth };
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0, 0 }, side == 0 ? half : turned,
		surface);
}

static void hang_windows(struct room *r)
{
	int side = dice_below(r->dice, 4); /* the fourth wall is behind the camera */
	struct surface glass = paint(r, ROOM_WINDOW, TEXTURE_WINDOW, 0.5, 0.8);
	struct vec half = { .z = 0.03 };

	half.x = dice_between(r->dice, 0.4, 0.9);
	half.y = dice_between(r->dice, 0.4, 0.7);
	glass.colour = (struct rgb){ 0.55, 0.65, 0.6 };
	glass.other = (struct rgb){ 0.75, 0.88, 1 };
	glass.glow = dice_between(r->dice, 0.3, 0.9);
	if (side < 3)
		hang(r, side, dice_between(r->dice, 0.3, 0.7), 1.5, half, &glass);
}

static void hang_picture(struct room *r)
{
	struct surface s = paint(r, ROOM_PICTURE, TEXTURE_PAINTING, 0.1, 0.95);
	struct vec half = { .z = 0.025 };
	double along, y;

	half.x = dice_between(r->dice, 0.2, 0.6);
	half.y = dice_between(r->dice, 0.2, 0.45);
	s.scale = dice_between(r->dice, 0.8, 1.8);
	y = dice_between(r->dice, 1.4, 1.8);
	along = dice_between(r->dice, 0.1, 0.9);
	hang(r, dice_below(r->dice, 3), along, y, half, &s);
}

static void hang_screen(struct room *r)
{
	struct surface s = paint(r, ROOM_SCREEN, TEXTURE_SCREEN, 0, 0.1);
	struct vec half = { dice_between(r->dice, 0.4, 0.75), 0, 0.03 };
	double y = dice_between(r->dice, 1, 1.4);
	double along = dice_between(r->dice, 0.3, 0.8);

	half.y = 0.6 * half.x;
	s.other = (struct rgb){ 0.3, 0.33, 0.38 };
	hang(r, dice_below(r->dice, 3), along, y, half, &s);
}

static void hang_pictures(struct room *r)
{
	int n = dice_below(r->dice, 4);

	for (int i = 0; i < n; i++)
		hang_picture(r);
	if (dice_below(r->dice, 3) == 0)
		hang_screen(r);
}

/* Looks for free floor; false where none was found. */
static bool find_place(struct room *r, double radius, struct piece *p)
{
	for (int i = 0; i < 12 && r->places < PLACES; i++) {
		double x = dice_between(r->dice, radius, r->width - radius);
		double z = dice_between(r->dice, 1.3 + radius, r->depth - 0.7 * radius);
		double quarters = dice_below(r->dice, 4);
		double yaw = PI / 2 * quarters + dice_between(r->dice, -0.25, 0.25);
		bool free = true;

		for (int k = 0; k < r->places; k++) {
			const struct circle *c = &r->taken[k];

			free = free && hypot(c->x - x, c->z - z) > c->radius + radius;
		}
		if (!free)
			continue;
		r->taken[r->places++] = (struct circle){ x, z, radius };
		*p = (struct piece){ r->scene, { x, 0, z }, cos(yaw), sin(yaw), 0 };
		return true;
	}
	return false;
}

static void add_legs(const struct piece *p, double x, double z, double height,
	const struct surface *s)
{
	for (int i = 0; i < 4; i++)
		piece_add(p, SHAPE_CYLINDER,
			(struct vec){ i & 1 ? x : -x, height / 2, i & 2 ? z : -z },
			(struct vec){ 0.035, height / 2, 0 }, s);
}

/* A ball, a vase or a box on a surface at height y. */
static void add_thing(
	struct room *r, const struct piece *p, double x, double y, double z)
{
	static const enum texture textures[] = { TEXTURE_PLAIN, TEXTURE_STRIPES,
		TEXTURE_TILES, TEXTURE_SPECKLE };
	struct surface s =
		paint(r, ROOM_OBJECT, textures[dice_below(r->dice, 4)], 0.05, 0.95);
	double size = dice_between(r->dice, 0.08, 0.2);

	s.scale = dice_between(r->dice, 8, 20);
	if (dice_below(r->dice, 6) == 0)
		s.class = -1; /* something that nobody labelled */
	switch (dice_below(r->dice, 3)) {
	case 0:
		piece_add(p, SHAPE_SPHERE, (struct vec){ x, y + size, z },
			(struct vec){ size, 0, 0 }, &s);
		break;
	case 1:
		piece_add(p, SHAPE_CYLINDER, (struct vec){ x, y + 1.5 * size, z },
			(struct vec){ 0.6 * size, 1.5 * size, 0 }, &s);
		break;
	default:
		piece_add(p, SHAPE_BOX, (struct vec){ x, y + size, z },
			(struct vec){ size, size, 0.7 * size }, &s);
	}
}

static void add_table(struct room *r)
{
	struct surface s = of_wood(r, ROOM_TABLE);
	double x = dice_between(r->dice, 0.45, 0.85),
	       z = dice_between(r->dice, 0.35, 0.5);
	double y = dice_between(r->dice, 0.45, 0.78);
	int things = dice_below(r->dice, 4);
	struct piece p;

	if (!find_place(r, hypot(x, z), &p))
		return;
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, y, 0 }, (struct vec){ x, 0.035, z },
		&s);
	add_legs(&p, x - 0.08, z - 0.08, y, &s);
	for (int i = 0; i < things; i++) {
		double aside = dice_between(r->dice, -0.7, 0.7) * z;

		add_thing(
			r, &p, dice_between(r->dice, -0.8, 0.8) * x, y + 0.035, aside);
	}
}

static void add_chair(struct room *r)
{
	struct surface s = dice_below(r->dice, 2)
		? of_wood(r, ROOM_CHAIR)
		: paint(r, ROOM_CHAIR, TEXTURE_PLAIN, 0.1, 0.8);
	struct piece p;

	if (!find_place(r, 0.32, &p))
		return;
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.45, 0 },
		(struct vec){ 0.23, 0.035, 0.22 }, &s);
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.72, 0.2 },
		(struct vec){ 0.23, 0.26, 0.025 }, &s);
	add_legs(&p, 0.19, 0.18, 0.43, &s);
}

static void add_sofa(struct room *r)
{
	static const enum texture textures[] = { TEXTURE_PLAIN, TEXTURE_STRIPES,
		TEXTURE_SPECKLE };
	struct surface s =
		paint(r, ROOM_SOFA, textures[dice_below(r->dice, 3)], 0.1, 0.75);
	double x = dice_between(r->dice, 0.45, 1);
	struct piece p;

	if (!find_place(r, 0.9 * hypot(x, 0.42), &p))
		return;
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.21, 0 },
		(struct vec){ x, 0.21, 0.4 }, &s);
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.55, 0.33 },
		(struct vec){ x, 0.33, 0.1 }, &s);
	for (int side = -1; side <= 1; side += 2)
		piece_add(&p, SHAPE_BOX, (struct vec){ side * (x + 0.08), 0.32, 0 },
			(struct vec){ 0.1, 0.32, 0.42 }, &s);
}

static void add_bed(struct room *r)
{
	struct surface frame = of_wood(r, ROOM_BED);
	struct surface cover = paint(r, ROOM_BED, TEXTURE_PLAIN, 0.2, 0.9);
	struct surface pillow = paint(r, ROOM_BED, TEXTURE_PLAIN, 0.8, 0.95);
	double x = dice_between(r->dice, 0.45, 0.8);
	struct piece p;

	cover.texture = dice_below(r->dice, 2) ? TEXTURE_STRIPES : TEXTURE_SPECKLE;
	if (!find_place(r, 1.05, &p))
		return;
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.15, 0 }, (struct vec){ x, 0.15, 1 },
		&frame);
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.4, 0 },
		(struct vec){ x - 0.03, 0.1, 0.97 }, &cover);
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.45, 1 },
		(struct vec){ x, 0.45, 0.04 }, &frame);
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.55, 0.7 },
		(struct vec){ 0.6 * x, 0.06, 0.18 }, &pillow);
}

/* Against a wall: the back one, the left, the right. */
static void add_cabinet(struct room *r)
{
	struct surface s = of_wood(r, ROOM_CABINET);
	double width = dice_between(r->dice, 0.3, 0.7);
	double height = dice_between(r->dice, 0.35, 1.05);
	struct vec half = { width, height, 0.22 };
	int side = dice_below(r->dice, 3);
	double along = dice_between(r->dice, 0.25, 0.75);
	struct piece p = { .scene = r->scene, .cosine = 1 };

	if (r->places == PLACES)
		return;
	if (dice_below(r->dice, 2)) {
		s.texture = TEXTURE_TILES; /* doors or drawers */
		s.scale = 2.5;
	}
	if (side == 0)
		p.at = (struct vec){ along * r->width, half.y, r->depth - half.z };
	else {
		p.at = (struct vec){ side == 1 ? half.z : r->width - half.z, half.y,
			1 + along * (r->depth - 1) };
		half = (struct vec){ half.z, half.y, half.x };
	}
	r->taken[r->places++] =
		(struct circle){ p.at.x, p.at.z, 0.8 * hypot(half.x, half.z) };
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0, 0 }, half, &s);
	if (half.y < 0.7)
		add_thing(r, &p, 0, half.y, 0);
}

static void add_lamp(struct room *r)
{
	struct surface pole = paint(r, ROOM_LAMP, TEXTURE_PLAIN, 0.1, 0.4);
	struct surface shade = paint(r, ROOM_LAMP, TEXTURE_PLAIN, 0.75, 0.95);
	double y = dice_between(r->dice, 1.2, 1.7);
	struct piece p;

	shade.glow = dice_between(r->dice, 0.2, 0.7);
	if (!find_place(r, 0.25, &p))
		return;
	piece_add(&p, SHAPE_CYLINDER, (struct vec){ 0, 0.02, 0 },
		(struct vec){ 0.16, 0.02, 0 }, &pole);
	piece_add(&p, SHAPE_CYLINDER, (struct vec){ 0, y / 2, 0 },
		(struct vec){ 0.025, y / 2, 0 }, &pole);
	piece_add(&p, SHAPE_CYLINDER, (struct vec){ 0, y, 0 },
		(struct vec){ 0.2, 0.15, 0 }, &shade);
}

static void furnish(struct room *r)
{
	int chairs = dice_below(r->dice, 4), things = dice_below(r->dice, 4);
	int cabinets = dice_below(r->dice, 3), tables = 1 + dice_below(r->dice, 2);
	int kind = dice_below(r->dice, 5); /* of room */

	if (kind == 0)
		add_bed(r);
	else if (kind < 4)
		add_sofa(r);
	for (int i = 0; i < cabinets; i++)
		add_cabinet(r);
	for (int i = 0; i < tables; i++)
		add_table(r);
	for (int i = 0; i < chairs; i++)
		add_chair(r);
	if (dice_below(r->dice, 3) == 0)
		add_lamp(r);
	for (int i = 0; i < things; i++) {
		struct piece p;

		if (find_place(r, 0.2, &p))
			add_thing(r, &p, 0, 0, 0);
	}
}

static void light_and_look(struct room *r)
{
	struct scene *s = r->scene;
	struct dice *d = r->dice;
	double x = r->width * dice_between(d, 0.3, 0.7);
	double y = dice_between(d, 1.3, 1.75);
	double yaw = dice_between(d, -0.45, 0.45) + 0.35 * (1 - 2 * x / r->width);
	double roll = dice_between(d, -0.05, 0.05);
	double pitch = dice_between(d, -0.33, -0.03);

	scene_look(s, (struct vec){ x, y, 0.2 }, yaw, pitch, roll);
	s->spread = dice_between(d, 0.6, 0.75);
	s->light.x = r->width * dice_between(d, 0.2, 0.8);
	s->light.y = r->height - 0.15;
	s->light.z = r->depth * dice_between(d, 0.15, 0.75);
	s->lamp = dice_between(d, 2, 4.5);
	s->ambient = dice_between(d, 0.22, 0.4);
	s->tint.r = dice_between(d, 0.9, 1.1);
	s->tint.g = 1;
	s->tint.b = dice_between(d, 0.8, 1.1);
	s->noise = dice_between(d, 0.01, 0.035);
	s->far = 12;
}

void scene_room(struct scene *s, struct dice *d)
{
	struct room r = { .scene = s, .dice = d };

	s->solids = s->things = 0;
	s->outdoors = false;
	s->sky = (struct rgb){ 0, 0, 0 };
	r.width = dice_between(d, 3.2, 5.5);
	r.depth = dice_between(d, 4, 7);
	r.height = dice_between(d, 2.4, 3);
	light_and_look(&r);
	r.wood = paint(&r, ROOM_TABLE, TEXTURE_WOOD, 0.25, 0.5);
	r.wood.colour.r += 0.2;
	r.wood.colour.b *= 0.6;
	r.wood.other = (struct rgb){ 0.8 * r.wood.colour.r, 0.75 * r.wood.colour.g,
		0.7 * r.wood.colour.b };
	build_shell(&r);
	hang_windows(&r);
	hang_pictures(&r);
	furnish(&r);
}
