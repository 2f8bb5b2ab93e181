/*
 * The folder of a job that another trainer trains: NAME.db.d/jobs/IDENTITY/
 *
 *	job.TOKEN.json   what the attempt is to do
 *	report.TOKEN     what it says, a line an epoch
 *	state.TOKEN/     the trainer's own
 *	pid              of the adapter (worker/adapter.h)
 *
 * Every attempt has files of its own, so that a late one can neither read nor write its
 * successor's. The state is handed on by a rename, which a late trainer notices: its path
 * is gone.
 */
#ifndef DELTAM_FOLDER_H
#define DELTAM_FOLDER_H

#include "common/store/store_report.h"
#include "orchestrator/spec/spec.h"

#define FOLDER_PATH_MAX 1200

/* A segment that is about to begin. */
struct folder_job {
	const char *root; /* NAME.db.d, absolute */
	const char *home; /* folder of the sweep file, absolute */
	const struct spec *spec;
	const struct spec_entry *entry;
	const struct spec_variant *variant;
	const struct job_row *row;
	const struct attempt_row *attempt;
	const struct params *params; /* of the job */
	bool resume; /* the state of an earlier attempt is of use */
};

/* Where the folder of a job is. */
void folder_path(const char *root, const char *identity, char path[FOLDER_PATH_MAX]);

/* Whether nothing is in it; what is not there is empty, too. */
bool folder_is_empty(const char *path);

/* {"deltam": 1, ...}: what job.TOKEN.json holds (docs/TRAINERS.md). */
void folder_job_text(const struct folder_job *j, struct str *out);

/*
 * Makes the folder, hands the state of the last attempt that has one on to this one, and
 * writes its files. past: earlier attempts, oldest first. *had_state: there was something
 * in it. ERR_SYS.
 */
MUST_CHECK int folder_begin(const struct folder_job *j, const struct store_report *past,
	int npast, bool *had_state, struct err *e);

/*
 * Copies the newest state of a job from the database `from` (at ROOT `theirs`), as the one
 * that its first attempt here gets; what is here already stays. Whether there is one.
 */
MUST_CHECK int folder_reuse(const char *root, const char *theirs, struct store *from,
	const struct job_row *job, bool *there, struct err *e);

/* Removes the folder of a job with all that is in it; what cannot go is told. */
void folder_remove(const char *root, const char *identity);

/*
 * Removes the folders that trainer.keep does not want: at the end of a run, when nobody
 * works in them.
 */
MUST_CHECK int folder_tidy(
	const char *root, enum trainer_keep keep, struct store *s, struct err *e);

/* Whether the folder of a job in this state may go. */
bool folder_may_go(enum trainer_keep keep, const struct store_job_use *use);

#endif
