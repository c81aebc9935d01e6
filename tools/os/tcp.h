/*
 * tcp.h - a TCP connection from an address of our choice. tcp_posix.c and tcp_win32.c are the only files of
 * the command with sockets.
 */
#ifndef GATEPOST_TOOLS_OS_TCP_H
#define GATEPOST_TOOLS_OS_TCP_H

#include "core/mail/ip.h"

/* A connection; -1 is none. */
typedef intptr_t wire;

/* What it could not do besides connecting. */
struct wire_report {
    bool stranger;       /* the address FROM could not be bound: the server sees another one */
    const char *unnamed; /* why HOST has no address, in words; then the result is ENOENT */
};

/* Connects to HOST, an address or a name, preferring the family of FROM, from that address where the machine
 * allows it. Waits SECONDS at most. Returns 0, or an errno value. */
int wire_open(const char *host, const char *port, const struct ip *from, unsigned seconds, wire *out,
              struct wire_report *report);

/* Waits until something can be read. 1 it can, 0 time is over, -1 error. */
int wire_wait(wire w, int milliseconds);

/* Takes in what is there, CAP bytes at most; *GOT is 0 when the other side has closed. 0 or errno. */
int wire_read(wire w, void *bytes, size_t cap, size_t *got);

/* Sends all of it. 0 or errno; EPIPE when the other side has closed. */
int wire_write(wire w, const void *bytes, size_t n);

/* Whether, with something to be read, that is the end. */
bool wire_is_over(wire w);

void wire_close(wire w);

#endif
