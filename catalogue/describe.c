#include "catalogue/describe.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
	[TASK_CLASS] = "class",
	[TASK_REGRESS] = "regress",
	[TASK_BINARY] = "binary",
	[TASK_SEG] = "seg",
	[TASK_DEPTH] = "depth",
	[TASK_NORMAL] = "normal",
	[TASK_EDGES] = "edges",
	[TASK_VECTOR] = "vector",
	[TASK_SOFT] = "soft",
	[TASK_SOFT_MAP] = "soft_map",
};

static const char *const loss_names[] = {
	[LOSS_CE] = "ce",
	[LOSS_L1] = "l1",
	[LOSS_SMOOTH_L1] = "smooth_l1",
	[LOSS_L2] = "l2",
	[LOSS_BCE] = "bce",
	[LOSS_COSINE] = "cosine",
	[LOSS_SOFT_CE] = "soft_ce",
	[LOSS_EDGES] = "edges",
};

void describe_format(const struct description *d, struct str *out)
{
	char number[NUMBER_MAX];

	str_printf(out, "digest %s\n", d->digest);
	str_printf(out, "train %d\nval %d\ntest %d\n", d->train, d->val, d->test);
	str_printf(out, "input %d %d %d\n", d->c, d->h, d->w);
	str_printf(out, "cache %s %lld %s\n", d->made ? "made" : "there",
		(long long)d->bytes, d->file);
	for (int k = 0; k < d->tasks; k++) {
		const struct task_info *t = &d->task[k];

		str_printf(out, "task %s %s %s %d %s\n", t->name, kind_names[t->kind],
			loss_names[t->loss], t->outputs,
			number_format(t->loss_scale, number));
	}
}

/* The index of word among names, or -1. */
static int lookup(const char *word, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(word, names[i]))
			return i;
	return -1;
}

static bool positive(const char *s, int *v)
{
	int64_t wide;

	if (!integer_parse(s, &wide) || wide < 1 || wide > INT32_MAX)
		return false;
	*v = (int)wide;
	return true;
}

#define WORDS_MAX 6

/* Cuts line at single blanks; 0 where there are more than WORDS_MAX words. */
static int cut(char *line, char *word[WORDS_MAX])
{
	int n = 0;

	while (n < WORDS_MAX) {
		word[n++] = line;
		line = strchr(line, ' ');
		if (!line)
			return n;
		*line++ = '\0';
	}
	return 0;
}

static bool parse_digest(char **word, int n, struct description *d)
{
	if (n != 2 || strlen(word[1]) != 32 ||
		strspn(word[1], "0123456789abcdef") != 32)
		return false;
	memcpy(d->digest, word[1], sizeof(d->digest));
	return true;
}

static bool parse_input(char **word, int n, struct description *d)
{
	return n == 4 && positive(word[1], &d->c) && positive(word[2], &d->h) &&
		positive(word[3], &d->w);
}

static bool parse_cache(char **word, int n, struct description *d)
{
	if (n != 4 || !integer_parse(word[2], &d->bytes) || d->bytes < 1 || !*word[3] ||
		strchr(word[3], '/') || strlen(word[3]) >= sizeof(d->file))
		return false;
	memcpy(d->file, word[3], strlen(word[3]) + 1);
	d->made = !strcmp(word[1], "made");
	return d->made || !strcmp(word[1], "there");
}

static bool parse_task(char **word, int n, struct arena *a, struct description *d)
{
	struct task_info *t = &d->task[d->tasks];
	int kind;
	int loss;

	if (n != 6 || strcmp(word[0], "task") != 0 || !*word[1] ||
		d->tasks == TASKS_MAX)
		return false;
	kind = lookup(word[2], kind_names, COUNT(kind_names));
	loss = lookup(word[3], loss_names, COUNT(loss_names));
	if (kind < 0 || loss < 0 || !positive(word[4], &t->outputs) ||
		!number_parse(word[5], &t->loss_scale) || t->loss_scale <= 0)
		return false;
	t->name = arena_strdup(a, word[1]);
	t->kind = (enum task_kind)kind;
	t->loss = (enum loss_kind)loss;
	d->tasks++;
	return true;
}

/* Parses line `number`, which counts from 1: the first six are fixed, tasks follow. */
static bool parse_line(int number, char *line, struct arena *a, struct description *d)
{
	static const char *const order[] = { "digest", "train", "val", "test", "input",
		"cache" };
	char *word[WORDS_MAX];
	int n = cut(line, word);

	if (n == 0)
		return false;
	if (number > COUNT(order))
		return parse_task(word, n, a, d);
	if (strcmp(word[0], order[number - 1]) != 0)
		return false;
	switch (number) {
	case 1:
		return parse_digest(word, n, d);
	case 2:
		return n == 2 && positive(word[1], &d->train);
	case 3:
		return n == 2 && positive(word[1], &d->val);
	case 4:
		return n == 2 && positive(word[1], &d->test);
	case 5:
		return parse_input(word, n, d);
	default:
		return parse_cache(word, n, d);
	}
}

int describe_parse(
	const char *text, struct arena *a, struct description *d, struct err *e)
{
	int number = 1;

	memset(d, 0, sizeof(*d));
	while (*text) {
		const char *end = strchr(text, '\n');
		char *line;

		if (!end)
			return err_set(e, ERR_FAILED,
				"description of the data set: line %d is cut off",
				number);
		line = arena_strndup(a, text, (size_t)(end - text));
		if (!parse_line(number, line, a, d))
			return err_set(e, ERR_FAILED,
				"description of the data set: line %d: \"%.*s\"",
				number, (int)(end - text), text);
		text = end + 1;
		number++;
	}
	if (d->tasks < 1)
		return err_set(e, ERR_FAILED,
			"description of the data set: ends after %d lines", number - 1);
	return OK;
}
