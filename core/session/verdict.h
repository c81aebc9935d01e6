/*
 * verdict.h - what a decision says: its reply and its cause as text, and the verdict that the host gets.
 */
#ifndef GATEPOST_SESSION_VERDICT_H
#define GATEPOST_SESSION_VERDICT_H

#include "state.h"

/* The reply as it goes out, in memory of the session: it has a code whatever the rule or the table has, and is one
 * line. Good until the next call. */
struct text verdict_reply(struct gp_session *s, const struct decision *d);

/* Writes the cause: "gatepost.conf:3", "block-table", "blocklist" or "on-error". */
void verdict_cause(const struct gp_session *s, const struct decision *d, struct writer *w);

/* Fills V (may be NULL) from D, as far as the host's struct goes. Returns the action. */
int verdict_fill(struct gp_session *s, const struct decision *d, struct gp_verdict *v);

#endif
