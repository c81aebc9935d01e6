#include "error.h"

#include <stdio.h>

void error_set(struct error *e, const char *file, unsigned line, unsigned column, const char *format, ...)
{
    va_list arguments;
    snprintf(e->file, sizeof e->file, "%s", file ? file : "");
    e->line = line;
    e->column = column;
    va_start(arguments, format);
    if (vsnprintf(e->message, sizeof e->message, format, arguments) < 0)
        e->message[0] = '\0';
    va_end(arguments);
}

void error_format(const struct error *e, struct writer *w)
{
    if (e->file[0]) {
        writer_add(w, text_z(e->file));
        if (e->line)
            writer_printf(w, ":%u", e->line);
        if (e->line && e->column)
            writer_printf(w, ":%u", e->column);
        writer_add(w, TEXT(": "));
    }
    writer_add(w, text_z(e->message));
}

void error_report(struct report *r, const struct error *e, bool warning, struct text source)
{
    if (warning)
        r->warnings++;
    else
        r->errors++;
    if (r->problem)
        r->problem(r->context, e, warning, source);
}

void error_caret(struct text source, unsigned column, struct writer *line, struct writer *caret)
{
    enum { WIDTH = 160, BEFORE = 100 };
    size_t at = column ? column - 1 : 0;
    size_t from = at > BEFORE ? at - BEFORE : 0;
    struct text shown = text_skip(source, from);
    if (shown.n > WIDTH)
        shown.n = WIDTH;
    for (size_t i = 0; i < shown.n; i++) {
        unsigned char c = (unsigned char)shown.p[i];
        writer_char(line, (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c);
    }
    for (size_t i = from; i < at; i++) {
        unsigned char c = i - from < shown.n ? (unsigned char)shown.p[i - from] : ' ';
        if ((c & 0xc0) != 0x80) /* the bytes of one UTF-8 character take one column on a terminal */
            writer_char(caret, c == '\t' ? '\t' : ' ');
    }
    writer_char(caret, '^');
}
