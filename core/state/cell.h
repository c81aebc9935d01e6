/*
 * cell.h - eight bytes of a file that processes share, always loaded and stored as one.
 *
 * The bytes in the file are in little-endian order on every machine. A cell is aligned to eight bytes, even
 * where the ABI aligns uint64_t to four (i386), so no load or store of one is ever torn: on 64-bit machines it
 * is a plain move; for i686 gcc and clang make it one 64-bit SSE or x87 move (-msse2), never a call into
 * libatomic. Loads acquire and stores release: on x86 that costs nothing, and so the order "word, record, word"
 * of slots.h needs no fences, which ThreadSanitizer would not understand.
 */
#ifndef GATEPOST_CELL_H
#define GATEPOST_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cell {
    uint64_t bits __attribute__((aligned(8)));
};

_Static_assert(sizeof(struct cell) == 8, "a cell is eight bytes");
_Static_assert(_Alignof(struct cell) == 8, "and aligned to them");

/* The bytes as they are in the file. */
static inline uint64_t cell_order(uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(value);
#else
    return value;
#endif
}

static inline uint64_t cell_load(const struct cell *c)
{
    return cell_order(__atomic_load_n(&c->bits, __ATOMIC_ACQUIRE));
}

static inline void cell_store(struct cell *c, uint64_t value)
{
    __atomic_store_n(&c->bits, cell_order(value), __ATOMIC_RELEASE);
}

/* Replaces OLD by NEW if the cell still contains OLD. */
static inline bool cell_swap(struct cell *c, uint64_t old, uint64_t new_value)
{
    uint64_t expected = cell_order(old);
    return __atomic_compare_exchange_n(&c->bits, &expected, cell_order(new_value), false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE);
}

/* A counter: nothing else depends on when other processes see it. */
static inline void cell_add(struct cell *c, uint64_t n)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    uint64_t value;
    do
        value = cell_load(c);
    while (!cell_swap(c, value, value + n));
#else
    __atomic_fetch_add(&c->bits, n, __ATOMIC_RELAXED);
#endif
}

#endif
