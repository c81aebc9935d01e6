/*
 * siphash.h - SipHash-1-3: a keyed hash. Without the key nobody can choose the result. Spammers choose their
 * addresses and subjects; they must not be able to choose the place of these in our files. Pure; any thread.
 */
#ifndef GATEPOST_BASE_SIPHASH_H
#define GATEPOST_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t n);

/* The same for N words of eight bytes, each in little-endian order; and for two words and one more byte. */
uint64_t siphash_words(const struct siphash_key *key, const uint64_t *words, size_t n);
uint64_t siphash_17(const struct siphash_key *key, uint64_t a, uint64_t b, uint8_t c);

#endif
