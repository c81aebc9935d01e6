/*
 * smtp_load ADDRESS PORT helo|message COUNT CODE - plays an SMTP client, one connection after the other: `helo`
 * greets with a name that is not a host name and quits, `message` sends one message. CODE is the reply that the
 * server must give to the greeting, or to the final dot. Run by exim.sh, which meanwhile measures the server's
 * processor time.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static const char message[] = "Received: from app3.provider.example.net (app3 [198.51.100.37])\r\n"
                              "\tby mail-out-17.provider.example.net; Tue, 14 Oct 2025 09:12:44 +0200\r\n"
                              "Date: Tue, 14 Oct 2025 09:12:41 +0200\r\n"
                              "From: letter@provider.example.net\r\n"
                              "To: anna@example.com\r\n"
                              "Subject: What the garden needs in the second week of October\r\n"
                              "Message-ID: <20251014071241.4711@app3.provider.example.net>\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: text/plain\r\n"
                              "\r\n"
                              "Dear reader,\r\n"
                              "it rains.\r\n"
                              ".\r\n";

/* Sends LINE (may be NULL) and returns the code of the reply, whose last line has no hyphen after the code. */
static int say(int fd, const char *line)
{
    char reply[4096];
    size_t n = 0;
    if (line && write(fd, line, strlen(line)) != (ssize_t)strlen(line))
        bench_fail("the server has gone");
    for (;;) {
        ssize_t got = read(fd, reply + n, sizeof reply - 1 - n);
        if (got <= 0)
            bench_fail("the server has gone");
        n += (size_t)got;
        reply[n] = '\0';
        if (n < 5 || reply[n - 1] != '\n')
            continue;
        const char *last = reply;
        for (const char *p = reply; p + 1 < reply + n; p++)
            if (*p == '\n')
                last = p + 1;
        if (last[3] == ' ')
            return (int)strtol(last, NULL, 10);
    }
}

static void expect(int code, int expected, const char *what)
{
    if (code != expected)
        bench_fail("%s: %d, not %d", what, code, expected);
}

static void play(const struct sockaddr_in *to, int with_message, int code)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof *to) != 0)
        bench_fail("cannot connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    expect(say(fd, NULL), 220, "greeting");
    if (with_message) {
        expect(say(fd, "EHLO mail-out-17.provider.example.net\r\n"), 250, "EHLO");
        expect(say(fd, "MAIL FROM:<letter@provider.example.net>\r\n"), 250, "MAIL");
        expect(say(fd, "RCPT TO:<anna@example.com>\r\n"), 250, "RCPT");
        expect(say(fd, "DATA\r\n"), 354, "DATA");
        expect(say(fd, message), code, "message");
    } else {
        expect(say(fd, "EHLO localhost\r\n"), code, "EHLO");
    }
    /* Exim holds the last reply until the client closes, for 200 ms at most. */
    if (write(fd, "QUIT\r\n", 6) != 6 || shutdown(fd, SHUT_WR) != 0)
        bench_fail("the server has gone");
    expect(say(fd, NULL), 221, "QUIT");
    close(fd);
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    if (argc != 6 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
        bench_fail("usage: smtp_load ADDRESS PORT helo|message COUNT CODE");
    to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    for (long i = strtol(argv[4], NULL, 10); i > 0; i--)
        play(&to, strcmp(argv[3], "message") == 0, (int)strtol(argv[5], NULL, 10));
    return 0;
}
