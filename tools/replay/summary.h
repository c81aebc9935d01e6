/*
 * summary.h - counts verdicts per cause and label, for `gatepost replay --summary`. Owned by one thread.
 */
#ifndef GATEPOST_TOOLS_REPLAY_SUMMARY_H
#define GATEPOST_TOOLS_REPLAY_SUMMARY_H

#include <stdio.h>

#include "simulate.h"
#include "tools/lib/json.h"

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

/* The column of a label. */
unsigned summary_label(struct text label);

/* Counts one session. ROW, if not NULL, gets the index of its row, which does not change until
 * summary_print(). Returns false when out of memory. */
bool summary_add(struct summary *t, struct text label, const struct outcome *outcome, uint64_t messages,
                 uint32_t *row);

/* Prints the counts, sorted by file and line of the cause, in columns or as one JSON object. */
void summary_print(struct summary *t, FILE *out, bool json);

/* The object alone, under NAME; and the three counts of an object. */
void summary_json(struct summary *t, struct json *j, const char *name);
void summary_json_labels(struct json *j, const uint64_t count[SUMMARY_LABELS]);

void summary_fini(struct summary *t);

#endif
