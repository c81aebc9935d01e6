/* filter.h - the part of gatepost-milter that talks to the MTA, for the part that is a daemon. */
#ifndef GATEPOST_MILTER_FILTER_H
#define GATEPOST_MILTER_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/gatepost.h"

/* What all connections share; set before the first one comes. */
struct filter {
    const struct gp_api *api;
    struct gp_engine *engine;
    bool tempfail; /* what an MTA gets when there is no memory for a session */
    bool local;    /* the socket is a local one */
    void (*log)(void *context, uint32_t level, const char *line, size_t n);
};

/* Registers the callbacks with libmilter, and keeps FILTER. Returns 0, or -1 if libmilter does not accept
 * them. */
int filter_register(const struct filter *filter);

/* How many connections from MTAs are open. */
unsigned filter_connections(void);

#endif
