#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Reads the sweep's name; "" where it is missing or wrong. */
static const char *read_name(const struct spec_reader *r)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789._-";
	const char *name = read_text(r, "sweep");

	if (!name)
		return "";
	if (name[0] == '.' || name[strspn(name, allowed)])
		diag_add(r->d, read_at(r, "sweep")->at,
			"the sweep's name %s is no file name: letters, digits, '.', "
			"'_', '-', and no '.' in front",
			diag_quote(r->a, name));
	return name;
}

/* Checks that sections are objects and that their keys are known. */
static void read_sections(const struct spec_reader *r)
{
	int n;
	const struct spec_field *f = spec_fields(&n);

	read_members(r, r->root, "", NULL);
	for (int i = 0; i < n; i++) {
		const struct json *node;

		if (f[i].kind != FIELD_SECTION && f[i].kind != FIELD_NAMED)
			continue;
		node = read_field(r, f[i].path);
		if (f[i].kind == FIELD_NAMED)
			continue; /* name_at judges it: more of its keys in the catalogue */
		if (node && expect_kind(r, node, JSON_OBJECT, f[i].path) &&
			!(read_at(r, "trainer") && !strcmp(f[i].path, "train")))
			read_members(r, node, f[i].path, NULL);
	}
}

/* Reads lr, wd or fixed_wd; false where the value is absent or wrong. */
static bool read_rate(const struct spec_reader *r, const char *path, const char *deflt,
	struct spec_axis *out)
{
	const struct json *node = read_field(r, path);
	const struct param_info info = {
		.name = strrchr(path, '.') + 1,
		.kind = PARAM_REAL,
		.deflt = deflt,
		.min = -INFINITY, /* the limits of a rate have messages of their own */
		.max = INFINITY,
	};
	const struct spec_axis_rule rule = { .info = &info,
		.owner = "search",
		.step_size = true,
		.positive = !strcmp(info.name, "lr") };

	*out = (struct spec_axis){ .name = info.name };
	if (!node && !deflt)
		return false;
	if (!read_axis(r, node, &rule, read_place(r, path), out))
		return false;
	out->min = 0; /* where a refinement or a boundary mark would stop */
	return true;
}

static void read_search(const struct spec_reader *r, struct spec *s)
{
	const struct json *fixed = read_at(r, "search.fixed_wd");
	struct spec_rates *rates = &s->search.rates;
	struct spec_axis one;

	s->search.kind = (enum search_kind)read_choice(r, "search.kind");
	read_seeds(r, "search.seeds", 0, &s->search.seeds);
	if (!read_rate(r, "search.lr", NULL, &rates->lr))
		rates->lr.count = 0;
	if (read_rate(r, "search.wd", field_find("search.wd")->deflt, &rates->wd))
		rates->fixed_wd = rates->wd.value[0];
	if (!fixed)
		return;
	if (s->search.kind == SEARCH_GRID)
		diag_add(r->d, fixed->key_at,
			"\"fixed_wd\" belongs to \"kind\": \"line\"; a grid takes "
			"every wd");
	if (expect_kind(r, fixed, JSON_NUMBER, "fixed_wd") &&
		read_rate(r, "search.fixed_wd", NULL, &one))
		rates->fixed_wd = one.value[0];
}

/* Of each kind that the baseline has no list of its own for, it tries what methods try. */
static void read_baseline_rates(const struct spec_reader *r, struct spec *s)
{
	struct spec_rates *own = &s->baseline.rates;

	*own = s->search.rates;
	if (read_at(r, "baseline.lr") && !read_rate(r, "baseline.lr", NULL, &own->lr))
		own->lr.count = 0;
	if (read_at(r, "baseline.wd") && read_rate(r, "baseline.wd", NULL, &own->wd))
		own->fixed_wd = own->wd.value[0];
	if (s->select.epoch == EPOCH_LAST10 && own->lr.count * own->wd.count > 1 &&
		(read_at(r, "baseline.lr") || read_at(r, "baseline.wd")))
		diag_add(r->d, read_place(r, "baseline"),
			"\"last10\" chooses nothing, so the baseline has one "
			"configuration, not %d",
			own->lr.count * own->wd.count);
}

static void read_baseline(const struct spec_reader *r, struct spec *s)
{
	static const char *const training[] = { "baseline.seeds", "baseline.tune",
		"baseline.model", "baseline.lr", "baseline.wd", "baseline.across",
		NULL };
	static const char *const from[] = { "baseline.from", NULL };

	read_seeds(r, "baseline.seeds", FINAL_SEED, &s->baseline.seeds);
	s->baseline.tune = (enum baseline_tune)read_choice(r, "baseline.tune");
	s->baseline.from = read_path(r, "baseline.from");
	if (read_at(r, "baseline.values")) {
		s->baseline.source = BASELINE_VALUES;
		read_refuse(r, training, "\"values\"");
		read_refuse(r, from, "\"values\"");
	} else if (s->baseline.from) {
		s->baseline.source = BASELINE_FROM;
		read_refuse(r, training, "\"from\"");
	}
}

static void read_select(const struct spec_reader *r, struct spec *s)
{
	(void)read_choice(r, "select.by");
	s->select.epoch = (enum select_epoch)read_choice(r, "select.epoch");
	s->select.average = (enum average)read_choice(r, "select.average");
	s->select.skip_zero = read_bool(r, "select.skip_zero_weight");
	if (s->select.skip_zero && read_at(r, "primary"))
		diag_add(r->d, read_place(r, "select.skip_zero_weight"),
			"\"skip_zero_weight\" means nothing beside \"primary\", whose "
			"task alone makes Δm");
	s->select.criteria = read_at(r, "select.criteria") != NULL;
}

static void read_limits(const struct spec_reader *r, struct spec *s)
{
	double minutes = read_number(r, "limits.job_minutes");
	double silent = read_number(r, "limits.silent_minutes");

	s->auxiliary = read_at(r, "primary") != NULL;
	read_seeds(r, "final.seeds", FINAL_SEED, &s->final_seeds);
	s->retries = read_whole(r, "limits.retries");
	s->checkpoint_minutes = read_number(r, "checkpoint_minutes");
	s->job_minutes = isnan(minutes) ? 0 : minutes;
	if (minutes == 0)
		diag_add(r->d, read_place(r, "limits.job_minutes"),
			"\"job_minutes\" must be above 0");
	s->silent_minutes = isnan(silent) ? 0 : silent;
	if (silent == 0)
		diag_add(r->d, read_place(r, "limits.silent_minutes"),
			"\"silent_minutes\" must be above 0");
}

/* Where nothing is searched, no seed has chosen anything. */
static void compare_seeds(const struct spec_reader *r, const struct spec *s)
{
	if (s->select.epoch == EPOCH_LAST10)
		return;
	check_seeds(r, &s->search.seeds, "final.seeds", &s->final_seeds);
	if (s->baseline.source == BASELINE_TRAINED)
		check_seeds(r, &s->search.seeds, "baseline.seeds", &s->baseline.seeds);
}

static bool is_sweep(const struct spec_reader *r)
{
	if (r->root->kind == JSON_OBJECT)
		return true;
	diag_add(r->d, r->root->at,
		"a sweep file holds one object, { \"sweep\": ... }, not %s",
		json_kind_name(r->root->kind));
	return false;
}

static void read_spec(struct spec_reader *r, struct spec *s)
{
	s->root = r->root;
	if (!is_sweep(r))
		return;
	read_sections(r);
	s->name = read_name(r);
	read_trainer(r, s);
	(void)read_text(r, "$schema");
	read_search(r, s);
	read_baseline(r, s);
	read_select(r, s);
	read_baseline_rates(r, s);
	read_prune(r, s);
	read_limits(r, s);
	compare_seeds(r, s);
	read_evaluate(r, s);
	read_variants(r, s);
}

/* What has been found wrong, into the report. */
static int conclude(struct diag *d, struct str *report, struct err *e)
{
	if (!d->total)
		return OK;
	diag_render(d, report);
	return err_set(e, ERR_SPEC, "%s", "");
}

/* The folder of a file as its path names it; "" is the present one. */
static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == path)
		return "/";
	return slash ? arena_strndup(a, path, (size_t)(slash - path)) : "";
}

/* The folder from the root; "" where there is none. */
static const char *whole_folder(struct arena *a, const char *folder)
{
	char *whole = realpath(*folder ? folder : ".", NULL);
	const char *copy = whole ? arena_strdup(a, whole) : "";

	free(whole);
	return copy;
}

int spec_read(struct spec *s, struct arena *a, const struct spec_source *from,
	struct str *report, struct err *e)
{
	struct diag d = { .arena = a, .path = from->path };
	const char *folder = from->folder ? from->folder : folder_of(a, from->path);
	struct spec_reader r = { .a = a, .d = &d, .folder = folder };
	int rc = OK;

	*s = (struct spec){ .path = arena_strdup(a, from->path),
		.folder = from->folder ? from->folder : whole_folder(a, folder) };
	/* Parsing reads one byte behind the end: let it be NUL, whoever gave the text. */
	d.text = arena_strndup(a, from->text ? from->text : "", from->n);
	d.n = from->n;
	if (!from->text)
		rc = json_read_file(&d, e);
	if (rc)
		return rc;
	if (!read_set(&d, from->set, from->nset))
		return conclude(&d, report, e);
	s->text = d.text;
	s->piece = d.piece;
	s->pieces = d.pieces;
	r.root = json_parse(a, &d);
	if (r.root)
		read_spec(&r, s);
	return conclude(&d, report, e);
}

int spec_parse(struct spec *s, struct arena *a, const char *path, const char *bytes,
	size_t n, struct str *report, struct err *e)
{
	return spec_read(s, a,
		&(struct spec_source){ .path = path, .text = bytes, .n = n }, report,
		e);
}

int spec_name(const char *path, struct arena *a, const char **name, const char **text,
	struct str *report, struct err *e)
{
	struct diag d = { .arena = a, .path = path };
	struct spec_reader r = { .a = a, .d = &d };
	int rc = json_load(&d, &r.root, e);

	if (rc)
		return rc;
	*text = d.text;
	if (r.root && is_sweep(&r))
		*name = read_name(&r);
	return conclude(&d, report, e);
}

int spec_load_rules(const struct spec *s, const char *path, struct arena *a,
	struct spec **rules, int *n, struct str *report, struct err *e)
{
	struct diag d = { .arena = a, .path = path };
	struct spec_reader r = { .a = a, .d = &d };
	int rc = json_load(&d, &r.root, e);
	const struct json *list = r.root;

	*n = 0;
	if (rc)
		return rc;
	if (list && (list->kind != JSON_ARRAY || !list->child))
		diag_add(&d, list->at,
			"a list of rules, [ { \"rule\": ... } ], is needed");
	if (list && !d.total) {
		*rules = NEW_ARRAY(a, struct spec, list->count);
		for (const struct json *m = list->child; m; m = m->next) {
			(*rules)[*n] = *s;
			read_prune_rule(&r, m, &(*rules)[(*n)++]);
		}
	}
	return conclude(&d, report, e);
}

size_t spec_place(const struct spec *s, const struct spec_variant *v,
	const char *const *paths, struct arena *a)
{
	const struct spec_reader r = { .a = a,
		.root = s->root,
		.over = v ? v->over : NULL,
		.nover = v ? v->nover : 0 };

	return read_first(&r, paths);
}
