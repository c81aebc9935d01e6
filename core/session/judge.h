/*
 * judge.h - asks the rules of an operation, in file order.
 */
#ifndef GATEPOST_SESSION_JUDGE_H
#define GATEPOST_SESSION_JUDGE_H

#include "state.h"

/* Asks the rules of OP about SUBJECT. *D becomes the decision of the first that decides; it is left alone if
 * none does. */
void judge(struct gp_session *s, enum operation op, enum gp_phase phase, struct text subject,
           struct decision *d);

/* Asks the rules about one header field: `header`, then `subject` or `message-id`. NAMED is what
 * block_field() says of its name. */
void judge_field(struct gp_session *s, const struct field *field, const struct named_field *named,
                 struct decision *d);

#endif
