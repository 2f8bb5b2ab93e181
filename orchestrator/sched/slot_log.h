/*
 * The log of a slot: one file takes what its workers write to stderr, task after task,
 * and becomes the log of a task during which something was written.
 */
#ifndef DELTAM_SLOT_LOG_H
#define DELTAM_SLOT_LOG_H

#include <stddef.h>
#include <stdint.h>
#include "common/err.h"

struct slot_log {
	int fd; /* -1: none is open */
	char path[1200]; /* "": what is written is lost */
};

/*
 * Opens FOLDER/.slot-N unless it is open; /dev/null where folder is NULL. OK, or the
 * negated errno, which is what libuv returns for a process that cannot start.
 */
MUST_CHECK int slot_log_open(struct slot_log *l, const char *folder, int slot);

/* How many bytes are written; 0 where there is no log. */
int64_t slot_log_size(const struct slot_log *l);

/*
 * The task has ended: what was written moves to the file `name` and the log is closed. A
 * log that is still empty stays open, because it serves the next task, too. name NULL:
 * the task keeps no log.
 */
void slot_log_keep(struct slot_log *l, const char *name);

/* Closes the log and removes its file. */
void slot_log_close(struct slot_log *l);

/* The last line of a log that says something, cut at size - 1 bytes; "" without one. */
void slot_log_last_line(const char *path, char *line, size_t size);

#endif
