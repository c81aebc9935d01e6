/*
 * decision.h - what becomes of a decision: whether an exemption lifts it, its consequences for the client, its log
 * line, and what it means for later commands.
 */
#ifndef GATEPOST_SESSION_DECISION_H
#define GATEPOST_SESSION_DECISION_H

#include "state.h"

static inline bool decision_is_made(const struct decision *d)
{
    return d->action != GP_PASS;
}

/* Sets *D to FOUND, unless the exemption table spares this session it: then *D is left alone, or becomes what
 * on-error says if the table cannot be used. Returns what exemption_ask() returned. */
int decision_unless_exempt(struct gp_session *s, const struct decision *found, struct decision *d);

/* The exemption table cannot be used, so it cannot be said whether OP is spared: on-error. *D becomes a
 * temporary reply, or is left alone. What would have been refused for the session is so here too: a client that
 * goes on to MAIL must not slip through. */
void decision_on_error(const struct gp_session *s, enum operation op, enum gp_phase phase, struct decision *d);

/* These give a decision to the host. Each returns the action and fills V (may be NULL). */

/* A new decision, with its consequences; with mode = log it is only logged. */
int decision_apply(struct gp_session *s, struct decision *d, struct gp_verdict *v);

/* No objection. */
int decision_pass(struct gp_session *s, struct gp_verdict *v);

/* One that was given before: no log line, no consequences. */
int decision_repeat(struct gp_session *s, const struct decision *d, struct gp_verdict *v);

/* Without rules in force a message is answered as the host wished. */
int decision_without_rules(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v);

/* The transaction of a `hold` is over, whichever way: from now on the session is refused with its reply. */
void decision_end_hold(struct gp_session *s);

#endif
