/*
 * What `deltam-worker --prepare` tells deltam about a data set, as lines of text:
 *
 *	digest HEX                       32 digits, of the composed arrays
 *	train N                          samples; so val and test
 *	input C H W                      shape of one sample
 *	cache made|there BYTES FILE      whether it was composed just now; its name in the cache
 *	task NAME KIND LOSS OUTPUTS LOSS_SCALE      one line a task, in order
 *
 * A text is whole or refused: every line once, in this order, each ended by a newline.
 */
#ifndef DELTAM_DESCRIBE_H
#define DELTAM_DESCRIBE_H

#include "catalogue/catalogue.h"

struct description {
	char digest[33];
	int train, val, test; /* samples, >= 1 */
	int c, h, w; /* >= 1 */
	bool made; /* just now; else it was there */
	int64_t bytes; /* of the file, >= 1 */
	char file[128]; /* in the folder of the cache */
	struct task_info task[TASKS_MAX];
	int tasks; /* >= 1 */
};

void describe_format(const struct description *d, struct str *out);

/*
 * Reads such a text; names of tasks go to the arena. ERR_FAILED names the wrong line.
 */
MUST_CHECK int describe_parse(
	const char *text, struct arena *a, struct description *d, struct err *e);

#endif
