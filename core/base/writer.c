#include "writer.h"

#include <stdio.h>

struct writer writer_on(char *memory, size_t cap)
{
    memory[0] = '\0';
    return (struct writer){.p = memory, .cap = cap};
}

void writer_add(struct writer *w, struct text t)
{
    size_t room = w->cap - 1 - w->n;
    if (t.n > room) {
        t.n = room;
        w->cut = true;
    }
    if (t.n)
        memcpy(w->p + w->n, t.p, t.n);
    w->n += t.n;
    w->p[w->n] = '\0';
}

void writer_char(struct writer *w, char c)
{
    writer_add(w, text_of(&c, 1));
}

void writer_printf(struct writer *w, const char *format, ...)
{
    va_list arguments;
    size_t room = w->cap - w->n;
    va_start(arguments, format);
    int wanted = vsnprintf(w->p + w->n, room, format, arguments);
    va_end(arguments);
    if (wanted < 0) {
        w->p[w->n] = '\0';
        w->cut = true;
    } else if ((size_t)wanted >= room) {
        w->n = w->cap - 1;
        w->cut = true;
    } else {
        w->n += (size_t)wanted;
    }
}

void writer_quoted(struct writer *w, struct text t, size_t limit)
{
    size_t shown = t.n < limit ? t.n : limit;
    writer_char(w, '"');
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c == '"' || c == '\\')
            writer_printf(w, "\\%c", c);
        else if (c < 0x20 || c > 0x7e)
            writer_printf(w, "\\x%02x", c);
        else
            writer_char(w, (char)c);
    }
    writer_add(w, shown < t.n ? TEXT("...\"") : TEXT("\""));
}

void writer_duration(struct writer *w, uint64_t seconds)
{
    static const struct {
        uint64_t length;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (seconds && seconds % units[i].length == 0) {
            writer_printf(w, "%llu%c", (unsigned long long)(seconds / units[i].length), units[i].unit);
            return;
        }
    writer_printf(w, "%llus", (unsigned long long)seconds);
}
