#include "core/rules/image.h"
#include "core/rules/builder.h"
#include "core/rules/checks.h"
#include "core/config/config.h"
#include "tests/unit/lib/temp_folder.h"

#include <errno.h>

static struct block *load(const struct temp_folder *f, const char *name)
{
    struct report report = {0};
    struct block *r = config_load(temp_path(f, name), NULL, 0, &report, NULL, NULL);
    assert_non_null(r);
    return r;
}

static void image__stored_and_loaded__is_the_same(void **state)
{
    struct temp_folder f;
    char image[200], config[200];
    int error = -1;
    (void)state;
    temp_make(&f);
    temp_text(&f, "a.conf", "include \"b.conf\"\nhelo, \"*zombie*\", fail, \"554 a\"\n");
    temp_text(&f, "b.conf", "mail, \"*x*\", log\n");
    snprintf(image, sizeof image, "%s", temp_path(&f, "image"));
    snprintf(config, sizeof config, "%s", temp_path(&f, "a.conf"));
    struct block *r = load(&f, "a.conf");
    assert_int_equal(image_store(image, r), 0);
    struct block *kept = image_load(image, &error);
    assert_non_null(kept);
    assert_int_equal(error, 0);
    assert_true(text_eq(block_bytes(r), block_bytes(kept)));
    block_unref(&r);

    assert_true(image_is_current(kept, config) && image_is_of(kept, config));
    assert_false(image_is_current(kept, temp_path(&f, "b.conf")) || image_is_of(kept, temp_path(&f, "b.conf")));
    /* A file like it in its place is another file. */
    temp_text(&f, "b.conf", "mail, \"*x*\", log\n");
    assert_false(image_is_current(kept, config));
    assert_true(image_is_of(kept, config));
    assert_int_equal(os_remove(config), 0);
    assert_false(image_is_current(kept, config));
    assert_true(image_is_of(kept, config));
    block_unref(&kept);
    temp_remove(&f);
}

/* A `load` line looks for its plugin in two places: one that appears in the first is a change. */
static void image__a_file_that_was_not_there__is_a_change_when_it_comes(void **state)
{
    struct temp_folder f;
    struct file_id id;
    const struct file_id absent = {0};
    char config[200], plugin[200];
    (void)state;
    temp_make(&f);
    temp_text(&f, "a.conf", "");
    snprintf(config, sizeof config, "%s", temp_path(&f, "a.conf"));
    snprintf(plugin, sizeof plugin, "%s", temp_path(&f, "x.so"));
    struct builder *b = builder_new(checks_stamp());
    assert_int_equal(os_file_id(config, &id), 0);
    builder_file(b, TEXT("a.conf"), text_z(config), &id);
    builder_file(b, TEXT("x"), text_z(plugin), &absent);
    struct block *r = builder_finish(b, NULL);
    assert_non_null(r);
    assert_true(image_is_current(r, config));
    temp_text(&f, "x.so", "");
    assert_false(image_is_current(r, config));
    assert_int_equal(os_remove(plugin), 0);
    assert_true(image_is_current(r, config));
    block_unref(&r);
    builder_free(&b);
    temp_remove(&f);
}

static void image__replaced_while_mapped__stays_as_it_was(void **state)
{
    struct temp_folder f;
    char image[200];
    int error;
    (void)state;
    temp_make(&f);
    temp_text(&f, "a.conf", "helo, \"*one*\", fail\n");
    temp_text(&f, "b.conf", "helo, \"*two*\", fail\n");
    snprintf(image, sizeof image, "%s", temp_path(&f, "image"));
    struct block *a = load(&f, "a.conf"), *b = load(&f, "b.conf");
    assert_int_equal(image_store(image, a), 0);
    struct block *kept = image_load(image, &error);
    assert_int_equal(image_store(image, b), 0);
    assert_true(text_eq(block_bytes(a), block_bytes(kept)));
    block_unref(&a);
    block_unref(&b);
    block_unref(&kept);
    temp_remove(&f);
}

static void image__what_is_none__is_not_loaded(void **state)
{
    struct temp_folder f;
    int error = 0;
    (void)state;
    temp_make(&f);
    assert_null(image_load(temp_path(&f, "gone"), &error));
    assert_int_equal(error, ENOENT);
    temp_text(&f, "empty", "");
    assert_null(image_load(temp_path(&f, "empty"), &error));
    assert_int_equal(error, EPROTO);
    temp_text(&f, "text", "gprules, but no more than that");
    assert_null(image_load(temp_path(&f, "text"), &error));
    assert_int_equal(error, EPROTO);
    assert_null(image_load(f.path, &error)); /* a folder */
    assert_int_not_equal(error, 0);
    temp_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image__stored_and_loaded__is_the_same),
        cmocka_unit_test(image__a_file_that_was_not_there__is_a_change_when_it_comes),
        cmocka_unit_test(image__replaced_while_mapped__stays_as_it_was),
        cmocka_unit_test(image__what_is_none__is_not_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
