#include "core/base/scan.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void scan_distance__words__counts_edits_up_to_three(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        {"", "", 0},
        {"fqdn", "FQDN", 0},
        {"fqnd", "fqdn", 2},
        {"trp", "trap", 1},
        {"", "abc", 3},
        {"", "abcd", 4},
        {"abc", "", 3},
        {"kitten", "sitting", 3},
        {"abcdef", "uvwxyz", 4},
        {"refuse", "refus", 1},
        {"0123456789012345678901234567890123456789", "0123456789012345678901234567890123456789", 0},
        {"01234567890123456789012345678901234567890", "01234567890123456789012345678901234567890", 4},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text a = exact(cases[i].a), b = exact(cases[i].b);
        assert_int_equal(scan_distance(a, b), cases[i].distance);
        assert_int_equal(scan_distance(b, a), cases[i].distance);
        exact_free(a);
        exact_free(b);
    }
}

static void scan_word__a_list__hands_out_one_word_after_the_other(void **state)
{
    static const struct {
        const char *text, *first, *second, *rest;
    } cases[] = {
        {"", "", "", ""},
        {" \t", "", "", ""},
        {"one", "one", "", ""},
        {"\tone  two three", "one", "two", " three"},
        {"one\n two", "one\n", "two", ""}, /* a line end is not a blank */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text t = exact(cases[i].text), rest = t;
        assert_true(text_eq(scan_word(&rest), text_z(cases[i].first)));
        assert_true(text_eq(scan_word(&rest), text_z(cases[i].second)));
        assert_true(text_eq(rest, text_z(cases[i].rest)));
        exact_free(t);
    }
}

static void scan_duration__numbers_with_units__are_seconds(void **state)
{
    static const struct {
        const char *text;
        uint32_t seconds; /* 0: none */
    } cases[] = {
        {"1s", 1},
        {"30m", 1800},
        {"24H", 86400},
        {"7d", 604800},
        {"2w", 1209600},
        {"", 0},
        {"s", 0},
        {"30", 0},
        {"0m", 0},
        {"-1m", 0},
        {"1.5h", 0},
        {"1 h", 0},
        {"4294967295s", ~0u},
        {"4294967296s", 0},
        {"8000w", 0},
        {"1y", 0},
        {"30ms", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text t = exact(cases[i].text);
        uint32_t seconds = 0;
        assert_int_equal(scan_duration(t, &seconds), cases[i].seconds != 0);
        assert_int_equal(seconds, cases[i].seconds);
        exact_free(t);
    }
}

static void scan_near__a_misspelt_word__finds_the_nearest_name(void **state)
{
    static const char *const names[] = {"fqdn", "trap", "in", "own-name", "own-names", "submission-ports"};
    static const struct {
        const char *word, *found;
    } cases[] = {
        {"fqnd", "fqdn"},
        {"TRAPS", "trap"},
        {"x", NULL},
        {"", NULL},
        {"own-nam", "own-name"},
        {"own-namess", "own-names"},
        {"on", "in"},
        {"zz", NULL},
        {"tarp", "trap"},
        {"qwertyuiop", NULL},
        {"submissoin-port", "submission-ports"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text t = exact(cases[i].word);
        struct scan_near near = scan_near(t);
        for (size_t k = 0; k < COUNT(names); k++)
            scan_near_try(&near, names[k]);
        if (cases[i].found)
            assert_string_equal(near.name, cases[i].found);
        else
            assert_null(near.name);
        exact_free(t);
    }
}

static void scan_hex_digit__every_byte__is_a_digit_or_none(void **state)
{
    static const char digits[] = "0123456789abcdef";
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        const char *at = c ? strchr(digits, fold((unsigned char)c)) : NULL;
        assert_int_equal(scan_hex_digit((unsigned char)c), at ? at - digits : -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan_distance__words__counts_edits_up_to_three),
        cmocka_unit_test(scan_word__a_list__hands_out_one_word_after_the_other),
        cmocka_unit_test(scan_duration__numbers_with_units__are_seconds),
        cmocka_unit_test(scan_near__a_misspelt_word__finds_the_nearest_name),
        cmocka_unit_test(scan_hex_digit__every_byte__is_a_digit_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
