#include "trainer-core/train/augment.h"

#include <string.h>
#include "catalogue/setting.h"
#include "common/rng.h"

_Static_assert((int)AUGMENT_MAPS_SCALE_CROP_FLIP == (int)AUGMENT_SCALE_CROP_FLIP,
	"data sets of maps have the first of the choices");

int augment_parse(const struct params *ps, enum augment *a, struct err *e)
{
	int choice = AUGMENT_NONE;
	int rc = setting_choice(ps, "dataset.augment", &choice, e);

	*a = (enum augment)choice;
	return rc;
}

/* The four numbers of a sample: scale, top, left, flip. */
static int draw(uint64_t seed, int epoch, int index, int what, int n)
{
	return (int)rng_below(seed, RNG_AUGMENT, (uint64_t)epoch,
		4 * (uint64_t)index + (uint64_t)what, (uint32_t)n);
}

static int shrunk(int n, double scale)
{
	int small = (int)(n / scale);

	return small > 0 ? small : 1;
}

struct augment_window augment_draw(
	enum augment a, uint64_t seed, int epoch, int index, int H, int W)
{
	static const double scales[] = { 1, 1.2, 1.5 };
	struct augment_window w = { .h = H, .w = W, .scale = 1 };

	ASSERT(a != AUGMENT_NONE);
	if (a == AUGMENT_SCALE_CROP_FLIP) {
		w.scale = scales[draw(seed, epoch, index, 0, 3)];
		w.h = shrunk(H, w.scale);
		w.w = shrunk(W, w.scale);
		w.top = draw(seed, epoch, index, 1, H - w.h + 1);
		w.left = draw(seed, epoch, index, 2, W - w.w + 1);
	} else {
		w.top = draw(seed, epoch, index, 1, 2 * AUGMENT_PAD + 1) - AUGMENT_PAD;
		w.left = draw(seed, epoch, index, 2, 2 * AUGMENT_PAD + 1) - AUGMENT_PAD;
	}
	w.flip = draw(seed, epoch, index, 3, 2) == 1;
	return w;
}

/* Where new pixel i of N lies among n old ones: between `low` and the next. */
struct between {
	int low, high;
	float part; /* of the next */
};

static struct between between(int i, int N, int n)
{
	double at = N > 1 ? (double)i * (n - 1) / (N - 1) : 0;
	struct between b = { .low = (int)at };

	b.high = b.low + 1 < n ? b.low + 1 : b.low;
	b.part = (float)(at - b.low);
	return b;
}

/* One channel (H, W); in begins at the window. */
static void bilinear(
	const struct augment_window *w, int H, int W, const float *in, float *out)
{
	for (int y = 0; y < H; y++) {
		struct between r = between(y, H, w->h);
		const float *low = in + (size_t)r.low * (size_t)W;
		const float *high = in + (size_t)r.high * (size_t)W;

		for (int x = 0; x < W; x++) {
			struct between c = between(w->flip ? W - 1 - x : x, W, w->w);
			float above = low[c.low] + c.part * (low[c.high] - low[c.low]);
			float below =
				high[c.low] + c.part * (high[c.high] - high[c.low]);

			out[(size_t)y * (size_t)W + (size_t)x] =
				above + r.part * (below - above);
		}
	}
}

static void nearest(
	const struct augment_window *w, int H, int W, const float *in, float *out)
{
	for (int y = 0; y < H; y++) {
		int old = (int)((int64_t)y * w->h / H);
		const float *row = in + (size_t)old * (size_t)W;

		for (int x = 0; x < W; x++) {
			int at = w->flip ? W - 1 - x : x;

			out[(size_t)y * (size_t)W + (size_t)x] =
				row[(int64_t)at * w->w / W];
		}
	}
}

static void multiply(size_t n, float factor, float *v)
{
	for (size_t i = 0; i < n; i++)
		v[i] *= factor;
}

static void divide(size_t n, float by, float *v)
{
	for (size_t i = 0; i < n; i++)
		v[i] /= by;
}

void augment_scale_crop_flip(const struct augment_window *w, enum augment_map map,
	const int shape[3], const float *in, float *out)
{
	int H = shape[1];
	int W = shape[2];
	size_t pixels = (size_t)H * (size_t)W;
	size_t corner = (size_t)w->top * (size_t)W + (size_t)w->left;

	for (int c = 0; c < shape[0]; c++) {
		const float *from = in + (size_t)c * pixels + corner;
		float *to = out + (size_t)c * pixels;

		if (map == MAP_IMAGE || map == MAP_NORMAL)
			bilinear(w, H, W, from, to);
		else
			nearest(w, H, W, from, to);
	}
	if (map == MAP_DEPTH)
		divide((size_t)shape[0] * pixels, (float)w->scale, out);
	if (map == MAP_NORMAL && w->flip)
		multiply(pixels, -1, out);
}

void augment_pad_crop_flip(const struct augment_window *w, const int shape[3],
	const float *pad, const float *in, float *out)
{
	int H = shape[1];
	int W = shape[2];

	for (int c = 0; c < shape[0]; c++)
		for (int y = 0; y < H; y++)
			for (int x = 0; x < W; x++) {
				int oy = y + w->top;
				int ox = (w->flip ? W - 1 - x : x) + w->left;
				bool inside = oy >= 0 && oy < H && ox >= 0 && ox < W;

				*out++ = inside
					? in[((size_t)c * (size_t)H + (size_t)oy) *
							  (size_t)W +
						  (size_t)ox]
					: pad ? pad[c]
					      : 0;
			}
}
