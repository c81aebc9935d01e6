#include "trace_field.h"

/* Where the comment that begins at AT ends: after its closing parenthesis, or the end of T. */
static size_t comment_end(struct text t, size_t at)
{
    unsigned depth = 0;
    for (; at < t.n; at++) {
        if (t.p[at] == '\\' && at + 1 < t.n)
            at++;
        else if (t.p[at] == '(')
            depth++;
        else if (t.p[at] == ')' && --depth == 0)
            return at + 1;
    }
    return t.n;
}

/* The next word at or after *AT, outside comments; the date after ';' is none. Empty at the end. */
static struct text next_word(struct text t, size_t *at)
{
    size_t i = *at;
    while (i < t.n && (is_space((unsigned char)t.p[i]) || t.p[i] == '('))
        i = t.p[i] == '(' ? comment_end(t, i) : i + 1;
    size_t begin = i;
    while (i < t.n && !is_space((unsigned char)t.p[i]) && t.p[i] != '(' && t.p[i] != ';')
        i++;
    *at = i < t.n && t.p[i] == ';' ? t.n : i;
    return text_of(t.p + begin, i - begin);
}

struct text trace_field_by(struct text value)
{
    size_t at = 0;
    struct text word;
    do
        word = next_word(value, &at);
    while (word.n && !text_eq_nocase(word, TEXT("by")));
    return word.n ? next_word(value, &at) : word;
}
