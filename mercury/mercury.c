/*
 * mercury.c - the Mercury/32 adapter, a daemon DLL: hears what MercuryS hears from clients, tells an engine,
 * and answers Mercury with what the engine decides. No policy here.
 *
 * Mercury calls startup() when it starts and closedown() when it ends; between them it calls on_event(), from
 * any of its threads, for each step of each SMTP session. What a verdict becomes is in verdict.c.
 *
 * Whatever is not as we know it - an interface too small, a function missing, an event of another version -
 * leaves the daemon inert, with one line in Mercury's log that says why: mail flows as it would without us.
 */
#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/gatepost.h"
#include "fields.h"
#include "mercury_abi.h"
#include "names.h"
#include "sessions.h"
#include "verdict.h"

enum {
    LOG_PIECE = 250,       /* of a line that Mercury takes for sure: what is longer comes in pieces */
    LINE_MOST = 1 << 16,   /* of what a client says */
    CLOSING_WAIT_MS = 5000 /* for events that are still being judged */
};

/* The one daemon in this process. */
static struct {
    M_INTERFACE host; /* a copy, zero behind what Mercury gave */
    const struct gp_api *api;
    const struct gp_settings_ext *settings;
    struct gp_engine *engine;
    HANDLE left;               /* set when the last event has been judged, after running has ended */
    volatile LONG running;     /* events are judged */
    volatile LONG inside;      /* how many are being judged */
    volatile LONG strange;     /* an event of another version has been logged */
    volatile LONG rcpt_oks;    /* Mercury tells which recipients it has accepted */
    char config[MAX_PATH * 2]; /* path of the rule file */
} self;

/* ---- the log ---- */

/* One line, in pieces if it is long; those after the first are marked as such. */
static void log_line(INT_16 priority, const char *line)
{
    char piece[LOG_PIECE + 1];
    const char *mark = "";
    if (!self.host.logstring)
        return;
    do {
        size_t room = LOG_PIECE - strlen(mark), n = strlen(line);
        if (n > room) {
            for (n = room; n > room / 2 && line[n] != ' '; n--)
                ;
        }
        snprintf(piece, sizeof piece, "%s%.*s", mark, (int)n, line);
        self.host.logstring(MERCURY_LOG_KIND, priority, piece);
        line += n;
        mark = "gatepost: ...";
    } while (*line);
}

static void host_log(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)n;
    log_line(level == GP_LOG_NOTICE ? MERCURY_LOG_NORMAL : MERCURY_LOG_SIGNIFICANT, line);
}

static void log_inert(const char *reason)
{
    char line[800];
    snprintf(line, sizeof line, "gatepost: not in force: %s; mail is not judged", reason);
    log_line(MERCURY_LOG_SIGNIFICANT, line);
}

/* ---- the phases ---- */

/* The length of the text at P, at most MOST; 0 where no text can be read. For some events nobody has written
 * down whether there is one: a pointer that leads nowhere must not take Mercury down. */
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

static INT_32 on_connect(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    v->connect_asked = true;
    return verdict_answer(v, event, e, self.api->connect(v->session, &verdict), &verdict);
}

static INT_32 on_helo(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    const char *line;
    size_t n;
    v->held[0] = '\0';
    if (!line_of(e, &line, &n)) {
        self.api->unknown(v->session, GP_FACT_HELO);
        return MERCURY_GO_ON;
    }
    snprintf(v->helo, sizeof v->helo, "%.*s", (int)n, line);
    v->helo_after_auth = v->authenticated;
    return verdict_answer(v, event, e, self.api->helo(v->session, line, n, 0, &verdict), &verdict);
}

/* AUTH may have lifted what waits; that is for the engine to say. */
static void ask_helo_again(struct visit *v)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    v->held[0] = '\0';
    v->helo_after_auth = true;
    if (self.api->helo(v->session, v->helo, strlen(v->helo), 0, &verdict) == GP_FAIL)
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
        self.api->reset(v->session);
        self.api->unknown(v->session, GP_FACT_MAIL);
        return MERCURY_GO_ON;
    }
    return verdict_answer(v, event, e, self.api->mail(v->session, line, n, 0, &verdict), &verdict);
}

/* A recipient that we let pass and Mercury did not accept is none. */
static void tell_last_rcpt(struct visit *v)
{
    if (v->rcpt_passed && self.rcpt_oks)
        self.api->rcpt_rejected(v->session);
    v->rcpt_passed = false;
}

static INT_32 on_rcpt(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    const char *line;
    size_t n;
    tell_last_rcpt(v);
    if (!line_of(e, &line, &n)) {
        self.api->unknown(v->session, GP_FACT_RCPT);
        return MERCURY_GO_ON;
    }
    int action = self.api->rcpt(v->session, line, n, 0, &verdict);
    v->rcpt_passed = action == GP_PASS || action == GP_HOLD;
    return verdict_answer(v, event, e, action, &verdict);
}

static INT_32 on_rcpt_ok(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    (void)event, (void)e;
    InterlockedExchange(&self.rcpt_oks, 1);
    v->rcpt_passed = false;
    return MERCURY_GO_ON;
}

static INT_32 on_data(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    tell_last_rcpt(v);
    fields_begin(v);
    return verdict_answer(v, event, e, self.api->data(v->session, &verdict), &verdict);
}

static INT_32 on_header(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    const char *line;
    size_t n;
    (void)event;
    if (!setting_is(v, "mercury-header", "list") && line_of(e, &line, &n))
        fields_line(self.api, v, line, n);
    return MERCURY_GO_ON;
}

static INT_32 on_body(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    struct gp_verdict verdict = {.size = sizeof verdict};
    tell_last_rcpt(v);
    fields_end(self.api, v, e, !setting_is(v, "mercury-header", "lines"));
    fields_begin(v);
    self.api->end_of_headers(v->session, NULL);
    /* Nothing is heard of its end; this is the last we can say about it. */
    return verdict_answer(v, event, e, self.api->end_of_message(v->session, 0, &verdict), &verdict);
}

static INT_32 on_reset(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    (void)event, (void)e;
    v->rcpt_passed = false;
    self.api->reset(v->session);
    return MERCURY_GO_ON;
}

/* ---- events ---- */

static const struct {
    UINT_32 event;
    bool needed; /* without it nothing is judged at all */
    INT_32 (*judge)(struct visit *v, UINT_32 event, MSEVENTBUF *e);
} events[] = {
    {MERCURY_CONNECT, false, on_connect}, {MERCURY_CONNECT2, false, on_connect},
    {MERCURY_HELO, true, on_helo},        {MERCURY_MAIL, true, on_mail},
    {MERCURY_RCPT, true, on_rcpt},        {MERCURY_RCPT_OK, false, on_rcpt_ok},
    {MERCURY_DATA, false, on_data},       {MERCURY_DATA_HEADER, false, on_header},
    {MERCURY_DATA_BODY, false, on_body},  {MERCURY_RSET, false, on_reset},
    {MERCURY_CLOSE, false, NULL},         {MERCURY_ABORT, false, NULL},
};
enum { EVENTS = sizeof events / sizeof *events };

static void visit_end(struct visit *v)
{
    self.api->session_close(&v->session);
}

/* Opens the engine's session. EVENT is the first that we hear of it: what came before is not known. */
static bool visit_open(struct visit *v, UINT_32 event, const MSEVENTBUF *e)
{
    struct gp_client client = {.size = sizeof client};
    client.address = e->client;
    client.address_size = text_size(e->client, 64);
    client.local_port = e->port > 0 && e->port <= 65535 ? (uint32_t)e->port : 0;
    if (self.api->session_open(self.engine, &client, &v->session) < 0)
        return false;
    v->settings = self.settings;
    if (event != MERCURY_CONNECT && event != MERCURY_CONNECT2 && event != MERCURY_HELO)
        self.api->unknown(v->session, GP_FACT_HELO);
    return true;
}

/* Before the engine is first asked: the client's name, if anything depends on it. */
static void visit_begin(struct visit *v, const MSEVENTBUF *e)
{
    char address[64] = "", name[NAME_SIZE];
    v->begun = true;
    if (!(self.api->needs(v->session) & GP_FACT_NAME))
        return;
    snprintf(address, sizeof address, "%.*s", (int)text_size(e->client, sizeof address - 1), e->client);
    uint32_t state = setting_is(v, "mercury-resolve", "no") ? GP_NAME_UNKNOWN : names_lookup(address, name);
    if (state == GP_NAME_UNKNOWN)
        self.api->unknown(v->session, GP_FACT_NAME);
    else
        self.api->client_name(v->session, name, state == GP_NAME_VERIFIED ? strlen(name) : 0, state);
}

/* What Mercury marks a session with. At CONNECT nothing is marked yet. */
static void take_flags(struct visit *v, UINT_32 event, UINT_32 flags)
{
    if (event == MERCURY_CONNECT)
        return;
    if ((flags & (MERCURY_EXEMPT_COMPLIANCE | MERCURY_BLESSED)) && !setting_is(v, "mercury-exempt", "no"))
        v->exempt = true;
    if (event != MERCURY_CONNECT2 && (flags & MERCURY_AUTHENTICATED) && !v->authenticated) {
        v->authenticated = true;
        self.api->auth(v->session);
    }
}

static INT_32 judge(struct visit *v, UINT_32 event, MSEVENTBUF *e)
{
    bool connecting = event == MERCURY_CONNECT || event == MERCURY_CONNECT2;
    if (!v->session && !visit_open(v, event, e)) {
        log_line(MERCURY_LOG_SIGNIFICANT, "gatepost: out of memory; this session is not judged");
        return MERCURY_GO_ON;
    }
    /* Which of the two events for the connection is taken. */
    bool first = setting_is(v, "mercury-connect", "connect");
    take_flags(v, event, e->flags);
    if (v->exempt)
        return MERCURY_GO_ON;
    if (connecting && (v->connect_asked || (event == MERCURY_CONNECT) != first))
        return MERCURY_GO_ON;
    if (!v->begun)
        visit_begin(v, e);
    for (unsigned i = 0; i < EVENTS; i++)
        if (events[i].event == event && events[i].judge)
            return events[i].judge(v, event, e);
    return MERCURY_GO_ON;
}

/* Whether we know what the event comes with; says so once if not. */
static bool event_is_known(const MSEVENTBUF *e)
{
    char reason[120];
    if (!e)
        return false;
    if (((UINT_32)e->sversion >> 16) == MERCURY_EVENT_MAJOR && (INT_32)e->ssize >= MERCURY_EVENT_SIZE)
        return true;
    snprintf(reason, sizeof reason, "Mercury's events have version %lu.%lu and %ld bytes, known is version %d",
             (UINT_32)e->sversion >> 16, (UINT_32)e->sversion & 0xffff, (long)e->ssize, MERCURY_EVENT_MAJOR);
    if (InterlockedExchange(&self.strange, 1) == 0)
        log_inert(reason);
    return false;
}

static INT_32 on_mercurys(UINT_32 event, MSEVENTBUF *e)
{
    INT_32 result = MERCURY_GO_ON;
    if (event == MERCURY_CLOSE || event == MERCURY_ABORT) {
        sessions_forget(e->trans_id);
        return result;
    }
    if (event == MERCURY_CONNECT)
        sessions_forget(e->trans_id); /* an id that is used again: the former session never ended */
    struct visit *v = sessions_take(e->trans_id, e->start_time);
    if (!v)
        return result;
    result = judge(v, event, e);
    sessions_give(v);
    return result;
}

static INT_32 on_event(UINT_32 module, UINT_32 event, void *edata, void *cdata)
{
    INT_32 result = MERCURY_GO_ON;
    (void)cdata;
    InterlockedIncrement(&self.inside);
    if (self.running && module == MERCURY_MODULE_MERCURYS && event_is_known(edata))
        result = on_mercurys(event, edata);
    if (InterlockedDecrement(&self.inside) == 0 && !self.running && self.left)
        SetEvent(self.left);
    return result;
}

/* ---- start and end ---- */

/* The rule file: where PARAM says, relative to the folder of this DLL, else gatepost.conf there. */
static bool find_config(const char *param)
{
    char folder[MAX_PATH] = "";
    HMODULE module = NULL;
    size_t n = param ? strlen(param) : 0;
    while (n && (*param == ' ' || *param == '"')) {
        param++;
        n--;
    }
    while (n && (param[n - 1] == ' ' || param[n - 1] == '"'))
        n--;
    bool absolute = n && (*param == '\\' || *param == '/' || (n > 1 && param[1] == ':'));
    if (!absolute) {
        if (!GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                    GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                                (LPCSTR)(void *)find_config, &module))
            return false;
        DWORD size = GetModuleFileNameA(module, folder, sizeof folder);
        if (size == 0 || size >= sizeof folder)
            return false;
        while (size && folder[size - 1] != '\\' && folder[size - 1] != '/')
            size--;
        folder[size] = '\0';
    }
    int length = snprintf(self.config, sizeof self.config, "%s%.*s", folder, n ? (int)n : 13,
                          n ? param : "gatepost.conf");
    return length > 0 && (size_t)length < sizeof self.config;
}

/* Copies what Mercury lends. Returns the reason why it is of no use, or NULL. */
static const char *take_host(const M_INTERFACE *m)
{
    if (!m)
        return "Mercury gave no interface";
    size_t n = m->dsize > 0 ? (size_t)m->dsize : 0;
    memset(&self.host, 0, sizeof self.host);
    memcpy(&self.host, m, n < sizeof self.host ? n : sizeof self.host);
    if (n < MERCURY_SIZE_FOR_LOG)
        self.host.logstring = NULL; /* the end of it may be cut */
    if (n < MERCURY_SIZE_FOR_EVENTS)
        return "Mercury's interface is too small; 4.51 is the first that tells of events";
    if (m->vmajor < MERCURY_MAJOR_LEAST ||
        (m->vmajor == MERCURY_MAJOR_LEAST && m->vminor < MERCURY_MINOR_LEAST))
        return "this Mercury is older than 4.51";
    if (!m->register_event_handler || !m->deregister_event_handler)
        return "Mercury's interface lacks the functions for events";
    return NULL;
}

static void deregister_all(void)
{
    for (unsigned i = 0; i < EVENTS; i++)
        self.host.deregister_event_handler(MERCURY_MODULE_MERCURYS, events[i].event, on_event);
}

static const char *open_engine(void)
{
    static char reason[600];
    struct gp_host host = {.size = sizeof host, .log = host_log};
    struct gp_open_options options = {
        .size = sizeof options, .flags = GP_CAN_HOLD, .host = &host, .config = self.config};
    struct gp_error error = {.size = sizeof error};
    self.api = gatepost_api(GP_API_MAJOR);
    if (self.api && self.api->engine_open(&options, &self.engine, &error) >= 0) {
        self.settings = self.api->get_ext("settings/1");
        return NULL;
    }
    self.engine = NULL;
    snprintf(reason, sizeof reason, "%s", error.message[0] ? error.message : "the engine cannot be opened");
    return reason;
}

static void stop(void)
{
    if (InterlockedExchange(&self.running, 0)) {
        deregister_all();
        if (self.inside && self.left)
            WaitForSingleObject(self.left, CLOSING_WAIT_MS);
    }
    /* Whoever still judges an event needs all this: better it stays than that he falls. */
    if (self.inside || !self.engine)
        return;
    sessions_fini();
    self.api->engine_close(&self.engine);
    if (self.left)
        CloseHandle(self.left);
    self.left = NULL;
}

/* Returns the reason why nothing is judged, or NULL. */
static const char *start(const M_INTERFACE *m, const char *param)
{
    bool missing = false;
    const char *reason = take_host(m);
    if (!reason && self.engine)
        reason = "events of the time before are still being judged";
    if (!reason && !find_config(param))
        reason = "the path of the rule file is too long";
    if (!reason)
        reason = open_engine();
    if (reason)
        return reason;
    self.strange = 0;
    self.rcpt_oks = 0;
    self.left = CreateEventA(NULL, TRUE, FALSE, NULL);
    names_init();
    sessions_init(visit_end);
    InterlockedExchange(&self.running, 1);
    for (unsigned i = 0; i < EVENTS; i++)
        if (!self.host.register_event_handler(MERCURY_MODULE_MERCURYS, events[i].event, on_event, &self))
            missing = missing || events[i].needed;
    if (!missing)
        return NULL;
    stop();
    return "Mercury does not take our registration for events";
}

short startup(M_INTERFACE *m, UINT_32 *flags, char *name, char *param);
short startup(M_INTERFACE *m, UINT_32 *flags, char *name, char *param)
{
    (void)name;
    if (flags)
        *flags = 0;
    stop();
    const char *reason = start(m, param);
    if (reason)
        log_inert(reason);
    return reason ? 0 : 1;
}

short closedown(M_INTERFACE *m, UINT_32 code, char *name, char *param);
short closedown(M_INTERFACE *m, UINT_32 code, char *name, char *param)
{
    (void)m, (void)code, (void)name, (void)param;
    stop();
    return 0;
}

/* For mail that is addressed to the daemon, which is none of our business: it goes its way. */
short daemon(void *job, M_INTERFACE *m, char *address, char *param);
short daemon(void *job, M_INTERFACE *m, char *address, char *param)
{
    (void)job, (void)m, (void)address, (void)param;
    return 0;
}

/* From a menu of Mercury: says where the rules are. No dialogue box: one would hold up whoever opened it. */
short configure(M_INTERFACE *m, char *name, char *param);
short configure(M_INTERFACE *m, char *name, char *param)
{
    char line[sizeof self.config + 100];
    (void)name;
    if (!self.running && (take_host(m) || !find_config(param)))
        return 0;
    snprintf(line, sizeof line, "gatepost: the rule file is %s; 'gatepost check' looks for mistakes in it",
             self.config);
    log_line(MERCURY_LOG_NORMAL, line);
    return 0;
}
