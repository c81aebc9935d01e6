/*
 * clients.h - counts how often each client was refused, and why. Owned by one thread. Memory is bounded: when
 * there are too many clients, those refused rarely and not recently are forgotten.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_CLIENTS_H
#define GATEPOST_TOOLS_ANALYZE_CLIENTS_H

#include "tools/lib/hashmap.h"
#include "dedup.h"

enum {
    CLIENTS_MOST = 500000,     /* clients */
    CLIENTS_REASONS = 4096,    /* different reasons */
    CLIENTS_REASON_SHOWN = 80, /* bytes of one */
    CLIENTS_REASONS_EACH = 4   /* reasons of one client; more are summed up as "other" */
};

struct clients_entry {
    struct ip ip;
    struct dedup dedup;
    uint64_t key, count;
    int64_t first, last;
    struct {
        const char *text;
        uint64_t count;
    } reasons[CLIENTS_REASONS_EACH];
    uint64_t other;
};

struct clients {
    uint64_t times; /* this many refusals are "again and again" */
    struct siphash_key secret;
    struct hashmap by_ip, reasons;
    size_t most; /* CLIENTS_MOST */
    /* After clients_finish(): those refused again and again, most often first. */
    struct clients_entry **clients;
    size_t count, cap;
    bool full;
    uint64_t lost; /* refusals that were not counted, or whose client was forgotten */
};

/* TIMES: how many refusals count as again and again. */
void clients_init(struct clients *s, uint64_t times);

/* Counts one refusal of CLIENT for REASON; `ours` if a line of gatepost reports it. Returns false when out
 * of memory. */
bool clients_take(struct clients *s, const struct ip *client, struct text reason, int64_t time, bool ours);

/* Call after the last refusal: leaves the clients refused again and again, sorted. */
void clients_finish(struct clients *s);

void clients_fini(struct clients *s);

#endif
