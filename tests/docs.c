/* Writes the documents that are generated from the tables; `make docs` runs it. */
#include <stdio.h>
#include <stdlib.h>
#include "tests/lib/generated.h"

static bool write_file(const char *path, void (*put)(struct str *))
{
	struct arena a = { 0 };
	struct str text = { .arena = &a };
	FILE *f = fopen(path, "w");
	bool good = f != NULL;

	put(&text);
	if (f) {
		fputs(str_get(&text), f);
		good = fclose(f) == 0;
	}
	if (!good)
		perror(path);
	arena_release(&a);
	return good;
}

int main(void)
{
	bool good = true;

	for (int i = 0; i < GENERATED; i++)
		good = write_file(generated[i].path, generated[i].put) && good;
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
