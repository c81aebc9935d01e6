/*
 * arrival.h - whether a line of a log says that mail was taken in: Exim's "<=", Postfix's "client=" for a queue id,
 * Sendmail's "from=" with recipients. Pure; any thread.
 */
#ifndef GATEPOST_TOOLS_REPORT_ARRIVAL_H
#define GATEPOST_TOOLS_REPORT_ARRIVAL_H

#include "tools/analyze/log_event.h"

/* Texts are slices of the line. */
struct arrival {
    struct ip client;
    struct text name;   /* verified, as the server says; empty: none */
    struct text sender; /* without brackets; empty: null, or not in this line */
};

/* Returns whether the line of E says so; the client's address is taken only from where the server writes it. */
bool arrival_read(const struct log_event *e, struct arrival *out);

#endif
