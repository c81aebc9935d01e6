/*
 * index_build.h - plans the index of one matcher: the four bytes by which each pattern is found (see block.h).
 */
#ifndef GATEPOST_RULES_INDEX_BUILD_H
#define GATEPOST_RULES_INDEX_BUILD_H

#include "index.h"

/* A run of literal bytes of one pattern, four or more. */
struct literal_run {
    uint32_t number; /* of the rule in the matcher */
    uint32_t at;     /* into `bytes` */
    uint32_t n;
};

/* Working memory, kept from one matcher to the next. */
struct index_plan {
    uint64_t *always;
    uint64_t *filter;
    uint32_t *buckets;
    struct gram_entry *entries;
    struct gram_entry *chosen; /* the entries before they are sorted into buckets */
    struct literal_run *runs;  /* in the order of the rules */
    char *bytes;
    uint32_t *often; /* how often four bytes occur among the patterns, by hash */
    size_t always_cap, filter_cap, buckets_cap, entries_cap, chosen_cap, runs_cap, bytes_cap, often_cap;
    uint32_t always_any;
    uint32_t stride; /* 0: no pattern has four literal bytes */
    uint32_t filter_bits;
    uint32_t bucket_bits;
    uint32_t entry_count;
};

/* Plans for the N rules NUMBERS of RULES, whose patterns are in BLOCK. Returns false when out of memory. */
bool index_build_plan(struct index_plan *plan, const struct rule *rules, const unsigned char *block,
                      const uint32_t *numbers, size_t n);

void index_build_fini(struct index_plan *plan);

#endif
