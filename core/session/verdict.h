/* verdict.h - a decision as text: its reply and its cause; and the verdict that the host gets. */
#ifndef GATEPOST_SESSION_VERDICT_H
#define GATEPOST_SESSION_VERDICT_H

#include "state.h"

/* Writes the reply as it is sent: with a code whatever the rule or the table has, in one line. W needs
 * REPLY_MAX + 1 bytes to hold it whole. */
void verdict_reply(const struct decision *d, struct writer *w);

/* Writes the cause: "gatepost.conf:3", "block-table", "blocklist" or "on-error". */
void verdict_cause(const struct gp_session *s, const struct decision *d, struct writer *w);

/* Fills V (may be NULL) from D, as far as the host's struct has members. Returns the action. */
int verdict_fill(struct gp_session *s, const struct decision *d, struct gp_verdict *v);

#endif
