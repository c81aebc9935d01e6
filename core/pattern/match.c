#include "code.h"

/* A word character is a letter, a digit, '_' or any byte beyond ASCII: those are parts of letters far more
 * often than of anything else. */
static bool is_word(unsigned char c)
{
    return is_alnum(c) || c == '_' || c >= 0x80;
}

static bool item_takes(const unsigned char *code, struct item it, unsigned char c)
{
    switch (it.what & ITEM_KIND_MASK) {
    case ITEM_BYTE:
        return c == it.a || c == it.b;
    case ITEM_ANY:
        return true;
    case ITEM_SET:
        return set_has(code + code_sets_at(code_items(code)) + (size_t)it.a * SET_SIZE, c);
    case ITEM_SPACE:
        return is_space(c);
    default:
        return false;
    }
}

static uint64_t load64(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* The first of A or B (the two cases of a letter, or the same byte) at or after FROM, before END; END if there
 * is none. */
static size_t find_byte(const char *p, size_t from, size_t end, unsigned char a, unsigned char b)
{
    if (from >= end)
        return end;
    if (a == b) {
        const char *hit = memchr(p + from, a, end - from);
        return hit ? (size_t)(hit - p) : end;
    }
    /* Eight bytes at a time: setting bit 5 makes the two cases of a letter one, and a byte that then equals it
     * is zero in x. */
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    while (end - from >= 8) {
        uint64_t x = (load64(p + from) | ones * 0x20) ^ ones * (unsigned char)(a | 0x20);
        if ((x - ones) & ~x & high)
            break;
        from += 8;
    }
    while (from < end && (unsigned char)p[from] != a && (unsigned char)p[from] != b)
        from++;
    return from;
}

/* Whether the COUNT single-byte items from I on match the bytes at P. */
static bool run_matches(const unsigned char *code, size_t i, size_t count, const char *p)
{
    for (size_t k = 0; k < count; k++) {
        struct item it = code_item(code, i + k);
        unsigned char c = (unsigned char)p[k];
        if ((it.what & ITEM_KIND_MASK) == ITEM_BYTE ? c != it.a && c != it.b : !item_takes(code, it, c))
            return false;
    }
    return true;
}

/*
 * Runs of single-byte items between stars. The first must match at the beginning and the last at the end. For
 * those between, the leftmost place is always as good as any other, so no earlier star is ever tried again.
 */
int pattern_match_glob(const unsigned char *code, struct text subject)
{
    size_t items = code_items(code), tail = code_tail(code), shortest = code_shortest(code);
    if (subject.n < shortest)
        return 0;
    if (!(code[1] & CODE_HAS_STAR))
        return subject.n == items && run_matches(code, 0, items, subject.p);
    if (tail && !run_matches(code, items - tail, tail, subject.p + (subject.n - tail)))
        return 0;
    size_t i = 0, at = 0, end = subject.n - tail,
           last = items - tail; /* `last`: the item after the last star */
    while (code_item(code, i).what != ITEM_STAR)
        i++;
    if (i && !run_matches(code, 0, i, subject.p))
        return 0;
    at = i;
    for (i++; i < last; i++) {
        size_t n = 0;
        while (code_item(code, i + n).what != ITEM_STAR)
            n++;
        struct item first = code_item(code, i);
        for (;; at++) {
            if (end < n || at > end - n)
                return 0;
            if (first.what == ITEM_BYTE) {
                at = find_byte(subject.p, at, end - n + 1, first.a, first.b);
                if (at > end - n)
                    return 0;
            }
            if (run_matches(code, i, n, subject.p + at))
                break;
        }
        at += n;
        i += n;
    }
    return 1;
}

/*
 * The automaton for everything else. States only move forward, so one row of bits is enough: the step goes
 * through it from the highest state down, and the closure (items that may be skipped) from the lowest up. A
 * star that has been reached replaces all states before it: it can reach whatever they could, by consuming the
 * same bytes.
 */
struct automaton {
    const unsigned char *code;
    size_t items;
    size_t low, high; /* no state outside these is alive */
    uint64_t alive[(ITEMS_MAX + 64) / 64];
};

static bool is_alive(const struct automaton *m, size_t i)
{
    return m->alive[i / 64] >> (i % 64) & 1;
}

static void revive(struct automaton *m, size_t i)
{
    m->alive[i / 64] |= (uint64_t)1 << (i % 64);
    if (i > m->high)
        m->high = i;
}

/* Skips items that need no input before byte AT of the subject. */
static void close_over(struct automaton *m, struct text subject, size_t at)
{
    bool before = at > 0 && is_word((unsigned char)subject.p[at - 1]);
    bool after = at < subject.n && is_word((unsigned char)subject.p[at]);
    for (size_t i = m->low; i <= m->high && i < m->items; i++) {
        if (!is_alive(m, i))
            continue;
        struct item it = code_item(m->code, i);
        unsigned kind = it.what & ITEM_KIND_MASK;
        if (it.what == ITEM_STAR)
            m->low = i;
        if (it.what & ITEM_MAYBE || (kind == ITEM_WORD_START && !before && after) ||
            (kind == ITEM_WORD_END && before && !after))
            revive(m, i + 1);
    }
}

/* Consumes one byte. Returns whether any state is still alive. */
static bool step(struct automaton *m, unsigned char c)
{
    size_t low = m->items + 1, high = m->high;
    m->high = m->low;
    for (size_t i = high + 1; i-- > m->low;) {
        if (!is_alive(m, i))
            continue;
        struct item it = code_item(m->code, i);
        m->alive[i / 64] &= ~((uint64_t)1 << (i % 64));
        if (it.ignore && is_ignored(c, it.ignore)) {
            revive(m, i);
            low = i;
            continue;
        }
        if (!item_takes(m->code, it, c))
            continue;
        low = i + 1;
        if (!(it.what & ITEM_MAYBE))
            revive(m, i + 1);
        if (it.what & ITEM_LOOP) {
            revive(m, i);
            low = i;
        }
    }
    if (low > m->items)
        return false;
    m->low = low;
    return true;
}

/* Returns the index of the next byte that can change anything, if only a star and the byte after it are
 * alive. */
static size_t next_of_interest(const struct automaton *m, struct text subject, size_t at)
{
    if (m->high != m->low + 1 || m->high == m->items || code_item(m->code, m->low).what != ITEM_STAR)
        return at;
    struct item it = code_item(m->code, m->high);
    return (it.what & ITEM_KIND_MASK) == ITEM_BYTE ? find_byte(subject.p, at, subject.n, it.a, it.b) : at;
}

static void start(struct automaton *m, const unsigned char *code)
{
    m->code = code;
    m->items = code_items(code);
    m->low = m->high = 0;
    memset(m->alive, 0, (m->items / 64 + 1) * sizeof *m->alive);
    m->alive[0] = 1;
}

/* Runs to the end of the subject, without the closure there. Returns 1 if it matches whatever follows, 0 if
 * nothing can match, -1 if this depends on the states that are alive. */
static int run(struct automaton *m, struct text subject)
{
    for (size_t at = 0; at < subject.n; at++) {
        close_over(m, subject, at);
        if (m->low + 1 == m->items && code_item(m->code, m->low).what == ITEM_STAR)
            return 1;
        at = next_of_interest(m, subject, at);
        if (at < subject.n && !step(m, (unsigned char)subject.p[at]))
            return 0;
    }
    return -1;
}

int pattern_match_automaton(const unsigned char *code, struct text subject)
{
    struct automaton m;
    start(&m, code);
    int known = run(&m, subject);
    if (known >= 0)
        return known;
    close_over(&m, subject, subject.n);
    return is_alive(&m, m.items);
}

int pattern_match(const unsigned char *code, size_t size, struct text subject)
{
    (void)size;
    return code[1] & CODE_IS_GLOB ? pattern_match_glob(code, subject) : pattern_match_automaton(code, subject);
}

int pattern_match_prefix(const unsigned char *code, size_t size, struct text prefix)
{
    struct automaton m;
    (void)size;
    start(&m, code);
    return run(&m, prefix) != 0;
}

/* At the end of a text that continues, a word need not end. */
static bool looks_at_words(const unsigned char *code)
{
    for (size_t i = 0; i < code_items(code); i++)
        if (!item_consumes(code_item(code, i)))
            return true;
    return false;
}

int pattern_match_beginning(const unsigned char *code, size_t size, struct text beginning)
{
    const bool takes_any_rest = (code[1] & CODE_HAS_STAR) && code_tail(code) == 0;
    if (!pattern_match_prefix(code, size, beginning))
        return 0;
    return takes_any_rest && !looks_at_words(code) && pattern_match(code, size, beginning) ? 1 : -1;
}
