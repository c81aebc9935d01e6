/*
 * What a state directory can be on a POSIX system only: another user's, root's, one with links in it, a full
 * disk, one that is read only.
 */
#define _GNU_SOURCE /* unshare */
#include "tests/unit/lib/case_folder.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/state/slots.h"

static const struct slots_shape shape = {"testing1", 64, 64, NULL};

static char reason[300];

/* Both files: the list and its lock. */
static void make_here(void)
{
    struct slots s;
    struct slots_lock lock;
    if (slots_open(&s, folder.path, "slots", &shape, 0, reason, sizeof reason) != 1)
        fail_msg("%s", reason);
    assert_int_equal(slots_lock(&s, NULL, &lock, reason, sizeof reason), 0);
    slots_unlock(&lock);
    slots_close(&s);
}

/* What a child found wrong: its exit status. */
static int in_child(int (*run)(void *), void *context)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run(context));
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int try_all(void *context)
{
    struct slots s;
    struct slots_lock lock;
    int *expected = context;
    int outcome = slots_open(&s, folder.path, "slots", &shape, 0, reason, sizeof reason);
    if (outcome != *expected || (outcome < 0 && !reason[0]))
        return 1;
    if (outcome == 1 && slots_lock(&s, NULL, &lock, reason, sizeof reason) == 0)
        return 2;
    return 0;
}

static int try_as_nobody(void *context)
{
    if (setgid(65534) != 0 || setuid(65534) != 0)
        return 3;
    return try_all(context);
}

static void slots_open__directory_not_ours__says_so(void **state)
{
    (void)state;
    int fails = -1, opens = 1;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(folder.path, 0755), 0);
    assert_int_equal(in_child(try_as_nobody, &fails), 0);
    make_here();
    assert_int_equal(in_child(try_as_nobody, &fails), 0);
    /* What may be read is read. */
    assert_int_equal(chmod(temp_path(&folder, "slots"), 0644), 0);
    assert_int_equal(in_child(try_as_nobody, &opens), 0);
}

static void slots_open__root_first__the_owner_can_write(void **state)
{
    (void)state;
    struct stat st;
    if (geteuid() != 0)
        skip();
    static const struct {
        mode_t folder, file;
    } cases[] = {{0750, 0640}, {0770, 0660}, {0700, 0600}, {02775, 0660}, {0755, 0640}};
    assert_int_equal(chown(folder.path, 101, 102), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const char *const names[] = {"slots", "lock"};
        assert_int_equal(chmod(folder.path, cases[i].folder), 0);
        make_here();
        for (unsigned k = 0; k < 2; k++) {
            assert_int_equal(stat(temp_path(&folder, names[k]), &st), 0);
            assert_int_equal(st.st_uid, 101);
            assert_int_equal(st.st_gid, 102);
            assert_int_equal(st.st_mode & 07777, cases[i].file);
            assert_int_equal(unlink(temp_path(&folder, names[k])), 0);
        }
    }
}

static void slots_open__symbolic_link__not_followed(void **state)
{
    (void)state;
    struct slots s;
    temp_text(&folder, "precious", "of somebody else");
    assert_int_equal(symlink("precious", temp_path(&folder, "slots")), 0);
    assert_int_equal(slots_open(&s, folder.path, "slots", &shape, 0, reason, sizeof reason), -1);
    assert_string_not_equal(reason, "");
}

/* In a mount namespace of its own: a disk with room for some pages, then one that is read only. */
static int on_small_disk(void *context)
{
    int fails = -1, opens = 1;
    (void)context;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder.path, "tmpfs", 0, "size=8k") != 0)
        return 77;
    if (try_all(&fails) != 0 || !strstr(reason, "No space left"))
        return 4;
    if (mount("none", folder.path, "tmpfs", MS_REMOUNT, "size=64k") != 0)
        return 77;
    struct slots s;
    if (slots_open(&s, folder.path, "slots", &shape, 0, reason, sizeof reason) != 1)
        return 5;
    slots_close(&s);
    if (mount("none", folder.path, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=64k") != 0)
        return 77;
    if (try_all(&opens) != 0)
        return 7;
    return 0;
}

static void slots_open__full_or_read_only_disk__says_so(void **state)
{
    (void)state;
    int status = in_child(on_small_disk, NULL);
    if (status == 77) {
        print_message("needs the right to mount\n");
        skip();
    }
    assert_int_equal(status, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* A walk over all of it does not run past the end of a file that was cut short meanwhile. */
static void slots_walk__file_cut_short_under_the_map__ends(void **state)
{
    struct slots s;
    struct slot slot;
    uint64_t position = 0;
    (void)state;
    assert_int_equal(slots_open(&s, folder.path, "slots", &shape, 0, reason, sizeof reason), 1);
    assert_int_equal(truncate(temp_path(&folder, "slots"), 0), 0);
    assert_int_equal(slots_next(&s, &position, &slot), 0);
    assert_int_equal(slots_count(&s, 1), 0);
    struct slots_lock lock;
    assert_int_equal(slots_lock(&s, NULL, &lock, reason, sizeof reason), -1);
    slots_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slots_open__directory_not_ours__says_so),        TEST(slots_open__root_first__the_owner_can_write),
        TEST(slots_open__symbolic_link__not_followed),        TEST(slots_open__full_or_read_only_disk__says_so),
        TEST(slots_walk__file_cut_short_under_the_map__ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
