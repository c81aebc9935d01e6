#include "code.h"

struct compiler {
    struct text source;
    size_t at;
    bool exact_case;      /* /c is on */
    unsigned char ignore; /* IGNORE_…: what /s, /x and /X skip here */
    unsigned char *code;
    size_t items;
    size_t sets;
    unsigned char
        *set_memory; /* in `code`, after the most items there can be; moved up to the items at the end */
    struct pattern_notes *notes;
    struct pattern_error *error;
};

static bool fail(struct compiler *c, size_t offset, const char *message)
{
    *c->error = (struct pattern_error){.offset = offset, .message = message};
    return false;
}

static void put16(unsigned char *p, size_t value)
{
    p[0] = (unsigned char)value;
    p[1] = (unsigned char)(value >> 8);
}

/* Returns true, for `return add_item(…)`: there is always room, because pattern_compile() has checked the
 * size. */
static bool add_item(struct compiler *c, unsigned what, unsigned char argument)
{
    unsigned char *p = c->code + CODE_HEADER + c->items * ITEM_SIZE;
    p[0] = (unsigned char)(what | (unsigned)c->ignore << ITEM_IGNORE_SHIFT);
    p[1] = argument;
    c->items++;
    return true;
}

static unsigned char *last_item(const struct compiler *c)
{
    return c->items ? c->code + CODE_HEADER + (c->items - 1) * ITEM_SIZE : NULL;
}

static unsigned char other_case(unsigned char ch)
{
    return is_alpha(ch) ? ch ^ 0x20 : ch;
}

/* OFFSET is the index of the character in the source. */
static bool add_byte(struct compiler *c, size_t offset, unsigned char ch)
{
    if (c->notes && !c->notes->hidden && is_ignored(ch, c->ignore))
        c->notes->hidden = offset + 1;
    return !c->exact_case && is_alpha(ch) ? add_item(c, ITEM_LETTER, fold(ch)) : add_item(c, ITEM_BYTE, ch);
}

static void set_put(const struct compiler *c, unsigned char *set, unsigned char ch)
{
    set[ch >> 3] |= (unsigned char)(1u << (ch & 7));
    if (!c->exact_case) {
        ch = other_case(ch);
        set[ch >> 3] |= (unsigned char)(1u << (ch & 7));
    }
}

/* Reads "[…]" into SET. `at` is after the opening bracket before the call, and after the closing one
 * afterwards. */
static bool read_set(struct compiler *c, unsigned char *set)
{
    struct text s = c->source;
    size_t open = c->at - 1, i = c->at;
    bool negated = i < s.n && s.p[i] == '^';
    i += negated;
    for (size_t first = i; i >= s.n || s.p[i] != ']' || i == first; i++) {
        if (i >= s.n)
            return fail(c, open, "set is not closed by a ']'");
        unsigned char from = (unsigned char)s.p[i], to = from;
        if (i + 2 < s.n && s.p[i + 1] == '-' && s.p[i + 2] != ']') {
            to = (unsigned char)s.p[i + 2];
            if (to < from)
                return fail(c, i, "range in a set runs backwards");
            i += 2;
        }
        for (unsigned ch = from; ch <= to; ch++)
            set_put(c, set, (unsigned char)ch);
    }
    c->at = i + 1;
    unsigned char all = 0;
    for (size_t k = 0; k < SET_SIZE; k++) {
        if (negated)
            set[k] = (unsigned char)~set[k];
        all |= set[k];
    }
    return all ? true : fail(c, open, "set contains no character");
}

/* Whether SET is one byte, or the two cases of a letter, which an index can use. */
static bool set_is_byte(const unsigned char *set, unsigned char *a, unsigned char *b)
{
    unsigned found = 0;
    for (unsigned ch = 0; ch < 256; ch++) {
        if (!set_has(set, (unsigned char)ch))
            continue;
        if (found++ == 0)
            *a = *b = (unsigned char)ch;
        else
            *b = (unsigned char)ch;
        if (found > 2)
            return false;
    }
    return found == 1 || fold(*a) == fold(*b);
}

static bool compile_set(struct compiler *c)
{
    unsigned char set[SET_SIZE] = {0}, a = 0, b = 0;
    if (!read_set(c, set))
        return false;
    if (set_is_byte(set, &a, &b))
        return a == b ? add_item(c, ITEM_BYTE, a) : add_item(c, ITEM_LETTER, fold(a));
    memcpy(c->set_memory + c->sets * SET_SIZE, set, SET_SIZE);
    return add_item(c, ITEM_SET, (unsigned char)c->sets++);
}

static bool compile_plus(struct compiler *c, size_t offset)
{
    unsigned char *before = last_item(c);
    if (!before) {
        if (c->notes && !c->notes->literal_plus)
            c->notes->literal_plus = offset + 1;
        return add_byte(c, offset, '+');
    }
    if (item_consumes((struct item){.what = before[0]}))
        before[0] |= ITEM_LOOP;
    return true;
}

static bool compile_slash(struct compiler *c, size_t offset)
{
    unsigned char name = c->at < c->source.n ? (unsigned char)c->source.p[c->at] : 0;
    c->at++;
    switch (name) {
    case 'w':
        return add_item(c, ITEM_SPACE | ITEM_LOOP | ITEM_MAYBE, 0);
    case 'W':
        return add_item(c, ITEM_SPACE | ITEM_LOOP, 0);
    case 'b':
        return add_item(c, ITEM_WORD_START, 0);
    case 'B':
        return add_item(c, ITEM_WORD_END, 0);
    case 'c':
        c->exact_case = !c->exact_case;
        return true;
    case 's':
        c->ignore ^= IGNORE_SPACE;
        return true;
    case 'x':
        c->ignore ^= IGNORE_NON_ALNUM;
        return true;
    case 'X':
        c->ignore ^= IGNORE_SPAM;
        return true;
    default:
        c->at--;
        if (c->notes && !c->notes->unknown_slash && (is_alpha(name) || c->at == c->source.n))
            c->notes->unknown_slash = offset + 1;
        return add_byte(c, offset, '/');
    }
}

static bool compile_next(struct compiler *c)
{
    size_t offset = c->at++;
    unsigned char ch = (unsigned char)c->source.p[offset], *before = last_item(c);
    switch (ch) {
    case '*':
        return (before && (before[0] & ITEM_WHAT_MASK) == ITEM_STAR) || add_item(c, ITEM_STAR, 0);
    case '?':
        return add_item(c, ITEM_ANY, 0);
    case '+':
        return compile_plus(c, offset);
    case '[':
        return compile_set(c);
    case '/':
        return compile_slash(c, offset);
    default:
        return add_byte(c, offset, ch);
    }
}

/* What the header says about the items: computed when compiling, and again when code from a file is checked. */
struct measure {
    unsigned flags;
    size_t shortest;
    size_t tail;
    size_t sets; /* sets needed */
};

static struct measure measure(const unsigned char *code, size_t items)
{
    struct measure m = {.flags = CODE_IS_GLOB};
    for (size_t i = 0; i <= items; i++) {
        struct item it = code_item(code, i);
        unsigned kind = it.what & ITEM_KIND_MASK;
        if (it.ignore || kind == ITEM_SPACE || kind == ITEM_WORD_START || kind == ITEM_WORD_END ||
            (it.what & ITEM_LOOP && it.what != ITEM_STAR))
            m.flags &= ~(unsigned)CODE_IS_GLOB;
        if (item_consumes(it) && !(it.what & ITEM_MAYBE))
            m.shortest++;
        m.tail = it.what == ITEM_STAR ? 0 : m.tail + (kind != ITEM_END);
        if (it.what == ITEM_STAR)
            m.flags |= CODE_HAS_STAR;
        if (kind == ITEM_SET && it.a >= m.sets)
            m.sets = it.a + 1u;
    }
    return m;
}

static size_t finish(struct compiler *c)
{
    size_t items = c->items;
    add_item(c, ITEM_END, 0);
    memmove(c->code + code_sets_at(items), c->set_memory, c->sets * SET_SIZE);
    struct measure m = measure(c->code, items);
    c->code[0] = CODE_MAGIC;
    c->code[1] = (unsigned char)m.flags;
    put16(c->code + 2, items);
    put16(c->code + 4, m.shortest);
    put16(c->code + 6, m.tail);
    return code_sets_at(items) + c->sets * SET_SIZE;
}

/* The most code that a source of N bytes can need: an item per byte, and a set for every "[a]". */
#define CODE_NEEDED(n) (CODE_HEADER + ((n) + 1) * ITEM_SIZE + (n) / 3 * SET_SIZE)

_Static_assert(CODE_NEEDED(PATTERN_SOURCE_MAX) <= PATTERN_CODE_MAX, "the longest source must fit");
_Static_assert(PATTERN_SOURCE_MAX / 4 <= 256,
               "a set that is no single byte has four bytes, and its number one");

size_t pattern_compile(struct text source, unsigned char *code, size_t cap, struct pattern_notes *notes,
                       struct pattern_error *error)
{
    struct compiler c = {.source = source, .code = code, .notes = notes, .error = error};
    if (notes)
        *notes = (struct pattern_notes){0};
    if (source.n > PATTERN_SOURCE_MAX)
        return fail(&c, PATTERN_SOURCE_MAX, "expression is longer than 1000 bytes"), 0;
    if (CODE_NEEDED(source.n) > cap)
        return fail(&c, 0, "expression needs too much memory"), 0;
    c.set_memory = code + code_sets_at(source.n);
    while (c.at < source.n)
        if (!compile_next(&c))
            return 0;
    return finish(&c);
}

static bool item_is_sound(struct item it, bool last)
{
    unsigned kind = it.what & ITEM_KIND_MASK, flags = it.what & ~(unsigned)ITEM_KIND_MASK;
    if ((kind == ITEM_END) != last)
        return false;
    switch (kind) {
    case ITEM_BYTE:
        return (it.a == it.b || is_alpha(it.a)) && (flags == 0 || flags == ITEM_LOOP);
    case ITEM_ANY:
    case ITEM_SPACE:
        return flags == 0 || flags == ITEM_LOOP || flags == (ITEM_LOOP | ITEM_MAYBE);
    case ITEM_SET:
        return flags == 0 || flags == ITEM_LOOP;
    case ITEM_WORD_START:
    case ITEM_WORD_END:
    case ITEM_END:
        return flags == 0;
    default:
        return false;
    }
}

bool pattern_is_sound(const unsigned char *code, size_t size)
{
    if (size < CODE_HEADER + ITEM_SIZE || code[0] != CODE_MAGIC)
        return false;
    size_t items = code_items(code);
    if (items > ITEMS_MAX || size < code_sets_at(items))
        return false;
    for (size_t i = 0; i <= items; i++)
        if (!item_is_sound(code_item(code, i), i == items))
            return false;
    struct measure m = measure(code, items);
    return code[1] == m.flags && code_shortest(code) == m.shortest && code_tail(code) == m.tail &&
           size == code_sets_at(items) + m.sets * SET_SIZE;
}

void pattern_literals(const unsigned char *code, size_t size, void (*run)(void *context, struct text folded),
                      void *context)
{
    char bytes[ITEMS_MAX];
    size_t n = 0, items = code_items(code);
    (void)size;
    for (size_t i = 0; i <= items; i++) {
        struct item it = code_item(code, i);
        unsigned kind = it.what & ITEM_KIND_MASK;
        if (!it.ignore && (kind == ITEM_WORD_START || kind == ITEM_WORD_END))
            continue;
        bool literal = kind == ITEM_BYTE && !it.ignore;
        if (literal)
            bytes[n++] = (char)fold(it.a);
        if (literal && !(it.what & ITEM_LOOP))
            continue;
        if (n > 1)
            run(context, text_of(bytes, n));
        n = 0;
        /* b+ ends with a b, which is directly before the next item. */
        if (literal)
            bytes[n++] = (char)fold(it.a);
    }
}

size_t pattern_prefix(const unsigned char *code, size_t size, char *out, size_t cap)
{
    size_t n = 0, items = code_items(code);
    (void)size;
    for (size_t i = 0; i < items && n < cap; i++) {
        struct item it = code_item(code, i);
        unsigned kind = it.what & ITEM_KIND_MASK;
        if (it.ignore)
            break;
        if (kind == ITEM_WORD_START || kind == ITEM_WORD_END)
            continue;
        if (kind != ITEM_BYTE)
            break;
        out[n++] = (char)fold(it.a);
        if (it.what & ITEM_LOOP)
            break;
    }
    return n;
}

bool pattern_matches_all(const unsigned char *code, size_t size)
{
    (void)size;
    return code_items(code) == 1 && code_item(code, 0).what == ITEM_STAR;
}

size_t pattern_is_search(const unsigned char *code, size_t size, char *out, size_t cap)
{
    size_t items = code_items(code);
    (void)size;
    if (!(code[1] & CODE_IS_GLOB) || items < 3 || items - 2 > cap || code_item(code, 0).what != ITEM_STAR ||
        code_item(code, items - 1).what != ITEM_STAR)
        return 0;
    for (size_t i = 1; i < items - 1; i++) {
        struct item it = code_item(code, i);
        if (it.what != ITEM_BYTE || it.b != other_case(it.a))
            return 0;
        out[i - 1] = (char)fold(it.a);
    }
    return items - 2;
}
