#include "core/base/checksum.h"
#include "tests/unit/lib/rounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint64_t sum_of(const unsigned char *p, size_t n, size_t step, uint64_t gap)
{
    struct checksum s;
    checksum_init(&s, gap);
    for (size_t at = 0; at < n; at += step)
        checksum_add(&s, p + at, n - at < step ? n - at : step);
    return checksum_end(&s);
}

static void fill(unsigned char *p, size_t n)
{
    uint64_t seed = 7;
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)next_random(&seed);
}

static void sum__pieces__make_no_difference(void **state)
{
    unsigned char bytes[1000];
    (void)state;
    fill(bytes, sizeof bytes);
    for (size_t n = 0; n <= sizeof bytes; n++)
        for (size_t step = 64; step <= 256; step += 64)
            assert_int_equal(sum_of(bytes, n, step, CHECKSUM_NO_GAP),
                             sum_of(bytes, n, sizeof bytes, CHECKSUM_NO_GAP));
}

static void sum__any_bit_and_any_length__changes_it(void **state)
{
    unsigned char bytes[300];
    (void)state;
    fill(bytes, sizeof bytes);
    const uint64_t before = sum_of(bytes, sizeof bytes, 320, CHECKSUM_NO_GAP);
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_int_not_equal(sum_of(bytes, sizeof bytes, 320, CHECKSUM_NO_GAP), before);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    memset(bytes, 0, sizeof bytes);
    for (size_t n = 1; n <= sizeof bytes; n++)
        assert_int_not_equal(sum_of(bytes, n, 320, CHECKSUM_NO_GAP),
                             sum_of(bytes, n - 1, 320, CHECKSUM_NO_GAP));
}

static void sum__gap__is_taken_as_zeros_wherever_it_lies(void **state)
{
    unsigned char bytes[300];
    (void)state;
    for (size_t gap = 0; gap + CHECKSUM_GAP <= sizeof bytes; gap++) {
        fill(bytes, sizeof bytes);
        const uint64_t before = sum_of(bytes, sizeof bytes, 64, gap);
        memset(bytes + gap, 'x', CHECKSUM_GAP);
        assert_int_equal(sum_of(bytes, sizeof bytes, 64, gap), before);
        memset(bytes + gap, '0', CHECKSUM_GAP);
        assert_int_equal(sum_of(bytes, sizeof bytes, 64, CHECKSUM_NO_GAP), before);
        if (gap) {
            bytes[gap - 1] ^= 1;
            assert_int_not_equal(sum_of(bytes, sizeof bytes, 64, gap), before);
            bytes[gap - 1] ^= 1;
        }
        if (gap + CHECKSUM_GAP < sizeof bytes) {
            bytes[gap + CHECKSUM_GAP] ^= 1;
            assert_int_not_equal(sum_of(bytes, sizeof bytes, 64, gap), before);
        }
    }
}

static void sum__value__is_the_same_in_every_version(void **state)
{
    /* Files that are kept carry it. */
    unsigned char bytes[200];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    assert_int_equal(sum_of(bytes, 0, 64, CHECKSUM_NO_GAP), 0x217da67f298400af);
    assert_int_equal(sum_of(bytes, sizeof bytes, 64, CHECKSUM_NO_GAP), 0xf36dc7fb1ab2b039);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sum__pieces__make_no_difference),
        cmocka_unit_test(sum__any_bit_and_any_length__changes_it),
        cmocka_unit_test(sum__gap__is_taken_as_zeros_wherever_it_lies),
        cmocka_unit_test(sum__value__is_the_same_in_every_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
