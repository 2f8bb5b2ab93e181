#include "catalogue/task_list.h"

#include <math.h>
#include <string.h>

static const struct kind {
	const char *name;
	enum task_kind kind;
	enum loss_kind loss;
	int outputs; /* 0: must be given */
	bool given; /* may be */
	bool pixels; /* may have a mask */
	bool ignore; /* may have a number to ignore */
} kinds[] = {
	{ "class", TASK_CLASS, LOSS_CE, 0, true, false, false },
	{ "regress", TASK_REGRESS, LOSS_L1, 1, true, false, false },
	{ "binary", TASK_BINARY, LOSS_BCE, 1, false, false, false },
	{ "seg", TASK_SEG, LOSS_CE, 0, true, true, true },
	{ "depth", TASK_DEPTH, LOSS_L1, 1, false, true, true },
	{ "normal", TASK_NORMAL, LOSS_COSINE, 3, false, true, false },
};

/* A label is a byte where there is one a sample. */
#define OUTPUTS_MAX 256

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static bool is_name(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return *s && !s[strspn(s, letters)] && strcmp(s, "input") != 0;
}

/* One of the parts behind the kind: outputs, ignore=V or mask. */
static bool read_part(struct listed_task *t, const struct kind *kind, const char *part)
{
	int64_t n;

	if (!strcmp(part, "mask") && kind->pixels && !t->mask) {
		t->mask = true;
		return true;
	}
	if (!strncmp(part, "ignore=", 7) && kind->ignore && !t->has_ignore) {
		t->has_ignore = true;
		return number_parse(part + 7, &t->ignore);
	}
	if (!kind->given || !integer_parse(part, &n) || n < 1 || n > OUTPUTS_MAX)
		return false;
	t->info.outputs = (int)n;
	return true;
}

/* word is taken to pieces. */
static bool read_task(struct listed_task *t, char *word)
{
	char *equals = strchr(word, '=');
	char *part = equals ? strchr(equals, ':') : NULL;
	const struct kind *kind;

	if (!equals)
		return false;
	*equals = '\0';
	if (part)
		*part++ = '\0';
	kind = find_kind(equals + 1);
	if (!kind || !is_name(word))
		return false;
	*t = (struct listed_task){ .info = { word, kind->kind, kind->loss,
					   kind->outputs, 1 } };
	while (part) {
		char *next = strchr(part, ':');

		if (next)
			*next++ = '\0';
		if (!read_part(t, kind, part))
			return false;
		part = next;
	}
	return t->info.outputs > (t->info.loss == LOSS_CE ? 1 : 0);
}

static bool is_listed(const struct listed_task *tasks, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(tasks[i].info.name, name))
			return true;
	return false;
}

int task_list_parse(const char *text, struct arena *a, struct listed_task *tasks,
	int *n, struct err *e)
{
	*n = 0;
	for (const char *s = text + strspn(text, " "); *s; s += strspn(s, " ")) {
		size_t length = strcspn(s, " ");
		const char *word = arena_strndup(a, s, length);

		if (*n == TASKS_MAX)
			return err_set(e, ERR_SPEC, "dataset.tasks: at most %d tasks",
				TASKS_MAX);
		if (!read_task(&tasks[*n], arena_strdup(a, word)))
			return err_set(e, ERR_SPEC,
				"dataset.tasks: \"%s\" is not NAME=KIND[:OUTPUTS]"
				"[:ignore=V][:mask] with kind class:N, regress[:N], "
				"binary, seg:N, depth or normal",
				word);
		if (is_listed(tasks, *n, tasks[*n].info.name))
			return err_set(e, ERR_SPEC, "dataset.tasks: two tasks \"%s\"",
				tasks[*n].info.name);
		(*n)++;
		s += length;
	}
	if (*n == 0)
		return err_set(e, ERR_SPEC,
			"dataset.tasks: no task; for example \"age=regress "
			"kind=class:5\"");
	return OK;
}
