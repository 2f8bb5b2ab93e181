/*
 * Waiting for what other processes do, without looking again and again: the kernel says
 * when it is time to look.
 */
#ifndef DELTAM_TESTS_AWAIT_H
#define DELTAM_TESTS_AWAIT_H

#include <stdbool.h>

/* Whether the process, a child or not, ends within so many seconds, or has ended. */
bool await_end(int pid, int seconds);

/*
 * Whether is(arg) comes true within so many seconds; it depends on files of the current
 * folder, and is asked again whenever one of them has changed.
 */
bool await_file(bool (*is)(int arg), int arg, int seconds);

#endif
