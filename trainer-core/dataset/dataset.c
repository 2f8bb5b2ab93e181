#include "trainer-core/dataset/dataset.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "trainer-core/dataset/cache.h"
#include "trainer-core/dataset/compose.h"
#include "trainer-core/dataset/digest.h"
#include "trainer-core/dataset/layout.h"
#include "trainer-core/dataset/pseudo.h"
#include "trainer-core/dataset/targets.h"

#define D(id, ...) extern const struct dataset_ops dataset_##id;
#include "catalogue/dataset.def"
#undef D

static const struct dataset_ops *find_ops(const char *name)
{
	static const struct {
		const char *name;
		const struct dataset_ops *ops;
	} rows[] = {
#define D(id, ...) { #id, &dataset_##id },
#include "catalogue/dataset.def"
#undef D
	};

	for (int i = 0; i < COUNT(rows); i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].ops;
	return NULL;
}

#define SIZE_MOST 10000000 /* samples, where no default bounds them */

/* The sizes of ps, each 1 to `times` its default; into the splits and the key. */
static int plan_sizes(
	struct composition *c, const struct dataset_info *info, struct err *e)
{
	const int deflt[SPLIT_COUNT] = { info->train, info->val, info->test };

	for (int s = 0; s < SPLIT_COUNT; s++) {
		const char *name = arena_printf(c->a, "dataset.%s", split_names[s]);
		int most = deflt[s] ? deflt[s] * info->times : SIZE_MOST;
		int n = deflt[s];
		int rc = params_get(c->ps, name) ? params_integer(c->ps, name, &n, e)
						 : OK;

		if (rc)
			return rc;
		if (!n && !params_get(c->ps, name)) { /* count_rows knows */
			c->uncounted[s] = true;
			continue;
		}
		if (n < 1 || n > most)
			return err_set(e, ERR_SPEC,
				"%s: %d is not in 1 to %d, what %s can give", name, n,
				most, info->name);
		c->d->split[s].n = n;
		params_set_number(&c->key, c->a, name, n);
	}
	return OK;
}

/* Around the steps of a data set, which knows of its own tasks alone. */
static void hide_pseudo(struct composition *c)
{
	c->d->tasks -= c->pseudos;
}

static void show_pseudo(struct composition *c)
{
	c->d->tasks += c->pseudos;
}

/* The sizes that nobody gave: all rows of the source files. */
static int count_split(struct composition *c, enum split s, struct err *e)
{
	const char *name = arena_printf(c->a, "dataset.%s", split_names[s]);
	int n = 0;
	int rc = c->ops->count(c, s, &n, e);

	if (!rc && (n < 1 || n > SIZE_MOST))
		rc = err_set(e, ERR_DATA, "%s: the files have %d rows, not 1 to %d",
			name, n, SIZE_MOST);
	c->d->split[s].n = n;
	params_set_number(&c->key, c->a, name, n);
	return rc;
}

static int count_rows(struct composition *c, struct err *e)
{
	bool any = false;
	int rc;

	for (int s = 0; s < SPLIT_COUNT; s++)
		any = any || c->uncounted[s];
	if (!any)
		return OK;
	hide_pseudo(c);
	rc = c->ops->find(c, e);
	for (int s = 0; !rc && s < SPLIT_COUNT; s++)
		if (c->uncounted[s])
			rc = count_split(c, (enum split)s, e);
	show_pseudo(c);
	c->sources = 0; /* they are listed again when all is known */
	return rc ? err_wrap(e, "data set %s", params_get(&c->key, "dataset.name"))
		  : OK;
}

/* Everything about the data set that needs no file. */
static int plan(struct composition *c, const struct params *ps, struct arena *a,
	struct dataset *d, struct err *e)
{
	const char *name = params_get(ps, "dataset.name");
	const struct dataset_info *info = name ? catalogue_dataset(name) : NULL;
	int rc;

	memset(d, 0, sizeof(*d));
	memset(c, 0, sizeof(*c));
	*c = (struct composition){ .ps = ps, .a = a, .d = d };
	rc = catalogue_tasks(ps, a, d->task, &d->tasks, e);
	if (rc)
		return rc;
	ASSERT(info); /* else it had no tasks */
	c->ops = find_ops(info->name);
	params_set(&c->key, a, "dataset.name", info->name);
	rc = plan_sizes(c, info, e);
	if (!rc)
		rc = pseudo_read(ps, a, c->pseudo, &c->pseudos, e);
	if (rc)
		return rc;
	hide_pseudo(c);
	rc = c->ops->plan(c, e);
	show_pseudo(c);
	return rc ? rc : pseudo_plan(c, e);
}

int dataset_shape(
	const struct params *ps, struct arena *a, struct dataset *d, struct err *e)
{
	struct composition c;

	return plan(&c, ps, a, d, e);
}

/* Where the cache is and what it must say of itself; its source files are not looked at. */
static int locate(struct composition *c, struct cache *cache, struct err *e)
{
	struct str what = { .arena = c->a };

	params_json(&c->key, &what);
	str_put(&what, "\n");
	layout_describe(c->d, &what);
	*cache = (struct cache){ .what = str_get(&what),
		.array_bytes = layout_bytes(c->d) };
	return cache_locate(c->a, params_get(&c->key, "dataset.name"), cache->what,
		&cache->path, e);
}

/* Lists the source files and looks at them. */
static int find_sources(struct composition *c, struct err *e)
{
	int rc = OK;

	hide_pseudo(c);
	if (c->ops->find)
		rc = c->ops->find(c, e);
	if (!rc && c->ops->look)
		rc = c->ops->look(c, e);
	show_pseudo(c);
	if (!rc)
		rc = pseudo_find(c, e);
	return rc ? rc : pseudo_look(c, e);
}

/* So many source files are listed in the cache one by one, more as one digest. */
#define SOURCES_LISTED 64

/* The source files as they are now: hashed whole, for a time stamp can lie. */
static int describe_sources(struct composition *c, struct cache *cache, struct err *e)
{
	struct str text = { .arena = c->a };
	char all[33];
	int rc = find_sources(c, e);

	for (int i = 0; i < c->sources && !rc; i++) {
		char hex[33];
		uint64_t size;

		rc = digest_file(c->source[i], hex, &size, e);
		if (!rc)
			str_printf(&text, "source %s %" PRIu64 " %s\n", hex, size,
				c->source[i]);
	}
	cache->sources = str_get(&text);
	if (c->sources > SOURCES_LISTED && !rc) {
		digest_bytes(text.s, text.n, all);
		cache->sources =
			arena_printf(c->a, "%d source files %s\n", c->sources, all);
	}
	return rc;
}

static void adopt(struct dataset *d, const struct cache *cache)
{
	layout_place(d, cache->arrays);
	memcpy(d->digest, cache->digest, sizeof(d->digest));
	d->map = cache->map;
	d->map_bytes = cache->map_bytes;
	d->file = cache->fd;
	d->path = cache->path;
}

/* Maps the cache if every byte of it is right; NULL or what is wrong. */
static const char *adopt_whole(struct dataset *d, struct cache *cache)
{
	const char *wrong = cache_map(cache);
	char digest[33];

	if (wrong)
		return wrong;
	layout_place(d, cache->arrays);
	layout_digest(d, digest);
	if (strcmp(digest, cache->digest) != 0) {
		cache_unmap(cache);
		return "is damaged";
	}
	adopt(d, cache);
	return NULL;
}

/* Where to write a field that lies in w; NULL for one that has no data. */
static void *writable(const struct cache_writer *w, const struct dataset_field *f)
{
	const unsigned char *at = f->data;

	return at ? w->arrays + (at - w->arrays) : NULL;
}

static int fill(struct composition *c, struct cache_writer *w, struct err *e)
{
	struct dataset *d = c->d;
	int rc;

	layout_place(d, w->arrays);
	for (int s = 0; s < SPLIT_COUNT; s++) {
		const struct split_data *split = &d->split[s];

		c->input[s] = writable(w, &split->input);
		for (int k = 0; k < d->tasks; k++) {
			c->own_input[s][k] = writable(w, &split->own_input[k]);
			c->target[s][k] = writable(w, &split->target[k]);
		}
	}
	hide_pseudo(c);
	rc = c->ops->fill(c, e);
	show_pseudo(c);
	if (!rc)
		rc = pseudo_fill(c, e);
	return rc ? rc : targets_check(c, e);
}

/* Under the lock; another process may have been faster. */
static int compose_locked(struct composition *c, struct cache *cache,
	struct cache_writer *w, struct err *e)
{
	const char *wrong = adopt_whole(c->d, cache);
	char digest[33];
	int rc;

	if (!wrong)
		return OK;
	rc = cache_reserve(w, cache, e);
	if (rc)
		return rc;
	rc = fill(c, w, e);
	if (rc)
		return rc;
	layout_digest(c->d, digest);
	rc = cache_commit(w, cache, digest, e);
	if (rc)
		return rc;
	wrong = adopt_whole(c->d, cache);
	if (wrong)
		return err_set(e, ERR_SYS, "%s %s, just written", cache->path, wrong);
	c->d->composed = true;
	return OK;
}

static int compose(struct composition *c, struct cache *cache, struct err *e)
{
	struct cache_writer w;
	int rc = cache_lock(&w, cache, c->a, e);

	if (rc)
		return rc;
	rc = compose_locked(c, cache, &w, e);
	cache_unlock(&w);
	return rc;
}

static int prepare(struct composition *c, struct err *e)
{
	struct cache cache;
	int rc = locate(c, &cache, e);

	if (rc)
		return rc;
	rc = describe_sources(c, &cache, e);
	if (rc)
		return rc;
	return adopt_whole(c->d, &cache) ? compose(c, &cache, e) : OK;
}

/* Plans a data set; then the sources are looked for, or all of it is composed. */
static int plan_then(const struct params *ps, const struct labeller *labeller,
	struct arena *a, struct dataset *d,
	int (*then)(struct composition *c, struct err *e), struct err *e)
{
	struct composition c;
	int rc = plan(&c, ps, a, d, e);

	if (!rc)
		rc = count_rows(&c, e);
	if (rc)
		return rc;
	c.labeller = labeller;
	if (then(&c, e))
		return err_wrap(e, "data set %s", params_get(&c.key, "dataset.name"));
	return OK;
}

int dataset_prepare(const struct params *ps, const struct labeller *labeller,
	struct arena *a, struct dataset *d, struct err *e)
{
	return plan_then(ps, labeller, a, d, prepare, e);
}

int dataset_look(const struct params *ps, const struct labeller *labeller,
	struct arena *a, struct err *e)
{
	return plan_then(ps, labeller, a, NEW(a, struct dataset), find_sources, e);
}

int dataset_count(
	const struct params *ps, struct arena *a, int n[SPLIT_COUNT], struct err *e)
{
	struct dataset *d = NEW(a, struct dataset);
	struct composition c;
	int rc = plan(&c, ps, a, d, e);

	if (!rc)
		rc = count_rows(&c, e);
	for (int s = 0; s < SPLIT_COUNT; s++)
		n[s] = d->split[s].n;
	return rc;
}

static int open_prepared(
	struct composition *c, const char *digest, struct cache *cache, struct err *e)
{
	const char *wrong;
	int rc = locate(c, cache, e);

	if (rc)
		return rc;
	wrong = cache_map(cache);
	if (wrong)
		return err_set(e, ERR_DATA,
			"%s %s; `deltam run` on the sweep composes it anew",
			cache->path, wrong);
	if (digest && strcmp(digest, cache->digest) != 0) {
		rc = err_set(e, ERR_DATA,
			"%s has digest %s, the job was planned with %s: its source "
			"files have changed; run `deltam run` again",
			cache->path, cache->digest, digest);
		cache_unmap(cache);
		return rc;
	}
	return OK;
}

int dataset_open(
	const struct params *ps, struct arena *a, struct dataset *d, struct err *e)
{
	struct composition c;
	struct cache cache;
	int rc = plan(&c, ps, a, d, e);

	if (rc)
		return rc;
	rc = open_prepared(&c, params_get(ps, "dataset.digest"), &cache, e);
	if (rc)
		return err_wrap(e, "data set %s", params_get(&c.key, "dataset.name"));
	adopt(d, &cache);
	return OK;
}

void dataset_close(struct dataset *d)
{
	if (!d->map)
		return;
	munmap(d->map, d->map_bytes);
	close(d->file);
	d->map = NULL;
}

int dataset_verify(struct dataset *d, struct err *e)
{
	/* A worker trains segment after segment on the same file. */
	static struct cache_stamp last;
	struct cache_stamp now = cache_stamp(d->file);
	char digest[33];

	d->verified = now;
	if (cache_stamp_same(&now, &last))
		return OK;
	layout_digest(d, digest);
	if (strcmp(digest, d->digest) != 0)
		return err_set(e, ERR_DATA,
			"%s was changed after it was composed: its arrays have another "
			"digest",
			d->path);
	last = now;
	return OK;
}

bool dataset_touched(const struct dataset *d)
{
	struct cache_stamp now = cache_stamp(d->file);

	return !cache_stamp_same(&now, &d->verified);
}
