#include "json.h"

#include "output.h"

enum { DEPTH_MAX = 31 };

/* A character that must be escaped; one beyond 16 bits is written as two halves. */
static void put_escaped(FILE *f, struct text c)
{
    uint32_t number = (unsigned char)c.p[0];
    if (c.n > 1)
        number &= 0x7Fu >> c.n;
    for (size_t i = 1; i < c.n; i++)
        number = number << 6 | ((unsigned char)c.p[i] & 0x3Fu);
    if (number > 0xFFFF)
        fprintf(f, "\\u%04x\\u%04x", (unsigned)(0xD800 + ((number - 0x10000) >> 10)),
                (unsigned)(0xDC00 + (number & 0x3FF)));
    else
        fprintf(f, "\\u%04x", (unsigned)number);
}

static void put_string(FILE *f, struct text t)
{
    bool safe;
    putc('"', f);
    for (size_t n; t.n; t = text_skip(t, n)) {
        n = output_char(t, &safe);
        if (t.p[0] == '"' || t.p[0] == '\\')
            fprintf(f, "\\%c", t.p[0]);
        else if (safe)
            fwrite(t.p, 1, n, f);
        else
            put_escaped(f, text_of(t.p, n));
    }
    putc('"', f);
}

/* Writes what comes before an item: a comma, the start of a line, its name. */
static void begin_item(struct json *j, const char *name)
{
    uint32_t here = 1u << j->depth;
    if (j->filled & here)
        fputs(j->lines & here ? "," : ", ", j->f);
    if (j->lines & here)
        fputs("\n  ", j->f);
    j->filled |= here;
    if (name) {
        put_string(j->f, text_z(name));
        fputs(": ", j->f);
    }
}

static void open_bracket(struct json *j, const char *name, bool array, bool lines)
{
    begin_item(j, name);
    putc(array ? '[' : '{', j->f);
    if (j->depth < DEPTH_MAX)
        j->depth++;
    uint32_t here = 1u << j->depth;
    j->filled &= ~here;
    j->arrays = array ? j->arrays | here : j->arrays & ~here;
    j->lines = lines ? j->lines | here : j->lines & ~here;
}

struct json json_on(FILE *f)
{
    return (struct json){.f = f};
}

void json_object(struct json *j, const char *name)
{
    open_bracket(j, name, false, false);
}

void json_array(struct json *j, const char *name)
{
    open_bracket(j, name, true, false);
}

void json_lines(struct json *j, const char *name)
{
    open_bracket(j, name, true, true);
}

void json_end(struct json *j)
{
    uint32_t here = 1u << j->depth;
    if (j->lines & j->filled & here)
        putc('\n', j->f);
    putc(j->arrays & here ? ']' : '}', j->f);
    j->depth--;
    if (j->depth == 0) {
        putc('\n', j->f);
        j->filled = 0;
    }
}

void json_text(struct json *j, const char *name, struct text value)
{
    begin_item(j, name);
    put_string(j->f, value);
}

void json_number(struct json *j, const char *name, uint64_t value)
{
    begin_item(j, name);
    fprintf(j->f, "%llu", (unsigned long long)value);
}

void json_bool(struct json *j, const char *name, bool value)
{
    begin_item(j, name);
    fputs(value ? "true" : "false", j->f);
}

void json_null(struct json *j, const char *name)
{
    begin_item(j, name);
    fputs("null", j->f);
}
