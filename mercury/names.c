#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0600
#endif
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
    bool asking; /* a thread of ours is at it; it alone touches the rest */
    uint64_t until;
};

static struct {
    SRWLOCK lock;
    CONDITION_VARIABLE answered;
    unsigned threads;
    bool started; /* Winsock */
    struct answer answer[SETS][WAYS];
} names;

void names_init(void)
{
    WSADATA data;
    /* Once per process, and for good: a look-up may still run when we are closed. */
    if (!names.started)
        names.started = WSAStartup(MAKEWORD(2, 2), &data) == 0;
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

/* Looks up what stands in a place that is marked as being asked about. */
static DWORD WINAPI ask(void *place)
{
    struct answer *a = place;
    HMODULE self = NULL;
    char name[NAME_SIZE] = "";
    uint32_t state = look_up(a->address, name);

    AcquireSRWLockExclusive(&names.lock);
    a->state = state;
    memcpy(a->name, state == GP_NAME_VERIFIED ? name : "", state == GP_NAME_VERIFIED ? sizeof name : 1);
    a->until = GetTickCount64() + (state == GP_NAME_UNKNOWN ? NAMES_NO_ANSWER_MS : NAMES_KEPT_MS);
    a->asking = false;
    names.threads--;
    WakeAllConditionVariable(&names.answered);
    ReleaseSRWLockExclusive(&names.lock);

    /* Gives back what start() took. */
    if (GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                               GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                           (LPCWSTR)(void *)ask, &self))
        FreeLibraryAndExitThread(self, 0);
    return 0;
}

/* Lets a thread ask. The lock is held. */
static bool start(struct answer *a)
{
    HMODULE self;
    if (names.threads >= NAMES_THREADS_MOST ||
        !GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (LPCWSTR)(void *)ask, &self))
        return false;
    HANDLE thread = CreateThread(NULL, STACK_SIZE, ask, a, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (!thread) {
        FreeLibrary(self); /* not the last hold: the caller is in here */
        return false;
    }
    CloseHandle(thread);
    names.threads++;
    return true;
}

static struct answer *set_of(const char *address)
{
    unsigned hash = 5381;
    for (const char *p = address; *p; p++)
        hash = hash * 33 ^ (unsigned char)*p;
    return names.answer[hash % SETS];
}

/* The place of ADDRESS, where an answer is or will be. NULL if nobody can ask now. The lock is held. */
static struct answer *place_of(const char *address)
{
    struct answer *set = set_of(address), *a = NULL, *free_place = NULL;
    const uint64_t now = GetTickCount64();
    for (unsigned i = 0; i < WAYS; i++) {
        if (strcmp(set[i].address, address) == 0)
            a = &set[i];
        if (!set[i].asking && (!free_place || set[i].until < free_place->until))
            free_place = &set[i];
    }
    if (a && (a->asking || now < a->until))
        return a;
    if (!a)
        a = free_place;
    if (!a)
        return NULL;
    memset(a, 0, sizeof *a);
    memcpy(a->address, address, strlen(address) + 1);
    a->asking = start(a);
    if (!a->asking)
        a->address[0] = '\0';
    return a->asking ? a : NULL;
}

uint32_t names_lookup(const char *address, char name[NAME_SIZE])
{
    const uint64_t end = GetTickCount64() + NAMES_WAIT_MS;
    uint32_t state = GP_NAME_UNKNOWN;
    name[0] = '\0';
    if (!names.started || !*address || strlen(address) >= ADDRESS_SIZE)
        return state;
    AcquireSRWLockExclusive(&names.lock);
    struct answer *a = place_of(address);
    for (uint64_t now = GetTickCount64(); a && a->asking && now < end; now = GetTickCount64())
        SleepConditionVariableSRW(&names.answered, &names.lock, (DWORD)(end - now), 0);
    /* While we waited the place may have gone to another address. */
    if (a && !a->asking && strcmp(a->address, address) == 0) {
        state = a->state;
        memcpy(name, a->name, NAME_SIZE);
    }
    ReleaseSRWLockExclusive(&names.lock);
    return state;
}
