#include "hashmap.h"

#include "core/os/os.h"

#include <stdlib.h>

uint64_t keymap_key(const struct siphash_key *secret, const void *bytes, size_t n)
{
    uint64_t key = siphash(secret, bytes, n);
    return key ? key : 1;
}

struct siphash_key keymap_secret(void)
{
    struct siphash_key secret;
    if (os_random(&secret, sizeof secret) != 0)
        secret = (struct siphash_key){(uint64_t)os_clock(), (uint64_t)os_ticks_ms() ^ os_process() << 32};
    return secret;
}

static struct keymap_place *place_of(const struct keymap *m, uint64_t key)
{
    size_t i = (size_t)key & (m->cap - 1);
    while (m->places[i].key && m->places[i].key != key)
        i = (i + 1) & (m->cap - 1);
    return &m->places[i];
}

void *keymap_get(const struct keymap *m, uint64_t key)
{
    return m->cap ? place_of(m, key)->value : NULL;
}

bool keymap_put(struct keymap *m, uint64_t key, void *value)
{
    if (m->n >= m->cap / 2) {
        struct keymap wider = {.cap = m->cap ? m->cap * 2 : 64, .n = m->n};
        wider.places = calloc(wider.cap, sizeof *wider.places);
        if (!wider.places)
            return false;
        for (size_t i = 0; i < m->cap; i++)
            if (m->places[i].key)
                *place_of(&wider, m->places[i].key) = m->places[i];
        free(m->places);
        *m = wider;
    }
    *place_of(m, key) = (struct keymap_place){key, value};
    m->n++;
    return true;
}

void keymap_remove(struct keymap *m, uint64_t key)
{
    size_t mask = m->cap - 1, hole = (size_t)(place_of(m, key) - m->places);
    /* What stands behind the hole moves into it, unless its own place is behind the hole too. */
    for (size_t i = (hole + 1) & mask; m->places[i].key; i = (i + 1) & mask) {
        size_t home = (size_t)m->places[i].key & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        m->places[hole] = m->places[i];
        hole = i;
    }
    m->places[hole] = (struct keymap_place){0, NULL};
    m->n--;
}

void keymap_fini(struct keymap *m)
{
    free(m->places);
    *m = (struct keymap){.n = 0};
}
