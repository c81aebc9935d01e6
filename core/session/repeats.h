/*
 * repeats.h - how often a rule triggered in one transaction, so that a client cannot fill the log. Of header rules
 * there is one line, of those asked at HELO and RCPT the first ten; then one line with the count, when the header or
 * the transaction is over.
 */
#ifndef GATEPOST_SESSION_REPEATS_H
#define GATEPOST_SESSION_REPEATS_H

#include "state.h"

enum { REPEATS_LINES = 10 };

/* Whether lines about that phase are counted. */
static inline bool repeats_counts(enum gp_phase phase)
{
    return phase == GP_PHASE_HELO || phase == GP_PHASE_RCPT;
}

/* Counts a decision that was made, or a `log` rule that triggered (its action GP_PASS, its rule set). Returns how
 * often that happened in this transaction, this time included; 0 when out of memory: then nothing was counted. */
uint32_t repeats_note(struct gp_session *s, const struct decision *d);

/* For how many seconds the `log` rule put the client on the blocklist when it was counted for the first time. */
void repeats_blocked(struct gp_session *s, const struct rule *rule, uint32_t seconds);

/* Writes the lines that are owed, while the facts of the transaction are still there, and forgets all counts. */
void repeats_flush(struct gp_session *s);

void repeats_fini(struct gp_session *s);

#endif
