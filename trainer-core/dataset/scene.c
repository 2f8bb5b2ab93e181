#include "trainer-core/dataset/scene.h"

#include <math.h>
#include "common/rng.h"

double dice_between(struct dice *d, double low, double high)
{
	return low + (high - low) * rng_uniform(0, RNG_DATA, d->stream, d->at++);
}

int dice_below(struct dice *d, int n)
{
	return (int)rng_below(0, RNG_DATA, d->stream, d->at++, (uint32_t)n);
}

/* A tone between dark and bright with a random hue. */
struct rgb dice_colour(struct dice *d, double dark, double bright)
{
	struct rgb c;

	c.r = dice_between(d, dark, bright);
	c.g = dice_between(d, dark, bright);
	c.b = dice_between(d, dark, bright);
	return c;
}

void piece_add(const struct piece *p, enum shape shape, struct vec centre,
	struct vec half, const struct surface *surface)
{
	struct vec turned = { p->cosine * centre.x - p->sine * centre.z, centre.y,
		p->sine * centre.x + p->cosine * centre.z };
	const struct solid solid = { .shape = shape,
		.centre = vec_add(p->at, turned),
		.half = half,
		.cosine = p->cosine,
		.sine = p->sine,
		.surface = *surface };

	scene_add(p->scene, &solid);
}

static struct rgb towards(struct rgb from, struct rgb to, double share, double tone)
{
	return (struct rgb){ from.r + share * (tone * to.r - from.r),
		from.g + share * (tone * to.g - from.g),
		from.b + share * (tone * to.b - from.b) };
}

void scene_paint(struct scene *s, const struct rgb *colours, double share)
{
	for (int i = 0; i < s->solids && share > 0; i++) {
		struct surface *f = &s->solid[i].surface;

		if (f->class < 0)
			continue;
		f->colour = towards(f->colour, colours[f->class], share, 1);
		f->other = towards(f->other, colours[f->class], share, 0.75);
	}
}

static struct vec cross(struct vec a, struct vec b)
{
	return (struct vec){ a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z,
		a.x * b.y - a.y * b.x };
}

void scene_look(struct scene *s, struct vec eye, double yaw, double pitch, double roll)
{
	const struct vec above = { 0, 1, 0 };
	struct vec right, up;

	s->eye = eye;
	s->forward = (struct vec){ sin(yaw) * cos(pitch), sin(pitch),
		cos(yaw) * cos(pitch) };
	right = vec_unit(cross(above, s->forward));
	up = cross(s->forward, right);
	s->right = vec_add(vec_scale(cos(roll), right), vec_scale(sin(roll), up));
	s->up = vec_sub(vec_scale(cos(roll), up), vec_scale(sin(roll), right));
}
