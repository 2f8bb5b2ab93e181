/*
 * Initial values of a trunk from files, and a network's values in such files:
 * FOLDER/PARAMETER.npy, as model.init names it.
 *
 * Every parameter and running statistic of the trunk's own nodes must have its file, of
 * its shape, floating point, finite. Modules that tasks call for themselves (MTAN's
 * blocks, VGG's convolutions) take theirs where there is one. Heads stay the seed's;
 * other files of the folder (a classifier of the pre-training) are not looked at.
 */
#ifndef DELTAM_INITIAL_H
#define DELTAM_INITIAL_H

#include "trainer-core/graph/graph.h"

/*
 * Reads the files of a graph that is checked (then they are checked alone) or built
 * (then the values are set). hex: digest of the values read and their names.
 * Errors: ERR_DATA with file, place and what was expected; ERR_SYS.
 */
MUST_CHECK int initial_load(
	struct graph *g, const char *folder, char hex[33], struct err *e);

/*
 * Writes every parameter and running statistic of a built graph, those of the heads too,
 * to FOLDER/PARAMETER.npy, of the shapes that initial_load wants. ERR_SYS.
 */
MUST_CHECK int initial_save(const struct graph *g, const char *folder, struct err *e);

#endif
