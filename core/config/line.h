/* line.h - a line of a rule file, with a cursor that only moves forward over what it has recognised. */
#ifndef GATEPOST_CONFIG_LINE_H
#define GATEPOST_CONFIG_LINE_H

#include "core/base/error.h"

struct line {
    const char *file; /* for messages */
    unsigned number;
    struct text text; /* without line end */
    size_t at;
    struct report *report;
};

/* Report an error or a warning at byte offset AT of the line. line_error returns false, so that a parser can
 * `return` it. */
bool line_error(struct line *l, size_t at, const char *format, ...) __attribute__((format(__printf__, 3, 4)));
void line_warning(struct line *l, size_t at, const char *format, ...) __attribute__((format(__printf__, 3, 4)));

static inline bool line_over(const struct line *l)
{
    return l->at >= l->text.n;
}

/* The byte at the cursor; NUL at the end. */
static inline char line_peek(const struct line *l)
{
    return l->at < l->text.n ? l->text.p[l->at] : '\0';
}

void line_blanks(struct line *l);

/* Skips blanks with at most one comma among them, as between the fields of a rule. */
void line_separator(struct line *l);

/* Takes letters, digits, '-' and '_' at the cursor; empty if there are none. */
struct text line_word(struct line *l);

/* Takes "…" at the cursor: sets *OUT to the text between the quotes. Returns false without a report if there
 * is no quote. If it is not closed, reports an error and sets OUT->p to NULL. */
bool line_quoted(struct line *l, struct text *out);

#endif
