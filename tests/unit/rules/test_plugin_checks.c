#include "tests/unit/lib/plugin_rules.h"

static void plugin_checks__rules_that_say_the_same__share_what_is_compiled(void **state)
{
    (void)state;
    struct loaded l = load(rules);
    assert_non_null(l.block);
    assert_int_equal(words_alive, 3);
    assert_int_equal(block_check_count(l.block), 4);
    assert_string_equal(triggered(&l), "tttt--");
    struct loaded other = {block_ref(l.block), plugin_checks_ref(l.checks)};
    unload(&l);
    assert_int_equal(words_alive, 3);
    assert_string_equal(triggered(&other), "tttt--");
    unload(&other);
    assert_int_equal(words_alive, 0);
}

static void plugin_checks__broken_rules__leave_nothing_behind(void **state)
{
    (void)state;
    struct loaded l = load("load \"checks/words\"\nhelo, word(\"a\"), fail\nhelo, word(\"b!\"), fail\n");
    assert_null(l.block);
    assert_null(l.checks);
    assert_int_equal(words_alive, 0);
}

static void plugin_checks__nobody_wants_them__are_freed(void **state)
{
    struct config_reader reader = {.context = (void *)(uintptr_t)rules, .read = read_conf, .plugin = read_fake};
    struct report report = {0};
    (void)state;
    struct block *r = config_load("/etc/gatepost.conf", &reader, 0, &report, NULL, NULL);
    assert_non_null(r);
    assert_int_equal(words_alive, 0);
    block_unref(&r);
}

static void image__without_checks__has_nothing_to_bind(void **state)
{
    (void)state;
    struct loaded l = load("helo, fqdn, log\n");
    assert_null(l.checks);
    assert_true(plugin_checks_take_up(l.block, &plugin_silent_host, open_none, &l.checks));
    assert_null(l.checks);
    unload(&l);
}

static void plugin_checks__an_unknown_name__matters_to_checks_that_look_at_it(void **state)
{
    struct facts facts = {.client_known = true, .unknown = GP_FACT_NAME};
    (void)state;
    assert_true(ip_parse(TEXT("203.0.113.9"), &facts.client));
    struct loaded l = load("load \"x\"\nconnect, from-203, close\n");
    facts.plugins = l.checks;
    assert_int_equal(evaluate_rule(l.block, block_rule(l.block, 0), &facts, TEXT("unknown 203.0.113.9"), NULL),
                     1);
    assert_int_equal(block_settings(l.block)->needs_name, 0);
    unload(&l);
    l = load("load \"x\"\nconnect, word(\"unknown\"), close\n");
    facts.plugins = l.checks;
    assert_int_equal(evaluate_rule(l.block, block_rule(l.block, 0), &facts, TEXT("unknown 203.0.113.9"), NULL),
                     -1);
    assert_true(evaluate_lacks_fact(block_rule(l.block, 0), &facts));
    assert_int_equal(block_settings(l.block)->needs_name, 1);
    facts.unknown = 0;
    assert_int_equal(evaluate_rule(l.block, block_rule(l.block, 0), &facts, TEXT("unknown 203.0.113.9"), NULL),
                     1);
    unload(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugin_checks__rules_that_say_the_same__share_what_is_compiled),
        cmocka_unit_test(plugin_checks__broken_rules__leave_nothing_behind),
        cmocka_unit_test(plugin_checks__nobody_wants_them__are_freed),
        cmocka_unit_test(image__without_checks__has_nothing_to_bind),
        cmocka_unit_test(plugin_checks__an_unknown_name__matters_to_checks_that_look_at_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
