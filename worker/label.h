/*
 * Labels of pseudo-tasks: a winner's network, evaluated on every sample of a data set.
 *
 * The file says whose parameters it holds; how that job's network is built is in the
 * database beside it, DATABASE of DATABASE.d/winners/IDENTITY-EPOCH.params, which is only
 * read. The data set of that job may be another one, as long as its inputs and its task of
 * the same name have the same shape and kind. ERR_DATA where the file is missing, torn,
 * another job's, of another arithmetic or kernel class, or does not fit.
 */
#ifndef DELTAM_LABEL_H
#define DELTAM_LABEL_H

#include "trainer-core/dataset/pseudo.h"

extern const struct labeller winner_labeller;

#endif
