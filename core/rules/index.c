#include "index.h"

struct index_view {
    const uint64_t *filter;
    const struct gram_slot *slots;
    const uint32_t *next;
};

static bool index_view_open(const struct ruleset *r, const struct matcher *m, struct index_view *v)
{
    if (m->filter_bits < 6 || m->filter_bits > 30 || m->slot_bits < 1 || m->slot_bits > 28)
        return false;
    v->filter = ruleset_at(r, m->filter_at, (uint64_t)1 << (m->filter_bits - 3));
    v->slots = ruleset_at(r, m->slots_at, ((uint64_t)1 << m->slot_bits) * sizeof(struct gram_slot));
    v->next = ruleset_at(r, m->next_at, (uint64_t)m->rule_count * sizeof(uint32_t));
    return v->filter && v->slots && v->next && m->filter_at % 8 == 0 && m->slots_at % 8 == 0 &&
           m->next_at % 4 == 0;
}

/* Every rule whose four bytes are GRAM becomes a candidate. Both loops end even if the block is damaged. */
static void index_probe(const struct matcher *m, const struct index_view *v, uint32_t gram,
                        struct candidates *c)
{
    const uint32_t mask = (1u << m->slot_bits) - 1;
    uint32_t at = gram_hash(gram, m->slot_bits);
    for (uint32_t step = 0; step <= mask; step++, at = (at + 1) & mask) {
        if (v->slots[at].head == 0)
            return;
        if (v->slots[at].gram != gram)
            continue;
        uint32_t number = v->slots[at].head;
        for (uint32_t guard = 0; number && number <= m->rule_count && guard < m->rule_count; guard++) {
            c->words[(number - 1) / 64] |= (uint64_t)1 << ((number - 1) % 64);
            c->any = true;
            number = v->next[number - 1];
        }
        return;
    }
}

static void index_walk(const struct matcher *m, const struct index_view *v, struct text text,
                       struct candidates *c)
{
    const uint32_t shift = 32 - m->filter_bits;
    for (size_t i = 0; i + 4 <= text.n; i++) {
        uint32_t gram = gram_at(text.p + i);
        uint32_t hash = (gram * 0x9E3779B1u) >> shift;
        if (v->filter[hash / 64] >> (hash % 64) & 1)
            index_probe(m, v, gram, c);
    }
}

void index_find(const struct ruleset *r, const struct matcher *m, struct text text, bool all, uint64_t *words,
                struct candidates *out)
{
    *out = (struct candidates){.rules = r, .matcher = m, .words = words, .word_count = index_words(m)};
    if (m->rule_count == 0 || m->rule_count > ruleset_most_rules(r))
        return;
    out->numbers = ruleset_at(r, m->rules_at, (uint64_t)m->rule_count * sizeof(uint32_t));
    const void *always = ruleset_at(r, m->always_at, (uint64_t)out->word_count * sizeof(uint64_t));
    if (!out->numbers || !always || m->rules_at % 4 != 0)
        return;
    if (all) {
        memset(words, 0xff, out->word_count * sizeof *words);
        out->any = true;
        return;
    }
    memcpy(words, always, out->word_count * sizeof *words);
    out->any = m->always_any != 0;
    struct index_view view;
    if (m->filter_bits && index_view_open(r, m, &view))
        index_walk(m, &view, text, out);
}

uint32_t index_next(struct candidates *c)
{
    if (!c->any)
        return UINT32_MAX;
    while (c->word < c->word_count && c->words[c->word] == 0)
        c->word++;
    if (c->word == c->word_count)
        return UINT32_MAX;
    uint64_t bits = c->words[c->word];
    uint32_t number = c->word * 64 + (uint32_t)__builtin_ctzll(bits);
    c->words[c->word] = bits & (bits - 1);
    return number < c->matcher->rule_count ? c->numbers[number] : UINT32_MAX;
}
