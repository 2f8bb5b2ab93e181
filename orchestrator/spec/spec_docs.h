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

/* deltam-sweep(5). */
void spec_docs_man(struct str *out);

/* Every key that --set can replace, "dataset.name= ...", each with `end` behind it. */
const char *spec_docs_keys(struct arena *a, const char *end);

#endif
