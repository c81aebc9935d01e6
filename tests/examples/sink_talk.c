/*
 * sink_talk.c - one SMTP conversation (RFC 5321) that asks the engine before it replies. The order is always
 * the same: first whether the command is in sequence, then the engine's verdict, and only then our own reply.
 *
 * Lines end only with CRLF, so that a client cannot hide a second message after a lone LF. A command line that
 * is too long is answered with 500; a long line of a message is passed on in pieces.
 */
#define _GNU_SOURCE
#include "sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { LINE_ROOM = 4096, MOST_RECIPIENTS = 100, MOST_BYTES = 10 << 20 };

struct talk {
    const struct sink *sink;
    struct gp_session *session;
    struct gp_verdict verdict; /* the latest; its texts are valid until the next call on the session */
    int socket;
    bool open;
    bool refused; /* the engine answers every later HELO, MAIL, RCPT and DATA, even one out of sequence */
    bool authenticated;
    bool sender; /* MAIL was accepted */
    unsigned recipients;
    char in[LINE_ROOM]; /* what has arrived: the first `used` bytes are done, the rest up to `have` is not */
    size_t used, have;
};

/* ---- lines ---- */

static void say(struct talk *t, const char *text)
{
    char line[1024];
    int n = snprintf(line, sizeof line, "%s\r\n", text);
    for (const char *p = line; n > 0;) {
        const ssize_t sent = send(t->socket, p, (size_t)n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            t->open = false;
            return;
        }
        p += sent;
        n -= (int)sent;
    }
}

enum piece { PIECE_NONE, PIECE_LINE, PIECE_PART };

/* Returns the next line without its end, or as much of it as there is room for; PIECE_NONE when the client has
 * gone. It is valid until the next call. */
static enum piece next_piece(struct talk *t, const char **piece, size_t *n)
{
    for (;;) {
        const char *from = t->in + t->used;
        const size_t rest = t->have - t->used;
        const char *end = memmem(from, rest, "\r\n", 2);
        *piece = from;
        if (end) {
            *n = (size_t)(end - from);
            t->used += *n + 2;
            return PIECE_LINE;
        }
        if (rest == sizeof t->in) {
            *n = rest - 1; /* the last byte may be half a line end */
            t->used += *n;
            return PIECE_PART;
        }
        memmove(t->in, from, rest);
        t->used = 0;
        t->have = rest;
        const ssize_t got = recv(t->socket, t->in + rest, sizeof t->in - rest, 0);
        if (got > 0) {
            t->have += (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            if (atomic_load(&t->sink->stopping))
                say(t, "421 4.3.2 Closing down");
            else if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                say(t, "421 4.4.2 Timeout");
            t->open = false;
            return PIECE_NONE;
        }
    }
}

/* Returns a whole line with NUL in place of its end. Returns NULL if the client has gone, or if the line was
 * too long and has been answered. */
static const char *next_command(struct talk *t, size_t *n)
{
    const char *line;
    enum piece kind = next_piece(t, &line, n);
    if (kind == PIECE_LINE) {
        t->in[t->used - 2] = '\0';
        return line;
    }
    while (kind == PIECE_PART)
        kind = next_piece(t, &line, n);
    if (kind == PIECE_LINE)
        say(t, "500 5.5.2 Line too long");
    return NULL;
}

/* ---- verdicts ---- */

/* Sends the engine's reply. Returns true if the verdict is to pass: then the caller replies. */
static bool passes(struct talk *t, int action)
{
    if (action == GP_PASS || action == GP_HOLD) /* a held message is refused at its end */
        return true;
    if (action == GP_REFUSE)
        t->refused = true;
    if (action != GP_DROP)
        say(t, t->verdict.reply);
    if (action == GP_CLOSE || action == GP_DROP)
        t->open = false;
    return false;
}

/* A command out of sequence is refused here, unless the whole session has been refused already. */
static bool in_place(struct talk *t, bool is, const char *otherwise)
{
    if (!is && !t->refused)
        say(t, otherwise);
    return is || t->refused;
}

static void transaction_over(struct talk *t)
{
    t->sender = false;
    t->recipients = 0;
}

/* ---- commands ---- */

static void on_helo(struct talk *t, const char *line, size_t n)
{
    char reply[512];
    transaction_over(t);
    t->sink->api->reset(t->session);
    if (!passes(t, t->sink->api->helo(t->session, line, n, 0, &t->verdict)))
        return;
    if (strncasecmp(line, "EHLO", 4) == 0)
        snprintf(reply, sizeof reply,
                 "250-%.255s\r\n250-PIPELINING\r\n250-8BITMIME\r\n%s250-AUTH PLAIN\r\n250 SIZE %d",
                 t->sink->name, t->sink->pretend_tls ? "250-STARTTLS\r\n" : "", MOST_BYTES);
    else
        snprintf(reply, sizeof reply, "250 %.255s", t->sink->name);
    say(t, reply);
}

static void on_mail(struct talk *t, const char *line, size_t n)
{
    if (!in_place(t, strncasecmp(line, "MAIL FROM:", 10) == 0, "501 5.5.4 MAIL FROM:<address>") ||
        !in_place(t, !t->sender, "503 5.5.1 Sender already given") ||
        !passes(t, t->sink->api->mail(t->session, line, n, 0, &t->verdict)))
        return;
    t->sender = true;
    say(t, "250 2.1.0 Sender ok");
}

static void on_rcpt(struct talk *t, const char *line, size_t n)
{
    if (!in_place(t, strncasecmp(line, "RCPT TO:", 8) == 0, "501 5.5.4 RCPT TO:<address>") ||
        !in_place(t, t->sender, "503 5.5.1 MAIL first") ||
        !passes(t, t->sink->api->rcpt(t->session, line, n, 0, &t->verdict)))
        return;
    if (t->recipients == MOST_RECIPIENTS) {
        t->sink->api->rcpt_rejected(t->session); /* the engine let it pass, the sink does not */
        say(t, "452 4.5.3 Too many recipients");
        return;
    }
    t->recipients++;
    say(t, "250 2.1.5 Recipient ok");
}

/* Whether the header ends at this line because it is no field: this server takes the rest as the body, and the engine
 * is to see the same header. The empty line the engine knows itself. */
static bool ends_header(const char *line, size_t n)
{
    size_t i = 0;
    if (n == 0 || line[0] == ' ' || line[0] == '\t')
        return false;
    while (i < n && line[i] > ' ' && line[i] < 127 && line[i] != ':')
        i++;
    const bool named = i > 0;
    while (i < n && (line[i] == ' ' || line[i] == '\t'))
        i++;
    return !named || i == n || line[i] != ':';
}

/* Reads the message up to its dot. The engine gets the bytes without dot-stuffing, in pieces of any size. It
 * uses the header and ignores the body. */
static void take_message(struct talk *t)
{
    const struct gp_api *api = t->sink->api;
    bool line_begins = true, in_header = true;
    uint64_t size = 0;
    for (;;) {
        const char *piece;
        size_t n;
        const enum piece kind = next_piece(t, &piece, &n);
        if (kind == PIECE_NONE)
            return; /* the client has gone without a dot: there is no message */
        if (line_begins && n && piece[0] == '.') {
            if (n == 1 && kind == PIECE_LINE)
                break;
            piece++;
            n--;
        }
        in_header = in_header && !(line_begins && ends_header(piece, n));
        if (in_header) {
            api->header_text(t->session, piece, n);
            if (kind == PIECE_LINE)
                api->header_text(t->session, "\r\n", 2);
        }
        line_begins = kind == PIECE_LINE;
        size += n + (line_begins ? 2 : 0);
    }
    transaction_over(t);
    if (size > MOST_BYTES) {
        api->reset(t->session); /* the sink ended the transaction: the engine is not asked */
        say(t, "552 5.3.4 Message too big");
        return;
    }
    if (passes(t, api->end_of_message(t->session, size, &t->verdict)))
        say(t, "250 2.0.0 Message accepted");
}

static void on_data(struct talk *t, const char *line, size_t n)
{
    (void)line, (void)n;
    const bool ready = t->sender && t->recipients;
    if (!in_place(t, ready, t->sender ? "503 5.5.1 No valid recipients" : "503 5.5.1 MAIL first") ||
        !passes(t, t->sink->api->data(t->session, &t->verdict)))
        return;
    say(t, "354 End data with <CR><LF>.<CR><LF>");
    take_message(t);
}

/* One account, test with the password test (RFC 4616). A real server uses its own accounts, and only under TLS.
 */
static void on_auth(struct talk *t, const char *line, size_t n)
{
    static const char account[] = "AHRlc3QAdGVzdA==";
    const char *credentials = line + 10;
    if (t->authenticated || t->sender) {
        say(t, "503 5.5.1 Not now");
        return;
    }
    if (n < 10 || strncasecmp(line, "AUTH PLAIN", 10) != 0) {
        say(t, "504 5.5.4 PLAIN only");
        return;
    }
    if (n == 10) {
        say(t, "334 ");
        credentials = next_command(t, &n);
        if (!credentials)
            return;
    }
    credentials += *credentials == ' ';
    t->authenticated = strcmp(credentials, account) == 0;
    if (t->authenticated)
        t->sink->api->auth(t->session);
    say(t, t->authenticated ? "235 2.7.0 Authentication successful" : "535 5.7.8 Authentication failed");
}

/* The state from before TLS is forgotten, here and by the next HELO (RFC 3207). */
static void on_starttls(struct talk *t, const char *line, size_t n)
{
    (void)line, (void)n;
    if (!t->sink->pretend_tls) {
        say(t, "502 5.5.1 No TLS here");
        return;
    }
    transaction_over(t);
    t->sink->api->reset(t->session);
    t->used = t->have = 0; /* bytes that came in clear after it must not count as protected */
    say(t, "220 2.0.0 Go ahead");
}

static void on_rset(struct talk *t, const char *line, size_t n)
{
    (void)line, (void)n;
    transaction_over(t);
    t->sink->api->reset(t->session);
    say(t, "250 2.0.0 Reset");
}

static void on_noop(struct talk *t, const char *line, size_t n)
{
    (void)line, (void)n;
    say(t, "250 2.0.0 Ok");
}

static void on_vrfy(struct talk *t, const char *line, size_t n)
{
    (void)line, (void)n;
    say(t, "252 2.5.2 Send some mail and see");
}

static void on_quit(struct talk *t, const char *line, size_t n)
{
    (void)line, (void)n;
    say(t, "221 2.0.0 Bye");
    t->open = false;
}

static void on_command(struct talk *t, const char *line, size_t n)
{
    static const struct {
        const char *verb;
        void (*run)(struct talk *t, const char *line, size_t n);
    } commands[] = {
        {"HELO", on_helo}, {"EHLO", on_helo},         {"MAIL", on_mail}, {"RCPT", on_rcpt},
        {"DATA", on_data}, {"AUTH", on_auth},         {"RSET", on_rset}, {"NOOP", on_noop},
        {"VRFY", on_vrfy}, {"STARTTLS", on_starttls}, {"QUIT", on_quit},
    };
    const size_t verb = strcspn(line, " ");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i].verb) == verb && strncasecmp(line, commands[i].verb, verb) == 0) {
            commands[i].run(t, line, n);
            return;
        }
    say(t, "500 5.5.1 Command not recognized");
}

/* ---- the client ---- */

/* A look-up may take seconds, so it is made only if a rule or a table needs a name. */
static void tell_name(struct talk *t, const struct end *client)
{
    const struct gp_api *api = t->sink->api;
    char name[NI_MAXHOST] = "";
    if (!(api->needs(t->session) & GP_FACT_NAME))
        return;
    const uint32_t state = end_name(client, name, sizeof name);
    if (state == GP_NAME_UNKNOWN)
        api->unknown(t->session, GP_FACT_NAME); /* the DNS did not answer: rules about it cannot say */
    else
        api->client_name(t->session, name, strlen(name), state);
}

void talk(const struct sink *sink, int socket)
{
    struct talk t = {.sink = sink, .socket = socket, .open = true, .verdict = {.size = sizeof t.verdict}};
    struct end client = {.size = sizeof client.address}, local = {.size = sizeof local.address};
    char greeting[300];
    if (getpeername(socket, (struct sockaddr *)&client.address, &client.size) != 0 ||
        getsockname(socket, (struct sockaddr *)&local.address, &local.size) != 0)
        return; /* the client has gone already */
    end_describe(&client);
    end_describe(&local);
    const struct gp_client about = {.size = sizeof about,
                                    .port = client.port,
                                    .local_port = local.port,
                                    .address = client.text,
                                    .address_size = strlen(client.text),
                                    .local_address = local.text,
                                    .local_address_size = strlen(local.text),
                                    .local_name = sink->name,
                                    .local_name_size = strlen(sink->name)};
    if (sink->api->session_open(sink->engine, &about, &t.session) != 0) {
        say(&t, "421 4.3.0 Out of memory");
        return;
    }
    tell_name(&t, &client);
    snprintf(greeting, sizeof greeting, "220 %.255s ESMTP", sink->name);
    if (passes(&t, sink->api->connect(t.session, &t.verdict)))
        say(&t, greeting);
    while (t.open) {
        size_t n;
        const char *line = next_command(&t, &n);
        if (line)
            on_command(&t, line, n);
    }
    sink->api->session_close(&t.session);
}
