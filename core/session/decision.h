/*
 * decision.h - gives a decision to the host: with its consequences for the client, its log line, and what it means
 * for later commands. Each returns the action and fills V (may be NULL).
 */
#ifndef GATEPOST_SESSION_DECISION_H
#define GATEPOST_SESSION_DECISION_H

#include "state.h"

static inline bool decided(const struct decision *d)
{
    return d->action != GP_PASS;
}

/* A new decision; with mode = log it is only logged. */
int give(struct gp_session *s, struct decision *d, struct gp_verdict *v);

/* No objection. */
int give_pass(struct gp_session *s, struct gp_verdict *v);

/* One that was given before: no log line, no consequences. */
int give_again(struct gp_session *s, const struct decision *d, struct gp_verdict *v);

/* Without rules in force a message is answered as the host wished. */
int give_no_rules(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v);

#endif
