#include "trainer-core/network/initial.h"

#include <errno.h>
#include <float.h>
#include <stdio.h>
#include <string.h>
#include "common/plain_file.h"
#include "common/str.h"
#include "trainer-core/dataset/digest.h"
#include "trainer-core/dataset/npy.h"
#include "trainer-core/dataset/npy_header.h"

struct initial {
	struct graph *g;
	const char *folder;
	struct arena *a; /* of one node's values */
	struct str read; /* "NAME DIGEST\n" of every file */
};

/* A whole number in a weight's place is another file than was meant. */
static int check_type(FILE *f, const char *path, struct err *e)
{
	struct npy_header h;
	int rc = npy_header_read(f, path, &h, e);

	if (!rc && h.kind != 'f')
		rc = err_set(e, ERR_DATA,
			"%s: elements of type %c%d, expected floating point", path,
			h.kind, h.size);
	return rc;
}

static int read_open(
	FILE *f, const char *path, const struct npy_want *want, float *v, struct err *e)
{
	int rc = check_type(f, path, e);

	if (rc)
		return rc;
	rewind(f);
	return npy_read_stream(f, path, want, v, e);
}

/*
 * FOLDER/NAME.npy, of the shape wanted. *v is in the arena; NULL where there is no such
 * file, which is an error where it is required.
 */
static int read_values(struct initial *x, const char *name, const struct npy_want *want,
	bool required, float **v, struct err *e)
{
	const char *path = arena_printf(x->a, "%s/%s.npy", x->folder, name);
	size_t bytes = npy_count(want) * sizeof(float);
	FILE *f = plain_file_read(path);
	char hex[33];
	int rc;

	*v = NULL;
	if (!f && errno == ENOENT && !required)
		return OK;
	if (!f)
		return err_set(e, ERR_DATA,
			"%s: %s; model.init wants a file for every "
			"parameter of the trunk",
			path, err_reason(errno));
	*v = arena_alloc(x->a, bytes, sizeof(float));
	rc = read_open(f, path, want, *v, e);
	fclose(f);
	if (rc)
		return rc;
	digest_bytes(*v, bytes, hex);
	str_printf(&x->read, "%s %s\n", name, hex);
	return OK;
}

static int load_param(struct initial *x, int i, bool required, struct err *e)
{
	const struct graph_param *p = graph_param(x->g, i);
	struct npy_want want = { .dims = p->dims, .min = -FLT_MAX, .max = FLT_MAX };
	float *values = graph_values(x->g);
	float *v;
	int rc;

	for (int d = 0; d < p->dims; d++)
		want.dim[d] = p->shape[d];
	rc = read_values(x, p->name, &want, required, &v, e);
	if (!rc && v && values)
		graph_param_set(x->g, i, values, v);
	return rc;
}

/* least: a running variance below 0 has no root. */
static int load_buffer(
	struct initial *x, int i, double least, bool required, struct err *e)
{
	const struct graph_buffer *b = graph_buffer(x->g, i);
	const struct npy_want want = {
		.dims = 1, .dim = { b->count }, .min = least, .max = FLT_MAX
	};
	float *state = graph_state(x->g);
	float *v;
	int rc = read_values(x, b->name, &want, required, &v, e);

	if (!rc && v && state)
		memcpy(state + b->offset, v, (size_t)b->count * sizeof(*v));
	return rc;
}

/* The values of a node that are not a task's. */
static int load_node(struct initial *x, const struct node *v, struct err *e)
{
	const bool required = v->scope == SCOPE_SHARED;
	int rc = OK;

	if (v->weight >= 0)
		rc = load_param(x, v->weight, required, e);
	if (!rc && v->bias >= 0)
		rc = load_param(x, v->bias, required, e);
	if (!rc && v->running >= 0)
		rc = load_buffer(x, v->running, -FLT_MAX, required, e);
	if (!rc && v->running >= 0)
		rc = load_buffer(x, v->running + 1, 0, required, e);
	return rc;
}

static int load(struct initial *x, char hex[33], struct err *e)
{
	int rc = OK;

	for (int id = 0; id < graph_nodes(x->g) && !rc; id++) {
		const struct node *v = graph_node(x->g, id);
		struct arena_mark mark = arena_mark(x->a);

		if (v->tied || (v->scope != SCOPE_SHARED && !v->shares))
			continue;
		rc = load_node(x, v, e);
		arena_rewind(x->a, mark);
	}
	if (!rc && !x->read.n)
		rc = err_set(e, ERR_DATA,
			"%s: model.init holds no parameter of this network", x->folder);
	if (!rc)
		digest_bytes(x->read.s, x->read.n, hex);
	return rc;
}

int initial_load(struct graph *g, const char *folder, char hex[33], struct err *e)
{
	struct arena values = { 0 }, text = { 0 };
	struct initial x = {
		.g = g, .folder = folder, .a = &values, .read = { .arena = &text }
	};
	int rc = load(&x, hex, e);

	arena_release(&values);
	arena_release(&text);
	return rc;
}

static int save_param(const struct graph *g, int i, const char *folder, struct arena *a,
	struct err *e)
{
	const struct graph_param *p = graph_param(g, i);
	float *v = NEW_ARRAY(a, float, p->count);

	graph_param_get(g, i, graph_values(g), v);
	return npy_write(
		arena_printf(a, "%s/%s.npy", folder, p->name), p->shape, p->dims, v, e);
}

int initial_save(const struct graph *g, const char *folder, struct err *e)
{
	struct arena a = { 0 };
	int rc = OK;

	for (int i = 0; i < graph_params(g) && !rc; i++) {
		rc = save_param(g, i, folder, &a, e);
		arena_release(&a);
	}
	for (int i = 0; i < graph_buffers(g) && !rc; i++) {
		const struct graph_buffer *b = graph_buffer(g, i);

		rc = npy_write(arena_printf(&a, "%s/%s.npy", folder, b->name),
			&b->count, 1, graph_state(g) + b->offset, e);
	}
	arena_release(&a);
	return rc;
}
