/*
 * load.c - many SMTP sessions at once, in the milter protocol: load SOCKET SESSIONS THREADS [SECONDS]
 *
 * Every session is written in one piece, and then the answers are counted: an MTA that is as fast as can be.
 * The sessions are of six kinds, one after the other, among them some that end in the middle. Prints how many
 * ended as they should; status 1 if one did not. With SECONDS it stops after that time.
 */
#define _DEFAULT_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct packets {
    unsigned char bytes[8192];
    size_t n;
};

static const char *path;
static long wanted;
static time_t until;
static atomic_long begun, good, bad;

static void add(struct packets *p, char command, const void *data, size_t n)
{
    const uint32_t size = htonl((uint32_t)n + 1);
    if (p->n + 5 + n > sizeof p->bytes)
        abort();
    memcpy(p->bytes + p->n, &size, 4);
    p->bytes[p->n + 4] = (unsigned char)command;
    if (n)
        memcpy(p->bytes + p->n + 5, data, n);
    p->n += 5 + n;
}

/* DATA is a literal whose own NUL is the last byte sent. */
#define ADD(packets, command, data) add(packets, command, data, sizeof(data))

static void open_session(struct packets *p, long number, const char *helo)
{
    const uint32_t offer[3] = {htonl(6), htonl(0x1FF), htonl(0x1FFFFF)};
    char text[128];
    p->n = 0;
    add(p, 'O', offer, sizeof offer);
    ADD(p, 'D',
        "Cj\0mx.example.org\0{daemon_port}\0"
        "25");
    memcpy(text,
           "unknown\0"
           "4\x9c\x40",
           11);
    int n = snprintf(text + 11, sizeof text - 11, "203.0.%ld.%ld", number / 250 % 250, number % 250 + 1);
    add(p, 'C', text, 11 + (size_t)n + 1);
    add(p, 'H', helo, strlen(helo) + 1);
}

static void add_message(struct packets *p, bool identified)
{
    ADD(p, 'D', "M{auth_type}\0");
    ADD(p, 'M', "<someone@example.net>\0SIZE=1762");
    ADD(p, 'D', "R{rcpt_mailer}\0local");
    ADD(p, 'R', "<user@example.com>");
    add(p, 'T', NULL, 0);
    for (int i = 0; i < 10; i++)
        ADD(p, 'L',
            "Received\0 from a.example.net by b.example.net\n\twith ESMTP; Thu, 24 Jul 2003 01:11:45 -0700");
    ADD(p, 'L', "Subject\0 hello");
    if (identified)
        ADD(p, 'L', "Message-ID\0 <1@example.net>");
    add(p, 'N', NULL, 0);
    add(p, 'E', NULL, 0);
}

/* Writes session NUMBER; returns the answers that it should get, a letter each. */
static const char *write_session(struct packets *p, long number)
{
    open_session(p, number, number % 6 == 2 ? "mail.example.com" : "client.example.net");
    switch (number % 6) {
    case 0:
        add_message(p, true);
        add_message(p, true);
        add(p, 'Q', NULL, 0);
        return "OcccccccccQ";
    case 1:
        add_message(p, false);
        add_message(p, true);
        add(p, 'Q', NULL, 0);
        return "OccccyccccQ";
    case 2: /* refused */
        ADD(p, 'M', "<someone@example.net>");
        ADD(p, 'M', "<someone@example.net>");
        add(p, 'Q', NULL, 0);
        return "OcyyQ";
    case 3: /* given up, and another one */
        ADD(p, 'M', "<someone@example.net>");
        ADD(p, 'R', "<user@example.com>");
        add(p, 'T', NULL, 0);
        ADD(p, 'L', "Subject\0 half");
        add(p, 'A', NULL, 0);
        add_message(p, true);
        add(p, 'Q', NULL, 0);
        return "OccccccccQ";
    case 4: /* a trap */
        ADD(p, 'M', "<someone@example.net>");
        ADD(p, 'R', "<trap@example.com>");
        add(p, 'Q', NULL, 0);
        return "OccyQ";
    default: /* the MTA goes away in the middle of the header */
        ADD(p, 'M', "<someone@example.net>");
        ADD(p, 'R', "<user@example.com>");
        add(p, 'T', NULL, 0);
        ADD(p, 'L', "Subject\0 half");
        return "Occcc";
    }
}

static bool read_exactly(int fd, unsigned char *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t r = read(fd, to + got, n - got);
        if (r <= 0)
            return false;
        got += (size_t)r;
    }
    return true;
}

/* The letters of the answers until COUNT are there or the filter closes, which is a Q. */
static void read_answers(int fd, char *letters, size_t count)
{
    unsigned char packet[4096];
    size_t n = 0;
    while (n < count) {
        uint32_t size;
        if (!read_exactly(fd, packet, 4)) {
            letters[n++] = 'Q';
            break;
        }
        memcpy(&size, packet, 4);
        size = ntohl(size);
        if (size == 0 || size > sizeof packet || !read_exactly(fd, packet, size))
            break;
        letters[n++] = (char)packet[0];
    }
    letters[n] = '\0';
}

static bool one_session(long number)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct packets p;
    char letters[64];
    bool same = false;
    const char *expected = write_session(&p, number);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(to.sun_path, path, strlen(path));
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        write(fd, p.bytes, p.n) == (ssize_t)p.n) {
        read_answers(fd, letters, strlen(expected));
        same = strcmp(letters, expected) == 0;
        if (!same)
            fprintf(stderr, "session %ld: %s, not %s\n", number, letters, expected);
    } else {
        fprintf(stderr, "session %ld: %s\n", number, strerror(errno));
    }
    if (fd >= 0)
        close(fd);
    return same;
}

static void *run(void *unused)
{
    (void)unused;
    for (;;) {
        long number = atomic_fetch_add(&begun, 1);
        if (number >= wanted || (until && time(NULL) >= until) || atomic_load(&bad) > 5)
            return NULL;
        atomic_fetch_add(one_session(number) ? &good : &bad, 1);
    }
}

int main(int argc, char **argv)
{
    pthread_t threads[64];
    long count = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    struct timespec from, to;
    if (argc < 4 || argc > 5 || count < 1 || count > 64 ||
        strlen(argv[1]) >= sizeof((struct sockaddr_un *)0)->sun_path) {
        fputs("usage: load SOCKET SESSIONS THREADS [SECONDS]\n", stderr);
        return 2;
    }
    path = argv[1];
    wanted = strtol(argv[2], NULL, 10);
    until = argc > 4 ? time(NULL) + strtol(argv[4], NULL, 10) : 0;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, run, NULL) != 0)
            return 2;
    for (long i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &to);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    printf("%ld good, %ld bad, %.0f sessions/s\n", atomic_load(&good), atomic_load(&bad),
           (double)atomic_load(&good) / seconds);
    return atomic_load(&bad) ? 1 : 0;
}
