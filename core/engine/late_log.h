/*
 * late_log.h - log lines that wait until no lock is held: the host's log must not be called under one.
 */
#ifndef GATEPOST_ENGINE_LATE_LOG_H
#define GATEPOST_ENGINE_LATE_LOG_H

#include "core/base/text.h"
#include "core/gatepost.h"

struct late_log {
    char lines[4096]; /* each a digit, its enum gp_log_level, and the line with a NUL after it */
    size_t n;
};

static inline void late_log_init(struct late_log *log)
{
    log->n = 0;
}

/* Keeps a copy of LINE, made printable; a line that does not fit is dropped. LOG may be NULL: then nothing
 * is kept. */
void late_log_add(struct late_log *log, enum gp_log_level level, const char *line);

/* Passes one line to a host's log. */
typedef void late_log_line(void *context, enum gp_log_level level, const char *line);

/* Passes all lines to LINE, in order, and keeps none. */
void late_log_flush(struct late_log *log, late_log_line *line, void *context);

#endif
