#include "trainer-core/dataset/layout.h"

#include "trainer-core/dataset/digest.h"

const char *const split_names[SPLIT_COUNT] = { "train", "val", "test" };

/* The arrays in the order of the block: of each split the inputs, then the targets. */
struct cursor {
	int split;
	int array; /* within the split */
	size_t at; /* bytes from the start of the block */
};

static int inputs(const struct dataset *d)
{
	return d->own_inputs ? d->tasks : 1;
}

/* Whose array it is; -1: the input that all share. */
static int task_of(const struct dataset *d, const struct cursor *c)
{
	if (c->array >= inputs(d))
		return c->array - inputs(d);
	return d->own_inputs ? c->array : -1;
}

static const struct dataset_field *field_of(
	const struct dataset *d, const struct cursor *c)
{
	const struct split_data *s = &d->split[c->split];
	int k = task_of(d, c);

	if (c->array >= inputs(d))
		return &s->target[k];
	return k < 0 ? &s->input : &s->own_input[k];
}

static size_t field_bytes(const struct dataset_field *f, int n)
{
	size_t element = f->element == ELEMENT_U8 ? 1 : sizeof(float);

	return (size_t)n * (size_t)f->c * (size_t)f->h * (size_t)f->w * element;
}

static const struct cursor first = { SPLIT_TRAIN, 0, 0 };

static bool more(const struct cursor *c)
{
	return c->split < SPLIT_COUNT;
}

static void next(const struct dataset *d, struct cursor *c)
{
	size_t bytes = field_bytes(field_of(d, c), d->split[c->split].n);

	c->at += (bytes + LAYOUT_ALIGN - 1) / LAYOUT_ALIGN * LAYOUT_ALIGN;
	if (++c->array == inputs(d) + d->tasks) {
		c->array = 0;
		c->split++;
	}
}

size_t layout_bytes(const struct dataset *d)
{
	struct cursor c = first;

	while (more(&c))
		next(d, &c);
	return c.at;
}

void layout_place(struct dataset *d, const unsigned char *block)
{
	for (struct cursor c = first; more(&c); next(d, &c)) {
		struct split_data *s = &d->split[c.split];
		int k = task_of(d, &c);
		struct dataset_field *f = k < 0 ? &s->input
			: c.array < inputs(d)   ? &s->own_input[k]
						: &s->target[k];

		f->data = block + c.at;
	}
}

static void describe_array(
	const struct dataset *d, const struct cursor *c, struct str *out)
{
	const struct dataset_field *f = field_of(d, c);

	int k = task_of(d, c);

	str_printf(out, "%s %s%s %s %d %d %d %d x %.9g", split_names[c->split],
		d->own_inputs && c->array < d->tasks ? "input of " : "",
		k < 0 ? "input" : d->task[k].name,
		f->element == ELEMENT_U8 ? "u8" : "f32", d->split[c->split].n, f->c,
		f->h, f->w, (double)f->scale);
	if (f->offset != 0)
		str_printf(out, " + %.9g", (double)f->offset);
}

void layout_describe(const struct dataset *d, struct str *out)
{
	for (struct cursor c = first; more(&c); next(d, &c)) {
		describe_array(d, &c, out);
		str_printf(out, " at %zu\n", c.at);
	}
}

void layout_digest(const struct dataset *d, char hex[33])
{
	struct arena a = { 0 };
	struct str text = { .arena = &a };

	for (struct cursor c = first; more(&c); next(d, &c)) {
		const struct dataset_field *f = field_of(d, &c);

		digest_bytes(f->data, field_bytes(f, d->split[c.split].n), hex);
		describe_array(d, &c, &text);
		str_printf(&text, " %s\n", hex);
	}
	digest_bytes(text.s, text.n, hex);
	arena_release(&a);
}
