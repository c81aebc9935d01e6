#include "log_scan.h"

void log_scan_blanks(struct text *t)
{
    while (t->n && is_blank((unsigned char)t->p[0]))
        *t = text_skip(*t, 1);
}

bool log_scan_gap(struct text *t)
{
    size_t before = t->n;
    do
        log_scan_blanks(t);
    while (log_scan_eat(t, TEXT("\xC2\xA0")));
    return t->n < before;
}

struct text log_scan_token(struct text *t)
{
    size_t n = 0;
    while (n < t->n && t->p[n] != ' ' && t->p[n] != '\t')
        n++;
    struct text token = text_of(t->p, n);
    *t = text_skip(*t, n + 1);
    return token;
}

bool log_scan_digits(struct text *t, size_t count, unsigned *out)
{
    unsigned value = 0;
    if (t->n < count || !count || count > 9)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit((unsigned char)t->p[i]))
            return false;
        value = value * 10 + (unsigned)(t->p[i] - '0');
    }
    *out = value;
    *t = text_skip(*t, count);
    return true;
}

size_t log_scan_find(struct text t, size_t from, struct text word)
{
    for (size_t i = text_find(t, from, word.p[0]); i < t.n; i = text_find(t, i + 1, word.p[0]))
        if (t.n - i >= word.n && memcmp(t.p + i, word.p, word.n) == 0)
            return i;
    return t.n;
}

size_t log_scan_find_last(struct text t, struct text word)
{
    for (size_t i = t.n; i-- > 0;)
        if (t.n - i >= word.n && t.p[i] == word.p[0] && memcmp(t.p + i, word.p, word.n) == 0)
            return i;
    return t.n;
}

bool log_scan_bracketed(struct text *t, struct text *out)
{
    if (!t->n || t->p[0] != '<')
        return false;
    bool quoted = false;
    size_t limit = t->n < LOG_SCAN_ADDRESS_MAX ? t->n : LOG_SCAN_ADDRESS_MAX, end = 1;
    for (; end < limit && (quoted || t->p[end] != '>'); end++) {
        if (quoted && t->p[end] == '\\')
            end++;
        else if (t->p[end] == '"')
            quoted = !quoted;
    }
    if (end >= limit) /* a quote that is never closed is an ordinary character */
        end = text_find(text_of(t->p, limit), 0, '>');
    if (end >= limit)
        return false;
    *out = text_of(t->p + 1, end - 1);
    *t = text_skip(*t, end + 1);
    return true;
}

bool log_scan_ip(struct text t, struct ip *out)
{
    if (text_starts_nocase(t, TEXT("IPv6:")))
        t = text_skip(t, 5);
    return ip_parse(t, out);
}

bool log_scan_peer(struct text *m, struct ip *client)
{
    size_t limit = m->n < LOG_SCAN_NAME_MAX ? m->n : LOG_SCAN_NAME_MAX, open = 0;
    while (open < limit && m->p[open] != '[' && !is_blank((unsigned char)m->p[open]))
        open++;
    if (open == limit || m->p[open] != '[')
        return false;
    struct text rest = text_skip(*m, open + 1);
    size_t close = text_find(text_of(rest.p, rest.n < IP_TEXT_MAX + 8 ? rest.n : IP_TEXT_MAX + 8), 0, ']');
    if (close >= rest.n || !log_scan_ip(text_of(rest.p, close), client))
        return false;
    rest = text_skip(rest, close + 1);
    if (log_scan_eat(&rest, TEXT(":")) && rest.n && is_digit((unsigned char)rest.p[0])) {
        while (rest.n && is_digit((unsigned char)rest.p[0]))
            rest = text_skip(rest, 1);
    } else {
        rest = text_skip(*m, open + 1 + close + 1);
    }
    *m = rest;
    return true;
}
