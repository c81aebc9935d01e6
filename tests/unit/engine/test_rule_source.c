#include "tests/unit/lib/case_folder.h"

#include "core/engine/rule_source.h"
#include "core/rules/plugin.h"

static struct keeping keeping;
static struct rule_source source;
static struct attempt attempt;

/* As a new process would: nothing remembered but what is in the folder. */
static void begin(void)
{
    memset(&keeping, 0, sizeof keeping);
    memset(&source, 0, sizeof source);
    keeping.mutex = os_mutex_new();
    assert_non_null(keeping.mutex);
    source.check_host = &plugin_silent_host;
    source.keeping = &keeping;
    assert_int_equal(os_absolute(temp_path(&folder, "gatepost.conf"), source.config, sizeof source.config), 0);
    rule_source_find(&source, folder.path);
    assert_string_equal(keeping.dir, source.state_dir);
    rule_source_attempt(&attempt);
}

static void end(struct block **rules)
{
    block_unref(rules);
    rule_source_fini(&source);
    os_mutex_free(keeping.mutex);
}

static struct plugin_checks *checks; /* none: these rules have no plugins */

/* Whether one of the log lines has TEXT in it. */
static bool said(const char *text)
{
    for (size_t at = 0; at < attempt.log.n; at += strlen(attempt.log.lines + at) + 1)
        if (strstr(attempt.log.lines + at, text))
            return true;
    return false;
}

static void rule_source__no_rule_file__says_what_becomes_of_mail(void **state)
{
    struct block *rules = NULL;
    (void)state;
    begin();
    assert_null(rule_source_first(&source, false, &attempt, &checks));
    assert_true(said("cannot read"));
    assert_true(said("no rules are in force; every message passes"));
    end(&rules);
}

static void rule_source__no_rule_file_and_tempfail__says_so(void **state)
{
    struct block *rules = NULL;
    (void)state;
    begin();
    assert_null(rule_source_first(&source, true, &attempt, &checks));
    assert_true(said("every message gets 451"));
    end(&rules);
}

static void rule_source__broken_file__the_image_goes_on(void **state)
{
    (void)state;
    temp_text(&folder, "gatepost.conf", "helo, fqdn, log\n");
    begin();
    struct block *rules = rule_source_first(&source, false, &attempt, &checks);
    assert_non_null(rules);
    assert_true(said("rules in force"));
    end(&rules);

    temp_text(&folder, "gatepost.conf", "helo, fqnd, log\nhelo, fqdn, log\n");
    begin();
    rules = rule_source_first(&source, false, &attempt, &checks);
    assert_non_null(rules);
    assert_int_equal(block_rule_count(rules), 1);
    assert_int_equal(attempt.first.line, 1);
    assert_true(said("the last good rules stay in force, as kept in the state directory"));
    end(&rules);
}

static void rule_source__changed_file__is_read_again(void **state)
{
    struct block *rules, *fresh;
    (void)state;
    temp_text(&folder, "gatepost.conf", "helo, fqdn, log\n");
    begin();
    rules = rule_source_first(&source, false, &attempt, &checks);
    assert_false(rule_source_changed(&source, rules));
    temp_text(&folder, "gatepost.conf", "helo, fqdn, log\nmail, own-sender, log\n");
    assert_true(rule_source_changed(&source, rules));
    rule_source_attempt(&attempt);
    fresh = rule_source_again(&source, rules, &attempt, &checks);
    assert_non_null(fresh);
    assert_int_equal(block_rule_count(fresh), 2);
    assert_false(rule_source_changed(&source, fresh));
    rule_source_retry(&source);
    assert_true(rule_source_changed(&source, fresh));
    block_unref(&fresh);

    temp_text(&folder, "gatepost.conf", "nonsense\n");
    rule_source_attempt(&attempt);
    assert_null(rule_source_again(&source, rules, &attempt, &checks));
    assert_true(said("the last good rules stay in force"));
    end(&rules);
}

static void rule_source__current_image__spares_the_rule_file(void **state)
{
    (void)state;
    temp_text(&folder, "gatepost.conf", "helo, fqdn, log\n");
    begin();
    struct block *rules = rule_source_first(&source, false, &attempt, &checks);
    end(&rules);
    begin();
    rules = rule_source_first(&source, false, &attempt, &checks);
    assert_non_null(rules);
    assert_true(source.watch_is_image);
    assert_int_equal(attempt.log.n, 0);
    assert_false(rule_source_changed(&source, rules));
    end(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rule_source__no_rule_file__says_what_becomes_of_mail, setup, teardown),
        cmocka_unit_test_setup_teardown(rule_source__no_rule_file_and_tempfail__says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(rule_source__broken_file__the_image_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(rule_source__changed_file__is_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(rule_source__current_image__spares_the_rule_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
