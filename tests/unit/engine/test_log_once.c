#include "core/engine/log_once.h"
#include "tests/unit/lib/temp_folder.h"

static void once__in_this_process__each_state_of_a_file_is_new_once(void **state)
{
    struct log_once o = {0};
    (void)state;
    assert_true(log_once_is_new(&o, NULL, false, "/a", 1));
    assert_false(log_once_is_new(&o, NULL, false, "/a", 1));
    assert_true(log_once_is_new(&o, NULL, false, "/b", 1));
    assert_true(log_once_is_new(&o, NULL, false, "/a", 2));
    assert_false(log_once_is_new(&o, NULL, false, "/b", 1));
    assert_true(log_once_is_new(&o, NULL, false, "/c", 0));
    assert_false(log_once_is_new(&o, NULL, false, "/c", 0));
    /* It remembers a few, and forgets the oldest. */
    for (uint64_t stamp = 10; stamp < 10 + 2 * LOG_ONCE_MEMORY; stamp += 2)
        assert_true(log_once_is_new(&o, NULL, false, "/a", stamp));
    assert_true(log_once_is_new(&o, NULL, false, "/a", 1));
}

static void once__neighbouring_stamps__are_told_apart(void **state)
{
    /* Stamps that differ in one bit: with and without other rules to use, before and after a look-up. */
    (void)state;
    for (uint64_t stamp = 0; stamp < 200; stamp++) {
        struct log_once o = {0};
        assert_true(log_once_is_new(&o, NULL, false, "/a", stamp));
        assert_true(log_once_is_new(&o, NULL, false, "/a", stamp + 1));
    }
}

static void once__across_processes__the_state_directory_remembers(void **state)
{
    struct temp_folder f;
    (void)state;
    temp_make(&f);
    for (int process = 0; process < 3; process++) {
        struct log_once o = {0};
        assert_int_equal(log_once_is_new(&o, f.path, false, "/a", 1), process == 0);
        assert_int_equal(log_once_is_new(&o, f.path, false, "/b", 7), process == 0);
    }
    struct log_once later = {0};
    assert_true(log_once_is_new(&later, f.path, false, "/a", 2));
    struct log_once back = {0}; /* to a state it had before: that is a change too */
    assert_true(log_once_is_new(&back, f.path, false, "/a", 1));
    temp_remove(&f);
}

static void once__read_only_or_not_writable__says_it_again_and_writes_nothing(void **state)
{
    struct temp_folder f;
    (void)state;
    temp_make(&f);
    for (int process = 0; process < 2; process++) {
        struct log_once o = {0};
        assert_true(log_once_is_new(&o, f.path, true, "/a", 1));
        assert_false(log_once_is_new(&o, f.path, true, "/a", 1));
        struct log_once p = {0};
        assert_true(log_once_is_new(&p, temp_path(&f, "gone"), false, "/a", 1));
    }
    /* What another has said is known all the same. */
    struct log_once writes = {0}, reads = {0};
    assert_true(log_once_is_new(&writes, f.path, false, "/a", 1));
    assert_false(log_once_is_new(&reads, f.path, true, "/a", 1));
    temp_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once__in_this_process__each_state_of_a_file_is_new_once),
        cmocka_unit_test(once__neighbouring_stamps__are_told_apart),
        cmocka_unit_test(once__across_processes__the_state_directory_remembers),
        cmocka_unit_test(once__read_only_or_not_writable__says_it_again_and_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
