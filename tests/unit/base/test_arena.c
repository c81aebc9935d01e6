#include "core/base/arena.h"
#include "tests/unit/lib/exact.h"
#include "tests/unit/lib/failing_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void arena_alloc__many_sizes__is_zeroed_aligned_and_apart(void **state)
{
    enum { TIMES = 2000 };
    struct arena a;
    unsigned char *block[TIMES];
    (void)state;
    arena_init(&a, (size_t)8 << 20);
    for (size_t i = 0; i < TIMES; i++) {
        size_t size = i * 7 % 1031;
        block[i] = arena_alloc(&a, size);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < size; k++)
            assert_int_equal(block[i][k], 0);
        memset(block[i], (int)(i & 0xff), size);
    }
    for (size_t i = 0; i < TIMES; i++)
        for (size_t k = 0; k < i * 7 % 1031; k++)
            assert_int_equal(block[i][k], i & 0xff);
    assert_true(a.total <= a.ceiling);
    arena_fini(&a);
}

static void arena_alloc__nothing__has_an_address(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 4096);
    void *one = arena_alloc(&a, 0), *two = arena_alloc(&a, 0);
    assert_non_null(one);
    assert_non_null(two);
    assert_ptr_not_equal(one, two);
    arena_fini(&a);
}

static void arena_alloc__past_the_ceiling__is_null_and_the_rest_stays(void **state)
{
    static const size_t ceilings[] = {0, 1, 100, 4096, 5000, 100000};
    (void)state;
    for (size_t i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
        struct arena a;
        size_t got = 0;
        arena_init(&a, ceilings[i]);
        assert_null(arena_alloc(&a, ceilings[i] + 1));
        assert_null(arena_alloc(&a, SIZE_MAX));
        assert_null(arena_alloc(&a, SIZE_MAX - 15));
        while (arena_alloc(&a, 64))
            got += 64;
        assert_true(got <= ceilings[i]);
        assert_true(got + 64 > ceilings[i] / 2); /* most of what was promised can be had */
        assert_true(a.total <= ceilings[i]);
        arena_fini(&a);
        assert_int_equal(a.total, 0);
        assert_int_equal(a.ceiling, ceilings[i]);
    }
}

static void arena_alloc__each_allocation_failing__is_null_then_works_again(void **state)
{
    (void)state;
    for (unsigned number = 1; number <= 4; number++) {
        struct arena a;
        unsigned refused = 0;
        arena_init(&a, 1 << 20);
        allocs_fail_at(number, false);
        allocs.armed = true;
        for (int i = 0; i < 40; i++)
            if (!arena_alloc(&a, 1000))
                refused++;
        allocs.armed = false;
        assert_int_equal(refused, 1);
        arena_fini(&a);
    }
}

static void arena_text__any_bytes__are_copied_with_a_nul_behind(void **state)
{
    struct arena a;
    (void)state;
    arena_init(&a, 4096);
    struct text source = exact_copy(text_of("a\0b", 3));
    struct text copy = arena_text(&a, source);
    exact_free(source);
    assert_int_equal(copy.n, 3);
    assert_memory_equal(copy.p, "a\0b\0", 4);
    copy = arena_text(&a, text_of(NULL, 0));
    assert_non_null(copy.p);
    assert_int_equal(copy.n, 0);
    assert_int_equal(copy.p[0], '\0');
    assert_null(arena_text(&a, text_of("x", 4096)).p);
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_alloc__many_sizes__is_zeroed_aligned_and_apart),
        cmocka_unit_test(arena_alloc__nothing__has_an_address),
        cmocka_unit_test(arena_alloc__past_the_ceiling__is_null_and_the_rest_stays),
        cmocka_unit_test(arena_alloc__each_allocation_failing__is_null_then_works_again),
        cmocka_unit_test(arena_text__any_bytes__are_copied_with_a_nul_behind),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
