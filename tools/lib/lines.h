/*
 * lines.h - a text file line by line, with lines of any length, in whatever form people keep it: lines that end
 * in LF, CRLF or CR alone, a byte order mark at the beginning, a Ctrl-Z at the end, packed with gzip.
 */
#ifndef GATEPOST_TOOLS_LIB_LINES_H
#define GATEPOST_TOOLS_LIB_LINES_H

#include "core/base/text.h"

struct gzFile_s;

struct lines {
    struct gzFile_s *file;
    char *buffer;
    size_t at, filled;
    uint64_t done;   /* how many bytes of the file have been read */
    uint64_t all;    /* size of the file; 0 if unknown */
    unsigned number; /* number of the line returned last, from 1 */
    char end;        /* what ends a line; 0 before the first */
    bool over;
    const char *unreadable; /* why it is not text: input_unreadable() */
};

enum { LINE_LONGEST = 1 << 20 };

/* Opens PATH; "-" is standard input. Returns 0, or an errno value. */
int lines_open(struct lines *l, const char *path);

/* Returns 1 and the next line without its end, valid until the next call; 0 at the end; or -1 with *ERROR an
 * errno value: EMSGSIZE for a line longer than LINE_LONGEST, EILSEQ if it is not text, EPROTO for a damaged
 * gzip file. */
int lines_next(struct lines *l, struct text *line, int *error);

/* Writes the meaning of an error of these two in words. Returns OUT. */
const char *lines_reason(const struct lines *l, int error, char *out, size_t cap);

void lines_close(struct lines *l);

#endif
