/* A file of results: its bytes, and which form they have. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "orchestrator/import/import.h"

/* The whole file, with a NUL behind it. */
int import_file_read(struct diag *d, struct err *e)
{
	FILE *f = fopen(d->path, "rb");
	struct stat st = { 0 };
	char *text;

	if (!f)
		return err_set(e, ERR_DATA, "%s: %s", d->path, strerror(errno));
	if (fstat(fileno(f), &st))
		st.st_mode = 0;
	if (!S_ISREG(st.st_mode)) {
		fclose(f);
		return err_set(e, ERR_DATA, "%s is no file", d->path);
	}
	text = arena_alloc(d->arena, (size_t)st.st_size + 1, 1);
	d->text = text;
	d->n = fread(text, 1, (size_t)st.st_size, f);
	fclose(f);
	return OK;
}

/* By the first character, whatever the file is called. */
void import_file_take(struct import_set *set, struct diag *d)
{
	static const char mark[] = "\xef\xbb\xbf"; /* a byte order mark */
	const char *nul = memchr(d->text, '\0', d->n);
	size_t first;

	if (!strncmp(d->text, mark, 3)) {
		d->text += 3;
		d->n -= 3;
	}
	first = strspn(d->text, " \t\r\n");
	if (nul)
		diag_add(d, (size_t)(nul - d->text), "a NUL byte: this is no text");
	else if (!d->text[first])
		diag_add(d, 0, "the file is empty");
	else if (d->text[first] == '[')
		diag_add(d, first,
			"a list of JSON: write an object a line, as "
			"`deltam export metrics --format jsonl` does");
	else if (d->text[first] == '{')
		import_json(set, d);
	else
		import_csv(set, d);
}
