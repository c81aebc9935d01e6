/*
 * code.h - the code that pattern.c writes and pattern/match.c runs. Private to these two.
 *
 * A Mercury expression has no alternatives and no nesting, so it compiles to a row of items, and an item's
 * number is a state of the automaton: "everything before this item has matched". All numbers are little-endian;
 * the code needs no alignment.
 *
 *   header   8 bytes: magic, flags, number of items (the end not counted), fewest bytes a match has, items
 *            behind the last star
 *   items    2 bytes each: kind, flags and what input is ignored while waiting for it; and an argument. The
 *            last is ITEM_END
 *   sets     32 bytes each: a bit per byte value
 *
 * Rule files are mostly literal text, and their code is most of what a process maps: hence the small items.
 */
#ifndef GATEPOST_PATTERN_CODE_H
#define GATEPOST_PATTERN_CODE_H

#include "pattern.h"

enum {
    CODE_MAGIC = 0xA8,
    CODE_HEADER = 8,
    ITEM_SIZE = 2,
    SET_SIZE = 32,
    ITEMS_MAX = PATTERN_SOURCE_MAX, /* no source character makes more than one item */

    CODE_IS_GLOB = 1, /* nothing but single bytes, sets, '?' and stars: matched without the automaton */
    CODE_HAS_STAR = 2
};

enum item_kind {
    ITEM_BYTE,   /* argument: the byte */
    ITEM_LETTER, /* argument: the letter in lower case, which matches both cases. Read as an ITEM_BYTE */
    ITEM_ANY,
    ITEM_SET, /* argument: number of the set; no source has room for 256 */
    ITEM_SPACE,
    ITEM_WORD_START, /* the last two consume nothing */
    ITEM_WORD_END,
    ITEM_END,
    ITEM_KIND_MASK = 7,
    ITEM_LOOP = 8,   /* may repeat */
    ITEM_MAYBE = 16, /* may be skipped */
    ITEM_WHAT_MASK = 31,
    ITEM_IGNORE_SHIFT = 5
};

/* What /s, /x and /X skip. */
enum { IGNORE_SPACE = 1, IGNORE_NON_ALNUM = 2, IGNORE_SPAM = 4, IGNORE_ALL = 7 };

enum { ITEM_STAR = ITEM_ANY | ITEM_LOOP | ITEM_MAYBE };

/* An item in decoded form. */
struct item {
    unsigned char what; /* kind and flags */
    unsigned char ignore;
    unsigned char a, b; /* an ITEM_BYTE matches one of these two: a letter's two cases, or twice the same
                         * byte */
};

static inline size_t get16(const unsigned char *p)
{
    return (size_t)p[0] | (size_t)p[1] << 8;
}

static inline size_t code_items(const unsigned char *code)
{
    return get16(code + 2);
}

static inline size_t code_shortest(const unsigned char *code)
{
    return get16(code + 4);
}

static inline size_t code_tail(const unsigned char *code)
{
    return get16(code + 6);
}

static inline struct item code_item(const unsigned char *code, size_t i)
{
    const unsigned char *p = code + CODE_HEADER + i * ITEM_SIZE;
    const unsigned letter = (p[0] & ITEM_KIND_MASK) == ITEM_LETTER;
    return (struct item){
        .what = (unsigned char)((p[0] & ITEM_WHAT_MASK) - letter * (ITEM_LETTER - ITEM_BYTE)),
        .ignore = p[0] >> ITEM_IGNORE_SHIFT,
        .a = p[1],
        .b = (unsigned char)(p[1] ^ letter << 5),
    };
}

static inline size_t code_sets_at(size_t items)
{
    return CODE_HEADER + (items + 1) * ITEM_SIZE;
}

static inline bool set_has(const unsigned char *set, unsigned char c)
{
    return set[c >> 3] >> (c & 7) & 1;
}

/* Whether the item consumes a byte. */
static inline bool item_consumes(struct item it)
{
    return (it.what & ITEM_KIND_MASK) < ITEM_WORD_START;
}

/* Whether C is skipped under IGNORE. */
static inline bool is_ignored(unsigned char c, unsigned char ignore)
{
    return ((ignore & IGNORE_SPACE) && is_space(c)) || ((ignore & IGNORE_NON_ALNUM) && !is_alnum(c)) ||
           ((ignore & IGNORE_SPAM) && !is_alnum(c) && c != '@' && c != '|');
}

/* Both engines, so that tests can compare them. The glob engine takes only code with CODE_IS_GLOB. */
int pattern_match_glob(const unsigned char *code, struct text subject);
int pattern_match_automaton(const unsigned char *code, struct text subject);

#endif
