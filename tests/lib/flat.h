/*
 * A regression and a classification of twelve inputs that a small network learns: 500
 * samples to train on, 300 (more than one pass) and 77 to evaluate.
 */
#ifndef DELTAM_TESTS_FLAT_H
#define DELTAM_TESTS_FLAT_H

#include "trainer-core/dataset/dataset.h"

#define FLAT_FEATURES 12

/* Tasks `level` (L1) and `band` (four classes). */
struct dataset *flat_data(struct arena *a);
/* An MLP under EW for six epochs; names and values in turn, up to NULL, go before. */
struct params *flat_params(const char *const *more, struct arena *a);

#endif
