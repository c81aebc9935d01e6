#include "core/os.h"
#include "temp_folder.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void file_id__tells_one_state_of_a_file_from_another(void **state)
{
    struct temp_folder f;
    struct file_id a, b, none = {0};
    (void)state;
    temp_make(&f);
    assert_int_equal(os_file_id(temp_path(&f, "x"), &a), ENOENT);
    assert_true(file_id_eq(&a, &none));
    temp_text(&f, "x", "one");
    assert_int_equal(os_file_id(temp_path(&f, "x"), &a), 0);
    assert_int_equal(os_file_id(temp_path(&f, "x"), &b), 0);
    assert_true(file_id_eq(&a, &b));
    temp_text(&f, "x", "two"); /* renamed into place: the size is the same */
    assert_int_equal(os_file_id(temp_path(&f, "x"), &b), 0);
    assert_false(file_id_eq(&a, &b));
    /* A link is followed. */
    assert_int_equal(symlink(temp_path(&f, "x"), temp_path(&f, "link")), 0);
    assert_int_equal(os_file_id(temp_path(&f, "link"), &a), 0);
    assert_true(file_id_eq(&a, &b));
    temp_remove(&f);
}

static void map_and_read__give_the_bytes_and_the_identity(void **state)
{
    struct temp_folder f;
    struct file_map map;
    struct file_id id;
    char *bytes = NULL;
    size_t n = 0;
    (void)state;
    temp_make(&f);
    temp_put(&f, "x", "a\0b", 3);
    for (int ahead = 0; ahead < 2; ahead++) {
        assert_int_equal(os_map(temp_path(&f, "x"), ahead, &map), 0);
        assert_int_equal(map.size, 3);
        assert_memory_equal(map.p, "a\0b", 3);
        assert_int_equal(os_file_id(temp_path(&f, "x"), &id), 0);
        assert_true(file_id_eq(&map.id, &id));
        os_unmap(&map);
        assert_null(map.p);
        os_unmap(&map);
    }
    assert_int_equal(os_read(temp_path(&f, "x"), 3, &bytes, &n, &id), 0);
    assert_int_equal(n, 3);
    assert_memory_equal(bytes, "a\0b", 3);
    free(bytes);
    assert_int_equal(os_read(temp_path(&f, "x"), 2, &bytes, &n, &id), EFBIG);
    temp_put(&f, "x", "", 0);
    assert_int_equal(os_map(temp_path(&f, "x"), true, &map), 0);
    assert_int_equal(map.size, 0);
    os_unmap(&map);
    assert_int_equal(os_read(temp_path(&f, "x"), 2, &bytes, &n, &id), 0);
    assert_int_equal(n, 0);
    free(bytes);
    temp_remove(&f);
}

static void map_and_read__what_is_no_file__is_an_error_and_never_hangs(void **state)
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
    assert_int_equal(os_map(f.path, false, &map), EINVAL);
    assert_int_equal(os_read(f.path, 10, &bytes, &n, &id), EINVAL);
    assert_int_equal(os_map(temp_path(&f, "gone"), false, &map), ENOENT);
    assert_int_equal(os_read(temp_path(&f, "gone"), 10, &bytes, &n, &id), ENOENT);
    temp_remove(&f);
}

static void replace__is_whole_or_not_at_all(void **state)
{
    struct temp_folder f;
    struct file_map map, from;
    struct stat st;
    char path[200];
    (void)state;
    temp_make(&f);
    snprintf(path, sizeof path, "%s", temp_path(&f, "x"));
    const mode_t before = umask(0077);
    assert_int_equal(os_replace(path, "one", 3), 0);
    umask(before);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(os_map(path, false, &map), 0);
    assert_int_equal(os_replace(path, "other", 5), 0);
    assert_memory_equal(map.p, "one", 3); /* the reader keeps the old one */
    os_unmap(&map);
    assert_int_equal(os_map(path, false, &from), 0);
    assert_int_equal(os_replace_with_copy(temp_path(&f, "copy"), &from), 0);
    assert_int_equal(os_map(temp_path(&f, "copy"), false, &map), 0);
    assert_int_equal(map.size, 5);
    assert_memory_equal(map.p, "other", 5);
    assert_int_equal(map.id.mtime_ns, from.id.mtime_ns);
    os_unmap(&map);
    os_unmap(&from);
    /* Failures leave nothing behind. */
    assert_int_equal(os_replace(temp_path(&f, "gone/x"), "one", 3), ENOENT);
    assert_int_equal(mkdir(temp_path(&f, "folder"), 0700), 0);
    assert_int_not_equal(os_replace(temp_path(&f, "folder"), "one", 3), 0);
    char command[300];
    snprintf(command, sizeof command, "test $(ls '%s' | wc -l) = 3", f.path); /* x, copy, folder */
    assert_int_equal(system(command), 0);
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
    char command[300];
    snprintf(command, sizeof command, "test $(ls '%s' | wc -l) = 1", f.path);
    assert_int_equal(system(command), 0);
    memset(big, '/', 5999);
    assert_int_equal(os_replace(big, "one", 3), ENAMETOOLONG);
    temp_remove(&f);
}

static void absolute__relative_paths__begin_in_the_working_directory(void **state)
{
    struct temp_folder f;
    char here[500], out[1000], small[4];
    (void)state;
    temp_make(&f);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(f.path), 0);
    assert_int_equal(os_absolute("a/b", out, sizeof out), 0);
    assert_int_equal(chdir(here), 0);
    assert_string_equal(out, temp_path(&f, "a/b"));
    assert_int_equal(os_absolute("/a/b", out, sizeof out), 0);
    assert_string_equal(out, "/a/b");
    assert_int_equal(os_absolute("/a/b", small, sizeof small), ENAMETOOLONG);
    temp_remove(&f);
}

static void folder_size__counts_up_to_the_last_separator(void **state)
{
    (void)state;
    assert_int_equal(os_folder_size("gatepost.conf"), 0);
    assert_int_equal(os_folder_size("rules/gatepost.conf"), 6);
    assert_int_equal(os_folder_size("/etc/gatepost/gatepost.conf"), 14);
    assert_int_equal(os_folder_size("/gatepost.conf"), 1);
    assert_int_equal(os_folder_size("rules/"), 6);
    assert_int_equal(os_folder_size(""), 0);
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

static void clocks_and_process__are_those_of_the_system(void **state)
{
    (void)state;
    int64_t ticks = os_ticks_ms();
    assert_true(os_clock() > 1000000000);
    assert_true(os_ticks_ms() >= ticks);
    assert_int_equal(os_process(), (uint64_t)getpid());
    pid_t child = fork();
    if (child == 0)
        _exit(os_process() == (uint64_t)getpid() && os_process() != (uint64_t)getppid() ? 0 : 1);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void reason__says_it_in_words__whatever_the_room(void **state)
{
    char out[100], small[5];
    (void)state;
    assert_string_equal(os_reason(ENOENT, out, sizeof out), "No such file or directory");
    assert_ptr_equal(os_reason(ENOENT, small, sizeof small), small);
    assert_int_equal(strlen(small), 4);
    assert_true(strlen(os_reason(99999, out, sizeof out)) > 0);
    assert_true(os_may_pass(ENOMEM) && os_may_pass(EMFILE) && !os_may_pass(ENOENT) && !os_may_pass(EPROTO));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_id__tells_one_state_of_a_file_from_another),
        cmocka_unit_test(map_and_read__give_the_bytes_and_the_identity),
        cmocka_unit_test(map_and_read__what_is_no_file__is_an_error_and_never_hangs),
        cmocka_unit_test(replace__is_whole_or_not_at_all),
        cmocka_unit_test(replace__no_room__leaves_the_old_file),
        cmocka_unit_test(absolute__relative_paths__begin_in_the_working_directory),
        cmocka_unit_test(folder_size__counts_up_to_the_last_separator),
        cmocka_unit_test(defaults__are_absolute__and_need_room),
        cmocka_unit_test(clocks_and_process__are_those_of_the_system),
        cmocka_unit_test(reason__says_it_in_words__whatever_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
