/*
 * parts.h - what the three files of a session use of each other: session/open.c (opening, closing, what the
 * host passes once), session.c (connect to DATA), session/message.c (the header and the end of the message).
 */
#ifndef GATEPOST_SESSION_PARTS_H
#define GATEPOST_SESSION_PARTS_H

#include "state.h"

/* Every phase begins with this. True if the answer is clear without its rules: V is filled then, *ACTION
 * set. */
bool session_begin(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v, int *action);

/* If MAIL was not reported but must have come: gives the verdict that was held for it. Returns as
 * session_begin(). */
bool session_settle_mail(struct gp_session *s, struct gp_verdict *v, int *action);

/* The transaction has ended, or another begins. */
void session_transaction_over(struct gp_session *s);

/* Called for each unfolded field of the header; CONTEXT is the session. */
void session_on_field(void *context, const struct field *field);

#endif
