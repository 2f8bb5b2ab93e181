/*
 * Where every command that reads results begins: which database it reads, which sweep.
 */
#ifndef DELTAM_READER_H
#define DELTAM_READER_H

#include "common/store/store_query.h"
#include "orchestrator/cli/cli.h"
#include "orchestrator/print/report.h"
#include "orchestrator/spec/spec.h"

/*
 * The database that the options mean: --db, or NAME.db in this folder, where the operand
 * is a sweep's name, its file, or the database itself; without any of them the only
 * database of results in this folder, audits aside. ERR_USAGE says what to give where that
 * is none or several.
 */
MUST_CHECK int reader_path(
	const struct cli_options *o, struct arena *a, const char **path, struct err *e);

/* A database opened for reading, and one sweep of it. */
struct report_reader {
	struct store s;
	struct query_sweep sweep;
	struct arena arena;
};

/*
 * The sweep of that name in an open database; name NULL: the only one. ERR_USAGE lists
 * those that there are.
 */
MUST_CHECK int reader_sweep(struct store *s, const char *name, struct arena *a,
	struct query_sweep *sweep, struct err *e);

/*
 * --sweep or the operand names the sweep; without it the database must hold one only.
 * *reader is to be closed in every case.
 */
MUST_CHECK int reader_open(
	struct report_reader *r, const struct cli_options *o, struct err *e);
void reader_close(struct report_reader *r);

/*
 * The sweep as it was run last: its text in the database, with the paths in it as they
 * were meant there. Good as long as the reader.
 */
struct spec_source reader_source(const struct report_reader *r);

/* Prints the report on stdout, in the format that the options name. */
void reader_print(const struct report *r, const struct cli_options *o);

#endif
