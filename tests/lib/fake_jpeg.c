#include "tests/lib/fake_jpeg.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include "tests/lib/fake_npy.h"

void fake_jpeg(const char *path, int w, int h, int value)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr m;
	JSAMPROW row = malloc(3 * (size_t)w);
	FILE *f;

	fake_folders(path);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(row);
	memset(row, value, 3 * (size_t)w);
	c.err = jpeg_std_error(&m);
	jpeg_create_compress(&c);
	jpeg_stdio_dest(&c, f);
	c.image_width = (JDIMENSION)w;
	c.image_height = (JDIMENSION)h;
	c.input_components = 3;
	c.in_color_space = JCS_RGB;
	jpeg_set_defaults(&c);
	jpeg_start_compress(&c, TRUE);
	while (c.next_scanline < c.image_height)
		jpeg_write_scanlines(&c, &row, 1);
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	ck_assert_int_eq(fclose(f), 0);
	free(row);
}
