/*
 * How the parameter lists of the .def tables expand into struct param_info. Included by
 * catalogue.c; whoever expands a table for something else defines P(...) as empty.
 */
#define P(...) \
	(const struct param_info[]) \
	{ \
		__VA_ARGS__ \
		{ \
			.name = NULL \
		} \
	}
#define R(n, d, lo, hi, h) \
	{ .name = #n, .kind = PARAM_REAL, .deflt = d, .min = lo, .max = hi, .help = h },
#define I(n, d, lo, hi, h) \
	{ .name = #n, .kind = PARAM_INT, .deflt = d, .min = lo, .max = hi, .help = h },
#define B(n, d, h) { .name = #n, .kind = PARAM_BOOL, .deflt = d, .help = h },
#define C(n, d, c, h) \
	{ .name = #n, .kind = PARAM_CHOICE, .deflt = d, .choices = c, .help = h },
#define LIST(n, d, lo, hi, h) \
	{ .name = #n, .kind = PARAM_LIST, .deflt = d, .min = lo, .max = hi, .help = h },
#define SIMPLEX(n, h) \
	{ .name = #n, .kind = PARAM_SIMPLEX, .min = 0, .max = 1, .help = h },
#define TEXT(n, d, h) { .name = #n, .kind = PARAM_TEXT, .deflt = d, .help = h },
#define SEARCH(n, s, lo, hi, h) \
	{ .name = #n, \
		.kind = PARAM_REAL, \
		.min = lo, \
		.max = hi, \
		.search = s, \
		.help = h },
