/*
 * smtp_peer.h - a peer that plays dialogues into a real server, over SMTP and TCP: from the dialogue's own
 * client address if the machine can bind it, with real waiting unless the server takes its time from a test
 * clock file. One peer belongs to one thread and has one connection at a time.
 */
#ifndef GATEPOST_TOOLS_REPLAY_SMTP_PEER_H
#define GATEPOST_TOOLS_REPLAY_SMTP_PEER_H

#include "peer.h"
#include "tools/os/tcp.h"

enum { SMTP_PEER_TIMEOUT = 30, SMTP_PEER_PATIENCE_MS = 2000 };

struct smtp_peer {
    char host[256];
    char port[8];
    bool standard_port;         /* --server names port 25: a dialogue's own port is then used */
    struct text user, password; /* for AUTH PLAIN */
    const char *test_clock;     /* file that gets the seconds; NULL: really wait */
    int64_t *clock;             /* the dialogue's time; set before each session */
    tcp_link link;              /* -1: none */
    bool in_data;
    bool closed;
    bool stranger_told; /* it was reported once that client addresses are not real */
    struct visitor visitor;
    char literal[64]; /* "[192.0.2.1]" of the client */
    size_t have;      /* bytes received that are not read yet */
    char in[8192];
    char text[4096]; /* the latest reply */
};

/* SERVER is ADDRESS:PORT, [ADDRESS]:PORT or NAME:PORT. Returns false if it cannot be read. */
bool smtp_peer_init(struct smtp_peer *p, const char *server, int64_t *clock, struct peer *peer);

#endif
