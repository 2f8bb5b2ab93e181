/*
 * fixtures PATH... : runs every fixture found, one line a case:
 *
 *	pass golden/uwso.json k2_moderate_T1
 *	FAIL golden/uwso.json k2_moderate_T2: step 3 weights[1]: got ..., want ...
 *	skip golden/famo.json k2_random: this build has no method famo
 *	passed 1 failed 1 skipped 1
 *
 * Exit status 1 where a case failed, a file could not be read, or nothing was found.
 */
#include "tests/fixtures.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct tally {
	int count[3];
};

static const struct {
	const char *method; /* of the file */
	enum outcome (*run)(struct fixture *f);
} runners[] = {
	{ "fixed_weights", fixture_weighting },
	{ "dwa", fixture_weighting },
	{ "gls", fixture_weighting },
	{ "uw", fixture_weighting },
	{ "uwo", fixture_weighting },
	{ "uwso", fixture_weighting },
	{ "uwso_learned_t", fixture_weighting },
	{ "ema_weighting", fixture_weighting },
	{ "imtl_l", fixture_weighting },
	{ "rlw", fixture_random_weights },
	{ "pcgrad", fixture_gradient },
	{ "mgda", fixture_gradient },
	{ "cagrad", fixture_gradient },
	{ "imtl_g", fixture_gradient },
	{ "imtl", fixture_gradient },
	{ "nash_mtl", fixture_gradient },
	{ "aligned_mtl", fixture_gradient },
	{ "gradnorm", fixture_gradient },
	{ "gradvac", fixture_gradient },
	{ "famo", fixture_gradient },
	{ "db_mtl", fixture_gradient },
	{ "dtp", fixture_gradient },
	{ "graddrop", fixture_gradient },
	{ "rotograd", fixture_gradient },
	{ "auto_lambda", fixture_gradient },
	{ "gcs", fixture_gradient },
	{ "ol_aux", fixture_gradient },
	{ "ial", fixture_gradient },
	{ "optimizers", fixture_optimizer },
	{ "losses", fixture_loss },
	{ "metrics", fixture_metric },
	{ "delta_m", fixture_delta_m },
	{ "corruption_delta", fixture_corruption_delta },
	{ "pareto", fixture_pareto },
	{ "search_grids", fixture_grid },
	{ "toy_cagrad", fixture_toy },
	{ "gradient_similarity", fixture_similarity },
	{ "parity", fixture_parity },
};

/* The last two parts of a path name a file well enough. */
static const char *short_path(const char *path)
{
	const char *cut = path;
	int parts = 0;

	for (const char *p = path + strlen(path); p > path; p--)
		if (p[-1] == '/' && ++parts == 2) {
			cut = p;
			break;
		}
	return cut;
}

static bool is_used(const struct fixture *f, const cJSON *j)
{
	for (int i = 0; i < f->uses; i++)
		if (f->used[i] == j)
			return true;
	return false;
}

/* What the runner did not look at makes the case fail. */
static enum outcome check_used(struct fixture *f, const cJSON *object, const char *what)
{
	const cJSON *j;

	cJSON_ArrayForEach(j, object)
	{
		if (!is_used(f, j))
			return fixture_fail(
				f, "%s.%s is not known here", what, j->string);
	}
	return PASSED;
}

static enum outcome run(struct fixture *f)
{
	enum outcome outcome;

	for (int i = 0; i < COUNT(runners); i++) {
		if (strcmp(runners[i].method, f->method) != 0)
			continue;
		outcome = runners[i].run(f);
		if (outcome == PASSED)
			outcome = check_used(f, f->expect, "expect");
		if (outcome == PASSED)
			outcome = check_used(f, f->hyperparameters, "hyperparameters");
		return outcome;
	}
	return fixture_skip(f, "this build has no %s", f->method);
}

static void run_case(struct fixture *f, const char *file, struct tally *tally)
{
	static const char *const label[] = { "pass", "FAIL", "skip" };
	enum outcome outcome = run(f);

	tally->count[outcome]++;
	printf("%s %s %s%s%s\n", label[outcome], file, f->name,
		outcome == PASSED ? "" : ": ", outcome == PASSED ? "" : f->reason);
}

static void run_golden(const cJSON *root, const char *path, struct tally *tally)
{
	const cJSON *method = cJSON_GetObjectItemCaseSensitive(root, "method");
	const cJSON *cases = cJSON_GetObjectItemCaseSensitive(root, "cases");
	const cJSON *j;

	if (!cJSON_IsString(method) || !cJSON_IsArray(cases) || !cases->child) {
		printf("FAIL %s: not a fixture: no method, or no cases\n", path);
		tally->count[FAILED]++;
		return;
	}
	cJSON_ArrayForEach(j, cases)
	{
		struct arena arena = { 0 };
		const cJSON *name = cJSON_GetObjectItemCaseSensitive(j, "name");
		const cJSON *absolute =
			cJSON_GetObjectItemCaseSensitive(j, "tolerance_abs");
		const cJSON *tolerance = absolute
			? absolute
			: cJSON_GetObjectItemCaseSensitive(j, "tolerance");
		struct fixture f = {
			.method = method->valuestring,
			.name = cJSON_IsString(name) ? name->valuestring : "?",
			.directory = ".",
			.json = j,
			.hyperparameters =
				cJSON_GetObjectItemCaseSensitive(j, "hyperparameters"),
			.expect = cJSON_GetObjectItemCaseSensitive(j, "expect"),
			.tolerance = tolerance ? tolerance->valuedouble : 0,
			.absolute = absolute != NULL,
			.arena = &arena,
		};

		run_case(&f, short_path(path), tally);
		arena_release(&arena);
	}
}

static void run_parity(const cJSON *root, const char *directory, struct tally *tally)
{
	struct arena arena = { 0 };
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(root, "name");
	struct fixture f = {
		.method = "parity",
		.name = cJSON_IsString(name) ? name->valuestring : "?",
		.directory = directory,
		.json = root,
		.arena = &arena,
	};

	run_case(&f, short_path(directory), tally);
	arena_release(&arena);
}

static char *read_file(const char *path, struct arena *a)
{
	FILE *in = fopen(path, "rb");
	char *text = NULL;
	struct stat st;

	if (!in)
		return NULL;
	if (!fstat(fileno(in), &st) && S_ISREG(st.st_mode)) {
		text = arena_alloc(a, (size_t)st.st_size + 1, 1);
		if (fread(text, 1, (size_t)st.st_size, in) != (size_t)st.st_size)
			text = NULL;
	}
	fclose(in);
	return text;
}

static void run_file(const char *path, const char *directory, struct tally *tally)
{
	struct arena arena = { 0 };
	char *text = read_file(path, &arena);
	cJSON *root = text ? cJSON_Parse(text) : NULL;
	const char *slash = strrchr(path, '/');

	if (!root) {
		printf("FAIL %s: %s\n", path, text ? "not JSON" : strerror(errno));
		tally->count[FAILED]++;
	} else if (!strcmp(slash ? slash + 1 : path, "manifest.json")) {
		run_parity(root, directory, tally);
	} else {
		run_golden(root, path, tally);
	}
	cJSON_Delete(root);
	arena_release(&arena);
}

static int is_json(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && !strcmp(entry->d_name + n - 5, ".json");
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_path(const char *path, const char *directory, struct tally *tally);

static void run_directory(const char *path, struct tally *tally)
{
	struct dirent **entry;
	int n = scandir(path, &entry, is_visible, alphasort);

	if (n < 0) {
		printf("FAIL %s: %s\n", path, strerror(errno));
		tally->count[FAILED]++;
		return;
	}
	for (int i = 0; i < n; i++) {
		struct arena arena = { 0 };
		char *below = arena_printf(&arena, "%s/%s", path, entry[i]->d_name);
		struct stat st;

		if (is_json(entry[i]) || (!stat(below, &st) && S_ISDIR(st.st_mode)))
			run_path(below, path, tally);
		arena_release(&arena);
		free(entry[i]);
	}
	free(entry);
}

static void run_path(const char *path, const char *directory, struct tally *tally)
{
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		run_directory(path, tally);
	else
		run_file(path, directory, tally);
}

static char *parent(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(a, path, (size_t)(slash - path))
		     : arena_strdup(a, ".");
}

int main(int argc, char **argv)
{
	struct tally tally = { { 0, 0, 0 } };
	struct arena arena = { 0 };

	if (argc < 2) {
		fprintf(stderr, "usage: fixtures PATH...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		run_path(argv[i], parent(&arena, argv[i]), &tally);
	arena_release(&arena);
	printf("passed %d failed %d skipped %d\n", tally.count[PASSED],
		tally.count[FAILED], tally.count[SKIPPED]);
	return tally.count[FAILED] || !(tally.count[PASSED] + tally.count[SKIPPED]);
}
