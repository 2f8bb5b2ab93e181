#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "trainer-core/registry.h"

/*
 * The files NAME.c of a folder; -1 where it cannot be read. Files named after the folder
 * hold what its rows share.
 */
static int count_sources(const char *folder)
{
	DIR *d = opendir(folder);
	const char *name = strrchr(folder, '/') + 1;
	int n = 0;

	if (!d)
		return -1;
	for (struct dirent *f = readdir(d); f; f = readdir(d)) {
		size_t length = strlen(f->d_name);

		n += length > 2 && !strcmp(f->d_name + length - 2, ".c") &&
			strncmp(f->d_name, name, strlen(name)) != 0;
	}
	closedir(d);
	return n;
}

/* By task kind. */
static const char *const metric_files[] = { "class", "regress", "binary", "seg",
	"depth", "normal", "edges", "vector", "soft", "soft_map" };

START_TEST(every_row_of_a_table_has_its_file_and_every_file_its_row)
{
	int models, metrics, methods;
	const struct model_info *model = catalogue_models(&models);
	const struct method_info *method = catalogue_methods(&methods);
	const struct metric_info *metric = catalogue_metrics(&metrics);
	char path[256];

	ck_assert_int_eq(count_sources("trainer-core/model"), models);
	ck_assert_int_eq(count_sources("trainer-core/metric"), COUNT(metric_files));
	ck_assert_int_eq(count_sources("trainer-core/weighting"), methods);
	for (int i = 0; i < models; i++) {
		snprintf(path, sizeof(path), "trainer-core/model/%s.c", model[i].name);
		ck_assert_msg(access(path, R_OK) == 0, "%s", path);
		ck_assert_ptr_nonnull(registry_model(model[i].name));
	}
	for (int i = 0; i < metrics; i++) {
		snprintf(path, sizeof(path), "trainer-core/metric/%s.c",
			metric_files[metric[i].kind]);
		ck_assert_msg(access(path, R_OK) == 0, "%s", path);
	}
	for (int i = 0; i < methods; i++) {
		snprintf(path, sizeof(path), "trainer-core/weighting/%s.c",
			method[i].name);
		ck_assert_msg(access(path, R_OK) == 0, "%s", path);
	}
}
END_TEST

START_TEST(the_default_network_of_every_data_set_exists)
{
	int n;
	const struct dataset_info *info = catalogue_datasets(&n);

	for (int i = 0; i < n; i++)
		ck_assert_msg(registry_model(info[i].model), "%s", info[i].name);
}
END_TEST

START_TEST(a_task_has_the_criteria_of_its_kind)
{
	const struct metric *metric[METRICS_MAX];
	const char *name[METRICS_MAX];

	ck_assert_int_eq(
		registry_metrics(TASK_CLASS, NULL, metric, name, METRICS_MAX), 1);
	ck_assert_str_eq(name[0], "accuracy");
	ck_assert_ptr_eq(metric[0], &metric_accuracy);
	ck_assert_int_eq(
		registry_metrics(TASK_BINARY, NULL, metric, name, METRICS_MAX), 1);
	ck_assert_ptr_eq(metric[0], &metric_error);
	ck_assert_ptr_null(registry_model("no such network"));
}
END_TEST

/* What was trained without it keeps its criteria, and with them its Δm. */
START_TEST(a_criterion_can_be_one_that_must_be_asked_for)
{
	const struct metric *metric[METRICS_MAX];
	const char *name[METRICS_MAX];

	ck_assert_int_eq(
		registry_metrics(TASK_DEPTH, NULL, metric, name, METRICS_MAX), 2);
	ck_assert_int_eq(
		registry_metrics(TASK_DEPTH, "rms", metric, name, METRICS_MAX), 2);
	ck_assert_int_eq(
		registry_metrics(TASK_DEPTH, "other rmse", metric, name, METRICS_MAX),
		3);
	ck_assert_str_eq(name[2], "rmse");
	ck_assert_ptr_eq(metric[2], &metric_depth_rmse);
	ck_assert_int_eq(
		registry_metrics(TASK_SEG, "rmse", metric, name, METRICS_MAX), 2);
}
END_TEST

Suite *suite_registry(void);
Suite *suite_registry(void)
{
	Suite *s = suite_create("registry");
	TCase *t = tcase_create("registry");

	tcase_add_test(t, every_row_of_a_table_has_its_file_and_every_file_its_row);
	tcase_add_test(t, the_default_network_of_every_data_set_exists);
	tcase_add_test(t, a_task_has_the_criteria_of_its_kind);
	tcase_add_test(t, a_criterion_can_be_one_that_must_be_asked_for);
	suite_add_tcase(s, t);
	return s;
}
