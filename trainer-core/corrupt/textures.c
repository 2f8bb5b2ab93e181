/* Pictures of frost. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "common/str.h"
#include "trainer-core/corrupt/corrupt.h"
#include "trainer-core/dataset/digest.h"
#include "trainer-core/dataset/jpeg.h"

/* For pictures of CIFAR's size the published code shrinks them to a fifth. */
#define SHRINK 5

static int is_jpeg(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg"));
}

static int read_texture(const char *path, int h, int w, struct texture *t,
	struct arena *a, struct err *e)
{
	int shrink = (h < w ? h : w) < CORRUPT_FULL_SIDE ? SHRINK : 1;
	uint8_t *raw, *rgb;
	int W, H;
	int rc = jpeg_size(path, &W, &H, e);

	if (rc)
		return rc;
	t->h = H / shrink;
	t->w = W / shrink;
	if (t->h < h || t->w < w)
		return err_set(e, ERR_DATA,
			"%s: found %dx%d pixels, expected %dx%d at least", path, W, H,
			w * shrink, h * shrink);
	raw = NEW_ARRAY(a, uint8_t, 3 * (size_t)W * (size_t)H);
	rgb = NEW_ARRAY(a, uint8_t, 3 * (size_t)t->w * (size_t)t->h);
	rc = jpeg_read(path, W, H, raw, e);
	if (rc)
		return rc;
	image_shrink(W, H, raw, t->w, t->h, rgb);
	t->rgb = rgb;
	return OK;
}

static int read_listed(const char *folder, struct dirent **list, int h, int w,
	struct textures *t, struct arena *a, struct err *e)
{
	struct str all = { .arena = a };
	int rc = OK;

	for (int i = 0; !rc && i < t->n; i++) {
		const char *path = arena_printf(a, "%s/%s", folder, list[i]->d_name);
		char hex[33];
		uint64_t size;

		rc = read_texture(path, h, w, &t->texture[i], a, e);
		if (!rc)
			rc = digest_file(path, hex, &size, e);
		if (!rc)
			str_put(&all, hex);
	}
	if (!rc)
		digest_bytes(all.s, all.n, t->digest);
	return rc;
}

int textures_read(const char *folder, int h, int w, struct textures *t, struct arena *a,
	struct err *e)
{
	struct dirent **list;
	int rc;

	*t = (struct textures){ .n = scandir(folder, &list, is_jpeg, alphasort) };
	if (t->n < 0)
		return err_set(
			e, ERR_DATA, "%s: not a folder that can be read", folder);
	t->texture = NEW_ARRAY(a, struct texture, t->n);
	rc = t->n
		? read_listed(folder, list, h, w, t, a, e)
		: err_set(e, ERR_DATA,
			  "%s: found no .jpg file, expected pictures of frost", folder);
	for (int i = 0; i < t->n; i++)
		free(list[i]);
	free(list);
	return rc;
}
