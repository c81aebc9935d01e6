#include "text.h"

bool text_eq(struct text a, struct text b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool text_same_nocase(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fold((unsigned char)a[i]) != fold((unsigned char)b[i]))
            return false;
    return true;
}

bool text_starts_nocase(struct text t, struct text prefix)
{
    return t.n >= prefix.n && text_same_nocase(t.p, prefix.p, prefix.n);
}

bool text_ends_nocase(struct text t, struct text suffix)
{
    return t.n >= suffix.n && text_eq_nocase(text_skip(t, t.n - suffix.n), suffix);
}

size_t text_find(struct text t, size_t from, char c)
{
    if (from >= t.n)
        return t.n;
    const char *hit = memchr(t.p + from, c, t.n - from);
    return hit ? (size_t)(hit - t.p) : t.n;
}

size_t text_find_nocase(struct text t, struct text needle)
{
    if (needle.n == 0)
        return 0;
    for (size_t i = 0; i + needle.n <= t.n; i++)
        if (text_same_nocase(t.p + i, needle.p, needle.n))
            return i;
    return t.n;
}

struct text text_trim(struct text t)
{
    while (t.n && is_space((unsigned char)t.p[0]))
        t = text_skip(t, 1);
    while (t.n && is_space((unsigned char)t.p[t.n - 1]))
        t.n--;
    return t;
}

bool text_number(struct text t, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (t.n == 0)
        return false;
    for (size_t i = 0; i < t.n; i++) {
        if (!is_digit((unsigned char)t.p[i]))
            return false;
        unsigned digit = (unsigned)(t.p[i] - '0');
        if (value > (max - digit) / 10 || max < digit)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

uint64_t text_hash(uint64_t h, struct text t)
{
    for (size_t i = 0; i < t.n; i++)
        h = (h ^ (unsigned char)t.p[i]) * 1099511628211u;
    return h;
}
