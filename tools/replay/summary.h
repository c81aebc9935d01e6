/*
 * summary.h - counts verdicts per cause and label, for `gatepost replay --summary`. Owned by one thread.
 */
#ifndef GATEPOST_TOOLS_REPLAY_SUMMARY_H
#define GATEPOST_TOOLS_REPLAY_SUMMARY_H

#include <stdio.h>

#include "simulate.h"

enum { TALLY_SPAM, TALLY_HAM, TALLY_OTHER, TALLY_LABELS };

struct tally_row {
    char *cause; /* "-" for pass */
    unsigned action;
    uint64_t count[TALLY_LABELS];
};

struct tally {
    struct tally_row *rows;
    size_t n;
    size_t cap;
    uint64_t messages;
};

/* Counts one session. Returns false when out of memory. */
bool tally_add(struct tally *t, struct text label, const struct outcome *outcome, uint64_t messages);

/* Prints the counts, sorted by file and line of the cause, in columns or as one JSON object. */
void tally_print(struct tally *t, FILE *out, bool json);

void tally_fini(struct tally *t);

#endif
