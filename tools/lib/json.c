#include "json.h"

/* Bytes of the UTF-8 sequence at the front of T (RFC 3629); 0 if there is none. */
static size_t utf8_length(struct text t)
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
    for (size_t i = 1; i < n; i++, low = 0x80, high = 0xBF)
        if ((unsigned char)t.p[i] < low || (unsigned char)t.p[i] > high)
            return 0;
    return n;
}

void json_string(FILE *f, struct text t)
{
    putc('"', f);
    while (t.n) {
        unsigned char c = (unsigned char)t.p[0];
        size_t n = utf8_length(t);
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", c);
        else if (c < 0x20 || c == 0x7F || n == 0)
            fprintf(f, "\\u%04x", c);
        else
            fwrite(t.p, 1, n, f);
        t = text_skip(t, n ? n : 1);
    }
    putc('"', f);
}
