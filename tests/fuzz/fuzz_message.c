/* Lines between deltam and a pilot: what is taken comes back as it was, and ends are ends. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/pilot/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct message m, again;
	struct sched_end end = { 0 };
	struct err e;

	if (!message_parse(&m, (const char *)data, size, &a, &e)) {
		const char *line = message_text(&m, &a);

		if (message_parse(&again, line, strlen(line), &a, &e) ||
			strcmp(message_text(&again, &a), line) != 0)
			abort();
		if (m.kind == MESSAGE_END)
			(void)!message_to_end(&m, &end, &e);
	}
	arena_release(&a);
	return 0;
}
