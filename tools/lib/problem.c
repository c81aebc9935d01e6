#include "problem.h"
#include "tools/lib/output.h"

#include <stdio.h>

/* Tabs stay, so that the caret is below its place. */
static void show_line(struct text t)
{
    fputs("  ", stderr);
    while (t.n) {
        size_t n = text_find(t, 0, '\t');
        output_text(stderr, text_of(t.p, n));
        if (n < t.n)
            putc('\t', stderr);
        t = text_skip(t, n + 1);
    }
    putc('\n', stderr);
}

void problem_show(const struct error *e, bool warning, struct text source)
{
    char place[sizeof e->file + 32], line[400], caret[400];
    struct writer p = writer_on(place, sizeof place), l = writer_on(line, sizeof line),
                  c = writer_on(caret, sizeof caret);
    struct error where = *e;
    where.message[0] = '\0';
    error_format(&where, &p);
    output_printf(stderr, "%s%s%s\n", place, warning ? "warning: " : "", e->message);
    if (source.n == 0 || !e->column)
        return;
    error_caret(source, e->column, &l, &c);
    show_line(writer_text(&l));
    show_line(writer_text(&c));
}
