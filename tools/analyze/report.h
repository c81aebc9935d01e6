/*
 * report.h - the results of `gatepost analyze`, for people, as JSON, or as text for `gatepost table make`. All
 * bytes from a log are escaped.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_REPORT_H
#define GATEPOST_TOOLS_ANALYZE_REPORT_H

#include "clients.h"
#include "mercury_blacklist.h"
#include "envelopes.h"
#include "traps.h"

#include <stdio.h>

/* Each returns whether there was anything to show. S and R are finished. */
bool report_tables(const struct envelopes *s, const struct clients *r, const struct mercury_blacklist *b,
                   FILE *out);
bool report_json(const struct envelopes *s, const struct clients *r, const struct mercury_blacklist *b,
                 FILE *out);

/* One line for each client of a pattern, in order of appearance, and for those refused again and again unless
 * R is NULL. Loopback addresses are left out. */
bool report_block_table(const struct envelopes *s, const struct clients *r, FILE *out);

/* The candidates for the trap table: text for `gatepost table make`, each with its counts in a comment above. One
 * whose refusals were never about the recipient is a comment itself. Returns whether there was any. */
bool report_traps(const struct traps *t, FILE *out);
bool report_traps_json(const struct traps *t, FILE *out);

#endif
