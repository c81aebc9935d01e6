/*
 * exemption.h - who is exempt from what: the exemption table, looked up only when something would refuse the
 * client.
 */
#ifndef GATEPOST_SESSION_EXEMPTION_H
#define GATEPOST_SESSION_EXEMPTION_H

#include "state.h"

/* Returns whether the session is exempt from what CAUSE decides at OP: 1, 0, or -1 if the table cannot be
 * used. The blocklist is looked up at connect, so an exemption from either is enough for it. */
int exemption_ask(struct gp_session *s, enum operation op, enum cause cause);

/* Returns whether the session's client may be put on the blocklist: not if it is not judged, authenticated
 * or exempt, and not if the table cannot be used. */
bool exemption_allows_listing(struct gp_session *s);

/* Returns whether a client, of this session or another, has an entry of its own in the exemption table, with
 * the tag client and any value but `none`. NAME is its verified name, or empty. 1, 0, or -1 if the table
 * cannot be used. */
int exemption_has_entry(struct gp_session *s, const struct ip *client, struct text name);

/* A fact has changed: the answers about it are no longer valid. */
void exemption_forget(struct gp_session *s, enum table_tag tag);

#endif
