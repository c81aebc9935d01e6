#include "tests/unit/lib/plugin_rules.h"

static void plugin_checks__rules_that_say_the_same__share_what_is_compiled(void **state)
{
    (void)state;
    struct block *r = load(rules);
    assert_non_null(r);
    assert_int_equal(words_alive, 3);
    assert_int_equal(block_check_count(r), 4);
    assert_string_equal(triggered(r), "tttt--");
    struct block *other = block_ref(r);
    block_unref(&r);
    assert_int_equal(words_alive, 3);
    assert_string_equal(triggered(other), "tttt--");
    block_unref(&other);
    assert_int_equal(words_alive, 0);
}

static void plugin_checks__broken_rules__leave_nothing_behind(void **state)
{
    (void)state;
    assert_null(load("load \"checks/words\"\nhelo, word(\"a\"), fail\nhelo, word(\"b!\"), fail\n"));
    assert_int_equal(words_alive, 0);
}

static void image__without_checks__has_nothing_to_bind(void **state)
{
    (void)state;
    struct block *r = load("helo, fqdn, log\n");
    assert_true(plugin_checks_take_up(r, &plugin_silent_host, open_none));
    block_unref(&r);
}

static void plugin_checks__an_unknown_name__matters_to_checks_that_look_at_it(void **state)
{
    struct facts facts = {.client_known = true, .unknown = GP_FACT_NAME};
    (void)state;
    assert_true(ip_parse(TEXT("203.0.113.9"), &facts.client));
    struct block *r = load("load \"x\"\nconnect, from-203, close\n");
    assert_int_equal(evaluate_rule(r, block_rule(r, 0), &facts, TEXT("unknown 203.0.113.9"), NULL), 1);
    assert_int_equal(block_settings(r)->needs_name, 0);
    block_unref(&r);
    r = load("load \"x\"\nconnect, word(\"unknown\"), close\n");
    assert_int_equal(evaluate_rule(r, block_rule(r, 0), &facts, TEXT("unknown 203.0.113.9"), NULL), -1);
    assert_true(evaluate_lacks_fact(r, block_rule(r, 0), &facts));
    assert_int_equal(block_settings(r)->needs_name, 1);
    facts.unknown = 0;
    assert_int_equal(evaluate_rule(r, block_rule(r, 0), &facts, TEXT("unknown 203.0.113.9"), NULL), 1);
    block_unref(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugin_checks__rules_that_say_the_same__share_what_is_compiled),
        cmocka_unit_test(plugin_checks__broken_rules__leave_nothing_behind),
        cmocka_unit_test(image__without_checks__has_nothing_to_bind),
        cmocka_unit_test(plugin_checks__an_unknown_name__matters_to_checks_that_look_at_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
