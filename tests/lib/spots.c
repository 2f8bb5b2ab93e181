#include "tests/lib/spots.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include "tests/lib/child.h"
#include "tests/lib/fake_npy.h"

enum { PICTURES = 256, PIXELS = 144 };

static void write_array(const char *split, const char *name, const char *type,
	const char *shape, const void *elements, size_t n)
{
	char path[64];

	snprintf(path, sizeof(path), "data/%s/%s.npy", split, name);
	fake_npy(path, type, shape, elements, n);
}

static void draw(
	const struct spots *s, int bright, int place, unsigned *state, uint8_t *x)
{
	for (int at = 0; at < s->side * s->side; at++) {
		bool spot = at / s->side < s->side / 2 &&
			(at % s->side < s->side / 2) == place;

		x[at] = (uint8_t)(s->step * bright + (spot ? s->on : s->off) +
			(int)(child_draw(state) % s->noise));
	}
}

void spots_write(const struct spots *s, const char *split, int n, unsigned state)
{
	static uint8_t x[PICTURES * PIXELS], bright[PICTURES], place[PICTURES];
	static float light[PICTURES];
	const int pixels = s->side * s->side;
	char shape[64];

	ck_assert(n <= PICTURES && pixels <= PIXELS);
	for (int i = 0; i < n; i++) {
		bright[i] = (uint8_t)(child_draw(&state) % 3);
		place[i] = (uint8_t)(child_draw(&state) % 2);
		light[i] = (float)bright[i] - 0.5F * (float)place[i];
		draw(s, bright[i], place[i], &state, x + i * pixels);
		if (s->flips)
			place[i] ^= child_draw(&state) % 8 == 0;
	}
	snprintf(shape, sizeof(shape), "(%d, 1, %d, %d)", n, s->side, s->side);
	write_array(split, "input", "|u1", shape, x, (size_t)(n * pixels));
	snprintf(shape, sizeof(shape), "(%d,)", n);
	write_array(split, "bright", "|u1", shape, bright, (size_t)n);
	write_array(split, "place", "|u1", shape, place, (size_t)n);
	write_array(split, "light", "<f4", shape, light, (size_t)n * sizeof(float));
}
