/*
 * The command line as documents: docs/COMMANDS.md, man pages and completion of shells, all
 * from options.def, manual.def, common/questions.def and the catalogue.
 */
#ifndef DELTAM_CLI_DOCS_H
#define DELTAM_CLI_DOCS_H

#include "common/str.h"

void cli_docs_markdown(struct str *out); /* docs/COMMANDS.md */
void cli_docs_man(struct str *out); /* deltam(1) */
void cli_docs_worker_man(struct str *out); /* deltam-worker(1) */
void cli_docs_bash(struct str *out);
void cli_docs_zsh(struct str *out);

#endif
