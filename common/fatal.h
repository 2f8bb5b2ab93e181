/*
 * Signals that would end a program without a word: a file that grows past its limit becomes
 * an error of the write, and a file that is cut short while it is mapped into memory
 * (SQLite's -shm, a composed data set) is named before the program dies of it.
 */
#ifndef DELTAM_FATAL_H
#define DELTAM_FATAL_H

#include <stdbool.h>

/* Once, at the start of a program; its name stands in front of the message. */
void fatal_install(const char *program);

/*
 * What this program does is worth more than what it says: a reader of its words who goes
 * away (`deltam run … | head`) does not end it.
 */
void fatal_outlive_readers(void);

/* Whether who has started this program wants it to ignore the signal (nohup: SIGHUP). */
bool fatal_is_ignored(int signal);

#endif
