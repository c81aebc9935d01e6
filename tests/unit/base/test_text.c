#include "core/base/writer.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct text nothing = {NULL, 0};

static void text_skip__more_or_less_than_all__stays_inside(void **state)
{
    (void)state;
    struct text t = exact("abc");
    assert_true(text_eq(text_skip(t, 0), TEXT("abc")));
    assert_true(text_eq(text_skip(t, 2), TEXT("c")));
    assert_int_equal(text_skip(t, 3).n, 0);
    assert_int_equal(text_skip(t, SIZE_MAX).n, 0);
    assert_null(text_skip(nothing, 1).p);
    assert_null(text_skip(nothing, 0).p);
    exact_free(t);
}

static void bytes__of_every_value__are_classified_as_ascii(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
        assert_int_equal(fold((unsigned char)c), upper ? c + 32 : c);
        assert_int_equal(is_alpha((unsigned char)c), upper || lower);
        assert_int_equal(is_digit((unsigned char)c), digit);
        assert_int_equal(is_alnum((unsigned char)c), upper || lower || digit);
        assert_int_equal(is_blank((unsigned char)c), c == ' ' || c == '\t');
        assert_int_equal(is_space((unsigned char)c), c == ' ' || (c >= 9 && c <= 13));
    }
}

static void comparison__letters_of_either_case__is_ascii_only(void **state)
{
    static const struct {
        const char *a, *b;
        bool same, same_nocase, starts, ends;
    } cases[] = {
        {"", "", true, true, true, true},          {"a", "", false, false, true, true},
        {"", "a", false, false, false, false},     {"abc", "abc", true, true, true, true},
        {"ABC", "abc", false, true, true, true},   {"abcd", "AB", false, false, true, false},
        {"abcd", "CD", false, false, false, true}, {"[", "{", false, false, false, false},
        {"@", "`", false, false, false, false},    {"\xc4", "\xe4", false, false, false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text a = exact(cases[i].a), b = exact(cases[i].b);
        assert_int_equal(text_eq(a, b), cases[i].same);
        assert_int_equal(text_eq_nocase(a, b), cases[i].same_nocase);
        assert_int_equal(text_starts_nocase(a, b), cases[i].starts);
        assert_int_equal(text_ends_nocase(a, b), cases[i].ends);
        exact_free(a);
        exact_free(b);
    }
    assert_true(text_eq(nothing, TEXT("")));
    assert_true(text_eq_nocase(nothing, nothing));
    assert_true(text_starts_nocase(nothing, nothing));
    assert_true(text_ends_nocase(nothing, nothing));
    assert_false(text_ends_nocase(nothing, TEXT("a")));
}

static void text_find__byte_there_or_not__gives_index_or_length(void **state)
{
    (void)state;
    struct text t = exact("a:b:");
    assert_int_equal(text_find(t, 0, ':'), 1);
    assert_int_equal(text_find(t, 2, ':'), 3);
    assert_int_equal(text_find(t, 4, ':'), 4);
    assert_int_equal(text_find(t, 99, ':'), 4);
    assert_int_equal(text_find(t, 0, 'x'), 4);
    assert_int_equal(text_find(nothing, 0, 'x'), 0);
    exact_free(t);
}

static void text_find_nocase__needle_anywhere__gives_first_index(void **state)
{
    static const struct {
        const char *text, *needle;
        size_t index;
    } cases[] = {
        {"Hello", "ELL", 1}, {"Hello", "hello", 0}, {"Hello", "o", 4},    {"Hello", "hellos", 5},
        {"aAab", "aab", 1},  {"", "", 0},           {"", "a", 0},         {"abc", "", 0},
        {"abcab", "AB", 0},  {"xabyab", "ab", 1},   {"abcabx", "abx", 3},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text t = exact(cases[i].text), needle = exact(cases[i].needle);
        assert_int_equal(text_find_nocase(t, needle), cases[i].index);
        exact_free(t);
        exact_free(needle);
    }
    assert_int_equal(text_find_nocase(nothing, nothing), 0);
}

static void text_trim__white_space_around__is_gone(void **state)
{
    static const struct {
        const char *text, *trimmed;
    } cases[] = {
        {"", ""},   {" ", ""},          {" \t\r\n\v\f", ""}, {" a b ", "a b"},
        {"a", "a"}, {"\r\na\r\n", "a"}, {"\xa0", "\xa0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text t = exact(cases[i].text);
        assert_true(text_eq(text_trim(t), text_z(cases[i].trimmed)));
        exact_free(t);
    }
    assert_int_equal(text_trim(nothing).n, 0);
}

static void text_number__at_the_edges__is_true_up_to_max(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
        uint64_t value;
    } cases[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"9", 5, false, 0},
        {"5", 5, true, 5},
        {"10", 9, false, 0},
        {"255", 255, true, 255},
        {"256", 255, false, 0},
        {"007", 255, true, 7},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
        {"", 9, false, 0},
        {"-1", 9, false, 0},
        {"+1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"1a", 99, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text t = exact(cases[i].text);
        uint64_t value = 0;
        assert_int_equal(text_number(t, cases[i].max, &value), cases[i].good);
        assert_true(value == cases[i].value);
        exact_free(t);
    }
}

static void writer__every_capacity__cuts_and_remembers(void **state)
{
    static const char whole[] = "ab cd 42\"x\"";
    (void)state;
    for (size_t cap = 1; cap <= sizeof whole + 1; cap++) {
        char *memory = malloc(cap);
        assert_non_null(memory);
        struct writer w = writer_on(memory, cap);
        writer_add(&w, TEXT("ab"));
        writer_char(&w, ' ');
        writer_printf(&w, "%s %d", "cd", 42);
        writer_quoted(&w, TEXT("x"), 10);
        size_t fits = cap - 1 < sizeof whole - 1 ? cap - 1 : sizeof whole - 1;
        assert_int_equal(w.n, fits);
        assert_memory_equal(memory, whole, fits);
        assert_int_equal(memory[fits], '\0');
        assert_int_equal(w.cut, cap < sizeof whole);
        assert_true(text_eq(writer_text(&w), text_of(whole, fits)));
        free(memory);
    }
}

static void writer_add__empty_slice__adds_nothing(void **state)
{
    char memory[1];
    (void)state;
    struct writer w = writer_on(memory, sizeof memory);
    writer_add(&w, nothing);
    writer_printf(&w, "%s", "");
    assert_int_equal(w.n, 0);
    assert_false(w.cut);
}

static void writer_quoted__hostile_bytes__are_escaped_and_bounded(void **state)
{
    static const struct {
        struct text text;
        size_t limit;
        const char *quoted;
    } cases[] = {
        {{"", 0}, 9, "\"\""},
        {{NULL, 0}, 9, "\"\""},
        {{"plain", 5}, 9, "\"plain\""},
        {{"a\"b\\c", 5}, 9, "\"a\\\"b\\\\c\""},
        {{"\0\r\n\x7f\xff", 5}, 9, "\"\\x00\\x0d\\x0a\\x7f\\xff\""},
        {{"abcdef", 6}, 3, "\"abc...\""},
        {{"abc", 3}, 3, "\"abc\""},
        {{"abc", 3}, 0, "\"...\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char memory[64];
        struct text t = exact_copy(cases[i].text);
        struct writer w = writer_on(memory, sizeof memory);
        writer_quoted(&w, t, cases[i].limit);
        assert_string_equal(memory, cases[i].quoted);
        exact_free(t);
    }
}

static void writer_duration__seconds__gives_largest_unit(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } cases[] = {
        {0, "0s"},     {1, "1s"},      {59, "59s"},    {60, "1m"},
        {90, "90s"},   {1800, "30m"},  {3600, "1h"},   {21600, "6h"},
        {86400, "1d"}, {90000, "25h"}, {604800, "7d"}, {UINT64_MAX, "18446744073709551615s"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char memory[32];
        struct writer w = writer_on(memory, sizeof memory);
        writer_duration(&w, cases[i].seconds);
        assert_string_equal(memory, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_skip__more_or_less_than_all__stays_inside),
        cmocka_unit_test(bytes__of_every_value__are_classified_as_ascii),
        cmocka_unit_test(comparison__letters_of_either_case__is_ascii_only),
        cmocka_unit_test(text_find__byte_there_or_not__gives_index_or_length),
        cmocka_unit_test(text_find_nocase__needle_anywhere__gives_first_index),
        cmocka_unit_test(text_trim__white_space_around__is_gone),
        cmocka_unit_test(text_number__at_the_edges__is_true_up_to_max),
        cmocka_unit_test(writer__every_capacity__cuts_and_remembers),
        cmocka_unit_test(writer_add__empty_slice__adds_nothing),
        cmocka_unit_test(writer_quoted__hostile_bytes__are_escaped_and_bounded),
        cmocka_unit_test(writer_duration__seconds__gives_largest_unit),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
