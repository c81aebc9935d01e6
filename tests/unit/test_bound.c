#include "core/rules/bound.h"
#include "core/rules/config.h"
#include "core/rules/image.h"
#include "fake_checks.h"
#include "temp_folder.h"

static plugin_list read_fake(void *context, const char *path, struct file_id *id, char *reason, size_t cap)
{
    (void)context, (void)path, (void)cap;
    *id = (struct file_id){.inode = 7};
    reason[0] = '\0';
    return fake_checks;
}

static int read_conf(void *context, const char *path, char **bytes, size_t *size, struct file_id *id)
{
    (void)path;
    *size = strlen(context);
    *bytes = malloc(*size + 1);
    assert_non_null(*bytes);
    memcpy(*bytes, context, *size);
    *id = (struct file_id){.inode = 1};
    return 0;
}

static struct ruleset *load(const char *rules)
{
    struct config_reader reader = {.context = (void *)(uintptr_t)rules, .read = read_conf, .plugin = read_fake};
    struct report report = {0};
    return config_load("/etc/gatepost.conf", &reader, 0, &report, NULL);
}

static plugin_list open_fake(const char *path, char *reason, size_t cap)
{
    (void)cap;
    reason[0] = '\0';
    return strstr(path, "checks/words") ? fake_checks : NULL;
}

static plugin_list open_none(const char *path, char *reason, size_t cap)
{
    (void)path;
    snprintf(reason, cap, "gone");
    return NULL;
}

static const char rules[] = "load \"checks/words\"\n"
                            "helo, word(\"zombie\"), fail\n"
                            "helo, not word(\"example\"), fail\n"
                            "helo, word(\"zombie\"), log\n"
                            "connect, from-203, close\n"
                            "helo, word(\"dunno\"), fail\n"
                            "helo, not word(\"dunno\"), fail\n";

/* What each rule does for a client that says EHLO zombie: t triggers, - does not. */
static const char *triggered(const struct ruleset *r)
{
    static char out[20];
    struct facts facts = {.client_known = true};
    assert_true(ip_parse(TEXT("203.0.113.9"), &facts.client));
    uint32_t n = ruleset_rule_count(r);
    for (uint32_t i = 0; i < n; i++) {
        const struct rule *rule = ruleset_rule(r, i);
        assert_non_null(rule);
        out[i] = rule_triggers(rule, ruleset_test(r, rule, &facts, TEXT("EHLO zombie"), NULL)) ? 't' : '-';
    }
    out[n] = '\0';
    return out;
}

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

static void image__is_bound_again(void **state)
{
    struct temp_folder f;
    char path[200];
    int error;
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "image"));
    struct ruleset *r = load(rules);
    assert_int_equal(image_store(path, r), 0);
    ruleset_unref(&r);
    r = image_load(path, &error);
    assert_non_null(r);
    /* Nothing is known of its checks yet. */
    assert_string_equal(triggered(r), "------");
    assert_true(bound_take_up(r, &plugin_silent_host, open_fake));
    assert_string_equal(triggered(r), "tttt--");
    assert_int_equal(words_alive, 3);
    assert_true(bound_take_up(r, &plugin_silent_host, open_none)); /* it is done already */
    ruleset_unref(&r);
    assert_int_equal(words_alive, 0);
    /* A plugin that is no more there: its checks cannot say. */
    r = image_load(path, &error);
    assert_false(bound_take_up(r, &plugin_silent_host, open_none));
    assert_string_equal(triggered(r), "------");
    ruleset_unref(&r);
    temp_remove(&f);
}

static void image__that_others_may_write__leads_to_no_plugin(void **state)
{
    struct temp_folder f;
    char path[200];
    int error;
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "image"));
    struct ruleset *r = load(rules);
    assert_int_equal(image_store(path, r), 0);
    ruleset_unref(&r);
    assert_int_equal(chmod(path, 0660), 0);
    r = image_load(path, &error);
    assert_non_null(r);
    assert_false(bound_take_up(r, &plugin_silent_host, open_fake));
    assert_int_equal(words_alive, 0);
    ruleset_unref(&r);
    /* Somebody else's; only root can show it, for whom this user is somebody else. */
    assert_int_equal(chmod(path, 0640), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 65534, 65534), 0);
        r = image_load(path, &error);
        assert_false(bound_take_up(r, &plugin_silent_host, open_fake));
        ruleset_unref(&r);
        assert_int_equal(chown(path, 0, 0), 0);
    }
    r = image_load(path, &error);
    assert_true(bound_take_up(r, &plugin_silent_host, open_fake));
    ruleset_unref(&r);
    temp_remove(&f);
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
        cmocka_unit_test(image__is_bound_again),
        cmocka_unit_test(image__that_others_may_write__leads_to_no_plugin),
        cmocka_unit_test(image__without_checks__has_nothing_to_bind),
        cmocka_unit_test(bound__an_unknown_name__matters_to_checks_that_look_at_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
