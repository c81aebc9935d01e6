#include "line.h"

#include <stdio.h>

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
    while (is_blank((unsigned char)line_peek(l)))
        l->at++;
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

bool scan_duration(struct text t, uint32_t *seconds)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    uint64_t number;
    if (t.n < 2 || !text_number(text_of(t.p, t.n - 1), UINT32_MAX, &number) || number == 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (fold((unsigned char)t.p[t.n - 1]) == (unsigned char)units[i].unit) {
            number *= units[i].seconds;
            if (number > UINT32_MAX)
                return false;
            *seconds = (uint32_t)number;
            return true;
        }
    return false;
}
