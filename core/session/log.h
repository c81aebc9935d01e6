/*
 * log.h - lines for the host's log, and for the trace.
 */
#ifndef GATEPOST_SESSION_LOG_H
#define GATEPOST_SESSION_LOG_H

#include "state.h"

/* Writes the log line of a decision other than pass; `would` with mode = log. COUNT: how often it was made
 * in this transaction, if the line is about all of them; else 0. */
void session_log_decision(struct gp_session *s, const struct decision *d, uint32_t count);

/* Writes the log line of a `log` rule. COUNT as above. */
void session_log_rule(struct gp_session *s, const struct rule *rule, enum gp_phase phase,
                      uint32_t block_seconds, uint32_t count);

/* A check of a plugin could not say, or took too long: writes a line to the log, once an hour for each rule.
 * WHAT is "cannot say" or the like, WHY its reason. */
void session_log_check(struct gp_session *s, const struct rule *rule, const char *what, const char *why);

/* Writes the decision as a line for the trace. */
void session_log_trace_decision(struct gp_session *s, const struct decision *d);

/* Writes a line for the trace, if a function is set. It is a macro, because a session calls it for every
 * field and hardly ever has a function. */
#define session_log_trace(s, ...)                                                                              \
    do {                                                                                                       \
        if ((s)->trace)                                                                                        \
            session_log_trace_line(s, __VA_ARGS__);                                                            \
    } while (0)
void session_log_trace_line(struct gp_session *s, const char *format, ...)
    __attribute__((format(__printf__, 2, 3)));

#endif
