/*
 * A segment that reports in lines: its folder, what is called, the report that is followed.
 * Belongs to dispatch, which decides when. What trains it is a command of the user's behind
 * the adapter, or deltam-worker itself where it cannot reach the database.
 */
#ifndef DELTAM_SEGMENT_COMMAND_H
#define DELTAM_SEGMENT_COMMAND_H

#include "common/store/store_pilot.h"
#include "orchestrator/segment/folder.h"
#include "orchestrator/segment/verdict.h"

/* What all such segments of a run need besides the rows. */
struct segment_setup {
	const struct spec_trainer *trainer; /* no command: deltam-worker itself */
	const char *worker; /* path of deltam-worker, the adapter */
	const char *root; /* NAME.db.d, absolute */
	const char *home; /* folder of the sweep file, absolute */
	const char *cwd; /* where it runs: the copy of its files, or home */
};

struct segment_command {
	struct arena arena;
	struct folder_job job;
	struct job_row row;
	struct params params;
	char folder[FOLDER_PATH_MAX];
	struct follow follow;
	bool ended; /* the job needs its folder no more */
};

/* The segment is claimed: what its folder and its report want to know of the rows. */
MUST_CHECK int segment_command_claim(struct segment_command *c, struct store *s,
	const struct segment_setup *command, const struct spec *spec,
	const struct spec_variant *v, const struct spec_entry *entry,
	const struct attempt_row *attempt, int64_t since, struct err *e);

/*
 * What the scheduler is to call. devices: the GPUs that it may see (CUDA_VISIBLE_DEVICES);
 * NULL: as they are.
 */
void segment_command_task(struct segment_command *c,
	const struct segment_setup *command, const char *devices,
	struct sched_task *task);

/* The claim is committed: the folder is made. ERR_SYS, ERR_DB. */
MUST_CHECK int segment_command_begin(
	struct segment_command *c, struct store *s, struct err *e);

/*
 * The same for an attempt that a predecessor began: its report is read on from where it was
 * committed, and the folder is made where the predecessor died before. ERR_SYS, ERR_DB.
 */
MUST_CHECK int segment_command_resume(struct segment_command *c, struct store *s,
	const struct adopt_row *row, struct err *e);

/* Its end, once the report is read: *v is what the process says. log: what it printed. */
void segment_command_judge(
	const struct segment_command *c, const char *log, struct verdict *v);

/* The end is committed: a folder that nobody needs goes. */
void segment_command_end(
	const struct segment_command *c, const struct segment_setup *command);

void segment_command_release(struct segment_command *c);

#endif
