#include "scan.h"

size_t scan_blanks(struct text t, size_t from)
{
    while (from < t.n && is_blank((unsigned char)t.p[from]))
        from++;
    return from;
}

struct text scan_word(struct text *rest)
{
    const size_t from = scan_blanks(*rest, 0);
    size_t end = from;
    while (end < rest->n && !is_blank((unsigned char)rest->p[end]))
        end++;
    struct text word = text_of(text_skip(*rest, from).p, end - from);
    *rest = text_skip(*rest, end);
    return word;
}

int scan_hex_digit(unsigned char c)
{
    if (is_digit(c))
        return c - '0';
    c = fold(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool scan_duration(struct text t, uint32_t *seconds)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    uint64_t number;
    if (t.n < 2 || !text_number(text_of(t.p, t.n - 1), UINT32_MAX, &number) || number == 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (fold((unsigned char)t.p[t.n - 1]) == (unsigned char)units[i].unit) {
            number *= units[i].seconds;
            if (number > UINT32_MAX)
                return false;
            *seconds = (uint32_t)number;
            return true;
        }
    return false;
}

unsigned scan_distance(struct text a, struct text b)
{
    enum { LONGEST = 40, TOO_FAR = 4 };
    unsigned previous[LONGEST + 1], row[LONGEST + 1];
    if (a.n > LONGEST || b.n > LONGEST || a.n > b.n + 3 || b.n > a.n + 3)
        return TOO_FAR;
    for (size_t j = 0; j <= b.n; j++)
        previous[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned change = fold((unsigned char)a.p[i - 1]) != fold((unsigned char)b.p[j - 1]);
            unsigned best = previous[j - 1] + change;
            if (previous[j] + 1 < best)
                best = previous[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
        memcpy(previous, row, sizeof previous);
    }
    return previous[b.n] < TOO_FAR ? previous[b.n] : TOO_FAR;
}

struct scan_near scan_near(struct text word)
{
    /* With as many edits as it has letters, any word becomes any other. */
    const unsigned limit = word.n < 8 ? 3 : 4;
    return (struct scan_near){.word = word, .limit = word.n < limit ? (unsigned)word.n : limit};
}

void scan_near_try(struct scan_near *near, const char *name)
{
    const unsigned distance = scan_distance(near->word, text_z(name));
    if (distance >= near->limit)
        return;
    near->limit = distance;
    near->name = name;
}
