/*
 * The fixtures program: runs the cases of tests/fixtures, one line a case.
 *
 *	golden/<name>.json     a file of cases; its "method" chooses the runner (fixtures.c)
 *	parity/<name>/         one case: manifest.json beside arrays.f32
 *
 * A case passes only when everything in it was used: a key of `expect` or of
 * `hyperparameters` that the runner never asked for makes it fail. What this build does
 * not have is skipped by the runner, with the reason.
 */
#ifndef DELTAM_FIXTURES_H
#define DELTAM_FIXTURES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include "common/arena.h"

enum outcome { PASSED, FAILED, SKIPPED };

struct fixture {
	const char *method; /* golden: "method" of the file; parity: "parity" */
	const char *name;
	const char *directory; /* of the file: where arrays lie beside a manifest */
	const cJSON *json; /* golden: the case; parity: the manifest */
	const cJSON *hyperparameters; /* NULL: none */
	const cJSON *expect; /* NULL: the runner compares by itself */
	double tolerance;
	bool absolute; /* |got - want| <= tolerance; else tolerance * max(1, |want|) */
	struct arena *arena; /* lives as long as the case */
	const cJSON *used[64];
	int uses;
	char reason[512]; /* of the first failure, or of the skip */
};

/* Return FAILED and SKIPPED. The first failure's reason stays. */
enum outcome fixture_fail(struct fixture *f, const char *fmt, ...) PRINTF(2, 3);
enum outcome fixture_skip(struct fixture *f, const char *fmt, ...) PRINTF(2, 3);

/* A member of `expect` or `hyperparameters`, noted as used. NULL: there is none. */
const cJSON *fixture_expect(struct fixture *f, const char *name);
const cJSON *fixture_hyper(struct fixture *f, const char *name);
double fixture_number(struct fixture *f, const char *name, double deflt);
const char *fixture_text(struct fixture *f, const char *name, const char *deflt);

/* False, with the reason set, where got is too far from want; fmt names the place. */
bool fixture_near(struct fixture *f, double got, double want, const char *fmt, ...)
	PRINTF(4, 5);
/* The same for n numbers: got[i] against row[i]; place[i] is named. */
bool fixture_near_all(struct fixture *f, const double *got, const cJSON *row, int n,
	const char *place);

/* From here on numbers are compared that the trainer keeps in float32: at 1e-5 at least. */
void fixture_kept_in_float32(struct fixture *f);

/* A number, or "NaN", "Infinity", "-Infinity". */
double json_number(const cJSON *j);
/* Every number below j, depth first, into an arena array; *n is how many. */
double *json_numbers(struct arena *a, const cJSON *j, int *n);
float *json_floats(struct arena *a, const cJSON *j, int *n);

/* One runner a subject: fixtures_<subject>.c. */
enum outcome fixture_weighting(struct fixture *f);
enum outcome fixture_gradient(struct fixture *f);
enum outcome fixture_random_weights(struct fixture *f);
enum outcome fixture_optimizer(struct fixture *f);
enum outcome fixture_loss(struct fixture *f);
enum outcome fixture_metric(struct fixture *f);
enum outcome fixture_delta_m(struct fixture *f);
enum outcome fixture_corruption_delta(struct fixture *f);
enum outcome fixture_pareto(struct fixture *f);
enum outcome fixture_grid(struct fixture *f);
enum outcome fixture_toy(struct fixture *f);
enum outcome fixture_similarity(struct fixture *f);
enum outcome fixture_parity(struct fixture *f);

#endif
