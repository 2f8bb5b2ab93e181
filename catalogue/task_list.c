#include "catalogue/task_list.h"

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
	{ "edges", TASK_EDGES, LOSS_EDGES, 1, false, true, true },
	{ "vector", TASK_VECTOR, LOSS_L1, 2, true, true, false },
	{ "soft", TASK_SOFT, LOSS_SOFT_CE, 0, true, false, false },
	{ "soft_map", TASK_SOFT_MAP, LOSS_SOFT_CE, 0, true, true, false },
};

/* A label is a byte where there is one a sample; shares are numbers. */
#define OUTPUTS_MAX 256
#define SHARES_MAX 65536

static const struct kind *find_kind(const char *name)
{
	for (int i = 0; i < COUNT(kinds); i++)
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

/* Each says the rule that the word breaks, never the grammar: it may well obey that. */

static int read_ignore(struct listed_task *t, const struct kind *kind,
	const char *value, struct err *e)
{
	if (!kind->ignore)
		return err_set(e, ERR_SPEC,
			"\"ignore\" is for seg, depth and edges: %s",
			kind->pixels
				? "a missing vector is 0 in all channels, or has a \"mask\""
				: "elsewhere every sample counts");
	if (t->has_ignore)
		return err_set(e, ERR_SPEC, "\"ignore\" stands twice");
	if (!number_parse(value, &t->ignore))
		return err_set(
			e, ERR_SPEC, "\"ignore\" wants a number, not \"%s\"", value);
	t->has_ignore = true;
	return OK;
}

static int read_mask(struct listed_task *t, const struct kind *kind, struct err *e)
{
	if (!kind->pixels)
		return err_set(e, ERR_SPEC,
			"\"mask\" is for maps, such as seg or depth: a %s is none",
			kind->name);
	if (t->mask)
		return err_set(e, ERR_SPEC, "\"mask\" stands twice");
	t->mask = true;
	return OK;
}

static int least_outputs(const struct kind *kind)
{
	return kind->outputs ? 1 : 2; /* of classes there are at least two */
}

static int most_outputs(const struct kind *kind)
{
	return kind->loss == LOSS_SOFT_CE ? SHARES_MAX : OUTPUTS_MAX;
}

static int read_outputs(
	struct listed_task *t, const struct kind *kind, const char *part, struct err *e)
{
	int64_t n;

	if (!integer_parse(part, &n))
		return err_set(e, ERR_SPEC,
			"\"%s\" is no number of outputs, \"ignore=V\" or \"mask\"",
			part);
	if (!kind->given)
		return err_set(e, ERR_SPEC, "a %s has %d output%s, always", kind->name,
			kind->outputs, kind->outputs > 1 ? "s" : "");
	if (n < least_outputs(kind) || n > most_outputs(kind))
		return err_set(e, ERR_SPEC, "%s takes %d to %d %s", kind->name,
			least_outputs(kind), most_outputs(kind),
			kind->outputs ? "numbers" : "classes");
	t->info.outputs = (int)n;
	return OK;
}

/* Reads one of the parts behind the kind: outputs, ignore=V or mask. */
static int read_part(
	struct listed_task *t, const struct kind *kind, const char *part, struct err *e)
{
	if (!strcmp(part, "mask"))
		return read_mask(t, kind, e);
	if (!strncmp(part, "ignore=", 7))
		return read_ignore(t, kind, part + 7, e);
	return read_outputs(t, kind, part, e);
}

/* Reads NAME=KIND, without what stands behind the kind. */
static int read_head(
	const char *name, const char *kind, const struct kind **out, struct err *e)
{
	*out = find_kind(kind);
	if (!is_name(name))
		return err_set(e, ERR_SPEC,
			"a task's name has letters, digits and _ alone, and is not "
			"\"input\"");
	if (!*out)
		return err_set(e, ERR_SPEC,
			"there is no kind \"%s\", but class:N, regress[:N], binary, "
			"seg:N, depth, normal, edges, vector[:N], soft:N and "
			"soft_map:N",
			kind);
	return OK;
}

/* Reads one task; its text is taken to pieces. */
static int read_task(struct listed_task *t, char *text, struct err *e)
{
	char *equals = strchr(text, '=');
	char *part = equals ? strchr(equals, ':') : NULL;
	const struct kind *kind;
	int rc;

	if (!equals)
		return err_set(e, ERR_SPEC, "a task is NAME=KIND, such as age=regress");
	*equals = '\0';
	if (part)
		*part++ = '\0';
	rc = read_head(text, equals + 1, &kind, e);
	if (rc)
		return rc;
	*t = (struct listed_task){ .info = { text, kind->kind, kind->loss,
					   kind->outputs, 1 } };
	while (part && !rc) {
		char *next = strchr(part, ':');

		if (next)
			*next++ = '\0';
		rc = read_part(t, kind, part, e);
		part = next;
	}
	if (!rc && !t->info.outputs)
		rc = err_set(e, ERR_SPEC, "%s wants its number of classes: %s:5",
			kind->name, kind->name);
	return rc;
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
		if (read_task(&tasks[*n], arena_strdup(a, word), e))
			return err_wrap(e, "dataset.tasks: \"%s\"", word);
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

int task_kind_read(const char *name, int outputs, struct task_info *info, struct err *e)
{
	const struct kind *kind = find_kind(name);

	if (!kind)
		return err_set(e, ERR_SPEC, "there is no kind \"%s\"", name);
	if (outputs < least_outputs(kind) || outputs > most_outputs(kind))
		return err_set(e, ERR_SPEC, "%s takes %d to %d classes", name,
			least_outputs(kind), most_outputs(kind));
	*info = (struct task_info){ NULL, kind->kind, kind->loss, outputs, 1 };
	return OK;
}
