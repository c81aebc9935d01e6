/*
 * sink.h - a mail server that asks gatepost in every phase and discards good messages. It is an example of a
 * host with threads, and the server over which tests/sessions are played on a socket. sink.c loads the engine,
 * listens, and gives each connection a thread; sink_talk.c speaks SMTP on one connection; sink_name.c finds the
 * address and name of the client.
 */
#ifndef GATEPOST_EXAMPLE_SINK_H
#define GATEPOST_EXAMPLE_SINK_H

#include <gatepost.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

/* What all connections share. All threads may use the engine at once; everything else is constant but
 * `stopping`. */
struct sink {
    const struct gp_api *api;
    struct gp_engine *engine;
    const char *name;     /* ours, in the greeting; counts as one of our own names */
    bool pretend_tls;     /* STARTTLS is answered with 220 and the conversation continues in clear */
    atomic_bool stopping; /* a connection that waits for a command replies 421 */
};

/* Talks to one client on SOCKET, from the greeting to the end. The caller closes the socket. */
void talk(const struct sink *sink, int socket);

/* One end of a connection. */
struct end {
    struct sockaddr_storage address;
    socklen_t size;
    char text[NI_MAXHOST]; /* the address; empty if it has no text */
    uint32_t port;
};

/* Fills text and port from the address. */
void end_describe(struct end *e);

/* Looks up the name of that end, NUL-terminated. Returns its state (enum gp_name_state): VERIFIED if it
 * resolves back to the address, because anybody can give his own address any name; FORGED if it does not; NONE
 * if there is no name; UNKNOWN if the DNS did not answer. */
uint32_t end_name(const struct end *e, char *name, size_t cap);

#endif
