#include "common/hidden.h"

#include <string.h>

int hidden_length(const char *s)
{
	unsigned char a = (unsigned char)s[0];
	unsigned char b = a ? (unsigned char)s[1] : 0;
	unsigned char c = b ? (unsigned char)s[2] : 0;

	if ((a > 0 && a < 0x20) || a == 0x7f)
		return 1;
	if (a == 0xc2 && b >= 0x80 && b < 0xa0) /* U+0080 to U+009F */
		return 2;
	if (a != 0xe2)
		return 0;
	if (b == 0x80 && (c == 0x8e || c == 0x8f || (c >= 0xa8 && c <= 0xae)))
		return 3; /* U+200E, U+200F; U+2028 to U+202E */
	return b == 0x81 && c >= 0xa6 && c <= 0xa9 ? 3 : 0; /* U+2066 to U+2069 */
}

char *hidden_blank(char *s)
{
	for (char *at = s; *at;) {
		int n = *at == '\n' ? 0 : hidden_length(at);

		memset(at, ' ', (size_t)n);
		at += n ? n : 1;
	}
	return s;
}
