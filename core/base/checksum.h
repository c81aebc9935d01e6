/*
 * checksum.h - a checksum of 64 bits against accidental damage, as fast as memory is read. Not against forgery.
 */
#ifndef GATEPOST_BASE_CHECKSUM_H
#define GATEPOST_BASE_CHECKSUM_H

#include "text.h"

/* Where no bytes are left out. */
#define CHECKSUM_NO_GAP UINT64_MAX

enum { CHECKSUM_GAP = 16 };

struct checksum {
    uint64_t lane[8];
    uint64_t done;
    uint64_t gap;
};

/* GAP is the offset of CHECKSUM_GAP bytes that are taken as '0', whatever they are: the digits of the sum itself;
 * CHECKSUM_NO_GAP if there are none. */
void checksum_init(struct checksum *s, uint64_t gap);

/* The pieces in order; each but the last a multiple of 64 bytes. */
void checksum_add(struct checksum *s, const unsigned char *p, size_t n);

uint64_t checksum_end(const struct checksum *s);

#endif
