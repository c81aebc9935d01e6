/*
 * pid_file.h - the file with the id of this process. Its folder may belong to the user that the filter runs as,
 * who may put a link there: the target of such a link is never written or removed.
 */
#ifndef GATEPOST_MILTER_PID_FILE_H
#define GATEPOST_MILTER_PID_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes the process id into PATH. An existing plain file is overwritten; a link, a file with a second name
 * (a hard link) and anything else is not changed. Returns true, or false with the reason in WHY. */
bool pid_file_write(const char *path, char *why, size_t cap);

/* Removes PATH if it still names this process. */
void pid_file_remove(const char *path);

#endif
