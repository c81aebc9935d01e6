/*
 * rounds.h - how often a test repeats what it does at random: less under instruments that are slow
 * (tests/check-san.sh and tests/mercury/unit.sh set GATEPOST_SLOWNESS to how many times slower).
 */
#ifndef GATEPOST_TEST_ROUNDS_H
#define GATEPOST_TEST_ROUNDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static inline unsigned slowness(void)
{
    const char *said = getenv("GATEPOST_SLOWNESS");
    unsigned long times = said ? strtoul(said, NULL, 10) : 1;
    return times >= 1 && times <= 1000 ? (unsigned)times : 1;
}

/* At least one. */
static inline unsigned rounds(unsigned usual)
{
    unsigned n = usual / slowness();
    return n ? n : 1;
}

/* What tests of every single byte or moment use: all of it under the sanitizers, less only where each step
 * takes many times as long, under valgrind and in Wine. */
static inline bool is_very_slow(void)
{
    return slowness() >= 10;
}

static inline unsigned many_rounds(unsigned usual)
{
    return is_very_slow() ? rounds(usual) : usual;
}

/* Numbers that look random, the same in every run. */
static inline uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static inline uint32_t random_below(uint64_t *state, uint32_t limit)
{
    return next_random(state) % limit;
}

#endif
