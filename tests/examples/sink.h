/*
 * sink.h - a mail server that asks gatepost in every phase and throws good messages away: an example of a host
 * with threads, and the server over which tests/sessions are played on a socket. sink.c loads the engine,
 * listens, and gives each connection a thread; sink_talk.c speaks SMTP on one connection; sink_name.c finds out
 * who is at its other end.
 */
#ifndef GATEPOST_EXAMPLE_SINK_H
#define GATEPOST_EXAMPLE_SINK_H

#include <gatepost.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

/* What all connections share. The engine may be used by all threads at once; all else is constant but
 * `stopping`. */
struct sink {
    const struct gp_api *api;
    struct gp_engine *engine;
    const char *name;     /* ours, in the greeting; counts as one of our own names */
    bool pretend_tls;     /* STARTTLS is answered with 220 and the conversation goes on in clear */
    atomic_bool stopping; /* whoever waits for a command says 421 */
};

/* One conversation on SOCKET, from the greeting to its end. The caller closes the socket. */
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

/* The name of that end, NUL-terminated. Returns what is known of it (enum gp_name_state): VERIFIED if it
 * resolves back to the address, for anybody can give his address any name; FORGED if it does not; NONE if there
 * is no name; UNKNOWN if the DNS did not answer. */
uint32_t end_name(const struct end *e, char *name, size_t cap);

#endif
