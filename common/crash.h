/*
 * Named crash points: where a test may ask a process to die as kill -9 would, or to wait.
 *
 * DELTAM_CRASH="point@/path/of/a/marker[@n]" kills the process that reaches `point`
 * for the n-th time (n counts inside one process, 1 where absent) - once: the marker
 * is created first, and while it exists nothing happens, so that the same command run
 * again, or a sibling worker, goes on. DELTAM_HALT, written in the same way, stops the
 * process there instead, until it gets a SIGCONT: what a test looks at meanwhile cannot
 * have ended. Without the variables a point costs one test of a static flag.
 */
#ifndef DELTAM_CRASH_H
#define DELTAM_CRASH_H

void crash_point(const char *point);

#endif
