#define _GNU_SOURCE
#include "tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tcp_address.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static bool bind_client(int fd, int family, const struct ip *ip)
{
    struct sockaddr_storage address;
    int on = 1;
    socklen_t size = tcp_address(ip, &address);
    if (family != address.ss_family)
        return false;
#ifdef IP_BIND_ADDRESS_NO_PORT
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
#endif
#ifdef IPV6_FREEBIND
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
#endif
    return bind(fd, (const struct sockaddr *)&address, size) == 0;
}

static int connect_within(int fd, const struct addrinfo *to, unsigned seconds)
{
    struct timeval limit = {.tv_sec = (time_t)seconds};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); /* also limits connect() */
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
        return 0;
    return errno == EINPROGRESS ? ETIMEDOUT : errno;
}

int tcp_open(const char *host, const char *port, const struct ip *from, unsigned seconds, tcp_link *out,
             struct tcp_report *report)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = from->v6 ? AF_INET6 : AF_INET};
    struct addrinfo *list = NULL;
    *out = -1;
    *report = (struct tcp_report){.unnamed = NULL};
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        hints.ai_family = AF_UNSPEC; /* a name with addresses of the other family only */
        int failure = getaddrinfo(host, port, &hints, &list);
        if (failure != 0) {
            report->unnamed = gai_strerror(failure);
            return ENOENT;
        }
    }
    int fd = socket(list->ai_family, SOCK_STREAM, 0);
    int error = fd < 0 ? errno : 0;
    if (!error) {
        report->stranger = !bind_client(fd, list->ai_family, from);
        error = connect_within(fd, list, seconds);
    }
    freeaddrinfo(list);
    if (error && fd >= 0)
        close(fd);
    if (!error)
        *out = fd;
    return error;
}

int tcp_wait(tcp_link w, int milliseconds)
{
    struct pollfd fd = {.fd = (int)w, .events = POLLIN};
    int n;
    do
        n = poll(&fd, 1, milliseconds);
    while (n < 0 && errno == EINTR);
    return n;
}

int tcp_read(tcp_link w, void *bytes, size_t cap, size_t *got)
{
    ssize_t n;
    do
        n = recv((int)w, bytes, cap, 0);
    while (n < 0 && errno == EINTR);
    *got = n > 0 ? (size_t)n : 0;
    /* ECONNRESET: it closed while data of ours was unread, which also means closed. */
    return n < 0 && errno != ECONNRESET ? errno : 0;
}

int tcp_write(tcp_link w, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n) {
        ssize_t sent = send((int)w, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == ECONNRESET ? EPIPE : errno;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

bool tcp_is_over(tcp_link w)
{
    char byte;
    return recv((int)w, &byte, 1, MSG_PEEK) <= 0;
}

void tcp_close(tcp_link w)
{
    if (w >= 0)
        close((int)w);
}
