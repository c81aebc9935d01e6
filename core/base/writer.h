/*
 * writer.h - a bounded writer over memory of the caller. What does not fit is dropped and noted in `cut`; the
 * buffer always ends in NUL (cap must be at least 1). It never allocates.
 */
#ifndef GATEPOST_BASE_WRITER_H
#define GATEPOST_BASE_WRITER_H

#include <stdarg.h>

#include "text.h"

struct writer {
    char *p;
    size_t cap;
    size_t n;
    bool cut;
};

struct writer writer_on(char *memory, size_t cap);
void writer_add(struct writer *w, struct text t);
void writer_char(struct writer *w, char c);
void writer_printf(struct writer *w, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

/* Adds T in double quotes for a log line: `"`, `\`, control characters and bytes that are not ASCII are
 * escaped (\xHH). At most LIMIT bytes of T are shown, then "...". */
void writer_quoted(struct writer *w, struct text t, size_t limit);

/* Adds a time as an administrator writes it: "30m", "24h", "7d", "90s", in the largest unit that divides it. */
void writer_duration(struct writer *w, uint64_t seconds);

static inline struct text writer_text(const struct writer *w)
{
    return (struct text){w->p, w->n};
}

#endif
