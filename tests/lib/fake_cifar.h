/*
 * CIFAR-100 as its binary version has it, with pictures that say which record they are.
 */
#ifndef DELTAM_TESTS_FAKE_CIFAR_H
#define DELTAM_TESTS_FAKE_CIFAR_H

#include <stdint.h>

enum {
	FAKE_CIFAR_IMAGE = 3 * 32 * 32,
	FAKE_CIFAR_RECORD = 2 + FAKE_CIFAR_IMAGE,
	FAKE_CIFAR_TASKS = 20, /* the coarse classes, of five fine ones each */
	FAKE_CIFAR_TRAIN = 50000,
	FAKE_CIFAR_TEST = 10000
};

/* Record r of a file: the coarse classes in turn; its number in the first pixels. */
void fake_cifar_record(int r, uint8_t record[FAKE_CIFAR_RECORD]);
/* FOLDER/train.bin and test.bin, of as many records as the release has (180 MB). */
void fake_cifar_write(const char *folder);
/* The fine class that is number i (0 to 4) of a coarse one. */
int fake_cifar_fine(int coarse, int i);

#endif
