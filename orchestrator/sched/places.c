#include "orchestrator/sched/places.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/str.h"

/* The machine without GPUs. */

static void be_workers(struct places *p, int workers)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	p->n = p->width = 1;
	p->shares = workers > 0 ? workers : cores > 0 ? (int)cores : 1;
	p->free[0] = p->shares;
}

/* GPUs. */

/* A number, or the name of a device as NVIDIA writes it (GPU-8f2e..., MIG-...). */
static bool is_device(const char *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/.:";

	return *name && *name != '-' && !name[strspn(name, allowed)];
}

static int add_device(struct places *p, const char *name, struct err *e)
{
	if (!is_device(name))
		return err_set(e, ERR_USAGE,
			"\"%.40s\" is no GPU: \"all\", \"none\", or a list of numbers "
			"(0,1)",
			name);
	for (int i = 0; i < p->n; i++)
		if (!strcmp(p->name[i], name))
			return err_set(e, ERR_USAGE, "GPU %.40s is named twice", name);
	if (p->n == PLACES_GPUS_MAX)
		return err_set(e, ERR_USAGE, "more than %d GPUs", PLACES_GPUS_MAX);
	p->name[p->n++] = name;
	return OK;
}

static int add_list(struct places *p, const char *list, struct err *e)
{
	int rc = OK;

	for (const char *rest = list; !rc; rest++) {
		size_t n = strcspn(rest, ",");

		rc = add_device(p, arena_strndup(&p->arena, rest, n), e);
		rest += n;
		if (!*rest)
			break;
	}
	return rc;
}

/*
 * CUDA takes the devices in front of the first that is none ("-1", "NoDevFiles"), and so
 * does this.
 */
static void add_visible(struct places *p, const char *list)
{
	bool good = *list != '\0';

	for (const char *rest = list; good; rest++) {
		size_t n = strcspn(rest, ",");
		const char *name = arena_strndup(&p->arena, rest, n);

		good = strncmp(name, "No", 2) != 0 && !add_device(p, name, NULL);
		rest += n;
		good = good && *rest;
	}
}

static int by_number(const void *a, const void *b)
{
	int x = atoi(*(const char *const *)a);
	int y = atoi(*(const char *const *)b);

	return (x > y) - (x < y);
}

void places_scan(struct places *p, const char *folder)
{
	static const char prefix[] = "nvidia";
	size_t n = strlen(prefix);
	DIR *d = opendir(folder);
	const struct dirent *x;

	while (d && (x = readdir(d))) {
		const char *number = x->d_name + n;

		if (!strncmp(x->d_name, prefix, n) && *number &&
			!number[strspn(number, "0123456789")])
			(void)!add_device(p, arena_strdup(&p->arena, number), NULL);
	}
	if (d)
		closedir(d);
	qsort(p->name, (size_t)p->n, sizeof(p->name[0]), by_number);
}

static int find_gpus(struct places *p, const char *gpus, struct err *e)
{
	const char *visible = getenv("CUDA_VISIBLE_DEVICES");

	if (gpus && strcmp(gpus, "all") != 0)
		return add_list(p, gpus, e);
	if (visible)
		add_visible(p, visible);
	else
		places_scan(p, "/dev");
	if (p->n)
		return OK;
	return err_set(e, ERR_DATA,
		"\"gpu\" under \"trainer\" wants a GPU, and this machine has none (%s); "
		"`--gpus none` trains without",
		visible ? "CUDA_VISIBLE_DEVICES names none" : "no /dev/nvidia0");
}

/* Whether there are enough for a slot, and for the methods that take several. */
static int check_enough(const struct places *p, const struct spec *s, struct err *e)
{
	const struct spec_variant *v = &s->variants[0];

	if (p->n < p->width)
		return err_set(e, ERR_DATA,
			"a slot has %d GPUs (\"gpu\" under \"trainer\"), and there %s "
			"%d",
			p->width, p->n == 1 ? "is" : "are", p->n);
	for (int i = 0; p->shares == 1 && i < v->nentries; i++) {
		int wanted = v->entries[i].slots * p->width;

		if (wanted > p->n)
			return err_set(e, ERR_DATA,
				"\"%s\" takes %d slots of %d GPU%s each, and there %s "
				"%d",
				v->entries[i].label, v->entries[i].slots, p->width,
				p->width == 1 ? "" : "s", p->n == 1 ? "is" : "are",
				p->n);
	}
	return OK;
}

static int be_gpus(struct places *p, const struct spec *s, const char *gpus,
	int workers, struct err *e)
{
	int rc;

	if (workers)
		return err_set(e, ERR_USAGE,
			"--workers beside GPUs, which decide how many train at a time: "
			"--gpus says which, and `--gpus none` trains without");
	p->shares = s->trainer->gpu_slots;
	p->width = s->trainer->gpus;
	rc = find_gpus(p, gpus, e);
	for (int i = 0; i < p->n; i++)
		p->free[i] = p->shares;
	return rc ? rc : check_enough(p, s, e);
}

int places_find(struct places *p, const struct spec *s, const char *gpus, int workers,
	struct err *e)
{
	bool none = gpus && !strcmp(gpus, "none");
	bool wanted = s->trainer && s->trainer->gpus > 0;

	*p = (struct places){ .hidden = none };
	if (wanted && !none)
		return be_gpus(p, s, gpus, workers, e);
	if (gpus && !none)
		return err_set(e, ERR_USAGE,
			"--gpus: no slot of this sweep has a GPU; \"gpu\" under "
			"\"trainer\" says how many");
	be_workers(p, workers);
	return OK;
}

void places_elsewhere(struct places *p, int slots)
{
	*p = (struct places){ 0 };
	be_workers(p, slots);
}

void places_release(struct places *p)
{
	arena_release(&p->arena);
}

int places_slots(const struct places *p)
{
	return p->n / p->width * p->shares;
}

/* Taking and giving. */

/* The device of which most is free, and at least so much; -1: none. */
static int freest(const struct places *p, int shares)
{
	int best = -1;

	for (int i = 0; i < p->n; i++)
		if (p->free[i] >= shares && (best < 0 || p->free[i] > p->free[best]))
			best = i;
	return best;
}

bool places_take(struct places *p, int slots, struct places_taken *out)
{
	int devices = p->shares > 1 ? 1 : slots * p->width;

	if (devices > p->n)
		devices = p->n;
	*out = (struct places_taken){ .shares = slots < p->shares ? slots : p->shares };
	while (out->n < devices) {
		int i = freest(p, out->shares);

		if (i < 0) {
			places_give(p, out);
			return false;
		}
		p->free[i] -= out->shares;
		out->device[out->n++] = i;
	}
	return true;
}

void places_give(struct places *p, const struct places_taken *x)
{
	for (int i = 0; i < x->n; i++)
		p->free[x->device[i]] += x->shares;
}

const char *places_devices(
	const struct places *p, const struct places_taken *x, struct arena *a)
{
	struct str out = { .arena = a };

	if (!p->name[0])
		return p->hidden ? "" : NULL;
	for (int i = 0; i < x->n; i++)
		str_printf(&out, "%s%s", i ? "," : "", p->name[x->device[i]]);
	return str_get(&out);
}

const char *places_slot_text(const struct spec_trainer *t, struct arena *a)
{
	if (!t || !t->gpus)
		return NULL;
	if (t->gpu_slots > 1)
		return arena_printf(a, "1/%d of a GPU", t->gpu_slots);
	return arena_printf(a, "%d GPU%s", t->gpus, t->gpus == 1 ? "" : "s");
}
