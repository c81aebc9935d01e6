/*
 * blocked.h - whether the client, its HELO name, the sender or the recipient is in the block table, or the
 * client on the blocklist.
 */
#ifndef GATEPOST_SESSION_BLOCKED_H
#define GATEPOST_SESSION_BLOCKED_H

#include "state.h"

/* Looks up the fact of OP in the block table (connect: the client; helo, mail, rcpt). *D becomes the
 * decision if the fact is there and not exempt; otherwise *D does not change. */
void blocked_by_table(struct gp_session *s, enum operation op, struct decision *d);

/* Looks the client up in the blocklist, in the same way. */
void blocked_by_list(struct gp_session *s, struct decision *d);

#endif
