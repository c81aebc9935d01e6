#include "tests/unit/lib/plugin_rules.h"

static void bound__rules_that_say_the_same__share_what_is_compiled(void **state)
{
    (void)state;
    struct ruleset *r = load(rules);
    assert_non_null(r);
    assert_int_equal(words_alive, 3);
    assert_int_equal(ruleset_check_count(r), 4);
    assert_string_equal(triggered(r), "tttt--");
    struct ruleset *other = ruleset_ref(r);
    ruleset_unref(&r);
    assert_int_equal(words_alive, 3);
    assert_string_equal(triggered(other), "tttt--");
    ruleset_unref(&other);
    assert_int_equal(words_alive, 0);
}

static void bound__broken_rules__leave_nothing_behind(void **state)
{
    (void)state;
    assert_null(load("load \"checks/words\"\nhelo, word(\"a\"), fail\nhelo, word(\"b!\"), fail\n"));
    assert_int_equal(words_alive, 0);
}

static void image__without_checks__has_nothing_to_bind(void **state)
{
    (void)state;
    struct ruleset *r = load("helo, fqdn, log\n");
    assert_true(bound_take_up(r, &plugin_silent_host, open_none));
    ruleset_unref(&r);
}

static void bound__an_unknown_name__matters_to_checks_that_look_at_it(void **state)
{
    struct facts facts = {.client_known = true, .unknown = GP_FACT_NAME};
    (void)state;
    assert_true(ip_parse(TEXT("203.0.113.9"), &facts.client));
    struct ruleset *r = load("load \"x\"\nconnect, from-203, close\n");
    assert_int_equal(ruleset_test(r, ruleset_rule(r, 0), &facts, TEXT("unknown 203.0.113.9"), NULL), 1);
    assert_int_equal(ruleset_settings(r)->needs_name, 0);
    ruleset_unref(&r);
    r = load("load \"x\"\nconnect, word(\"unknown\"), close\n");
    assert_int_equal(ruleset_test(r, ruleset_rule(r, 0), &facts, TEXT("unknown 203.0.113.9"), NULL), -1);
    assert_true(ruleset_lacks_fact(r, ruleset_rule(r, 0), &facts));
    assert_int_equal(ruleset_settings(r)->needs_name, 1);
    facts.unknown = 0;
    assert_int_equal(ruleset_test(r, ruleset_rule(r, 0), &facts, TEXT("unknown 203.0.113.9"), NULL), 1);
    ruleset_unref(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound__rules_that_say_the_same__share_what_is_compiled),
        cmocka_unit_test(bound__broken_rules__leave_nothing_behind),
        cmocka_unit_test(image__without_checks__has_nothing_to_bind),
        cmocka_unit_test(bound__an_unknown_name__matters_to_checks_that_look_at_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
