/*
 * What `deltam-worker --network` tells deltam about the network of a job, as lines of
 * text:
 *
 *	shared N                         parameters of the trunk
 *	task NAME N                      of each head, a line a task, in order
 *	input C H W                      what it sees of a sample
 *	init HEX                         32 digits, of the initial weights; only with
 *	                                 model.init
 *
 * A text is whole or refused: every line in this order, each ended by a newline.
 */
#ifndef DELTAM_DESCRIBE_NETWORK_H
#define DELTAM_DESCRIBE_NETWORK_H

#include <stdint.h>
#include "catalogue/catalogue.h"

struct network_size {
	int64_t shared;
	struct head_size {
		const char *task;
		int64_t params;
	} head[TASKS_MAX];
	int heads; /* >= 1 */
	int input[3]; /* c, h, w; each >= 1 */
	char init[33]; /* "": the seed's */
};

/* How many parameters the whole network has. */
int64_t network_size_total(const struct network_size *s);

void network_size_format(const struct network_size *s, struct str *out);

/*
 * Reads such a text; names of tasks go to the arena. ERR_FAILED names the wrong line.
 */
MUST_CHECK int network_size_parse(
	const char *text, struct arena *a, struct network_size *s, struct err *e);

#endif
