/*
 * Where segments may run at the same time: slots, and the GPUs that they are made of.
 *
 * A slot is one of `--workers`; or, where the sweep's trainer wants GPUs (`trainer.gpu`),
 * some whole GPUs or a part of one. A segment takes one slot, or as many as its method
 * says (`slots`), all of one GPU where several slots share it.
 */
#ifndef DELTAM_PLACES_H
#define DELTAM_PLACES_H

#include "orchestrator/spec/spec.h"

#define PLACES_GPUS_MAX 256

struct places {
	int n; /* devices: GPUs, or 1 that stands for the machine */
	int shares; /* slots that share a device; of the machine, all of them */
	int width; /* devices of a slot */
	int free[PLACES_GPUS_MAX]; /* shares of each device that nobody has */
	const char *name[PLACES_GPUS_MAX]; /* of GPUs; NULL: no GPU is handed out */
	bool hidden; /* GPUs that there may be are not to be used */
	struct arena arena; /* of the names */
};

/* What a segment has. */
struct places_taken {
	int shares; /* of each of its devices */
	int n;
	int device[PLACES_GPUS_MAX];
};

/*
 * The places of a sweep. gpus: of the option, NULL without; workers: of the option, 0
 * without. ERR_USAGE: options that do not fit the sweep or one another; ERR_DATA: fewer
 * GPUs than a slot or a method needs.
 */
MUST_CHECK int places_find(struct places *p, const struct spec *s, const char *gpus,
	int workers, struct err *e);
/* So many slots that are on other machines, which know their GPUs themselves. */
void places_elsewhere(struct places *p, int slots);
void places_release(struct places *p);

/* How many segments of one slot can run at a time; at least 1. */
int places_slots(const struct places *p);

/* Takes so many slots, or all that there can be; false: they are not free now. */
bool places_take(struct places *p, int slots, struct places_taken *out);
void places_give(struct places *p, const struct places_taken *x);

/* What CUDA_VISIBLE_DEVICES is for the place: "0,1"; NULL: whatever it is now. */
const char *places_devices(
	const struct places *p, const struct places_taken *x, struct arena *a);

/* Finds nvidia0, nvidia1 ... in the folder, as in /dev, and names them by their numbers. */
void places_scan(struct places *p, const char *folder);

/* What a slot of the trainer has: "1/2 of a GPU", "2 GPUs"; NULL: no GPU. */
const char *places_slot_text(const struct spec_trainer *t, struct arena *a);

#endif
