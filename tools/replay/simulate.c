#include "simulate.h"

#include <stdio.h>

#include "core/mail/header.h"

static int answer(struct simulation *s, struct reply *reply, const char *text)
{
    int n = snprintf(s->text, sizeof s->text, "%s", text);
    reply->text = text_of(s->text, n < 0 ? 0 : (size_t)n < sizeof s->text ? (size_t)n : sizeof s->text - 1);
    return 0;
}

static void shut(struct simulation *s, struct reply *reply)
{
    if (s->session)
        s->api->session_close(&s->session);
    s->stage = STAGE_CLOSED;
    reply->closed = true;
}

/* Gives the reply for ACTION; returns true if the server may go on with the command. */
static bool passes(struct simulation *s, int action, const struct gp_verdict *v, struct reply *reply)
{
    if (action == GP_PASS)
        return true;
    if (s->outcome.action == GP_PASS) {
        s->outcome.action = (unsigned)action;
        s->outcome.phase = v->phase;
        s->outcome.code = v->code;
        snprintf(s->outcome.cause, sizeof s->outcome.cause, "%s", v->cause ? v->cause : "");
    }
    if (action == GP_REFUSE)
        s->refused = true;
    if (action != GP_DROP && action != GP_HOLD)
        answer(s, reply, v->reply ? v->reply : "554 5.7.1 Transaction refused");
    if (action == GP_CLOSE || action == GP_DROP)
        shut(s, reply);
    return false;
}

static void transaction_over(struct simulation *s)
{
    s->sender = false;
    s->recipients = 0;
}

static int simulation_open(struct peer *peer, const struct visitor *visitor, struct reply *reply)
{
    struct simulation *s = peer->self;
    struct gp_client client = {.size = sizeof client};
    struct gp_verdict v = {.size = sizeof v};
    client.address = visitor->address.p;
    client.address_size = visitor->address.n;
    client.name = visitor->name.p;
    client.name_size = visitor->name.n;
    client.name_state = visitor->name.n ? GP_NAME_VERIFIED : GP_NAME_NONE;
    client.local_port = visitor->port;
    s->outcome = (struct outcome){0};
    s->refused = false;
    s->no_rcpt = (visitor->unknown & GP_FACT_RCPT) != 0;
    transaction_over(s);
    if (s->api->session_open(s->engine, &client, &s->session) != 0) {
        snprintf(peer->reason, sizeof peer->reason, "out of memory");
        return -1;
    }
    const struct gp_trace_ext *ext = s->trace ? s->api->get_ext("trace/1") : NULL;
    if (ext)
        ext->set(s->session, s->trace, s->trace_context);
    if (visitor->unknown)
        s->api->unknown(s->session, visitor->unknown);
    s->stage = STAGE_COMMAND;
    if (passes(s, s->api->connect(s->session, &v), &v, reply))
        return answer(s, reply, "220 simulated.invalid ESMTP");
    /* At connect there is no command to go on with: any verdict replaces the greeting and closes the
     * connection. */
    if (s->stage != STAGE_CLOSED)
        shut(s, reply);
    return 0;
}

static int say_mail(struct simulation *s, struct text line, struct reply *reply)
{
    struct gp_verdict v = {.size = sizeof v};
    if (s->sender)
        return answer(s, reply, "503 5.5.1 Sender already given");
    if (!passes(s, s->api->mail(s->session, line.p, line.n, 0, &v), &v, reply))
        return 0;
    s->sender = true;
    return answer(s, reply, "250 2.1.0 Sender ok");
}

static int say_rcpt(struct simulation *s, struct text line, struct reply *reply)
{
    struct gp_verdict v = {.size = sizeof v};
    if (!s->sender && !s->refused)
        return answer(s, reply, "503 5.5.1 MAIL first");
    const int action = s->api->rcpt(s->session, line.p, line.n, 0, &v);
    if (!passes(s, action, &v, reply) && action != GP_HOLD)
        return 0;
    if (!s->sender)
        return answer(s, reply, "503 5.5.1 MAIL first");
    s->recipients++;
    return answer(s, reply, "250 2.1.5 Recipient ok");
}

static int say_data(struct simulation *s, struct reply *reply)
{
    struct gp_verdict v = {.size = sizeof v};
    bool ready = s->sender && (s->recipients || s->no_rcpt);
    if (!ready && !s->refused)
        return answer(s, reply, s->sender ? "503 5.5.1 No valid recipients" : "503 5.5.1 MAIL first");
    if (!passes(s, s->api->data(s->session, &v), &v, reply))
        return 0;
    if (!ready)
        return answer(s, reply, "503 5.5.1 No valid recipients");
    s->stage = STAGE_HEADER;
    s->field = false;
    s->size = 0;
    return answer(s, reply, "354 End data with <CR><LF>.<CR><LF>");
}

static int say_command(struct simulation *s, struct text line, struct reply *reply)
{
    size_t n = 0;
    struct gp_verdict v = {.size = sizeof v};
    struct text trimmed = text_trim(line);
    while (n < trimmed.n && is_alpha((unsigned char)trimmed.p[n]))
        n++;
    struct text verb = text_of(trimmed.p, n);
    if (text_eq_nocase(verb, TEXT("HELO")) || text_eq_nocase(verb, TEXT("EHLO"))) {
        transaction_over(s);
        if (!passes(s, s->api->helo(s->session, line.p, line.n, 0, &v), &v, reply))
            return 0;
        return answer(s, reply, "250 simulated.invalid");
    }
    if (text_eq_nocase(verb, TEXT("MAIL")))
        return say_mail(s, line, reply);
    if (text_eq_nocase(verb, TEXT("RCPT")))
        return say_rcpt(s, line, reply);
    if (text_eq_nocase(verb, TEXT("DATA")))
        return say_data(s, reply);
    if (text_eq_nocase(verb, TEXT("RSET")) || text_eq_nocase(verb, TEXT("STARTTLS"))) {
        s->api->reset(s->session);
        transaction_over(s);
        return answer(s, reply,
                      fold((unsigned char)verb.p[0]) == 'r' ? "250 2.0.0 Reset" : "220 2.0.0 Go ahead");
    }
    if (text_eq_nocase(verb, TEXT("NOOP")))
        return answer(s, reply, "250 2.0.0 OK");
    if (text_eq_nocase(verb, TEXT("VRFY")))
        return answer(s, reply, "252 2.5.2 Cannot verify");
    if (text_eq_nocase(verb, TEXT("AUTH")))
        return answer(s, reply, "503 5.5.1 AUTH not available");
    if (text_eq_nocase(verb, TEXT("QUIT"))) {
        answer(s, reply, "221 2.0.0 Bye");
        shut(s, reply);
        return 0;
    }
    return answer(s, reply, "500 5.5.1 Command not recognized");
}

static int say_dot(struct simulation *s, struct reply *reply)
{
    struct gp_verdict v = {.size = sizeof v};
    if (s->stage == STAGE_HEADER)
        s->api->end_of_headers(s->session, NULL);
    s->stage = STAGE_COMMAND;
    transaction_over(s);
    if (!passes(s, s->api->end_of_message(s->session, s->size, &v), &v, reply))
        return 0;
    return answer(s, reply, "250 2.0.0 Message accepted");
}

static int say_line_of_data(struct simulation *s, struct text line, struct reply *reply)
{
    struct field field;
    if (text_eq(line, TEXT(".")))
        return say_dot(s, reply);
    if (line.n && line.p[0] == '.')
        line = text_skip(line, 1);
    s->size += line.n + 2;
    if (s->stage == STAGE_BODY)
        return 0;
    bool continued = s->field && line.n && is_blank((unsigned char)line.p[0]);
    if (continued || header_split(line, &field)) {
        s->field = true;
        s->api->header_text(s->session, line.p, line.n);
        s->api->header_text(s->session, "\r\n", 2);
        return 0;
    }
    s->api->end_of_headers(s->session, NULL); /* its verdict comes back at the dot */
    s->stage = STAGE_BODY;
    return 0;
}

static int simulation_say(struct peer *peer, struct text line, struct reply *reply)
{
    struct simulation *s = peer->self;
    if (s->stage == STAGE_CLOSED) {
        reply->closed = true;
        return 0;
    }
    return s->stage == STAGE_COMMAND ? say_command(s, line, reply) : say_line_of_data(s, line, reply);
}

static int simulation_auth(struct peer *peer, struct reply *reply)
{
    struct simulation *s = peer->self;
    if (s->stage == STAGE_CLOSED) {
        reply->closed = true;
        return 0;
    }
    s->api->auth(s->session);
    return answer(s, reply, "235 2.7.0 Authentication successful");
}

static int simulation_wait(struct peer *peer, int64_t seconds)
{
    struct simulation *s = peer->self;
    if (s->clock)
        *s->clock += seconds;
    return 0;
}

static bool simulation_ended(struct peer *peer)
{
    const struct simulation *s = peer->self;
    return s->stage == STAGE_CLOSED;
}

static void simulation_finish(struct peer *peer)
{
    struct simulation *s = peer->self;
    if (s->session)
        s->api->session_close(&s->session);
    s->stage = STAGE_CLOSED;
}

void simulate_init(struct simulation *s, const struct gp_api *api, int64_t *clock, struct peer *peer)
{
    static const struct peer_ops ops = {.open = simulation_open,
                                        .say = simulation_say,
                                        .auth = simulation_auth,
                                        .wait = simulation_wait,
                                        .ended = simulation_ended,
                                        .ended_soon = simulation_ended,
                                        .finish = simulation_finish};
    *s = (struct simulation){.api = api, .clock = clock};
    *peer = (struct peer){.ops = &ops, .self = s};
}
