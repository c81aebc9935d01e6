#include "sum.h"

/*
 * Eight independent lanes keep the multipliers busy. Every step is a bijection of the lane and of the word
 * taken in, so a single changed word always changes the sum. It guards against accidents, not against people.
 */
static const uint64_t multiplier = 0x9E3779B97F4A7C15u;

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

void sum_init(struct sum *s, uint64_t gap)
{
    *s = (struct sum){.gap = gap};
    for (unsigned i = 0; i < 8; i++)
        s->lane[i] = multiplier * (i + 1);
}

static void sum_block(struct sum *s, const unsigned char *p)
{
    for (size_t i = 0; i < 8; i++) {
        uint64_t word = 0;
        for (size_t k = 0; k < 8; k++) /* one load where bytes stand in this order */
            word |= (uint64_t)p[8 * i + k] << 8 * k;
        s->lane[i] = rotate((s->lane[i] ^ word) * multiplier, 31);
    }
}

/* A block that is not full, or holds the gap. */
static void sum_odd_block(struct sum *s, const unsigned char *p, size_t n)
{
    unsigned char copy[64] = {0};
    memcpy(copy, p, n);
    for (size_t i = 0; i < n; i++)
        if (s->done + i >= s->gap && s->done + i - s->gap < SUM_GAP)
            copy[i] = '0';
    sum_block(s, copy);
}

void sum_add(struct sum *s, const unsigned char *p, size_t n)
{
    while (n) {
        size_t take = n < 64 ? n : 64;
        bool meets_gap = s->done < s->gap ? s->gap - s->done < take : s->done - s->gap < SUM_GAP;
        if (take == 64 && !meets_gap)
            sum_block(s, p);
        else
            sum_odd_block(s, p, take);
        s->done += take;
        p += take;
        n -= take;
    }
}

uint64_t sum_end(const struct sum *s)
{
    uint64_t sum = s->done;
    for (unsigned i = 0; i < 8; i++)
        sum = rotate((sum ^ s->lane[i]) * multiplier, 29);
    return sum ^ sum >> 32;
}
