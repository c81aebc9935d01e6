/*
 * Input: a mode byte, a length byte, that many bytes of pattern source, then the subject. In mode 1 the first
 * part is compiled code as from a damaged file. Both engines must agree with each other and, on small input,
 * with a naive matcher.
 */
#include "core/pattern/code.h"

#include <stdlib.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool is_word(unsigned char c)
{
    return is_alnum(c) || c == '_' || c >= 0x80;
}

static bool takes(const unsigned char *code, struct item it, unsigned char c)
{
    size_t items = get16(code + 2);
    switch (it.what & ITEM_KIND_MASK) {
    case ITEM_BYTE:
        return c == it.a || c == it.b;
    case ITEM_ANY:
        return true;
    case ITEM_SPACE:
        return is_space(c);
    case ITEM_SET:
        return set_has(code + CODE_HEADER + (items + 1) * ITEM_SIZE + (size_t)it.a * SET_SIZE, c);
    default:
        return false;
    }
}

/* A matcher that tries everything. `steps` limits it; returns -1 when it gave up. */
static int naive(const unsigned char *code, size_t i, struct text s, size_t at, unsigned *steps)
{
    struct item it = code_item(code, i);
    unsigned kind = it.what & ITEM_KIND_MASK;
    if (++*steps > 3000)
        return -1;
    if (kind == ITEM_END && at == s.n)
        return 1;
    bool before = at > 0 && is_word((unsigned char)s.p[at - 1]),
         after = at < s.n && is_word((unsigned char)s.p[at]);
    int r = 0;
    if ((it.what & ITEM_MAYBE) || (kind == ITEM_WORD_START && !before && after) ||
        (kind == ITEM_WORD_END && before && !after))
        r = naive(code, i + 1, s, at, steps);
    if (r || at == s.n)
        return r;
    unsigned char c = (unsigned char)s.p[at];
    if (is_ignored(c, it.ignore))
        return naive(code, i, s, at + 1, steps);
    if (!takes(code, it, c))
        return 0;
    r = naive(code, i + !(it.what & ITEM_MAYBE), s, at + 1, steps);
    return !r && (it.what & ITEM_LOOP) ? naive(code, i, s, at + 1, steps) : r;
}

struct seen {
    struct text subject;
    bool all_there;
};

/* A literal run must occur in every subject that matches. */
static void check_run(void *context, struct text folded)
{
    struct seen *seen = context;
    require(folded.n >= 2);
    if (text_find_nocase(seen->subject, folded) == seen->subject.n)
        seen->all_there = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    bool raw = data[0] & 1;
    size_t n = (size_t)(data[1] | (raw ? (data[0] & 2) << 7 : 0)), used;
    data += 2;
    size -= 2;
    if (n > size)
        n = size;
    struct text subject = text_of((const char *)data + n, size - n);
    unsigned char *code = malloc(raw ? n + 1 : PATTERN_CODE_MAX);
    if (!code)
        return 0;
    if (raw) {
        memcpy(code, data, n);
        used = pattern_is_sound(code, n) ? n : 0;
    } else {
        struct pattern_notes notes;
        struct pattern_error e = {.offset = SIZE_MAX};
        used = pattern_compile(text_of((const char *)data, n), code, PATTERN_CODE_MAX, &notes, &e);
        require(used ? pattern_is_sound(code, used) : e.offset <= n && e.message);
    }
    if (used) {
        int result = pattern_match(code, used, subject);
        unsigned steps = 0;
        require(result == pattern_match_automaton(code, subject));
        if (subject.n < 200) {
            int by_definition = naive(code, 0, subject, 0, &steps);
            require(by_definition < 0 || result == by_definition);
        }
        char out[100];
        size_t prefix = pattern_prefix(code, used, out, sizeof out), search = 0;
        struct seen seen = {subject, true};
        pattern_literals(code, used, check_run, &seen);
        if (result) {
            require(seen.all_there && text_starts_nocase(subject, text_of(out, prefix)));
            require(pattern_match_prefix(code, used, text_of(subject.p, subject.n / 2)) == 1);
        }
        if (pattern_matches_all(code, used))
            require(result == 1);
        search = pattern_is_search(code, used, out, sizeof out);
        if (search)
            require(result == (text_find_nocase(subject, text_of(out, search)) < subject.n));
    }
    free(code);
    return 0;
}
