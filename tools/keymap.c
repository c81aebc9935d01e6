#include "keymap.h"

#include "core/os.h"

#include <stdlib.h>

static uint64_t turn(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = turn(v[1], 13) ^ v[0];
    v[0] = turn(v[0], 32);
    v[2] += v[3];
    v[3] = turn(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = turn(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = turn(v[1], 17) ^ v[2];
    v[2] = turn(v[2], 32);
}

/* SipHash-1-3, but for the order of bytes. */
uint64_t keymap_key(const struct keymap_secret *secret, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    uint64_t v[4] = {secret->k0 ^ 0x736f6d6570736575, secret->k1 ^ 0x646f72616e646f6d,
                     secret->k0 ^ 0x6c7967656e657261, secret->k1 ^ 0x7465646279746573};
    for (size_t i = 0; i <= n; i += 8) {
        uint64_t word = 0;
        memcpy(&word, p + i, n - i < 8 ? n - i : 8); /* in this machine's order: it is for this run */
        if (n - i < 8)
            word ^= (uint64_t)n << 56;
        v[3] ^= word;
        mix(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    mix(v);
    mix(v);
    mix(v);
    uint64_t key = v[0] ^ v[1] ^ v[2] ^ v[3];
    return key ? key : 1;
}

/* The time, the process, and where the system put our stack: more than a client of the mail server can know. */
struct keymap_secret keymap_secret(void)
{
    struct keymap_secret fixed = {0x6761746570, 0x6f7374};
    uint64_t seen[4] = {(uint64_t)os_clock(), (uint64_t)os_ticks_ms(), os_process(),
                        (uint64_t)(uintptr_t)&fixed};
    uint64_t first = keymap_key(&fixed, seen, sizeof seen);
    fixed.k0 ^= first;
    return (struct keymap_secret){first, keymap_key(&fixed, seen, sizeof seen)};
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
