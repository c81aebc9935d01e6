/* Images that lead to plugins: they are trusted only where files have owners and modes. */
#include "tests/unit/lib/plugin_rules.h"

#include <sys/stat.h>
#include <unistd.h>

static void image__is_bound_again(void **state)
{
    struct temp_folder f;
    char path[200];
    int error;
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "image"));
    struct loaded l = load(rules);
    assert_int_equal(image_store(path, l.block), 0);
    unload(&l);
    l.block = image_load(path, &error);
    assert_non_null(l.block);
    /* Nothing is known of its checks yet. */
    assert_string_equal(triggered(&l), "------");
    assert_true(plugin_checks_take_up(l.block, &plugin_silent_host, open_fake, &l.checks));
    assert_string_equal(triggered(&l), "tttt--");
    assert_int_equal(words_alive, 3);
    unload(&l);
    assert_int_equal(words_alive, 0);
    /* A plugin that no longer exists: its checks cannot say. */
    l.block = image_load(path, &error);
    assert_false(plugin_checks_take_up(l.block, &plugin_silent_host, open_none, &l.checks));
    assert_string_equal(triggered(&l), "------");
    unload(&l);
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
    struct loaded l = load(rules);
    assert_int_equal(image_store(path, l.block), 0);
    unload(&l);
    assert_int_equal(chmod(path, 0660), 0);
    l.block = image_load(path, &error);
    assert_non_null(l.block);
    assert_false(plugin_checks_take_up(l.block, &plugin_silent_host, open_fake, &l.checks));
    assert_int_equal(words_alive, 0);
    unload(&l);
    /* Somebody else's; only root can show it, for whom this user is somebody else. */
    assert_int_equal(chmod(path, 0640), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 65534, 65534), 0);
        l.block = image_load(path, &error);
        assert_false(plugin_checks_take_up(l.block, &plugin_silent_host, open_fake, &l.checks));
        unload(&l);
        assert_int_equal(chown(path, 0, 0), 0);
    }
    l.block = image_load(path, &error);
    assert_true(plugin_checks_take_up(l.block, &plugin_silent_host, open_fake, &l.checks));
    unload(&l);
    temp_remove(&f);
}

/* The mail user may write where root's command reads. */
static void image__that_others_may_write__is_not_changed_while_it_is_used(void **state)
{
    struct temp_folder f;
    char path[200];
    int error;
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "image"));
    struct loaded l = load("helo, \"*zombie*\", fail\nhelo, \"*other*\", fail\n");
    assert_int_equal(image_store(path, l.block), 0);
    unload(&l);
    assert_int_equal(chmod(path, 0660), 0);
    struct block *r = image_load(path, &error);
    assert_non_null(r);
    const size_t size = block_bytes(r).n;
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    for (size_t i = 0; i < size; i++)
        assert_true(fputc(0xff, file) != EOF);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(block_rule_count(r), 2);
    struct loaded kept = {r, NULL};
    assert_string_equal(triggered(&kept), "t-");
    unload(&kept);
    temp_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image__is_bound_again),
        cmocka_unit_test(image__that_others_may_write__leads_to_no_plugin),
        cmocka_unit_test(image__that_others_may_write__is_not_changed_while_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
