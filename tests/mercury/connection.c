#include "connection.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/mail/header.h"

enum { AUTHENTICATED = 1, EXEMPT_COMPLIANCE = 0x20 };

/* What Mercury says if the daemon leaves it the choice. */
static const char default_reply[] = "550 Not accepted";

static int say(struct connection *c, struct reply *reply, const char *text)
{
    int n = snprintf(c->text, sizeof c->text, "%s", text);
    reply->text = text_of(c->text, n < 0 ? 0 : (size_t)n);
    return 0;
}

static void hang_up(struct connection *c, struct reply *reply)
{
    line_fire(&c->line, EV_CLOSE, NULL, 0);
    line_end(&c->line);
    c->stage = AT_NOTHING;
    reply->closed = true;
}

static void failure(struct connection *c, const char *what, unsigned event, int result)
{
    printf("FAILED: %s at %s (return value %d)\n", what, event_name(event), result);
    c->failures++;
}

/* Fires the event. Returns 0, -1 or -2; with the last two the reply is in OUT, empty if the daemon gave none.
 */
static int fire(struct connection *c, unsigned event, const char *text, unsigned n, char out[OUTBUF_SIZE])
{
    unsigned size = 0;
    int result = line_fire(&c->line, event, text, n);
    out[0] = '\0';
    if (result == 0)
        return 0;
    if (result != -1 && result != -2) {
        failure(c, "1 and -3 are not to be returned", event, result);
        return 0;
    }
    if (result == -1 ? event != EV_MAIL && event != EV_RCPT : event >= EV_DATA && event <= EV_DATA_BODY) {
        printf("note: nobody has written down what %d means at %s\n", result, event_name(event));
        c->undocumented++;
    }
    const char *reply = line_reply(&c->line, &size);
    if (!reply || (size && (size < 5 || (reply[0] != '4' && reply[0] != '5') || reply[3] != ' ')))
        failure(c, "the reply is none", event, result);
    else
        snprintf(out, OUTBUF_SIZE, "%.*s", (int)size, reply);
    if (reply && reply[size] == '\r')
        c->line_ends++;
    return result;
}

/* The same for a command; returns true if Mercury goes on with it. */
static bool passes(struct connection *c, unsigned event, struct text line, struct reply *reply)
{
    char out[OUTBUF_SIZE];
    int result = fire(c, event, line.p, (unsigned)line.n, out);
    if (result == 0)
        return true;
    /* At CONNECT and HELO nothing is said for nothing, later a reply of Mercury's own. */
    if (out[0] || (event != EV_CONNECT && event != EV_CONNECT2 && event != EV_HELO))
        say(c, reply, out[0] ? out : default_reply);
    if (result == -2 || event == EV_CONNECT || event == EV_CONNECT2)
        hang_up(c, reply);
    return false;
}

static bool write_clock(const struct connection *c)
{
    FILE *f = c->clock_file ? fopen(c->clock_file, "wb") : NULL;
    if (!f)
        return !c->clock_file;
    fprintf(f, "%lld\n", (long long)*c->clock);
    return fclose(f) == 0;
}

static int connection_open(struct peer *peer, const struct visitor *visitor, struct reply *reply)
{
    struct connection *c = peer->self;
    snprintf(c->client, sizeof c->client, "%.*s", (int)visitor->address.n, visitor->address.p);
    if (!write_clock(c)) {
        snprintf(peer->reason, sizeof peer->reason, "cannot write %s", c->clock_file);
        return -1;
    }
    c->sender = c->field = false;
    c->recipients = 0;
    c->stage = AT_COMMAND;
    /* It surely begins after the daemon was started. */
    line_begin(&c->line, ++c->next_id, c->client, visitor->port, (uint32_t)time(NULL) + 60);
    if (!passes(c, EV_CONNECT, text_of(NULL, 0), reply))
        return 0;
    if (manners.connect2 && !passes(c, EV_CONNECT2, text_of(NULL, 0), reply))
        return 0;
    return say(c, reply, "220 mercury.invalid ESMTP server ready.");
}

static int say_mail(struct connection *c, struct text line, struct reply *reply)
{
    if (c->sender)
        return say(c, reply, "503 Sender already given.");
    if (!passes(c, EV_MAIL, line, reply))
        return 0;
    line_forget_headers(&c->line);
    /* Mercury marks the message by its sender. */
    line_set_flag(&c->line, EXEMPT_COMPLIANCE,
                  manners.compliant[0] && text_find_nocase(line, text_z(manners.compliant)) < line.n);
    line_fire(&c->line, EV_MAIL_OK, NULL, 0);
    c->sender = true;
    c->recipients = 0;
    return say(c, reply, "250 Sender OK - send RCPTs.");
}

static int say_rcpt(struct connection *c, struct text line, struct reply *reply)
{
    if (!c->sender)
        return say(c, reply, "503 MAIL first.");
    if (!passes(c, EV_RCPT, line, reply))
        return 0;
    /* One that Mercury itself does not take. */
    if (text_find_nocase(line, TEXT("@nowhere.example")) < line.n) {
        line_count_rcpt(&c->line, false);
        return say(c, reply, "553 We do not relay non-local mail, sorry.");
    }
    line_count_rcpt(&c->line, true);
    line_fire(&c->line, EV_RCPT_OK, NULL, 0);
    c->recipients++;
    return say(c, reply, "250 Recipient OK - send RCPT or DATA.");
}

static int say_data(struct connection *c, struct text line, struct reply *reply)
{
    if (!c->sender || !c->recipients)
        return say(c, reply, "503 No recipients.");
    if (!passes(c, EV_DATA, line, reply))
        return 0;
    c->stage = AT_HEADER;
    c->field = false;
    c->data_result = 0;
    c->data_reply[0] = '\0';
    return say(c, reply, "354 OK, send data, end with CRLF.CRLF");
}

static int say_reset(struct connection *c, const char *text, struct reply *reply)
{
    line_fire(&c->line, EV_RSET, NULL, 0);
    c->sender = false;
    return say(c, reply, text);
}

static int say_command(struct connection *c, struct text line, struct reply *reply)
{
    struct text verb = text_trim(line);
    size_t n = 0;
    while (n < verb.n && is_alpha((unsigned char)verb.p[n]))
        n++;
    verb.n = n;
    if (text_eq_nocase(verb, TEXT("HELO")) || text_eq_nocase(verb, TEXT("EHLO"))) {
        c->sender = false;
        return passes(c, EV_HELO, line, reply) ? say(c, reply, "250 mercury.invalid Hello") : 0;
    }
    if (text_eq_nocase(verb, TEXT("MAIL")))
        return say_mail(c, line, reply);
    if (text_eq_nocase(verb, TEXT("RCPT")))
        return say_rcpt(c, line, reply);
    if (text_eq_nocase(verb, TEXT("DATA")))
        return say_data(c, line, reply);
    if (text_eq_nocase(verb, TEXT("RSET")))
        return say_reset(c, "250 Command processed OK.", reply);
    if (text_eq_nocase(verb, TEXT("STARTTLS")))
        return say(c, reply, "220 OK, begin SSL/TLS negotiation now.");
    if (text_eq_nocase(verb, TEXT("NOOP")))
        return say(c, reply, "250 Command processed OK.");
    if (text_eq_nocase(verb, TEXT("VRFY")))
        return say(c, reply, "252 Cannot verify.");
    if (text_eq_nocase(verb, TEXT("QUIT"))) {
        say(c, reply, "221 Closing connection.");
        hang_up(c, reply);
        return 0;
    }
    return say(c, reply, "500 Unknown command.");
}

static void take_data_result(struct connection *c, int result, const char *out)
{
    if (c->data_result || !result)
        return;
    c->data_result = result;
    snprintf(c->data_reply, sizeof c->data_reply, "%s", out[0] ? out : default_reply);
}

static void header_over(struct connection *c)
{
    char out[OUTBUF_SIZE];
    if (manners.added[0])
        line_mark_header(&c->line, manners.added);
    int result = fire(c, EV_DATA_BODY, NULL, 0, out);
    take_data_result(c, result, out);
    c->stage = AT_BODY;
}

static int say_dot(struct connection *c, struct reply *reply)
{
    if (c->stage == AT_HEADER)
        header_over(c);
    c->stage = AT_COMMAND;
    c->sender = false;
    say(c, reply, c->data_result ? c->data_reply : "250 Data received OK.");
    if (c->data_result == -2)
        hang_up(c, reply);
    return 0;
}

static int say_line_of_data(struct connection *c, struct text line, struct reply *reply)
{
    struct field field;
    char out[OUTBUF_SIZE], whole[2048];
    if (text_eq(line, TEXT(".")))
        return say_dot(c, reply);
    if (line.n && line.p[0] == '.')
        line = text_skip(line, 1);
    if (c->stage == AT_BODY)
        return 0;
    bool continued = c->field && line.n && is_blank((unsigned char)line.p[0]);
    if (!continued && !header_split(line, &field)) {
        header_over(c);
        return 0;
    }
    c->field = true;
    if (manners.header_events) {
        int n = snprintf(whole, sizeof whole, "%.*s%s", (int)line.n, line.p,
                         manners.header_line_ends ? "\r\n" : "");
        int result = fire(c, EV_DATA_HEADER, manners.header_undefined ? NULL : whole,
                          (unsigned)(n < (int)sizeof whole ? n : (int)sizeof whole - 1), out);
        take_data_result(c, result, out);
    }
    return 0;
}

static int connection_say(struct peer *peer, struct text line, struct reply *reply)
{
    struct connection *c = peer->self;
    if (c->stage == AT_NOTHING) {
        reply->closed = true;
        return 0;
    }
    return c->stage == AT_COMMAND ? say_command(c, line, reply) : say_line_of_data(c, line, reply);
}

static int connection_auth(struct peer *peer, struct reply *reply)
{
    struct connection *c = peer->self;
    if (c->stage != AT_COMMAND) {
        reply->closed = c->stage == AT_NOTHING;
        return 0;
    }
    /* A daemon that hears AUTH could grant it; this one is to keep out of it. */
    int result = line_fire(&c->line, EV_AUTH, "AUTH PLAIN AHVzZXIAcGFzcw==", 27);
    if (result)
        failure(c, "AUTH is Mercury's", EV_AUTH, result);
    line_set_flag(&c->line, AUTHENTICATED, true);
    return say(c, reply, "235 Authentication successful.");
}

static int connection_wait(struct peer *peer, int64_t seconds)
{
    struct connection *c = peer->self;
    *c->clock += seconds;
    if (write_clock(c))
        return 0;
    snprintf(peer->reason, sizeof peer->reason, "cannot write %s", c->clock_file);
    return -1;
}

static bool connection_ended(struct peer *peer)
{
    const struct connection *c = peer->self;
    return c->stage == AT_NOTHING;
}

static void connection_finish(struct peer *peer)
{
    struct connection *c = peer->self;
    if (c->stage == AT_NOTHING)
        return;
    line_fire(&c->line, EV_ABORT, NULL, 0);
    line_end(&c->line);
    c->stage = AT_NOTHING;
}

void connection_init(struct connection *c, int64_t *clock, struct peer *peer)
{
    static const struct peer_ops ops = {.open = connection_open,
                                        .say = connection_say,
                                        .auth = connection_auth,
                                        .wait = connection_wait,
                                        .ended = connection_ended,
                                        .ended_soon = connection_ended,
                                        .finish = connection_finish};
    memset(c, 0, sizeof *c);
    c->clock = clock;
    c->next_id = 0x4640efe8; /* as in a log of 2007 */
    *peer = (struct peer){.ops = &ops, .self = c};
}
