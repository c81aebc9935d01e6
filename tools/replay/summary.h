/*
 * summary.h - counts verdicts per cause and label, for `gatepost replay --summary`. Owned by one thread.
 */
#ifndef GATEPOST_TOOLS_REPLAY_SUMMARY_H
#define GATEPOST_TOOLS_REPLAY_SUMMARY_H

#include <stdio.h>

#include "simulate.h"

enum { SUMMARY_SPAM, SUMMARY_HAM, SUMMARY_OTHER, SUMMARY_LABELS };

struct summary_row {
    char *cause; /* "-" for pass */
    unsigned action;
    uint64_t count[SUMMARY_LABELS];
};

struct summary {
    struct summary_row *rows;
    size_t n;
    size_t cap;
    uint64_t messages;
};

/* Counts one session. Returns false when out of memory. */
bool summary_add(struct summary *t, struct text label, const struct outcome *outcome, uint64_t messages);

/* Prints the counts, sorted by file and line of the cause, in columns or as one JSON object. */
void summary_print(struct summary *t, FILE *out, bool json);

void summary_fini(struct summary *t);

#endif
