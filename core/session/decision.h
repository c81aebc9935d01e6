/*
 * decision.h - the effect of a decision: whether an exemption cancels it, its consequences for the client, its
 * log line, and the replies to later commands.
 */
#ifndef GATEPOST_SESSION_DECISION_H
#define GATEPOST_SESSION_DECISION_H

#include "state.h"

static inline bool decision_is_made(const struct decision *d)
{
    return d->action != GP_PASS;
}

/* Sets *D to FOUND, unless the exemption table exempts this session. If it is exempt, *D does not change; if
 * the table cannot be used, on-error decides. Returns what exemption_ask() returned. */
int decision_unless_exempt(struct gp_session *s, const struct decision *found, struct decision *d);

/* The exemption table cannot be used, so nobody knows whether OP is exempt: on-error applies. *D becomes a
 * temporary reply, or does not change. If the session would have been refused, the temporary reply is for
 * the whole session too: a client that goes on to MAIL must not slip through. */
void decision_on_error(const struct gp_session *s, enum operation op, enum gp_phase phase, struct decision *d);

/* These give a decision to the host. Each returns the action and fills V (may be NULL). */

/* A new decision, with its consequences; with mode = log it is only logged. */
int decision_apply(struct gp_session *s, struct decision *d, struct gp_verdict *v);

/* No objection. */
int decision_pass(struct gp_session *s, struct gp_verdict *v);

/* A decision that was given before: no log line, no consequences. */
int decision_repeat(struct gp_session *s, const struct decision *d, struct gp_verdict *v);

/* If no rules are in force, a message is answered as the host wants. */
int decision_without_rules(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v);

/* The transaction of a `hold` is over, whichever way: from now on the session is refused with its reply. */
void decision_end_hold(struct gp_session *s);

#endif
