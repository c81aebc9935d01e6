/*
 * checksum.h - a checksum of 64 bits against accidental damage, as fast as memory is read. Not against forgery.
 */
#ifndef GATEPOST_BASE_CHECKSUM_H
#define GATEPOST_BASE_CHECKSUM_H

#include "text.h"

/* Where no bytes are left out. */
#define SUM_NO_GAP UINT64_MAX

enum { SUM_GAP = 16 };

struct sum {
    uint64_t lane[8];
    uint64_t done;
    uint64_t gap;
};

/* GAP is the offset of SUM_GAP bytes that are taken as '0', whatever they are: the digits of the sum itself;
 * SUM_NO_GAP if there are none. */
void sum_init(struct sum *s, uint64_t gap);

/* The pieces in order; each but the last a multiple of 64 bytes. */
void sum_add(struct sum *s, const unsigned char *p, size_t n);

uint64_t sum_end(const struct sum *s);

#endif
