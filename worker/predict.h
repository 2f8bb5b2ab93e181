/*
 * What a winner predicts, and its parameters (worker/winner_file.h): the questions `predict`
 * and `parameters`. WINNER is the file DATABASE.d/winners/IDENTITY-EPOCH.params.
 */
#ifndef DELTAM_PREDICT_H
#define DELTAM_PREDICT_H

#include "common/err.h"

/*
 * argv: the PNG file, then WINNER. Draws the first test samples, a row a sample: the input,
 * then the target and the prediction of each task of the job; the data set is composed
 * where it is not in the cache. Errors: as winner_file.h and dataset_prepare; ERR_SPEC where
 * inputs are no pictures; ERR_DATA where the data are others by now; ERR_SYS.
 */
MUST_CHECK int predict_main(int argc, char **argv, struct err *e);

/*
 * argv: a folder, made where it is not there, then WINNER. Writes PARAMETER.npy for each
 * parameter and running statistic, as model.init reads them. Errors: as winner_file.h;
 * ERR_SYS.
 */
MUST_CHECK int parameters_main(int argc, char **argv, struct err *e);

#endif
