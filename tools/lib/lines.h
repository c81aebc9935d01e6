/*
 * lines.h - a text file line by line, however long it is, as people leave files about: lines that end in LF, CRLF or CR
 * alone, a byte order mark at the beginning, a Ctrl-Z at the end, packed with gzip.
 */
#ifndef GATEPOST_TOOLS_LIB_LINES_H
#define GATEPOST_TOOLS_LIB_LINES_H

#include "core/base/text.h"

struct gzFile_s;

struct lines {
    struct gzFile_s *file;
    char *buffer;
    size_t at, filled;
    uint64_t done;   /* bytes of the file that are read */
    uint64_t all;    /* bytes of the file; 0 if that is not known */
    unsigned number; /* of the line handed out last, from 1 */
    char end;        /* what ends a line; 0 before the first */
    bool over;
    const char *unreadable; /* why it is no text: input_unreadable() */
};

enum { LINE_LONGEST = 1 << 20 };

/* Opens PATH, "-" being standard input. Returns 0, or an errno value. */
int lines_open(struct lines *l, const char *path);

/* Returns 1 and the next line without its end, valid until the next call; 0 at the end; or -1 with *ERROR an errno value:
 * EMSGSIZE for a line longer than LINE_LONGEST, EILSEQ for what is no text, EPROTO for a damaged gzip file. */
int lines_next(struct lines *l, struct text *line, int *error);

/* What an error of the two means, in words. Returns OUT. */
const char *lines_reason(const struct lines *l, int error, char *out, size_t cap);

void lines_close(struct lines *l);

#endif
