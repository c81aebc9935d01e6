#include "index.h"

/* A walk over one text. */
struct walk {
    const struct matcher *m;
    const unsigned char *block;
    uint64_t *words;
    bool any; /* `words` are set */
};

static const void *list_at(const struct walk *w, uint32_t at)
{
    return w->block + at;
}

/* The first candidate adds the rules that are always tried. Most texts have no candidate, and `words` stay
 * as they are. */
static void begin_candidates(struct walk *w)
{
    memcpy(w->words, list_at(w, w->m->always_at), block_matcher_words(w->m) * sizeof *w->words);
    w->any = true;
}

/* Every rule that GRAM finds becomes a candidate. This is a function of its own because it is rare: the walk
 * keeps its registers. */
__attribute__((noinline)) static void probe(struct walk *w, uint32_t gram)
{
    const struct matcher *m = w->m;
    const uint32_t *bucket =
        (const uint32_t *)list_at(w, m->buckets_at) + (gram_hash(gram) >> (32 - m->bucket_bits));
    const struct gram_entry *entries = list_at(w, m->entries_at);
    /* A damaged bucket must not point outside. */
    const uint32_t end = bucket[1] < m->entry_count ? bucket[1] : m->entry_count;
    for (uint32_t i = bucket[0]; i < end; i++) {
        const uint32_t number = entries[i].number;
        if (entries[i].gram != gram || number >= m->rule_count)
            continue;
        if (!w->any)
            begin_candidates(w);
        w->words[number / 64] |= (uint64_t)1 << (number % 64);
    }
}

static void walk_text(struct walk *w, struct text text)
{
    const uint64_t *filter = list_at(w, w->m->filter_at);
    const uint32_t shift = 32 - w->m->filter_bits, stride = w->m->stride;
    if (text.n < 4)
        return;
    for (size_t i = 0, last = text.n - 4; i <= last; i += stride) {
        uint32_t gram = gram_at(text.p + i);
        uint32_t hash = gram_hash(gram) >> shift;
        if (filter[hash / 64] >> (hash % 64) & 1)
            probe(w, gram);
    }
}

bool index_find(const struct block *r, const struct matcher *m, struct text text, bool all, uint64_t *words,
                struct candidates *out)
{
    struct walk w = {.m = m, .block = r->base, .words = words};
    if (m->rule_count == 0)
        return false;
    if (all) {
        memset(words, 0xff, block_matcher_words(m) * sizeof *words);
        w.any = true;
    } else {
        if (m->always_any)
            begin_candidates(&w);
        if (m->stride)
            walk_text(&w, text);
    }
    if (w.any)
        *out = (struct candidates){.matcher = m,
                                   .numbers = list_at(&w, m->rules_at),
                                   .words = words,
                                   .word_count = block_matcher_words(m)};
    return w.any;
}

uint32_t index_next(struct candidates *c)
{
    while (c->word < c->word_count && c->words[c->word] == 0)
        c->word++;
    if (c->word == c->word_count)
        return UINT32_MAX;
    uint64_t bits = c->words[c->word];
    uint32_t number = c->word * 64 + (uint32_t)__builtin_ctzll(bits);
    c->words[c->word] = bits & (bits - 1);
    return number < c->matcher->rule_count ? c->numbers[number] : UINT32_MAX;
}
