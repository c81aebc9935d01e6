/*
 * exemption.h - who is spared what: the exemption table, asked only once a rule has triggered.
 */
#ifndef GATEPOST_SESSION_EXEMPTION_H
#define GATEPOST_SESSION_EXEMPTION_H

#include "state.h"

/* Whether the session is spared WHAT (an operation, or SPARE_BLOCKLIST): 1, 0, or -1 if the table cannot be
 * used. */
int spare(struct gp_session *s, unsigned what);

/* A fact changed: the answers about it are void. */
void spare_forget(struct gp_session *s, enum table_tag tag);

#endif
