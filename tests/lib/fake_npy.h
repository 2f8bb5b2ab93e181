/*
 * .npy files made for tests, by other code than the one that reads them.
 */
#ifndef DELTAM_TESTS_FAKE_NPY_H
#define DELTAM_TESTS_FAKE_NPY_H

#include <stddef.h>

/* shape: "(2, 3)". Writes the n bytes of the elements behind a header of version 1. */
void fake_npy(const char *path, const char *descr, const char *shape,
	const void *elements, size_t n);

/* The folders above a path. */
void fake_folders(const char *path);

#endif
