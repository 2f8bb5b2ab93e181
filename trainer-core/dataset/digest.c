#include "trainer-core/dataset/digest.h"

#include <stdio.h>
#include <xxhash.h>
#include "common/plain_file.h"

static void to_hex(XXH128_hash_t hash, char hex[33])
{
	XXH128_canonical_t bytes;

	XXH128_canonicalFromHash(&bytes, hash);
	for (int i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes.digest[i]);
}

void digest_bytes(const void *bytes, size_t n, char hex[33])
{
	to_hex(XXH3_128bits(bytes, n), hex);
}

static int read_through(
	FILE *f, const char *path, XXH3_state_t *state, uint64_t *size, struct err *e)
{
	unsigned char buf[1 << 16];
	size_t n;

	*size = 0;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		*size += n;
		if (XXH3_128bits_update(state, buf, n) != XXH_OK)
			BUG("XXH3_128bits_update");
	}
	return ferror(f) ? err_errno(e, "%s", path) : OK;
}

int digest_file(const char *path, char hex[33], uint64_t *size, struct err *e)
{
	FILE *f = plain_file_read(path);
	XXH3_state_t *state;
	int rc;

	if (!f)
		return err_errno(e, "%s", path);
	state = XXH3_createState();
	if (!state || XXH3_128bits_reset(state) != XXH_OK) {
		rc = err_set(e, ERR_SYS, "%s: no memory to read it", path);
		goto out;
	}
	rc = read_through(f, path, state, size, e);
	if (!rc)
		to_hex(XXH3_128bits_digest(state), hex);
out:
	XXH3_freeState(state);
	fclose(f);
	return rc;
}
