/*
 * The two text files of CelebA. Lines end with \n or \r\n.
 *
 *	list_attr_celeba.txt      number of images; the names of the attributes; then
 *	                          "000001.jpg -1  1 -1 ...", a line an image
 *	list_eval_partition.txt   "000001.jpg 0": 0 training, 1 validation, 2 test
 *
 * Both list the same images in the same order.
 */
#ifndef DELTAM_CELEBA_LIST_H
#define DELTAM_CELEBA_LIST_H

#include <stdint.h>
#include <stdio.h>
#include "common/arena.h"

#define CELEBA_NAME_MAX 32

struct celeba_list {
	int images;
	int attributes;
	char (*name)[CELEBA_NAME_MAX]; /* of the files; no '/' in them */
	uint8_t *attribute; /* (images, attributes) 0 or 1 */
	uint8_t *part; /* (images) 0, 1, 2 */
};

/*
 * Reads both streams; names of the attributes must be the n given. Memory is bounded by
 * the size of the files. ERR_DATA "PATH: byte N: found, expected"; ERR_SYS.
 */
MUST_CHECK int celeba_read_attributes(struct celeba_list *l, struct arena *a, FILE *f,
	const char *path, const char *const *names, int n, struct err *e);
/* Reads the parts, after the attributes. */
MUST_CHECK int celeba_read_partition(struct celeba_list *l, struct arena *a, FILE *f,
	const char *path, struct err *e);

#endif
