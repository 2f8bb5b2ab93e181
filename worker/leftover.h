/*
 * What a trainer leaves behind: processes that must not live on beside the next attempt.
 */
#ifndef DELTAM_LEFTOVER_H
#define DELTAM_LEFTOVER_H

/* Kills and awaits every child of ours, those that orphans of theirs become, too. */
void leftover_end_children(void);

/*
 * DIR/pid: host, boot, process id and start time of an adapter, which leads the group of
 * its trainer. leftover_end kills what is left of that group where the adapter is gone, or
 * is the same process still; another host, another boot or a process id that has gone to
 * somebody else is left alone.
 */
void leftover_note(const char *folder);
void leftover_end(const char *folder);
void leftover_forget(const char *folder);

#endif
