#include "helo.h"

static bool ends_word(char c)
{
    return is_space((unsigned char)c) || c == ',' || c == ';';
}

/* Characters that clients put around a name. No colon: an IPv6 address may begin or end with one. */
static bool is_wrapping(char c)
{
    return c != '\0' && strchr("<>[](){}\"'`.", c) != NULL;
}

static struct text first_word(struct text t)
{
    size_t n = 0;
    while (t.n && ends_word(t.p[0]))
        t = text_skip(t, 1);
    while (n < t.n && !ends_word(t.p[n]))
        n++;
    return text_of(t.p, n);
}

struct helo helo_read(struct text argument)
{
    static const struct text tag = {"IPv6:", 5};
    struct text t = first_word(argument);
    while (t.n && is_wrapping(t.p[0]))
        t = text_skip(t, 1);
    while (t.n && is_wrapping(t.p[t.n - 1]))
        t.n--;
    struct helo h = {.name = t};
    h.is_address = ip_parse(text_starts_nocase(t, tag) ? text_skip(t, tag.n) : t, &h.ip);
    return h;
}
