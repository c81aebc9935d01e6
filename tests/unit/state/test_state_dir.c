#include "core/state/state_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void state_dir_path__one_name_per_path_and_kind(void **state)
{
    char a[100], b[100], small[20];
    (void)state;
    assert_true(state_dir_path("/state", "rules", "/etc/a.conf", "image", a, sizeof a));
    assert_int_equal(strlen(a), strlen("/state/rules-0123456789abcdef.image"));
    assert_memory_equal(a, "/state/rules-", 13);
    assert_true(state_dir_path("/state", "rules", "/etc/a.conf", "image", b, sizeof b));
    assert_string_equal(a, b);
    assert_true(state_dir_path("/state", "rules", "/etc/b.conf", "image", b, sizeof b));
    assert_string_not_equal(a, b);
    assert_true(state_dir_path("/state", "said", "/etc/a.conf", "stamp", b, sizeof b));
    assert_string_not_equal(a, b);
    assert_false(state_dir_path("/state", "rules", "/etc/a.conf", "image", small, sizeof small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_dir_path__one_name_per_path_and_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
