/*
 * dirwalk.h - the files below a folder, in an order that does not depend on the machine. The only file of the
 * command that reads folders.
 */
#ifndef GATEPOST_TOOLS_LIB_DIRWALK_H
#define GATEPOST_TOOLS_LIB_DIRWALK_H

#include <stdbool.h>

/* Calls FILE for PATH if it is not a folder, or else for every file below it: names in byte order, folders
 * among them, without those that begin with a dot and symbolic links to folders. FILE returns false to stop.
 * TROUBLE gets what cannot be read. Returns false if it was stopped or something could not be read. */
bool dirwalk(const char *path, bool (*file)(void *context, const char *path),
             void (*trouble)(void *context, const char *path, int error), void *context);

#endif
