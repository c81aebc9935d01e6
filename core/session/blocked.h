/*
 * blocked.h - whether the client, its HELO name, the sender or the recipient stands in the block table, or the
 * client on the blocklist.
 */
#ifndef GATEPOST_SESSION_BLOCKED_H
#define GATEPOST_SESSION_BLOCKED_H

#include "state.h"

/* Asks the block table about the fact of OP (connect: the client; helo, mail, rcpt). *D becomes the decision if
 * it stands there and is not spared; it is left alone otherwise. */
void blocked_by_table(struct gp_session *s, enum operation op, struct decision *d);

/* Asks the blocklist about the client, in the same way. */
void blocked_by_list(struct gp_session *s, struct decision *d);

#endif
