/*
 * Augmentation of one training sample: what is drawn is a function of (seed, epoch,
 * index of the sample), so a run that continues augments as one that never stopped.
 *
 * scale_crop_flip (MTAN, NYUv2 and Cityscapes): a scale s of 1, 1.2 or 1.5; the window
 * int(H/s) x int(W/s) at a uniform place, resized to H x W: images and normals bilinear
 * (corners aligned, normals not made unit again), labels and depth nearest; depth divided
 * by s (inverse depth, too, as the published code does); with probability 1/2 mirrored,
 * and the first channel of the normals negated. Vectors in pixels are taken as labels,
 * multiplied by s, and mirrored as normals.
 *
 * pad_crop_flip (CIFAR): PAD pixels of padding, the window H x W at a uniform place, with
 * probability 1/2 mirrored.
 *
 * Source: github.com/lorenmt/mtan, create_dataset.py; Krizhevsky 2009, He et al. 2016.
 */
#ifndef DELTAM_AUGMENT_H
#define DELTAM_AUGMENT_H

#include <stdbool.h>
#include <stdint.h>
#include "catalogue/choices.h" /* enum augment */
#include "common/params.h"

/* What the numbers of a map are. */
enum augment_map { MAP_IMAGE, MAP_NORMAL, MAP_LABEL, MAP_DEPTH, MAP_VECTOR };

/* The window that the new sample shows, mirrored or not. */
struct augment_window {
	int top, left; /* pad_crop_flip: from -PAD to PAD */
	int h, w;
	double scale;
	bool flip;
};

#define AUGMENT_PAD 4

/*
 * Reads dataset.augment: none (the default), scale_crop_flip or pad_crop_flip.
 * ERR_SPEC.
 */
MUST_CHECK int augment_parse(const struct params *ps, enum augment *a, struct err *e);

/* Draws for a sample of H x W; a is not NONE. epoch counts from 1. */
struct augment_window augment_draw(
	enum augment a, uint64_t seed, int epoch, int index, int H, int W);

/*
 * in (C, H, W) -> out (C, H, W), which do not overlap. pad (C) is what lies outside of
 * the image, NULL: 0; only pad_crop_flip sees it.
 */
void augment_scale_crop_flip(const struct augment_window *w, enum augment_map map,
	const int shape[3], const float *in, float *out);
void augment_pad_crop_flip(const struct augment_window *w, const int shape[3],
	const float *pad, const float *in, float *out);

#endif
