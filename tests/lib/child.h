/*
 * Real processes: the programs that lie beside this one, with a pipe at descriptor 3 as
 * deltam gives it to a worker. Whatever is still alive when a test ends dies with it.
 */
#ifndef DELTAM_TESTS_CHILD_H
#define DELTAM_TESTS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "common/proto.h"

struct child {
	pid_t pid;
	int pipe; /* our end of its descriptor 3; -1 when closed */
	char line[PROTO_LINE_MAX];
};

/* "deltam" -> the program of this build; static. A path that begins with / stays. */
const char *program_path(const char *name);

/*
 * Starts argv[0] (a name for program_path) with stdout and stderr in the files `out` and
 * `err` of the current folder. env: "NAME=VALUE" that it gets besides ours, or NULL.
 */
void child_start(struct child *c, const char *const argv[], const char *env);
/* The same with a pipe that can be spoken into: a worker waits for another segment. */
void child_start_open(struct child *c, const char *const argv[], const char *env);
void child_say(struct child *c, const char *text);

/*
 * The next line of its pipe but for beats, which come when they come, without the newline
 * in c->line; false at the end.
 */
bool child_line(struct child *c);
/* Reads lines until one is `wanted`; false when the pipe ends before. */
bool child_wait_for(struct child *c, const char *wanted);

void child_close_pipe(struct child *c);
/* Hits nothing where it has ended and nobody has waited for it: child_wait tells. */
void child_signal(const struct child *c, int number);

/* Waits for its end: exit status, or 128 + the signal's number. */
int child_wait(struct child *c);
/* Has ended by now; the status stays for child_wait. */
bool child_ended(const struct child *c);

/* KiB that /proc says of the process under a name ("RssAnon"); 0: it has ended. */
long child_status_kib(pid_t pid, const char *name);

/* Start and wait. */
int child_run(const char *const argv[], const char *env);

/* After n microseconds of its life, unless it has ended before. */
void child_let_live(struct child *c, long microseconds);

/* How many kills a test of random instants wants: 20, more in `make kills`. */
int child_kills(void);
/* Random numbers: the same sequence in every run. *state is not 0. */
unsigned child_draw(unsigned *state);

#endif
