/*
 * How a row of job.def and of orchestrator/spec/spec_fields.def becomes an initializer.
 * Who includes this defines FIELD(path, kind) before, with which an initializer begins,
 * and LATER(text), the only default that the two tables keep in different ways. Texts name pages
 * by MANUAL (common/manual.h).
 */
#define REQUIRED .required = true
#define NONE .deflt = NULL
#define DEFAULT(text) .deflt = (text)
#define F(path_, kind_, deflt_, min_, max_, choices_, help_) \
	{ FIELD(path_, kind_), deflt_, .min = (min_), .max = (max_), \
		.choices = (choices_), .help = (help_) },
