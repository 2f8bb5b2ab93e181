#include "trainer-core/dataset/jpeg.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <jpeglib.h>
#include "common/plain_file.h"

/* libjpeg's manager of errors with a way back; err first: libjpeg knows only that. */
struct manager {
	struct jpeg_error_mgr err;
	jmp_buf back;
	char message[JMSG_LENGTH_MAX];
};

_Noreturn static void fail(j_common_ptr common)
{
	struct manager *m = (struct manager *)common->err;

	m->err.format_message(common, m->message);
	longjmp(m->back, 1);
}

/* A warning (level -1) is damage; the others are traces. */
static void on_message(j_common_ptr common, int level)
{
	if (level < 0)
		fail(common);
}

static long position(const struct jpeg_decompress_struct *d, FILE *f)
{
	long at = ftell(f);

	return at < 0 || !d->src ? 0 : at - (long)d->src->bytes_in_buffer;
}

static int check_size(const struct jpeg_decompress_struct *d, const char *path, int w,
	int h, struct err *e)
{
	if (d->image_width == (JDIMENSION)w && d->image_height == (JDIMENSION)h &&
		d->num_components == 3)
		return OK;
	return err_set(e, ERR_DATA,
		"%s: found an image of %ux%u with %d channels, expected %dx%d "
		"with 3",
		path, d->image_width, d->image_height, d->num_components, w, h);
}

/* What is wanted of an image: its size, or pixels of an image of that size. */
struct request {
	int *w, *h;
	uint8_t *rgb; /* NULL: the header is enough */
	bool found; /* the size is found, not checked */
};

/* All of it; libjpeg leaves by longjmp where it is damaged. */
static int decode(struct jpeg_decompress_struct *d, FILE *f, const char *path,
	const struct request *r, struct err *e)
{
	long end;
	int rc;

	jpeg_stdio_src(d, f);
	(void)jpeg_read_header(d, TRUE);
	if (r->found) {
		*r->w = (int)d->image_width;
		*r->h = (int)d->image_height;
		return OK;
	}
	rc = check_size(d, path, *r->w, *r->h, e);
	if (rc || !r->rgb)
		return rc;
	d->out_color_space = JCS_RGB;
	d->dct_method = JDCT_ISLOW;
	d->do_fancy_upsampling = TRUE;
	(void)jpeg_start_decompress(d);
	while (d->output_scanline < d->output_height) {
		JSAMPROW row = r->rgb + (size_t)d->output_scanline * (size_t)*r->w * 3;

		(void)jpeg_read_scanlines(d, &row, 1);
	}
	(void)jpeg_finish_decompress(d);
	end = position(d, f);
	if (d->src->bytes_in_buffer > 0 || fgetc(f) != EOF)
		return err_set(e, ERR_DATA,
			"%s: the file goes on behind the image, at byte %ld", path,
			end);
	return OK;
}

static int read_stream(
	FILE *f, const char *path, const struct request *r, struct err *e)
{
	struct jpeg_decompress_struct d = { 0 };
	struct manager m;
	int rc;

	d.err = jpeg_std_error(&m.err);
	m.err.error_exit = fail;
	m.err.emit_message = on_message;
	if (setjmp(m.back)) {
		rc = err_set(e, ERR_DATA,
			"%s: near byte %ld: found \"%s\", expected a JPEG image", path,
			position(&d, f), m.message);
		jpeg_destroy_decompress(&d);
		return rc;
	}
	jpeg_create_decompress(&d);
	rc = decode(&d, f, path, r, e);
	jpeg_destroy_decompress(&d);
	return rc;
}

static int read_file(const char *path, const struct request *r, struct err *e)
{
	FILE *f = plain_file_read(path);
	int rc;

	if (!f)
		return err_errno(e, "%s", path);
	rc = read_stream(f, path, r, e);
	fclose(f);
	return rc;
}

int jpeg_read(const char *path, int w, int h, uint8_t *rgb, struct err *e)
{
	return read_file(path, &(struct request){ &w, &h, rgb, false }, e);
}

int jpeg_look(const char *path, int w, int h, struct err *e)
{
	return read_file(path, &(struct request){ &w, &h, NULL, false }, e);
}

int jpeg_size(const char *path, int *w, int *h, struct err *e)
{
	return read_file(path, &(struct request){ w, h, NULL, true }, e);
}

/*
 * How much of old pixel i lies in new pixel I, of n and N in a row, in units of 1/N of
 * an old pixel: a new one covers n of them.
 */
static int64_t share(int i, int n, int I, int N)
{
	int64_t from = (int64_t)I * n;
	int64_t to = from + n;
	int64_t begin = (int64_t)i * N;
	int64_t end = begin + N;

	from = from > begin ? from : begin;
	to = to < end ? to : end;
	return to > from ? to - from : 0;
}

void image_shrink(int w, int h, const uint8_t *rgb, int W, int H, uint8_t *out)
{
	int64_t area = (int64_t)w * h; /* the shares of a new pixel sum to it */

	ASSERT(W <= w && H <= h && W > 0 && H > 0);
	for (int Y = 0; Y < H; Y++)
		for (int X = 0; X < W; X++) {
			int64_t sum[3] = { 0 };

			for (int y = Y * h / H; y < h && share(y, h, Y, H); y++)
				for (int x = X * w / W; x < w && share(x, w, X, W);
					x++) {
					int64_t s =
						share(y, h, Y, H) * share(x, w, X, W);

					for (int c = 0; c < 3; c++)
						sum[c] += s * rgb[(y * w + x) * 3 + c];
				}
			for (int c = 0; c < 3; c++)
				out[(c * H + Y) * W + X] =
					(uint8_t)((2 * sum[c] + area) / (2 * area));
		}
}
