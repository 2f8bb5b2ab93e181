/* Writes the documents that are generated from the tables; `make docs` runs it. */
#include <stdio.h>
#include <stdlib.h>
#include "orchestrator/spec/spec_docs.h"

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
	bool good = write_file("docs/SWEEP_FILE.md", spec_docs_markdown) &&
		write_file("docs/sweep.schema.json", spec_docs_schema);

	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
