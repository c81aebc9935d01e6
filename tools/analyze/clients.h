/*
 * clients.h - counts how often each client was refused, and why. Owned by one thread. Memory is bounded: when
 * there are too many clients, those that were refused seldom and not of late are forgotten.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_CLIENTS_H
#define GATEPOST_TOOLS_ANALYZE_CLIENTS_H

#include "tools/lib/hashmap.h"
#include "dedup.h"

enum {
    REFUSED_MOST = 500000,  /* clients */
    REFUSED_REASONS = 4096, /* different reasons */
    REASON_SHOWN = 80,      /* bytes of one */
    REASONS_EACH = 4        /* reasons of one client; more are summed up as "other" */
};

struct refused_client {
    struct ip ip;
    struct twin twin;
    uint64_t key, count;
    int64_t first, last;
    struct {
        const char *text;
        uint64_t count;
    } reasons[REASONS_EACH];
    uint64_t other;
};

struct refused {
    uint64_t times; /* so many are "again and again" */
    struct siphash_key secret;
    struct keymap by_ip, reasons;
    size_t most; /* REFUSED_MOST */
    /* After refused_finish() those refused again and again, most often first. */
    struct refused_client **clients;
    size_t count, cap;
    bool full;
    uint64_t lost; /* refusals that were counted to nobody, or to somebody forgotten */
};

void refused_init(struct refused *s, uint64_t times);

/* CLIENT was refused for that reason; `ours` if our own line says so. Returns false when out of memory. */
bool refused_take(struct refused *s, const struct ip *client, struct text reason, int64_t time, bool ours);

void refused_finish(struct refused *s);

void refused_fini(struct refused *s);

#endif
