/* What processing does to pictures. */
#include "trainer-core/corrupt/corrupting.h"

#include <math.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>

static double shorter_side(const struct corrupting *x)
{
	return x->h < x->w ? x->h : x->w;
}

/*
 * An affine map of the plane, (x, y) in pixels. Three corners of a square around the
 * middle are moved; solving for where each pixel comes from takes the moved to the others.
 */
struct affine {
	double xx, xy, x0, yx, yy, y0;
};

static struct affine draw_affine(struct corrupting *x, double reach)
{
	double middle_x = floor(x->w / 2.0);
	double middle_y = floor(x->h / 2.0);
	double side = floor(shorter_side(x) / 3);
	const double from[3][2] = { { middle_x + side, middle_y + side },
		{ middle_x + side, middle_y - side },
		{ middle_x - side, middle_y - side } };
	double to[3][2];
	double ax, ay, bx, by, det;
	struct affine m;

	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 2; k++)
			to[i][k] = from[i][k] + draw_between(x, -reach, reach);
	ax = to[1][0] - to[0][0];
	ay = to[1][1] - to[0][1];
	bx = to[2][0] - to[1][0];
	by = to[2][1] - to[1][1];
	det = ax * by - ay * bx;
	/* (ax, ay) was (0, -2 side), (bx, by) was (-2 side, 0). */
	m.xx = 2 * side * ay / det;
	m.xy = -2 * side * ax / det;
	m.yx = -2 * side * by / det;
	m.yy = 2 * side * bx / det;
	m.x0 = from[0][0] - m.xx * to[0][0] - m.xy * to[0][1];
	m.y0 = from[0][1] - m.yx * to[0][0] - m.yy * to[0][1];
	return m;
}

/* A smooth field of displacements, in pixels. */
static double *draw_field(struct corrupting *x, double height, double sigma)
{
	double *v = NEW_ARRAY(x->a, double, plane_size(x));

	for (size_t i = 0; i < plane_size(x); i++)
		v[i] = draw_between(x, -1, 1);
	blur_gaussian(x, v, sigma, 3, BORDER_REFLECT);
	for (size_t i = 0; i < plane_size(x); i++)
		v[i] *= height;
	return v;
}

void corrupt_elastic_transform(struct corrupting *x)
{
	double side = shorter_side(x) * (x->small ? 1 : 244 / 224.0);
	struct affine m = draw_affine(x, x->k[2] * side);
	const double *dx = draw_field(x, x->k[0] * side, x->k[1] * side);
	const double *dy = draw_field(x, x->k[0] * side, x->k[1] * side);
	double *turned = NEW_ARRAY(x->a, double, plane_size(x));

	for (int c = 0; c < x->c; c++) {
		double *v = plane(x, c);

		for (int i = 0; i < x->h; i++)
			for (int j = 0; j < x->w; j++)
				turned[i * x->w + j] = sample_linear(x, v,
					m.yx * j + m.yy * i + m.y0,
					m.xx * j + m.xy * i + m.x0, BORDER_MIRROR);
		for (int i = 0; i < x->h; i++)
			for (int j = 0; j < x->w; j++) {
				size_t p = (size_t)i * (size_t)x->w + (size_t)j;

				v[p] = sample_linear(x, turned, i + dy[p], j + dx[p],
					BORDER_REFLECT);
			}
	}
}

/* Which old pixels a new one is the mean of: those with their middle in its box. */
struct box {
	int first, end;
};

static struct box box_of(int i, double scale, int n)
{
	double half = 0.5 * fmax(scale, 1);
	double middle = (i + 0.5) * scale;
	struct box b = { (int)fmax(middle - half + 0.5, 0),
		(int)(middle + half + 0.5) };

	b.end = b.end > n ? n : b.end;
	return b;
}

/* (h, w) to (H, W) by boxes; each mean is a byte again, as Pillow's are. */
static void resize_boxes(int h, int w, const double *v, int H, int W, double *out)
{
	for (int i = 0; i < H; i++)
		for (int j = 0; j < W; j++) {
			struct box rows = box_of(i, (double)h / H, h);
			struct box columns = box_of(j, (double)w / W, w);
			int n = (rows.end - rows.first) * (columns.end - columns.first);
			double sum = 0;

			for (int y = rows.first; y < rows.end; y++)
				for (int x = columns.first; x < columns.end; x++)
					sum += v[y * w + x];
			out[i * W + j] = ((int)(255 * sum / n + 0.5) / 255.0);
		}
}

void corrupt_pixelate(struct corrupting *x)
{
	int H = (int)(x->h * x->k[0]);
	int W = (int)(x->w * x->k[0]);
	double *few = NEW_ARRAY(x->a, double, H *W);

	for (int c = 0; c < x->c; c++) {
		resize_boxes(x->h, x->w, plane(x, c), H, W, few);
		resize_boxes(H, W, few, x->h, x->w, plane(x, c));
	}
}

/* What libjpeg makes of pixels that it wrote itself can only be a fault of ours. */
_Noreturn static void on_error(j_common_ptr common)
{
	char text[JMSG_LENGTH_MAX];

	common->err->format_message(common, text);
	BUG(text);
}

/* Bytes (h, w, channels) to a JPEG file in memory that the caller frees. */
static void compress(const struct corrupting *x, int channels, const uint8_t *pixels,
	unsigned char **file, unsigned long *bytes)
{
	struct jpeg_compress_struct j = { 0 };
	struct jpeg_error_mgr err;

	j.err = jpeg_std_error(&err);
	err.error_exit = on_error;
	jpeg_create_compress(&j);
	jpeg_mem_dest(&j, file, bytes);
	j.image_width = (JDIMENSION)x->w;
	j.image_height = (JDIMENSION)x->h;
	j.input_components = channels;
	j.in_color_space = channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
	jpeg_set_defaults(&j);
	jpeg_set_quality(&j, (int)x->k[0], TRUE);
	j.dct_method = JDCT_ISLOW;
	jpeg_start_compress(&j, TRUE);
	while (j.next_scanline < j.image_height) {
		size_t row = (size_t)j.next_scanline * (size_t)(x->w * channels);
		JSAMPROW line = (JSAMPROW)(uintptr_t)(pixels + row); /* only read */

		(void)jpeg_write_scanlines(&j, &line, 1);
	}
	jpeg_finish_compress(&j);
	jpeg_destroy_compress(&j);
}

static void decompress(const unsigned char *file, unsigned long bytes, uint8_t *pixels)
{
	struct jpeg_decompress_struct j = { 0 };
	struct jpeg_error_mgr err;

	j.err = jpeg_std_error(&err);
	err.error_exit = on_error;
	jpeg_create_decompress(&j);
	jpeg_mem_src(&j, file, bytes);
	(void)jpeg_read_header(&j, TRUE);
	j.dct_method = JDCT_ISLOW;
	(void)jpeg_start_decompress(&j);
	while (j.output_scanline < j.output_height) {
		size_t row = (size_t)j.output_scanline * (size_t)j.output_width *
			(size_t)j.output_components;
		JSAMPROW line = pixels + row;

		(void)jpeg_read_scanlines(&j, &line, 1);
	}
	(void)jpeg_finish_decompress(&j);
	jpeg_destroy_decompress(&j);
}

/* Channels from `first` on through a JPEG file and back. */
static void through_jpeg(struct corrupting *x, int first, int channels)
{
	size_t n = plane_size(x);
	uint8_t *pixels = NEW_ARRAY(x->a, uint8_t, n * (size_t)channels);
	unsigned char *file = NULL;
	unsigned long bytes = 0;

	for (int c = 0; c < channels; c++)
		for (size_t i = 0; i < n; i++)
			pixels[i * (size_t)channels + (size_t)c] =
				(uint8_t)(255 * plane(x, first + c)[i] + 0.5);
	compress(x, channels, pixels, &file, &bytes);
	decompress(file, bytes, pixels);
	free(file);
	for (int c = 0; c < channels; c++)
		for (size_t i = 0; i < n; i++)
			plane(x, first + c)[i] =
				pixels[i * (size_t)channels + (size_t)c] / 255.0;
}

void corrupt_jpeg_compression(struct corrupting *x)
{
	if (x->c == 3)
		through_jpeg(x, 0, 3);
	else
		for (int c = 0; c < x->c; c++)
			through_jpeg(x, c, 1);
}
