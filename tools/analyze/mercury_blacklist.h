/*
 * mercury_blacklist.h - MercuryS's short-term blacklist as its log shows it: MercuryS itself tells only how long it is.
 * A client gets on it with "dropped and blocked" and is forgotten half an hour later; one that is refused
 * "because of short-term restriction" was on it, whatever we saw before, and counts for as long. Owned by one
 * thread.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_MERCURY_BLACKLIST_H
#define GATEPOST_TOOLS_ANALYZE_MERCURY_BLACKLIST_H

#include "tools/lib/hashmap.h"

enum {
    SHORTTERM_SECONDS = 30 * 60,
    SHORTTERM_MOST = 65536, /* entries; MercuryS is said to bear 30,000 */
    SHORTTERM_HOURS = 87672 /* ten years */
};

struct shortterm_hour {
    int64_t start;
    uint64_t added, refused;
    size_t peak;
};

struct shortterm_entry;

struct shortterm {
    struct siphash_key secret;
    struct keymap map;
    struct shortterm_entry *oldest, *newest;
    size_t current, peak;
    int64_t peak_time, last;
    uint64_t added, refused;
    struct shortterm_hour *hours;
    size_t hour_count, hour_cap;
    bool seen;     /* any line of MercuryS */
    uint64_t lost; /* entries and hours beyond the ceilings */
};

void shortterm_init(struct shortterm *s);

/* A line of MercuryS at that time: entries that are due leave the list. */
void shortterm_at(struct shortterm *s, int64_t time);

/* CLIENT was put on the list, or (`refused`) turned away because of it. Returns false when out of memory. */
bool shortterm_take(struct shortterm *s, struct text client, bool refused, int64_t time);

void shortterm_fini(struct shortterm *s);

#endif
