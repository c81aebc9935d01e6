/*
 * every_failure.h - each allocation of something fails once.
 */
#ifndef GATEPOST_TEST_EVERY_FAILURE_H
#define GATEPOST_TEST_EVERY_FAILURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "failing_alloc.h"
#include "rounds.h"

/* Calls TRY with the first, second, third… allocation failing until none fails any more; twice, the second time
 * with all that follow failing too. */
static inline void with_failures(void (*try)(void *context), void *context)
{
    for (int go_on = 0; go_on < 2; go_on++) {
        for (unsigned n = 0;; n += 1 + slowness() / 10) {
            const long before = allocs.live;
            allocs_fail_at(n + 1, go_on);
            try(context);
            allocs.armed = false;
            if (allocs.live != before)
                print_error("%ld allocations leak when number %u fails\n", allocs.live - before, n + 1);
            assert_int_equal(allocs.live, before);
            if (!allocs.failed)
                break;
            assert_true(n < 100000);
        }
    }
}

#endif
