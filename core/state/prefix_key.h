/*
 * prefix_key.h - bytes as little-endian words, and client prefixes as keys of slots. Pure; any thread.
 */
#ifndef GATEPOST_PREFIX_KEY_H
#define GATEPOST_PREFIX_KEY_H

#include "core/mail/ip.h"
#include "slots.h"

static inline uint64_t word_from(const uint8_t *p)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++)
        word |= (uint64_t)p[i] << 8 * i;
    return word;
}

static inline void word_to(uint64_t word, uint8_t *p)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(word >> 8 * i);
}

/* The address masked to BITS, as sixteen bytes in two words, IPv4 as ::ffff:a.b.c.d; and the length. No IPv6
 * client has such an address, because parsing folds them (ip.h). */
static inline struct slot_key prefix_key(const struct ip *client, unsigned bits)
{
    uint8_t byte[16] = {[10] = 0xff, [11] = 0xff};
    if (bits > ip_bits(client))
        bits = ip_bits(client);
    struct ip masked = ip_mask(client, bits);
    if (client->v6)
        memcpy(byte, masked.byte, 16);
    else
        memcpy(byte + 12, masked.byte, 4);
    return (struct slot_key){{word_from(byte), word_from(byte + 8)}, (uint8_t)bits};
}

static inline struct ip_prefix key_prefix(const struct slot_key *key)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint8_t byte[16];
    struct ip_prefix prefix = {.bits = key->byte};
    word_to(key->half[0], byte);
    word_to(key->half[1], byte + 8);
    prefix.ip.v6 = memcmp(byte, mapped, sizeof mapped) != 0;
    if (prefix.ip.v6)
        memcpy(prefix.ip.byte, byte, 16);
    else
        memcpy(prefix.ip.byte, byte + 12, 4);
    if (prefix.bits > ip_bits(&prefix.ip))
        prefix.bits = ip_bits(&prefix.ip);
    return prefix;
}

/* A number for the holder of a prefix, as far as it can be guessed: of its /48, for IPv4 of its /24. Never
 * 0. */
static inline uint64_t prefix_holder(const struct siphash_key *key, const struct ip *ip)
{
    const struct slot_key around = prefix_key(ip, ip->v6 ? 48 : 24);
    const uint64_t hash = siphash_17(key, around.half[0], around.half[1], around.byte);
    return hash ? hash : 1;
}

#endif
