#include "reply.h"

bool reply_has_code(struct text t)
{
    return t.n >= 3 && t.n <= REPLY_MAX && (t.p[0] == '4' || t.p[0] == '5') &&
           is_digit((unsigned char)t.p[1]) && is_digit((unsigned char)t.p[2]) &&
           (t.n == 3 || is_blank((unsigned char)t.p[3]));
}

bool reply_check(struct line *l, size_t at, struct text reply, bool needs_code)
{
    if (reply.n > REPLY_MAX)
        return line_error(l, at, "the reply has %zu bytes; at most %d are allowed", reply.n, REPLY_MAX);
    for (size_t i = 0; i < reply.n; i++)
        if (((unsigned char)reply.p[i] < 0x20 && reply.p[i] != '\t') || reply.p[i] == 0x7f)
            return line_error(l, at + i, "a reply cannot contain a control character");
    if (needs_code && !reply_has_code(reply))
        return line_error(l, at,
                          "a reply begins with a code from 400 to 599 and a blank, like \"554 Go away\"");
    return true;
}

static bool is_enhanced_code(struct text t, unsigned code)
{
    size_t dots = 0;
    if (t.n < 5 || t.n > 9 || t.p[0] != (char)('0' + code / 100) || t.p[1] != '.')
        return false;
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '.')
            dots++;
        else if (!is_digit((unsigned char)t.p[i]))
            return false;
        if (t.p[i] == '.' && (i + 1 == t.n || t.p[i + 1] == '.'))
            return false;
    }
    return dots == 2;
}

void reply_split(struct text reply, unsigned *code, struct text *enhanced, struct text *rest)
{
    *code = 0;
    *enhanced = text_of(reply.p, 0);
    *rest = reply;
    if (!reply_has_code(reply))
        return;
    *code =
        (unsigned)(reply.p[0] - '0') * 100 + (unsigned)(reply.p[1] - '0') * 10 + (unsigned)(reply.p[2] - '0');
    *rest = text_skip(reply, 4);
    struct text word = text_of(rest->p, text_find(*rest, 0, ' '));
    if (is_enhanced_code(word, *code)) {
        *enhanced = word;
        *rest = text_skip(*rest, word.n + 1);
    }
}
