#include "core/base/error.h"
#include "tests/unit/lib/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void error_format__place_known_in_part__shows_what_is_known(void **state)
{
    static const struct {
        const char *file;
        unsigned line, column;
        const char *text;
    } cases[] = {
        {"gatepost.conf", 12, 9, "gatepost.conf:12:9: unknown check 'fqnd'"},
        {"gatepost.conf", 12, 0, "gatepost.conf:12: unknown check 'fqnd'"},
        {"gatepost.conf", 0, 9, "gatepost.conf: unknown check 'fqnd'"},
        {"gatepost.conf", 0, 0, "gatepost.conf: unknown check 'fqnd'"},
        {"", 3, 4, "unknown check 'fqnd'"},
        {NULL, 0, 0, "unknown check 'fqnd'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error e;
        char memory[128];
        struct writer w = writer_on(memory, sizeof memory);
        error_set(&e, cases[i].file, cases[i].line, cases[i].column, "unknown check '%s'", "fqnd");
        error_format(&e, &w);
        assert_string_equal(memory, cases[i].text);
    }
}

static void error_set__too_long__is_cut(void **state)
{
    struct error e;
    char name[400], word[700];
    (void)state;
    memset(name, 'n', sizeof name);
    memset(word, 'w', sizeof word);
    name[sizeof name - 1] = word[sizeof word - 1] = '\0';
    error_set(&e, name, 1, 1, "%s", word);
    assert_int_equal(strlen(e.file), sizeof e.file - 1);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
}

static void count_problem(void *context, const struct error *e, bool warning, struct text source)
{
    unsigned *seen = context;
    assert_string_equal(e->message, "m");
    assert_true(text_eq(source, TEXT("line")));
    *seen += warning ? 10 : 1;
}

static void report_problem__errors_and_warnings__counts_and_hands_on(void **state)
{
    unsigned seen = 0;
    struct report r = {.context = &seen, .problem = count_problem}, silent = {.problem = NULL};
    struct error e;
    (void)state;
    error_set(&e, "f", 1, 1, "m");
    error_report(&r, &e, false, TEXT("line"));
    error_report(&r, &e, true, TEXT("line"));
    error_report(&r, &e, true, TEXT("line"));
    assert_int_equal(seen, 21);
    assert_int_equal(r.errors, 1);
    assert_int_equal(r.warnings, 2);
    error_report(&silent, &e, false, TEXT("line"));
    assert_int_equal(silent.errors, 1);
}

static void error_caret__short_line__points_at_the_column(void **state)
{
    static const struct {
        const char *source;
        unsigned column;
        const char *line, *caret;
    } cases[] = {
        {"helo, fqnd", 7, "helo, fqnd", "      ^"},
        {"helo", 0, "helo", "^"},
        {"helo", 1, "helo", "^"},
        {"helo", 5, "helo", "    ^"},
        {"helo", 7, "helo", "      ^"},
        {"\thelo", 3, "\thelo", "\t ^"},
        {"a\x1b\x7f\rb", 5, "a???b", "    ^"},
        {"\xc3\xa4 x", 4, "\xc3\xa4 x", "  ^"}, /* two bytes, one character, one column on a terminal */
        {"", 1, "", "^"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line_memory[32], caret_memory[32];
        struct text source = exact(cases[i].source);
        struct writer line = writer_on(line_memory, sizeof line_memory);
        struct writer caret = writer_on(caret_memory, sizeof caret_memory);
        error_caret(source, cases[i].column, &line, &caret);
        assert_string_equal(line_memory, cases[i].line);
        assert_string_equal(caret_memory, cases[i].caret);
        exact_free(source);
    }
}

static void error_caret__long_line__shows_the_part_around(void **state)
{
    static const unsigned columns[] = {1, 100, 101, 102, 999, 1000, 1001, 5000, 4294967295u};
    char all[1000];
    (void)state;
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)('a' + i % 26);
    struct text source = exact_copy(text_of(all, sizeof all));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        char line_memory[256], caret_memory[256];
        struct writer line = writer_on(line_memory, sizeof line_memory);
        struct writer caret = writer_on(caret_memory, sizeof caret_memory);
        error_caret(source, columns[i], &line, &caret);
        assert_false(line.cut || caret.cut);
        assert_int_equal(caret.p[caret.n - 1], '^');
        if (columns[i] <= sizeof all)
            assert_int_equal(line.p[caret.n - 1], all[columns[i] - 1]);
    }
    exact_free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_format__place_known_in_part__shows_what_is_known),
        cmocka_unit_test(error_set__too_long__is_cut),
        cmocka_unit_test(report_problem__errors_and_warnings__counts_and_hands_on),
        cmocka_unit_test(error_caret__short_line__points_at_the_column),
        cmocka_unit_test(error_caret__long_line__shows_the_part_around),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
