/*
 * dedup.h - recognises a refusal that was logged twice: by the mail server and, in the same log, by gatepost.
 * If both logged it within two seconds, it counts once. Also: how clients are counted and sorted.
 */
#ifndef GATEPOST_TOOLS_ANALYZE_DEDUP_H
#define GATEPOST_TOOLS_ANALYZE_DEDUP_H

#include "core/mail/ip.h"

enum { DEDUP_SECONDS = 2 };

struct dedup {
    int64_t time;
    unsigned waiting; /* refusals that only one of the two has logged yet */
    bool ours;
};

static inline int64_t seconds_apart(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* Returns whether the other side has logged this refusal already. */
static inline bool dedup_is_repeat(struct dedup *t, int64_t time, bool ours)
{
    bool near = t->waiting && seconds_apart(time, t->time) <= DEDUP_SECONDS;
    if (near && t->ours != ours) {
        t->waiting--;
        return true;
    }
    *t = (struct dedup){.time = time, .waiting = near ? t->waiting + 1 : 1, .ours = ours};
    return false;
}

/* The client as it is counted: an IPv6 client is its /64, because one machine can use any address in it. */
static inline struct ip dedup_ip(const struct ip *ip)
{
    return ip_mask(ip, ip->v6 ? 64 : 32);
}

/* For sorting: IPv4 first. */
static inline int compare_ip(const struct ip *a, const struct ip *b)
{
    return a->v6 != b->v6 ? a->v6 - b->v6 : memcmp(a->byte, b->byte, sizeof a->byte);
}

#endif
