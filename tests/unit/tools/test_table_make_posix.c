/* The mode of a table, where files have one. */
#include "tests/unit/lib/table_helper.h"

#include <sys/stat.h>

static void table_make__replaced__mode_stays(void **state)
{
    struct stat st;
    (void)state;
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, TEXT("a.example all\n")), 0);
    assert_int_equal(chmod(out_path, 0604), 0);
    assert_int_equal(make_table(SOURCE_TEXT, KIND_UNKNOWN, TEXT("b.example all\n")), 0);
    struct table *t = open_made();
    table_close(&t);
    assert_int_equal(stat(out_path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0604);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table_make__replaced__mode_stays)};
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
