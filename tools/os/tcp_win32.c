/* On Windows a socket can only have addresses of the machine; there is no way to ask for another one. */
#include "tcp.h"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <errno.h>

#include "tcp_address.h"

/* Returns a code of WSAGetLastError() as an errno value. */
static int error_of(int code)
{
    static const struct {
        int code, error;
    } table[] = {
        {WSAEINTR, EINTR},
        {WSAEACCES, EACCES},
        {WSAEINVAL, EINVAL},
        {WSAEMFILE, EMFILE},
        {WSAENOBUFS, ENOMEM},
        {WSA_NOT_ENOUGH_MEMORY, ENOMEM},
        {WSAEADDRINUSE, EADDRINUSE},
        {WSAEADDRNOTAVAIL, EADDRNOTAVAIL},
        {WSAEAFNOSUPPORT, EAFNOSUPPORT},
        {WSAENETDOWN, ENETUNREACH},
        {WSAENETUNREACH, ENETUNREACH},
        {WSAEHOSTUNREACH, EHOSTUNREACH},
        {WSAECONNREFUSED, ECONNREFUSED},
        {WSAECONNRESET, ECONNRESET},
        {WSAECONNABORTED, ECONNABORTED},
        {WSAESHUTDOWN, EPIPE},
        {WSAETIMEDOUT, ETIMEDOUT},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].code == code)
            return table[i].error;
    return EIO;
}

static int last_error(void)
{
    return error_of(WSAGetLastError());
}

static bool bind_client(SOCKET s, int family, const struct ip *ip)
{
    struct sockaddr_storage address;
    int size = tcp_address(ip, &address);
    return family == address.ss_family && bind(s, (const struct sockaddr *)&address, size) == 0;
}

static int connect_within(SOCKET s, const struct addrinfo *to, unsigned seconds)
{
    u_long waiting = 1, at_once = 0;
    fd_set done, failed;
    struct timeval limit = {.tv_sec = (long)seconds};
    ioctlsocket(s, (long)FIONBIO, &waiting);
    if (connect(s, to->ai_addr, (int)to->ai_addrlen) != 0) {
        if (WSAGetLastError() != WSAEWOULDBLOCK)
            return last_error();
        FD_ZERO(&done);
        FD_SET(s, &done);
        failed = done;
        int n = select(0, NULL, &done, &failed, &limit);
        if (n <= 0)
            return n == 0 ? ETIMEDOUT : last_error();
        int code = 0, size = sizeof code;
        if (getsockopt(s, SOL_SOCKET, SO_ERROR, (char *)&code, &size) != 0)
            return last_error();
        if (code)
            return error_of(code);
    }
    ioctlsocket(s, (long)FIONBIO, &at_once);
    return 0;
}

int tcp_open(const char *host, const char *port, const struct ip *from, unsigned seconds, tcp_link *out,
             struct tcp_report *report)
{
    WSADATA about;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = from->v6 ? AF_INET6 : AF_INET};
    struct addrinfo *list = NULL;
    *out = -1;
    *report = (struct tcp_report){.unnamed = NULL};
    int error = WSAStartup(MAKEWORD(2, 2), &about); /* counted; the system releases the rest when the command
                                                     * ends */
    if (error)
        return error_of(error);
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        hints.ai_family = AF_UNSPEC; /* a name with addresses of the other family only */
        if (getaddrinfo(host, port, &hints, &list) != 0) {
            report->unnamed = "the server's name has no address";
            return ENOENT;
        }
    }
    SOCKET s = socket(list->ai_family, SOCK_STREAM, 0);
    error = s == INVALID_SOCKET ? last_error() : 0;
    if (!error) {
        report->stranger = !bind_client(s, list->ai_family, from);
        error = connect_within(s, list, seconds);
    }
    freeaddrinfo(list);
    if (error && s != INVALID_SOCKET)
        closesocket(s);
    if (!error)
        *out = (tcp_link)s;
    return error;
}

int tcp_wait(tcp_link w, int milliseconds)
{
    fd_set set;
    struct timeval limit = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    FD_ZERO(&set);
    FD_SET((SOCKET)w, &set);
    return select(0, &set, NULL, NULL, &limit);
}

int tcp_read(tcp_link w, void *bytes, size_t cap, size_t *got)
{
    int n = recv((SOCKET)w, bytes, (int)cap, 0);
    int error = n < 0 ? last_error() : 0;
    *got = n > 0 ? (size_t)n : 0;
    /* It closed while data of ours was unread, which also means closed. */
    return error == ECONNRESET || error == ECONNABORTED ? 0 : error;
}

int tcp_write(tcp_link w, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n) {
        int sent = send((SOCKET)w, p, (int)n, 0);
        if (sent < 0) {
            int error = last_error();
            return error == ECONNRESET || error == ECONNABORTED ? EPIPE : error;
        }
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

bool tcp_is_over(tcp_link w)
{
    char byte;
    return recv((SOCKET)w, &byte, 1, MSG_PEEK) <= 0;
}

void tcp_close(tcp_link w)
{
    if (w != -1)
        closesocket((SOCKET)w);
}
