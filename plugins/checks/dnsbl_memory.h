/*
 * dnsbl_memory.h - what one dnsbl check remembers: answers, for as long as they may be kept, and whether the
 * list answers at all. Bounded: an answer replaces another. Any thread may call this; nothing here waits.
 */
#ifndef DNSBL_MEMORY_H
#define DNSBL_MEMORY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    MEMORY_PLACES = 4096,
    MEMORY_LISTED_MOST = 3600, /* seconds that an address stays listed here at most, whatever the answer
                                * allows */
    MEMORY_CLEAN = 60,         /* and for which one counts as not listed */
    MEMORY_PATIENCE = 3,       /* failures in a row after which the list is not asked */
    MEMORY_PAUSE = 60          /* for this many seconds, after which one query tries it again */
};

struct memory_place {
    unsigned char address[16];
    int64_t since;
    int64_t until;
    uint32_t answer; /* 0: not listed */
};

struct dnsbl_memory {
    pthread_mutex_t mutex;
    struct memory_place place[MEMORY_PLACES];
    uint64_t key; /* of the places: a client must not be able to choose which one it displaces */
    unsigned failures;
    int64_t paused_since;
    int64_t paused_until;
};

/* Returns 0, or -1 if there is no mutex. */
int memory_init(struct dnsbl_memory *m, uint64_t key);
void memory_fini(struct dnsbl_memory *m);

/* Looks up ADDRESS at the time NOW. Returns 1 with *ANSWER; 0 if it is not known: then the list should be
 * asked; -1 if the list should not be asked now. */
int memory_get(struct dnsbl_memory *m, const unsigned char *address, int64_t now, uint32_t *answer);

/* The list has answered. Returns true if it had been given up before. */
bool memory_put(struct dnsbl_memory *m, const unsigned char *address, int64_t now, uint32_t answer,
                unsigned ttl);

/* It has not answered. Returns true if it is given up from now on and was not before. */
bool memory_failed(struct dnsbl_memory *m, int64_t now);

#endif
