#include <stdint.h>
#include <string.h>
#include "trainer-core/dataset/npy.h"

#define HEAD_MAX 256
#define ALIGN 64 /* NumPy lets the elements begin there */

static char byte_order(void)
{
	const uint16_t one = 1;
	uint8_t first;

	memcpy(&first, &one, 1);
	return first ? '<' : '>';
}

/* Magic, version, length and dictionary; returns the bytes. */
static size_t head_of(char head[HEAD_MAX], const int *dim, int dims)
{
	size_t n = 10;
	size_t end;

	n += (size_t)snprintf(head + n, HEAD_MAX - n,
		"{'descr': '%cf4', 'fortran_order': False, 'shape': (", byte_order());
	for (int i = 0; i < dims; i++)
		n += (size_t)snprintf(head + n, HEAD_MAX - n, "%s%d%s", i ? " " : "",
			dim[i], i + 1 < dims || dims == 1 ? "," : "");
	n += (size_t)snprintf(head + n, HEAD_MAX - n, "), }");
	end = (n + 1 + ALIGN - 1) / ALIGN * ALIGN;
	memset(head + n, ' ', end - n - 1);
	head[end - 1] = '\n';
	memcpy(head, "\x93NUMPY\x01", 8); /* and version 1.0 */
	head[8] = (char)((end - 10) & 255);
	head[9] = (char)((end - 10) >> 8);
	return end;
}

int npy_write(const char *path, const int *dim, int dims, const float *v, struct err *e)
{
	char head[HEAD_MAX];
	size_t bytes = head_of(head, dim, dims);
	size_t count = 1;
	FILE *f = fopen(path, "wb");
	bool good;

	for (int i = 0; i < dims; i++)
		count *= (size_t)dim[i];
	good = f && fwrite(head, bytes, 1, f) == 1 &&
		fwrite(v, sizeof(*v), count, f) == count;
	if (f && fclose(f) != 0)
		good = false;
	return good ? OK : err_errno(e, "cannot write %s", path);
}
