#include "tests/unit/lib/exact.h"

#include "tools/replay/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void expect_holds__cases__as_documented(void **state)
{
    static const struct {
        const char *expectation;
        const char *reply;
        bool closed;
        bool holds;
    } cases[] = {
        {"250", "250 ok", false, true},
        {"250", "250", false, true},
        {"250", "251 ok", false, false},
        {"5", "554 no", false, true},
        {"5", "451 no", false, false},
        {"4", "451", false, true},
        {"554 no", "554 no", false, true},
        {"554 no", "554 no more", false, false},
        {"554 no", "550 no", false, false},
        {"554 No", "554 no", false, false},
        {"554 no", "554  no ", false, true},
        {"553 Unidentified messages", "553 5.0.0 Unidentified messages", false, true},
        {"553 5.7.1 no", "553 5.7.1 no", false, true},
        {"553 5.7.1 no", "553 no", false, false},
        {"553 5.7.1 no", "553 5.0.0 no", false, false},
        {"553 5.7.1", "553 5.7.1", false, true},
        {"553 no", "553 5.0 no", false, false},
        {"553 no", "553 5.0.0.0 no", false, false},
        {"closed", "554 no", true, true},
        {"closed", "554 no", false, false},
        {"closed", "", true, true},
        {"554 no", "554 no", true, true},
        {"250", "", false, false},
        {"250", "", true, false},
        {"5", "", true, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text expectation = exact(cases[i].expectation);
        struct text text = exact(cases[i].reply);
        struct reply reply = {.text = text, .closed = cases[i].closed};
        if (expect_holds(expectation, &reply) != cases[i].holds)
            fail_msg("'%s' on '%s'", cases[i].expectation, cases[i].reply);
        exact_free(text);
        exact_free(expectation);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(expect_holds__cases__as_documented)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
