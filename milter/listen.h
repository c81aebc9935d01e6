/*
 * listen.h - the socket on which the MTA finds the filter: where it is, who may use it, and how one that a dead
 * filter left behind is distinguished from one in use.
 */
#ifndef GATEPOST_MILTER_LISTEN_H
#define GATEPOST_MILTER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct listen_options {
    const char *socket; /* local:/path, unix:/path, /path, inet:port@host, inet6:port@host */
    mode_t mode;        /* of a unix socket */
    uid_t owner;        /* -1: as it comes */
    gid_t group;        /* -1: as it comes */
};

/* The path of a unix socket in SOCKET, or NULL if it is none. */
const char *listen_path(const char *socket);

/* The open socket. */
struct listener {
    int fd;           /* libmilter's; -1: none */
    const char *path; /* of a unix socket, borrowed from the options; else NULL */
    dev_t device;     /* the identity of the socket: by now the file may be another filter's */
    ino_t inode;
    bool known; /* these two are set */
};

/* Opens the socket through libmilter, which knows the callbacks. Returns 0; or -1, with what is wrong,
 * where, and what to do in WHY. */
int listen_open(const struct listen_options *options, struct listener *listener, char *why, size_t cap);

/* Stops accepting connections: clients find the socket closed, and libmilter sees one that stays silent. A
 * unix socket is removed if it is still ours. */
void listen_close(struct listener *listener);

#endif
