/*
 * checksum.h - a checksum of 64 bits against accidental damage, as fast as memory can be read. It does not
 * protect against forgery.
 */
#ifndef GATEPOST_BASE_CHECKSUM_H
#define GATEPOST_BASE_CHECKSUM_H

#include "text.h"

/* GAP if no bytes are left out. */
#define CHECKSUM_NO_GAP UINT64_MAX

enum { CHECKSUM_GAP = 16 };

struct checksum {
    uint64_t lane[8];
    uint64_t done;
    uint64_t gap;
};

/* GAP is the offset of CHECKSUM_GAP bytes that count as '0', whatever they are: the digits of the sum
 * itself. It is CHECKSUM_NO_GAP if there are none. */
void checksum_init(struct checksum *s, uint64_t gap);

/* Add the pieces in order; each but the last must be a multiple of 64 bytes. */
void checksum_add(struct checksum *s, const unsigned char *p, size_t n);

uint64_t checksum_end(const struct checksum *s);

#endif
