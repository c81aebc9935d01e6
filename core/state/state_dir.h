/*
 * state_dir.h - the names of those files in the state directory that belong to another file. Pure; any thread.
 */
#ifndef GATEPOST_STATE_STATE_DIR_H
#define GATEPOST_STATE_STATE_DIR_H

#include "core/base/text.h"

/* Writes "DIR/KIND-HASH.SUFFIX" to OUT (CAP bytes). HASH is that of PATH, the absolute path of the file that
 * it belongs to, so that several rule files and tables can share the directory. Returns false if it does not
 * fit. */
bool state_dir_path(const char *dir, const char *kind, const char *path, const char *suffix, char *out,
                    size_t cap);

#endif
