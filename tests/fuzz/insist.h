/*
 * insist.h - what a fuzz target uses in place of assert(), which NDEBUG would switch off.
 */
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
