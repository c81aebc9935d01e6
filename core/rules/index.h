/*
 * index.h - which rules of a matcher can hold for a text (see block.h). The walk over candidates allocates
 * nothing.
 */
#ifndef GATEPOST_INDEX_H
#define GATEPOST_INDEX_H

#include "block.h"

/* Four bytes at P, folded the cheap way: bit 0x20 is set in each. This also makes some other bytes equal;
 * the pattern decides. */
static inline uint32_t gram_at(const char *p)
{
    uint32_t gram;
    memcpy(&gram, p, sizeof gram);
    return gram | 0x20202020u;
}

/* Filter and buckets use as many of the upper bits as they need. */
static inline uint32_t gram_hash(uint32_t gram)
{
    return gram * 0x9E3779B1u;
}

/* Candidates of one matcher for one text, in file order. WORDS is the caller's memory for
 * block_matcher_words() words. */
struct candidates {
    const struct matcher *matcher;
    const uint32_t *numbers;
    uint64_t *words;
    uint32_t word_count;
    uint32_t word; /* where the walk stands */
};

/* Finds the candidates for TEXT. With ALL every rule is one. Returns false if there is none; then *OUT is
 * not set. */
bool index_find(const struct block *r, const struct matcher *m, struct text text, bool all, uint64_t *words,
                struct candidates *out);

/* Returns the number of the next candidate rule, or UINT32_MAX at the end. */
uint32_t index_next(struct candidates *c);

#endif
