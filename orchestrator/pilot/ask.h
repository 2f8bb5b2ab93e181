/*
 * Other people's programs (sbatch, squeue, ssh): called with a limit of time and heard, or
 * started and left alone.
 */
#ifndef DELTAM_ASK_H
#define DELTAM_ASK_H

#include <stdbool.h>
#include <sys/types.h>
#include "common/arena.h"

/*
 * Runs argv (the program is looked for in PATH) and waits. Its stdout goes into *answer, in the
 * arena. ERR_FAILED: it ended with another status than 0, and the message is the last line
 * of its stderr. ERR_SYS: it cannot be run, or has not ended after so many seconds, when it
 * is killed.
 */
MUST_CHECK int ask_program(const char *const *argv, int seconds, struct arena *a,
	const char **answer, struct err *e);

/*
 * Starts argv in a session of its own, with no input and its output in the file `log`, and
 * does not wait. *pid is a child that somebody must wait for. ERR_SYS: no process could be
 * made; that there is no such program is said in the log.
 */
MUST_CHECK int ask_start(
	const char *const *argv, const char *log, pid_t *pid, struct err *e);

/* Whether a process is there and no zombie; a child of ours that has ended is waited for. */
bool ask_lives(pid_t pid);

#endif
