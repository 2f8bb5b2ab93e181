#include "trainer-core/dataset/npy.h"

#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include "common/plain_file.h"
#include "trainer-core/dataset/npy_header.h"

/* A file on its way into out. */
struct reader {
	FILE *f;
	const char *path;
	const struct npy_want *want;
	struct npy_header h;
	uint64_t count; /* elements of the file */
};

/* The dimensions that count; where the first may be larger, it does. */
static int dims_of(const struct npy_want *want)
{
	int n = want->dims;

	while (n > (want->longer ? 1 : 0) && want->dim[n - 1] == 1)
		n--;
	return n;
}

size_t npy_count(const struct npy_want *want)
{
	size_t n = 1;

	for (int i = 0; i < want->dims; i++)
		n *= (size_t)want->dim[i];
	return n;
}

static const char *shape_text(char *buf, size_t size, int dims, const uint64_t *dim)
{
	size_t n = 1;

	snprintf(buf, size, "(");
	for (int i = 0; i < dims && n < size; i++)
		n += (size_t)snprintf(
			buf + n, size - n, "%s%" PRIu64, i ? ", " : "", dim[i]);
	if (n < size)
		snprintf(buf + n, size - n, ")");
	return buf;
}

static int check_shape(struct reader *r, struct err *e)
{
	const struct npy_want *want = r->want;
	int dims = dims_of(want);
	uint64_t wanted[NPY_DIMS_MAX];
	bool same;
	char a[128];
	char b[128];

	if (want->longer && r->h.dims == 0)
		r->h.dim[r->h.dims++] = 1;
	same = dims == r->h.dims;
	for (int i = 0; i < dims; i++) {
		wanted[i] = (uint64_t)want->dim[i];
		if (!same)
			continue;
		same = want->longer && i == 0 ? r->h.dim[i] >= wanted[i]
					      : r->h.dim[i] == wanted[i];
	}
	if (same)
		return OK;
	return err_set(e, ERR_DATA, "%s: found shape %s, expected %s%s", r->path,
		shape_text(a, sizeof(a), r->h.dims, r->h.dim),
		shape_text(b, sizeof(b), dims, wanted),
		want->longer ? " or more of the first" : "");
}

/* The size of the file must be what shape and type come to. */
static int check_size(struct reader *r, struct err *e)
{
	uint64_t bytes = (uint64_t)r->h.size;
	char a[128];
	off_t end;

	r->count = 1;
	for (int i = 0; i < r->h.dims; i++) {
		if (r->h.dim[i] != 0 && bytes > (uint64_t)INT64_MAX / 2 / r->h.dim[i])
			return err_set(e, ERR_DATA,
				"%s: found shape %s, which no file can hold", r->path,
				shape_text(a, sizeof(a), r->h.dims, r->h.dim));
		bytes *= r->h.dim[i];
		r->count *= r->h.dim[i];
	}
	if (fseeko(r->f, 0, SEEK_END) != 0 || (end = ftello(r->f)) < 0 ||
		fseeko(r->f, (off_t)r->h.at, SEEK_SET) != 0)
		return err_errno(e, "%s", r->path);
	if ((uint64_t)end == r->h.at + bytes)
		return OK;
	shape_text(a, sizeof(a), r->h.dims, r->h.dim);
	if ((uint64_t)end > r->h.at + bytes)
		return err_set(e, ERR_DATA,
			"%s: the file goes on behind the %" PRIu64
			" numbers of its shape %s",
			r->path, r->count, a);
	return err_set(e, ERR_DATA,
		"%s: the file ends after %" PRIu64 " of the %" PRIu64
		" numbers of its shape %s",
		r->path, ((uint64_t)end - r->h.at) / (uint64_t)r->h.size, r->count, a);
}

/* IEEE 754 binary16. */
static double half(uint64_t bits)
{
	int exponent = (int)(bits >> 10 & 31);
	double fraction = (double)(bits & 1023) / 1024;
	double v;

	if (exponent == 31)
		v = fraction != 0 ? (double)NAN : (double)INFINITY;
	else
		v = exponent ? ldexp(1 + fraction, exponent - 15)
			     : ldexp(fraction, -14);
	return bits >> 15 ? -v : v;
}

static double real(uint64_t bits, int size)
{
	uint32_t low = (uint32_t)bits;
	float f;
	double d;

	if (size == 2)
		return half(bits);
	memcpy(&f, &low, sizeof(f));
	memcpy(&d, &bits, sizeof(d));
	return size == 4 ? (double)f : d;
}

static double decode(const struct npy_header *h, const unsigned char *b)
{
	uint64_t bits = 0;

	for (int i = 0; i < h->size; i++)
		bits = bits << 8 | b[h->big ? i : h->size - 1 - i];
	if (h->kind == 'f')
		return real(bits, h->size);
	if (h->kind == 'i') {
		uint64_t sign = 1ULL << (8 * h->size - 1);

		return (double)(int64_t)((bits ^ sign) - sign);
	}
	return (double)bits;
}

/*
 * The float of a decimal that a file of this type holds: files of halves have been rounded
 * to halves, and doubles have often been floats before.
 */
static float as_held(const struct npy_header *h, double decimal)
{
	int exponent;
	double step;

	if (h->kind != 'f' || h->size != 2)
		return (float)decimal;
	(void)frexp(decimal, &exponent);
	step = ldexp(1, exponent - 11 > -24 ? exponent - 11 : -24);
	return (float)(rint(decimal / step) * step);
}

/* Compared as floats, which is what comes out: a limit of 1.1 admits the float 1.1. */
static bool wanted(const struct npy_want *want, double v)
{
	float x = (float)v;

	/* Not `<`: a NaN must fail. */
	if (!(x >= (float)want->min && x <= (float)want->max))
		return false;
	return !want->whole || v == floor(v);
}

/* Where the file's element i is: "sample 3, at (0, 2): ", as its user would index it. */
static const char *place_text(
	const struct reader *r, uint64_t i, char *buf, size_t size)
{
	uint64_t index[NPY_DIMS_MAX] = { 0 };
	char rest[128];
	int dims = r->h.dims;
	int first = r->want->longer ? 1 : 0;

	for (int k = 0; k < dims; k++) {
		int d = r->h.fortran ? k : dims - 1 - k;

		index[d] = i % r->h.dim[d];
		i /= r->h.dim[d];
	}
	shape_text(rest, sizeof(rest), dims - first, index + first);
	if (!first)
		snprintf(buf, size, "%s%s%s", dims ? "at " : "", dims ? rest : "",
			dims ? ": " : "");
	else
		snprintf(buf, size, "sample %" PRIu64 "%s%s: ", index[0],
			dims > 1 ? ", at " : "", dims > 1 ? rest : "");
	return buf;
}

static int unwanted(const struct reader *r, uint64_t i, double v, struct err *e)
{
	const struct npy_want *want = r->want;
	bool below = want->max < (double)FLT_MAX;
	char limits[64] = "";
	char at[192];

	if (below)
		snprintf(
			limits, sizeof(limits), " from %g to %g", want->min, want->max);
	else if (want->min > -(double)FLT_MAX)
		snprintf(limits, sizeof(limits), " of at least %g", want->min);
	return err_set(e, ERR_DATA, "%s: %sfound %.8g, expected a %s%s", r->path,
		place_text(r, i, at, sizeof(at)), v,
		want->whole ? "whole number" : "finite number", limits);
}

/* The place in out of the file's element i; false where it is not taken. */
static bool place(const struct reader *r, uint64_t i, uint64_t *at)
{
	uint64_t stride = npy_count(r->want);
	uint64_t sum = 0;

	*at = i;
	if (!r->h.fortran)
		return i < stride;
	for (int d = 0; d < r->h.dims; d++) {
		uint64_t index = i % r->h.dim[d];
		uint64_t dim = d < r->want->dims ? (uint64_t)r->want->dim[d] : 1;

		i /= r->h.dim[d];
		if (index >= dim)
			return false;
		stride /= dim;
		sum += index * stride;
	}
	*at = sum;
	return true;
}

static int read_elements(struct reader *r, float *out, struct err *e)
{
	unsigned char buf[65536];
	size_t size = (size_t)r->h.size;
	uint64_t most = r->h.fortran ? r->count : npy_count(r->want);
	float ignore = as_held(&r->h, r->want->ignore);
	uint64_t i = 0;

	while (i < most) {
		uint64_t left = most - i;
		size_t n =
			left < sizeof(buf) / size ? (size_t)left : sizeof(buf) / size;

		if (fread(buf, size, n, r->f) != n)
			return err_errno(
				e, "%s: byte %" PRIu64, r->path, r->h.at + i * size);
		for (size_t k = 0; k < n; k++, i++) {
			double v = decode(&r->h, buf + k * size);
			uint64_t at;

			if (!place(r, i, &at))
				continue;
			if (r->want->ignores && (float)v == ignore)
				out[at] = r->want->instead;
			else if (wanted(r->want, v))
				out[at] = (float)v;
			else
				return unwanted(r, i, v, e);
		}
	}
	return OK;
}

/* Everything but the elements. */
static int read_head(struct reader *r, struct err *e)
{
	const struct npy_want *want = r->want;
	int rc;

	ASSERT(want->dims >= 0 && want->dims <= NPY_DIMS_MAX);
	ASSERT(want->min >= -(double)FLT_MAX && want->max <= (double)FLT_MAX);
	rc = npy_header_read(r->f, r->path, &r->h, e);
	if (!rc)
		rc = check_shape(r, e);
	return rc ? rc : check_size(r, e);
}

int npy_read_stream(FILE *f, const char *path, const struct npy_want *want, float *out,
	struct err *e)
{
	struct reader r = { .f = f, .path = path, .want = want };
	int rc = read_head(&r, e);

	return rc ? rc : read_elements(&r, out, e);
}

int npy_look(const char *path, const struct npy_want *want, struct err *e)
{
	struct reader r = { .f = plain_file_read(path), .path = path, .want = want };
	int rc;

	if (!r.f)
		return err_errno(e, "%s", path);
	rc = read_head(&r, e);
	fclose(r.f);
	return rc;
}

int npy_rows(const char *path, int *n, struct err *e)
{
	struct npy_header h;
	FILE *f = plain_file_read(path);
	int rc;

	*n = 0;
	if (!f)
		return err_errno(e, "%s", path);
	rc = npy_header_read(f, path, &h, e);
	fclose(f);
	if (rc)
		return rc;
	*n = h.dims == 0 ? 1 : h.dim[0] > INT_MAX ? INT_MAX : (int)h.dim[0];
	return OK;
}

int npy_read(const char *path, const struct npy_want *want, float *out, struct err *e)
{
	FILE *f = plain_file_read(path);
	int rc;

	if (!f)
		return err_errno(e, "%s", path);
	rc = npy_read_stream(f, path, want, out, e);
	fclose(f);
	return rc;
}
