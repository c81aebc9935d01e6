#include <winsock2.h>
#include <ws2tcpip.h>

#include "names.h"

#include <stdbool.h>
#include <string.h>

#include "core/gatepost.h"

enum { SETS = 128, WAYS = 4, ADDRESS_SIZE = 64, STACK_SIZE = 128 * 1024 };

struct answer {
    char address[ADDRESS_SIZE]; /* empty: a free place */
    char name[NAME_SIZE];
    uint32_t state;
    bool asking;    /* a thread of ours is at it; it alone touches the rest */
    unsigned task;  /* which of them */
    uint32_t since; /* ticks */
};

/* A thread of ours. Whoever waited for it looks again at what he waited for: it may have gone on to another. */
struct task {
    struct answer *answer; /* NULL: there is none */
    HANDLE done;
};

static struct {
    bool started; /* Winsock, and all below */
    CRITICAL_SECTION lock;
    struct task task[NAMES_THREADS_MOST];
    struct answer answer[SETS][WAYS];
} names;

void names_init(void)
{
    WSADATA data;
    /* Once, and for good: a look-up may still run when we are closed. */
    if (names.started || WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return;
    InitializeCriticalSection(&names.lock);
    for (unsigned i = 0; i < NAMES_THREADS_MOST; i++)
        names.task[i].done = CreateEventW(NULL, TRUE, FALSE, NULL);
    names.started = true;
}

static bool same_address(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a->sa_family != b->sa_family)
        return false;
    if (a->sa_family == AF_INET)
        return memcmp(&((const struct sockaddr_in *)(const void *)a)->sin_addr,
                      &((const struct sockaddr_in *)(const void *)b)->sin_addr, 4) == 0;
    return a->sa_family == AF_INET6 &&
           memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                  &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr, 16) == 0;
}

/* Rules see "NAME ADDRESS": a name with a blank in it could pretend to be both. */
static bool is_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", *p))
            return false;
    return *name != '\0';
}

static bool leads_back(const struct sockaddr *client, const struct addrinfo *list)
{
    for (; list; list = list->ai_next)
        if (same_address(client, list->ai_addr))
            return true;
    return false;
}

/* Asks the DNS. The name is good with GP_NAME_VERIFIED only. */
static uint32_t look_up(const char *address, char *name)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *client = NULL, *forward = NULL;
    uint32_t state = GP_NAME_UNKNOWN;
    if (getaddrinfo(address, NULL, &hints, &client) != 0 || !client)
        return GP_NAME_NONE;
    int error =
        getnameinfo(client->ai_addr, (socklen_t)client->ai_addrlen, name, NAME_SIZE, NULL, 0, NI_NAMEREQD);
    if (error == 0 && !is_name(name)) {
        state = GP_NAME_FORGED;
    } else if (error == 0) {
        hints.ai_flags = 0;
        hints.ai_family = client->ai_family;
        error = getaddrinfo(name, NULL, &hints, &forward);
        if (error == 0)
            state = leads_back(client->ai_addr, forward) ? GP_NAME_VERIFIED : GP_NAME_FORGED;
        else if (error == EAI_NONAME || error == WSANO_DATA)
            state = GP_NAME_FORGED;
    } else if (error == EAI_NONAME || error == WSANO_DATA) {
        state = GP_NAME_NONE;
    }
    if (forward)
        freeaddrinfo(forward);
    freeaddrinfo(client);
    return state;
}

/* A look-up. */
static DWORD WINAPI ask(void *context)
{
    struct task *t = context;
    struct answer *a = t->answer;
    HMODULE self = NULL;
    char name[NAME_SIZE] = "";
    uint32_t state = look_up(a->address, name);

    EnterCriticalSection(&names.lock);
    a->state = state;
    if (state == GP_NAME_VERIFIED)
        memcpy(a->name, name, sizeof name);
    a->since = GetTickCount();
    a->asking = false;
    t->answer = NULL;
    SetEvent(t->done);
    LeaveCriticalSection(&names.lock);

    /* Gives back what start() took. */
    if (GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                               GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                           (LPCWSTR)(void *)ask, &self))
        FreeLibraryAndExitThread(self, 0);
    return 0;
}

/* Lets a thread ask about A. The lock is held. */
static bool start(struct answer *a)
{
    HMODULE self;
    unsigned i = 0;
    while (i < NAMES_THREADS_MOST && (names.task[i].answer || !names.task[i].done))
        i++;
    if (i == NAMES_THREADS_MOST ||
        !GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (LPCWSTR)(void *)ask, &self))
        return false;
    struct task *t = &names.task[i];
    t->answer = a;
    a->task = i;
    a->asking = true;
    ResetEvent(t->done);
    HANDLE thread = CreateThread(NULL, STACK_SIZE, ask, t, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread) {
        CloseHandle(thread);
        return true;
    }
    t->answer = NULL;
    a->asking = false;
    FreeLibrary(self); /* not the last hold: the caller is in here */
    return false;
}

static struct answer *set_of(const char *address)
{
    unsigned hash = 5381;
    for (const char *p = address; *p; p++)
        hash = hash * 33 ^ (unsigned char)*p;
    return names.answer[hash % SETS];
}

static bool is_fresh(const struct answer *a, uint32_t now)
{
    const uint32_t kept = a->state == GP_NAME_UNKNOWN ? NAMES_NO_ANSWER_MS : NAMES_KEPT_MS;
    return a->asking || now - a->since < kept;
}

/* The place of ADDRESS, where an answer is or will be. NULL if nobody can ask now. The lock is held. */
static struct answer *place_of(const char *address)
{
    struct answer *set = set_of(address), *oldest = NULL;
    const uint32_t now = GetTickCount();
    for (unsigned i = 0; i < WAYS; i++) {
        struct answer *a = &set[i];
        if (strcmp(a->address, address) == 0 && is_fresh(a, now))
            return a;
        if (strcmp(a->address, address) == 0 || !*a->address) {
            oldest = a;
            break;
        }
        if (!a->asking && (!oldest || now - a->since > now - oldest->since))
            oldest = a;
    }
    if (!oldest)
        return NULL;
    memset(oldest, 0, sizeof *oldest);
    memcpy(oldest->address, address, strlen(address) + 1);
    if (start(oldest))
        return oldest;
    oldest->address[0] = '\0';
    return NULL;
}

uint32_t names_lookup(const char *address, char name[NAME_SIZE])
{
    uint32_t state = GP_NAME_UNKNOWN;
    HANDLE done = NULL;
    name[0] = '\0';
    if (!names.started || !*address || strlen(address) >= ADDRESS_SIZE)
        return state;
    EnterCriticalSection(&names.lock);
    struct answer *a = place_of(address);
    if (a && a->asking)
        done = names.task[a->task].done;
    LeaveCriticalSection(&names.lock);
    if (done)
        WaitForSingleObject(done, NAMES_WAIT_MS);
    EnterCriticalSection(&names.lock);
    /* While we waited the place may have gone to another address. */
    if (a && !a->asking && strcmp(a->address, address) == 0) {
        state = a->state;
        memcpy(name, a->name, NAME_SIZE);
    }
    LeaveCriticalSection(&names.lock);
    return state;
}
