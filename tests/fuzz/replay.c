/*
 * Replays a fuzz corpus without a fuzzer: every file of the folders and files named is
 * one input. Last line: "replayed N". Built with clang -fsanitize=fuzzer the same
 * fuzz_*.c search on their own (`make fuzz`); what they find joins the corpus.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replayed;

static int replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);
	size_t n = f && data ? fread(data, 1, size, f) : 0;

	if (f)
		fclose(f);
	if (n != size) {
		fprintf(stderr, "cannot read %s\n", path);
		free(data);
		return 1;
	}
	/* Every prefix of a small input, too: torn where it may be torn. */
	for (size_t cut = size < 256 ? 0 : size; cut <= size; cut++)
		LLVMFuzzerTestOneInput(data, cut);
	free(data);
	replayed++;
	return 0;
}

static int replay(const char *path)
{
	char name[4096];
	struct dirent **found;
	struct stat st;
	int bad = 0;
	int n;

	if (stat(path, &st)) {
		perror(path);
		return 1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path, (size_t)st.st_size);
	n = scandir(path, &found, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, found[i]->d_name);
		if (found[i]->d_name[0] != '.')
			bad |= replay(name);
		free(found[i]);
	}
	if (n >= 0)
		free(found);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= replay(argv[i]);
	printf("replayed %d\n", replayed);
	return bad || !replayed ? EXIT_FAILURE : EXIT_SUCCESS;
}
