#include <math.h>
#include <string.h>
#include "common/str.h"
#include "orchestrator/plot/plot.h"

/* Copies up to the next comma that has no backslash before it, and moves *at behind it. */
static char *next_part(const char **at, struct arena *a)
{
	char *part = arena_strdup(a, *at);
	char *to = part;
	const char *s = *at;

	for (; *s && *s != ','; s++) {
		if (*s == '\\' && s[1] == ',')
			s++;
		*to++ = *s;
	}
	*to = '\0';
	*at = *s ? s + 1 : NULL;
	return part;
}

int plot_where_parse(
	struct plot_where *w, const char *text, struct arena *a, struct err *e)
{
	*w = (struct plot_where){ 0 };
	while (text) {
		char *part = next_part(&text, a);
		char *equal = strchr(part, '=');
		struct plot_condition x = { .name = part };

		if (!equal || equal == part)
			return err_set(e, ERR_USAGE,
				"--where takes NAME=VALUE,... and got \"%s\"", part);
		*equal = '\0';
		x.value = equal + 1;
		if (!strcmp(part, "T"))
			x.name = "temperature";
		if (!number_parse(x.value, &x.number))
			x.number = (double)NAN;
		(void)GROW(a, w->item, w->n, w->capacity);
		w->item[w->n++] = x;
	}
	return OK;
}
