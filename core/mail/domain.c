#include "domain.h"

enum { LABEL_MAX = 63, NAME_MAX_BYTES = 253 };

/* Letters, digits and hyphens (RFC 1123 section 2.1), and the underscore, which Windows hosts put into HELO. */
static bool label_is_valid(struct text label)
{
    if (label.n == 0 || label.n > LABEL_MAX || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    for (size_t i = 0; i < label.n; i++) {
        unsigned char c = (unsigned char)label.p[i];
        if (!is_alnum(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

static bool all_digits(struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!is_digit((unsigned char)t.p[i]))
            return false;
    return true;
}

bool domain_is_qualified(struct text t)
{
    if (t.n && t.p[t.n - 1] == '.') /* the root */
        t.n--;
    if (t.n > NAME_MAX_BYTES || text_find(t, 0, '.') == t.n)
        return false;
    for (;;) {
        size_t dot = text_find(t, 0, '.');
        struct text label = text_of(t.p, dot);
        if (!label_is_valid(label))
            return false;
        if (dot == t.n)
            return !all_digits(label);
        t = text_skip(t, dot + 1);
    }
}

struct text domain_trim(struct text t)
{
    while (t.n && t.p[t.n - 1] == '.')
        t.n--;
    return t;
}

struct text domain_parent(struct text t)
{
    return text_skip(t, text_find(t, 0, '.') + 1);
}

bool domain_in(struct text name, struct text pattern)
{
    name = domain_trim(name);
    pattern = domain_trim(pattern);
    /* "." and the empty pattern are not names. They would match every host or none, so they match nothing. */
    if (pattern.n == 0 || name.n == 0)
        return false;
    if (pattern.p[0] != '.')
        return text_eq_nocase(name, pattern);
    return text_ends_nocase(name, pattern) || text_eq_nocase(name, text_skip(pattern, 1));
}
