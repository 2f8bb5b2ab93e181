/*
 * What is searched and varied: values, ranges, grids of weights, variants.
 */
#include <check.h>
#include <string.h>
#include "catalogue/pseudo.h"
#include "orchestrator/plan/plan.h"
#include "tests/lib/scratch.h"
#include "tests/lib/parsed.h"

static const struct spec_axis *axis_of(int entry, const char *name)
{
	const struct spec_entry *e = &parsed.variants[0].entries[entry];

	for (int i = 0; i < e->naxes; i++)
		if (!strcmp(e->axes[i].name, name))
			return &e->axes[i];
	ck_abort_msg("no axis %s", name);
	return NULL;
}

START_TEST(a_range_is_its_values)
{
	const struct spec_axis *x;

	parsed_well(SMALL("\"methods\": [{ \"name\": \"uw_so\","
			  " \"T\": { \"from\": 0.1, \"to\": 0.75, \"step\": 0.1 } }]"));
	x = axis_of(0, "T");
	ck_assert_int_eq(x->count, 7);
	ck_assert_str_eq(x->text[2], "0.3");
	ck_assert_str_eq(x->text[6], "0.7");
	parsed_well(SMALL("\"methods\": [\"uw_so\"]"));
	x = axis_of(0, "T");
	ck_assert_int_eq(x->count, 7);
	ck_assert_str_eq(x->text[0], "0.5");
	ck_assert_str_eq(x->text[1], "1.07721734502");
	ck_assert_str_eq(x->text[3], "5");
	ck_assert_str_eq(x->text[6], "50");
	ck_assert(x->scale == AXIS_LOG);
}
END_TEST

START_TEST(a_hyperparameter_without_any_default_stays_away)
{
	parsed_well(SMALL("\"methods\": [\"uw\", { \"name\": \"dwa\", \"T\": 3 }]"));
	for (int i = 0; i < parsed.variants[0].entries[0].naxes; i++)
		ck_assert_str_ne(parsed.variants[0].entries[0].axes[i].name, "init");
	ck_assert_str_eq(axis_of(0, "form")->text[0], "auto");
	ck_assert_str_eq(axis_of(1, "T")->text[0], "3");
	ck_assert_str_eq(axis_of(1, "window")->text[0], "25");
}
END_TEST

START_TEST(weights_are_a_vector_a_list_a_grid_or_random)
{
	const struct spec_axis *x;

	parsed_well(
		SMALL("\"methods\": ["
		      "{ \"name\": \"scalarization\", \"weights\": [0.2, 0.3, 0.5] },"
		      "{ \"name\": \"scalarization\", \"label\": \"b\","
		      "  \"weights\": [[1, 0, 0], [0.5, 0.25, 0.25]] },"
		      "{ \"name\": \"scalarization\", \"label\": \"c\","
		      "  \"weights\": { \"step\": 0.25, \"ends\": true } },"
		      "{ \"name\": \"scalarization\", \"label\": \"d\","
		      "  \"weights\": { \"random\": 50 } },"
		      "{ \"name\": \"scalarization\", \"label\": \"e\" }]"));
	x = axis_of(0, "weights");
	ck_assert_int_eq(x->count, 1);
	ck_assert_str_eq(x->text[0], "0.2 0.3 0.5");
	ck_assert_str_eq(axis_of(1, "weights")->text[0], "1 0 0");
	ck_assert_int_eq(axis_of(2, "weights")->count, 15);
	ck_assert_str_eq(axis_of(2, "weights")->text[1], "0 0.25 0.75");
	ck_assert_int_eq(axis_of(3, "weights")->count, 50);
	ck_assert_int_eq(axis_of(4, "weights")->count, 36);
}
END_TEST

START_TEST(vary_makes_the_full_product_of_variants)
{
	parsed_well(
		SMALL(EW ", \"vary\": { \"optimizer\": [\"adam\", { \"name\": \"sgd\", "
			 "\"nesterov\": true }], \"train.batch\": [16, 32], \"pin\": "
			 "\"winner\" }"));
	ck_assert_int_eq(parsed.nvariants, 4);
	ck_assert(parsed.pin_winner);
	ck_assert_str_eq(parsed.variants[0].label, "adam 16");
	ck_assert_str_eq(parsed.variants[3].label, "sgd nesterov=true 32");
	ck_assert_str_eq(params_get(&parsed.variants[3].base, "train.batch"), "32");
	ck_assert_str_eq(
		params_get(&parsed.variants[3].base, "train.optimizer.nesterov"),
		"true");
	ck_assert_ptr_null(
		params_get(&parsed.variants[3].base, "train.optimizer.betas"));
}
END_TEST

START_TEST(variants_may_differ_in_network_and_data)
{
	parsed_well(SMALL("\"methods\": [{ \"name\": \"scalarization\", \"weights\":"
			  " { \"step\": 0.1 } }], \"vary\": { \"dataset\": [{ \"name\":"
			  " \"synthetic\", \"tasks\": 2 }, \"multi_fashion\"] }"));
	ck_assert_int_eq(parsed.nvariants, 2);
	ck_assert_str_eq(parsed.variants[0].label, "synthetic tasks=2");
	ck_assert_int_eq(parsed.variants[0].entries[0].axes[0].count, 9);
	ck_assert_str_eq(params_get(&parsed.variants[1].base, "model.name"), "lenet");
	ck_assert_str_eq(params_get(&parsed.variants[1].base, "dataset.train"), "100");
}
END_TEST

Suite *suite_spec_axis(void);
Suite *suite_spec_axis(void)
{
	Suite *s = suite_create("spec_axis");
	TCase *t = tcase_create("spec_axis");

	tcase_add_checked_fixture(t, NULL, parsed_release);
	tcase_add_test(t, a_range_is_its_values);
	tcase_add_test(t, a_hyperparameter_without_any_default_stays_away);
	tcase_add_test(t, weights_are_a_vector_a_list_a_grid_or_random);
	tcase_add_test(t, vary_makes_the_full_product_of_variants);
	tcase_add_test(t, variants_may_differ_in_network_and_data);
	suite_add_tcase(s, t);
	return s;
}
