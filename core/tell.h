/*
 * tell.h - verdicts for the host, lines for the log, and the trace.
 */
#ifndef GATEPOST_TELL_H
#define GATEPOST_TELL_H

#include "session_state.h"

extern const char *const phase_name[];

/* Fills V (may be NULL) from D. Returns the action. */
int tell_verdict(struct gp_session *s, const struct decision *d, struct gp_verdict *v);

/* The log line of a decision that is not pass; `would` with mode = log. */
void tell_log(struct gp_session *s, const struct decision *d, bool would);

/* The log line of a `log` rule. */
void tell_log_rule(struct gp_session *s, const struct rule *rule, enum gp_phase phase, uint32_t block_seconds);

/* The decision as a line for the trace. */
void tell_decision(struct gp_session *s, const struct decision *d);

/* A line for the trace, if somebody listens. */
void tell_trace(struct gp_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
