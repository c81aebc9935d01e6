#define _GNU_SOURCE
/* c-ares 1.34 has other functions to make, send and read a query than 1.18. */
#define CARES_NO_DEPRECATED
#include "dnsbl_query.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* How many sockets can wait for an answer at once: one to each name server. */
#define SOCKETS_MOST 16

/* A query under way, and its sockets. */
struct query {
    struct dnsbl_answer *answer;
    bool over;
    nfds_t sockets;
    struct pollfd socket[SOCKETS_MOST];
};

static int64_t milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int ready = -1;

static void begin(void)
{
    ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 0 : -1;
}

int dnsbl_query_init(void)
{
    return pthread_once(&once, begin) == 0 ? ready : -1;
}

static void take_addresses(struct dnsbl_answer *a, const unsigned char *message, int size)
{
    struct ares_addrttl found[DNSBL_ADDRESSES_MOST];
    int count = DNSBL_ADDRESSES_MOST;
    int status = ares_parse_a_reply(message, size, NULL, found, &count);
    if (status == ARES_ENODATA || (status == ARES_SUCCESS && count <= 0)) {
        a->outcome = DNSBL_NOTHING;
        return;
    }
    if (status != ARES_SUCCESS) {
        a->why = ares_strerror(status);
        return;
    }
    a->outcome = DNSBL_ADDRESSES;
    a->ttl = UINT32_MAX;
    for (int i = 0; i < count; i++) {
        a->address[a->count++] = ntohl(found[i].ipaddr.s_addr);
        const unsigned ttl = found[i].ttl > 0 ? (unsigned)found[i].ttl : 0;
        a->ttl = ttl < a->ttl ? ttl : a->ttl;
    }
}

static void on_answer(void *context, int status, int timeouts, unsigned char *message, int size)
{
    struct query *q = context;
    struct dnsbl_answer *a = q->answer;
    (void)timeouts;
    q->over = true;
    if (status == ARES_ECANCELLED || status == ARES_EDESTRUCTION) /* our own time is over */
        return;
    if (status != ARES_SUCCESS || size < NS_HFIXEDSZ) {
        a->why = ares_strerror(status != ARES_SUCCESS ? status : ARES_EBADRESP);
        return;
    }
    const int code = message[3] & 15;
    if (message[2] & 2)
        a->why = "the answer was cut short";
    else if (code == ns_r_nxdomain)
        a->outcome = DNSBL_NOTHING;
    else if (code == ns_r_noerror)
        take_addresses(a, message, size);
    else
        a->why = "the name server has an error";
}

/* What the channel waits for at a socket; neither to read nor to write: the socket is closed. */
static void on_socket(void *context, ares_socket_t fd, int readable, int writable)
{
    struct query *q = context;
    const short events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    nfds_t i = 0;
    while (i < q->sockets && q->socket[i].fd != fd)
        i++;
    if (events && i < SOCKETS_MOST) {
        q->socket[i] = (struct pollfd){.fd = fd, .events = events};
        q->sockets += i == q->sockets;
    } else if (!events && i < q->sockets)
        q->socket[i] = q->socket[--q->sockets];
}

/* Waits for what the channel waits for, MOST milliseconds at most, and lets it go on. */
static void go_on(ares_channel channel, const struct query *q, int64_t most)
{
    struct pollfd fds[SOCKETS_MOST]; /* a copy: the channel opens and closes sockets while it goes on */
    struct timeval own = {.tv_sec = most / 1000, .tv_usec = (most % 1000) * 1000}, room;
    const nfds_t n = q->sockets;
    memcpy(fds, q->socket, n * sizeof *fds);
    const struct timeval *next = ares_timeout(channel, &own, &room);
    const int64_t wait = (int64_t)next->tv_sec * 1000 + (next->tv_usec + 999) / 1000;
    const int found = poll(fds, n, (int)(wait < most ? wait : most));
    for (nfds_t i = 0; i < n && found > 0; i++)
        if (fds[i].revents)
            ares_process_fd(channel, fds[i].events & POLLIN ? fds[i].fd : ARES_SOCKET_BAD,
                            fds[i].events & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
    if (found <= 0) /* nothing came in, but a time may be over */
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* With an id from the kernel: if c-ares cannot open /dev/urandom it draws its own from rand(). */
static void ask(ares_channel channel, const char *name, struct query *q)
{
    unsigned char *question = NULL;
    uint16_t id;
    int size = 0;
    q->over = true; /* until it is asked */
    if (getrandom(&id, sizeof id, GRND_NONBLOCK) != (ssize_t)sizeof id)
        q->answer->why = "no random number is available";
    else if (ares_create_query(name, ns_c_in, ns_t_a, id, 1, &question, &size, 0) != ARES_SUCCESS)
        q->answer->why = "this name cannot be looked up";
    else {
        q->over = false;
        ares_send(channel, question, size, on_answer, q);
    }
    ares_free_string(question);
}

void dnsbl_query(const char *name, unsigned limit_ms, struct dnsbl_answer *out)
{
    struct query q = {.answer = out};
    ares_channel channel;
    const int64_t until = milliseconds() + limit_ms;
    /* The query is sent again after a third of the time: a lost packet does not mean a silent server. No
     * TCP: the answer of a list fits into a packet, and a connection that is reset would send the process a
     * SIGPIPE. */
    struct ares_options options = {.flags = ARES_FLAG_IGNTC,
                                   .timeout = (int)(limit_ms / 3 + 1),
                                   .tries = 3,
                                   .sock_state_cb = on_socket,
                                   .sock_state_cb_data = &q};
    *out = (struct dnsbl_answer){.outcome = DNSBL_FAILED, .why = "no answer in time"};
    if (ares_init_options(&channel, &options,
                          ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
        ARES_SUCCESS) {
        out->why = "the resolver cannot be set up";
        return;
    }
    ask(channel, name, &q);
    for (int64_t now = milliseconds(); !q.over && now < until; now = milliseconds())
        go_on(channel, &q, until - now);
    ares_destroy(channel);
}
