#include "siphash.h"

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF", with one round per word and three at the end. */

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline struct sip sip_begin(const struct siphash_key *key)
{
    return (struct sip){key->k0 ^ 0x736f6d6570736575u, key->k1 ^ 0x646f72616e646f6du,
                        key->k0 ^ 0x6c7967656e657261u, key->k1 ^ 0x7465646279746573u};
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

static inline uint64_t sip_end(struct sip *s, uint64_t last)
{
    sip_word(s, last);
    s->v2 ^= 0xff;
    sip_round(s);
    sip_round(s);
    sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    struct sip s = sip_begin(key);
    uint64_t last = (uint64_t)n << 56;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word = 0;
        for (unsigned i = 0; i < 8; i++) /* one load on machines with this byte order */
            word |= (uint64_t)p[i] << 8 * i;
        sip_word(&s, word);
    }
    for (size_t i = 0; i < n; i++)
        last |= (uint64_t)p[i] << 8 * i;
    return sip_end(&s, last);
}

uint64_t siphash_words(const struct siphash_key *key, const uint64_t *words, size_t n)
{
    struct sip s = sip_begin(key);
    for (size_t i = 0; i < n; i++)
        sip_word(&s, words[i]);
    return sip_end(&s, (uint64_t)(n * 8) << 56);
}

uint64_t siphash_17(const struct siphash_key *key, uint64_t a, uint64_t b, uint8_t c)
{
    struct sip s = sip_begin(key);
    sip_word(&s, a);
    sip_word(&s, b);
    return sip_end(&s, (uint64_t)17 << 56 | c);
}
