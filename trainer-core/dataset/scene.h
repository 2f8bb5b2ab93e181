/*
 * The two kinds of procedural scenes: rooms and streets, made of solids by chance.
 */
#ifndef DELTAM_SCENE_H
#define DELTAM_SCENE_H

#include "trainer-core/dataset/raycast.h"

/*
 * Draws of one scene: the next number of (stream, at). One expression, argument list or
 * initializer holds one draw at most, because C leaves the order of its parts open.
 */
struct dice {
	uint64_t stream; /* which data set and split */
	uint64_t at; /* image << 32 | how many were drawn */
};

double dice_between(struct dice *d, double low, double high);
int dice_below(struct dice *d, int n);
struct rgb dice_colour(struct dice *d, double dark, double bright);

enum room_class {
	ROOM_FLOOR,
	ROOM_WALL,
	ROOM_CEILING,
	ROOM_WINDOW,
	ROOM_PICTURE,
	ROOM_SCREEN,
	ROOM_TABLE,
	ROOM_CHAIR,
	ROOM_SOFA,
	ROOM_BED,
	ROOM_CABINET,
	ROOM_LAMP,
	ROOM_OBJECT,
	ROOM_CLASSES,
};

enum street_class {
	STREET_FLAT,
	STREET_BUILDING,
	STREET_OBJECT,
	STREET_NATURE,
	STREET_SKY,
	STREET_HUMAN,
	STREET_VEHICLE,
	STREET_CLASSES,
};

/* Both set every field of *s. Lengths in metres. */
void scene_room(struct scene *s, struct dice *d);
void scene_street(struct scene *s, struct dice *d);

/* What surfaces of a class are painted like where colour tells classes apart. */
extern const struct rgb room_colours[ROOM_CLASSES];

/* Brings every labelled surface towards its class's colour: share 0 not at all, 1 wholly. */
void scene_paint(struct scene *s, const struct rgb *colours, double share);

/* A piece that stands at a place, turned: solids are added in its own axes. */
struct piece {
	struct scene *scene;
	struct vec at;
	double cosine, sine;
	int thing; /* of its solids; 0: none */
};

void piece_add(const struct piece *p, enum shape shape, struct vec centre,
	struct vec half, const struct surface *surface);

/* The camera at `eye`; angles in radians, pitch below 0 looks down. */
void scene_look(struct scene *s, struct vec eye, double yaw, double pitch, double roll);

#endif
