/*
 * A folder of its own for a test, gone again when the test's process ends well.
 */
#ifndef DELTAM_TESTS_SCRATCH_H
#define DELTAM_TESTS_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Makes it, in /tmp or the folder that DELTAM_TEST_FOLDER names, and changes into it: tests
 * then use plain file names.
 */
void scratch_enter(void);

/* The absolute path of a file of the repository; the tests start at its root. Static. */
const char *scratch_source(const char *path);

/* Removes it with all that is in it. */
void scratch_leave(void);

/* The names of its files, sorted, one blank between: "a.db a.db.lock". Static. */
const char *scratch_files(void);

/* Writes or reads (at most size - 1 bytes, NUL-terminated) a whole file. */
void scratch_write(const char *name, const void *bytes, size_t n);
size_t scratch_read(const char *name, char *buf, size_t size);
/* Over what a file has there. */
void scratch_write_at(const char *name, int64_t at, const void *bytes, size_t n);

#endif
