#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* Where things are in the interface and in an event. */
enum {
    I_SIZE = 0,
    I_MAJOR = 4,
    I_MINOR = 5,
    I_SLOTS = 6 + POINTER,
    SLOT_LOGSTRING = 87,
    SLOT_REGISTER = 174,
    SLOT_DEREGISTER = 175,
    SLOTS = 227
};
enum {
    E_VERSION = 0,
    E_SIZE = 4,
    E_RESERVED = 8,
    E_FUNCTIONS = 12 + WIDER,
    E_FLAGS = 16 + 2 * WIDER,
    E_START = 20 + 2 * WIDER,
    E_ID = 24 + 2 * WIDER,
    E_PORT = 28 + 2 * WIDER,
    E_CLIENT = 36 + 2 * WIDER,
    E_RCPTS = 48 + 4 * WIDER,
    E_BAD_RCPTS = 52 + 4 * WIDER,
    E_INBUFLEN = 64 + 4 * WIDER,
    E_INBUF = 68 + 4 * WIDER,
    E_OUTBUF = 72 + 5 * WIDER
};
enum { MODULE_MERCURYS = 20, HANDLERS_MOST = 64, GUARD = 0x5a5a5a5a };
enum { FUNCTION_ADD_HEADER = 0, FUNCTION_GET_HEADER = 1, FUNCTION_GET_ALL_HEADERS = 2 };

typedef int32_t handler_fn(uint32_t module, uint32_t event, void *edata, void *cdata);

struct handler {
    uint32_t module, event;
    handler_fn *call;
    void *data;
};

static struct {
    CRITICAL_SECTION lock;
    HMODULE dll;
    void *nowhere; /* a page that cannot be read */
    struct handler handlers[HANDLERS_MOST];
    unsigned count;
    bool silent;
    unsigned given_up;
    struct line_of_mercury *nested; /* gets an event from within the next line of the log */
    int *nested_result;
} stage;

struct manners manners;

void manners_usual(void)
{
    manners = (struct manners){.interface_size = INTERFACE_SIZE,
                               .version = 4 << 8 | 72,
                               .event_version = 0x10003,
                               .connect2 = true,
                               .header_events = true};
}

static void put(unsigned char *at, unsigned offset, uint32_t value)
{
    memcpy(at + offset, &value, sizeof value);
}

static void put_pointer(unsigned char *at, unsigned offset, const void *value)
{
    memcpy(at + offset, &value, sizeof value);
}

static uint32_t get(const unsigned char *at, unsigned offset)
{
    uint32_t value;
    memcpy(&value, at + offset, sizeof value);
    return value;
}

const char *event_name(unsigned event)
{
    static const char *const names[] = {"-",     "CONNECT",    "HELO",      "MAIL",        "MAIL_OK",
                                        "RCPT",  "RCPT_OK",    "DATA",      "DATA_HEADER", "DATA_BODY",
                                        "AUTH",  "ESMTP_AUTH", "ESMTP_END", "CONNECT2",    "COMMAND",
                                        "CLOSE", "ABORT",      "RSET"};
    return event < sizeof names / sizeof *names ? names[event] : "?";
}

/* ---- what Mercury lends ---- */

static void lent_logstring(int16_t kind, int16_t priority, char *text)
{
    (void)kind;
    EnterCriticalSection(&stage.lock);
    struct line_of_mercury *nested = stage.nested;
    stage.nested = NULL;
    stage.given_up += strstr(text, "could not be put on the blocklist") != NULL;
    if (!stage.silent)
        printf("log %d %s\n", priority, text);
    LeaveCriticalSection(&stage.lock);
    if (nested)
        *stage.nested_result = line_fire(nested, EV_MAIL, "MAIL FROM:<nested@example.net>", 30);
}

static int32_t lent_register(uint32_t module, uint32_t event, handler_fn *call, void *data)
{
    bool room;
    EnterCriticalSection(&stage.lock);
    room = stage.count < HANDLERS_MOST;
    if (room)
        stage.handlers[stage.count++] = (struct handler){module, event, call, data};
    LeaveCriticalSection(&stage.lock);
    return room;
}

static int32_t lent_deregister(uint32_t module, uint32_t event, handler_fn *call)
{
    int32_t found = 0;
    EnterCriticalSection(&stage.lock);
    for (unsigned i = 0; i < stage.count && !found; i++)
        if (stage.handlers[i].module == module && stage.handlers[i].event == event &&
            stage.handlers[i].call == call) {
            stage.handlers[i] = stage.handlers[--stage.count];
            found = 1;
        }
    LeaveCriticalSection(&stage.lock);
    return found;
}

static int32_t lent_nothing(void)
{
    printf("FAILED: the daemon called a function that it has no business with\n");
    return 0;
}

static size_t copy_out(const char *text, size_t n, char *buf, int32_t size)
{
    if (buf && size > 0) {
        const size_t some = n < (size_t)size - 1 ? n : (size_t)size - 1;
        memcpy(buf, text, some);
        buf[some] = '\0';
    }
    return n + 1; /* what a buffer must have */
}

static int32_t lent_get_all_headers(void *reserved, char *buf, int32_t size)
{
    const struct line_of_mercury *l = reserved;
    return (int32_t)copy_out(l->added, strlen(l->added), buf, size);
}

static int32_t lent_get_header(void *reserved, char *name, char *buf, int32_t size)
{
    const struct line_of_mercury *l = reserved;
    const size_t n = strlen(name);
    for (const char *at = l->added; *at; at = strchr(at, '\n') + 1)
        if (_strnicmp(at, name, n) == 0 && at[n] == ':')
            return (int32_t)copy_out(at, strcspn(at, "\r"), buf, size);
    return 0;
}

static int32_t lent_add_header(void *reserved, char *header, int32_t allow_dupes)
{
    (void)allow_dupes;
    line_mark_header(reserved, header);
    return 1;
}

static void put_slot(unsigned char *lent, unsigned slot, void (*function)(void))
{
    memcpy(lent + I_SLOTS + POINTER * slot, &function, sizeof function);
}

/* What N bytes of the real interface are here: the head, then pointers. */
static uint32_t size_here(uint32_t n)
{
    return n <= 6 ? n : 6 + (n - 6) * POINTER / 4;
}

/* The interface, at the very end of what may be read: what lies behind dsize is a fault. */
static unsigned char *interface_new(void **pages)
{
    const size_t two_pages = 8192;
    unsigned char *top = VirtualAlloc(NULL, two_pages, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    DWORD before;
    if (!top || !VirtualProtect(top + 4096, 4096, PAGE_NOACCESS, &before))
        exit(3);
    unsigned char whole[I_SLOTS + POINTER * SLOTS] = {0};
    const uint32_t size = size_here(manners.interface_size);
    void (*take)(void) = manners.null_functions ? NULL : (void (*)(void))lent_register;
    void (*take_back)(void) = manners.null_functions ? NULL : (void (*)(void))lent_deregister;
    put(whole, I_SIZE, size);
    whole[I_MAJOR] = (unsigned char)(manners.version >> 8);
    whole[I_MINOR] = (unsigned char)manners.version;
    for (unsigned slot = 0; slot < SLOTS; slot++)
        put_slot(whole, slot, (void (*)(void))lent_nothing);
    put_slot(whole, SLOT_LOGSTRING, (void (*)(void))lent_logstring);
    put_slot(whole, SLOT_REGISTER, take);
    put_slot(whole, SLOT_DEREGISTER, take_back);
    unsigned char *at = top + 4096 - size;
    memcpy(at, whole, size < sizeof whole ? size : sizeof whole);
    *pages = top;
    return at;
}

/* ---- the daemon ---- */

bool stage_load(const char *path)
{
    static bool ready;
    if (!ready)
        InitializeCriticalSection(&stage.lock);
    ready = true;
    if (!stage.nowhere)
        stage.nowhere = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_NOACCESS);
    stage.dll = LoadLibraryA(path);
    if (!stage.dll)
        printf("FAILED: cannot load %s: error %lu\n", path, GetLastError());
    return stage.dll != NULL;
}

void stage_unload(void)
{
    if (stage.dll)
        FreeLibrary(stage.dll);
    stage.dll = NULL;
}

/* Looks a function up as Mercury does: with an underscore, in capitals, and as it is written. */
static FARPROC entry(const char *name)
{
    char other[32];
    snprintf(other, sizeof other, "_%s", name);
    FARPROC f = GetProcAddress(stage.dll, other);
    snprintf(other, sizeof other, "%s", name);
    CharUpperA(other);
    if (!f)
        f = GetProcAddress(stage.dll, other);
    if (!f)
        f = GetProcAddress(stage.dll, name);
    if (!f)
        printf("FAILED: the daemon has no %s\n", name);
    return f;
}

int stage_startup(const char *param)
{
    void *pages;
    char name[] = "gatepost", text[512];
    uint32_t flags = 0xdeadbeef;
    unsigned char *m = interface_new(&pages);
    snprintf(text, sizeof text, "%s", param);
    short (*f)(void *, uint32_t *, char *, char *) =
        (short (*)(void *, uint32_t *, char *, char *))(void *)entry("startup");
    int result = f ? f(m, &flags, name, text) : -1;
    if (f && flags != 0)
        printf("FAILED: startup left the flags at %lx\n", (unsigned long)flags);
    VirtualFree(pages, 0, MEM_RELEASE); /* it is not persistent */
    return result;
}

int stage_closedown(void)
{
    void *pages;
    char name[] = "gatepost", param[] = "";
    unsigned char *m = interface_new(&pages);
    short (*f)(void *, uint32_t, char *, char *) =
        (short (*)(void *, uint32_t, char *, char *))(void *)entry("closedown");
    int result = f ? f(m, 0, name, param) : -1;
    VirtualFree(pages, 0, MEM_RELEASE);
    return result;
}

int stage_configure(void)
{
    void *pages;
    char name[] = "gatepost", param[] = "";
    unsigned char *m = interface_new(&pages);
    short (*f)(void *, char *, char *) = (short (*)(void *, char *, char *))(void *)entry("configure");
    int result = f ? f(m, name, param) : -1;
    VirtualFree(pages, 0, MEM_RELEASE);
    return result;
}

int stage_daemon(void)
{
    void *pages;
    char address[] = "[Global]", param[] = "";
    unsigned char *m = interface_new(&pages);
    short (*f)(void *, void *, char *, char *) =
        (short (*)(void *, void *, char *, char *))(void *)entry("daemon");
    int result = f ? f(NULL, m, address, param) : -1;
    VirtualFree(pages, 0, MEM_RELEASE);
    return result;
}

unsigned stage_registered(void)
{
    return stage.count;
}

void stage_silent(bool silent)
{
    stage.silent = silent;
}

void stage_fire_on_log(struct line_of_mercury *l, int *result)
{
    EnterCriticalSection(&stage.lock);
    stage.nested_result = result;
    stage.nested = l;
    LeaveCriticalSection(&stage.lock);
}

unsigned stage_given_up(void)
{
    return stage.given_up;
}

/* ---- a session ---- */

void line_begin(struct line_of_mercury *l, uint32_t id, const char *client, uint32_t port, uint32_t start)
{
    memset(l, 0, sizeof *l);
    for (unsigned i = 0; i < 7; i++)
        l->functions[i] = (void (*)(void))lent_nothing;
    l->functions[FUNCTION_ADD_HEADER] = (void (*)(void))lent_add_header;
    l->functions[FUNCTION_GET_HEADER] = (void (*)(void))lent_get_header;
    l->functions[FUNCTION_GET_ALL_HEADERS] = (void (*)(void))lent_get_all_headers;
    put(l->event, E_VERSION, manners.event_version);
    put(l->event, E_SIZE, EVENT_SIZE);
    put_pointer(l->event, E_RESERVED, l);
    put_pointer(l->event, E_FUNCTIONS, l->functions);
    put(l->event, E_START, start);
    put(l->event, E_ID, id);
    put(l->event, E_PORT, port);
    put_pointer(l->event, E_CLIENT, client);
    put(l->event, EVENT_SIZE, GUARD);
}

void line_end(struct line_of_mercury *l)
{
    if (get(l->event, EVENT_SIZE) != GUARD)
        printf("FAILED: the daemon wrote behind the event\n");
}

uint32_t line_other_id = 0xa5a5a5a5;

/* What a connection's event is before the session exists: client and port, a place for the reply, and whatever lay in
 * that memory before. Pointers lead nowhere. */
static void hide_what_is_undefined(const unsigned char *before, unsigned char *event)
{
    memset(event, 0xa5, E_OUTBUF);
    if (manners.connect_version) {
        put(event, E_VERSION, manners.event_version);
        put(event, E_SIZE, EVENT_SIZE);
    }
    put_pointer(event, E_RESERVED, stage.nowhere);
    put_pointer(event, E_FUNCTIONS, stage.nowhere);
    put_pointer(event, E_INBUF, stage.nowhere);
    put(event, E_FLAGS, 0xffffffff);
    put(event, E_ID, line_other_id);
    memcpy(event + E_PORT, before + E_PORT, 4);
    memcpy(event + E_CLIENT, before + E_CLIENT, POINTER);
}

int line_fire(struct line_of_mercury *l, unsigned event, const char *text, unsigned n)
{
    unsigned char before[EVENT_SIZE];
    struct handler handlers[HANDLERS_MOST];
    unsigned count = 0;
    int result = 0;
    const bool connecting = event == EV_CONNECT || event == EV_CONNECT2;
    EnterCriticalSection(&stage.lock);
    for (unsigned i = 0; i < stage.count; i++)
        if (stage.handlers[i].module == MODULE_MERCURYS && stage.handlers[i].event == event)
            handlers[count++] = stage.handlers[i];
    LeaveCriticalSection(&stage.lock);

    l->event[E_OUTBUF] = '\0';
    if (text) {
        memset(l->in, 'x', sizeof l->in);
        if (n > sizeof l->in - 1)
            n = sizeof l->in - 1;
        memcpy(l->in, text, n);
        l->in[n] = '\0';
    }
    /* Where it is undefined, reading it is a fault. */
    put_pointer(l->event, E_INBUF, text ? l->in : stage.nowhere);
    put(l->event, E_INBUFLEN, sizeof l->in);
    if (event == EV_HELO)
        line_set_flag(l, manners.flags, true);
    memcpy(before, l->event, sizeof before);
    if (connecting)
        hide_what_is_undefined(before, l->event);
    for (unsigned i = 0; i < count && result == 0; i++)
        result = handlers[i].call(MODULE_MERCURYS, event, l->event, handlers[i].data);
    if (connecting)
        memcpy(l->event, before, E_OUTBUF);
    return result;
}

const char *line_reply(struct line_of_mercury *l, unsigned *n)
{
    const char *reply = (const char *)l->event + E_OUTBUF;
    size_t size = strnlen(reply, OUTBUF_SIZE);
    if (size == OUTBUF_SIZE)
        return NULL;
    if (size >= 2 && memcmp(reply + size - 2, "\r\n", 2) == 0)
        size -= 2;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)reply[i] < ' ')
            return NULL;
    *n = (unsigned)size;
    return reply;
}

void line_set_flag(struct line_of_mercury *l, uint32_t flag, bool on)
{
    const uint32_t flags = get(l->event, E_FLAGS);
    put(l->event, E_FLAGS, on ? flags | flag : flags & ~flag);
}

void line_mark_header(struct line_of_mercury *l, const char *text)
{
    const size_t n = strlen(l->added);
    snprintf(l->added + n, sizeof l->added - n, "%s\r\n", text);
}

void line_forget_headers(struct line_of_mercury *l)
{
    l->added[0] = '\0';
}

void line_count_rcpt(struct line_of_mercury *l, bool good)
{
    unsigned offset = good ? E_RCPTS : E_BAD_RCPTS;
    put(l->event, offset, get(l->event, offset) + 1);
}
