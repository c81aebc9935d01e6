/*
 * sink [-t] [-n NAME] [-s STATE-DIR] LIBRARY CONF PORT... - listens on PORTs of all addresses, IPv4 and IPv6,
 * until SIGTERM. On SIGHUP it looks for changed rules at once; otherwise the next connection notices them,
 * after a second at most. -t: see sink.h. The engine's log goes to standard error.
 *
 * The engine is opened once and used by all threads; each connection has a session of its own.
 */
#define _GNU_SOURCE
#include "sink.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_CLIENTS = 500, MOST_LISTENERS = 16, STACK = 1 << 20, PATIENCE_SECONDS = 300, FAREWELL_SECONDS = 2 };

static struct sink sink;

/* The open connections, so that their threads can be woken and waited for. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t one_less;
    unsigned count;
    int socket[MOST_CLIENTS]; /* -1: none */
} clients = {.mutex = PTHREAD_MUTEX_INITIALIZER, .one_less = PTHREAD_COND_INITIALIZER};

static volatile sig_atomic_t asked_to_stop, asked_to_look;

static void on_signal(int number)
{
    if (number == SIGHUP)
        asked_to_look = 1;
    else
        asked_to_stop = 1;
}

/* Called by the engine from any thread; one call of stdio keeps a line whole. */
static void log_line(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)level;
    fprintf(stderr, "%.*s\n", (int)n, line);
}

/* Returns the engine's functions, or NULL after printing why not. The library stays loaded: threads may still
 * be in the engine. */
static const struct gp_api *load(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    gp_api_entry *entry = handle ? (gp_api_entry *)dlsym(handle, "gatepost_api") : NULL;
    const struct gp_api *api = entry ? entry(GP_API_MAJOR) : NULL;
    if (!entry)
        fprintf(stderr, "sink: %s\n", dlerror());
    else if (!api)
        fprintf(stderr, "sink: %s does not speak version %u\n", library, GP_API_MAJOR);
    return api;
}

/* ---- connections ---- */

/* Returns the place of a connection in the list, or -1 if it is full. */
static int client_enter(int fd)
{
    int place = -1;
    pthread_mutex_lock(&clients.mutex);
    for (int i = 0; i < MOST_CLIENTS && place < 0; i++)
        if (clients.socket[i] < 0)
            place = i;
    if (place >= 0) {
        clients.socket[place] = fd;
        clients.count++;
    }
    pthread_mutex_unlock(&clients.mutex);
    return place;
}

static void client_leave(int place)
{
    pthread_mutex_lock(&clients.mutex);
    close(clients.socket[place]);
    clients.socket[place] = -1;
    clients.count--;
    pthread_cond_signal(&clients.one_less);
    pthread_mutex_unlock(&clients.mutex);
}

/* Wakes all threads that wait for their clients, and waits for the threads. */
static void clients_end(void)
{
    atomic_store(&sink.stopping, true);
    pthread_mutex_lock(&clients.mutex);
    for (int i = 0; i < MOST_CLIENTS; i++)
        if (clients.socket[i] >= 0)
            shutdown(clients.socket[i], SHUT_RD);
    while (clients.count)
        pthread_cond_wait(&clients.one_less, &clients.mutex);
    pthread_mutex_unlock(&clients.mutex);
}

/* Closing a socket with unread bytes makes the kernel send a reset, and the client may then lose our last
 * reply. */
static void part(int fd)
{
    char unread[4096];
    const struct timeval soon = {.tv_sec = FAREWELL_SECONDS};
    shutdown(fd, SHUT_WR);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    for (int i = 0; i < 16 && recv(fd, unread, sizeof unread, 0) > 0; i++)
        ;
}

static void *client_thread(void *argument)
{
    const int place = (int)(intptr_t)argument;
    const int fd = clients.socket[place]; /* ours until client_leave() */
    const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    talk(&sink, fd);
    part(fd);
    client_leave(place);
    return NULL;
}

static void turn_away(int fd)
{
    static const char busy[] = "421 4.3.2 Too many connections\r\n";
    (void)send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void client_begin(int fd)
{
    pthread_attr_t attributes;
    pthread_t thread;
    const int place = client_enter(fd);
    if (place < 0) {
        turn_away(fd);
        close(fd);
        return;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK);
    if (pthread_create(&thread, &attributes, client_thread, (void *)(intptr_t)place) != 0) {
        turn_away(fd);
        client_leave(place);
    }
    pthread_attr_destroy(&attributes);
}

/* ---- listening ---- */

static int listen_at(const struct addrinfo *at)
{
    const int on = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, 128) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Listens on all addresses of this machine. Returns how many sockets were added to POLLED; 0 if none could be.
 */
static unsigned listen_on(const char *port, struct pollfd *polled, unsigned room)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *list = NULL;
    unsigned n = 0;
    const int failure = getaddrinfo(NULL, port, &hints, &list);
    if (failure != 0) {
        fprintf(stderr, "sink: port %s: %s\n", port, gai_strerror(failure));
        return 0;
    }
    for (const struct addrinfo *at = list; at && n < room; at = at->ai_next) {
        const int fd = listen_at(at);
        if (fd >= 0)
            polled[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    freeaddrinfo(list);
    if (n == 0)
        fprintf(stderr, "sink: port %s: %s\n", port, strerror(errno));
    return n;
}

/* Runs until SIGTERM. Signals arrive only while it waits, and only here: all threads are started with them
 * blocked. */
static void accept_all(struct pollfd *polled, unsigned n, const sigset_t *open)
{
    while (!asked_to_stop) {
        const int ready = ppoll(polled, n, NULL, open);
        if (asked_to_look) {
            asked_to_look = 0;
            sink.api->engine_refresh(sink.engine);
        }
        for (unsigned i = 0; ready > 0 && i < n; i++) {
            const int fd = polled[i].revents ? accept4(polled[i].fd, NULL, NULL, SOCK_CLOEXEC) : -1;
            if (fd >= 0)
                client_begin(fd);
            else if (polled[i].revents && (errno == EMFILE || errno == ENFILE))
                poll(NULL, 0, 100); /* until a connection ends */
        }
    }
}

static void catch_signals(sigset_t *open)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ours, open);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static int run(char **ports)
{
    struct pollfd polled[MOST_LISTENERS];
    unsigned n = 0;
    sigset_t open;
    for (int i = 0; i < MOST_CLIENTS; i++)
        clients.socket[i] = -1;
    catch_signals(&open);
    for (; *ports; ports++) {
        const unsigned more = listen_on(*ports, polled + n, MOST_LISTENERS - n);
        if (more == 0)
            return 3;
        n += more;
    }
    puts("listening");
    fflush(stdout);
    accept_all(polled, n, &open);
    for (unsigned i = 0; i < n; i++)
        close(polled[i].fd);
    clients_end();
    return 0;
}

int main(int argc, char **argv)
{
    struct gp_host host = {.size = sizeof host, .log = log_line};
    struct gp_open_options options = {.size = sizeof options, .flags = GP_CAN_HOLD, .host = &host};
    struct gp_error error = {.size = sizeof error};
    sink.name = "mail.example.com";
    for (int c; (c = getopt(argc, argv, "tn:s:")) != -1;) {
        if (c == 't')
            sink.pretend_tls = true;
        else if (c == 'n')
            sink.name = optarg;
        else if (c == 's')
            options.state_dir = optarg;
        else
            return 2;
    }
    if (argc - optind < 3) {
        fputs("usage: sink [-t] [-n NAME] [-s STATE-DIR] LIBRARY CONF PORT...\n", stderr);
        return 2;
    }
    sink.api = load(argv[optind]);
    if (!sink.api)
        return 3;
    options.config = argv[optind + 1];
    /* 0 means that no rules are in force yet, with the reason in the log: mail passes until the file is
     * repaired. */
    if (sink.api->engine_open(&options, &sink.engine, &error) < 0) {
        fprintf(stderr, "sink: %s\n", error.message);
        return 3;
    }
    const int status = run(argv + optind + 2);
    sink.api->engine_close(&sink.engine);
    return status;
}
