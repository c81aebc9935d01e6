/*
 * lines.h - a file, line by line, however long it is. LF or CRLF; a byte order mark at the beginning is
 * skipped.
 */
#ifndef GATEPOST_TOOLS_LIB_LINES_H
#define GATEPOST_TOOLS_LIB_LINES_H

#include "core/base/text.h"

#include <stdio.h>

struct lines {
    FILE *file;
    char *buffer;
    size_t at, filled;
    uint64_t done;   /* bytes handed out */
    uint64_t all;    /* bytes of the file; 0 if that is not known */
    unsigned number; /* of the line handed out last, from 1 */
    bool over;
};

enum { LINE_LONGEST = 1 << 20 };

/* Opens PATH, "-" being standard input. Returns 0, or an errno value. */
int lines_open(struct lines *l, const char *path);

/* Returns 1 and the next line without its end, valid until the next call; 0 at the end; or -1 with *ERROR an
 * errno value (EMSGSIZE: a line longer than LINE_LONGEST). */
int lines_next(struct lines *l, struct text *line, int *error);

void lines_close(struct lines *l);

#endif
