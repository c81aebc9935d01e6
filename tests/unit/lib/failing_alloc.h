/*
 * failing_alloc.h - malloc() and its kin that fail when a test wants it, and count.
 *
 * The linker puts them in front of the C library's (-Wl,--wrap), for the engine, the tools and the test alike.
 * A test arms them only around what it tests.
 */
#ifndef GATEPOST_TEST_FAILING_ALLOC_H
#define GATEPOST_TEST_FAILING_ALLOC_H

#include <stdbool.h>

struct failing_alloc {
    bool armed;
    bool go_on; /* once one has failed, all fail */
    bool failed;
    unsigned left; /* allocations that still succeed */
    long live;     /* allocated and not freed, armed or not */
};

extern struct failing_alloc allocs;

/* Disarmed; once armed, allocation number N (from 1) will be the first to fail. */
static inline void allocs_fail_at(unsigned n, bool go_on)
{
    allocs.armed = false;
    allocs.go_on = go_on;
    allocs.failed = false;
    allocs.left = n - 1;
}

#endif
