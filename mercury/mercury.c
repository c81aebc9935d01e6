/*
 * mercury.c - the Mercury/32 adapter, a daemon DLL: what Mercury calls by name, and the way in for its events.
 *
 * Mercury calls startup() when it starts and closedown() when it ends; between them it calls on_event(), from
 * any of its threads, for each step of each SMTP session (events.c).
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
#include "events.h"
#include "hostlog.h"
#include "mercury_abi.h"

enum { CLOSING_WAIT_MS = 5000 }; /* for events that are still being judged */

/* The one daemon in this process. */
static struct {
    M_INTERFACE host; /* a copy, zero behind what Mercury gave */
    const struct gp_api *api;
    struct gp_engine *engine;
    HANDLE left;               /* set when the last event has been judged, after running has ended */
    HANDLE only;               /* a mutex whose name says that a gatepost runs in this process */
    volatile LONG running;     /* events are judged */
    volatile LONG inside;      /* how many are being judged */
    char config[MAX_PATH * 2]; /* path of the rule file */
} daemon_state;

static void host_log(void *context, uint32_t level, const char *line, size_t n)
{
    (void)context, (void)n;
    hostlog_line(level == GP_LOG_NOTICE ? MERCURY_LOG_NORMAL : MERCURY_LOG_SIGNIFICANT, line);
}

static INT_32 on_event(UINT_32 module, UINT_32 event, void *edata, void *cdata)
{
    INT_32 result = MERCURY_GO_ON;
    (void)cdata;
    InterlockedIncrement(&daemon_state.inside);
    if (daemon_state.running && module == MERCURY_MODULE_MERCURYS)
        result = events_judge(event, edata);
    if (InterlockedDecrement(&daemon_state.inside) == 0 && !daemon_state.running && daemon_state.left)
        SetEvent(daemon_state.left);
    return result;
}

/* The rule file: where PARAM says, relative to the folder of this DLL, else gatepost.conf there. */
static bool find_config(const char *param)
{
    static const char usual[] = "gatepost.conf";
    char *out = daemon_state.config;
    const size_t cap = sizeof daemon_state.config;
    size_t n = param ? strlen(param) : 0;
    while (n && (*param == ' ' || *param == '"')) {
        param++;
        n--;
    }
    while (n && (param[n - 1] == ' ' || param[n - 1] == '"'))
        n--;
    if (n == 0)
        return hostlog_beside(usual, sizeof usual - 1, out, cap);
    if (*param != '\\' && *param != '/' && !(n > 1 && param[1] == ':'))
        return hostlog_beside(param, n, out, cap);
    int length = snprintf(out, cap, "%.*s", (int)n, param);
    return length > 0 && (size_t)length < cap;
}

/* Copies what Mercury lends. Returns the reason why it is of no use, or NULL. */
static const char *take_host(const M_INTERFACE *m)
{
    M_INTERFACE *host = &daemon_state.host;
    if (!m)
        return "Mercury gave no interface";
    size_t n = m->dsize > 0 ? (size_t)m->dsize : 0;
    memset(host, 0, sizeof *host);
    memcpy(host, m, n < sizeof *host ? n : sizeof *host);
    /* A pointer at the end may be cut. */
    hostlog_begin(n < MERCURY_SIZE_FOR_LOG ? NULL : host->logstring);
    if (n < MERCURY_SIZE_FOR_EVENTS)
        return "Mercury's interface is too small; 4.51 is the first version with events";
    if (m->vmajor < MERCURY_MAJOR_LEAST ||
        (m->vmajor == MERCURY_MAJOR_LEAST && m->vminor < MERCURY_MINOR_LEAST))
        return "this Mercury is older than 4.51";
    if (!m->register_event_handler || !m->deregister_event_handler)
        return "Mercury's interface lacks the functions for events";
    return NULL;
}

/* Returns false if a gatepost runs in this process already, from a copy of this DLL. */
static bool take_place(void)
{
    char name[40];
    snprintf(name, sizeof name, "gatepost-in-process-%lu", GetCurrentProcessId());
    daemon_state.only = CreateMutexA(NULL, FALSE, name);
    if (!daemon_state.only || GetLastError() != ERROR_ALREADY_EXISTS)
        return true;
    CloseHandle(daemon_state.only);
    daemon_state.only = NULL;
    return false;
}

static void leave_place(void)
{
    if (daemon_state.only)
        CloseHandle(daemon_state.only);
    daemon_state.only = NULL;
}

static const char *open_engine(void)
{
    static char reason[600];
    struct gp_host host = {.size = sizeof host, .log = host_log};
    struct gp_open_options options = {.size = sizeof options,
                                      .flags = GP_ANNOUNCE | GP_CAN_HOLD,
                                      .host = &host,
                                      .config = daemon_state.config};
    struct gp_error error = {.size = sizeof error};
    daemon_state.api = gatepost_api(GP_API_MAJOR);
    if (daemon_state.api && daemon_state.api->engine_open(&options, &daemon_state.engine, &error) >= 0)
        return NULL;
    daemon_state.engine = NULL;
    snprintf(reason, sizeof reason, "%s", error.message[0] ? error.message : "the engine cannot be opened");
    return reason;
}

/* Registers for all events. Returns false if one is not to be had without which nothing can be judged. */
static bool register_all(void)
{
    bool complete = true, needed = false;
    UINT_32 event;
    for (unsigned i = 0; (event = events_listened(i, &needed)) != 0; i++)
        if (!daemon_state.host.register_event_handler(MERCURY_MODULE_MERCURYS, event, on_event, NULL) && needed)
            complete = false;
    return complete;
}

static void deregister_all(void)
{
    bool needed;
    UINT_32 event;
    for (unsigned i = 0; (event = events_listened(i, &needed)) != 0; i++)
        daemon_state.host.deregister_event_handler(MERCURY_MODULE_MERCURYS, event, on_event);
}

static void stop(void)
{
    if (InterlockedExchange(&daemon_state.running, 0)) {
        deregister_all();
        if (daemon_state.inside && daemon_state.left)
            WaitForSingleObject(daemon_state.left, CLOSING_WAIT_MS);
    }
    /* Another thread may still be judging an event. Leaking the engine is better than crashing that thread. */
    if (daemon_state.inside || !daemon_state.engine)
        return;
    events_end();
    daemon_state.api->engine_close(&daemon_state.engine);
    if (daemon_state.left)
        CloseHandle(daemon_state.left);
    daemon_state.left = NULL;
    leave_place();
}

/* Returns the reason why nothing is judged, or NULL. */
static const char *start(const M_INTERFACE *m, const char *param)
{
    const char *reason = take_host(m);
    if (!reason && daemon_state.engine)
        reason = "events from before are still being judged";
    if (!reason && !find_config(param))
        reason = "the path of the rule file is too long";
    if (!reason && !take_place())
        reason = "another copy of gatepost.dll runs in this Mercury; DAEMON.INI must name one only";
    if (!reason) {
        reason = open_engine();
        if (reason)
            leave_place();
    }
    if (reason)
        return reason;
    daemon_state.left = CreateEventA(NULL, TRUE, FALSE, NULL);
    events_begin(daemon_state.api, daemon_state.engine);
    InterlockedExchange(&daemon_state.running, 1);
    if (register_all())
        return NULL;
    stop();
    return "Mercury does not accept the registration for events";
}

/* DAEMON.INI names this DLL twice: the first entry holds. */
static short refuse_second(const char *name)
{
    char line[sizeof daemon_state.config + 200];
    snprintf(
        line, sizeof line,
        "gatepost: the entry '%.60s' of DAEMON.INI is ignored: gatepost runs already, with the rule file %s",
        name ? name : "", daemon_state.config);
    hostlog_line(MERCURY_LOG_SIGNIFICANT, line);
    return 0;
}

short startup(M_INTERFACE *m, UINT_32 *flags, char *name, char *param);
short startup(M_INTERFACE *m, UINT_32 *flags, char *name, char *param)
{
    char line[100];
    if (flags)
        *flags = 0;
    if (daemon_state.running)
        return refuse_second(name);
    const char *reason = start(m, param);
    if (reason) {
        hostlog_inert(reason);
        return 0;
    }
    snprintf(line, sizeof line, "gatepost: version %.40s is running and listens to MercuryS",
             daemon_state.api->version);
    hostlog_line(MERCURY_LOG_NORMAL, line);
    return 1;
}

short closedown(M_INTERFACE *m, UINT_32 code, char *name, char *param);
short closedown(M_INTERFACE *m, UINT_32 code, char *name, char *param)
{
    (void)m, (void)code, (void)name, (void)param;
    stop();
    return 0;
}

/* Mail that is addressed to the daemon is none of its business: it goes its way. */
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
    char line[sizeof daemon_state.config + 100];
    (void)name;
    if (!daemon_state.running && (take_host(m) || !find_config(param)))
        return 0;
    snprintf(line, sizeof line, "gatepost: the rule file is %s; 'gatepost check' shows errors in it",
             daemon_state.config);
    hostlog_line(MERCURY_LOG_NORMAL, line);
    return 0;
}
