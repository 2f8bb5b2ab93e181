/*
 * A fuzz target without a fuzzer: replay [-m N] FOLDER ... runs it on every file, then
 * on N mutations of those files. The mutations are the same on every run; an input that
 * kills the process is in the file replay.crash, to join the corpus.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define INPUT_MAX (1 << 20)
#define INPUTS_MAX 4096
#define CRASH_FILE "replay.crash"

struct input {
	uint8_t *bytes;
	size_t n;
};

static struct input inputs[INPUTS_MAX];
static int ninputs;
static uint64_t stream = 1;

static uint64_t next(uint64_t below)
{
	stream = stream * 6364136223846793005u + 1442695040888963407u;
	return (stream >> 33) % below;
}

static int read_input(const char *path, struct input *in)
{
	FILE *f = fopen(path, "rb");

	if (!f) {
		perror(path);
		return -1;
	}
	in->bytes = malloc(INPUT_MAX);
	in->n = in->bytes ? fread(in->bytes, 1, INPUT_MAX, f) : 0;
	fclose(f);
	return in->bytes ? 0 : -1;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* In the order of names, whatever the file system's own. */
static int read_folder(const char *folder)
{
	struct dirent **list;
	int n = scandir(folder, &list, NULL, by_name);
	int rc = 0;

	if (n < 0) {
		perror(folder);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name);
		if (list[i]->d_name[0] != '.' && ninputs < INPUTS_MAX && !rc)
			rc = read_input(path, &inputs[ninputs++]);
		free(list[i]);
	}
	free(list);
	return rc;
}

/* The input stays on disk until the target has survived it. */
static void run(const uint8_t *bytes, size_t n)
{
	/* A copy of exactly n bytes, so that the sanitizer sees a read beyond. */
	uint8_t *copy = malloc(n ? n : 1);
	FILE *f = fopen(CRASH_FILE, "wb");

	if (!copy || !f) {
		perror(CRASH_FILE);
		exit(EXIT_FAILURE);
	}
	memcpy(copy, bytes, n);
	fwrite(bytes, 1, n, f);
	fclose(f);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void mutate_once(struct input *in)
{
	size_t at = in->n ? next(in->n) : 0;
	size_t length = 1 + next(16);
	const struct input *other = &inputs[next((uint64_t)ninputs)];

	if (length > in->n - at)
		length = in->n - at;
	switch (next(4)) {
	case 0: /* a byte */
		if (in->n)
			in->bytes[at] ^= (uint8_t)(1u << next(8));
		break;
	case 1: /* a gap */
		memmove(in->bytes + at, in->bytes + at + length, in->n - at - length);
		in->n -= length;
		break;
	case 2: /* the rest of another input */
		if (other->n) {
			size_t from = next(other->n);
			size_t n = other->n - from;

			n = at + n > INPUT_MAX ? INPUT_MAX - at : n;
			memcpy(in->bytes + at, other->bytes + from, n);
			in->n = at + n;
		}
		break;
	default: /* a part twice */
		if (in->n + length <= INPUT_MAX) {
			memmove(in->bytes + at + length, in->bytes + at, in->n - at);
			in->n += length;
		}
	}
}

int main(int argc, char **argv)
{
	static uint8_t buffer[INPUT_MAX];
	long mutations = 0;
	int option;

	while ((option = getopt(argc, argv, "m:")) == 'm')
		mutations = strtol(optarg, NULL, 10);
	if (option != -1 || optind == argc) {
		fprintf(stderr, "usage: %s [-m MUTATIONS] FOLDER ...\n", argv[0]);
		return 2;
	}
	for (int i = optind; i < argc; i++)
		if (read_folder(argv[i]))
			return EXIT_FAILURE;
	for (int i = 0; i < ninputs; i++)
		run(inputs[i].bytes, inputs[i].n);
	for (long i = 0; i < mutations && ninputs; i++) {
		const struct input *seed = &inputs[next((uint64_t)ninputs)];
		struct input in = { buffer, seed->n };

		memcpy(buffer, seed->bytes, seed->n);
		for (uint64_t k = 1 + next(4); k > 0; k--)
			mutate_once(&in);
		run(in.bytes, in.n);
	}
	for (int i = 0; i < ninputs; i++)
		free(inputs[i].bytes);
	unlink(CRASH_FILE);
	printf("%s: %d inputs, %ld mutations\n", argv[0], ninputs, mutations);
	return EXIT_SUCCESS;
}
