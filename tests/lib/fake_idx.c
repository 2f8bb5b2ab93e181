#include "tests/lib/fake_idx.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include "tests/lib/prepared.h"

enum { IMAGE = FAKE_SIDE * FAKE_SIDE };

static void put_int(uint8_t *p, int v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static size_t header(int dims, const int *dim, uint8_t *out)
{
	const uint8_t magic[4] = { 0, 0, 8, (uint8_t)dims };

	memcpy(out, magic, 4);
	for (int i = 0; i < dims; i++)
		put_int(out + 4 + 4 * i, dim[i]);
	return 4 + 4 * (size_t)dims;
}

size_t fake_idx(int dims, const int *dim, const uint8_t *elements, uint8_t *out)
{
	size_t head = header(dims, dim, out);
	size_t n = 1;

	for (int i = 0; i < dims; i++)
		n *= (size_t)dim[i];
	memcpy(out + head, elements, n);
	return head + n;
}

size_t fake_gzip(const uint8_t *in, size_t n, uint8_t *out)
{
	z_stream z = { 0 };
	size_t size;

	ck_assert_int_eq(
		deflateInit2(&z, 6, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.avail_in = (uInt)n;
	z.next_in = (Bytef *)(uintptr_t)in;
	z.avail_out = (uInt)(2 * n + 64);
	z.next_out = out;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	size = z.total_out;
	deflateEnd(&z);
	return size;
}

/* The pixels that spell an index: three digits to the base 250, then the file. */
static int signature(int test, int i, int place)
{
	switch (place) {
	case 0:
		return i % 250;
	case 1:
		return i / 250 % 250;
	case 2:
		return i / 62500;
	default:
		return test ? 9 : 1;
	}
}

uint8_t fake_pixel(int test, int i, int y, int x)
{
	int at = y * FAKE_SIDE + x;

	if (at < 4)
		return (uint8_t)signature(test, i, at);
	if (at >= IMAGE - 4)
		return (uint8_t)signature(test, i, IMAGE - 1 - at);
	return (uint8_t)((i % 241 * 7 + y * y + 3 * x) % 256);
}

int fake_label(int test, int i)
{
	return (i * 3 + i / 10 + test) % 10;
}

/* 241 bodies repeat; only the signature is an image's own. */
static void image(int test, int i, uint8_t *out)
{
	static uint8_t body[241][IMAGE];
	static int made[241];
	int b = i % 241;

	for (int at = 0; at < IMAGE && !made[b]; at++)
		body[b][at] = fake_pixel(test, b, at / FAKE_SIDE, at % FAKE_SIDE);
	made[b] = 1;
	memcpy(out, body[b], IMAGE);
	for (int place = 0; place < 4; place++) {
		out[place] = (uint8_t)signature(test, i, place);
		out[IMAGE - 1 - place] = out[place];
	}
}

/* Transparent ("wbT"): zlib writes plain files, too. */
static void write_pair(int test, int n, const char *mode, const char *suffix)
{
	const int dim[3] = { n, FAKE_SIDE, FAKE_SIDE };
	const char *which = test ? "t10k" : "train";
	uint8_t buf[IMAGE];
	char name[64];
	gzFile f;

	snprintf(name, sizeof(name), "%s-images-idx3-ubyte%s", which, suffix);
	f = gzopen(name, mode);
	ck_assert_ptr_nonnull(f);
	gzwrite(f, buf, (unsigned)header(3, dim, buf));
	for (int i = 0; i < n; i++) {
		image(test, i, buf);
		ck_assert_int_eq(gzwrite(f, buf, IMAGE), IMAGE);
	}
	ck_assert_int_eq(gzclose(f), Z_OK);
	snprintf(name, sizeof(name), "%s-labels-idx1-ubyte%s", which, suffix);
	f = gzopen(name, mode);
	ck_assert_ptr_nonnull(f);
	gzwrite(f, buf, (unsigned)header(1, dim, buf));
	for (int i = 0; i < n; i++)
		gzputc(f, fake_label(test, i));
	ck_assert_int_eq(gzclose(f), Z_OK);
}

void fake_write_plain(void)
{
	write_pair(0, FAKE_TRAIN, "wbT", "");
	write_pair(1, FAKE_TEST, "wbT", "");
}

void fake_write_gzip(void)
{
	write_pair(0, FAKE_TRAIN, "wb1", ".gz");
	write_pair(1, FAKE_TEST, "wb1", ".gz");
}

void fake_params(struct params *ps, struct arena *a)
{
	params_set(ps, a, "dataset.name", "multi_mnist");
	params_set(ps, a, "dataset.path", ".");
	prepared_sizes(ps, a, "300", "100", "120");
}
