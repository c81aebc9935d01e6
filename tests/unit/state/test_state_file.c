/* A file in the state directory as one process after another finds, judges, locks and replaces it. */
#include "tests/unit/lib/case_folder.h"

#include "core/state/state_file.h"

static char why[600];

static const struct state_shape shape = {.magic = "gptest01", .version = 3, .unit = 64, .count = 10};

static int open_as(struct state_file *f, const struct state_shape *s, unsigned flags)
{
    return state_file_open(f, folder.path, "thing", s, flags, why, sizeof why);
}

static void state_file_open__again__same_key_age_and_units(void **state)
{
    (void)state;
    struct state_file first, second;
    struct state_shape larger = shape;
    larger.count = 99;
    assert_int_equal(open_as(&first, &shape, STATE_READ_ONLY), 0);
    assert_false(temp_has(&folder, "thing"));
    assert_int_equal(open_as(&first, &shape, 0), 1);
    assert_string_equal(why, "");
    assert_true(first.writable);
    assert_int_equal(first.count, 10);
    assert_int_equal(first.map.size, STATE_PAGE + 10 * 64);
    memset(state_file_units(&first), 'x', 640);
    assert_int_equal(open_as(&second, &larger, STATE_READ_ONLY), 1);
    assert_false(second.writable);
    assert_int_equal(second.count, 10);
    assert_true(second.key.k0 == first.key.k0 && second.key.k1 == first.key.k1);
    assert_true(second.made == first.made);
    assert_int_equal(state_file_units(&second)[639], 'x');
    state_file_close(&first);
    state_file_close(&second);
    /* The key of another machine cannot be guessed. */
    temp_delete(&folder, "thing");
    assert_int_equal(open_as(&first, &shape, 0), 1);
    assert_true(first.key.k0 != second.key.k0 && first.key.k1 != second.key.k1);
    state_file_close(&first);
}

static void state_file_open__not_ours__set_aside_with_the_reason(void **state)
{
    static const struct {
        struct state_shape shape; /* of what lies there */
        size_t cut;               /* to so many bytes; 0: whole */
        const char *reason;
    } rows[] = {
        {{"gptest02", 3, 64, 10}, 0, "it is not a file of this kind"},
        {{"gptest01", 2, 64, 10}, 0, "it was made by another version"},
        {{"gptest01", 3, 128, 10}, 0, "it was made by another version"},
        {{"gptest01", 3, 64, 10}, 4095, "it is too short"},
        {{"gptest01", 3, 64, 10}, 4096, "its size differs from the one recorded in it"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct state_file f;
        char wanted[600];
        const char *path = temp_path(&folder, "thing");
        os_remove(path);
        assert_int_equal(open_as(&f, &rows[i].shape, 0), 1);
        state_file_close(&f);
        if (rows[i].cut)
            file_cut(path, rows[i].cut);
        snprintf(wanted, sizeof wanted, "%s: %s", path, rows[i].reason);
        assert_int_equal(open_as(&f, &shape, STATE_READ_ONLY), -1);
        assert_string_equal(why, wanted);
        snprintf(wanted, sizeof wanted, "%s: %s; renamed to %s.damaged, and a new file was begun", path,
                 rows[i].reason, path);
        assert_int_equal(open_as(&f, &shape, 0), 1);
        assert_string_equal(why, wanted);
        assert_true(temp_has(&folder, "thing.damaged"));
        state_file_close(&f);
        assert_int_equal(open_as(&f, &shape, 0), 1);
        assert_string_equal(why, "");
        state_file_close(&f);
    }
}

static void state_file_open__no_folder_or_a_long_path__says_so(void **state)
{
    (void)state;
    struct state_file f;
    char dir[600];
    assert_int_equal(state_file_open(&f, temp_path(&folder, "gone"), "thing", &shape, 0, why, sizeof why), -1);
    assert_non_null(strstr(why, "gone/thing: No such file or directory"));
    memset(dir, 'x', sizeof dir - 1);
    dir[sizeof dir - 1] = '\0';
    assert_int_equal(state_file_open(&f, dir, "thing", &shape, 0, why, sizeof why), -1);
    assert_non_null(strstr(why, "xxx: File name too long"));
}

static void state_file_lock__held_read_only_or_replaced__is_given_up(void **state)
{
    (void)state;
    struct state_file f, reader;
    struct os_lock lock, other;
    assert_int_equal(open_as(&f, &shape, 0), 1);
    assert_int_equal(open_as(&reader, &shape, STATE_READ_ONLY), 1);
    assert_int_equal(state_file_lock(&reader, NULL, &lock, why, sizeof why), -1);
    assert_non_null(strstr(why, "it can only be read"));
    state_file_close(&reader);

    assert_int_equal(os_lock(temp_path(&folder, "lock"), 0, &other), 0);
    assert_int_equal(state_file_lock(&f, NULL, &lock, why, sizeof why), -1);
    assert_non_null(strstr(why, "another process held it for 20 ms"));
    os_unlock(&other);
    assert_int_equal(state_file_lock(&f, NULL, &lock, why, sizeof why), 0);
    os_unlock(&lock);

    temp_text(&folder, "thing", "another");
    assert_int_equal(state_file_lock(&f, NULL, &lock, why, sizeof why), -1);
    assert_non_null(strstr(why, "another file has replaced it"));
    /* And the lock is free again. */
    assert_int_equal(os_lock(temp_path(&folder, "lock"), 0, &other), 0);
    os_unlock(&other);
    state_file_close(&f);
}

static void state_file_take_place__successor__same_key_and_the_old_one_knows(void **state)
{
    (void)state;
    struct state_file f, old, successor, found;
    struct state_shape larger = shape;
    larger.count = 20;
    os_remove(temp_path(&folder, "thing"));
    assert_int_equal(open_as(&f, &shape, 0), 1);
    assert_int_equal(open_as(&old, &shape, STATE_READ_ONLY), 1);
    /* Left by a process that was killed. */
    temp_text(&folder, "thing.new", "half");
    assert_int_equal(state_file_make_beside(&f, ".new", &larger, &successor, why, sizeof why), 0);
    assert_false(state_file_retired(&old) || state_file_replaced(&old));
    assert_int_equal(state_file_take_place(&successor, &f, why, sizeof why), 0);
    assert_true(state_file_retired(&old) && state_file_replaced(&old));
    assert_false(state_file_retired(&successor) || state_file_replaced(&successor));
    assert_false(temp_has(&folder, "thing.new"));
    assert_int_equal(open_as(&found, &shape, 0), 1);
    assert_int_equal(found.count, 20);
    assert_true(found.key.k0 == old.key.k0 && found.key.k1 == old.key.k1 && found.made == old.made);
    state_file_close(&f);
    state_file_close(&old);
    state_file_close(&successor);
    state_file_close(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_file_open__again__same_key_age_and_units),
        cmocka_unit_test(state_file_open__not_ours__set_aside_with_the_reason),
        cmocka_unit_test(state_file_open__no_folder_or_a_long_path__says_so),
        cmocka_unit_test(state_file_lock__held_read_only_or_replaced__is_given_up),
        cmocka_unit_test(state_file_take_place__successor__same_key_and_the_old_one_knows),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
