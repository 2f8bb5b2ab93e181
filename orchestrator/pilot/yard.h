/*
 * NAME.db.d/pilots/NAME/: the folder of a pilot (mode 0700).
 *
 *	in.1, in.2 ...   what the first deltam says, the second ... (mail.h)
 *	out              what the pilot says
 *	log              what it and its launcher print
 *	batch.sh         what Slurm is given
 *
 * The lines are commands. So a pilot takes none from a file, and runs none in a folder, that
 * belongs to somebody else or that others may write.
 */
#ifndef DELTAM_YARD_H
#define DELTAM_YARD_H

#include "orchestrator/pilot/mail.h"

/* ROOT/pilots/NAME/FILE; file "": the folder itself. */
void yard_path(
	char path[MAIL_PATH_MAX], const char *root, const char *name, const char *file);
void yard_in_path(
	char path[MAIL_PATH_MAX], const char *root, const char *name, int serial);

/* Makes the folder with an empty `out` and `log`. ERR_SYS. */
MUST_CHECK int yard_make(const char *root, const char *name, struct err *e);

/* The number of the newest in.N; `from`: one that is known to be there, or 0. */
int yard_newest(const char *root, const char *name, int from);

/*
 * ERR_DATA where a folder or file is not this user's own, or others may write it; the message
 * says what to do. What is not there passes.
 */
MUST_CHECK int yard_check_own(const char *path, struct err *e);

/* The last line of its log that says something; "" without. */
void yard_last_words(const char *root, const char *name, char *line, size_t size);

#endif
