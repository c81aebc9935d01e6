/*
 * both_ways.h - which rules trigger for a text: found through the index as a session does, and by asking each
 * rule in turn. They must agree.
 */
#ifndef GATEPOST_TEST_BOTH_WAYS_H
#define GATEPOST_TEST_BOTH_WAYS_H

#include "core/rules/evaluate.h"
#include "core/rules/index.h"

#include <stdlib.h>

struct found {
    uint32_t *numbers; /* of the rules that trigger, ascending */
    uint32_t n;
};

static inline bool found_triggers(const struct block *r, uint32_t number, enum operation op,
                                  struct facts *facts, struct text subject)
{
    const struct rule *rule = block_rule(r, number);
    facts->asking = op;
    return rule && evaluate_is_sound(r, rule) && rule->operation == op &&
           evaluate_triggers(rule, evaluate_rule(r, rule, facts, subject, NULL));
}

static inline void found_by_each(const struct block *r, enum operation op, struct facts *facts,
                                 struct text subject, struct found *out)
{
    const uint32_t count = block_rule_count(r);
    out->n = 0;
    for (uint32_t i = 0; i < count; i++)
        if (found_triggers(r, i, op, facts, subject))
            out->numbers[out->n++] = i;
}

/* WORDS has room for block_most_rules(r) / 64 + 1 words, twice. */
static inline void found_by_index(const struct block *r, enum operation op, struct facts *facts,
                                  struct text subject, uint64_t *words, struct found *out)
{
    const struct named_field *named =
        op == OP_HEADER && facts->field ? block_field(r, facts->field->name) : NULL;
    const struct matcher *m[2] = {block_matcher(r, op), named ? &named->rules : NULL};
    struct candidates c[2];
    uint32_t next[2] = {UINT32_MAX, UINT32_MAX};
    out->n = 0;
    const size_t room = block_most_rules(r) / 64 + 1;
    for (unsigned i = 0; i < 2; i++)
        if (m[i] && index_find(r, m[i], subject, false, words + i * room, &c[i]))
            next[i] = index_next(&c[i]);
    while (next[0] != UINT32_MAX || next[1] != UINT32_MAX) {
        unsigned i = next[1] < next[0];
        if (found_triggers(r, next[i], op, facts, subject))
            out->numbers[out->n++] = next[i];
        next[i] = index_next(&c[i]);
    }
}

static inline bool found_same(const struct found *a, const struct found *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->numbers, b->numbers, a->n * sizeof *a->numbers) == 0);
}

#endif
