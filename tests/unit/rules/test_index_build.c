/* The plan of one index; that it finds what it should is test_index.c's. */
#include "core/rules/index_build.h"
#include "core/pattern/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>

enum { RULES = 8 };

struct planned {
    unsigned char block[RULES * PATTERN_CODE_MAX];
    struct rule rules[RULES];
    uint32_t numbers[RULES];
    size_t n;
};

/* Several patterns; one that begins with '!' is negated. */
static void plan(struct planned *p, struct index_plan *m, const char *const *patterns, size_t n)
{
    size_t at = 0;
    p->n = n;
    for (size_t i = 0; i < n; i++) {
        struct pattern_error error;
        const bool negated = patterns[i][0] == '!';
        size_t used =
            pattern_compile(text_z(patterns[i] + negated), p->block + at, sizeof p->block - at, NULL, &error);
        assert_true(used > 0);
        p->rules[i] = (struct rule){.flags = (uint8_t)(RULE_PATTERN | (negated ? RULE_NOT : 0)),
                                    .test = {(uint32_t)at, (uint32_t)used}};
        p->numbers[i] = (uint32_t)i;
        at += used;
    }
    assert_true(index_build_plan(m, p->rules, p->block, p->numbers, n));
}

static bool always(const struct index_plan *m, size_t i)
{
    return m->always[i / 64] >> (i % 64) & 1;
}

/* Whether the four bytes are an entry of rule NUMBER, in the bucket of their hash. */
static bool has_entry(const struct index_plan *m, const char *four, uint32_t number)
{
    const uint32_t gram = gram_at(four), bucket = gram_hash(gram) >> (32 - m->bucket_bits);
    for (uint32_t i = m->buckets[bucket]; i < m->buckets[bucket + 1]; i++)
        if (m->entries[i].gram == gram && m->entries[i].number == number)
            return true;
    return false;
}

static void plan__without_four_literal_bytes__asks_always(void **state)
{
    static const char *const patterns[] = {"*abc*", "*.*", "*", "!*zombie*", "*a[bc]d?e*"};
    static struct planned p;
    struct index_plan m = {0};
    (void)state;
    plan(&p, &m, patterns, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(always(&m, i));
    assert_true(m.always_any);
    assert_int_equal(m.stride, 0);
    assert_int_equal(m.entry_count, 0);
    index_build_fini(&m);
}

static void plan__the_rarest_bytes__stand_for_a_pattern(void **state)
{
    /* What every line of a kind has is never chosen if there is anything else. */
    static const char *const patterns[] = {"*rcpt to:<zq", "*helo xyzw", "*abcd", "*abcdefgh*", "*abc*"};
    static struct planned p;
    struct index_plan m = {0};
    (void)state;
    plan(&p, &m, patterns, 5);
    assert_int_equal(m.stride, 1); /* "abcd" is found at its one place only */
    assert_int_equal(m.entry_count, 4);
    assert_true(has_entry(&m, "o:<z", 0) || has_entry(&m, ":<zq", 0));
    assert_true(has_entry(&m, "xyzw", 1) || has_entry(&m, " xyz", 1) || has_entry(&m, "o xy", 1) ||
                has_entry(&m, "lo x", 1));
    assert_true(has_entry(&m, "abcd", 2));
    assert_false(has_entry(&m, "abcd", 3)); /* two patterns have it, the others one */
    assert_false(always(&m, 0) || always(&m, 3));
    assert_true(always(&m, 4));
    index_build_fini(&m);
}

static void plan__long_literals__are_found_in_strides(void **state)
{
    static const char *const patterns[] = {"*zombie*", "*seven777*"};
    static struct planned p;
    struct index_plan m = {0};
    (void)state;
    plan(&p, &m, patterns, 2);
    assert_int_equal(m.stride, 3); /* six bytes have three fours */
    assert_int_equal(m.entry_count, 6);
    assert_true(has_entry(&m, "zomb", 0) && has_entry(&m, "ombi", 0) && has_entry(&m, "mbie", 0));
    assert_false(m.always_any);
    index_build_fini(&m);
}

static void plan__memory__is_used_again(void **state)
{
    static const char *const many[] = {"*aaaa*", "*bbbb*", "*cccc*", "*x*", "!*dddd*"}, *const few[] = {
                                                                                            "*zzzz*"};
    static struct planned p;
    struct index_plan m = {0};
    (void)state;
    plan(&p, &m, many, 5);
    assert_true(m.always_any);
    plan(&p, &m, few, 1);
    assert_false(m.always_any);
    assert_int_equal(m.always[0], 0);
    assert_int_equal(m.entry_count, 1);
    assert_true(has_entry(&m, "ZZZZ", 0));
    index_build_fini(&m);
    index_build_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan__without_four_literal_bytes__asks_always),
        cmocka_unit_test(plan__the_rarest_bytes__stand_for_a_pattern),
        cmocka_unit_test(plan__long_literals__are_found_in_strides),
        cmocka_unit_test(plan__memory__is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
