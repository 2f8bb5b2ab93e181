#include "trainer-core/dataset/idx.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include "common/plain_file.h"

#define MAGIC_U8 0x08

/* A file that unpacks itself. */
struct reader {
	FILE *f;
	const char *path;
	const struct idx_shape *want;
	bool gzip;
	bool inside; /* gzip: a member has begun and not ended */
	bool eof;
	z_stream z; /* next_in and avail_in serve the plain file, too */
	uint64_t taken; /* bytes that have come from the file */
	uint64_t given; /* bytes that have been handed out */
	uint8_t buf[65536];
};

size_t idx_count(const struct idx_shape *shape)
{
	size_t n = 1;

	for (int i = 0; i < shape->dims; i++)
		n *= (size_t)shape->dim[i];
	return n;
}

static const char *unit(const struct reader *r)
{
	return r->gzip ? "unpacked byte" : "byte";
}

/* Has input, or is at the end of the file. */
static int refill(struct reader *r, struct err *e)
{
	size_t n;

	if (r->z.avail_in > 0 || r->eof)
		return OK;
	n = fread(r->buf, 1, sizeof(r->buf), r->f);
	if (n == 0 && ferror(r->f))
		return err_errno(e, "%s", r->path);
	r->eof = n == 0;
	r->taken += n;
	r->z.next_in = r->buf;
	r->z.avail_in = (uInt)n;
	return OK;
}

static int gzip_damage(const struct reader *r, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: near byte %" PRIu64 ": damaged gzip: %s",
		r->path, r->taken - r->z.avail_in, r->z.msg ? r->z.msg : "bad data");
}

/* One step of unpacking towards out[0..n); *got says how far it came. */
static int unpack(struct reader *r, uint8_t *out, size_t n, size_t *got, struct err *e)
{
	int status;

	*got = 0;
	if (r->z.avail_in == 0 && r->inside)
		return err_set(e, ERR_DATA,
			"%s: byte %" PRIu64 ": the gzip stream is cut off", r->path,
			r->taken);
	if (r->z.avail_in == 0)
		return OK;
	if (!r->inside && inflateReset(&r->z) != Z_OK)
		BUG("inflateReset");
	r->inside = true;
	r->z.next_out = out;
	r->z.avail_out = n > 1u << 30 ? 1u << 30 : (uInt)n;
	*got = r->z.avail_out;
	status = inflate(&r->z, Z_NO_FLUSH);
	*got -= r->z.avail_out;
	if (status == Z_STREAM_END)
		r->inside = false; /* another member may follow */
	else if (status != Z_OK && status != Z_BUF_ERROR)
		return gzip_damage(r, e);
	return OK;
}

static size_t copy(struct reader *r, uint8_t *out, size_t n)
{
	size_t got = n < r->z.avail_in ? n : r->z.avail_in;

	memcpy(out, r->z.next_in, got);
	r->z.next_in += got;
	r->z.avail_in -= (uInt)got;
	return got;
}

/* At most n bytes; *got < n only at the end. */
static int take(struct reader *r, uint8_t *out, size_t n, size_t *got, struct err *e)
{
	*got = 0;
	while (*got < n) {
		size_t step;
		int rc = refill(r, e);

		if (rc)
			return rc;
		if (r->gzip) {
			rc = unpack(r, out + *got, n - *got, &step, e);
			if (rc)
				return rc;
		} else {
			step = copy(r, out + *got, n - *got);
		}
		*got += step;
		r->given += step;
		if (r->eof && step == 0)
			break;
	}
	return OK;
}

/* After `bytes` of it, unpacked. */
static int file_ends(const struct reader *r, uint64_t bytes, struct err *e)
{
	uint64_t header = 4 + 4 * (uint64_t)r->want->dims;
	uint64_t samples = (uint64_t)r->want->dim[0];

	if (bytes < header)
		return err_set(e, ERR_DATA, "%s: the file ends in its header", r->path);
	return err_set(e, ERR_DATA,
		"%s: the file ends after %" PRIu64 " of its %" PRIu64 " samples",
		r->path, (bytes - header) / (idx_count(r->want) / samples), samples);
}

static int file_goes_on(const struct reader *r, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: the file goes on after its %d samples",
		r->path, r->want->dim[0]);
}

static int take_all(struct reader *r, uint8_t *out, size_t n, struct err *e)
{
	size_t got;
	int rc = take(r, out, n, &got, e);

	if (rc || got == n)
		return rc;
	return file_ends(r, r->given, e);
}

static int read_magic(struct reader *r, const struct idx_shape *want, struct err *e)
{
	uint8_t head[4];
	int rc = take_all(r, head, sizeof(head), e);

	if (rc)
		return rc;
	if (head[0] != 0 || head[1] != 0 || head[2] != MAGIC_U8)
		return err_set(e, ERR_DATA,
			"%s: %s 0: found %02x %02x %02x, expected 00 00 08 (idx of "
			"unsigned bytes, plain or gzip)",
			r->path, unit(r), head[0], head[1], head[2]);
	if (head[3] != want->dims)
		return err_set(e, ERR_DATA, "%s: %d dimensions, expected %d", r->path,
			head[3], want->dims);
	return OK;
}

static int read_dims(struct reader *r, const struct idx_shape *want, struct err *e)
{
	for (int i = 0; i < want->dims; i++) {
		uint8_t b[4];
		uint32_t dim;
		int rc = take_all(r, b, sizeof(b), e);

		if (rc)
			return rc;
		dim = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
			(uint32_t)b[2] << 8 | b[3];
		if (dim != (uint32_t)want->dim[i])
			return err_set(e, ERR_DATA,
				"%s: dimension %d is %" PRIu32 ", expected %d", r->path,
				i + 1, dim, want->dim[i]);
	}
	return OK;
}

static int expect_end(struct reader *r, struct err *e)
{
	uint8_t more;
	size_t got;
	int rc = take(r, &more, 1, &got, e);

	if (rc || got == 0)
		return rc;
	return file_goes_on(r, e);
}

static int start_gzip(struct reader *r)
{
	const uint8_t *head = r->z.next_in;

	r->gzip = r->z.avail_in >= 2 && head[0] == 0x1f && head[1] == 0x8b;
	/* 16: gzip only. Fails for want of memory alone. */
	return r->gzip ? inflateInit2(&r->z, 16 + MAX_WBITS) : Z_OK;
}

/* The header; *r is to be ended in every case. */
static int begin(struct reader *r, const struct idx_shape *want, struct err *e)
{
	int rc;

	ASSERT(want->dims >= 1 && want->dims <= IDX_DIMS_MAX);
	rc = refill(r, e);
	if (rc)
		return rc;
	if (start_gzip(r) != Z_OK)
		return err_set(e, ERR_SYS, "%s: no memory to unpack it", r->path);
	rc = read_magic(r, want, e);
	return rc ? rc : read_dims(r, want, e);
}

static void end(struct reader *r)
{
	if (r->gzip)
		inflateEnd(&r->z);
}

int idx_read_stream(FILE *f, const char *path, const struct idx_shape *want,
	uint8_t *out, struct err *e)
{
	struct reader r = { .f = f, .path = path, .want = want };
	int rc = begin(&r, want, e);

	if (!rc)
		rc = take_all(&r, out, idx_count(want), e);
	if (!rc)
		rc = expect_end(&r, e);
	end(&r);
	return rc;
}

/* A packed file says its size only when it is unpacked. */
static int check_size(struct reader *r, const struct idx_shape *want, struct err *e)
{
	uint64_t bytes = r->given + idx_count(want);
	off_t size;

	if (r->gzip)
		return OK;
	if (fseeko(r->f, 0, SEEK_END) != 0 || (size = ftello(r->f)) < 0)
		return err_errno(e, "%s", r->path);
	if ((uint64_t)size < bytes)
		return file_ends(r, (uint64_t)size, e);
	return (uint64_t)size > bytes ? file_goes_on(r, e) : OK;
}

int idx_look(const char *path, const struct idx_shape *want, struct err *e)
{
	struct reader r = { .f = plain_file_read(path), .path = path, .want = want };
	int rc;

	if (!r.f)
		return err_errno(e, "%s", path);
	rc = begin(&r, want, e);
	if (!rc)
		rc = check_size(&r, want, e);
	end(&r);
	fclose(r.f);
	return rc;
}

int idx_read(
	const char *path, const struct idx_shape *want, uint8_t *out, struct err *e)
{
	FILE *f = plain_file_read(path);
	int rc;

	if (!f)
		return err_errno(e, "%s", path);
	rc = idx_read_stream(f, path, want, out, e);
	fclose(f);
	return rc;
}
