/* error.h - what is wrong and where, in memory of the caller: reporting an error never allocates. */
#ifndef GATEPOST_BASE_ERROR_H
#define GATEPOST_BASE_ERROR_H

#include "writer.h"

struct error {
    char file[256]; /* as the administrator wrote it; empty if the error is not about a file */
    unsigned line;  /* from 1; 0 if unknown */
    unsigned column;
    char message[512]; /* what is wrong and what to do; no line break */
};

void error_set(struct error *e, const char *file, unsigned line, unsigned column, const char *format, ...)
    __attribute__((format(__printf__, 5, 6)));

/* Writes "file:12:9: message", with as much of the place as is known. */
void error_format(const struct error *e, struct writer *w);

/*
 * Where a parser sends its problems. A file is read to its end and every problem is reported. SOURCE is the
 * line of the problem (empty if there is none), borrowed for the call.
 */
struct report {
    void *context;
    void (*problem)(void *context, const struct error *e, bool warning, struct text source);
    unsigned errors;
    unsigned warnings;
};

/* Counts a problem and passes it on; a report without a function only counts. */
void error_report(struct report *r, const struct error *e, bool warning, struct text source);

/* Writes the source line and, below it, a caret under COLUMN: two lines without line ends. Tabs are kept so
 * that the caret is at the right column; other control characters are shown as '?'. Of a long line only the
 * part around the caret is shown. */
void error_caret(struct text source, unsigned column, struct writer *line, struct writer *caret);

#endif
