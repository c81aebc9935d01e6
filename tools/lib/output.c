#include "output.h"

#include <errno.h>

#include "core/os/os.h"
#include "tools/commands.h"

/* Length of the UTF-8 sequence at the front of T (RFC 3629), and its number; 0 if there is none. */
static size_t decode(struct text t, uint32_t *number)
{
    unsigned char c = (unsigned char)t.p[0], low = 0x80, high = 0xBF;
    size_t n = c < 0x80                ? 1
               : c >= 0xC2 && c < 0xE0 ? 2
               : (c & 0xF0) == 0xE0    ? 3
               : c >= 0xF0 && c < 0xF5 ? 4
                                       : 0;
    if (c == 0xE0)
        low = 0xA0;
    else if (c == 0xF0)
        low = 0x90;
    if (c == 0xED)
        high = 0x9F;
    else if (c == 0xF4)
        high = 0x8F;
    if (n > t.n)
        return 0;
    *number = n < 2 ? c : c & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++, low = 0x80, high = 0xBF) {
        unsigned char next = (unsigned char)t.p[i];
        if (next < low || next > high)
            return 0;
        *number = *number << 6 | (next & 0x3Fu);
    }
    return n;
}

/* Characters that a person cannot see, or that change how others are shown (Unicode: general categories Cc,
 * Cf, Zl, Zp, noncharacters, and the fillers of Hangul). */
static bool is_hidden(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0x0000, 0x001F}, {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},   {0x0600, 0x0605},
        {0x061C, 0x061C}, {0x06DD, 0x06DD},   {0x070F, 0x070F},   {0x08E2, 0x08E2},   {0x115F, 0x1160},
        {0x17B4, 0x17B5}, {0x180B, 0x180F},   {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},
        {0x3164, 0x3164}, {0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
        {0xFFF0, 0xFFFB}, {0x110BD, 0x110BD}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (c >= hidden[i].first && c <= hidden[i].last)
            return true;
    return (c & 0xFFFE) == 0xFFFE;
}

size_t output_char(struct text t, bool *safe)
{
    uint32_t number = 0;
    size_t n = decode(t, &number);
    *safe = n && !is_hidden(number);
    return n ? n : 1;
}

bool output_is_safe(struct text t)
{
    bool safe = true;
    while (t.n && safe)
        t = text_skip(t, output_char(t, &safe));
    return safe;
}

void output_add(struct writer *w, struct text t, size_t size)
{
    bool safe;
    for (size_t n, left = size; t.n; t = text_skip(t, n), left -= n) {
        n = output_char(t, &safe);
        if (n > left) {
            writer_add(w, TEXT("..."));
            return;
        }
        for (size_t i = 0; i < n && !safe; i++)
            writer_printf(w, "\\x%02x", (unsigned char)t.p[i]);
        if (safe)
            writer_add(w, text_of(t.p, n));
    }
}

/* The characters that are special in HTML, in text and in the value of an attribute. */
static const char *entity(char c)
{
    return c == '<'    ? "&lt;"
           : c == '>'  ? "&gt;"
           : c == '&'  ? "&amp;"
           : c == '"'  ? "&quot;"
           : c == '\'' ? "&#39;"
                       : NULL;
}

/* Writes T, and returns how many columns that were. */
static int show(FILE *f, bool html, struct text t)
{
    int columns = 0;
    bool safe;
    for (size_t n; t.n; t = text_skip(t, n)) {
        n = output_char(t, &safe);
        const char *written = html && safe ? entity(t.p[0]) : NULL;
        if (written)
            fputs(written, f);
        else if (safe)
            fwrite(t.p, 1, n, f);
        for (size_t i = 0; i < n && !safe; i++)
            fprintf(f, "\\x%02x", (unsigned char)t.p[i]);
        columns += safe ? 1 : 4 * (int)n;
    }
    return columns;
}

void output_text(FILE *f, struct text t)
{
    show(f, false, t);
}

/* A conversion: "%-*.*s" and the like. */
struct conversion {
    char text[16]; /* for printf(), without width and precision */
    bool left;
    int width, precision; /* -1: none */
    char length;          /* 'l', 'L' for ll, 'z', or 0 */
    char kind;
};

static int take_number(const char **at, va_list *arguments)
{
    int n = 0;
    if (**at == '*') {
        (*at)++;
        return va_arg(*arguments, int);
    }
    while (is_digit((unsigned char)**at))
        n = n * 10 + *(*at)++ - '0';
    return n;
}

/* Reads the conversion after a '%' at *AT. */
static struct conversion take_conversion(const char **at, va_list *arguments)
{
    struct conversion c = {.width = 0, .precision = -1};
    struct writer w = writer_on(c.text, sizeof c.text);
    writer_char(&w, '%');
    for (; **at && strchr("-+ #0", **at); (*at)++) {
        c.left = c.left || **at == '-';
        writer_char(&w, **at);
    }
    c.width = take_number(at, arguments);
    if (**at == '.') {
        (*at)++;
        c.precision = take_number(at, arguments);
    }
    writer_add(&w, TEXT("*.*"));
    for (; **at == 'l' || **at == 'z'; (*at)++) {
        c.length = c.length == 'l' ? 'L' : **at;
        writer_char(&w, **at);
    }
    c.kind = **at;
    writer_char(&w, c.kind);
    if (c.kind)
        (*at)++;
    return c;
}

static void show_text(FILE *f, bool html, const struct conversion *c, const char *text)
{
    static const char none[] = "(none)";
    const char *p = text ? text : none;
    struct text t = text_of(p, 0);
    while ((c->precision < 0 || t.n < (size_t)c->precision) && p[t.n])
        t.n++;
    int columns = 0;
    if (!c->left && c->width) {
        bool safe;
        for (struct text rest = t; rest.n;) {
            size_t n = output_char(rest, &safe);
            columns += safe ? 1 : 4 * (int)n;
            rest = text_skip(rest, n);
        }
        fprintf(f, "%*s", c->width > columns ? c->width - columns : 0, "");
    }
    columns = show(f, html, t);
    if (c->left && c->width > columns)
        fprintf(f, "%*s", c->width - columns, "");
}

/* The formats are built from checked ones, so the compiler cannot see them. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void show_number(FILE *f, const struct conversion *c, va_list *arguments)
{
    if (c->kind == 'f')
        fprintf(f, c->text, c->width, c->precision, va_arg(*arguments, double));
    else if (c->length == 'L')
        fprintf(f, c->text, c->width, c->precision, va_arg(*arguments, long long));
    else if (c->length == 'l')
        fprintf(f, c->text, c->width, c->precision, va_arg(*arguments, long));
    else if (c->length == 'z')
        fprintf(f, c->text, c->width, c->precision, va_arg(*arguments, size_t));
    else
        fprintf(f, c->text, c->width, c->precision, va_arg(*arguments, int));
}
#pragma GCC diagnostic pop

static void print(FILE *f, bool html, const char *format, va_list arguments)
{
    va_list rest;
    va_copy(rest, arguments);
    for (const char *p = format; *p;) {
        size_t plain = strcspn(p, "%");
        fwrite(p, 1, plain, f);
        p += plain;
        if (!*p)
            break;
        p++;
        if (*p == '%') {
            putc(*p++, f);
            continue;
        }
        struct conversion c = take_conversion(&p, &rest);
        if (c.kind == 's') {
            show_text(f, html, &c, va_arg(rest, const char *));
        } else if (c.kind == 'c') {
            char one = (char)va_arg(rest, int);
            show(f, html, text_of(&one, 1));
        } else if (c.kind) {
            show_number(f, &c, &rest);
        }
    }
    va_end(rest);
}

void output_vprintf(FILE *f, const char *format, va_list arguments)
{
    print(f, false, format, arguments);
}

void output_html(FILE *f, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(f, true, format, arguments);
    va_end(arguments);
}

void output_printf(FILE *f, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    output_vprintf(f, format, arguments);
    va_end(arguments);
}

int output_finish(const char *command, int status)
{
    char reason[128];
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "%s: standard output could not be written: %s\n", command,
            os_reason(errno, reason, sizeof reason));
    return STATUS_CANNOT;
}
