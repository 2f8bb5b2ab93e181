/* The tasks of every data set: fixed lists, or functions of the parameters. */
#include <string.h>
#include "catalogue/catalogue.h"
#include "catalogue/pseudo.h"
#include "catalogue/setting.h"
#include "catalogue/task_list.h"

/* The loss scale of every task: the list over again until each has one. */
static int synthetic_scales(
	const struct params *ps, double scale[TASKS_MAX], struct err *e)
{
	int n;
	int rc = setting_list(ps, "dataset.scales", scale, TASKS_MAX, &n, e);

	if (rc)
		return rc;
	if (n < 1)
		return err_set(e, ERR_SPEC, "dataset.scales: at least one number");
	for (int k = n; k < TASKS_MAX; k++)
		scale[k] = scale[k - n];
	return OK;
}

/* The tasks are regression, regression, classification, and so on in turn. */
static int synthetic_tasks(const struct params *ps, struct arena *a,
	struct task_info *tasks, int *n, struct err *e)
{
	double scale[TASKS_MAX];
	int count;
	int rc = setting_whole(ps, "dataset.tasks", &count, e);

	if (rc)
		return rc;
	rc = synthetic_scales(ps, scale, e);
	if (rc)
		return rc;
	for (int k = 0; k < count; k++) {
		if (k % 3 == 2)
			tasks[k] =
				(struct task_info){ arena_printf(a, "cls%d", k / 3 + 1),
					TASK_CLASS, LOSS_CE, 5, scale[k] };
		else
			tasks[k] = (struct task_info){ arena_printf(a, "reg%d",
							       k - k / 3 + 1),
				TASK_REGRESS, LOSS_L1, 1, scale[k] };
	}
	*n = count;
	return OK;
}

/* The user's own list. */
static int npy_tasks(const struct params *ps, struct arena *a, struct task_info *tasks,
	int *n, struct err *e)
{
	struct listed_task *listed = NEW_ARRAY(a, struct listed_task, TASKS_MAX);
	int rc = task_list_parse(setting_text(ps, "dataset.tasks"), a, listed, n, e);

	for (int k = 0; k < *n && !rc; k++)
		tasks[k] = listed[k].info;
	return rc;
}

/* Cityscapes has 2, 7 or 19 classes, as its parameter says. */
static int cityscapes_tasks(const struct params *ps, struct arena *a,
	struct task_info *tasks, int *n, struct err *e)
{
	int classes;
	int rc = setting_whole(ps, "dataset.labels", &classes, e);

	(void)a;
	if (rc)
		return rc;
	if (classes != 2 && classes != 7 && classes != 19)
		return err_set(
			e, ERR_SPEC, "dataset.labels: %d is not 2, 7 or 19", classes);
	tasks[0] = (struct task_info){ "seg", TASK_SEG, LOSS_CE, classes, 1 };
	tasks[1] = (struct task_info){ "depth", TASK_DEPTH, LOSS_L1, 1, 1 };
	*n = 2;
	return OK;
}

static const struct task_info overlay_list[] = {
	{ "top_left", TASK_CLASS, LOSS_CE, 10, 1 },
	{ "bottom_right", TASK_CLASS, LOSS_CE, 10, 1 },
	{ .name = NULL },
};

/* Lists the third one where it is asked for. */
static int scenes2_tasks(const struct params *ps, struct arena *a,
	struct task_info *tasks, int *n, struct err *e)
{
	bool instances;
	int rc = setting_bool(ps, "dataset.instances", &instances, e);

	(void)a;
	if (rc)
		return rc;
	tasks[0] = (struct task_info){ "seg", TASK_SEG, LOSS_CE, 7, 1 };
	tasks[1] = (struct task_info){ "depth", TASK_DEPTH, LOSS_L1, 1, 1 };
	tasks[2] = (struct task_info){ "instance", TASK_VECTOR, LOSS_L1, 2, 1 };
	*n = instances ? 3 : 2;
	return OK;
}

/* scenes has the tasks of nyuv2. */
static const struct task_info nyuv2_list[] = {
	{ "seg", TASK_SEG, LOSS_CE, 13, 1 },
	{ "depth", TASK_DEPTH, LOSS_L1, 1, 1 },
	{ "normal", TASK_NORMAL, LOSS_COSINE, 3, 1 },
	{ .name = NULL },
};

static const struct task_info pascal_list[] = {
	{ "seg", TASK_SEG, LOSS_CE, 21, 1 },
	{ "human_parts", TASK_SEG, LOSS_CE, 7, 1 },
	{ "normal", TASK_NORMAL, LOSS_COSINE, 3, 1 },
	{ "saliency", TASK_SEG, LOSS_CE, 2, 1 },
	{ "edges", TASK_EDGES, LOSS_EDGES, 1, 1 },
	{ .name = NULL },
};

/* The order of list_attr_celeba.txt. */
static const struct task_info celeba_list[] = {
#define A(name) \
	{ \
		name, TASK_BINARY, LOSS_BCE, 1, 1 \
	}
	A("5_o_Clock_Shadow"),
	A("Arched_Eyebrows"),
	A("Attractive"),
	A("Bags_Under_Eyes"),
	A("Bald"),
	A("Bangs"),
	A("Big_Lips"),
	A("Big_Nose"),
	A("Black_Hair"),
	A("Blond_Hair"),
	A("Blurry"),
	A("Brown_Hair"),
	A("Bushy_Eyebrows"),
	A("Chubby"),
	A("Double_Chin"),
	A("Eyeglasses"),
	A("Goatee"),
	A("Gray_Hair"),
	A("Heavy_Makeup"),
	A("High_Cheekbones"),
	A("Male"),
	A("Mouth_Slightly_Open"),
	A("Mustache"),
	A("Narrow_Eyes"),
	A("No_Beard"),
	A("Oval_Face"),
	A("Pale_Skin"),
	A("Pointy_Nose"),
	A("Receding_Hairline"),
	A("Rosy_Cheeks"),
	A("Sideburns"),
	A("Smiling"),
	A("Straight_Hair"),
	A("Wavy_Hair"),
	A("Wearing_Earrings"),
	A("Wearing_Hat"),
	A("Wearing_Lipstick"),
	A("Wearing_Necklace"),
	A("Wearing_Necktie"),
	A("Young"),
#undef A
	{ .name = NULL },
};

/* The coarse classes in the order of their numbers; five fine classes in each. */
static const struct task_info cifar100_list[] = {
#define C(name) \
	{ \
		name, TASK_CLASS, LOSS_CE, 5, 1 \
	}
	C("aquatic_mammals"),
	C("fish"),
	C("flowers"),
	C("food_containers"),
	C("fruit_and_vegetables"),
	C("household_electrical_devices"),
	C("household_furniture"),
	C("insects"),
	C("large_carnivores"),
	C("large_man_made_outdoor_things"),
	C("large_natural_outdoor_scenes"),
	C("large_omnivores_and_herbivores"),
	C("medium_mammals"),
	C("non_insect_invertebrates"),
	C("people"),
	C("reptiles"),
	C("small_mammals"),
	C("trees"),
	C("vehicles_1"),
	C("vehicles_2"),
#undef C
	{ .name = NULL },
};

static const struct task_source {
	const char *dataset;
	const struct task_info *list; /* ends with name NULL */
	int (*of)(const struct params *ps, struct arena *a, struct task_info *tasks,
		int *n, struct err *e);
	bool own_inputs;
} sources[] = {
	{ .dataset = "multi_fashion", .list = overlay_list },
	{ .dataset = "multi_mnist", .list = overlay_list },
	{ .dataset = "multi_fashion_mnist", .list = overlay_list },
	{ .dataset = "synthetic", .of = synthetic_tasks },
	{ .dataset = "scenes", .list = nyuv2_list },
	{ .dataset = "scenes2", .of = scenes2_tasks },
	{ .dataset = "nyuv2", .list = nyuv2_list },
	{ .dataset = "cityscapes", .of = cityscapes_tasks },
	{ .dataset = "pascal_context", .list = pascal_list },
	{ .dataset = "celeba", .list = celeba_list },
	{ .dataset = "cifar100", .list = cifar100_list, .own_inputs = true },
	{ .dataset = "npy", .of = npy_tasks },
};

static const struct task_source *find_source(const char *dataset)
{
	for (int i = 0; i < COUNT(sources); i++)
		if (dataset && !strcmp(sources[i].dataset, dataset))
			return &sources[i];
	return NULL;
}

bool catalogue_own_inputs(const char *dataset)
{
	const struct task_source *source = find_source(dataset);

	return source && source->own_inputs;
}

/* Lists the tasks that the data set itself has, without pseudo-tasks. */
static int real_tasks(const struct task_source *source, const struct params *ps,
	struct arena *a, struct task_info *tasks, int *n, struct err *e)
{
	if (source->of)
		return source->of(ps, a, tasks, n, e);
	while (source->list[*n].name) {
		tasks[*n] = source->list[*n];
		(*n)++;
	}
	return OK;
}

int catalogue_tasks(const struct params *ps, struct arena *a, struct task_info *tasks,
	int *n, struct err *e)
{
	const char *name = params_get(ps, "dataset.name");
	const struct task_source *source = find_source(name);
	int rc;

	*n = 0;
	if (!name || !catalogue_dataset(name))
		return err_set(
			e, ERR_SPEC, "unknown data set \"%s\"", name ? name : "");
	if (!source)
		BUG("a data set without tasks");
	rc = real_tasks(source, ps, a, tasks, n, e);
	return rc ? rc : pseudo_tasks(ps, a, tasks, n, e);
}

bool task_is_used(const char *list, const char *word)
{
	size_t n = strlen(word);

	if (!list)
		return true;
	while (*(list += strspn(list, " "))) {
		size_t length = strcspn(list, " ");

		if (length == n && !strncmp(list, word, n))
			return true;
		list += length;
	}
	return false;
}

/* Names a word of the list that is no task. */
static int check_used(const char *used, const struct task_info *tasks, int n,
	struct arena *a, struct err *e)
{
	for (const char *s = used + strspn(used, " "); *s; s += strspn(s, " ")) {
		const char *word = arena_strndup(a, s, strcspn(s, " "));
		int k = 0;

		while (k < n && strcmp(tasks[k].name, word) != 0)
			k++;
		if (k == n)
			return err_set(e, ERR_SPEC,
				"dataset.use: the data set has no task \"%s\"", word);
		s += strlen(word);
	}
	return OK;
}

int catalogue_used_tasks(const struct params *ps, struct arena *a,
	struct task_info *tasks, int *column, int *n, struct err *e)
{
	const char *used = params_get(ps, "dataset.use");
	int all;
	int rc = catalogue_tasks(ps, a, tasks, &all, e);

	*n = 0;
	if (!rc && used)
		rc = check_used(used, tasks, all, a, e);
	for (int k = 0; k < all && !rc; k++) {
		if (!task_is_used(used, tasks[k].name))
			continue;
		column[*n] = k;
		tasks[(*n)++] = tasks[k];
	}
	if (!rc && !*n)
		rc = err_set(e, ERR_SPEC, "dataset.use: no task");
	return rc;
}
