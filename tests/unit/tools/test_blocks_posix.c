/* The files that `gatepost blocks` makes, where files have owners. */
#include "tests/unit/lib/command_helper.h"

#include <sys/stat.h>
#include <unistd.h>

/* What root makes belongs to the owner of the folder. */
static void blocks_add__as_root__owner_of_the_folder_can_write(void **state)
{
    (void)state;
    struct stat st;
    char path[200];
    static const char *const names[] = {"blocklist", "lock"};
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(state_dir, 65534, 65534), 0);
    assert_int_equal(blocks("add", "192.0.2.1"), STATUS_YES);
    assert_int_equal(blocks("resize", "1000"), STATUS_YES);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", state_dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, 65534);
        assert_int_equal(st.st_gid, 65534);
        assert_int_equal(st.st_mode & 0600, 0600);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(blocks_add__as_root__owner_of_the_folder_can_write)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
