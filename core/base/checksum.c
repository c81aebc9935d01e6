#include "checksum.h"

/*
 * Eight independent lanes keep the multipliers busy. Every step is a bijection of the lane and of the word
 * added, so a single changed word always changes the sum. This protects against accidents, not against
 * attackers.
 */
static const uint64_t multiplier = 0x9E3779B97F4A7C15u;

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

void checksum_init(struct checksum *s, uint64_t gap)
{
    *s = (struct checksum){.gap = gap};
    for (unsigned i = 0; i < 8; i++)
        s->lane[i] = multiplier * (i + 1);
}

/* Adds COUNT whole blocks of 64 bytes. The inner loop is written out so that the lanes stay in registers. */
static void sum_blocks(struct checksum *s, const unsigned char *p, size_t count)
{
    uint64_t lane[8];
    memcpy(lane, s->lane, sizeof lane);
    for (; count; count--, p += 64) {
#pragma GCC unroll 8
        for (size_t i = 0; i < 8; i++)
            lane[i] = rotate((lane[i] ^ load_le64(p + 8 * i)) * multiplier, 31);
    }
    memcpy(s->lane, lane, sizeof lane);
}

/* Adds a block that is not full, or that contains the gap. */
static void sum_odd_block(struct checksum *s, const unsigned char *p, size_t n)
{
    unsigned char copy[64] = {0};
    memcpy(copy, p, n);
    for (size_t i = 0; i < n; i++)
        if (s->done + i >= s->gap && s->done + i - s->gap < CHECKSUM_GAP)
            copy[i] = '0';
    sum_blocks(s, copy, 1);
}

/* Returns how many whole blocks lie within the next N bytes before the gap, if the gap is still to come. */
static size_t plain_blocks(const struct checksum *s, size_t n)
{
    if (s->done < s->gap)
        return s->gap - s->done < n ? (size_t)(s->gap - s->done) / 64 : n / 64;
    return s->done - s->gap < CHECKSUM_GAP ? 0 : n / 64;
}

void checksum_add(struct checksum *s, const unsigned char *p, size_t n)
{
    while (n) {
        size_t blocks = plain_blocks(s, n), take = blocks ? blocks * 64 : n < 64 ? n : 64;
        if (blocks)
            sum_blocks(s, p, blocks);
        else
            sum_odd_block(s, p, take);
        s->done += take;
        p += take;
        n -= take;
    }
}

uint64_t checksum_end(const struct checksum *s)
{
    uint64_t sum = s->done;
    for (unsigned i = 0; i < 8; i++)
        sum = rotate((sum ^ s->lane[i]) * multiplier, 29);
    return sum ^ sum >> 32;
}
