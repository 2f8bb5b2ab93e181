/*
 * docs/SWEEP_FILE.md and docs/sweep.schema.json, written from the tables that validate.
 */
#ifndef DELTAM_SPEC_DOCS_H
#define DELTAM_SPEC_DOCS_H

#include "common/str.h"

void spec_docs_markdown(struct str *out);

/*
 * Writes the JSON Schema (draft 2020-12). What a schema cannot say `deltam check` says.
 */
void spec_docs_schema(struct str *out);

#endif
