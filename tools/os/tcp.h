/*
 * tcp.h - a TCP connection from a chosen address. tcp_posix.c and tcp_win32.c are the only files of the command
 * with sockets.
 */
#ifndef GATEPOST_TOOLS_OS_TCP_H
#define GATEPOST_TOOLS_OS_TCP_H

#include "core/mail/ip.h"

/* A connection; -1 means none. */
typedef intptr_t tcp_link;

/* What failed besides connecting. */
struct tcp_report {
    bool stranger;       /* the address FROM could not be bound: the server sees another one */
    const char *unnamed; /* why HOST has no address, in words; then the result is ENOENT */
};

/* Connects to HOST, an address or a name, preferring the family of FROM, from that address where the machine
 * allows it. Waits SECONDS at most. Returns 0, or an errno value. */
int tcp_open(const char *host, const char *port, const struct ip *from, unsigned seconds, tcp_link *out,
             struct tcp_report *report);

/* Waits until something can be read. 1 it can, 0 time is over, -1 error. */
int tcp_wait(tcp_link w, int milliseconds);

/* Receives what has arrived, CAP bytes at most; *GOT is 0 when the other side has closed. Returns 0 or
 * errno. */
int tcp_read(tcp_link w, void *bytes, size_t cap, size_t *got);

/* Sends all of it. 0 or errno; EPIPE when the other side has closed. */
int tcp_write(tcp_link w, const void *bytes, size_t n);

/* Returns whether, when there is something to read, it is the end. */
bool tcp_is_over(tcp_link w);

void tcp_close(tcp_link w);

#endif
