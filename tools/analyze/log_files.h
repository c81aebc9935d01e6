/*
 * log_files.h - several logs, plain or gzipped, read side by side in the order of their times: rotated logs may be
 * named in any order, and the logs of several servers, or Exim's main and reject log, go together. Within one
 * file the lines stay in their order; a line without a stamp belongs to the one before it. Owned by one thread.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_LOG_FILES_H
#define GATEPOST_TOOLS_ANALYZE_LOG_FILES_H

#include "log_line.h"

enum {
    LOG_FILES_MOST = 512,          /* files: all are open at once */
    LOG_FILES_LINE_LONGEST = 32768 /* a longer line is no log line; it is counted as not recognised */
};

struct log_file;

struct log_files {
    struct log_file *files;
    size_t count, current;
    int64_t until; /* the current file is the one to read up to this time */
    bool failed;   /* a file could not be read to its end; this was said on standard error */
    uint64_t size; /* of all files together; 0 if that is not known */
    uint64_t lines;
};

/* Opens PATHS, "-" being standard input. FIRST_YEAR as in log_time.h; 0: not given. Returns false when out of
 * memory. TRAFFIC: what is accepted is looked
 * for, too (log_event.h). A file that cannot be opened is reported and left out. */
bool log_files_open(struct log_files *s, char **paths, size_t count, unsigned first_year, int64_t now,
                    bool traffic);

/* Returns the next line, good until the next call, or NULL at the end. *FILE counts from 0. */
const struct log_event *log_files_next(struct log_files *s, int64_t *time, size_t *file);

/* Bytes read so far, as they are on the disk. */
uint64_t log_files_done(const struct log_files *s);

void log_files_close(struct log_files *s);

#endif
