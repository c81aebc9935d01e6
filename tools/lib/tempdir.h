/* tempdir.h - a temporary folder for the time that a command runs, with plain files in it. */
#ifndef GATEPOST_TOOLS_LIB_TEMPDIR_H
#define GATEPOST_TOOLS_LIB_TEMPDIR_H

#include <stdbool.h>
#include <stddef.h>

/* Makes it, in $TMPDIR or /tmp (Windows: its folder for temporary files), and writes its path. Returns false
 * (errno set) if that fails. */
bool tempdir_make(char *path, size_t cap);

/* Removes it with the files in it. */
void tempdir_remove(const char *path);

#endif
