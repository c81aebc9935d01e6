/*
 * milter.c - the milter adapter: passes what Sendmail or Postfix knows to an engine, and the engine's decisions
 * back. No policy here. main.c has the rest of this process.
 *
 * One connection from the MTA is one SMTP session, and one session of the engine. libmilter serves a connection
 * from one thread at a time, but not always from the same one.
 *
 * No MTA takes a reply of a filter at connect, nor an immediate one at HELO. The engine itself holds a `refuse`
 * or `close` until MAIL; a `fail` at HELO is held here. A `drop` is the exception: 421 at HELO closes the
 * connection at once.
 */
#define _DEFAULT_SOURCE

#include "filter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <libmilter/mfapi.h>

#include "translate.h"

enum {
    /* A field comes in one piece. libmilter's own limit of 64 kB is lower than what Postfix lets through
     * (header_size_limit, 100 kB), and would end the connection. */
    PACKET_MOST = 4 << 20
};

struct connection {
    struct gp_session *session; /* NULL: there was no memory for one */
    char *helo;                 /* of the HELO that failed, to be judged again after AUTH; NULL: none */
    bool postfix;               /* what the MTA is */
    bool connected;             /* libmilter may announce another client on the same connection */
    bool authenticated;
    bool leading_space; /* header values have the blank after the colon */
    bool held;          /* HELO failed, with REPLY */
    struct reply reply;
};

/* The argument of a command. One longer than NEAR has memory of its own. */
struct argument {
    char near[1024];
    char room[1024]; /* for the address in a macro */
    char *far;
    const char *text;
    size_t n;
    uint32_t flags; /* for mail() and rcpt() */
};

static const struct filter *shared;
static atomic_uint connections;
/* An MTA that announces another client on the same connection does not negotiate again. */
static atomic_bool leading_space_offered;

unsigned filter_connections(void)
{
    return atomic_load(&connections);
}

static void say(uint32_t level, const char *line)
{
    shared->log(NULL, level, line, strlen(line));
}

/* The value of a macro, or NULL. libmilter takes no constant. */
static const char *macro(SMFICTX *ctx, const char *name)
{
    char copy[32];

    memcpy(copy, name, strlen(name) + 1);
    return smfi_getsymval(ctx, copy);
}

/* ---- connections ---- */

static struct connection *connection_new(SMFICTX *ctx)
{
    struct connection *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->leading_space = atomic_load(&leading_space_offered);
    atomic_fetch_add(&connections, 1);
    smfi_setpriv(ctx, c);
    return c;
}

static void connection_free(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);

    if (!c)
        return;
    smfi_setpriv(ctx, NULL);
    if (c->session)
        shared->api->session_close(&c->session);
    free(c->helo);
    free(c);
    atomic_fetch_sub(&connections, 1);
}

/* The reply if a session could not be opened. */
static sfsistat without_session(void)
{
    return shared->tempfail ? SMFIS_TEMPFAIL : SMFIS_CONTINUE;
}

static struct gp_session *session_of(SMFICTX *ctx)
{
    struct connection *c = smfi_getpriv(ctx);

    return c ? c->session : NULL;
}

/* ---- verdicts ---- */

static sfsistat give_reply(SMFICTX *ctx, struct reply *r)
{
    /* Without memory for the reply the MTA uses its own text; it is enough that it has the same class. */
    if (smfi_setreply(ctx, r->code, r->enhanced[0] ? r->enhanced : NULL, r->text) != MI_SUCCESS)
        say(GP_LOG_ERROR, "gatepost-milter: libmilter did not accept a reply; the MTA gives its own");
    return r->code[0] == '4' ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

static sfsistat give(SMFICTX *ctx, int action, const struct gp_verdict *verdict)
{
    struct reply r;

    if (action == GP_PASS || action == GP_HOLD) /* the reply of a hold comes at the end of the header */
        return SMFIS_CONTINUE;
    reply_of(verdict, &r);
    return give_reply(ctx, &r);
}

/* ---- what the MTA offers ---- */

/* Requests the macros that are used below and no others, so that no configuration is needed. */
static void ask_for_macros(SMFICTX *ctx)
{
    static const struct {
        int stage;
        const char *names;
    } wanted[] = {
        {SMFIM_CONNECT, "j v {client_ptr} {client_resolve} {daemon_addr} {daemon_port} {if_addr}"},
        {SMFIM_HELO, ""},
        {SMFIM_ENVFROM, "{auth_authen} {auth_type} {mail_addr}"},
        {SMFIM_ENVRCPT, "{rcpt_addr} {rcpt_mailer}"},
        {SMFIM_DATA, ""},
        {SMFIM_EOH, ""},
        {SMFIM_EOM, ""},
    };
    char names[128];

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        memcpy(names, wanted[i].names, strlen(wanted[i].names) + 1);
        smfi_setsymlist(ctx, wanted[i].stage, names);
    }
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps, unsigned long f2,
                             unsigned long f3, unsigned long *use_actions, unsigned long *use_steps,
                             unsigned long *use_f2, unsigned long *use_f3)
{
    unsigned long wanted = SMFIP_NOBODY | SMFIP_NOUNKNOWN | SMFIP_NR_CONN | SMFIP_RCPT_REJ | SMFIP_HDR_LEADSPC;

    /* A header of fifty fields would be fifty round trips. Over TCP these are better: an MTA that sends
     * field after field waits with the last one for an acknowledgement (Nagle), which the kernel delays for
     * 40 ms because it expects a reply to go with it. The end of the header is answered too, although its
     * verdict could wait for the final dot: without it libmilter does not answer the dot of a message that
     * has no field at all. */
    if (shared->local)
        wanted |= SMFIP_NR_HDR | SMFIP_NR_EOH;
    (void)f2, (void)f3;
    atomic_store(&leading_space_offered, (steps & SMFIP_HDR_LEADSPC) != 0);
    connection_new(ctx);
    *use_actions = actions & SMFIF_SETSYMLIST;
    if (*use_actions)
        ask_for_macros(ctx);
    *use_steps = steps & wanted;
    *use_f2 = *use_f3 = 0;
    return SMFIS_CONTINUE;
}

/* ---- the phases ---- */

/* Address and port of the client; an empty address if it did not come over a network. */
static void take_address(const _SOCK_ADDR *from, char *text, size_t cap, struct gp_client *client)
{
    text[0] = '\0';
    if (from && from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, text, (socklen_t)cap);
        client->port = ntohs(in.sin_port);
    } else if (from && from->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof in6);
        inet_ntop(AF_INET6, &in6.sin6_addr, text, (socklen_t)cap);
        client->port = ntohs(in6.sin6_port);
    }
    client->address = text;
    client->address_size = strlen(text);
}

static void open_session(SMFICTX *ctx, struct connection *c, const char *hostname, const _SOCK_ADDR *from)
{
    struct gp_client client = {.size = sizeof client};
    char address[INET6_ADDRSTRLEN];
    const char *local_name = macro(ctx, "j");

    take_address(from, address, sizeof address, &client);
    client.name_state = name_state_of(hostname, macro(ctx, "{client_ptr}"), macro(ctx, "{client_resolve}"));
    if (client.name_state == GP_NAME_VERIFIED) {
        client.name = hostname;
        client.name_size = strlen(hostname);
    }
    client.local_address = address_of(macro(ctx, "{if_addr}"), macro(ctx, "{daemon_addr}"));
    client.local_address_size = strlen(client.local_address);
    client.local_port = port_of(macro(ctx, "{daemon_port}"));
    client.local_name = local_name ? local_name : "";
    client.local_name_size = strlen(client.local_name);
    if (shared->api->session_open(shared->engine, &client, &c->session) < 0)
        c->session = NULL;
}

static sfsistat on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *from)
{
    struct connection *c = smfi_getpriv(ctx);

    if (c && c->connected) {
        connection_free(ctx);
        c = NULL;
    }
    if (!c)
        c = connection_new(ctx);
    if (c) {
        c->connected = true;
        c->postfix = is_postfix(macro(ctx, "v"));
        open_session(ctx, c, hostname ? hostname : "", from);
    }
    if (!c || !c->session)
        say(GP_LOG_ERROR, shared->tempfail
                              ? "gatepost-milter: out of memory; this session is deferred (--on-error)"
                              : "gatepost-milter: out of memory; this session is not judged");
    else
        shared->api->connect(c->session, NULL);
    return SMFIS_NOREPLY;
}

/* Asks about HELO. A `fail` is kept until MAIL. */
static int ask_helo(struct connection *c, const char *name, struct gp_verdict *v)
{
    int action = shared->api->helo(c->session, name, strlen(name), GP_ARGUMENT, v);

    c->held = action == GP_FAIL;
    if (c->held)
        reply_of(v, &c->reply);
    return action;
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
    struct connection *c = smfi_getpriv(ctx);
    struct gp_verdict v = {.size = sizeof v};

    if (!c || !c->session)
        return SMFIS_CONTINUE; /* MAIL is where it is answered */
    if (ask_helo(c, name ? name : "", &v) == GP_DROP)
        return give(ctx, GP_DROP, &v);
    free(c->helo);
    c->helo = c->held ? strdup(name ? name : "") : NULL;
    return SMFIS_CONTINUE;
}

/* The MTA reports AUTH with the next MAIL. The engine decides whether a failed HELO still counts after it:
 * it has `judge-authenticated`. */
static void take_auth(SMFICTX *ctx, struct connection *c)
{
    const char *user = macro(ctx, "{auth_authen}");
    const char *type = macro(ctx, "{auth_type}");
    struct gp_verdict v = {.size = sizeof v};

    if (c->authenticated || !((user && *user) || (type && *type)))
        return;
    c->authenticated = true;
    shared->api->auth(c->session);
    if (c->held && c->helo)
        ask_helo(c, c->helo, &v);
    else if (c->held) { /* there was no memory for it */
        shared->api->unknown(c->session, GP_FACT_HELO);
        c->held = false;
    }
}

static void argument_take(struct argument *a, char *const *pieces)
{
    a->far = NULL;
    a->text = a->near;
    a->flags = GP_ARGUMENT;
    a->n = arguments_join(pieces, a->near, sizeof a->near);
    if (a->n < sizeof a->near)
        return;
    a->far = malloc(a->n + 1);
    if (a->far) {
        a->n = arguments_join(pieces, a->far, a->n + 1);
        a->text = a->far;
    } else {
        a->n = sizeof a->near - 1;
        a->flags |= GP_CUT;
    }
}

static bool engine_takes_parsed(void)
{
    return GP_HAS(shared->api, rcpt_parsed);
}

static uint32_t parsed_flags(const struct connection *c)
{
    return c->postfix ? 0 : GP_SECOND;
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
    struct connection *c = smfi_getpriv(ctx);
    struct gp_verdict v = {.size = sizeof v};
    struct argument a;
    const char *parsed;
    int action;

    if (!c || !c->session)
        return without_session();
    take_auth(ctx, c);
    if (c->held)
        return give_reply(ctx, &c->reply);
    argument_take(&a, arguments);
    parsed = sender_macro(macro(ctx, "{mail_addr}"), a.text, c->postfix, a.room, sizeof a.room);
    if (parsed && engine_takes_parsed())
        shared->api->mail_parsed(c->session, parsed, strlen(parsed), parsed_flags(c));
    action = shared->api->mail(c->session, a.text, a.n, a.flags, &v);
    free(a.far);
    return give(ctx, action, &v);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **arguments)
{
    struct connection *c = smfi_getpriv(ctx);
    struct gp_verdict v = {.size = sizeof v};
    const char *mailer = macro(ctx, "{rcpt_mailer}");
    const char *parsed;
    struct argument a;
    int action;

    if (!c || !c->session)
        return without_session();
    argument_take(&a, arguments);
    parsed = recipient_macro(macro(ctx, "{rcpt_addr}"), a.text, mailer, c->postfix, a.room, sizeof a.room);
    if (parsed && engine_takes_parsed())
        shared->api->rcpt_parsed(c->session, parsed, strlen(parsed), parsed_flags(c));
    action = shared->api->rcpt(c->session, a.text, a.n, a.flags, &v);
    free(a.far);
    if (mailer && strcmp(mailer, "error") == 0) {
        /* The MTA has refused it with its own reply. It shows it to the filter because of traps. */
        if (action == GP_PASS)
            shared->api->rcpt_rejected(c->session);
        return SMFIS_CONTINUE;
    }
    return give(ctx, action, &v);
}

static sfsistat on_data(SMFICTX *ctx)
{
    struct gp_session *session = session_of(ctx);
    struct gp_verdict v = {.size = sizeof v};

    return session ? give(ctx, shared->api->data(session, &v), &v) : without_session();
}

/* To what NR_HDR and NR_EOH are about. */
static sfsistat as_negotiated(void)
{
    return shared->local ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
    struct connection *c = smfi_getpriv(ctx);
    char *spaced = NULL;
    size_t n;

    if (!c || !c->session || !name || !value)
        return as_negotiated();
    n = value_length(value);
    /* An MTA that does not send the leading blank has removed one. Without memory the value goes without it. */
    if (!c->leading_space && (spaced = malloc(n + 1)) != NULL) {
        spaced[0] = ' ';
        memcpy(spaced + 1, value, n++);
        value = spaced;
    }
    shared->api->header(c->session, name, strlen(name), value, n);
    free(spaced);
    return as_negotiated();
}

static sfsistat on_end_of_header(SMFICTX *ctx)
{
    (void)ctx;
    return as_negotiated();
}

static sfsistat on_end_of_message(SMFICTX *ctx)
{
    struct gp_session *session = session_of(ctx);
    struct gp_verdict v = {.size = sizeof v};

    return session ? give(ctx, shared->api->end_of_message(session, 0, &v), &v) : without_session();
}

static sfsistat on_abort(SMFICTX *ctx)
{
    struct gp_session *session = session_of(ctx);

    if (session)
        shared->api->reset(session);
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
    connection_free(ctx);
    return SMFIS_CONTINUE;
}

int filter_register(const struct filter *filter)
{
    static char name[] = "gatepost-milter";
    struct smfiDesc callbacks = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_SETSYMLIST,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_mail,
        .xxfi_envrcpt = on_rcpt,
        .xxfi_data = on_data,
        .xxfi_header = on_header,
        .xxfi_eoh = on_end_of_header,
        .xxfi_eom = on_end_of_message,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };

    shared = filter;
    smfi_setmaxdatasize(PACKET_MOST);
    return smfi_register(callbacks) == MI_SUCCESS ? 0 : -1;
}
