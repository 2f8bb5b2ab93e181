/*
 * Other people's programs (sbatch, squeue, ssh): asked and heard later, or started and left
 * alone. Nobody waits for them: whoever has blocked SIGCHLD learns by it when to look.
 */
#ifndef DELTAM_ASK_H
#define DELTAM_ASK_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>
#include "common/arena.h"

/* A program that was asked. Starts as zeros. */
struct asking {
	pid_t pid; /* 0: nobody is asked */
	const char *name; /* of the program, in the caller's memory */
	int seconds; /* that it has */
	double began; /* clock_seconds() */
	bool late; /* and was killed for it */
	int status;
	FILE *out, *err;
};

/*
 * Starts argv (the program is looked for in PATH) in a session of its own and returns. ERR_SYS:
 * no process could be made.
 */
MUST_CHECK int ask_begin(
	struct asking *x, const char *const *argv, int seconds, struct err *e);

/* Whether it has ended; one that has had its time is killed. */
bool ask_is_over(struct asking *x);

/*
 * Of one that is over, which is forgotten: its stdout goes into *answer, in the arena.
 * ERR_FAILED: it ended with another status than 0, and the message is the last line of its
 * stderr. ERR_SYS: it could not be run, or was killed after its time.
 */
MUST_CHECK int ask_hear(
	struct asking *x, struct arena *a, const char **answer, struct err *e);

/* Kills and forgets it, where somebody is asked. */
void ask_give_up(struct asking *x);

/*
 * Starts argv in a session of its own, with no input and its output in the file `log`, and
 * does not wait. *pid is a child that somebody must wait for. ERR_SYS: no process could be
 * made; that there is no such program is said in the log.
 */
MUST_CHECK int ask_start(
	const char *const *argv, const char *log, pid_t *pid, struct err *e);

/*
 * Whether a child of ours has ended, and how: *status is that of its exit, or 128 and the number
 * of the signal; -1 where somebody else has waited for it.
 */
bool ask_ended(pid_t pid, int *status);

/* Whether a process is there and no zombie; a child of ours that has ended is waited for. */
bool ask_lives(pid_t pid);

#endif
