/*
 * print.h - the numbers of `gatepost stats`, and the three ways to print them.
 */
#ifndef GATEPOST_TOOLS_STATS_PRINT_H
#define GATEPOST_TOOLS_STATS_PRINT_H

#include "core/state/blocklist.h"
#include "core/state/stats.h"

struct rule_hits {
    char rule[300]; /* "gatepost.conf:3" */
    uint64_t hash;
    uint64_t hits;
};

struct numbers {
    bool has_list, has_stats; /* whether there are such files yet */
    struct block_counts list;
    int64_t since; /* the statistics */
    uint64_t counter[STATS_COUNTERS];
    uint64_t verdict[STATS_PHASES][STATS_ACTIONS];
    uint64_t would[STATS_PHASES][STATS_ACTIONS]; /* verdicts that were only logged */
    struct rule_hits *rules;                     /* in the order of the rule file */
    size_t rule_count;
    uint64_t other_rules; /* hits of rules that are no longer in the file */
};

void stats_print_people(const struct numbers *n);
void stats_print_json(const struct numbers *n);
void stats_print_prometheus(const struct numbers *n);

#endif
