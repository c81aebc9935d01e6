/* What a state directory can be on Windows only: files that may not be written, or that another program keeps
 * for itself. */
#include "tests/unit/lib/case_folder.h"

#include <windows.h>

#include "core/state/slots.h"

static const struct slots_shape shape = {"testing1", 64, 64, NULL};

static char reason[300];

static int open_here(struct slots *s)
{
    return slots_open(s, folder.path, "slots", &shape, 0, reason, sizeof reason);
}

/* Both files: the list and its lock. */
static void make_here(void)
{
    struct slots s;
    struct slots_lock lock;
    if (open_here(&s) != 1)
        fail_msg("%s", reason);
    assert_int_equal(slots_lock(&s, NULL, &lock, reason, sizeof reason), 0);
    slots_unlock(&lock);
    slots_close(&s);
}

static HANDLE keep(const char *name)
{
    HANDLE kept =
        CreateFileA(temp_path(&folder, name), GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    assert_ptr_not_equal(kept, INVALID_HANDLE_VALUE);
    return kept;
}

static void slots_open__file_may_not_be_written__is_read(void **state)
{
    struct slots s;
    struct slots_lock lock;
    (void)state;
    make_here();
    assert_true(SetFileAttributesA(temp_path(&folder, "slots"), FILE_ATTRIBUTE_READONLY));
    /* For root, Wine finds every file writable. */
    HANDLE file =
        CreateFileA(temp_path(&folder, "slots"), GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
        skip();
    }
    assert_int_equal(open_here(&s), 1);
    assert_int_equal(slots_count(&s, 1), 0);
    assert_int_equal(slots_lock(&s, NULL, &lock, reason, sizeof reason), -1);
    assert_string_not_equal(reason, "");
    slots_close(&s);
    assert_true(SetFileAttributesA(temp_path(&folder, "slots"), FILE_ATTRIBUTE_NORMAL));
    make_here();
}

static void slots_open__file_kept_by_another_program__says_so_and_leaves_it(void **state)
{
    struct slots s;
    (void)state;
    make_here();
    HANDLE kept = keep("slots");
    assert_int_equal(open_here(&s), -1);
    assert_non_null(strstr(reason, "Another program is using it"));
    CloseHandle(kept);
    assert_int_equal(folder_count(folder.path, "", NULL, 0), 2);
    make_here();
}

static void slots_lock__lock_kept_by_another_program__is_given_up(void **state)
{
    struct slots s;
    struct slots_lock lock;
    (void)state;
    make_here();
    assert_int_equal(open_here(&s), 1);
    HANDLE kept = keep("lock");
    int64_t begun = os_ticks_ms();
    assert_int_equal(slots_lock(&s, NULL, &lock, reason, sizeof reason), -1);
    assert_true(os_ticks_ms() - begun < 1000);
    assert_string_not_equal(reason, "");
    CloseHandle(kept);
    assert_int_equal(slots_lock(&s, NULL, &lock, reason, sizeof reason), 0);
    slots_unlock(&lock);
    slots_close(&s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slots_open__file_may_not_be_written__is_read),
        TEST(slots_open__file_kept_by_another_program__says_so_and_leaves_it),
        TEST(slots_lock__lock_kept_by_another_program__is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
