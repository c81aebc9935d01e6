/*
 * log_once.h - "logged once" across processes: a small file in the state directory remembers the state of a
 * file about which something was logged.
 */
#ifndef GATEPOST_ENGINE_LOG_ONCE_H
#define GATEPOST_ENGINE_LOG_ONCE_H

#include "core/os/os.h"

enum { LOG_ONCE_MEMORY = 16 };

/* What this process itself has logged, in case there is no state directory to remember it. Guarded by its
 * owner. */
struct log_once {
    uint64_t said[LOG_ONCE_MEMORY];
    unsigned next;
};

/* Returns whether nothing was logged yet about PATH in the state STAMP, and remembers STAMP. DIR may be NULL
 * (no state directory) or, with `read_only`, must not be written. */
bool log_once_is_new(struct log_once *o, const char *dir, bool read_only, const char *path, uint64_t stamp);

#endif
