#include "line.h"

#include <stdio.h>

#include "core/base/scan.h"

__attribute__((format(__printf__, 4, 0))) static void problem(struct line *l, size_t at, bool warning,
                                                              const char *format, va_list arguments)
{
    struct error e;
    char message[sizeof e.message];
    if (vsnprintf(message, sizeof message, format, arguments) < 0)
        message[0] = '\0';
    error_set(&e, l->file, l->number, (unsigned)at + 1, "%s", message);
    error_report(l->report, &e, warning, l->text);
}

bool line_error(struct line *l, size_t at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    problem(l, at, false, format, arguments);
    va_end(arguments);
    return false;
}

void line_warning(struct line *l, size_t at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    problem(l, at, true, format, arguments);
    va_end(arguments);
}

void line_blanks(struct line *l)
{
    l->at = scan_blanks(l->text, l->at);
}

void line_separator(struct line *l)
{
    line_blanks(l);
    if (line_peek(l) == ',') {
        l->at++;
        line_blanks(l);
    }
}

struct text line_word(struct line *l)
{
    size_t from = l->at;
    while (is_alnum((unsigned char)line_peek(l)) || line_peek(l) == '-' || line_peek(l) == '_')
        l->at++;
    return text_of(l->text.p + from, l->at - from);
}

bool line_quoted(struct line *l, struct text *out)
{
    if (line_peek(l) != '"')
        return false;
    size_t from = l->at + 1;
    size_t end = text_find(l->text, from, '"');
    if (end == l->text.n) {
        *out = text_of(NULL, 0);
        return line_error(l, l->at, "this quote is never closed; end the text with '\"'");
    }
    *out = text_of(l->text.p + from, end - from);
    l->at = end + 1;
    return true;
}
