/*
 * autoblock.h - puts clients on the blocklist: for a rule with `block`, and for a relay pattern.
 */
#ifndef GATEPOST_SESSION_AUTOBLOCK_H
#define GATEPOST_SESSION_AUTOBLOCK_H

#include "state.h"

/* Puts the session's client on the blocklist if RULE says so and the client may be there. Returns for how
 * many seconds it is now there; 0 if it was not put there. If nothing may be written (exim -bh, no state
 * directory, mode = log) it returns the time that would apply. */
uint32_t autoblock_for_rule(struct gp_session *s, const struct rule *rule);

/* Notes a rejected attempt. When the same attempt came from several clients, puts them all on the list.
 * Returns for how many seconds the session's client is there because of it; 0 if it is not. D is the
 * decision being given. */
uint32_t autoblock_for_pattern(struct gp_session *s, const struct decision *d);

#endif
