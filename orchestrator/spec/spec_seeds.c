/* The seeds that a configuration is trained with: how many, or which. */
#include "orchestrator/spec/spec_read.h"

#define SEED_MAX 2147483647

static bool have(const struct spec_seeds *x, int seed)
{
	for (int i = 0; i < x->n; i++)
		if (x->seed[i] == seed)
			return true;
	return false;
}

static void count_seeds(const struct spec_reader *r, const char *path, int first,
	struct spec_seeds *out)
{
	int *seed;

	out->n = read_whole(r, path);
	out->seed = seed = NEW_ARRAY(r->a, int, out->n + 1);
	for (int i = 0; i < out->n; i++)
		seed[i] = first + i;
}

/* One of a list; false: it is none, or there already, and that is said. */
static bool read_seed(const struct spec_reader *r, const struct json *node,
	const struct spec_seeds *before, int *seed)
{
	static const struct param_info info = {
		.name = "seed", .kind = PARAM_INT, .min = 0, .max = SEED_MAX
	};
	const char *text = value_text(r, node, &info, NULL);
	double v;

	if (!text || !number_parse(text, &v))
		return false;
	*seed = (int)v;
	if (!have(before, *seed))
		return true;
	diag_add(r->d, node->at, "seed %d stands in the list twice", *seed);
	return false;
}

/* In the order of the list: a baseline is searched with the first. */
static void list_seeds(const struct spec_reader *r, const struct spec_field *f,
	const struct json *list, struct spec_seeds *out)
{
	int *seed = NEW_ARRAY(r->a, int, list->count + 1);

	out->seed = seed;
	if (!list->child || list->count > f->max) {
		diag_add(r->d, list->at, "a list of %.0f to %.0f seeds is needed",
			f->min, f->max);
		return;
	}
	for (const struct json *m = list->child; m; m = m->next)
		out->n += read_seed(r, m, out, &seed[out->n]);
}

void read_seeds(const struct spec_reader *r, const char *path, int first,
	struct spec_seeds *out)
{
	const struct json *node = read_at(r, path);

	*out = (struct spec_seeds){ 0 };
	if (node && node->kind == JSON_ARRAY)
		list_seeds(r, field_find(path), node, out);
	else
		count_seeds(r, path, first, out);
}

/* Where a seed stands: in a list of one of the two keys. */
static size_t place_of(const struct spec_reader *r, const char *path, const char *other,
	const struct spec_seeds *x, int i)
{
	const struct json *node = read_at(r, path);

	if (node && node->kind == JSON_ARRAY && x->n == node->count)
		for (node = node->child; i > 0; i--)
			node = node->next;
	return node ? node->at : read_place(r, other);
}

void check_seeds(const struct spec_reader *r, const struct spec_seeds *search,
	const char *path, const struct spec_seeds *x)
{
	for (int i = 0; i < x->n; i++) {
		if (!have(search, x->seed[i]))
			continue;
		diag_add(r->d, place_of(r, path, "search.seeds", x, i),
			"seed %d is one of \"search.seeds\" and of \"%s\": what was "
			"chosen with a seed would be judged by it",
			x->seed[i], path);
		return;
	}
}
