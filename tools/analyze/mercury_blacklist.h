/*
 * mercury_blacklist.h - MercuryS's short-term blacklist as its log shows it: MercuryS itself reports only how
 * long the list is. A client gets on it with "dropped and blocked" and is forgotten half an hour later. A
 * client that is refused "because of short-term restriction" was on it, whatever earlier lines say, and counts
 * for as long. Owned by one thread.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_MERCURY_BLACKLIST_H
#define GATEPOST_TOOLS_ANALYZE_MERCURY_BLACKLIST_H

#include "tools/lib/hashmap.h"

enum {
    MERCURY_BLACKLIST_SECONDS = 30 * 60,
    MERCURY_BLACKLIST_MOST = 65536, /* entries; MercuryS is said to handle 30,000 */
    MERCURY_BLACKLIST_HOURS = 87672 /* ten years */
};

struct mercury_blacklist_hour {
    int64_t start;
    uint64_t added, refused;
    size_t peak;
};

struct mercury_blacklist_entry;

struct mercury_blacklist {
    struct siphash_key secret;
    struct hashmap map;
    struct mercury_blacklist_entry *oldest, *newest;
    size_t current, peak;
    int64_t peak_time, last;
    uint64_t added, refused;
    struct mercury_blacklist_hour *hours;
    size_t hour_count, hour_cap;
    bool seen;     /* any line of MercuryS */
    uint64_t lost; /* entries and hours beyond the limits */
};

void mercury_blacklist_init(struct mercury_blacklist *s);

/* A line of MercuryS at that time: entries that are due leave the list. */
void mercury_blacklist_at(struct mercury_blacklist *s, int64_t time);

/* CLIENT was put on the list, or (`refused`) refused because of it. Returns false when out of memory. */
bool mercury_blacklist_take(struct mercury_blacklist *s, struct text client, bool refused, int64_t time);

void mercury_blacklist_fini(struct mercury_blacklist *s);

#endif
