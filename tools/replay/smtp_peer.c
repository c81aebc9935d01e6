#include "smtp_peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/writer.h"
#include "core/gatepost.h"
#include "core/mail/ip.h"
#include "core/os/os.h"
#include "tools/os/os.h"
#include "tools/lib/output.h"

static int trouble(struct peer *peer, const char *what, int error)
{
    char reason[128];
    if (error)
        snprintf(peer->reason, sizeof peer->reason, "%.100s: %s", what,
                 os_reason(error, reason, sizeof reason));
    else
        snprintf(peer->reason, sizeof peer->reason, "%.200s", what);
    return -1;
}

static void hang_up(struct smtp_peer *p)
{
    tcp_close(p->link);
    p->link = -1;
    p->closed = true;
    p->have = 0;
}

/* Receives what has arrived. Returns the number of bytes, 0 when the server has closed, -1 on an error or a
 * timeout. */
static int receive(struct peer *peer, struct smtp_peer *p)
{
    size_t n;
    if (tcp_wait(p->link, SMTP_PEER_TIMEOUT * 1000) == 0)
        return trouble(peer, "no reply within 30 seconds", 0);
    int error = tcp_read(p->link, p->in + p->have, sizeof p->in - p->have, &n);
    if (error)
        return trouble(peer, "cannot read from the server", error);
    p->have += n;
    return (int)n;
}

/* Reads one line into LINE, without its end. 1 a line, 0 closed, -1 error. */
static int receive_line(struct peer *peer, struct smtp_peer *p, char *line, size_t cap, size_t *size)
{
    for (;;) {
        const char *end = memchr(p->in, '\n', p->have);
        if (!end && p->have == sizeof p->in)
            return trouble(peer, "the server's reply has a line that is too long", 0);
        if (end) {
            size_t n = (size_t)(end - p->in);
            *size = n && p->in[n - 1] == '\r' ? n - 1 : n;
            if (*size > cap)
                *size = cap;
            memcpy(line, p->in, *size);
            p->have -= n + 1;
            memmove(p->in, end + 1, p->have);
            return 1;
        }
        int got = receive(peer, p);
        if (got <= 0)
            return got;
    }
}

/* Reads a whole reply; its texts are joined by blanks. */
static int receive_reply(struct peer *peer, struct smtp_peer *p, struct reply *reply)
{
    char line[2048];
    size_t n = 0;
    struct writer w = writer_on(p->text, sizeof p->text);
    for (bool first = true;; first = false) {
        int got = receive_line(peer, p, line, sizeof line, &n);
        if (got < 0)
            return -1;
        if (got == 0) {
            hang_up(p);
            reply->closed = true;
            break;
        }
        uint64_t code;
        struct text t = text_of(line, n);
        if (n < 3 || !text_number(text_of(line, 3), 999, &code) || (n > 3 && line[3] != ' ' && line[3] != '-'))
            return trouble(peer, "the server sent something that is not an SMTP reply", 0);
        bool last = n == 3 || line[3] == ' ';
        if (first) {
            writer_add(&w, text_of(line, 3));
            t = text_skip(t, 3);
            if (t.n)
                writer_char(&w, ' ');
            writer_add(&w, text_skip(t, 1));
        } else if (n > 4) {
            writer_char(&w, ' ');
            writer_add(&w, text_skip(t, 4));
        }
        if (last)
            break;
    }
    reply->text = writer_text(&w);
    return 0;
}

static int send_all(struct peer *peer, struct smtp_peer *p, struct text t)
{
    int error = tcp_write(p->link, t.p, t.n);
    if (error && error != EPIPE) /* the read that follows sees that it is closed, and what was sent before */
        return trouble(peer, "cannot write to the server", error);
    return 0;
}

static int send_line(struct peer *peer, struct smtp_peer *p, struct text line)
{
    /* One write for a line, so that the last bytes do not wait for the acknowledgement of the first. */
    char *whole = malloc(line.n + 2);
    if (!whole)
        return trouble(peer, "out of memory", 0);
    if (line.n)
        memcpy(whole, line.p, line.n);
    whole[line.n] = '\r';
    whole[line.n + 1] = '\n';
    int result = send_all(peer, p, text_of(whole, line.n + 2));
    free(whole);
    return result;
}

/* Reported once: if the client's address cannot be bound, any address is used. */
static void tell_stranger(struct smtp_peer *p)
{
    if (p->stranger_told)
        return;
    p->stranger_told = true;
    output_printf(
        stderr,
        "gatepost replay: this machine cannot use %.*s as its own address: the server does not see the "
        "dialogue's client addresses\n",
        (int)p->visitor.address.n, p->visitor.address.p);
}

static int smtp_peer_open(struct peer *peer, const struct visitor *visitor, struct reply *reply)
{
    struct smtp_peer *p = peer->self;
    struct ip ip;
    struct tcp_report report;
    char port[8];
    char where[400];
    p->visitor = *visitor;
    if (!ip_parse(visitor->address, &ip))
        return trouble(peer, "the client's address cannot be read", 0);
    char plain[IP_TEXT_MAX];
    ip_format(&ip, plain);
    snprintf(p->literal, sizeof p->literal, ip.v6 ? "[IPv6:%s]" : "[%s]", plain);
    snprintf(port, sizeof port, "%s", p->port);
    if (p->standard_port && visitor->port != 25)
        snprintf(port, sizeof port, "%u", visitor->port);
    int error = tcp_open(p->host, port, &ip, SMTP_PEER_TIMEOUT, &p->link, &report);
    if (report.stranger)
        tell_stranger(p);
    if (error) {
        hang_up(p);
        if (report.unnamed)
            return trouble(peer, report.unnamed, 0);
        snprintf(where, sizeof where, "cannot connect to %.256s port %s", p->host, port);
        return trouble(peer, where, error);
    }
    p->closed = false;
    p->in_data = false;
    p->have = 0;
    return receive_reply(peer, p, reply);
}

/* Begins a session with `unknown helo`: a real server needs a greeting. */
static int greet(struct peer *peer, struct smtp_peer *p)
{
    char line[80];
    struct reply ignored = {0};
    int n = snprintf(line, sizeof line, "EHLO %s", p->literal);
    p->visitor.unknown &= ~GP_FACT_HELO;
    if (send_line(peer, p, text_of(line, (size_t)n)) != 0)
        return -1;
    return receive_reply(peer, p, &ignored);
}

static int smtp_peer_say(struct peer *peer, struct text line, struct reply *reply)
{
    struct smtp_peer *p = peer->self;
    bool dot = text_eq(line, TEXT("."));
    if (p->closed) {
        reply->closed = true;
        return 0;
    }
    if ((p->visitor.unknown & GP_FACT_HELO) && greet(peer, p) != 0)
        return -1;
    if (p->closed) {
        reply->closed = true;
        return 0;
    }
    if (send_line(peer, p, line) != 0)
        return -1;
    if (p->in_data && !dot)
        return 0;
    p->in_data = false;
    if (receive_reply(peer, p, reply) != 0)
        return -1;
    p->in_data = reply_code(reply) == 354;
    return 0;
}

/* RFC 4648 base64 of "\0user\0password" (RFC 4616). */
static void plain_credentials(const struct smtp_peer *p, struct writer *w)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char raw[512] = {0};
    size_t n = 0;
    const struct text parts[] = {p->user, p->password};
    for (size_t i = 0; i < 2; i++) {
        size_t size = parts[i].n < 200 ? parts[i].n : 200;
        n++; /* the NUL before it */
        memcpy(raw + n, parts[i].p, size);
        n += size;
    }
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = (uint32_t)raw[i] << 16 | (uint32_t)raw[i + 1] << 8 | raw[i + 2];
        writer_char(w, digits[three >> 18]);
        writer_char(w, digits[three >> 12 & 63]);
        writer_char(w, i + 1 < n ? digits[three >> 6 & 63] : '=');
        writer_char(w, i + 2 < n ? digits[three & 63] : '=');
    }
}

static int smtp_peer_auth(struct peer *peer, struct reply *reply)
{
    char line[1024];
    struct writer w = writer_on(line, sizeof line);
    writer_add(&w, TEXT("AUTH PLAIN "));
    plain_credentials(peer->self, &w);
    return smtp_peer_say(peer, writer_text(&w), reply);
}

/* Puts the dialogue's time where the server reads it. */
static int write_clock(struct peer *peer, const struct smtp_peer *p)
{
    char seconds[32];
    int n = snprintf(seconds, sizeof seconds, "%lld\n", (long long)*p->clock);
    int error = os_replace(p->test_clock, seconds, (size_t)n);
    return error ? trouble(peer, p->test_clock, error) : 0;
}

static int smtp_peer_open_at(struct peer *peer, const struct visitor *visitor, struct reply *reply)
{
    struct smtp_peer *p = peer->self;
    if (p->test_clock && write_clock(peer, p) != 0)
        return -1;
    return smtp_peer_open(peer, visitor, reply);
}

static int smtp_peer_wait(struct peer *peer, int64_t seconds)
{
    struct smtp_peer *p = peer->self;
    *p->clock += seconds;
    if (p->test_clock)
        return write_clock(peer, p);
    os_wait(seconds);
    return 0;
}

/* Whether the server has closed; what it sends by itself (421) is skipped. */
static bool smtp_peer_ended(struct peer *peer)
{
    struct smtp_peer *p = peer->self;
    if (p->closed)
        return true;
    if (tcp_wait(p->link, 0) > 0 && tcp_is_over(p->link))
        hang_up(p);
    return p->closed;
}

static bool smtp_peer_ended_soon(struct peer *peer)
{
    struct smtp_peer *p = peer->self;
    if (!p->closed && tcp_wait(p->link, SMTP_PEER_PATIENCE_MS) > 0)
        return smtp_peer_ended(peer);
    return p->closed;
}

static void smtp_peer_finish(struct peer *peer)
{
    struct smtp_peer *p = peer->self;
    if (!p->closed && !p->in_data && p->link != -1) {
        struct reply ignored = {0};
        char kept[sizeof peer->reason];
        memcpy(kept, peer->reason, sizeof kept);
        if (send_line(peer, p, TEXT("QUIT")) == 0)
            (void)receive_reply(peer, p, &ignored);
        memcpy(peer->reason, kept, sizeof kept);
    }
    hang_up(p);
}

bool smtp_peer_init(struct smtp_peer *p, const char *server, int64_t *clock, struct peer *peer)
{
    static const struct peer_ops ops = {.open = smtp_peer_open_at,
                                        .say = smtp_peer_say,
                                        .auth = smtp_peer_auth,
                                        .wait = smtp_peer_wait,
                                        .ended = smtp_peer_ended,
                                        .ended_soon = smtp_peer_ended_soon,
                                        .finish = smtp_peer_finish};
    *p = (struct smtp_peer){.clock = clock, .link = -1, .closed = true};
    *peer = (struct peer){.ops = &ops, .self = p};
    struct text host = text_z(server);
    size_t colon = host.n;
    while (colon && host.p[colon - 1] != ':')
        colon--;
    uint64_t port;
    if (colon < 2 || !text_number(text_skip(host, colon), 65535, &port) || port == 0)
        return false;
    host.n = colon - 1;
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = text_of(host.p + 1, host.n - 2);
    if (host.n >= sizeof p->host)
        return false;
    memcpy(p->host, host.p, host.n);
    snprintf(p->port, sizeof p->port, "%u", (unsigned)port);
    p->standard_port = port == 25;
    return true;
}
