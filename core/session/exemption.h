/*
 * exemption.h - who is spared what: the exemption table, asked only once something would turn the client away.
 */
#ifndef GATEPOST_SESSION_EXEMPTION_H
#define GATEPOST_SESSION_EXEMPTION_H

#include "state.h"

/* Whether the session is spared what CAUSE decides about OP: 1, 0, or -1 if the table cannot be used. The
 * blocklist is asked about at connect, so whoever is spared either is spared it. */
int exemption_ask(struct gp_session *s, enum operation op, enum cause cause);

/* Whether the session's client may be put on the blocklist: not if it is not judged, authenticated or exempt, and
 * not if the table cannot be used. */
bool exemption_allows_listing(struct gp_session *s);

/* Whether a client, of this session or another, has an entry of its own in the exemption table: one of the tag client
 * with any value but `none`. NAME is its verified name, or empty. 1, 0, or -1 if the table cannot be used. */
int exemption_has_entry(struct gp_session *s, const struct ip *client, struct text name);

/* A fact changed: the answers about it are void. */
void exemption_forget(struct gp_session *s, enum table_tag tag);

#endif
