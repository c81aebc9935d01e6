/*
 * repeats.h - how often a rule triggered in one transaction, so that a client cannot fill the log. A header
 * rule gets one line, a rule at HELO or RCPT its first ten; then one line with the count, when the header or
 * the transaction is over.
 */
#ifndef GATEPOST_SESSION_REPEATS_H
#define GATEPOST_SESSION_REPEATS_H

#include "state.h"

enum { REPEATS_LINES = 10 };

/* Returns whether lines about that phase are counted. */
static inline bool repeats_counts(enum gp_phase phase)
{
    return phase == GP_PHASE_HELO || phase == GP_PHASE_RCPT;
}

/* Counts a decision that was made, or a `log` rule that triggered (its action GP_PASS, its rule set).
 * Returns how often that has happened in this transaction, this time included; 0 when out of memory: then
 * nothing was counted. */
uint32_t repeats_note(struct gp_session *s, const struct decision *d);

/* Notes for how many seconds the `log` rule put the client on the blocklist when it was first counted. */
void repeats_blocked(struct gp_session *s, const struct rule *rule, uint32_t seconds);

/* Writes the lines with the counts, while the facts of the transaction still exist, and forgets all counts. */
void repeats_flush(struct gp_session *s);

void repeats_fini(struct gp_session *s);

#endif
