/*
 * Streets: a road between pavements, houses on both sides, trees, poles, parked and
 * driving cars, people. The sky has no depth.
 */
#include <math.h>
#include "trainer-core/dataset/scene.h"

#define PI 3.14159265358979323846

struct street {
	struct scene *scene;
	struct dice *dice;
	double half; /* of the road */
	double pavement; /* its width */
};

static struct surface paint(
	struct street *t, int class, enum texture texture, double dark, double bright)
{
	struct surface s = { .class = class, .texture = texture };

	s.colour = dice_colour(t->dice, dark, bright);
	s.other = dice_colour(t->dice, dark, bright);
	s.scale = dice_between(t->dice, 1, 3);
	s.seed = (uint32_t)dice_below(t->dice, 1 << 30);
	return s;
}

static struct piece stand(struct street *t, double x, double z, double yaw)
{
	return (struct piece){ t->scene, { x, 0, z }, cos(yaw), sin(yaw), 0 };
}

/* Makes what stands there one thing, with its middle at half its height. */
static void be_thing(struct piece *p, double height)
{
	struct vec middle = p->at;

	middle.y += height / 2;
	p->thing = scene_add_thing(p->scene, middle);
}

static void build_ground(struct street *t)
{
	double tone = dice_between(t->dice, 0.25, 0.45);
	struct surface road = paint(t, STREET_FLAT, TEXTURE_SPECKLE, 0.2, 0.4);
	struct surface kerb = paint(t, STREET_FLAT, TEXTURE_TILES, 0.4, 0.7);
	struct solid plane = { .shape = SHAPE_PLANE, .half = { 0, 1, 0 } };

	road.colour = (struct rgb){ tone, tone, tone };
	road.other = (struct rgb){ 0.8 * tone, 0.8 * tone, 0.85 * tone };
	kerb.other = (struct rgb){ 0.8 * kerb.colour.r, 0.8 * kerb.colour.g,
		0.8 * kerb.colour.b };
	plane.surface = road;
	scene_add(t->scene, &plane);
	for (int side = -1; side <= 1; side += 2) {
		struct piece p = stand(t, side * (t->half + t->pavement / 2), 60, 0);

		piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.03, 0 },
			(struct vec){ t->pavement / 2, 0.08, 62 }, &kerb);
	}
}

static void build_houses(struct street *t, int side)
{
	double z = dice_between(t->dice, -8, 0);

	while (z < 60) {
		double length = dice_between(t->dice, 5, 14);
		double height = dice_between(t->dice, 2.5, 9);
		double depth = dice_between(t->dice, 3, 6);
		struct surface s = paint(t, STREET_BUILDING,
			dice_below(t->dice, 3) ? TEXTURE_FACADE : TEXTURE_BRICKS, 0.3,
			0.8);
		struct piece p = stand(
			t, side * (t->half + t->pavement + depth), z + length / 2, 0);

		s.scale = s.texture == TEXTURE_FACADE ? dice_between(t->dice, 0.3, 0.6)
						      : dice_between(t->dice, 1, 2);
		piece_add(&p, SHAPE_BOX, (struct vec){ 0, height / 2, 0 },
			(struct vec){ depth, height / 2, length / 2 }, &s);
		z += length +
			(dice_below(t->dice, 3) ? 0 : dice_between(t->dice, 2, 8));
	}
}

static void add_tree(struct street *t, double x, double z)
{
	struct surface trunk = paint(t, STREET_NATURE, TEXTURE_SPECKLE, 0.1, 0.3);
	struct surface crown = paint(t, STREET_NATURE, TEXTURE_LEAVES, 0.05, 0.3);
	double height = dice_between(t->dice, 2, 3.5);
	double radius = dice_between(t->dice, 0.8, 1.6);
	struct piece p = stand(t, x, z, 0);

	crown.colour.g += 0.3;
	crown.other.g += 0.15;
	crown.scale = 4;
	piece_add(&p, SHAPE_CYLINDER, (struct vec){ 0, height / 2, 0 },
		(struct vec){ 0.14, height / 2, 0 }, &trunk);
	for (int i = 0; i < 3; i++) {
		struct vec ball = { radius * dice_between(t->dice, 0.7, 1), 0, 0 };
		struct vec at;

		at.x = dice_between(t->dice, -0.5, 0.5);
		at.y = height + dice_between(t->dice, 0, 0.8);
		at.z = dice_between(t->dice, -0.5, 0.5);
		piece_add(&p, SHAPE_SPHERE, at, ball, &crown);
	}
}

/* A lantern or a traffic sign. */
static void add_pole(struct street *t, double x, double z)
{
	struct surface pole = paint(t, STREET_OBJECT, TEXTURE_PLAIN, 0.2, 0.5);
	struct surface top = paint(t, STREET_OBJECT, TEXTURE_STRIPES, 0.2, 0.95);
	double height = dice_between(t->dice, 2.2, 4.5);
	struct piece p = stand(t, x, z, 0);

	piece_add(&p, SHAPE_CYLINDER, (struct vec){ 0, height / 2, 0 },
		(struct vec){ 0.07, height / 2, 0 }, &pole);
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, height, 0 },
		(struct vec){ 0.35, 0.3, 0.04 }, &top);
}

static void add_human(struct street *t, double x, double z)
{
	struct surface clothes = paint(t, STREET_HUMAN, TEXTURE_PLAIN, 0.05, 0.8);
	struct surface legs = paint(t, STREET_HUMAN, TEXTURE_PLAIN, 0.05, 0.4);
	struct surface skin = paint(t, STREET_HUMAN, TEXTURE_PLAIN, 0.4, 0.5);
	double tall = dice_between(t->dice, 0.85, 1.1);
	struct piece p = stand(t, x, z, dice_between(t->dice, 0, PI));

	be_thing(&p, 1.71 * tall);
	skin.colour = (struct rgb){ 0.75 * tall, 0.55 * tall, 0.45 * tall };
	for (int side = -1; side <= 1; side += 2)
		piece_add(&p, SHAPE_CYLINDER,
			(struct vec){ 0.1 * side, 0.42 * tall, 0 },
			(struct vec){ 0.09, 0.42 * tall, 0 }, &legs);
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 1.13 * tall, 0 },
		(struct vec){ 0.25, 0.31 * tall, 0.14 }, &clothes);
	piece_add(&p, SHAPE_SPHERE, (struct vec){ 0, 1.58 * tall, 0 },
		(struct vec){ 0.13, 0, 0 }, &skin);
}

static void add_car(struct street *t, double x, double z)
{
	struct surface body = paint(t, STREET_VEHICLE, TEXTURE_PLAIN, 0.05, 0.9);
	struct surface glass = paint(t, STREET_VEHICLE, TEXTURE_PLAIN, 0.1, 0.25);
	double tall = dice_below(t->dice, 4) ? dice_between(t->dice, 0.55, 0.75)
					     : dice_between(t->dice, 1.1, 1.5);
	struct piece p = stand(t, x, z, dice_between(t->dice, -0.08, 0.08));

	be_thing(&p, 0.92 + tall);
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.3 + tall / 2, 0 },
		(struct vec){ 0.85, tall / 2, 2 }, &body);
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.55 + tall, -0.2 },
		(struct vec){ 0.72, 0.3, 1.1 }, &glass);
	piece_add(&p, SHAPE_BOX, (struct vec){ 0, 0.88 + tall, -0.2 },
		(struct vec){ 0.74, 0.04, 1.05 }, &body);
	for (int i = 0; i < 4; i++)
		piece_add(&p, SHAPE_SPHERE,
			(struct vec){ i & 1 ? 0.7 : -0.7, 0.32, i & 2 ? 1.3 : -1.3 },
			(struct vec){ 0.32, 0, 0 }, &glass);
}

/* What stands beside and on the road, from near to far. */
static void populate(struct street *t, int side)
{
	double edge = side * (t->half + 0.4);
	double z = 4;

	while (z < 36) {
		double walk =
			side * (t->half + dice_between(t->dice, 0.8, t->pavement));

		switch (dice_below(t->dice, 8)) { /* 7: nobody */
		case 0:
		case 1:
			add_tree(t, side * (t->half + 0.9), z);
			break;
		case 2:
		case 3:
			add_pole(t, edge, z);
			break;
		case 4:
			add_human(t, walk, z);
			break;
		case 5:
		case 6:
			add_car(t, side * (t->half - 1.1), z + 2);
			z += 3;
			break;
		default:
			break;
		}
		z += dice_between(t->dice, 2.5, 7);
	}
	if (dice_below(t->dice, 2))
		add_car(t, side * t->half / 3, dice_between(t->dice, 9, 40));
}

static void light_and_look(const struct street *t, double cloud)
{
	struct scene *s = t->scene;
	struct dice *d = t->dice;
	double roll = dice_between(d, -0.03, 0.03);
	double pitch = dice_between(d, -0.12, 0.04);
	double yaw = dice_between(d, -0.2, 0.2);
	double x = dice_between(d, -0.4, 0.4) * t->half;
	double y = dice_between(d, 1.2, 2.2);

	scene_look(s, (struct vec){ x, y, 0 }, yaw, pitch, roll);
	s->spread = dice_between(d, 0.7, 0.9);
	s->light.x = dice_between(d, -1, 1);
	s->light.y = dice_between(d, 0.5, 1.5);
	s->light.z = dice_between(d, -1, 0.4);
	s->light = vec_unit(s->light);
	s->lamp = dice_between(d, 0.3, 0.8);
	s->ambient = dice_between(d, 0.3, 0.5);
	s->sky = (struct rgb){ 0.9 * cloud, 0.95 * cloud, 1 };
	s->tint.r = dice_between(d, 0.9, 1.1);
	s->tint.g = 1;
	s->tint.b = dice_between(d, 0.85, 1.1);
	s->noise = dice_between(d, 0.01, 0.035);
	s->far = 80;
}

void scene_street(struct scene *s, struct dice *d)
{
	struct street t = { .scene = s, .dice = d };
	double cloud = dice_between(d, 0.4, 1);

	s->solids = s->things = 0;
	s->outdoors = true;
	t.half = dice_between(d, 3, 5);
	t.pavement = dice_between(d, 2, 4);
	light_and_look(&t, cloud);
	build_ground(&t);
	for (int side = -1; side <= 1; side += 2) {
		build_houses(&t, side);
		populate(&t, side);
	}
}
