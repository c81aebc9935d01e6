#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "events.h"
#include "fields.h"
#include "hostlog.h"
#include "names.h"
#include "sessions.h"
#include "verdict.h"

enum { LINE_MOST = 1 << 16, ADDRESS_MOST = 64 };

static struct {
    const struct gp_api *api;
    const struct gp_settings_ext *settings;
    struct gp_engine *engine;
    time_t begun;                /* since when we listen */
    volatile LONG strange;       /* an event of another version has come, and that has been logged */
    volatile LONG rcpt_oks;      /* Mercury tells which recipients it has accepted */
    volatile LONG connect_asked; /* Mercury tells of connections, and one has been judged */
} events;

/* ---- what an event shows ---- */

/* The length of the text at P, at most MOST; 0 where no text can be read. For some events it is not documented
 * whether there is one: a pointer that leads nowhere must not take Mercury down. */
static size_t text_size(const char *p, size_t most)
{
    MEMORY_BASIC_INFORMATION about;
    if (!p || !VirtualQuery(p, &about, sizeof about) || about.State != MEM_COMMIT ||
        (about.Protect & (PAGE_NOACCESS | PAGE_GUARD | PAGE_EXECUTE)))
        return 0;
    size_t room = about.RegionSize - (size_t)(p - (const char *)about.BaseAddress);
    return strnlen(p, most < room ? most : room);
}

/* What the client said; false if the event does not show it. No command and no field is empty. */
static bool line_of(const MSEVENTBUF *e, const char **line, size_t *n)
{
    *line = e->inbuf;
    *n = text_size(e->inbuf, e->inbuflen > 0 && e->inbuflen < LINE_MOST ? (size_t)e->inbuflen : LINE_MOST);
    return *n > 0;
}

static bool is_connection(UINT_32 event)
{
    return event == MERCURY_CONNECT || event == MERCURY_CONNECT2;
}

/* Whether E is laid out as we know it; says so once if not. At the connection only client and port are defined:
 * what is neither our version nor any is no version there. */
static bool is_known(UINT_32 event, const MSEVENTBUF *e)
{
    char reason[120];
    const UINT_32 major = (UINT_32)e->sversion >> 16, minor = (UINT_32)e->sversion & 0xffff;
    const UINT_32 size = (UINT_32)e->ssize;
    if (major == MERCURY_EVENT_MAJOR && size >= MERCURY_EVENT_SIZE && size <= INT32_MAX)
        return true;
    if (is_connection(event) && (major == 0 || major > 255 || minor > 255 || size < 64 || size > 65536))
        return !events.strange;
    snprintf(reason, sizeof reason, "Mercury's events have version %lu.%lu and %lu bytes, known is version %d",
             major, minor, size, MERCURY_EVENT_MAJOR);
    if (InterlockedExchange(&events.strange, 1) == 0)
        hostlog_inert(reason);
    return false;
}

/* ---- a session of the engine's ---- */

static bool open_session(struct visit *v, const MSEVENTBUF *e, uint32_t flags)
{
    struct gp_client client = {.size = sizeof client, .flags = flags};
    client.address = e->client;
    client.address_size = text_size(e->client, ADDRESS_MOST);
    client.local_port = e->port > 0 && e->port <= 65535 ? (uint32_t)e->port : 0;
    if (events.api->session_open(events.engine, &client, &v->session) < 0) {
        hostlog_line(MERCURY_LOG_SIGNIFICANT, "gatepost: out of memory; this session is not judged");
        return false;
    }
    v->settings = events.settings;
    return true;
}

/* Before the engine is first asked: the client's name, if anything depends on it. */
static void tell_name(struct visit *v, const MSEVENTBUF *e)
{
    char address[ADDRESS_MOST] = "", name[NAME_SIZE];
    if (!(events.api->needs(v->session) & GP_FACT_NAME))
        return;
    snprintf(address, sizeof address, "%.*s", (int)text_size(e->client, sizeof address - 1), e->client);
    uint32_t state =
        visit_setting_is(v, "mercury-resolve", "no") ? GP_NAME_UNKNOWN : names_lookup(address, name);
    if (state == GP_NAME_UNKNOWN)
        events.api->unknown(v->session, GP_FACT_NAME);
    else
        events.api->client_name(v->session, name, state == GP_NAME_VERIFIED ? strlen(name) : 0, state);
}

/* ---- the phases ---- */

/* The connection, at whichever of the two events the rules want. */
static INT_32 on_connection(UINT_32 event, MSEVENTBUF *e)
{
    struct visit v = {.session = NULL};
    struct gp_verdict verdict = {.size = sizeof verdict};
    INT_32 result = MERCURY_GO_ON;
    if (!open_session(&v, e, 0))
        return result;
    if ((event == MERCURY_CONNECT) == visit_setting_is(&v, "mercury-connect", "connect")) {
        tell_name(&v, e);
        int action = events.api->connect(v.session, &verdict);
        InterlockedExchange(&events.connect_asked, 1);
        if (action == GP_CLOSE || action == GP_DROP)
            result = verdict_answer(&v, event, e, action, &verdict);
    }
    events.api->session_close(&v.session);
    return result;
}

static INT_32 on_helo(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    const char *line;
    size_t n;
    v->held[0] = '\0';
    if (!line_of(e, &line, &n)) {
        events.api->unknown(v->session, GP_FACT_HELO);
        return MERCURY_GO_ON;
    }
    snprintf(v->helo, sizeof v->helo, "%.*s", (int)n, line);
    v->helo_after_auth = v->authenticated;
    return verdict_answer(v, event, e, events.api->helo(v->session, line, n, 0, &verdict), &verdict);
}

/* AUTH may have lifted what waits; the engine says whether it has. */
static void ask_helo_again(struct visit *v)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    v->held[0] = '\0';
    v->helo_after_auth = true;
    if (events.api->helo(v->session, v->helo, strlen(v->helo), 0, &verdict) == GP_FAIL)
        snprintf(v->held, sizeof v->held, "%s", verdict.reply);
}

static INT_32 on_mail(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    const char *line;
    size_t n;
    fields_begin(v);
    v->rcpt_passed = false;
    if (v->held[0] && v->authenticated && !v->helo_after_auth)
        ask_helo_again(v);
    if (v->held[0])
        return verdict_answer_held(v, e);
    if (!line_of(e, &line, &n)) {
        events.api->reset(v->session);
        events.api->unknown(v->session, GP_FACT_MAIL);
        return MERCURY_GO_ON;
    }
    return verdict_answer(v, event, e, events.api->mail(v->session, line, n, 0, &verdict), &verdict);
}

/* A recipient that we let pass and Mercury did not accept is none. */
static void tell_last_rcpt(struct visit *v)
{
    if (v->rcpt_passed && events.rcpt_oks)
        events.api->rcpt_rejected(v->session);
    v->rcpt_passed = false;
}

static INT_32 on_rcpt(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    const char *line;
    size_t n;
    tell_last_rcpt(v);
    if (!line_of(e, &line, &n)) {
        events.api->unknown(v->session, GP_FACT_RCPT);
        return MERCURY_GO_ON;
    }
    int action = events.api->rcpt(v->session, line, n, 0, &verdict);
    v->rcpt_passed = action == GP_PASS || action == GP_HOLD;
    return verdict_answer(v, event, e, action, &verdict);
}

static INT_32 on_rcpt_ok(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    (void)event, (void)e;
    InterlockedExchange(&events.rcpt_oks, 1);
    v->rcpt_passed = false;
    return MERCURY_GO_ON;
}

static INT_32 on_data(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    tell_last_rcpt(v);
    fields_begin(v);
    return verdict_answer(v, event, e, events.api->data(v->session, &verdict), &verdict);
}

static INT_32 on_header(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    const char *line;
    size_t n;
    (void)event;
    if (line_of(e, &line, &n))
        fields_line(events.api, v, line, n);
    return MERCURY_GO_ON;
}

static INT_32 on_body(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    tell_last_rcpt(v);
    fields_end(events.api, v);
    fields_begin(v);
    events.api->end_of_headers(v->session, NULL);
    /* No event tells of the end of the message; this is the last that can be said about it. */
    return verdict_answer(v, event, e, events.api->end_of_message(v->session, 0, &verdict), &verdict);
}

static INT_32 on_reset(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    (void)event, (void)e;
    v->rcpt_passed = false;
    events.api->reset(v->session);
    return MERCURY_GO_ON;
}

/* ---- dispatch ---- */

static const struct {
    UINT_32 event;
    bool needed;
    bool of_message; /* comes within a transaction, where a mark of the message counts */
    INT_32 (*judge)(struct visit *v, UINT_32 event, MSEVENTBUF *e);
} table[] = {
    {MERCURY_CONNECT, false, false, NULL},     {MERCURY_CONNECT2, false, false, NULL},
    {MERCURY_HELO, true, false, on_helo},      {MERCURY_MAIL, true, false, on_mail},
    {MERCURY_RCPT, true, true, on_rcpt},       {MERCURY_RCPT_OK, false, true, on_rcpt_ok},
    {MERCURY_DATA, false, true, on_data},      {MERCURY_DATA_HEADER, false, true, on_header},
    {MERCURY_DATA_BODY, false, true, on_body}, {MERCURY_RSET, false, false, on_reset},
    {MERCURY_CLOSE, false, false, NULL},       {MERCURY_ABORT, false, false, NULL},
};
enum { EVENTS = sizeof table / sizeof *table };

UINT_32 events_listened(unsigned number, bool *needed)
{
    if (number >= EVENTS)
        return 0;
    *needed = table[number].needed;
    return table[number].event;
}

/* What Mercury marks a session and a message with. */
static void take_flags(struct visit *v, bool of_message, UINT_32 flags)
{
    if (!of_message)
        v->exempt_message = false;
    if ((flags & MERCURY_BLESSED) && !visit_setting_is(v, "mercury-exempt", "no"))
        v->exempt = true;
    if (of_message && (flags & MERCURY_EXEMPT_COMPLIANCE) &&
        visit_setting_is(v, "mercury-exempt", "compliance"))
        v->exempt_message = true;
    if ((flags & MERCURY_AUTHENTICATED) && !v->authenticated) {
        v->authenticated = true;
        events.api->auth(v->session);
    }
}

/* EVENT is any but those of the connection. */
static INT_32 judge(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    unsigned i = 0;
    while (i < EVENTS && (table[i].event != event || !table[i].judge))
        i++;
    if (i == EVENTS)
        return MERCURY_GO_ON;
    if (!v->session) {
        if (!open_session(v, e, events.connect_asked ? GP_CONNECT_ASKED : 0))
            return MERCURY_GO_ON;
        /* The first that we hear of it. A session that is older than we may have said HELO before. */
        if (event != MERCURY_HELO && (INT_32)e->start_time <= events.begun)
            events.api->unknown(v->session, GP_FACT_HELO);
    }
    take_flags(v, table[i].of_message, e->flags);
    if (v->exempt || v->exempt_message)
        return MERCURY_GO_ON;
    if (!v->begun)
        tell_name(v, e);
    v->begun = true;
    return table[i].judge(v, event, e);
}

INT_32 events_judge(UINT_32 event, MSEVENTBUF *e)
{
    if (!e || !is_known(event, e))
        return MERCURY_GO_ON;
    if (is_connection(event))
        return on_connection(event, e);
    if (event == MERCURY_CLOSE || event == MERCURY_ABORT) {
        sessions_forget(e->trans_id);
        return MERCURY_GO_ON;
    }
    struct visit *v = sessions_take(e->trans_id, e->start_time);
    if (!v)
        return MERCURY_GO_ON;
    INT_32 result = judge(v, event, e);
    sessions_give(v);
    return result;
}

static void end_visit(struct visit *v)
{
    events.api->session_close(&v->session);
}

void events_begin(const struct gp_api *api, struct gp_engine *engine)
{
    events.api = api;
    events.settings = api->get_ext("settings/1");
    events.engine = engine;
    events.begun = time(NULL);
    events.strange = events.rcpt_oks = events.connect_asked = 0;
    names_init();
    sessions_init(end_visit);
}

void events_end(void)
{
    sessions_fini();
}
