/* When one rule hides another; test_config.c has the other warnings. */
#include "tests/unit/lib/memory_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void hidden__only_by_a_rule_that_decides_before_it(void **state)
{
    static const struct {
        const char *label, *text;
        int line; /* the hidden rule; 0: none */
    } rows[] = {
        {"everything", "H, \"*\", R\nH, \"*x*\", F", 2},
        {"everything, other operation", "M, \"*\", R\nH, \"*x*\", F", 0},
        {"everything, by log", "H, \"*\", L\nH, \"*x*\", F", 0},
        {"everything, by skip", "H, \"*\", X\nH, \"*x*\", F", 2},
        {"everything, by exempt", "H, \"*\", S\nH, not fqdn, F", 2},
        {"everything, negated", "H, \"*\", R-N\nH, \"*x*\", F", 0},
        {"the same check", "helo, not fqdn, fail\nhelo, not fqdn, refuse", 2},
        {"the same check turned round", "helo, fqdn, skip\nhelo, not fqdn, refuse", 0},
        {"the same check, after log", "helo, not fqdn, log\nhelo, not fqdn, refuse", 0},
        {"the same pattern", "H, \"*[ab]x*\", R\nH, \"*[ba]X*\", F", 2},
        {"the same pattern with case", "H, \"*/cZombie*\", R\nH, \"*zombie*\", F", 0},
        {"other arguments", "headers, has(From), fail\nheaders, has(To), fail", 0},
        {"the same arguments", "headers, has(From), fail\nheaders, has(FROM), fail", 2},
        {"a part of it", "R, \"*example.com*\", B\nR, \"*sugar@example.com*\", B", 2},
        {"a part that stands before", "R, \"*sugar@example.com*\", B\nR, \"*example.com*\", B", 0},
        {"a part, anchored", "R, \"*example.com\", B\nR, \"*sugar@example.com*\", B", 0},
        {"a part, negated", "R, \"*example.com*\", B-N\nR, \"*sugar@example.com*\", B", 0},
        {"a part of a negated one", "R, \"*example.com*\", B\nR, \"*sugar@example.com*\", B-N", 0},
        {"a part with case", "R, \"*/cExample*\", B\nR, \"*sugar@example.com*\", B", 0},
        {"a part across a star", "R, \"*ab*\", B\nR, \"*a*b*\", B", 0},
        {"a part, of three letters", "R, \"*com*\", B\nR, \"*example.com*\", B", 2},
        {"a named field", "header, \"X-Mailer:*\", fail\nheader, \"X-Mailer:*\", log", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        char wanted[100];
        struct block *r = load_text(rows[i].text, NULL, CONFIG_LINT, &problems);
        assert_non_null(r);
        snprintf(wanted, sizeof wanted, "conf:%d:", rows[i].line);
        const char *said =
            strstr(problems.text, "this rule is never reached: gatepost.conf:1 decides before it");
        if ((said != NULL) != (rows[i].line != 0))
            print_error("%s: %s\n", rows[i].label, problems.text);
        assert_int_equal(said != NULL, rows[i].line != 0);
        if (said)
            assert_non_null(strstr(problems.text, wanted));
        block_unref(&r);
    }
}

static void hidden__by_the_first_of_many(void **state)
{
    static char text[100000];
    struct writer w = writer_on(text, sizeof text);
    struct collected problems;
    (void)state;
    for (int i = 0; i < 1000; i++)
        writer_printf(&w, "rcpt, \"*user%d@example.com*\", close\n", i);
    writer_add(&w, TEXT("rcpt, \"*example.com*\", close\nrcpt, \"*no@example.com*\", close\n"
                        "rcpt, \"*USER77@example.com*\", close\n"));
    struct block *r = load_text(text, NULL, CONFIG_LINT, &problems);
    assert_non_null(r);
    assert_string_equal(problems.text, "/etc/gatepost/gatepost.conf:1002:7: warning: this rule is never "
                                       "reached: gatepost.conf:1001 decides before "
                                       "it\n"
                                       "/etc/gatepost/gatepost.conf:1003:7: warning: this rule is never "
                                       "reached: gatepost.conf:78 decides before "
                                       "it\n");
    block_unref(&r);
}

static void bounces__what_letters_cannot_say__is_explained_once(void **state)
{
    static const struct {
        const char *text, *said; /* the beginning of the only warning; NULL: none */
    } rows[] = {
        {"R, \"*x*\", BS\nM, \"*y*\", RS", ":1:11: warning: unlike in Mercury, S puts nobody on the blocklist"},
        {"H, \"*x*\", BS", NULL},          /* no sender is known yet */
        {"rcpt, trap, close block", NULL}, /* these are our own words */
        {"rcpt, trap, close block bounces", NULL},
        {"helo, fqdn, log block bounces", ":1:13: warning: no sender is known at helo"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        struct block *r = load_text(rows[i].text, NULL, CONFIG_LINT, &problems);
        assert_non_null(r);
        const char *warning = strstr(problems.text, ": warning: ");
        if ((warning != NULL) != (rows[i].said != NULL))
            print_error("%s: %s\n", rows[i].text, problems.text);
        assert_int_equal(warning != NULL, rows[i].said != NULL);
        if (warning && rows[i].said) {
            assert_non_null(strstr(problems.text, rows[i].said));
            assert_null(strstr(warning + 1, ": warning: "));
        }
        block_unref(&r);
    }
}

static void trap_reply__naming_the_trap__is_warned_about(void **state)
{
    static const struct {
        const char *text;
        bool warned;
    } rows[] = {
        {"rcpt, trap, close block, \"554 That was a TRAP\"", true},
        {"rcpt, trap, close block, \"554 go away\"", false},
        {"rcpt, trap, log, \"a trap\"", false},
        {"rcpt, \"*sugar@example.com*\", close block, \"554 <sugar@example.com> is none\"", true},
        {"rcpt, \"*sugar@example.com*\", close, \"554 <sugar@example.com> is none\"", false},
        {"helo, \"*trap*\", close block, \"554 trap\"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct collected problems;
        struct block *r = load_text(rows[i].text, NULL, CONFIG_LINT, &problems);
        assert_non_null(r);
        bool said = strstr(problems.text, "reveals to the client that the address is a trap") != NULL;
        if (said != rows[i].warned)
            print_error("%s: %s\n", rows[i].text, problems.text);
        assert_int_equal(said, rows[i].warned);
        block_unref(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hidden__only_by_a_rule_that_decides_before_it),
        cmocka_unit_test(hidden__by_the_first_of_many),
        cmocka_unit_test(bounces__what_letters_cannot_say__is_explained_once),
        cmocka_unit_test(trap_reply__naming_the_trap__is_warned_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
