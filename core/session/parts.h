/*
 * parts.h - what the three files of a session have of each other: session/open.c (opening, closing,
 * what the host tells once), session.c (connect to DATA), session/message.c (the header and the end of the
 * message).
 */
#ifndef GATEPOST_SESSION_PARTS_H
#define GATEPOST_SESSION_PARTS_H

#include "state.h"

/* What every phase begins with. True if the answer is clear without its rules: V is filled then, *ACTION set.
 */
bool session_begin(struct gp_session *s, enum gp_phase phase, struct gp_verdict *v, int *action);

/* Where MAIL was never reported but must have come: gives what was held for it. True as session_begin(). */
bool session_settle_mail(struct gp_session *s, struct gp_verdict *v, int *action);

/* The transaction has ended, or another begins. */
void session_transaction_over(struct gp_session *s);

/* A field of the header, unfolded; CONTEXT is the session. */
void session_on_field(void *context, const struct field *field);

#endif
