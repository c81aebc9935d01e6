/* judge.h - tries the rules of an operation, in file order. */
#ifndef GATEPOST_SESSION_JUDGE_H
#define GATEPOST_SESSION_JUDGE_H

#include "state.h"

/* Tries the rules of OP on SUBJECT. *D becomes the decision of the first rule that decides; otherwise it
 * does not change. */
void judge(struct gp_session *s, enum operation op, enum gp_phase phase, struct text subject,
           struct decision *d);

/* Tries the rules on one header field: `header`, then `subject` or `message-id`. NAMED is the result of
 * block_field() for its name. */
void judge_field(struct gp_session *s, const struct field *field, const struct named_field *named,
                 struct decision *d);

#endif
