/*
 * peer.h - what a dialogue is played against: the simulated server (simulate.h) or a real one (smtp_peer.h). A
 * peer has one session at a time and is used by one thread.
 */
#ifndef GATEPOST_TOOLS_REPLAY_PEER_H
#define GATEPOST_TOOLS_REPLAY_PEER_H

#include "core/base/text.h"

/* The client that connects. */
struct visitor {
    struct text address;
    struct text name; /* verified name, or empty */
    unsigned port;    /* of ours */
    unsigned unknown; /* mask of GP_FACT_… */
};

/* A reply. The text is valid until the next call on that peer. */
struct reply {
    struct text text; /* "554 5.7.1 No", several lines joined by a blank; empty: there was no reply */
    bool closed;      /* the connection is closed (after that reply) */
};

struct peer;

/* open, say, auth and wait return 0, or -1 when the peer cannot go on (the server does not exist or does not
 * answer): then peer->reason says why. */
struct peer_ops {
    int (*open)(struct peer *peer, const struct visitor *visitor, struct reply *reply);
    int (*say)(struct peer *peer, struct text line, struct reply *reply); /* a command, or a line of data */
    int (*auth)(struct peer *peer, struct reply *reply);
    int (*wait)(struct peer *peer, int64_t seconds);
    bool (*ended)(struct peer *peer);      /* has the server closed? */
    bool (*ended_soon)(struct peer *peer); /* the same, waiting a moment for it to do so */
    void (*finish)(struct peer *peer);     /* ends the session, if one is open */
};

struct peer {
    const struct peer_ops *ops;
    void *self;
    char reason[256];
};

/* The first three digits of a reply: 250, or 0 if there was no reply. */
static inline unsigned reply_code(const struct reply *r)
{
    unsigned code = 0;
    for (size_t i = 0; i < 3; i++) {
        if (i >= r->text.n || !is_digit((unsigned char)r->text.p[i]))
            return 0;
        code = code * 10 + (unsigned)(r->text.p[i] - '0');
    }
    return code;
}

#endif
