/* The pipe's lines: whole, and in pieces cut at every byte, must read the same. */
#include <stdint.h>
#include <stdlib.h>
#include "common/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct count {
	int lines;
	long epochs;
};

static void on_line(const struct proto_line *line, void *arg)
{
	struct count *c = arg;

	c->lines++;
	c->epochs += line->epoch;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proto_reader whole = { 0 };
	struct proto_reader pieces = { 0 };
	struct count a = { 0 };
	struct count b = { 0 };

	proto_feed(&whole, (const char *)data, size, on_line, &a);
	for (size_t i = 0; i < size; i++)
		proto_feed(&pieces, (const char *)data + i, 1, on_line, &b);
	if (a.lines != b.lines || a.epochs != b.epochs || whole.torn != pieces.torn)
		abort();
	return 0;
}
