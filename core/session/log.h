/*
 * log.h - verdicts for the host, lines for the log, and the trace.
 */
#ifndef GATEPOST_SESSION_LOG_H
#define GATEPOST_SESSION_LOG_H

#include "state.h"

/* The exemption table cannot be used, so it cannot be said whether OP is spared: on-error. *D becomes a
 * temporary reply, or is left alone. What would have been refused for the session is so here too: a client that
 * goes on to MAIL must not slip through. */
void tell_trouble(const struct gp_session *s, enum operation op, enum gp_phase phase, struct decision *d);

/* Fills V (may be NULL) from D. Returns the action. */
int tell_verdict(struct gp_session *s, const struct decision *d, struct gp_verdict *v);

/* The log line of a decision that is not pass; `would` with mode = log. */
void tell_log(struct gp_session *s, const struct decision *d, bool would);

/* The log line of a `log` rule. */
void tell_log_rule(struct gp_session *s, const struct rule *rule, enum gp_phase phase, uint32_t block_seconds);

/* A check of a plugin could not say, or took more than its time: a line for the log, once an hour for each
 * rule. WHAT is "cannot say" or the like, WHY its reason. */
void tell_check(struct gp_session *s, const struct rule *rule, const char *what, const char *why);

/* The decision as a line for the trace. */
void tell_decision(struct gp_session *s, const struct decision *d);

/* A line for the trace, if somebody listens. A macro, because a session comes by here for every field and
 * nearly always nobody does. */
#define tell_trace(s, ...)                                                                                     \
    do {                                                                                                       \
        if ((s)->trace)                                                                                        \
            tell_trace_line(s, __VA_ARGS__);                                                                   \
    } while (0)
void tell_trace_line(struct gp_session *s, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

#endif
