/*
 * digest_clients.h - the clients of a report: how often each was refused and accepted, and when. An IPv6 client is its /64.
 * Owned by one thread. Beyond DIGEST_CLIENTS, those that came most seldom are merged into one number.
 */
#ifndef GATEPOST_TOOLS_REPORT_DIGEST_CLIENTS_H
#define GATEPOST_TOOLS_REPORT_DIGEST_CLIENTS_H

#include "core/mail/ip.h"
#include "tools/lib/hashmap.h"

enum { DIGEST_CLIENTS = 1000000, DIGEST_POOL = 4096 };

/* Times are seconds since 1970, up to 2106; days are times divided by 86,400. A small struct: there may be a million. */
struct digest_client {
    uint64_t key; /* 0: free */
    char *name;   /* verified; known when mail of a refused client was accepted */
    struct ip ip;
    uint32_t refused, accepted, would;
    uint32_t first, last;
    uint32_t listed_until;
    uint32_t logged_at;                       /* the last refusal, to know it again when it is logged twice */
    uint32_t hour;                            /* of that refusal: index among the hours */
    uint16_t refused_day[2], accepted_day[2]; /* first and last; 0: never */
    uint16_t cause;                           /* of that refusal */
    uint8_t waiting;                          /* refusals that only one of the two has logged yet */
    bool ours;                                /* gatepost logged them */
    bool own_domain; /* its name lies in the domain of a sender whose mail was accepted */
};

struct digest_pool {
    struct digest_pool *next;
    struct digest_client clients[DIGEST_POOL];
};

struct digest_clients {
    struct siphash_key secret;
    struct hashmap by_ip;
    struct digest_pool *pools;
    struct digest_client *free; /* a list; `name` points to the next */
    size_t count, most;
    uint64_t merged, merged_refused; /* clients that are no longer told apart, and their refusals */
};

void digest_clients_init(struct digest_clients *c);

/* The client of that address, which is made if there is none. NULL when out of memory. */
struct digest_client *digest_clients_get(struct digest_clients *c, const struct ip *ip, int64_t time);

/* Remembers a verified name; the one that is known stays. */
void digest_clients_name(struct digest_client *client, struct text name);

/* Calls FOR_EACH for every client. */
void digest_clients_walk(const struct digest_clients *c,
                         void (*for_each)(void *context, const struct digest_client *client), void *context);

void digest_clients_fini(struct digest_clients *c);

#endif
