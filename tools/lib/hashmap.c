#include "hashmap.h"

#include "core/os/os.h"

#include <stdlib.h>

uint64_t hashmap_key(const struct siphash_key *secret, const void *bytes, size_t n)
{
    uint64_t key = siphash(secret, bytes, n);
    return key ? key : 1;
}

struct siphash_key hashmap_secret(void)
{
    struct siphash_key secret;
    if (os_random(&secret, sizeof secret) != 0)
        secret = (struct siphash_key){(uint64_t)os_clock(), (uint64_t)os_ticks_ms() ^ os_process() << 32};
    return secret;
}

static struct hashmap_slot *slot_of(const struct hashmap *m, uint64_t key)
{
    size_t i = (size_t)key & (m->cap - 1);
    while (m->slots[i].key && m->slots[i].key != key)
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

void *hashmap_get(const struct hashmap *m, uint64_t key)
{
    return m->cap ? slot_of(m, key)->value : NULL;
}

bool hashmap_put(struct hashmap *m, uint64_t key, void *value)
{
    if (m->n >= m->cap / 2) {
        struct hashmap wider = {.cap = m->cap ? m->cap * 2 : 64, .n = m->n};
        wider.slots = calloc(wider.cap, sizeof *wider.slots);
        if (!wider.slots)
            return false;
        for (size_t i = 0; i < m->cap; i++)
            if (m->slots[i].key)
                *slot_of(&wider, m->slots[i].key) = m->slots[i];
        free(m->slots);
        *m = wider;
    }
    *slot_of(m, key) = (struct hashmap_slot){key, value};
    m->n++;
    return true;
}

void hashmap_remove(struct hashmap *m, uint64_t key)
{
    size_t mask = m->cap - 1, hole = (size_t)(slot_of(m, key) - m->slots);
    /* An entry after the hole moves into it, unless its own place is after the hole too. */
    for (size_t i = (hole + 1) & mask; m->slots[i].key; i = (i + 1) & mask) {
        size_t home = (size_t)m->slots[i].key & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole] = (struct hashmap_slot){0, NULL};
    m->n--;
}

void hashmap_fini(struct hashmap *m)
{
    free(m->slots);
    *m = (struct hashmap){.n = 0};
}
