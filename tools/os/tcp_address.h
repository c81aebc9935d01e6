/*
 * tcp_address.h - addresses in the form of the socket functions, for tcp_posix.c and tcp_win32.c, which include
 * their system's header for sockets before this one.
 */
#ifndef GATEPOST_TOOLS_OS_TCP_ADDRESS_H
#define GATEPOST_TOOLS_OS_TCP_ADDRESS_H

#include "core/mail/ip.h"

/* Returns how many bytes of *OUT count. */
static inline socklen_t tcp_address(const struct ip *ip, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (ip->v6) {
        struct sockaddr_in6 *a = (struct sockaddr_in6 *)out;
        a->sin6_family = AF_INET6;
        memcpy(&a->sin6_addr, ip->byte, 16);
        return sizeof *a;
    }
    struct sockaddr_in *a = (struct sockaddr_in *)out;
    a->sin_family = AF_INET;
    memcpy(&a->sin_addr, ip->byte, 4);
    return sizeof *a;
}

#endif
