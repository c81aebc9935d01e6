/* The check regex, a plugin that is not made for Windows, when each n-th allocation fails. */
#include "tests/unit/lib/every_failure.h"

#include <string.h>

#include "core/rules/plugin.h"

static void match_regex(void *context)
{
    /* Valgrind cannot follow what PCRE2 compiles. */
    const struct gp_argument pattern = {"(*NO_JIT)(zombie|bot)+$", 23};
    const struct gp_check *regex = gatepost_checks(GP_CHECK_MAJOR)[0];
    struct gp_check_error error = {.size = sizeof error};
    char why[200] = "";
    struct gp_facts facts = {.size = sizeof facts, .why = why, .why_size = sizeof why};
    void *data = NULL;
    (void)context;
    allocs.armed = true;
    int failed = regex->compile(&plugin_silent_host, &pattern, 1, &data, &error);
    int answer = failed ? -1 : regex->match(data, &facts, "EHLO zombiebot", 14);
    allocs.armed = false;
    assert_true(answer == 1 || (answer == -1 && allocs.failed));
    assert_true(failed ? !data && error.message[0] : why[0]);
    if (data)
        regex->free(data);
}

static void regex__out_of_memory__cannot_say(void **state)
{
    (void)state;
    with_failures(match_regex, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(regex__out_of_memory__cannot_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
