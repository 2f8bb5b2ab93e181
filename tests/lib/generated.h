/*
 * The documents that `make docs` writes from the tables and a test compares with them.
 */
#ifndef DELTAM_TESTS_GENERATED_H
#define DELTAM_TESTS_GENERATED_H

#include "orchestrator/cli/cli_docs.h"
#include "orchestrator/spec/spec_docs.h"

static const struct generated {
	const char *path;
	void (*put)(struct str *out);
} generated[] = {
	{ "docs/SWEEP_FILE.md", spec_docs_markdown },
	{ "docs/sweep.schema.json", spec_docs_schema },
	{ "docs/COMMANDS.md", cli_docs_markdown },
	{ "docs/man/deltam.1", cli_docs_man },
	{ "docs/man/deltam-worker.1", cli_docs_worker_man },
	{ "docs/man/deltam-sweep.5", spec_docs_man },
	{ "docs/completion/deltam.bash", cli_docs_bash },
	{ "docs/completion/_deltam", cli_docs_zsh },
};

#define GENERATED ((int)(sizeof(generated) / sizeof(generated[0])))

#endif
