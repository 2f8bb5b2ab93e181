/*
 * Append-only files between deltam and a pilot, on a file system that both see. One writes,
 * the other reads; nothing is locked, nothing is deleted, and no clock is read.
 *
 * A file is opened anew for every look, because only open() makes NFS ask its server. What
 * the reader finds there may lag behind: the end of a line may be missing, or its bytes may
 * be NUL for a while. Both are not there yet. A line is never longer than MAIL_LINE_MAX.
 */
#ifndef DELTAM_MAIL_H
#define DELTAM_MAIL_H

#include "common/str.h"

#define MAIL_PATH_MAX 1400
#define MAIL_LINE_MAX ((size_t)1 << 20)
#define MAIL_PATIENCE 60 /* looks at a line that stays torn with more behind it */

/* The writer. Starts as zeros with the path. */
struct mail_out {
	char path[MAIL_PATH_MAX];
	struct arena arena; /* of what is not written yet */
	struct str pending;
};

/* Makes the file, empty and ours alone (mode 0600); one that is there stays. ERR_SYS. */
MUST_CHECK int mail_make(const char *path, struct err *e);

/* Adds a line (without its newline) to what the next mail_flush writes. */
void mail_put(struct mail_out *m, const char *line);

/*
 * Writes what is pending by one write and one fsync. What could not be written stays
 * pending, from the byte on where the write ended. ERR_SYS.
 */
MUST_CHECK int mail_flush(struct mail_out *m, struct err *e);
void mail_out_release(struct mail_out *m);

/* The reader. Starts as zeros with the path. */
struct mail_in {
	char path[MAIL_PATH_MAX];
	int64_t offset; /* bytes that were taken */
	int line; /* lines that were taken */
	int torn; /* looks at a torn line with more behind it */
};

enum mail_take {
	MAIL_TAKEN,
	MAIL_LATER, /* not yet: this line is the first of the next look */
};

/*
 * Hands whole lines to take(), which returns enum mail_take or a negative code; that is
 * returned with "FILE:LINE: " in front of its message. n: bytes without the newline. ERR_SPEC:
 * a line that is too long or stays torn, a file that was cut short. ERR_SYS: it cannot be
 * read; a file that is not there is one without lines.
 */
typedef int mail_taker(void *arg, const char *line, size_t n, struct err *e);
MUST_CHECK int mail_read(struct mail_in *m, mail_taker *take, void *arg, struct err *e);

#endif
