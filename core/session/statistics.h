/*
 * statistics.h - counts the decisions of a session, for `gatepost stats`. A session in which no rule triggers
 * counts nothing, to save its time.
 */
#ifndef GATEPOST_SESSION_STATISTICS_H
#define GATEPOST_SESSION_STATISTICS_H

#include "state.h"
#include "core/state/stats.h"

/* A rule triggered. */
void statistics_rule(struct gp_session *s, const struct rule *rule);

/* A decision other than pass is given; or with `mode = log` would be, which is counted separately. */
void statistics_decision(struct gp_session *s, const struct decision *d);

void statistics_event(struct gp_session *s, enum stats_counter counter);

/* Returns the name of a rule among the statistics: a hash of its text, so that its hits survive an edit
 * above it. */
uint64_t statistics_rule_hash(const struct block *r, const struct rule *rule);

#endif
