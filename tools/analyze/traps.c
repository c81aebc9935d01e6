#include "traps.h"

#include <stdlib.h>

#include "dedup.h"
#include "log_event.h"

enum { DAY = 86400 };

void traps_init(struct traps *t, size_t clients, uint64_t days)
{
    *t = (struct traps){.clients = clients,
                        .kept = clients > TRAPS_CLIENTS ? clients : TRAPS_CLIENTS,
                        .days = days,
                        .most = TRAPS_BYTES,
                        .secret = hashmap_secret()};
}

/* Lower case, and only what can be an address. Returns its size, or 0. */
static size_t take_address(struct text address, char out[LOG_ADDRESS_MAX])
{
    size_t at = text_find(address, 0, '@');
    if (address.n > LOG_ADDRESS_MAX || at == 0 || at + 1 >= address.n)
        return 0;
    for (size_t i = 0; i < address.n; i++) {
        unsigned char c = (unsigned char)address.p[i];
        if (c <= ' ' || c == 0x7f || strchr("<>,;:\"\\()[]", c))
            return 0;
        out[i] = (char)fold(c);
    }
    return address.n;
}

static bool contains(struct text t, const char *word)
{
    return text_find_nocase(t, text_z(word)) < t.n;
}

/* The reply says that there is no such recipient, not that the client is unwelcome. */
static bool is_about_recipient(struct text reply)
{
    static const char *const words[] = {
        "unknown",    "no such",           "unrouteable",         "unroutable",     "not exist",   "5.1.1",
        "no mailbox", "invalid recipient", "mailbox unavailable", "not found here", "not a valid", "no user",
        "nouser"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (contains(reply, words[i]))
            return true;
    return false;
}

static size_t trap_bytes(const struct traps *t, const struct trap *trap)
{
    return sizeof *trap + trap->size + t->kept * sizeof *trap->clients + 2 * sizeof(struct hashmap_slot);
}

static void take_out(struct traps *t, struct trap *trap)
{
    *(trap->older ? &trap->older->newer : &t->oldest) = trap->newer;
    *(trap->newer ? &trap->newer->older : &t->newest) = trap->older;
}

static void add_newest(struct traps *t, struct trap *trap)
{
    trap->older = t->newest;
    trap->newer = NULL;
    *(t->newest ? &t->newest->newer : &t->oldest) = trap;
    t->newest = trap;
}

static void forget(struct traps *t, struct trap *trap)
{
    take_out(t, trap);
    t->bytes -= trap_bytes(t, trap);
    hashmap_remove(&t->by_address, trap->key);
    free(trap->clients);
    free(trap);
}

static struct trap *trap_new(struct traps *t, uint64_t key, const char *address, size_t size, int64_t time)
{
    struct trap *trap = calloc(1, sizeof *trap + size);
    if (trap)
        trap->clients = calloc(t->kept, sizeof *trap->clients);
    if (!trap || !trap->clients || !hashmap_put(&t->by_address, key, trap)) {
        if (trap)
            free(trap->clients);
        free(trap);
        return NULL;
    }
    trap->key = key;
    trap->size = size;
    memcpy(trap->address, address, size);
    trap->first = trap->last = time;
    trap->last_day = INT64_MIN;
    add_newest(t, trap);
    t->bytes += trap_bytes(t, trap);
    while (t->bytes > t->most && t->oldest != trap) {
        t->lost++;
        forget(t, t->oldest);
    }
    return trap;
}

static void count_client(const struct traps *t, struct trap *trap, const struct ip *client)
{
    struct ip ip = dedup_ip(client);
    for (size_t i = 0; i < trap->client_count; i++)
        if (ip_eq(&trap->clients[i], &ip))
            return;
    if (trap->client_count < t->kept)
        trap->clients[trap->client_count++] = ip;
}

bool traps_refused(struct traps *t, struct text address, const struct ip *client, struct text reply,
                   int64_t time)
{
    char lower[LOG_ADDRESS_MAX];
    size_t n = take_address(address, lower);
    if (!n || contains(reply, "relay"))
        return true;
    uint64_t key = hashmap_key(&t->secret, lower, n);
    struct trap *trap = hashmap_get(&t->by_address, key);
    if (!trap && !(trap = trap_new(t, key, lower, n, time)))
        return false;
    take_out(t, trap);
    add_newest(t, trap);
    trap->refused++;
    trap->unknown += is_about_recipient(reply);
    int64_t day = (time - (time % DAY + DAY) % DAY) / DAY;
    if (day > trap->last_day) {
        trap->days++;
        trap->last_day = day;
    }
    trap->first = time < trap->first ? time : trap->first;
    trap->last = time > trap->last ? time : trap->last;
    count_client(t, trap, client);
    return true;
}

static bool know(struct traps *t, struct text address)
{
    char lower[LOG_ADDRESS_MAX];
    size_t n = take_address(address, lower);
    if (!n)
        return true;
    uint64_t key = hashmap_key(&t->secret, lower, n);
    if (hashmap_get(&t->known, key))
        return true;
    if (t->known.n == TRAPS_KNOWN) {
        t->lost_known++;
        return true;
    }
    return hashmap_put(&t->known, key, t);
}

bool traps_accepted(struct traps *t, struct text text)
{
    for (size_t at = 0; at < text.n;) {
        size_t end = at;
        while (end < text.n && !strchr(" ,<>=\t", text.p[end]))
            end++;
        if (!know(t, text_of(text.p + at, end - at)))
            return false;
        at = end + 1;
    }
    return true;
}

/*
 * Who is never proposed
 */

static bool is_role(const struct trap *trap)
{
    static const char *const roles[] = {"abuse",         "noc",  "security",  "postmaster",   "hostmaster",
                                        "usenet",        "news", "webmaster", "www",          "uucp",
                                        "ftp",           "info", "marketing", "sales",        "support",
                                        "mailer-daemon", "root", "admin",     "administrator"};
    struct text local = text_of(trap->address, trap->size);
    local.n = text_find(local, 0, '@');
    local.n = text_find(local, 0, '+');
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (text_eq(local, text_z(roles[i])))
            return true;
    return text_ends_nocase(local, TEXT("-request")) || text_starts_nocase(local, TEXT("owner-")) ||
           text_ends_nocase(local, TEXT("-owner"));
}

static bool is_known(const struct traps *t, const char *address, size_t n)
{
    return hashmap_get(&t->known, hashmap_key(&t->secret, address, n)) != NULL;
}

/* Whether taking out the bytes at I, putting one in, or changing it gives an address that is known. */
static bool is_slip_at(const struct traps *t, const struct trap *trap, size_t i, size_t local)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_+=";
    char edit[LOG_ADDRESS_MAX + 1];
    size_t n = trap->size;
    memcpy(edit, trap->address, i);
    if (i < local) {
        memcpy(edit + i, trap->address + i + 1, n - i - 1);
        if (is_known(t, edit, n - 1))
            return true;
        memcpy(edit + i, trap->address + i, n - i);
        for (const char *c = letters; *c; c++) {
            edit[i] = *c;
            if (is_known(t, edit, n))
                return true;
        }
        if (i + 1 < local) {
            edit[i] = trap->address[i + 1];
            edit[i + 1] = trap->address[i];
            if (is_known(t, edit, n))
                return true;
        }
    }
    memcpy(edit + i + 1, trap->address + i, n - i);
    for (const char *c = letters; *c; c++) {
        edit[i] = *c;
        if (is_known(t, edit, n + 1))
            return true;
    }
    return false;
}

/* Whether the name before the '@' is a typing slip away from one that is known. */
static bool is_slip(const struct traps *t, const struct trap *trap)
{
    size_t local = text_find(text_of(trap->address, trap->size), 0, '@');
    for (size_t i = 0; i <= local && trap->size < LOG_ADDRESS_MAX; i++)
        if (is_slip_at(t, trap, i, local))
            return true;
    return false;
}

static bool is_candidate(const struct traps *t, const struct trap *trap)
{
    return trap->client_count >= t->clients && trap->days >= t->days && !is_role(trap) &&
           !is_known(t, trap->address, trap->size) && !is_slip(t, trap);
}

static int compare_traps(const void *a, const void *b)
{
    const struct trap *left = *(const struct trap *const *)a, *right = *(const struct trap *const *)b;
    if (left->refused != right->refused)
        return left->refused > right->refused ? -1 : 1;
    size_t n = left->size < right->size ? left->size : right->size;
    int order = memcmp(left->address, right->address, n);
    return order ? order : (left->size > right->size) - (left->size < right->size);
}

bool traps_finish(struct traps *t)
{
    size_t cap = t->by_address.n;
    t->found = calloc(cap ? cap : 1, sizeof(void *));
    if (!t->found)
        return false;
    for (struct trap *trap = t->oldest; trap; trap = trap->newer)
        if (is_candidate(t, trap))
            t->found[t->found_count++] = trap;
    if (t->found_count)
        qsort(t->found, t->found_count, sizeof(void *), compare_traps);
    return true;
}

void traps_fini(struct traps *t)
{
    while (t->oldest)
        forget(t, t->oldest);
    hashmap_fini(&t->by_address);
    hashmap_fini(&t->known);
    free(t->found);
    *t = (struct traps){.days = 0};
}
