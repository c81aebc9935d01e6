/*
 * matchers.h - planning the index of one matcher: which four bytes each pattern is found by (see ruleset.h).
 */
#ifndef GATEPOST_MATCHERS_H
#define GATEPOST_MATCHERS_H

#include "index.h"

/* Working memory, kept from one matcher to the next. */
struct matcher_plan {
    uint64_t *always;
    uint64_t *filter;
    struct gram_slot *slots;
    uint32_t *next;
    uint32_t *often; /* how often four bytes occur among the patterns, by hash */
    size_t always_cap, filter_cap, slots_cap, next_cap, often_cap;
    uint32_t always_any;
    uint32_t filter_bits; /* 0: no pattern has four literal bytes */
    uint32_t slot_bits;
};

/* Plans for the N rules NUMBERS of RULES, whose patterns stand in BLOCK. Returns false when out of memory. */
bool matcher_plan(struct matcher_plan *plan, const struct rule *rules, const unsigned char *block,
                  const uint32_t *numbers, size_t n);

void matcher_plan_fini(struct matcher_plan *plan);

#endif
