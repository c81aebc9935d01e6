/* What only a POSIX system has: modes, links, FIFOs, limits, fork, paths that begin with '/'. */
#include "core/os/os.h"
#include "tests/unit/lib/temp_folder.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void file_id__link__is_that_of_the_file(void **state)
{
    struct temp_folder f;
    struct file_id a, b;
    (void)state;
    temp_make(&f);
    temp_text(&f, "x", "two");
    assert_int_equal(symlink(temp_path(&f, "x"), temp_path(&f, "link")), 0);
    assert_int_equal(os_file_id(temp_path(&f, "link"), &a), 0);
    assert_int_equal(os_file_id(temp_path(&f, "x"), &b), 0);
    assert_true(file_id_eq(&a, &b));
    temp_remove(&f);
}

static void map_and_read__fifo__is_an_error_and_never_hangs(void **state)
{
    struct temp_folder f;
    struct file_map map;
    struct file_id id;
    char *bytes;
    size_t n;
    (void)state;
    temp_make(&f);
    assert_int_equal(mkfifo(temp_path(&f, "fifo"), 0600), 0);
    assert_int_equal(os_map(temp_path(&f, "fifo"), false, &map), EINVAL);
    assert_null(map.p);
    assert_int_equal(os_read(temp_path(&f, "fifo"), 10, &bytes, &n, &id), EINVAL);
    temp_remove(&f);
}

static void replace__new_file__has_its_mode_whatever_the_umask(void **state)
{
    struct temp_folder f;
    struct stat st;
    (void)state;
    temp_make(&f);
    const mode_t before = umask(0077);
    assert_int_equal(os_replace(temp_path(&f, "x"), "one", 3), 0);
    umask(before);
    assert_int_equal(stat(temp_path(&f, "x"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    temp_remove(&f);
}

static void replace__no_room__leaves_the_old_file(void **state)
{
    struct temp_folder f;
    struct file_map map;
    static char big[100000];
    char path[200];
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "x"));
    assert_int_equal(os_replace(path, "one", 3), 0);
    /* A limit on file sizes stands for a disk that is full; a process of its own has it. */
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {50000, 50000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(os_replace(path, big, sizeof big) == EFBIG ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(os_map(path, false, &map), 0);
    assert_int_equal(map.size, 3);
    os_unmap(&map);
    assert_int_equal(folder_count(f.path, "", NULL, 0), 1);
    temp_remove(&f);
}

static void share_and_lock__symbolic_link__is_not_followed(void **state)
{
    struct temp_folder f;
    struct shared_map map;
    struct os_lock lock;
    (void)state;
    temp_make(&f);
    temp_text(&f, "precious", "of somebody else");
    assert_int_equal(symlink("precious", temp_path(&f, "link")), 0);
    assert_int_equal(os_share(temp_path(&f, "link"), true, &map), ELOOP);
    assert_int_equal(os_share(temp_path(&f, "link"), false, &map), ELOOP);
    assert_int_equal(os_lock(temp_path(&f, "link"), 0, &lock), ELOOP);
    temp_remove(&f);
}

static void remove__mapped_by_others__the_name_is_free_at_once(void **state)
{
    struct temp_folder f;
    struct shared_map map;
    (void)state;
    temp_make(&f);
    assert_int_equal(os_make(temp_path(&f, "x"), 5000, "old", 3), 0);
    assert_int_equal(os_share(temp_path(&f, "x"), true, &map), 0);
    assert_int_equal(os_remove(temp_path(&f, "x")), 0);
    assert_false(temp_has(&f, "x"));
    assert_int_equal(os_make(temp_path(&f, "x"), 100, "", 0), 0);
    assert_memory_equal(map.p, "old", 3);
    os_unshare(&map);
    temp_remove(&f);
}

static void absolute__relative_paths__begin_in_the_working_directory(void **state)
{
    struct temp_folder f;
    char here[500], out[1000], small[4];
    (void)state;
    temp_make(&f);
    folder_here(here, sizeof here);
    folder_enter(f.path);
    assert_int_equal(os_absolute("a/b", out, sizeof out), 0);
    folder_enter(here);
    assert_string_equal(out, temp_path(&f, "a/b"));
    assert_int_equal(os_absolute("/a/b", out, sizeof out), 0);
    assert_string_equal(out, "/a/b");
    assert_int_equal(os_absolute("/a/b", small, sizeof small), ENAMETOOLONG);
    temp_remove(&f);
}

static void defaults__are_absolute__and_need_room(void **state)
{
    char out[100], small[5];
    (void)state;
    assert_int_equal(os_default_config(out, sizeof out), 0);
    assert_string_equal(out, "/etc/gatepost/gatepost.conf");
    assert_int_equal(os_default_config(small, sizeof small), ENAMETOOLONG);
    assert_string_equal(os_default_state_dir(), "/var/lib/gatepost");
}

static void process__forked__has_its_own_id(void **state)
{
    (void)state;
    assert_int_equal(os_process(), (uint64_t)getpid());
    pid_t child = fork();
    if (child == 0)
        _exit(os_process() == (uint64_t)getpid() && os_process() != (uint64_t)getppid() ? 0 : 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_id__link__is_that_of_the_file),
        cmocka_unit_test(map_and_read__fifo__is_an_error_and_never_hangs),
        cmocka_unit_test(replace__new_file__has_its_mode_whatever_the_umask),
        cmocka_unit_test(replace__no_room__leaves_the_old_file),
        cmocka_unit_test(share_and_lock__symbolic_link__is_not_followed),
        cmocka_unit_test(remove__mapped_by_others__the_name_is_free_at_once),
        cmocka_unit_test(absolute__relative_paths__begin_in_the_working_directory),
        cmocka_unit_test(defaults__are_absolute__and_need_room),
        cmocka_unit_test(process__forked__has_its_own_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
