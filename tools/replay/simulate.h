/*
 * simulate.h - the simulated server: a peer that answers a dialogue as an MTA with the engine would, through
 * the public interface alone. It replies 220, 250, 354, 221, and 503 out of sequence; MAIL without HELO is left
 * to the engine. It supports neither AUTH (a dialogue has the directive `auth`) nor TLS beyond 220 to STARTTLS.
 * One simulation belongs to one thread; it runs one session at a time.
 */
#ifndef GATEPOST_TOOLS_REPLAY_SIMULATE_H
#define GATEPOST_TOOLS_REPLAY_SIMULATE_H

#include "core/gatepost.h"
#include "peer.h"

enum simulation_stage { STAGE_CLOSED, STAGE_COMMAND, STAGE_HEADER, STAGE_BODY };

/* The first verdict of a session other than pass. */
struct outcome {
    unsigned action; /* enum gp_action */
    unsigned phase;  /* enum gp_phase */
    unsigned code;
    char cause[300];
};

struct simulation {
    const struct gp_api *api;
    struct gp_engine *engine; /* set before each session */
    struct gp_session *session;
    enum simulation_stage stage;
    bool sender;  /* a MAIL was accepted */
    bool refused; /* the engine refuses the session, whatever follows */
    bool field;   /* the line before was a field, so that a blank continues it */
    bool no_rcpt; /* the recipient is not known: DATA needs none */
    unsigned recipients;
    uint64_t size;  /* of the message */
    int64_t *clock; /* what `wait` moves; may be NULL */
    struct outcome outcome;
    char text[700]; /* the latest reply */

    /* Where the engine's trace goes; NULL for none. */
    void (*trace)(void *context, const char *line, size_t n);
    void *trace_context;
};

/* Makes *PEER a peer whose sessions are judged by SIMULATION->engine. */
void simulate_init(struct simulation *s, const struct gp_api *api, int64_t *clock, struct peer *peer);

#endif
