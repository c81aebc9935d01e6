/* insist.h - replaces assert() in fuzz targets, because NDEBUG would turn that off. */
#ifndef GATEPOST_FUZZ_INSIST_H
#define GATEPOST_FUZZ_INSIST_H

#include <stdbool.h>
#include <stdlib.h>

static inline void insist(bool holds)
{
    if (!holds)
        abort();
}

#endif
