#include <stdio.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "common/err.h"

const struct corruption_info *corruption_next(const char **at)
{
	char name[64];
	size_t n = strcspn(*at, " ");

	if (n == 0)
		return NULL;
	ASSERT(n < sizeof(name));
	memcpy(name, *at, n);
	name[n] = '\0';
	*at += n + ((*at)[n] == ' ');
	return catalogue_corruption(name);
}

void corruption_basis(const struct corruption_info *c, const char *textures_digest,
	char basis[CORRUPTION_BASIS_MAX])
{
	snprintf(basis, CORRUPTION_BASIS_MAX, "%d%s%s", CORRUPTION_NUMERICS,
		c->textures ? " " : "", c->textures ? textures_digest : "");
}
