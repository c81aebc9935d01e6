/*
 * log_files.h - several logs, plain or gzipped, read side by side in the order of their times: rotated logs may be
 * named in any order, and the logs of several servers, or Exim's main and reject log, go together. Within one
 * file the lines stay in their order; a line without a stamp belongs to the one before it. Owned by one thread.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_LOG_FILES_H
#define GATEPOST_TOOLS_ANALYZE_LOG_FILES_H

#include "log_line.h"

enum {
    LOGSET_MOST = 512,          /* files: all are open at once */
    LOGSET_LINE_LONGEST = 32768 /* a longer line is no log line; it is counted as not recognised */
};

struct logfile;

struct logset {
    struct logfile *files;
    size_t count, current;
    int64_t until; /* the current file is the one to read up to this time */
    bool failed;   /* a file could not be read to its end; this was said on standard error */
    uint64_t size; /* of all files together; 0 if that is not known */
    uint64_t lines;
};

/* Opens PATHS, "-" being standard input. FIRST_YEAR as in log_time.h; 0: not given. Returns false when out of
 * memory. A file that cannot be opened is reported and left out. */
bool logset_open(struct logset *s, char **paths, size_t count, unsigned first_year, int64_t now);

/* Returns the next line, good until the next call, or NULL at the end. *FILE counts from 0. */
const struct log_event *logset_next(struct logset *s, int64_t *time, size_t *file);

/* Bytes read so far, as they are on the disk. */
uint64_t logset_done(const struct logset *s);

void logset_close(struct logset *s);

#endif
