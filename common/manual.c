#include "common/manual.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/own_program.h"
#include "common/str.h"

/* Where the pages lie as seen from the program: PREFIX/bin, or build/MODE of the sources. */
static const char *find_folder(struct arena *a)
{
	static const char *const from[] = { "/../share/doc/deltam", "/../.." };
	const char *own;

	if (own_folder(&own, a, NULL))
		return NULL;
	for (int i = 0; i < COUNT(from); i++) {
		const char *folder = arena_printf(a, "%s%s", own, from[i]);
		char *whole;
		const char *found = NULL;

		if (access(arena_printf(a, "%s/docs/COMMANDS.md", folder), R_OK) != 0)
			continue;
		whole = realpath(folder, NULL);
		if (whole)
			found = arena_strdup(a, whole);
		free(whole);
		return found;
	}
	return NULL;
}

const char *manual_text(const char *text, struct arena *a)
{
	const char *at = strstr(text, MANUAL_FOLDER);
	const char *folder = at ? find_folder(a) : NULL;
	struct str out = { .arena = a };

	if (!folder)
		return text;
	for (; at; at = strstr(text, MANUAL_FOLDER)) {
		str_putn(&out, text, (size_t)(at - text));
		str_put(&out, folder);
		text = at + strlen(MANUAL_FOLDER);
	}
	str_put(&out, text);
	return str_get(&out);
}
