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
#define ROW_R(n, d, lo, hi, h) \
	.name = #n, .kind = PARAM_REAL, .deflt = d, .min = lo, .max = hi, .help = h
#define ROW_I(n, d, lo, hi, h) \
	.name = #n, .kind = PARAM_INT, .deflt = d, .min = lo, .max = hi, .help = h
#define ROW_B(n, d, h) .name = #n, .kind = PARAM_BOOL, .deflt = d, .help = h
#define ROW_C(n, d, c, h) \
	.name = #n, .kind = PARAM_CHOICE, .deflt = d, .choices = CHOICES_OF(c), \
	.help = h
#define ROW_LIST(n, d, lo, hi, h) \
	.name = #n, .kind = PARAM_LIST, .deflt = d, .min = lo, .max = hi, .help = h
#define ROW_TEXT(n, d, h) .name = #n, .kind = PARAM_TEXT, .deflt = d, .help = h
#define ROW_SEARCH(n, s, lo, hi, h) \
	.name = #n, .kind = PARAM_REAL, .search = s, .min = lo, .max = hi, .help = h
#define ROW_SIMPLEX(n, s, h) \
	.name = #n, .kind = PARAM_SIMPLEX, .search = s, .min = 0, .max = 1, .help = h

#define R(...) { ROW_R(__VA_ARGS__) },
#define I(...) { ROW_I(__VA_ARGS__) },
#define B(...) { ROW_B(__VA_ARGS__) },
#define C(...) { ROW_C(__VA_ARGS__) },
#define LIST(...) { ROW_LIST(__VA_ARGS__) },
#define TEXT(...) { ROW_TEXT(__VA_ARGS__) },
#define SEARCH(...) { ROW_SEARCH(__VA_ARGS__) },
#define SIMPLEX(...) { ROW_SIMPLEX(__VA_ARGS__) },

/* A row of any kind with a mark: LATER(R, name, default, ...). */
#define LATER(kind, ...) { ROW_##kind(__VA_ARGS__), .later = true },
#define WRITTEN(kind, ...) { ROW_##kind(__VA_ARGS__), .written = true },
/* ABSENT(word, TEXT, name, NULL, ...): the word stands for no value. */
#define ABSENT(word, kind, ...) { ROW_##kind(__VA_ARGS__), .absent = word },
/* EACH(row of the run that it may be taken from, R, name, default, ...) */
#define EACH(row, kind, ...) { ROW_##kind(__VA_ARGS__), .each = row },
#define SHOWN(column_, kind, ...) { ROW_##kind(__VA_ARGS__), .column = #column_ },
