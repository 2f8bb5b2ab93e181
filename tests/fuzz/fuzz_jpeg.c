/* Any bytes as a JPEG image: its size and its pixels, or a refusal that names the file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/fuzz/input.h"
#include "trainer-core/dataset/jpeg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void refused_or(int rc, const struct err *e)
{
	ASSERT(rc == OK || (rc == ERR_DATA && strstr(e->msg, "image.jpg")));
}

static void read_as(const char *path, int w, int h)
{
	uint8_t *rgb = malloc((size_t)w * (size_t)h * 3); /* to the byte, for ASan */
	struct err e = { 0 };
	int look = jpeg_look(path, w, h, &e);

	ASSERT(rgb != NULL);
	refused_or(look, &e);
	refused_or(jpeg_read(path, w, h, rgb, &e), &e);
	free(rgb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[300];
	struct err e = { 0 };
	int w = 0;
	int h = 0;
	int rc;

	snprintf(path, sizeof(path), "%s/image.jpg", input_folder());
	input_write("image.jpg", data, size);
	rc = jpeg_size(path, &w, &h, &e);
	refused_or(rc, &e);
	ASSERT(rc || (w > 0 && h > 0));
	read_as(path, 12, 8);
	if (!rc && w <= 256 && h <= 256)
		read_as(path, w, h);
	return 0;
}
