/*
 * dedup.h - one refusal can be told twice: by the mail server and, in its log too, by our own line. Told by both
 * within two seconds, it is one. And how clients are counted and sorted.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_DEDUP_H
#define GATEPOST_TOOLS_ANALYZE_DEDUP_H

#include "core/mail/ip.h"

enum { TWIN_SECONDS = 2 };

struct twin {
    int64_t time;
    unsigned waiting; /* refusals that only one of the two has told */
    bool ours;
};

static inline int64_t seconds_apart(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* Whether this refusal is one that the other side has told already. */
static inline bool twin_is(struct twin *t, int64_t time, bool ours)
{
    bool near = t->waiting && seconds_apart(time, t->time) <= TWIN_SECONDS;
    if (near && t->ours != ours) {
        t->waiting--;
        return true;
    }
    *t = (struct twin){.time = time, .waiting = near ? t->waiting + 1 : 1, .ours = ours};
    return false;
}

/* The client as it is counted: an IPv6 client is its /64, for one machine has as many addresses in it as it
 * likes. */
static inline struct ip counted_ip(const struct ip *ip)
{
    return ip_mask(ip, ip->v6 ? 64 : 32);
}

/* For sorting: IPv4 first. */
static inline int compare_ip(const struct ip *a, const struct ip *b)
{
    return a->v6 != b->v6 ? a->v6 - b->v6 : memcmp(a->byte, b->byte, sizeof a->byte);
}

#endif
