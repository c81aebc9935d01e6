/*
 * hashmap.h - finds records by their subject. A key is 64 bits of a keyed hash of the subject: spammers choose
 * their addresses, but without the map's secret nobody can make two keys equal. By chance two of a million are
 * equal once in thirty million runs. Owned by one thread.
 */
#ifndef GATEPOST_TOOLS_LIB_HASHMAP_H
#define GATEPOST_TOOLS_LIB_HASHMAP_H

#include "core/base/siphash.h"
#include "core/base/text.h"

struct hashmap_slot {
    uint64_t key; /* 0: empty */
    void *value;
};

struct hashmap {
    struct hashmap_slot *slots;
    size_t cap; /* a power of two, or 0 */
    size_t n;
};

/* A secret that differs from run to run. */
struct siphash_key hashmap_secret(void);

/* The key of some bytes; never 0. */
uint64_t hashmap_key(const struct siphash_key *secret, const void *bytes, size_t n);

/* NULL if there is none. */
void *hashmap_get(const struct hashmap *m, uint64_t key);

/* KEY must not be there yet. Returns false when out of memory. */
bool hashmap_put(struct hashmap *m, uint64_t key, void *value);

/* KEY must be there. */
void hashmap_remove(struct hashmap *m, uint64_t key);

/* Frees the map, not the records. */
void hashmap_fini(struct hashmap *m);

#endif
