/*
 * The words of choice parameters as enums, in the order of the tables: a table's line
 * CHOICES(name, V(ENUMERATOR, "word") ...) makes `enum name` here and the list of words
 * in the rows that say `name`.
 */
#ifndef DELTAM_CHOICES_H
#define DELTAM_CHOICES_H

#define V(enumerator, word) enumerator,
#define CHOICES(name, words) enum name { words };
#define F(...)
#include "catalogue/job.def"
#undef F
#define W(...)
#include "catalogue/weighting.def"
#undef W
#define CHOICES(name, words) enum name { words };
#define D(...)
#include "catalogue/dataset.def"
#undef D
#define CHOICES(name, words) enum name { words };
#define MODEL(...)
#include "catalogue/model.def"
#undef MODEL
#undef V

#endif
