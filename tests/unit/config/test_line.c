#include "core/base/scan.h"
#include "core/config/line.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct last {
    struct error error;
    bool warning;
    char source[80];
};

static void keep(void *context, const struct error *e, bool warning, struct text source)
{
    struct last *last = context;
    struct writer w = writer_on(last->source, sizeof last->source);
    last->error = *e;
    last->warning = warning;
    writer_add(&w, source);
}

static void line__separator__takes_one_comma_with_blanks_around(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {{"", 0}, {"x", 0}, {"  x", 2}, {",x", 1}, {" ,\t x", 4}, {",,x", 1}, {" , ,x", 3}, {"  ", 2}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line l = {.text = exact(rows[i].text)};
        line_separator(&l);
        assert_int_equal(l.at, rows[i].at);
        exact_free(l.text);
    }
}

static void line__word__is_letters_digits_and_dashes(void **state)
{
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {{"", 0},     {"helo-deferred,", 13}, {"a_1 b", 3}, {"\"x\"", 0},
                {"a(b)", 1}, {"\xc3\xa4", 0},        {"abc", 3}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line l = {.text = exact(rows[i].text)};
        assert_int_equal(line_word(&l).n, rows[i].n);
        assert_int_equal(l.at, rows[i].n);
        exact_free(l.text);
    }
}

static void line__peek_at_the_end__is_NUL(void **state)
{
    struct line l = {.text = exact("a")};
    (void)state;
    assert_false(line_over(&l));
    assert_int_equal(line_peek(&l), 'a');
    l.at = 1;
    assert_true(line_over(&l));
    assert_int_equal(line_peek(&l), '\0');
    exact_free(l.text);
}

static void line__quoted__is_what_stands_between(void **state)
{
    struct last last = {.warning = true};
    struct report report = {.context = &last, .problem = keep};
    struct text out = TEXT("untouched");
    (void)state;
    struct line l = {.file = "f", .number = 3, .text = exact("\"a b\" rest"), .report = &report};
    assert_true(line_quoted(&l, &out));
    assert_true(text_eq(out, TEXT("a b")));
    assert_int_equal(l.at, 5);
    assert_false(line_quoted(&l, &out)); /* no quote here: nothing is said */
    assert_int_equal(report.errors, 0);
    exact_free(l.text);
    l.text = exact(" \"\"");
    l.at = 1;
    assert_true(line_quoted(&l, &out));
    assert_int_equal(out.n, 0);
    assert_non_null(out.p);
    exact_free(l.text);
    l.text = exact("x \"open");
    l.at = 2;
    assert_false(line_quoted(&l, &out));
    assert_null(out.p);
    assert_int_equal(report.errors, 1);
    assert_false(last.warning);
    assert_string_equal(last.error.file, "f");
    assert_int_equal(last.error.line, 3);
    assert_int_equal(last.error.column, 3);
    assert_string_equal(last.source, "x \"open");
    exact_free(l.text);
}

static void line__long_messages__are_cut(void **state)
{
    struct last last = {.warning = false};
    struct report report = {.context = &last, .problem = keep};
    char word[2000];
    (void)state;
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    struct line l = {.file = word, .number = 1, .text = TEXT("t"), .report = &report};
    line_warning(&l, 0, "%s", word);
    assert_true(last.warning);
    assert_int_equal(report.warnings, 1);
    assert_int_equal(strlen(last.error.message), sizeof last.error.message - 1);
    assert_int_equal(strlen(last.error.file), sizeof last.error.file - 1);
}

static void duration__units__are_seconds(void **state)
{
    static const struct {
        const char *text;
        uint32_t seconds; /* 0: none */
    } rows[] = {
        {"1s", 1},
        {"90s", 90},
        {"30m", 1800},
        {"6h", 21600},
        {"7d", 604800},
        {"2w", 1209600},
        {"1H", 3600},
        {"", 0},
        {"s", 0},
        {"30", 0},
        {"0s", 0},
        {"-1s", 0},
        {"1.5h", 0},
        {"1y", 0},
        {" 1s", 0},
        {"1 s", 0},
        {"4294967295s", UINT32_MAX},
        {"4294967296s", 0},
        {"7101w", 4294684800u},
        {"7102w", 0},
        {"99999999999999999999999999d", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t seconds = 0;
        struct text t = exact(rows[i].text);
        bool good = scan_duration(t, &seconds);
        if (good != (rows[i].seconds != 0) || seconds != rows[i].seconds)
            print_error("%s: %u\n", rows[i].text, seconds);
        assert_int_equal(good, rows[i].seconds != 0);
        assert_int_equal(seconds, rows[i].seconds);
        exact_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line__separator__takes_one_comma_with_blanks_around),
        cmocka_unit_test(line__word__is_letters_digits_and_dashes),
        cmocka_unit_test(line__peek_at_the_end__is_NUL),
        cmocka_unit_test(line__quoted__is_what_stands_between),
        cmocka_unit_test(line__long_messages__are_cut),
        cmocka_unit_test(duration__units__are_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
