/* An idx file, plain or gzip: read whole or refused, never past the checked size. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "trainer-core/dataset/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct idx_shape shape = { 3, { 5, 4, 3 } };
static const uint8_t header[] = { 0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 3 };

/* Of a plain file alone the bytes say whether it is right. */
static bool is_plain(const uint8_t *data, size_t size)
{
	return size == sizeof(header) + idx_count(&shape) &&
		!memcmp(data, header, sizeof(header));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *out = malloc(idx_count(&shape)); /* to the byte, for ASan */
	FILE *f = tmpfile();
	bool gzip = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
	int rc;

	if (!out || !f || fwrite(data, 1, size, f) != size)
		abort();
	rewind(f);
	rc = idx_read_stream(f, "fuzz", &shape, out, NULL);
	if (!gzip && (rc == OK) != is_plain(data, size))
		abort();
	if (!gzip && rc == OK &&
		memcmp(out, data + sizeof(header), idx_count(&shape)) != 0)
		abort();
	fclose(f);
	free(out);
	return 0;
}
