/*
 * Checkpoints: the state of a job at the end of an epoch, in one file.
 *
 *	<database>.d/checkpoints/<identity>.ckpt
 *	header (what the state belongs to) | state | XXH128 of everything before it
 *
 * Written to a temporary name, synced, renamed, the folder synced: under its name there
 * is a whole file or none. A checkpoint only saves time. One that is torn, of another
 * job, arithmetic (NUMERICS) or kernel class is refused and the job starts over.
 *
 * Results (train.h: parameters and what else evaluation needs) are files of the same kind:
 *	<database>.d/checkpoints/<identity>.best           of the best epoch so far
 *	<database>.d/winners/<identity>-<epoch>.params     of a winner's epoch, to stay
 */
#ifndef DELTAM_CHECKPOINT_H
#define DELTAM_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include "common/arena.h"

#define CHECKPOINT_PATH_MAX 1200

/* What a state belongs to. The path is that of the job in this database. */
struct checkpoint {
	char path[CHECKPOINT_PATH_MAX];
	const char *identity;
	const char *kernel_class;
	bool in_folder; /* of a job: it is there, or we are not wanted any more */
	bool result; /* not a state that training goes on from */
	unsigned char *image; /* the file's bytes; the state lies inside */
	size_t state_size;
};

/*
 * Makes room in the arena for the state of `identity`; the texts must outlive it. No
 * file is touched. ERR_CHECKPOINT: the format has no room for a text.
 */
MUST_CHECK int checkpoint_init(struct checkpoint *c, const char *db,
	const char *identity, const char *kernel_class, size_t state_size,
	struct arena *a, struct err *e);

/* From here on the file lies in that folder, which is there. As above. */
MUST_CHECK int checkpoint_in_folder(
	struct checkpoint *c, const char *folder, struct err *e);

/*
 * From here on c is for results: those of that epoch or, where it is 0, the best so
 * far. Errors as above.
 */
MUST_CHECK int checkpoint_for_result(
	struct checkpoint *c, const char *db, int epoch, struct err *e);

/* Where train_state_save puts the state_size bytes, and where a read leaves them. */
void *checkpoint_state(const struct checkpoint *c);

/* Writes the state of `epoch`, making the folders. ERR_SYS. */
MUST_CHECK int checkpoint_write(const struct checkpoint *c, int epoch, struct err *e);

/*
 * Reads what was written; *epoch is 0 where there is no file. ERR_CHECKPOINT with the
 * reason where the file is refused.
 */
MUST_CHECK int checkpoint_read(const struct checkpoint *c, int *epoch, struct err *e);

/* Removes the file and what an interrupted write left. */
void checkpoint_remove(const struct checkpoint *c);

#endif
