/* verdict.h - a decision as text: its reply and its cause; and the verdict that the host gets. */
#ifndef GATEPOST_SESSION_VERDICT_H
#define GATEPOST_SESSION_VERDICT_H

#include "state.h"

/* Returns the reply as it is sent, in memory of the session. It has a code whatever the rule or the table
 * has, and is one line. Valid until the next call. */
struct text verdict_reply(struct gp_session *s, const struct decision *d);

/* Writes the cause: "gatepost.conf:3", "block-table", "blocklist" or "on-error". */
void verdict_cause(const struct gp_session *s, const struct decision *d, struct writer *w);

/* Fills V (may be NULL) from D, as far as the host's struct has members. Returns the action. */
int verdict_fill(struct gp_session *s, const struct decision *d, struct gp_verdict *v);

#endif
